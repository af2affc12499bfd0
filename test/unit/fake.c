#include "fake.h"

#include <stdio.h>
#include <string.h>

#include "core/address.h"
#include "core/run.h"
#include "core/socket.h"

static struct fake *fake_of(dgram_stack *stack) {
  return (struct fake *)stack;
}

/* ---- the stack itself ---- */

static int fake_run(dgram_stack *stack) {
  fake_settle(fake_of(stack));
  return fake_of(stack)->alive ? DGRAM_EDEADLK : 0;
}

static void fake_stop(dgram_stack *stack) {
  fake_of(stack)->stopped = true;
}

static void fake_set_alive(dgram_stack *stack, bool alive) {
  assert_int_not_equal(fake_of(stack)->alive, alive);
  fake_of(stack)->alive = alive;
}

static void fake_wake(dgram_stack *stack) {
  fake_of(stack)->woken = true;
  fake_of(stack)->wakes++;
}

static void fake_set_alarm(dgram_stack *stack, uint64_t deadline_ns) {
  fake_of(stack)->alarm_ns = deadline_ns;
}

static uint64_t fake_now(dgram_stack *stack) {
  return fake_of(stack)->now_ns;
}

static void fake_close(dgram_stack *stack) {
  assert_false(fake_of(stack)->closing);
  fake_of(stack)->closing = true;
}

static void fake_print(dgram_stack *stack, const char *line) {
  fake_of(stack)->lines++;
  snprintf(fake_of(stack)->line, sizeof fake_of(stack)->line, "%s", line);
}

/* ---- names and interfaces ---- */

static int fake_lookup(dgram_stack *stack, const char *name, int family,
                       struct dgram__lookup *lookup, void **ret_request) {
  struct fake *fake = fake_of(stack);
  struct fake_lookup *record = &fake->lookups[fake->lookup_count];

  if (fake->lookup_code < 0) return fake->lookup_code;
  assert_true(fake->lookup_count < FAKE_LOOKUPS_MAX);
  assert_true(strlen(name) < sizeof record->name);
  fake->lookup_count++;
  strcpy(record->name, name);
  record->lookup = lookup;
  record->family = family;
  *ret_request = record;
  return 0;
}

static void fake_cancel_lookup(dgram_stack *stack, void *request) {
  struct fake_lookup *record = request;

  assert_non_null(record->lookup);
  record->lookup = NULL;
  fake_of(stack)->cancelled++;
}

/* "one" with three addresses, "two" with one. The last byte modulo 16 is the index. */
static int fake_interfaces(dgram_stack *stack, struct dgram__interface *list, size_t capacity) {
  static const struct {
    unsigned index;
    const char *name;
    const char *address;
  } all[] = {{1, "one", "192.0.2.1"},
             {1, "one", "2001:db8::1"},
             {1, "one", "192.0.2.17"},
             {2, "two", "192.0.2.2"}};

  const bool answers = fake_of(stack)->interfaces_count_only && capacity == 0;
  const size_t first = fake_of(stack)->one_is_gone ? 3 : 0;

  if (fake_of(stack)->interfaces_code < 0 && !answers) return fake_of(stack)->interfaces_code;
  for (size_t i = 0; first + i < 4 && i < capacity; i++) {
    list[i] = (struct dgram__interface){.index = all[first + i].index};
    strcpy(list[i].name, all[first + i].name);
    assert_int_equal(dgram_address_parse(all[first + i].address, 0, &list[i].address), 0);
  }
  return (int)(4 - first);
}

static int fake_interface_index(dgram_stack *stack, const char *name) {
  const struct fake *fake = fake_of(stack);

  if (strcmp(name, "one") == 0) return fake->one_is_gone ? DGRAM_ENODEV : 1;
  return strcmp(name, "two") == 0 ? fake->two_index : DGRAM_ENODEV;
}

static int fake_interface_name(dgram_stack *stack, unsigned index, char *name) {
  if (index != 1 && index != 2) return DGRAM_ENODEV;
  if (index == 1 && fake_of(stack)->one_is_gone) return DGRAM_ENODEV;
  strcpy(name, index == 1 ? "one" : "two");
  return 0;
}

/* ---- endpoints ---- */

static struct fake_endpoint *endpoint_of(struct dgram__endpoint *endpoint) {
  return (struct fake_endpoint *)endpoint;
}

static int fake_open(struct dgram__endpoint *endpoint) {
  return fake_of(endpoint->stack)->open_code;
}

