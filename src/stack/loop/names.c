/* Host names, by uv_getaddrinfo: the system's resolver on libuv's thread pool.
 *
 * Happy path: loop_lookup makes a request, libuv calls back on the loop, the addresses are copied,
 * the request is freed and the core told.
 *
 * Failure modes: a lookup that nobody waits for any more (its socket or the whole stack is closed)
 * is cancelled, which works only while it still waits for a thread. Else the resolver may take
 * minutes. Such an orphan is on its own: it has forgotten its lookup, holds a copy of the
 * allocator, touches neither stack nor core, and frees itself when it ends. */

#include <netdb.h>
#include <string.h>
#include <sys/socket.h>

#include "stack/loop/loop.h"
#include "stack/loop/sockaddr.h"

struct lookup_request {
  uv_getaddrinfo_t uv;
  dgram_allocator allocator;
  struct dgram__lookup *lookup; /* NULL: an orphan */
};

int loop_error(int uv_code) {
  switch (uv_code) {
  case UV_EAI_NONAME:
  case UV_EAI_NODATA:
  case UV_EAI_ADDRFAMILY: /* the name is known, but has no address of the family */
    return DGRAM_ENOTFOUND;
  case UV_EAI_AGAIN:
    return DGRAM_EAI_AGAIN;
  case UV_EAI_FAIL:
    return DGRAM_EAI_FAIL;
  case UV_EAI_FAMILY:
    return DGRAM_EAI_FAMILY;
  case UV_EAI_MEMORY:
    return DGRAM_EAI_MEMORY;
  case UV_EAI_CANCELED:
    return DGRAM_ECANCELED;
  case UV_EAI_BADFLAGS:
  case UV_EAI_BADHINTS:
  case UV_EAI_OVERFLOW:
  case UV_EAI_PROTOCOL:
  case UV_EAI_SERVICE:
  case UV_EAI_SOCKTYPE:
    return DGRAM_EAI_OTHER;
  default:
    return uv_code;
  }
}

/* Copies the addresses of a list that are IPv4 or IPv6, and returns their number. */
static int copy_addresses(const struct addrinfo *list, dgram_address *addresses) {
  int count = 0;
  for (const struct addrinfo *a = list; a && count < DGRAM__LOOKUP_ADDRESSES_MAX; a = a->ai_next) {
    if (a->ai_family != AF_INET && a->ai_family != AF_INET6) continue;
    loop_address_from_sockaddr(a->ai_addr, &addresses[count++]);
  }
  return count;
}

/* The core is told last, when nothing of the request is left to be harmed by what it does then. */
static void on_resolved(uv_getaddrinfo_t *uv, int error, struct addrinfo *list) {
  struct lookup_request *request = (struct lookup_request *)uv;
  struct dgram__lookup *lookup = request->lookup;
  dgram_address addresses[DGRAM__LOOKUP_ADDRESSES_MAX];
  int status = error < 0 ? loop_error(error) : copy_addresses(list, addresses);
  if (status == 0) status = DGRAM_ENOTFOUND;
  uv_freeaddrinfo(list);
  request->allocator.free(request, request->allocator.data);
  if (lookup) dgram__lookup_done(lookup, status, status < 0 ? NULL : addresses);
}

static int system_family(int family) {
  if (family == DGRAM_IPV4) return AF_INET;
  if (family == DGRAM_IPV6) return AF_INET6;
  return AF_UNSPEC;
}

/* No AI_ADDRCONFIG, as Node: a host that is only on its loopback can resolve names too. */
int loop_lookup(dgram_stack *base, const char *name, int family, struct dgram__lookup *lookup,
                void **ret_request) {
  struct lookup_request *request = dgram__calloc(base, sizeof *request);
  if (!request) return DGRAM_ENOMEM;
  request->allocator = base->allocator;
  request->lookup = lookup;
  struct addrinfo hints = {.ai_family = system_family(family), .ai_socktype = SOCK_DGRAM};
  uv_loop_t *loop = loop_stack_of(base)->loop;
  int error = uv_getaddrinfo(loop, &request->uv, on_resolved, name, NULL, &hints);
  if (error < 0) {
    dgram__free(base, request);
    return loop_error(error);
  }
  *ret_request = request;
  return 0;
}

void loop_cancel_lookup(dgram_stack *base, void *cancelled) {
  struct lookup_request *request = cancelled;
  (void)base;
  request->lookup = NULL;
  uv_cancel((uv_req_t *)&request->uv);
}
