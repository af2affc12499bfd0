#include "clients.h"

#include <stdlib.h>
#include <string.h>

int clients_open(struct clients *clients, size_t count) {
  *clients = (struct clients){.bucket_count = 16};
  while (clients->bucket_count < count) {
    clients->bucket_count *= 2;
  }
  clients->buckets = calloc(clients->bucket_count, sizeof(struct client *));
  return clients->buckets ? 0 : DGRAM_ENOMEM;
}

void clients_close(struct clients *clients) {
  free(clients->buckets);
  *clients = (struct clients){0};
}

/* FNV-1a. Who forges addresses to meet in one bucket makes a list there that is no longer than
 * --sessions. */
static struct client **bucket(const struct clients *clients, const dgram_address *address) {
  uint32_t hash = UINT32_C(2166136261);
  for (size_t i = 0; i < sizeof address->bytes; i++) {
    hash = (hash ^ address->bytes[i]) * UINT32_C(16777619);
  }
  hash = (hash ^ (address->port & 0xff)) * UINT32_C(16777619);
  hash = (hash ^ (address->port >> 8)) * UINT32_C(16777619);
  return &clients->buckets[(hash ^ (hash >> 16)) & (clients->bucket_count - 1)];
}

struct client *clients_find(const struct clients *clients, const dgram_address *address) {
  struct client *client = *bucket(clients, address);
  while (client && !dgram_address_equal(&client->address, address)) {
    client = client->next;
  }
  return client;
}

static void append(struct clients *clients, struct client *client) {
  client->newer = NULL;
  client->older = clients->newest;
  if (clients->newest) {
    clients->newest->newer = client;
  } else {
    clients->oldest = client;
  }
  clients->newest = client;
}

static void take_out(struct clients *clients, struct client *client) {
  if (client->older) {
    client->older->newer = client->newer;
  } else {
    clients->oldest = client->newer;
  }
  if (client->newer) {
    client->newer->older = client->older;
  } else {
    clients->newest = client->older;
  }
}

void clients_add(struct clients *clients, struct client *client) {
  struct client **head = bucket(clients, &client->address);
  client->next = *head;
  *head = client;
  append(clients, client);
  clients->count++;
}

void clients_remove(struct clients *clients, struct client *client) {
  struct client **link = bucket(clients, &client->address);
  while (*link != client) {
    link = &(*link)->next;
  }
  *link = client->next;
  take_out(clients, client);
  clients->count--;
}

void clients_use(struct clients *clients, struct client *client, uint64_t now_ns) {
  client->used_ns = now_ns;
  take_out(clients, client);
  append(clients, client);
}
