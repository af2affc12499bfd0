/* A socket of the fake's that sends datagrams, told apart by their first byte. Callbacks write the
 * letter they were given and their status, a code by its name, to a log. */

#ifndef DGRAM_SENDER_H
#define DGRAM_SENDER_H

#include "fake.h"

extern struct fake fake;
extern dgram_socket *sock; /* NULL when it is closed */
extern dgram_address to;   /* 192.0.2.1, port 7 */
extern char log_text[4096];
extern void (*act)(void); /* what the next callback does, once */
extern size_t closed;     /* how often `close` was emitted */
extern const char letters[];

/* Each test's. begin is set_up with options of one's own. */
void begin(dgram_socket_options options);
int set_up(void **state);
int tear_down(void **state);

/* Callbacks, and what they write with. on_sent's data points to its
 * letter, on_error's to fake. */
void note(const char *what, int number);
void on_sent(dgram_socket *socket, int status, void *data);
void on_error(dgram_socket *socket, const dgram_error *error, void *data);
void on_close(dgram_socket *socket, void *data);

/* One byte, the letter, with a callback. */
int send_letter(char letter);
int send_to_name(char letter, const char *name);

/* Without a callback, so that they are copied. */
int send_silently(char letter);
int send_large(size_t length);

void bind_and_settle(void);

/* The first bytes of what the system took. */
const char *sent(void);

/* Asserts what was logged since the last time. */
void expect_log(const char *expected);

#endif
