#include "fake.h"

#include <stdio.h>
#include <string.h>

#include "core/socket.h"

static struct fake fake;
static size_t stack_closed;
static size_t socket_closed;

static int set_up(void **state) {
  (void)state;
  fake_init(&fake);
  stack_closed = 0;
  socket_closed = 0;
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  fake_end(&fake);
  return 0;
}

static dgram_socket *create(void) {
  const dgram_socket_options options = {.type = DGRAM_UDP4};
  dgram_socket *socket;

  assert_int_equal(dgram_create_socket(fake_stack(&fake), &options, &socket), 0);
  return socket;
}

/* ---- options ---- */

static void options_of_other_versions(void **state) {
  struct {
    int a;
    int b;
    int c;
  } known, given = {1, 2, 0};

  (void)state;
  assert_int_equal(dgram__options_copy(&known, sizeof known, NULL, sizeof known), 0);
  assert_int_equal(known.a, 0);
  /* An older caller's is shorter: the rest is zero. */
  known.b = known.c = 9;
  assert_int_equal(dgram__options_copy(&known, sizeof known, &given, sizeof given.a), 0);
  assert_int_equal(known.a, 1);
  assert_int_equal(known.b, 0);
  assert_int_equal(known.c, 0);
  /* A newer caller's is longer: the rest must be zero. */
  assert_int_equal(dgram__options_copy(&known, 2 * sizeof(int), &given, sizeof given), 0);
  assert_int_equal(known.b, 2);
  given.c = 1;
  assert_int_equal(dgram__options_copy(&known, 2 * sizeof(int), &given, sizeof given),
                   DGRAM_EINVAL);
}

static void *no_malloc(size_t size, void *data) {
  (void)size;
  (void)data;
  return NULL;
}

static void no_free(void *memory, void *data) {
  (void)memory;
  (void)data;
}

static int read_options(dgram_stack_options options) {
  dgram_stack_options result;

  return dgram__stack_options_read(&options, sizeof options, &result);
}

static void bad_options_of_a_stack_are_refused(void **state) {
  const dgram_allocator half = {.malloc = no_malloc, .free = no_free};
  static char memory[8];

  (void)state;
  assert_int_equal(read_options((dgram_stack_options){0}), 0);
  assert_int_equal(read_options((dgram_stack_options){.allocator = &half}), DGRAM_EINVAL);
  assert_int_equal(read_options((dgram_stack_options){.kind = DGRAM_STACK_UV}), 0);
  assert_int_equal(read_options((dgram_stack_options){.kind = 3}), DGRAM_EINVAL);
  assert_int_equal(read_options((dgram_stack_options){.kind = -1}), DGRAM_EINVAL);
  assert_int_equal(read_options((dgram_stack_options){.disable = 1u << 31}), DGRAM_EINVAL);
  assert_int_equal(read_options((dgram_stack_options){.receive_memory = memory,
                                                      .receive_memory_size = DGRAM__SLOT_SIZE - 1}),
                   DGRAM_EINVAL);
  assert_int_equal(read_options((dgram_stack_options){.receive_memory = memory,
                                                      .receive_memory_size = DGRAM__SLOT_SIZE}),
                   0);
}

static void bad_options_of_a_socket_are_refused(void **state) {
  struct {
    dgram_socket_options options;
    char newer[8];
  } given = {{.type = DGRAM_UDP4}, {0}};
  dgram_socket_options options = {.type = 5};
  dgram_socket *socket = NULL;

  (void)state;
  assert_int_equal(dgram_create_socket(fake_stack(&fake), &options, &socket), DGRAM_EBADTYPE);
  assert_int_equal(dgram_create_socket(fake_stack(&fake), NULL, &socket), DGRAM_EBADTYPE);
  options.type = DGRAM_UDP4;
  assert_int_equal(dgram_create_socket(fake_stack(&fake), &options, NULL), DGRAM_EARGTYPE);
  given.newer[7] = 1;
  assert_int_equal(
      dgram_create_socket_sized(fake_stack(&fake), &given.options, sizeof given, &socket),
      DGRAM_EINVAL);
  fake.open_code = DGRAM_ENOMEM;
  assert_int_equal(dgram_create_socket(fake_stack(&fake), &options, &socket), DGRAM_ENOMEM);
  assert_null(socket);
}

