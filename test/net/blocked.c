/* A socket that the kernel takes no more from: a slow device, and a send buffer for a few
 * datagrams.
 *
 *   blocked drain      10,000 datagrams through a wire slower than the sender, none is lost
 *   blocked dropping   the device drops some, unknown to the sender; prints how many have arrived
 *   blocked stuck      hardly anything leaves: nothing spins, and close, abort and the end of the
 *                      interface end it. Deletes the interface va.
 *
 * The send buffer is set on a descriptor that the socket adopts. */

#include "net.h"

enum { COUNT = 10000, STUCK = 400 };

static struct net_box a, b;
static dgram_datagram list[COUNT];
static dgram_address to;

static struct payload {
  uint32_t number;
  unsigned char rest[60];
} payloads[COUNT];

/* ---- both ends ---- */

static size_t done; /* sends that have called back */
static size_t heard;
static uint32_t heard_next; /* nothing below may come any more */
static size_t lost_before;

static void on_number(dgram_socket *socket, const dgram_message *message, void *data) {
  uint32_t number;
  (void)socket, (void)data;
  NET_CHECK(message->length == sizeof *payloads);
  memcpy(&number, message->bytes, sizeof number);
  NET_CHECK(number >= heard_next && number < COUNT);
  heard_next = number + 1;
  heard++;
}

/* A receiver that does not get the processor in time loses some, which is not what is at test: the
 * kernel has counted them. */
static size_t lost(void) {
  net_on("B");
  size_t drops = net_socket_drops(b.port);
  net_on("A");
  return drops + net_cable_drops("va");
}

static void begin(void) {
  lost_before = lost();
  done = heard = heard_next = 0;
}

/* Everything has arrived, or been lost on the way for want of room. */
static void all_arrive(void) {
  static size_t never;
  for (int i = 0; heard + lost() - lost_before < COUNT && i < 1000; i++)
    net_within(20, &never, 1);
  if (heard + lost() - lost_before != COUNT)
    net_fail(__FILE__, __LINE__, "%zu heard and %zu lost of %d", heard, lost() - lost_before,
             COUNT);
}

/* buffer 0: the system's. */
static void open_sender(int buffer, int linger_ms) {
  net_on("A");
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  NET_CHECK(fd > 0);
  if (buffer > 0) NET_CHECK(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer) == 0);
  net_create(&a, &(dgram_socket_options){.type = DGRAM_UDP4, .linger_ms = linger_ms});
  NET_CODE(net_bind_to(&a, &(dgram_bind_options){.fd = fd}), 0);
}

static void open_receiver(void) {
  net_on("B");
  net_create(&b, &(dgram_socket_options){.type = DGRAM_UDP4, .on_message = on_number});
  dgram_off_message(b.socket, net_on_message, &b);
  NET_CODE(net_bind_to(&b, NULL), 0);
  NET_CODE(dgram_address_parse("10.9.0.2", b.port, &to), 0);
  for (uint32_t i = 0; i < COUNT; i++) {
    payloads[i].number = i;
    list[i] = (dgram_datagram){.bytes = &payloads[i], .length = sizeof *payloads, .to = to};
  }
}

/* ---- draining ---- */

/* The datum of a send is its payload. */
static void on_sent(dgram_socket *socket, int status, void *data) {
  (void)socket;
  NET_CODE(status, (int)sizeof *payloads);
  NET_CHECK(data == &payloads[done]);
  done++;
}

static void send_each(void) {
  begin();
  for (size_t i = 0; i < COUNT; i++)
    NET_CODE(dgram_send_to(a.socket, list[i].bytes, list[i].length, &to, on_sent, &payloads[i]), 0);
  NET_CHECK(done == 0);
  NET_UNTIL(done, COUNT);
}

static void on_list(dgram_socket *socket, dgram_datagram *sent, size_t count, void *data) {
  (void)socket, (void)data;
  for (size_t i = 0; i < count; i++)
    NET_CODE(sent[i].result, (int)sizeof *payloads);
  done += count;
}

/* First what the kernel takes now, which shows that it does not take all. */
static void send_list(void) {
  begin();
  int taken = dgram_try_send_many(a.socket, list, COUNT);
  NET_CHECK(taken > 0 && taken < COUNT);
  on_list(a.socket, list, (size_t)taken, NULL);
  NET_CODE(dgram_send_many(a.socket, list + taken, COUNT - (size_t)taken, on_list, NULL), 0);
  NET_UNTIL(done, COUNT);
}

static size_t queued(void) {
  dgram_stats stats;
  NET_CODE(dgram_get_stats(a.socket, &stats), 0);
  NET_CHECK(stats.send_errors == 0);
  return (size_t)stats.queued;
}

/* Copied; only the counters tell. The last ones are off the books a turn after they have
 * arrived. */
static void send_without_callback(void) {
  begin();
  for (size_t i = 0; i < COUNT; i++)
    NET_CODE(dgram_send_to(a.socket, list[i].bytes, list[i].length, &to, NULL, NULL), 0);
  NET_CHECK(queued() > COUNT / 2); /* it is blocked indeed */
  all_arrive();
  for (int i = 0; queued() > 0 && i < 100; i++)
    net_turns(10);
  NET_CHECK(queued() == 0);
}

