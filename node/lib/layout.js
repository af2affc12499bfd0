'use strict';

// How what native code and JavaScript share is laid out, in numbers of 32 bits: enum layout in
// native/addon.h, which says more.

const MESSAGE_STRIDE = 4;
const MESSAGES_MAX = 1024;
const ADDRESS_STRIDE = 7;
const SENDERS_AT = MESSAGE_STRIDE * MESSAGES_MAX;
const INDEX_AT = SENDERS_AT + ADDRESS_STRIDE * MESSAGES_MAX;
const COUNT_AT = INDEX_AT + 1;
const HELD_AT = COUNT_AT + 1;
const SEND_STRIDE = 1 + ADDRESS_STRIDE;
const SENDS_MAX = 2048;

module.exports = {
  MESSAGE_STRIDE,
  ADDRESS_STRIDE,
  SENDERS_AT,
  INDEX_AT,
  COUNT_AT,
  HELD_AT,
  RECEIVE_META_LENGTH: HELD_AT + 1,
  SEND_STRIDE,
  SENDS_MAX,
  SEND_META_LENGTH: SEND_STRIDE * SENDS_MAX,
  MESSAGE_TRUNCATED: 1,

  // A code of dgram.h's own: the descriptor is not a UDP socket of this family.
  EFDTYPE: -5009,

  // Numbers of Handle.setOption.
  OPTION_BROADCAST: 0,
  OPTION_TTL: 1,
  OPTION_MULTICAST_TTL: 2,
  OPTION_MULTICAST_LOOPBACK: 3,
  OPTION_TOS: 4,
};