static void on_message(dgram_socket *socket, const dgram_message *message, void *data) {
  (void)socket;
  (void)message;
  (void)data;
}

static void creating_without_memory_leaves_nothing(void **state) {
  const dgram_socket_options options = {
      .type = DGRAM_UDP6, .on_message = on_message, .recv_info = DGRAM_RECV_TOS};
  const size_t live = fake.unit.live;
  dgram_socket *socket = NULL;

  (void)state;
  for (size_t i = 1; i <= 3; i++) {
    fake.unit.fail_once = fake.unit.asked + i;
    assert_int_equal(dgram_create_socket(fake_stack(&fake), &options, &socket), DGRAM_ENOMEM);
    assert_null(socket);
    assert_int_equal(fake.unit.live, live);
  }
  fake.open_code = DGRAM_EMFILE;
  assert_int_equal(dgram_create_socket(fake_stack(&fake), &options, &socket), DGRAM_EMFILE);
  assert_int_equal(fake.unit.live, live);
}

/* ---- last resort ---- */

static void fail_unheard(dgram_socket *socket) {
  fake.send_code = DGRAM_EPERM;
  assert_int_equal(dgram_send(socket, "x", 1, 7, "192.0.2.1", NULL, NULL), 0);
  fake_settle(&fake);
}

/* Rule 12. */
static void unheard_errors_are_a_line_a_second(void **state) {
  dgram_socket *socket = create();

  (void)state;
  fail_unheard(socket);
  assert_int_equal(fake.lines, 1);
  assert_string_equal(fake.line, "dgram: unheard error: send EPERM 192.0.2.1:7");
  fail_unheard(socket);
  fail_unheard(socket);
  fake_pass(&fake, DGRAM_SECOND - 1);
  fail_unheard(socket);
  assert_int_equal(fake.lines, 1);
  fake_pass(&fake, 1);
  fail_unheard(socket);
  assert_int_equal(fake.lines, 2);
  assert_string_equal(fake.line, "dgram: unheard error: send EPERM 192.0.2.1:7 (and 3 more)");
  assert_int_equal(socket->stats.unheard_errors, 5);
  fake_pass(&fake, DGRAM_SECOND);
  fail_unheard(socket);
  assert_string_equal(fake.line, "dgram: unheard error: send EPERM 192.0.2.1:7");
}

static size_t unheard;

static void on_unheard(dgram_stack *stack, dgram_socket *socket, const dgram_error *error,
                       void *data) {
  assert_ptr_equal(stack, fake_stack(&fake));
  assert_non_null(socket);
  assert_int_equal(error->code, DGRAM_EPERM);
  assert_ptr_equal(data, &unheard);
  unheard++;
}

static void a_last_resort_of_ones_own(void **state) {
  dgram_socket *socket = create();

  (void)state;
  unheard = 0;
  assert_int_equal(dgram_stack_on_unheard(fake_stack(&fake), on_unheard, &unheard), 0);
  fail_unheard(socket);
  fail_unheard(socket);
  assert_int_equal(unheard, 2);
  assert_int_equal(fake.lines, 0);
  assert_int_equal(dgram_stack_on_unheard(fake_stack(&fake), NULL, NULL), 0);
  fail_unheard(socket);
  assert_int_equal(unheard, 2);
  assert_int_equal(fake.lines, 1);
}

/* The longest name an error may carry fits into the line. */
static void a_long_name_is_printed_whole(void **state) {
  char name[DGRAM__NAME_MAX + 1];
  dgram_socket *socket = create();

  (void)state;
  memset(name, 'x', sizeof name);
  name[DGRAM__NAME_MAX] = '\0';
  assert_int_equal(dgram_send(socket, "x", 1, 65535, name, NULL, NULL), 0);
  fake_answer(&fake, name, DGRAM_ENOTFOUND);
  fake_settle(&fake);
  assert_non_null(strstr(fake.line, name));
  assert_string_equal(fake.line + strlen(fake.line) - 7, "x:65535");
}

/* ---- spare queues ---- */

