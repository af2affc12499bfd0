// The jobs on Boost.Asio: it waits for readiness, and takes what there is by calls that do not
// block, which is faster than an asynchronous operation for each datagram.

#include <array>
#include <boost/asio.hpp>
#include <vector>

extern "C" {
#include "common.h"
#include "meter.h"
}

namespace {

using boost::asio::ip::address_v4;
using boost::asio::ip::udp;
using boost::system::error_code;

// Datagrams between two turns of the loop.
constexpr unsigned turn = BENCH_TICK;

bench_meter meter;

struct Program {
  boost::asio::io_context context{1};
  udp::socket socket{context, udp::endpoint(udp::v4(), 0)};
  std::vector<udp::endpoint> peers;
  size_t next = 0;
  std::array<char, BENCH_SLOT> bytes{};

  Program() {
    socket.non_blocking(true);
  }
};

void check(const char *what, const error_code &error) {
  if (error) bench_die_saying(what, error.message().c_str());
}

// ---- sending ----

void send_turn(Program &program);

void wait_writable(Program &program) {
  program.socket.async_wait(udp::socket::wait_write, [&program](const error_code &error) {
    check("async_wait", error);
    send_turn(program);
  });
}

void send_turn(Program &program) {
  bench_meter_tick(&meter);
  for (unsigned i = 0; i < turn; i++) {
    error_code error;
    bench_payload_write(program.bytes.data(), meter.length, meter.datagrams);
    program.socket.send_to(boost::asio::buffer(program.bytes.data(), meter.length),
                           program.peers[program.next], 0, error);
    if (error == boost::asio::error::would_block) return wait_writable(program);
    check("send_to", error);
    meter.datagrams++;
    program.next = program.next + 1 == program.peers.size() ? 0 : program.next + 1;
  }
  boost::asio::post(program.context, [&program] { send_turn(program); });
}

int send(const bench_options *options, const char *role, unsigned destinations) {
  Program program;
  bench_meter_init(&meter, role, options);
  for (unsigned i = 0; i < destinations; i++) {
    program.peers.emplace_back(address_v4(INADDR_LOOPBACK + i),
                               static_cast<unsigned short>(options->port));
  }
  send_turn(program);
  program.context.run();
  return 1;
}

int send_to_one(const bench_options *options) {
  return send(options, "send", 1);
}

int fan_out(const bench_options *options) {
  return send(options, "fan-out", options->destinations);
}

// ---- receiving and answering ----

using Handler = void (*)(Program &program, size_t length, const udp::endpoint &from);

void count(Program &program, size_t length, const udp::endpoint &) {
  bench_meter_read_one(&meter, program.bytes.data(), length);
}

void answer(Program &program, size_t length, const udp::endpoint &from) {
  error_code error;
  program.socket.send_to(boost::asio::buffer(program.bytes.data(), length), from, 0, error);
  check("send_to", error);
  meter.datagrams++;
  bench_meter_tick_one(&meter);
}

void receive_turn(Program &program, Handler handler) {
  for (unsigned i = 0; i < turn; i++) {
    error_code error;
    udp::endpoint from;
    const size_t length =
        program.socket.receive_from(boost::asio::buffer(program.bytes), from, 0, error);
    if (error == boost::asio::error::would_block) break;
    check("receive_from", error);
    handler(program, length, from);
  }
  program.socket.async_wait(udp::socket::wait_read, [&program, handler](const error_code &error) {
    check("async_wait", error);
    receive_turn(program, handler);
  });
}

int serve(const bench_options *options, const char *role, Handler handler) {
  Program program;
  bench_meter_init(&meter, role, options);
  bench_say_port(program.socket.local_endpoint().port());
  receive_turn(program, handler);
  program.context.run();
  return 1;
}

int receive(const bench_options *options) {
  return serve(options, "receive", count);
}

int reply(const bench_options *options) {
  return serve(options, "reply", answer);
}

} // namespace

int main(int argc, char **argv) {
  static const bench_role roles[] = {
      {"send", send_to_one}, {"fan-out", fan_out}, {"receive", receive},
      {"reply", reply},      {nullptr, nullptr},
  };
  return bench_main(argc, argv, roles);
}