static void drain(void) {
  open_sender(4608, 0);
  send_each();
  all_arrive();
  send_list();
  all_arrive();
  send_without_callback();
  NET_CHECK(a.errors == 0);
  net_close(&a);
}

/* Closing lingers until the last one is out. */
static void drain_by_close(void) {
  open_sender(4608, 20000);
  begin();
  for (size_t i = 0; i < COUNT; i++)
    NET_CODE(dgram_send_to(a.socket, list[i].bytes, list[i].length, &to, on_sent, &payloads[i]), 0);
  net_close(&a);
  NET_CHECK(done == COUNT);
  all_arrive();
}

/* What the device drops is nobody's error: it is counted there, and the script compares. */
static void dropping(void) {
  static size_t never;
  open_sender(0, 0);
  send_each();
  NET_CHECK(a.errors == 0);
  net_close(&a);
  for (size_t before = heard + 1; before != heard;) { /* what is in the device still comes */
    before = heard;
    net_within(200, &never, 1);
  }
  printf("%zu\n", heard + lost() - lost_before);
}

/* ---- stuck ---- */

static unsigned char large[1000];
static size_t ended[2]; /* how many sends are over: well, and cancelled or failed */
static int last_code;

static void on_over(dgram_socket *socket, int status, void *data) {
  (void)socket;
  NET_CHECK(data == &payloads[ended[0] + ended[1]]);
  NET_CHECK(status == sizeof large || status == DGRAM_ECANCELED || status == DGRAM_ENETUNREACH ||
            status == DGRAM_ENETDOWN || status == DGRAM_ENODEV);
  ended[status < 0]++;
  if (status < 0) last_code = status;
}

/* A blocked socket waits, and all else goes on. */
static void get_stuck(int linger_ms) {
  open_sender(4608, linger_ms);
  ended[0] = ended[1] = 0;
  for (size_t i = 0; i < STUCK; i++)
    NET_CODE(dgram_send_to(a.socket, large, sizeof large, &to, on_over, &payloads[i]), 0);
  uint64_t used_ms = net_cpu_ms();
  size_t turns = net_turns(300);
  used_ms = net_cpu_ms() - used_ms;
  NET_CHECK(ended[0] < STUCK / 2);
  if (turns > 5 || used_ms > 100)
    net_fail(__FILE__, __LINE__, "%zu turns and %d ms of work while blocked", turns, (int)used_ms);
}

static void still_receives(void) {
  struct net_box friend;
  net_open(&friend, "B", DGRAM_UDP4, NULL);
  dgram_address local;
  NET_CODE(dgram_local_address(a.socket, &local), 0);
  NET_SEND(&friend, "knock", "10.9.0.1", local.port);
  NET_HEAR(&a, "knock ");
  net_close(&friend);
}

static void close_when_stuck(void) {
  uint64_t start_ms = uv_hrtime() / 1000000;
  NET_CODE(dgram_close(a.socket, net_on_closed, &a.closed), 0);
  NET_UNTIL(a.closed, 1);
  uint64_t took_ms = uv_hrtime() / 1000000 - start_ms;
  NET_CHECK(ended[0] + ended[1] == STUCK && ended[1] > STUCK / 2);
  NET_CODE(last_code, DGRAM_ECANCELED);
  NET_CHECK(took_ms >= 200 && took_ms < 3000);
}

static void abort_when_stuck(void) {
  NET_CODE(dgram_on_close(a.socket, net_on_closed, &a.closed), 0);
  NET_CODE(dgram_abort(a.socket), 0);
  NET_UNTIL(a.closed, 1);
  NET_CHECK(ended[0] + ended[1] == STUCK && ended[1] > STUCK / 2);
  NET_CODE(last_code, DGRAM_ECANCELED);
}

/* What waits in the device goes with it, so the socket takes datagrams again, for nowhere. */
static void interface_goes_when_stuck(void) {
  net_on("A");
  net_shell("ip link del va");
  NET_UNTIL(ended[1], STUCK - ended[0]);
  NET_CODE(last_code, DGRAM_ENETUNREACH);
  NET_CHECK(a.errors == 0);
  net_close(&a);
}

static void stuck(void) {
  net_open(&b, "B", DGRAM_UDP4, NULL);
  NET_CODE(dgram_address_parse("10.9.0.2", b.port, &to), 0);
  get_stuck(200);
  still_receives();
  close_when_stuck();
  get_stuck(0);
  abort_when_stuck();
  get_stuck(0);
  interface_goes_when_stuck();
}

int main(int count, char **words) {
  const char *mode = count == 2 ? words[1] : "";
  net_begin();
  if (strcmp(mode, "stuck") == 0) {
    stuck();
  } else {
    open_receiver();
    if (strcmp(mode, "dropping") == 0) {
      dropping();
    } else {
      drain();
      drain_by_close();
    }
  }
  net_close(&b);
  net_end();
  return 0;
}