static int fake_bind(struct dgram__endpoint *endpoint, const dgram_address *local,
                     const struct dgram__bind_how *how) {
  struct fake *fake = fake_of(endpoint->stack);

  assert_false(endpoint_of(endpoint)->bound || endpoint_of(endpoint)->gone);
  if (fake->bind_code < 0) return fake->bind_code;
  endpoint_of(endpoint)->bound = true;
  endpoint_of(endpoint)->local = *local;
  if (local->port == 0) endpoint_of(endpoint)->local.port = 49152;
  fake->last_bound = *local;
  fake->last_how = *how;
  strcpy(fake->last_device, how->device == NULL ? "" : how->device);
  return 0;
}

static int fake_adopt(struct dgram__endpoint *endpoint, int fd, const struct dgram__bind_how *how) {
  struct fake *fake = fake_of(endpoint->stack);

  assert_false(endpoint_of(endpoint)->bound || endpoint_of(endpoint)->gone);
  assert_true(fd >= 0);
  if (fake->adopt_code < 0) return fake->adopt_code;
  fake->last_how = *how;
  endpoint_of(endpoint)->bound = true;
  endpoint_of(endpoint)->local =
      dgram__address_any(dgram__address_family_of(endpoint->type), (uint16_t)fd);
  if (fake->adopts_connected)
    assert_int_equal(dgram_address_parse("192.0.2.99", 99, &endpoint_of(endpoint)->remote), 0);
  return 0;
}

static int fake_duplicate(struct dgram__endpoint *endpoint) {
  return fake_of(endpoint->stack)->duplicate_code;
}

static void fake_discard(dgram_stack *stack, int fd) {
  fake_of(stack)->discarded++;
  fake_of(stack)->last_discarded = fd;
}

static int fake_local_address(struct dgram__endpoint *endpoint, dgram_address *ret_address) {
  assert_true(endpoint_of(endpoint)->bound);
  *ret_address = endpoint_of(endpoint)->local;
  return 0;
}

static int fake_connect(struct dgram__endpoint *endpoint, const dgram_address *remote) {
  struct fake *fake = fake_of(endpoint->stack);
  const int code = remote == NULL ? fake->disconnect_code : fake->connect_code;

  assert_true(endpoint_of(endpoint)->bound && !endpoint_of(endpoint)->gone);
  assert_true(remote != NULL || endpoint_of(endpoint)->remote.family != 0);
  fake->connects++;
  if (code < 0 && !(remote == NULL && code == DGRAM_EADDRINUSE)) return code;
  endpoint_of(endpoint)->remote = remote == NULL ? (dgram_address){0} : *remote;
  return code;
}

static int fake_remote_address(struct dgram__endpoint *endpoint, dgram_address *ret_address) {
  assert_true(endpoint_of(endpoint)->bound && !endpoint_of(endpoint)->gone);
  if (endpoint_of(endpoint)->remote.family == 0) return DGRAM_ENOTCONN;
  *ret_address = endpoint_of(endpoint)->remote;
  return 0;
}

static int fake_receive_start(struct dgram__endpoint *endpoint) {
  assert_true(endpoint_of(endpoint)->bound && !endpoint_of(endpoint)->gone);
  if (fake_of(endpoint->stack)->start_code < 0) return fake_of(endpoint->stack)->start_code;
  endpoint_of(endpoint)->receiving = true;
  return 0;
}

static void fake_receive_stop(struct dgram__endpoint *endpoint) {
  assert_true(endpoint_of(endpoint)->bound && !endpoint_of(endpoint)->gone);
  endpoint_of(endpoint)->receiving = false;
}

static int fake_set_recv_info(struct dgram__endpoint *endpoint, uint32_t bits) {
  assert_true(endpoint_of(endpoint)->bound && !endpoint_of(endpoint)->gone);
  fake_of(endpoint->stack)->last_how.recv_info = bits;
  return 0;
}

static char first_byte(const dgram_datagram *datagram) {
  const dgram_buffer *parts = datagram->bytes;

  if (datagram->length == 0) return 0;
  if (datagram->parts == 0) return *(const char *)datagram->bytes;
  while (parts->length == 0)
    parts++;
  return *(const char *)parts->bytes;
}

