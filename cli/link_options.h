/* link_options.h: the options of dgram echo and dgram relay that make a way to a peer a bad one. */

#ifndef CLI_LINK_OPTIONS_H
#define CLI_LINK_OPTIONS_H

#include "options.h"

/* Each takes the value of one option. Returns NULL, or what is wrong as the end of a sentence. */
const char *link_options_loss(struct options *options, const char *value);
const char *link_options_burst(struct options *options, const char *value);
const char *link_options_delay(struct options *options, const char *value);
const char *link_options_jitter(struct options *options, const char *value);
const char *link_options_duplicate(struct options *options, const char *value);
const char *link_options_reorder(struct options *options, const char *value);
const char *link_options_rate(struct options *options, const char *value);
const char *link_options_queue(struct options *options, const char *value);
const char *link_options_mtu(struct options *options, const char *value);
const char *link_options_seed(struct options *options, const char *value);

/* Whether they go together. Returns 0, or -1 after a report. */
int link_options_check(const struct options *options);

/* The seed that was given, or one by chance. */
uint64_t link_options_choose_seed(const struct options *options);

/* Says on standard error, for -v, which seed it is; where nothing is left to chance it is none. */
void link_options_announce(const struct options *options, uint64_t seed);

#endif
