/* A run: datagrams of a list that are alike, to one destination, of one length, with one info, and
 * stand one behind the other in memory, each in one piece. Most bulk is runs, and a run costs less:
 * what holds for its first datagram holds for all of it, and its bytes are one piece. */

#ifndef DGRAM_CORE_RUN_H
#define DGRAM_CORE_RUN_H

#include "dgram.h"

/* How many datagrams at the front, of up to so many, are a run; 1 or more. Writes their results as
 * if they had gone, while they are at hand. */
size_t dgram__run_of(dgram_datagram *list, size_t most);

#endif
