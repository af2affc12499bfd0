#ifndef DGRAM_STACK_SIM_AHEAD_H
#define DGRAM_STACK_SIM_AHEAD_H

#include "stack/sim/events.h"

/* Places of the heap from the top, the first one being 0, in which an event is so near that what it
 * touches is fetched: four levels, so that about as many events happen meanwhile. */
enum { SIM_AHEAD = 341 };

/* An event has come to that place, or moved in it. */
void sim_fetch_ahead(const struct sim_event *event, size_t place);

#endif
