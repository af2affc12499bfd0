/* What a socket has joined. */

#ifndef DGRAM_CORE_MEMBERSHIP_H
#define DGRAM_CORE_MEMBERSHIP_H

#include "core/socket.h"

/* Forgets all; the system leaves the groups with the endpoint. */
void dgram__memberships_free(dgram_socket *socket);

#endif
