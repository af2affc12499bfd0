#include "core/extras.h"

#include <assert.h>

#include "core/binding.h"
#include "core/membership.h"

struct dgram__extras *dgram__extras_need(dgram_socket *socket) {
  if (socket->extras == NULL) {
    socket->extras = dgram__calloc(socket->stack, sizeof *socket->extras);
  }
  return socket->extras;
}

void dgram__extras_free(dgram_socket *socket) {
  if (socket->extras == NULL) return;
  assert(socket->extras->connecting == NULL);
  dgram__share_end(socket);
  dgram__memberships_free(socket);
  dgram_block_list_release(socket->extras->receive_block_list);
  dgram_block_list_release(socket->extras->send_block_list);
  dgram__free(socket->stack, socket->extras);
  socket->extras = NULL;
}
