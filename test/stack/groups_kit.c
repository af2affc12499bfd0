#include "groups_kit.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

struct groups_calls groups_calls;
struct groups_world groups_world;

/* ---- the system ---- */

int __real_setsockopt(int fd, int level, int name, const void *value, socklen_t length);
int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t length);

static size_t segment_of(const struct msghdr *header) {
  const struct cmsghdr *control = CMSG_FIRSTHDR(header);
  uint16_t segment;
  if (!control || control->cmsg_level != IPPROTO_UDP) return 0; /* it would be the first */
  assert_int_equal(control->cmsg_type, UDP_SEGMENT);
  assert_int_equal(control->cmsg_len, CMSG_LEN(sizeof segment));
  memcpy(&segment, CMSG_DATA(control), sizeof segment);
  assert_int_not_equal(segment, 0);
  return segment;
}

static struct groups_message look(const struct msghdr *header, bool first) {
  const struct sockaddr_in6 *name = header->msg_name;
  struct groups_message message = {.pieces = header->msg_iovlen, .first = first};
  for (size_t i = 0; i < header->msg_iovlen; i++)
    message.length += header->msg_iov[i].iov_len;
  message.segment = segment_of(header);
  message.bytes = header->msg_iovlen > 0 ? header->msg_iov[0].iov_base : NULL;
  message.port = ntohs(name->sin6_port); /* at the same place in both families */
  return message;
}

static void note_left(const struct groups_message *message) {
  assert_true(groups_calls.left_count < GROUPS_LEFT_MAX);
  groups_calls.left[groups_calls.left_count++] = *message;
}

/* 0 or -errno. */
static int judge(const struct msghdr *header, bool first) {
  const struct groups_message message = look(header, first);
  return groups_calls.judge ? groups_calls.judge(&message) : 0;
}

static int refuse(int code) {
  groups_calls.refused++;
  errno = -code;
  return -1;
}

int __wrap_sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags) {
  unsigned may = 0;
  int code = 0;
  groups_calls.many++;
  if (groups_calls.no_sendmmsg != 0) return refuse(-groups_calls.no_sendmmsg);
  while (may < count && (code = judge(&messages[may].msg_hdr, may == 0)) == 0)
    may++;
  if (may == 0) return refuse(code);
  int sent = __real_sendmmsg(fd, messages, may, flags);
  for (int i = 0; i < sent; i++) {
    const struct groups_message message = look(&messages[i].msg_hdr, i == 0);
    note_left(&message);
  }
  return sent;
}

ssize_t __wrap_sendmsg(int fd, const struct msghdr *header, int flags) {
  const struct groups_message message = look(header, true);
  groups_calls.one++;
  int code = judge(header, true);
  if (code < 0) return refuse(code);
  ssize_t sent = __real_sendmsg(fd, header, flags);
  if (sent >= 0) note_left(&message);
  return sent;
}

int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t length) {
  int error = 0;
  if (level == IPPROTO_UDP && name == UDP_SEGMENT) {
    groups_calls.segment_asked++;
    error = groups_calls.segment_error;
  }
  if (level == IPPROTO_UDP && name == UDP_GRO) {
    groups_calls.gro_asked++;
    error = groups_calls.gro_error;
  }
  if (error == 0) return __real_setsockopt(fd, level, name, value, length);
  errno = error;
  return -1;
}

size_t groups_count(void) {
  size_t n = 0;
  for (size_t i = 0; i < groups_calls.left_count; i++)
    n += groups_is_group(&groups_calls.left[i]);
  return n;
}

void groups_expect_left(size_t index, size_t length, size_t segment) {
  assert_true(index < groups_calls.left_count);
  assert_int_equal(groups_calls.left[index].length, length);
  assert_int_equal(groups_calls.left[index].segment, segment);
}

/* ---- a socket, a peer, a list ---- */

static void enlarge(int fd) {
  int size = 1 << 22;
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) == 0) return;
  assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size), 0);
}

int groups_peer(int type, uint16_t *ret_port) {
  int fd = kit_peer(type == DGRAM_UDP6 ? AF_INET6 : AF_INET, ret_port);
  enlarge(fd);
  return fd;
}