static int fake_send(struct dgram__endpoint *endpoint, dgram_datagram *list, size_t count,
                     size_t run, unsigned flags) {
  struct fake *fake = fake_of(endpoint->stack);
  size_t done = 0;

  (void)flags;
  assert_true(endpoint_of(endpoint)->bound && !endpoint_of(endpoint)->gone);
  assert_false(endpoint->blocked);
  assert_true(run == 0 || run <= dgram__run_of(list, count));
  fake->send_calls++;
  for (; done < count && fake->takes > 0; done++) {
    assert_true(list[done].parts <= DGRAM__PARTS_MAX);
    assert_true(fake->sent_count < FAKE_SENT_MAX);
    assert_true(list[done].to.family != 0 || endpoint_of(endpoint)->remote.family != 0);
    fake->sent[fake->sent_count++] =
        (struct fake_sent){dgram__socket_of(endpoint), list[done].bytes,        list[done].length,
                           list[done].parts,           first_byte(&list[done]), list[done].to};
    list[done].result = fake->send_code < 0 ? fake->send_code : (int32_t)list[done].length;
    dgram__endpoint_count(endpoint, list[done].result);
    if (fake->takes != SIZE_MAX) fake->takes--;
  }
  return (int)done;
}

static int fake_set_option(struct dgram__endpoint *endpoint, int option, int value) {
  assert_true(endpoint_of(endpoint)->bound && !endpoint_of(endpoint)->gone);
  if (fake_of(endpoint->stack)->option_code < 0) return fake_of(endpoint->stack)->option_code;
  fake_of(endpoint->stack)->last_option = option;
  fake_of(endpoint->stack)->last_value = value;
  return 0;
}

static int fake_path_mtu(struct dgram__endpoint *endpoint, const dgram_address *to) {
  assert_true(endpoint_of(endpoint)->bound && !endpoint_of(endpoint)->gone);
  assert_int_equal(to->family, endpoint->type);
  return 1000 + to->bytes[3];
}

/* What was set last, as a system that doubles it. */
static int fake_get_option(struct dgram__endpoint *endpoint, int option) {
  const struct fake *fake = fake_of(endpoint->stack);

  assert_true(endpoint_of(endpoint)->bound && !endpoint_of(endpoint)->gone);
  if (fake->option_code < 0) return fake->option_code;
  return fake->last_option == option ? 2 * fake->last_value : 1000;
}

static unsigned fake_group_interface(dgram_stack *stack, const dgram_address *group) {
  assert_true(dgram__address_is_multicast(group));
  return fake_of(stack)->group_interface;
}

static int fake_set_membership(struct dgram__endpoint *endpoint, bool join,
                               const dgram_address *group, const dgram_address *source,
                               unsigned interface) {
  struct fake *fake = fake_of(endpoint->stack);

  assert_true(endpoint_of(endpoint)->bound && !endpoint_of(endpoint)->gone);
  assert_true(dgram__address_is_multicast(group));
  if (source != NULL) assert_int_equal(source->family, group->family);
  fake->last_interface = (int)interface;
  fake->last_source = source == NULL ? (dgram_address){0} : *source;
  if (fake->membership_code < 0 &&
      (fake->membership_failing == 0 || fake->membership_failing == interface))
    return fake->membership_code;
  fake->joined += join;
  fake->left += !join;
  return 0;
}

static int fake_set_multicast_interface(struct dgram__endpoint *endpoint, unsigned interface,
                                        const dgram_address *address) {
  struct fake *fake = fake_of(endpoint->stack);

  assert_true(endpoint_of(endpoint)->bound && !endpoint_of(endpoint)->gone);
  fake->last_interface = (int)interface;
  fake->last_source = address == NULL ? (dgram_address){0} : *address;
  return 0;
}

static uint64_t fake_dropped(struct dgram__endpoint *endpoint) {
  assert_true(endpoint_of(endpoint)->bound && !endpoint_of(endpoint)->gone);
  return fake_of(endpoint->stack)->dropped;
}

static bool fake_close_endpoint(struct dgram__endpoint *endpoint) {
  struct fake_endpoint *own = endpoint_of(endpoint);

  assert_false(own->gone);
  own->gone = true;
  own->receiving = false;
  return !fake_of(endpoint->stack)->closes_later;
}

static const struct dgram__stack_ops fake_ops = {.name = "fake",
                                                 .endpoint_size = sizeof(struct fake_endpoint),
                                                 .send_info = DGRAM_SEND_TOS,
                                                 .recv_info = DGRAM_RECV_TOS,
                                                 .icmp_errors = true,
                                                 .run = fake_run,
                                                 .stop = fake_stop,
                                                 .set_alive = fake_set_alive,
                                                 .wake = fake_wake,
                                                 .set_alarm = fake_set_alarm,
                                                 .now = fake_now,
                                                 .close = fake_close,
                                                 .print = fake_print,
                                                 .lookup = fake_lookup,
                                                 .cancel_lookup = fake_cancel_lookup,
                                                 .interfaces = fake_interfaces,
                                                 .interface_index = fake_interface_index,
                                                 .interface_name = fake_interface_name,
                                                 .group_interface = fake_group_interface,
                                                 .open = fake_open,
                                                 .bind = fake_bind,
                                                 .adopt = fake_adopt,
                                                 .duplicate = fake_duplicate,
                                                 .discard = fake_discard,
                                                 .local_address = fake_local_address,
                                                 .connect = fake_connect,
                                                 .remote_address = fake_remote_address,
                                                 .receive_start = fake_receive_start,
                                                 .receive_stop = fake_receive_stop,
                                                 .set_recv_info = fake_set_recv_info,
                                                 .send = fake_send,
                                                 .set_option = fake_set_option,
                                                 .get_option = fake_get_option,
                                                 .path_mtu = fake_path_mtu,
                                                 .set_membership = fake_set_membership,
                                                 .set_multicast_interface =
                                                     fake_set_multicast_interface,
                                                 .dropped = fake_dropped,
                                                 .close_endpoint = fake_close_endpoint};

