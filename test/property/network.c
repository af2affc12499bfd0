/* Steps that change the network. What they make possible is noted before they are taken: the checks
 * allow no more than that. */

#include <string.h>

#include "world.h"

/* ---- links ---- */

static void note_reordering(const struct property_step *step, bool back) {
  if (step->args[PROPERTY_LINK_WAY] == PROPERTY_ALL_WAYS) {
    memset(property.reorders, true, sizeof property.reorders);
    return;
  }
  property.reorders[step->host][step->other] = true;
  if (back) property.reorders[step->other][step->host] = true;
}

static void note_link(const struct property_step *step) {
  const uint32_t *args = step->args;

  if (args[PROPERTY_LINK_WAY] == PROPERTY_UNSET) return;
  if (args[PROPERTY_LINK_REORDER] > 0)
    note_reordering(step, args[PROPERTY_LINK_WAY] == PROPERTY_BOTH_WAYS);
  if (args[PROPERTY_LINK_DUPLICATE] > 0) property.doubles = true;
  if (args[PROPERTY_LINK_LOSS] > 0 || args[PROPERTY_LINK_BURST] > 0) property.loses = true;
  if (args[PROPERTY_LINK_KBITS] > 0) property.queues = true;
  if (args[PROPERTY_LINK_MTU] > 0) property.cuts = true;
  if (args[PROPERTY_LINK_DOWN] > 0) property.parts = true;
}

static void set_link(const struct property_step *step) {
  dgram_stack *a = property.hosts[step->host].stack;
  dgram_stack *b = property.hosts[step->other].stack;
  const uint32_t way = step->args[PROPERTY_LINK_WAY];
  dgram_link_options options;
  int code;

  property_link_options(step, &options);
  if (way != PROPERTY_ALL_WAYS && (b == NULL || property.hosts[step->other].closing)) return;
  note_link(step);
  if (way == PROPERTY_ALL_WAYS) {
    code = PROPERTY_CALL(dgram_sim_set_default_link(property.sim, &options));
  } else if (way == PROPERTY_ONE_WAY) {
    code = PROPERTY_CALL(dgram_sim_set_way(a, b, &options));
  } else {
    code = PROPERTY_CALL(dgram_sim_set_link(a, b, way == PROPERTY_UNSET ? NULL : &options));
  }
  (void)property_answer(step, code);
  PROPERTY_CHECK("refuse", code == (way != PROPERTY_ALL_WAYS && a == b ? DGRAM_EINVAL : 0),
                 "a link: %s", dgram_error_name(code));
}

/* ---- names, failures, addresses ---- */

static void set_name(const struct property_step *step) {
  dgram_address addresses[2];
  char text[DGRAM_ADDRESS_TEXT];
  int code;

  for (unsigned i = 0; i < 2; i++) {
    property_host_text(step->other, i == 0 ? DGRAM_UDP4 : DGRAM_UDP6, 0, text, sizeof text);
    (void)dgram_address_parse(text, 0, &addresses[i]);
  }
  code = PROPERTY_CALL(dgram_sim_set_name(property.sim, property_name(step->args[0]), addresses, 2,
                                          step->args[1] * UINT64_C(1000),
                                          step->args[2] != 0 ? DGRAM_EAI_AGAIN : 0));
  (void)property_answer(step, code);
  PROPERTY_CHECK("refuse", code == 0, "a name: %s", dgram_error_name(code));
}

static void fail(const struct property_step *step) {
  const int code = PROPERTY_CALL(dgram_sim_fail(
      property.hosts[step->host].stack, (enum dgram_sim_call)(step->args[0] % DGRAM_SIM_CALL_COUNT),
      step->args[1], step->args[2], step->args[3] > 0 ? -(int)step->args[3] : -EIO));

  property.fails = true;
  (void)property_answer(step, code);
  PROPERTY_CHECK("refuse", code == 0, "a failure: %s", dgram_error_name(code));
}

static void change_address(const struct property_step *step) {
  dgram_stack *stack = property.hosts[step->host].stack;
  const unsigned which = step->args[0] % 3;
  char text[DGRAM_ADDRESS_TEXT];
  int code;

  property_host_text(step->host, which == 1 ? DGRAM_UDP4 : DGRAM_UDP6, which > 0, text,
                     sizeof text - 4);
  if (step->args[1] != 0) {
    code = PROPERTY_CALL(dgram_sim_remove_address(stack, text));
  } else {
    strcat(text, which == 1 ? "/24" : "/64");
    code =
        PROPERTY_CALL(dgram_sim_add_address(stack, which > 0 ? "eth1" : "eth0", which > 0, text));
  }
  (void)property_answer(step, code);
}

static void change_side(const struct property_step *step) {
  int code;

  if (step->call == PROPERTY_REPAIR) {
    code = PROPERTY_CALL(dgram_sim_repair(property.sim));
  } else {
    property.parts = true;
    code = PROPERTY_CALL(dgram_sim_set_side(property.hosts[step->host].stack, step->args[0] % 3));
  }
  (void)property_answer(step, code);
  PROPERTY_CHECK("refuse", code == 0, "a side: %s", dgram_error_name(code));
}

/* A host that closes is left alone: whether it is still in the world is the world's. */
bool property_act_network(const struct property_step *step) {
  const bool closing = property.hosts[step->host].closing;

  switch (step->call) {
  case PROPERTY_LINK:
    if (!closing) set_link(step);
    return true;
  case PROPERTY_SIDE:
  case PROPERTY_REPAIR:
    if (!closing) change_side(step);
    return true;
  case PROPERTY_NAME:
    set_name(step);
    return true;
  case PROPERTY_FAIL:
    if (!closing) fail(step);
    return true;
  case PROPERTY_ADDRESS:
    if (!closing) change_address(step);
    return true;
  default:
    return false;
  }
}