void groups_clear(void) {
  groups_calls.many = groups_calls.one = 0;
  groups_calls.refused = 0;
  groups_calls.left_count = 0;
  groups_world.count = 0;
  groups_world.used = 0;
}

void groups_arrange(int type) {
  memset(&groups_calls, 0, sizeof groups_calls);
  groups_world.type = type;
  groups_world.told = 0;
  groups_world.socket = kit_bound(type, &groups_world.seen);
  groups_world.peer = groups_peer(type, &groups_world.port);
  groups_clear();
}

void groups_finish(void) {
  close(groups_world.peer);
}

dgram_address groups_to(uint16_t port) {
  dgram_address to;
  const char *text = groups_world.type == DGRAM_UDP6 ? "::1" : "127.0.0.1";
  assert_int_equal(dgram_address_parse(text, port, &to), 0);
  return to;
}

static void add(size_t n, size_t length, size_t gap) {
  for (; n > 0; n--) {
    unsigned char *bytes = groups_world.bytes + groups_world.used;
    assert_true(groups_world.count < GROUPS_LIST_MAX);
    assert_true(groups_world.used + length + gap <= GROUPS_BYTES);
    for (size_t i = 0; i < length; i++)
      bytes[i] = (unsigned char)(groups_world.count * 31 + i * 7 + i / 256);
    groups_world.used += length + gap;
    groups_world.list[groups_world.count++] = (dgram_datagram){
        .bytes = bytes, .length = length, .to = groups_to(groups_world.port), .result = -9999};
  }
}

void groups_add(size_t n, size_t length) {
  add(n, length, 0);
}

void groups_add_apart(size_t n, size_t length) {
  add(n, length, 1);
}

static void on_sent(dgram_socket *socket, dgram_datagram *list, size_t count, void *data) {
  (void)socket, (void)list, (void)count, (void)data;
  groups_world.told++;
}

void groups_send(void) {
  const size_t before = groups_world.told;
  assert_int_equal(
      dgram_send_many(groups_world.socket, groups_world.list, groups_world.count, on_sent, NULL),
      0);
  kit_run_until(&groups_world.told, before + 1);
  assert_int_equal(groups_world.told, before + 1);
}

/* The bytes of a datagram, whose parts may lie anywhere. */
static const unsigned char *flat(const dgram_datagram *datagram) {
  static unsigned char whole[65536];
  const dgram_buffer *parts = datagram->bytes;
  size_t used = 0;
  if (datagram->parts == 0) return datagram->bytes;
  for (uint32_t i = 0; i < datagram->parts; i++) {
    if (parts[i].length > 0) memcpy(whole + used, parts[i].bytes, parts[i].length);
    used += parts[i].length;
  }
  return whole;
}

/* Loopback delivers before sending returns, but for a machine that is very busy. */
static ssize_t receive(int fd, unsigned char *bytes, size_t size, int timeout_ms) {
  struct pollfd ready = {.fd = fd, .events = POLLIN};
  if (poll(&ready, 1, timeout_ms) < 1) return -1;
  return recv(fd, bytes, size, 0);
}

void groups_expect_arrived(int peer, uint16_t port) {
  static unsigned char bytes[65536];
  for (size_t i = 0; i < groups_world.count; i++) {
    const dgram_datagram *datagram = &groups_world.list[i];
    if (datagram->to.port != port || datagram->result != (int32_t)datagram->length) continue;
    ssize_t length = receive(peer, bytes, sizeof bytes, 5000);
    if (length != (ssize_t)datagram->length)
      fail_msg("datagram %zu: %zd bytes instead of %zu", i, length, datagram->length);
    if (length > 0) assert_memory_equal(bytes, flat(datagram), datagram->length);
  }
  assert_int_equal(receive(peer, bytes, sizeof bytes, 0), -1);
}

void groups_expect_sent(size_t from, size_t to) {
  for (size_t i = from; i < to; i++)
    assert_int_equal(groups_world.list[i].result, groups_world.list[i].length);
}

void groups_expect_code(size_t from, size_t to, int code) {
  for (size_t i = from; i < to; i++)
    assert_int_equal(groups_world.list[i].result, code);
}

void groups_pass(void) {
  groups_send();
  groups_expect_sent(0, groups_world.count);
  groups_expect_arrived(groups_world.peer, groups_world.port);
}