/* ---- what tests call ---- */

void fake_init(struct fake *fake) {
  dgram_allocator allocator;

  memset(fake, 0, sizeof *fake);
  unit_stack_init(&fake->unit);
  fake->now_ns = UINT64_C(1000000000000);
  fake->alarm_ns = UINT64_MAX;
  fake->takes = SIZE_MAX;
  fake->two_index = 2;
  allocator = fake->unit.stack.allocator;
  assert_int_equal(dgram__host_init(fake_stack(fake), &fake_ops, &allocator), 0);
}

dgram_stack *fake_stack(struct fake *fake) {
  return &fake->unit.stack;
}

struct fake_endpoint *fake_endpoint_of(dgram_socket *socket) {
  return endpoint_of(socket->endpoint);
}

bool fake_turn(struct fake *fake) {
  if (!fake->woken) return false;
  fake->woken = false;
  dgram__stack_turn(fake_stack(fake));
  return true;
}

void fake_settle(struct fake *fake) {
  for (int turns = 0; fake_turn(fake); turns++) {
    if (turns == 10000) fail_msg("the core asks for one turn after another");
  }
}

void fake_pass(struct fake *fake, uint64_t ns) {
  fake->now_ns += ns;
  if (fake->alarm_ns > fake->now_ns) return;
  fake->alarm_ns = UINT64_MAX;
  dgram__stack_alarm(fake_stack(fake));
}

void fake_answer(struct fake *fake, const char *name, int last) {
  dgram_address address = {0};
  struct fake_lookup *record = fake->lookups;
  struct dgram__lookup *lookup;

  while (record->lookup == NULL || strcmp(record->name, name) != 0) {
    record++;
    assert_true(record < fake->lookups + fake->lookup_count);
  }
  lookup = record->lookup;
  record->lookup = NULL;
  if (last < 0) {
    dgram__lookup_done(lookup, last, NULL);
    return;
  }
  assert_int_equal(
      dgram_address_parse(record->family == DGRAM_IPV6 ? "2001:db8::" : "192.0.2.0", 0, &address),
      0);
  address.bytes[record->family == DGRAM_IPV6 ? 15 : 3] = (uint8_t)last;
  dgram__lookup_done(lookup, 1, &address);
}

size_t fake_in_flight(const struct fake *fake) {
  size_t count = 0;

  for (size_t i = 0; i < fake->lookup_count; i++)
    count += fake->lookups[i].lookup != NULL;
  return count;
}

void fake_sendable(dgram_socket *socket, int first) {
  dgram__endpoint_sendable(&fake_endpoint_of(socket)->base, first);
}

void fake_receive_more(dgram_socket *socket, const char *letters) {
  dgram_message messages[64];
  const size_t count = strlen(letters);

  assert_true(count <= 64);
  for (size_t i = 0; i < count; i++)
    messages[i] = (dgram_message){
        .bytes = &letters[i], .length = 1, .from = dgram__address_loopback(DGRAM_IPV4, 9)};
  dgram__endpoint_received(&fake_endpoint_of(socket)->base, messages, count);
}

void fake_receive(dgram_socket *socket, const char *letters) {
  assert_true(fake_endpoint_of(socket)->receiving);
  fake_receive_more(socket, letters);
}

void fake_end(struct fake *fake) {
  assert_int_equal(fake->unit.stack.host->depth, 0);
  if (!fake->unit.stack.host->closing)
    assert_int_equal(dgram_stack_close(fake_stack(fake), NULL, NULL), 0);
  fake_settle(fake);
  assert_true(fake->closing);
  assert_int_equal(fake_in_flight(fake), 0);
  assert_true(fake->alarm_ns == UINT64_MAX);
  dgram__stack_closed(fake_stack(fake));
  assert_false(fake->alive);
  unit_stack_check(&fake->unit);
}
