/* Every datagram is accounted for: exact counted|numbered COUNT. A sender on A and a receiver on B,
 * in two processes at full speed. The numbers in the datagrams show that nothing comes twice, and
 * nothing that was not sent.
 *
 * counted: what was sent has been received, or the kernel has counted why not, with a difference of
 * 0. What counts losses: the receiver's socket (its buffer was full) and the sender's end of the
 * cable (the other host's queue was full). Only without GRO, with which the kernel counts groups.
 *
 * numbered: what was sent has been received, or its number is missing; the kernel has counted no
 * more losses than that. */

#include "net.h"

#include <sys/mman.h>
#include <sys/wait.h>

enum { LIST = 500 };

static size_t all;   /* COUNT */
static bool counted; /* else numbered */

/* Written by one side, read by the other. */
static struct shared {
  volatile size_t port;  /* of the receiver */
  volatile size_t sent;  /* all, when the sender is done */
  volatile size_t cable; /* what it saw lost */
  volatile size_t received;
} * shared;

/* ---- receiver ---- */

static unsigned char *seen;
static dgram_stats stats;

static void on_batch(dgram_socket *socket, const dgram_message *messages, size_t count,
                     void *data) {
  uint32_t number;
  (void)socket, (void)data;
  for (size_t i = 0; i < count; i++) {
    NET_CHECK(messages[i].length == 64);
    memcpy(&number, messages[i].bytes, sizeof number);
    NET_CHECK(number < all && !seen[number]);
    seen[number] = 1;
  }
  shared->received += count;
}

static size_t missing(void) {
  size_t n = 0;
  for (size_t i = 0; i < all; i++)
    n += !seen[i];
  return n;
}

/* Until the sums agree; or, where they cannot, nothing comes any more. Returns what the socket
 * dropped. */
static size_t wait_for_the_end(int port) {
  const int patience = counted ? 200 : 10;
  static size_t never;
  size_t before = 0, drops = 0;
  for (int left = patience; left > 0; left--) {
    net_within(20, &never, 1);
    drops = net_socket_drops(port);
    if (shared->sent < all || shared->received > before) left = patience;
    before = shared->received;
    if (shared->sent == all && shared->received + drops + shared->cable == all) break;
  }
  return drops;
}

static void receive(void) {
  static struct net_box b;
  size_t lost, drops;
  net_begin_anywhere();
  net_on("B");
  net_create(&b, &(dgram_socket_options){.type = DGRAM_UDP4});
  dgram_off_message(b.socket, net_on_message, &b);
  NET_CODE(dgram_on_batch(b.socket, on_batch, NULL), 0);
  NET_CODE(net_bind_to(&b, NULL), 0);
  shared->port = (size_t)b.port;
  drops = wait_for_the_end(b.port);
  lost = missing();
  NET_CODE(dgram_get_stats(b.socket, &stats), 0);
  printf(
      "%zu sent, %zu received in %zu calls, %zu missing; %zu dropped by the socket, %zu by the cable\n",
      all, shared->received, (size_t)stats.receive_calls, lost, drops, shared->cable);
  fflush(stdout);
  NET_CHECK(shared->received > 0 && shared->received + lost == all);
  NET_CHECK(drops + shared->cable <= lost);
  if (counted) NET_CHECK(drops + shared->cable == lost);
  NET_CHECK(stats.received == shared->received && stats.received_bytes == 64 * shared->received);
  NET_CHECK(b.errors == 0 && stats.truncated == 0);
  net_close(&b);
  net_end();
}

/* ---- sender ---- */

static struct net_box a;
static dgram_datagram list[LIST];
static unsigned char payloads[LIST][64];
static uint32_t next_number;

static void send_list(void);

static void on_list(dgram_socket *socket, dgram_datagram *sent, size_t count, void *data) {
  (void)socket, (void)data;
  for (size_t i = 0; i < count; i++)
    NET_CODE(sent[i].result, 64);
  if (next_number < all) send_list();
}

static void send_list(void) {
  for (size_t i = 0; i < LIST; i++, next_number++)
    memcpy(payloads[i], &next_number, sizeof next_number);
  NET_CODE(dgram_send_many(a.socket, list, LIST, on_list, NULL), 0);
}

/* All have left when the socket is closed. */
static void send_all(void) {
  net_begin_anywhere();
  net_open(&a, "A", DGRAM_UDP4, NULL);
  NET_CODE(dgram_on_close(a.socket, net_on_closed, &a.closed), 0);
  for (size_t i = 0; i < LIST; i++) {
    list[i] = (dgram_datagram){.bytes = payloads[i], .length = 64};
    NET_CODE(dgram_address_parse("10.9.0.2", (int)shared->port, &list[i].to), 0);
  }
  size_t cable_before = net_cable_drops("va");
  send_list();
  while (next_number < all)
    uv_run(net_loop, UV_RUN_ONCE);
  NET_CODE(dgram_close(a.socket, NULL, NULL), 0);
  NET_UNTIL(a.closed, 1);
  shared->cable = net_cable_drops("va") - cable_before;
  shared->sent = all;
  net_end();
}

int main(int count, char **words) {
  NET_CHECK(count == 3);
  counted = strcmp(words[1], "counted") == 0;
  all = strtoul(words[2], NULL, 10);
  NET_CHECK(all > 0 && all % LIST == 0 && all <= UINT32_MAX);
  seen = calloc(all, 1);
  NET_CHECK(seen);
  shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  NET_CHECK(shared != MAP_FAILED);
  pid_t receiver = fork(); /* before there is a loop */
  if (receiver == 0) {
    receive();
    free(seen);
    return 0;
  }
  while (shared->port == 0) {
    NET_CHECK(waitpid(receiver, NULL, WNOHANG) == 0);
    sched_yield();
  }
  send_all();
  int status;
  NET_CHECK(waitpid(receiver, &status, 0) == receiver);
  free(seen);
  return status == 0 ? 0 : 1;
}