/* Sockets that send in turn share one queue; those that send together leave as many as are kept. */
static void queues_are_kept_for_the_next(void **state) {
  dgram_socket *sockets[DGRAM__SPARE_QUEUES_MAX + 10];
  const size_t count = sizeof sockets / sizeof sockets[0];
  size_t asked;

  (void)state;
  for (size_t i = 0; i < count; i++)
    sockets[i] = create();
  for (size_t i = 0; i < count; i++) {
    assert_int_equal(dgram_send(sockets[i], NULL, 0, 7, NULL, NULL, NULL), 0);
    fake_settle(&fake);
  }
  assert_int_equal(fake_stack(&fake)->host->spares->queue_count, 1);
  for (size_t i = 0; i < count; i++)
    assert_int_equal(dgram_send(sockets[i], NULL, 0, 7, NULL, NULL, NULL), 0);
  fake_settle(&fake);
  assert_int_equal(fake_stack(&fake)->host->spares->queue_count, DGRAM__SPARE_QUEUES_MAX);
  asked = fake.unit.asked;
  for (size_t i = 0; i < DGRAM__SPARE_QUEUES_MAX; i++)
    assert_int_equal(dgram_send(sockets[i], NULL, 0, 7, NULL, NULL, NULL), 0);
  fake_settle(&fake);
  assert_int_equal(fake.unit.asked, asked);
}

/* Sends so many together, and returns how often the allocator was asked. */
static size_t send_together(dgram_socket *socket, int count) {
  const size_t asked = fake.unit.asked;

  fake.sent_count = 0;
  for (int i = 0; i < count; i++)
    assert_int_equal(dgram_send(socket, NULL, 0, 7, NULL, NULL, NULL), 0);
  fake_settle(&fake);
  assert_int_equal(fake.sent_count, count);
  return fake.unit.asked - asked;
}

/* The deepest, which the next socket that queues many takes whole. */
static void one_deep_queue_is_kept(void **state) {
  enum { KEPT = DGRAM__QUEUE_CAPACITY_KEPT };
  const struct dgram__spares *spares = fake_stack(&fake)->host->spares;
  dgram_socket *sockets[] = {create(), create()};
  size_t steps;

  (void)state;
  for (size_t i = 0; i < 2; i++)
    assert_int_equal(dgram_bind(sockets[i], NULL, NULL, NULL), 0);
  fake_settle(&fake);
  steps = send_together(sockets[0], KEPT + 1);
  assert_int_equal(spares->queue_count, 0);
  assert_int_equal(spares->deep_queue->capacity, 2 * KEPT);
  assert_int_equal(send_together(sockets[1], KEPT + 1), steps - 1);
  assert_int_equal(spares->deep_queue->capacity, 2 * KEPT);
}

/* Two stacks that share a loop keep what is spare in common; the last one frees it. */
static void stacks_beside_each_other_share(void **state) {
  dgram_stack *beside;
  struct dgram__queue *queue;

  (void)state;
  assert_int_equal(dgram__stack_new_beside(fake_stack(&fake), sizeof *beside, &beside), 0);
  assert_ptr_equal(beside->ops, fake_stack(&fake)->ops);
  assert_ptr_equal(beside->host->spares, fake_stack(&fake)->host->spares);
  queue = dgram__host_take_queue(beside);
  assert_non_null(queue);
  dgram__host_give_queue(beside, queue);
  assert_ptr_equal(dgram__host_take_queue(fake_stack(&fake)), queue);
  dgram__host_give_queue(fake_stack(&fake), queue);
  dgram__stack_delete(beside);
  assert_int_equal(fake_stack(&fake)->host->spares->stacks, 1);
  assert_int_equal(fake_stack(&fake)->host->spares->queue_count, 1);
  for (size_t nth = 1; nth <= 2; nth++) {
    fake.unit.fail_once = fake.unit.asked + nth;
    assert_int_equal(dgram__stack_new_beside(fake_stack(&fake), sizeof *beside, &beside),
                     DGRAM_ENOMEM);
  }
}

/* ---- events ---- */

static bool listens(const dgram_socket *socket, enum dgram__event event) {
  for (int other = 0; other < DGRAM__EVENTS; other++) {
    if (dgram__listeners_any(&socket->listeners, other) && other != (int)event) return false;
  }
  return dgram__listeners_any(&socket->listeners, event);
}

