/* What primary and worker say to each other: frames of one size, as bytes. Pure.
 *
 *   worker                          primary
 *   HELLO            -------------->            once, first
 *   BIND id key      -------------->            the window of them at most without an answer
 *                    <--------------            ANSWER id, handle with a descriptor, or a code
 *   LISTENING handle -------------->            the socket receives
 *   RELEASE handle   -------------->            the socket is closed, or came to nothing
 *                    <--------------            STOP
 *   LEAVING          -------------->
 *
 * Each is one packet of the channel. Numbers are little-endian; what a frame does not use is 0, and a
 * frame in which it is not is none. So there is one way to write each, and what is read can be
 * written again the same. */

#ifndef CLUSTER_FRAME_H
#define CLUSTER_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "dgram.h"

enum {
  CLUSTER_FRAME_SIZE = 64,
  CLUSTER_FRAME_VERSION = 1 /* the two ends may be of two versions of a program */
};

enum cluster_frame_type {
  CLUSTER_HELLO = 1,
  CLUSTER_BIND = 2,
  CLUSTER_LISTENING = 3,
  CLUSTER_RELEASE = 4,
  CLUSTER_LEAVING = 5,
  CLUSTER_ANSWER = 6,
  CLUSTER_STOP = 7
};

/* Of BIND. */
enum cluster_frame_flags { CLUSTER_REUSE_ADDR = 1 << 0, CLUSTER_IPV6_ONLY = 1 << 1 };

struct cluster_frame {
  uint8_t type;          /* enum cluster_frame_type */
  uint8_t flags;         /* BIND */
  int32_t code;          /* ANSWER: 0, or why there is no descriptor */
  uint32_t index;        /* BIND */
  uint64_t id;           /* HELLO: the worker's; BIND, ANSWER: the request's */
  uint64_t handle;       /* ANSWER with code 0, LISTENING, RELEASE */
  dgram_address address; /* BIND, LISTENING; its family is the socket's type */
};

/* Writes a frame: CLUSTER_FRAME_SIZE bytes. Only what its type uses counts. */
void cluster_frame_encode(const struct cluster_frame *frame, uint8_t *bytes);

/* Reads one. DGRAM_EPROTO: that is none, or of another version; then *ret_frame is as it was. */
int cluster_frame_decode(const uint8_t *bytes, size_t size, struct cluster_frame *ret_frame);

#endif
