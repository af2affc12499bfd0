/* clients.h: those whose datagrams a relay passes on, as a table by address and a list by when they
 * were last heard of. */

#ifndef CLI_CLIENTS_H
#define CLI_CLIENTS_H

#include "way.h"

struct relay;

/* One session of a relay. */
struct client {
  struct relay *relay;
  dgram_address address;
  uint64_t number;
  dgram_socket *socket; /* of its own, towards the target */
  struct way out;
  struct way back;
  uint64_t used_ns; /* when the last datagram came, from either side */

  struct client *next; /* in its bucket */
  struct client *older;
  struct client *newer;
};

struct clients {
  struct client **buckets;
  size_t bucket_count; /* a power of two */
  size_t count;
  struct client *oldest;
  struct client *newest;
};

/* Makes a table that is good for so many. Returns 0 or DGRAM_ENOMEM. */
int clients_open(struct clients *clients, size_t count);

/* Releases the table, not the clients. */
void clients_close(struct clients *clients);

/* Who has this address, or NULL. */
struct client *clients_find(const struct clients *clients, const dgram_address *address);

/* Adds a client as the newest. */
void clients_add(struct clients *clients, struct client *client);

void clients_remove(struct clients *clients, struct client *client);

/* A client was heard of: it becomes the newest. */
void clients_use(struct clients *clients, struct client *client, uint64_t now_ns);

#endif
