/* What the harness's own files know of each other. Tests include harness.h only. */

#ifndef DGRAM_TEST_HARNESS_BOOKS_H
#define DGRAM_TEST_HARNESS_BOOKS_H

#include "harness.h"

/* Whether each call called back as it should and each socket was closed; then the books are
 * empty. */
void h_books_close(void);

/* Empties the books without looking, and keeps what callbacks may still point to. */
void h_books_forget(void);

/* Makes the names of harness_resolver.c known in a stack's simulation. Returns 0 or a code. */
int h_resolver_simulate(dgram_stack *stack);

#endif
