#include <stdlib.h>
#include <string.h>

#include "world.h"

/* ---- events ---- */

static void become_connected(struct property_socket *socket) {
  socket->peer_state = PROPERTY_CONNECTED;
  socket->peer_since = property_book_count();
  socket->peer.key ^= ++property.connections << 32;
}

/* After a call that has connected it is the event that follows. */
void property_on_connect(dgram_socket *socket, void *data) {
  struct property_socket *self = data;
  dgram_address remote;

  property_begin_callback(self, "connect");
  PROPERTY_CHECK("close", !self->closing, "a connect on a socket that is closed");
  PROPERTY_CHECK("peer", self->peer_state != PROPERTY_DISCONNECTED,
                 "a connect of h%us%u, which is not connected", self->host, self->slot);
  if (self->peer_state == PROPERTY_CONNECTING) become_connected(self);
  PROPERTY_CHECK("peer", PROPERTY_CALL(dgram_remote_address(socket, &remote)) == 0,
                 "a connected socket without a peer");
  property_end_callback(self->host);
}

static void on_connected(dgram_socket *socket, int status, void *data) {
  struct property_socket *self = data;

  (void)socket;
  property_begin_callback(self, "connected");
  property_say("connected: %d", status);
  PROPERTY_CHECK("once", self->pending > 0, "a callback too many");
  self->pending--;
  property.calls_due--;
  if (status < 0 && !self->closing) {
    PROPERTY_CHECK("peer", self->peer_state == PROPERTY_CONNECTING,
                   "a connect of h%us%u fails that has ended", self->host, self->slot);
    self->peer_state = PROPERTY_DISCONNECTED;
  }
  property_end_callback(self->host);
}

/* What was sent after it was connected. */
void property_check_peer(const struct property_socket *socket, const dgram_message *message,
                         uint32_t number) {
  dgram_address remote;

  if (socket->peer_state != PROPERTY_CONNECTED || number < socket->peer_since) return;
  PROPERTY_CHECK("peer", PROPERTY_CALL(dgram_remote_address(socket->socket, &remote)) == 0,
                 "a connected socket without a peer");
  remote.scope_id = message->from.scope_id;
  PROPERTY_CHECK("peer", dgram_address_equal(&remote, &message->from),
                 "h%us%u hears datagram %u, which its peer has not sent", socket->host,
                 socket->slot, (unsigned)number);
}

/* ---- calls ---- */

static void check_refusal(const struct property_socket *socket,
                          const struct property_destination *to, int code) {
  property_expect(socket, code, "a connect");
  if (socket->closing) return;
  PROPERTY_CHECK("peer", code < 0 || socket->peer_state == PROPERTY_DISCONNECTED,
                 "h%us%u is connected twice", socket->host, socket->slot);
  PROPERTY_CHECK("peer", code != DGRAM_EISCONNECTED || socket->peer_state != PROPERTY_DISCONNECTED,
                 "h%us%u is not connected, but says so", socket->host, socket->slot);
  PROPERTY_CHECK("refuse", code < 0 || !to->wrong, "a wrong peer is taken: %.40s", to->text);
}

static void connect_socket(const struct property_step *step, struct property_socket *socket) {
  struct property_destination to;
  const char *text;
  int code;

  property_choose(step, socket, &to);
  text = step->args[0] == PROPERTY_TO_DEFAULT ? NULL : to.text;
  if (step->args[1] != 0) {
    code = PROPERTY_CALL(dgram_connect_sync(socket->socket, to.port, text));
    PROPERTY_CHECK("refuse", code < 0 || !to.name, "a name is connected to inside a call");
  } else {
    code = PROPERTY_CALL(dgram_connect(socket->socket, to.port, text, on_connected, socket));
  }
  (void)property_answer(step, code);
  check_refusal(socket, &to, code);
  if (code < 0) return;
  property.connects = true;
  socket->peer = to;
  socket->peer_state = PROPERTY_CONNECTING;
  if (step->args[1] != 0) {
    become_connected(socket);
    return;
  }
  socket->pending++;
  property.calls_due++;
}

static void disconnect_socket(const struct property_step *step, struct property_socket *socket) {
  const int code = property_answer(step, PROPERTY_CALL(dgram_disconnect(socket->socket)));

  property_expect(socket, code, "a disconnect");
  if (socket->closing) return;
  PROPERTY_CHECK("peer",
                 (code == DGRAM_ENOTCONNECTED) == (socket->peer_state != PROPERTY_CONNECTED),
                 "h%us%u is disconnected: %s", socket->host, socket->slot, dgram_error_name(code));
  PROPERTY_CHECK("refuse", code == 0 || code == DGRAM_ENOTCONNECTED || property.fails,
                 "a disconnect fails: %s", dgram_error_name(code));
  if (code == 0) socket->peer_state = PROPERTY_DISCONNECTED;
}

bool property_act_peer(const struct property_step *step) {
  struct property_socket *socket = property_socket_of(step->host, step->slot);

  if (step->call != PROPERTY_CONNECT && step->call != PROPERTY_DISCONNECT) return false;
  if (socket == NULL || socket->socket == NULL) return true;
  if (step->call == PROPERTY_CONNECT) {
    connect_socket(step, socket);
  } else {
    disconnect_socket(step, socket);
  }
  return true;
}
