/* Ten datagrams cross a slow and bad network, without waiting for it. With the name of a file as
 * argument it writes a trace there, for Wireshark. */

#include <dgram.h>
#include <dgram/sim.h>
#include <inttypes.h>
#include <stdio.h>

static void on_message(dgram_socket *socket, const dgram_message *message, void *data) {
  const uint64_t time_ns = dgram_now(dgram_socket_stack(socket)) - *(uint64_t *)data;
  printf("after %" PRIu64 " ms: %.*s\n", time_ns / DGRAM_MILLISECOND, (int)message->length,
         (const char *)message->bytes);
}

static int write_trace(const void *bytes, size_t length, void *data) {
  return fwrite(bytes, 1, length, data) != length;
}

int main(int argc, char **argv) {
  FILE *trace = argc > 1 ? fopen(argv[1], "wb") : NULL;
  dgram_link_options link = {
      .delay_ns = 20 * DGRAM_MILLISECOND, .loss_ppm = 200000, .reorder_ppm = 100000};
  dgram_sim_options world = {.seed = 42};
  dgram_bind_options where = {.port = 41234};
  uint64_t start_ns;
  dgram_socket_options receives = {.type = DGRAM_UDP4, .on_message = on_message, .data = &start_ns};
  dgram_socket_options sends = {.type = DGRAM_UDP4};
  dgram_stack *client, *server;
  dgram_socket *sender, *receiver;
  dgram_sim *sim;

  if (dgram_sim_create(&world, &sim) < 0) return 1;
  dgram_sim_add_host(sim, "client", "10.0.0.1/24", &client);
  dgram_sim_add_host(sim, "server", "10.0.0.2/24", &server);
  dgram_sim_set_link(client, server, &link);
  if (trace != NULL) dgram_sim_trace(sim, write_trace, trace);
  start_ns = dgram_sim_now(sim);

  dgram_create_socket(server, &receives, &receiver);
  dgram_bind(receiver, &where, NULL, NULL);
  dgram_create_socket(client, &sends, &sender);
  for (char digit = '0'; digit <= '9'; digit++)
    dgram_send(sender, &digit, 1, 41234, "10.0.0.2", NULL, NULL);

  dgram_sim_run_for(sim, 10 * DGRAM_SECOND);
  dgram_sim_destroy(sim);
  return trace != NULL && fclose(trace) != 0;
}
