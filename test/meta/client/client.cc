// The same in C++, on a stack on a loop of its own: libuv comes with the package.

#include <cstdio>
#include <dgram.h>
#include <dgram/uv.h>
#include <string>

namespace {

void on_message(dgram_socket *socket, const dgram_message *message, void *data) {
  *static_cast<std::string *>(data) =
      std::string(static_cast<const char *>(message->bytes), message->length);
  dgram_close(socket, nullptr, nullptr);
}

void on_bound(dgram_socket *socket, int status, void *) {
  dgram_address here = {};
  if (status == 0 && dgram_local_address(socket, &here) == 0) {
    dgram_send_to(socket, "hello", 5, &here, nullptr, nullptr);
  }
}

}  // namespace

int main() {
  uv_loop_t loop;
  if (uv_loop_init(&loop) != 0) return 1;
  dgram_stack *stack = nullptr;
  if (dgram_uv_stack_create(&loop, nullptr, &stack) != 0) return 1;

  std::string heard;
  dgram_socket_options options = {};
  options.type = DGRAM_UDP4;
  options.on_message = on_message;
  options.data = &heard;
  dgram_bind_options where = {};
  where.address = "127.0.0.1";
  dgram_socket *socket = nullptr;
  if (dgram_create_socket(stack, &options, &socket) != 0) return 1;
  if (dgram_bind(socket, &where, on_bound, nullptr) != 0) return 1;

  if (uv_run(&loop, UV_RUN_DEFAULT) != 0) return 1;
  if (dgram_stack_close(stack, nullptr, nullptr) != 0) return 1;
  uv_run(&loop, UV_RUN_DEFAULT);
  if (uv_loop_close(&loop) != 0) return 1;
  std::printf("%s %s\n", heard.c_str(), dgram_version());
  return heard == "hello" ? 0 : 1;
}
