#include "core/blocked.h"

/* ---- receiving ---- */

static bool is_blocked(const dgram_socket *socket, const dgram_message *message) {
  return dgram_block_list_check(socket->extras->receive_block_list, &message->from);
}

size_t dgram__skip_blocked(dgram_socket *socket, const dgram_message *messages, size_t count) {
  size_t n = 0;

  while (n < count && is_blocked(socket, &messages[n]))
    n++;
  socket->extras->blocked += n;
  return n;
}

size_t dgram__run_unless_blocked(const dgram_socket *socket, const dgram_message *messages,
                                 size_t count) {
  size_t n = 0;

  while (n < count && !is_blocked(socket, &messages[n]))
    n++;
  return n;
}

/* ---- sending ---- */

static size_t count_allowed(const dgram_socket *socket, const dgram_datagram *list, size_t count) {
  size_t n = 0;

  while (n < count && !dgram__sends_to_blocked(socket, &list[n].to))
    n++;
  return n;
}

/* One that is blocked behind those that the system does not take waits with them: order. */
size_t dgram__send_checked(dgram_socket *socket, dgram_datagram *list, size_t count,
                           unsigned flags) {
  size_t done = 0;

  while (done < count) {
    const size_t allowed = count_allowed(socket, list + done, count - done);
    size_t sent;

    if (allowed == 0) {
      list[done].result = DGRAM_EIPBLOCKED;
      dgram__endpoint_count(socket->endpoint, list[done++].result);
      continue;
    }
    sent = (size_t)socket->stack->ops->send(socket->endpoint, list + done, allowed, 0, flags);
    done += sent;
    if (sent < allowed) break;
  }
  return done;
}