/* Each event's three functions concern that event and no other. */
#define CHECK_EVENT(name, event)                                                                   \
  do {                                                                                             \
    const dgram_##name##_cb cb = (dgram_##name##_cb)no_event;                                      \
    assert_int_equal(dgram_on_##name(socket, cb, &fake), 0);                                       \
    assert_true(listens(socket, event));                                                           \
    assert_int_equal(dgram_off_##name(socket, cb, socket), 0);                                     \
    assert_int_equal(dgram_off_##name(socket, cb, &fake), 1);                                      \
    assert_int_equal(dgram_once_##name(socket, cb, &fake), 0);                                     \
    assert_true(listens(socket, event));                                                           \
    assert_int_equal(dgram_off_##name(socket, cb, &fake), 1);                                      \
    assert_false(dgram__listeners_any(&socket->listeners, event));                                 \
    assert_int_equal(dgram_on_##name(socket, NULL, &fake), DGRAM_EARGTYPE);                        \
    assert_int_equal(dgram_once_##name(NULL, cb, &fake), DGRAM_EARGTYPE);                          \
    assert_int_equal(dgram_off_##name(NULL, cb, &fake), DGRAM_EARGTYPE);                           \
    assert_int_equal(dgram_off_##name(socket, NULL, &fake), DGRAM_EARGTYPE);                       \
  } while (0)

static void no_event(void) {}

static void each_event_has_its_own_functions(void **state) {
  dgram_socket *socket = create();

  (void)state;
  CHECK_EVENT(message, DGRAM__MESSAGE);
  CHECK_EVENT(batch, DGRAM__BATCH);
  CHECK_EVENT(listening, DGRAM__LISTENING);
  CHECK_EVENT(close, DGRAM__CLOSE);
  CHECK_EVENT(error, DGRAM__ERROR);
  CHECK_EVENT(drain, DGRAM__DRAIN);
}

/* Rule 13 does not end with dgram_close, but on and once do. */
static void off_works_on_a_closing_socket(void **state) {
  dgram_socket *socket = create();

  (void)state;
  assert_int_equal(dgram_on_close(socket, (dgram_close_cb)no_event, &fake), 0);
  assert_int_equal(dgram_close(socket, NULL, NULL), 0);
  assert_int_equal(dgram_on_close(socket, (dgram_close_cb)no_event, NULL), DGRAM_ENOTRUNNING);
  assert_int_equal(dgram_once_close(socket, (dgram_close_cb)no_event, NULL), DGRAM_ENOTRUNNING);
  assert_int_equal(dgram_off_close(socket, (dgram_close_cb)no_event, &fake), 1);
  assert_int_equal(dgram_off_close(socket, (dgram_close_cb)no_event, &fake), 0);
}

/* ---- the end of a stack ---- */

static void on_stack_closed(dgram_stack *stack, void *data) {
  assert_ptr_equal(stack, fake_stack(&fake));
  assert_ptr_equal(data, &stack_closed);
  stack_closed++;
}

static void on_close(dgram_socket *socket, void *data) {
  (void)socket;
  (void)data;
  assert_int_equal(stack_closed, 0);
  socket_closed++;
}

static void the_end_aborts_sockets_and_calls_back_last(void **state) {
  (void)state;
  for (int i = 0; i < 5; i++) {
    dgram_socket *socket = create();
    assert_int_equal(dgram_on_close(socket, on_close, NULL), 0);
    if (i < 3) assert_int_equal(dgram_bind(socket, NULL, NULL, NULL), 0);
    if (i == 1) assert_int_equal(dgram_close(socket, NULL, NULL), 0);
    if (i == 2) fake_settle(&fake);
  }
  assert_int_equal(dgram_stack_close(fake_stack(&fake), on_stack_closed, &stack_closed), 0);
  assert_int_equal(dgram_stack_close(fake_stack(&fake), NULL, NULL), DGRAM_ENOTRUNNING);
  assert_int_equal(socket_closed, 1);
  fake_settle(&fake);
  assert_int_equal(socket_closed, 5);
  assert_true(fake.closing);
  assert_true(fake.alive);
  fake_end(&fake);
  assert_int_equal(stack_closed, 1);
  fake_init(&fake);
}

static void every_call_on_a_closing_stack_is_refused(void **state) {
  const dgram_socket_options options = {.type = DGRAM_UDP4};
  dgram_stack *stack = fake_stack(&fake);
  dgram_socket *socket;
  char name[16];

  (void)state;
  assert_int_equal(dgram_stack_close(stack, NULL, NULL), 0);
  assert_int_equal(dgram_create_socket(stack, &options, &socket), DGRAM_ENOTRUNNING);
  assert_int_equal(dgram_flush(stack), DGRAM_ENOTRUNNING);
  assert_int_equal(dgram_stack_on_unheard(stack, NULL, NULL), DGRAM_ENOTRUNNING);
  assert_int_equal(dgram_stack_set_binder(stack, NULL, NULL), DGRAM_ENOTRUNNING);
  assert_int_equal(dgram_interface_index(stack, "one"), DGRAM_ENOTRUNNING);
  assert_int_equal(dgram_interface_name(stack, 1, name, sizeof name), DGRAM_ENOTRUNNING);
  assert_true(dgram_now(stack) == 0);
}

static void on_close_close_stack(dgram_socket *socket, void *data) {
  (void)data;
  assert_int_equal(dgram_stack_close(dgram_socket_stack(socket), NULL, NULL), 0);
  socket_closed++;
}

static void the_stack_may_be_closed_in_close(void **state) {
  (void)state;
  for (int i = 0; i < 3; i++) {
    dgram_socket *socket = create();
    assert_int_equal(dgram_on_close(socket, i == 1 ? on_close_close_stack : on_close, NULL), 0);
    if (i == 1) assert_int_equal(dgram_close(socket, NULL, NULL), 0);
  }
  fake_settle(&fake);
  assert_int_equal(socket_closed, 3);
  assert_true(fake.closing);
  fake_end(&fake);
  fake_init(&fake);
}

/* ---- running ---- */

static int code_of_run;

static void on_timer(dgram_timer *timer, void *data) {
  (void)timer;
  code_of_run = dgram_run(data);
}

static void run_does_not_nest(void **state) {
  dgram_timer timer = {0};

  (void)state;
  assert_int_equal(dgram_timer_start(fake_stack(&fake), &timer, 0, on_timer, fake_stack(&fake)), 0);
  fake_pass(&fake, 0);
  assert_int_equal(code_of_run, DGRAM_ERUNNING);
  assert_int_equal(dgram_run(fake_stack(&fake)), 0);
  assert_int_equal(dgram_stop(fake_stack(&fake)), 0);
  assert_true(fake.stopped);
}

static void the_clock_is_the_stacks(void **state) {
  (void)state;
  assert_true(dgram_now(fake_stack(&fake)) == fake.now_ns);
  fake_pass(&fake, 5);
  assert_true(dgram_now(fake_stack(&fake)) == fake.now_ns);
}

static void interfaces_by_name_and_index(void **state) {
  char name[16] = "x";

  (void)state;
  assert_int_equal(dgram_interface_index(fake_stack(&fake), "two"), 2);
  assert_int_equal(dgram_interface_index(fake_stack(&fake), "three"), DGRAM_ENODEV);
  assert_int_equal(dgram_interface_index(fake_stack(&fake), NULL), DGRAM_EARGTYPE);
  assert_int_equal(dgram_interface_name(fake_stack(&fake), 3, name, sizeof name), DGRAM_ENODEV);
  assert_int_equal(dgram_interface_name(fake_stack(&fake), 1, name, 3), DGRAM_ENOSPC);
  assert_int_equal(dgram_interface_name(fake_stack(&fake), 1, NULL, 4), DGRAM_EARGTYPE);
  assert_string_equal(name, "x");
  assert_int_equal(dgram_interface_name(fake_stack(&fake), 1, name, 4), 3);
  assert_string_equal(name, "one");
}

/* ---- setters and counters ---- */

static void setters_check_and_hand_on(void **state) {
  dgram_socket *socket = create();

  (void)state;
  assert_int_equal(dgram_set_ttl(socket, 64), DGRAM_EBADF);
  assert_int_equal(dgram_set_ttl(socket, 0), DGRAM_EINVAL);
  assert_int_equal(dgram_bind(socket, NULL, NULL, NULL), 0);
  assert_int_equal(dgram_set_broadcast(socket, true), DGRAM_EBADF);
  fake_settle(&fake);
  assert_int_equal(dgram_set_ttl(socket, 256), DGRAM_EINVAL);
  assert_int_equal(dgram_set_multicast_ttl(socket, -1), DGRAM_EINVAL);
  assert_int_equal(dgram_set_multicast_ttl(socket, 256), DGRAM_EINVAL);
  assert_int_equal(dgram_set_ttl(socket, 255), 0);
  assert_int_equal(fake.last_option, DGRAM__OPTION_TTL);
  assert_int_equal(fake.last_value, 255);
  assert_int_equal(dgram_set_multicast_ttl(socket, 0), 0);
  assert_int_equal(fake.last_option, DGRAM__OPTION_MULTICAST_TTL);
  assert_int_equal(dgram_set_multicast_loopback(socket, false), 0);
  assert_int_equal(fake.last_option, DGRAM__OPTION_MULTICAST_LOOPBACK);
  assert_int_equal(fake.last_value, 0);
  assert_int_equal(dgram_set_broadcast(socket, true), 0);
  assert_int_equal(fake.last_option, DGRAM__OPTION_BROADCAST);
  assert_int_equal(fake.last_value, 1);
  assert_int_equal(dgram_set_tos(socket, -1), DGRAM_EINVAL);
  assert_int_equal(dgram_set_tos(socket, 256), DGRAM_EINVAL);
  assert_int_equal(dgram_set_tos(socket, 255), 0);
  assert_int_equal(fake.last_option, DGRAM__OPTION_TOS);
  assert_int_equal(fake.last_value, 255);
  assert_int_equal(dgram_set_dont_fragment(socket, true), 0);
  assert_int_equal(fake.last_option, DGRAM__OPTION_DONT_FRAGMENT);
  assert_int_equal(fake.last_value, 1);
  assert_int_equal(dgram_set_dont_fragment(NULL, true), DGRAM_EARGTYPE);
  assert_int_equal(dgram_set_recv_info(socket, DGRAM_RECV_TOS), 0);
  assert_int_equal(dgram_set_recv_info(NULL, DGRAM_RECV_TOS), DGRAM_EARGTYPE);
  assert_int_equal(dgram_set_recv_info(socket, DGRAM_RECV_TOS | DGRAM_RECV_TIME), DGRAM_ENOTSUP);
  assert_int_equal(dgram_set_ttl(NULL, 1), DGRAM_EARGTYPE);
}

static void sizes_are_what_the_system_says(void **state) {
  dgram_socket *socket = create();

  (void)state;
  assert_int_equal(dgram_bind(socket, NULL, NULL, NULL), 0);
  assert_int_equal(dgram_set_recv_buffer_size(socket, 7), DGRAM_EBADF);
  assert_int_equal(dgram_get_recv_buffer_size(socket), DGRAM_EBADF);
  fake_settle(&fake);
  assert_int_equal(dgram_set_recv_buffer_size(socket, 0), DGRAM_EBADBUFFERSIZE);
  assert_int_equal(dgram_set_recv_buffer_size(socket, 7), 14);
  assert_int_equal(dgram_get_recv_buffer_size(socket), 14);
  assert_int_equal(fake.last_option, DGRAM__OPTION_RECV_BUFFER);
  assert_int_equal(dgram_set_send_buffer_size(socket, 8), 16);
  assert_int_equal(fake.last_option, DGRAM__OPTION_SEND_BUFFER);
  assert_int_equal(dgram_get_send_buffer_size(socket), 16);
  fake.option_code = DGRAM_ENOBUFS;
  assert_int_equal(dgram_set_send_buffer_size(socket, 8), DGRAM_ENOBUFS);
  assert_int_equal(dgram_get_send_buffer_size(socket), DGRAM_ENOBUFS);
}

static void info_is_asked_for_with_the_bind(void **state) {
  dgram_socket_options options = {.type = DGRAM_UDP4, .recv_info = DGRAM_RECV_TIME};
  dgram_socket *socket = NULL;

  (void)state;
  assert_int_equal(dgram_create_socket(fake_stack(&fake), &options, &socket), DGRAM_ENOTSUP);
  options.recv_info = DGRAM_RECV_TOS;
  for (int by = 0; by < 3; by++) {
    const dgram_bind_options where = {.fd = by == 1 ? 9 : 0};
    fake.last_how.recv_info = 0;
    assert_int_equal(dgram_create_socket(fake_stack(&fake), &options, &socket), 0);
    if (by < 2) assert_int_equal(dgram_bind(socket, &where, NULL, NULL), 0);
    if (by == 2) assert_int_equal(dgram_send(socket, "x", 1, 9, NULL, NULL, NULL), 0);
    fake_settle(&fake);
    assert_int_equal(fake.last_how.recv_info, DGRAM_RECV_TOS);
  }
}

static void path_mtu_is_the_stacks(void **state) {
  dgram_socket *socket = create();
  dgram_address to = {.family = DGRAM_IPV4, .bytes = {192, 0, 2, 7}};
  const dgram_address other = {.family = DGRAM_IPV6};

  (void)state;
  assert_int_equal(dgram_get_path_mtu(socket, &to), DGRAM_EBADF);
  assert_int_equal(dgram_get_path_mtu(socket, NULL), DGRAM_ENOTCONNECTED);
  assert_int_equal(dgram_get_path_mtu(socket, &other), DGRAM_EINVAL);
  assert_int_equal(dgram_bind(socket, NULL, NULL, NULL), 0);
  assert_int_equal(dgram_get_path_mtu(socket, &to), DGRAM_EBADF);
  fake_settle(&fake);
  assert_int_equal(dgram_get_path_mtu(socket, &to), 1007);
  assert_int_equal(dgram_get_path_mtu(socket, &other), DGRAM_EINVAL);
  assert_int_equal(dgram_get_path_mtu(socket, NULL), DGRAM_ENOTCONNECTED);
  assert_int_equal(dgram_get_path_mtu(NULL, &to), DGRAM_EARGTYPE);
  assert_int_equal(dgram_connect_sync(socket, 9, "192.0.2.8"), 0);
  fake_settle(&fake);
  assert_int_equal(dgram_get_path_mtu(socket, NULL), 1008);
  assert_int_equal(dgram_get_path_mtu(socket, &to), 1007);
  assert_int_equal(dgram_disconnect(socket), 0);
  assert_int_equal(dgram_get_path_mtu(socket, NULL), DGRAM_ENOTCONNECTED);
}

static void counters_of_other_versions(void **state) {
  struct {
    dgram_stats stats;
    uint64_t newer;
  } given;
  dgram_socket *socket = create();
  uint64_t older[2] = {9, 9};

  (void)state;
  memset(&given, 0xa5, sizeof given);
  assert_int_equal(dgram_get_stats_sized(socket, sizeof given, &given.stats), 0);
  assert_true(given.newer == 0);
  assert_true(given.stats.queued_high_water == 0);
  assert_int_equal(dgram_get_stats_sized(socket, sizeof older[0], (dgram_stats *)older), 0);
  assert_true(older[0] == 0 && older[1] == 9);
  assert_int_equal(dgram_get_stats(socket, NULL), DGRAM_EARGTYPE);
  assert_int_equal(dgram_socket_type(socket), DGRAM_UDP4);
  assert_int_equal(dgram_close(socket, NULL, NULL), 0);
  assert_int_equal(dgram_get_stats(socket, &given.stats), 0);
  assert_int_equal(dgram_get_stats(NULL, &given.stats), DGRAM_EARGTYPE);
  assert_int_equal(dgram_socket_type(socket), DGRAM_ENOTRUNNING);
}

#define HOST_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      HOST_TEST(options_of_other_versions),
      HOST_TEST(bad_options_of_a_stack_are_refused),
      HOST_TEST(bad_options_of_a_socket_are_refused),
      HOST_TEST(creating_without_memory_leaves_nothing),
      HOST_TEST(unheard_errors_are_a_line_a_second),
      HOST_TEST(a_last_resort_of_ones_own),
      HOST_TEST(a_long_name_is_printed_whole),
      HOST_TEST(queues_are_kept_for_the_next),
      HOST_TEST(one_deep_queue_is_kept),
      HOST_TEST(stacks_beside_each_other_share),
      HOST_TEST(each_event_has_its_own_functions),
      HOST_TEST(off_works_on_a_closing_socket),
      HOST_TEST(the_end_aborts_sockets_and_calls_back_last),
      HOST_TEST(every_call_on_a_closing_stack_is_refused),
      HOST_TEST(the_stack_may_be_closed_in_close),
      HOST_TEST(run_does_not_nest),
      HOST_TEST(the_clock_is_the_stacks),
      HOST_TEST(interfaces_by_name_and_index),
      HOST_TEST(setters_check_and_hand_on),
      HOST_TEST(sizes_are_what_the_system_says),
      HOST_TEST(info_is_asked_for_with_the_bind),
      HOST_TEST(path_mtu_is_the_stacks),
      HOST_TEST(counters_of_other_versions),
  };
  return cmocka_run_group_tests_name("host", tests, NULL, NULL);
}
