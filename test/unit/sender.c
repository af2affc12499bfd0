#include "sender.h"

#include <stdio.h>
#include <string.h>

#include "core/socket.h"

struct fake fake;
dgram_socket *sock;
dgram_address to;
char log_text[4096];
void (*act)(void);
size_t closed;

const char letters[] = "abcdefghijklmnopqrstuvwxyz";

void note(const char *what, int number) {
  const size_t length = strlen(log_text);
  void (*now)(void) = act;

  if (number < 0) {
    snprintf(log_text + length, sizeof log_text - length, "%s:%s ", what, dgram_error_name(number));
  } else {
    snprintf(log_text + length, sizeof log_text - length, "%s%d ", what, number);
  }
  act = NULL;
  if (now != NULL) now();
}

void on_sent(dgram_socket *socket, int status, void *data) {
  const char text[2] = {*(const char *)data, '\0'};

  assert_ptr_equal(socket, sock);
  note(text, status);
}

void on_error(dgram_socket *socket, const dgram_error *error, void *data) {
  char text[300];

  assert_ptr_equal(socket, sock);
  assert_ptr_equal(data, &fake);
  snprintf(text, sizeof text, "%s(%s,%d)", error->syscall,
           error->address == NULL ? "-" : error->address, error->port);
  note(text, error->code);
}

static void on_drain(dgram_socket *socket, void *data) {
  (void)data;
  note("drain", (int)socket->stats.queued);
}

void on_close(dgram_socket *socket, void *data) {
  (void)socket;
  (void)data;
  sock = NULL;
  closed++;
  note("close", 0);
}

static void create(dgram_socket_options options) {
  assert_int_equal(dgram_create_socket(fake_stack(&fake), &options, &sock), 0);
  assert_int_equal(dgram_on_error(sock, on_error, &fake), 0);
  assert_int_equal(dgram_on_drain(sock, on_drain, NULL), 0);
  assert_int_equal(dgram_on_close(sock, on_close, NULL), 0);
}

void begin(dgram_socket_options options) {
  fake_init(&fake);
  log_text[0] = '\0';
  act = NULL;
  closed = 0;
  assert_int_equal(dgram_address_parse("192.0.2.1", 7, &to), 0);
  create(options);
}

int set_up(void **state) {
  (void)state;
  begin((dgram_socket_options){.type = DGRAM_UDP4});
  return 0;
}

int tear_down(void **state) {
  (void)state;
  fake_end(&fake);
  assert_int_equal(closed, 1);
  return 0;
}

int send_letter(char letter) {
  const char *at = &letters[letter - 'a'];

  return dgram_send_to(sock, at, 1, &to, on_sent, (void *)(uintptr_t)at);
}

int send_silently(char letter) {
  return dgram_send_to(sock, &letter, 1, &to, NULL, NULL);
}

int send_large(size_t length) {
  static const char large[DGRAM__PAYLOAD_MAX_IPV4 + 1];

  return dgram_send_to(sock, large, length, &to, NULL, NULL);
}

const char *sent(void) {
  static char text[FAKE_SENT_MAX + 1];

  for (size_t i = 0; i < fake.sent_count; i++)
    text[i] = fake.sent[i].first;
  text[fake.sent_count] = '\0';
  return text;
}

void expect_log(const char *expected) {
  assert_string_equal(log_text, expected);
  log_text[0] = '\0';
}

void bind_and_settle(void) {
  assert_int_equal(dgram_bind(sock, NULL, NULL, NULL), 0);
  fake_settle(&fake);
}

int send_to_name(char letter, const char *name) {
  const char *at = &letters[letter - 'a'];

  return dgram_send(sock, at, 1, 7, name, on_sent, (void *)(uintptr_t)at);
}
