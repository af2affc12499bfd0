/* What loop.c tells the keeper of the default stack (default.c). */

#ifndef DGRAM_STACK_LOOP_DEFAULT_H
#define DGRAM_STACK_LOOP_DEFAULT_H

/* The thread that owns the default loop needs it for one reason more: a stack that is not wholly
 * closed, a run that has not returned. As long as there is a reason no other thread gets a default
 * stack. */
void loop_default_hold(void);
void loop_default_let_go(void);

#endif
