#include "link_options.h"

#include <uv.h>

#include "parse.h"
#include "report.h"

#include <inttypes.h>
#include <string.h>

static const char *const wants_time = "needs a time like 50ms, 1.5s or 200us";

static const char *take_percent(struct options *options, const char *value, uint32_t *ret_ppm) {
  options->bad_link = true;
  return parse_percent(value, ret_ppm) ? NULL : "needs a percentage like 10% or 0.1%";
}

static const char *take_time(struct options *options, const char *value, uint64_t *ret_ns) {
  options->bad_link = true;
  return parse_duration(value, ret_ns) ? NULL : wants_time;
}

/* Copies what stands before the first colon. Returns what stands behind it, NULL where there is
 * none; the text is empty where it does not fit. */
static const char *split(const char *value, char *text, size_t size) {
  size_t length = strcspn(value, ":");
  if (length >= size) {
    length = 0;
  }
  memcpy(text, value, length);
  text[length] = '\0';
  const char *colon = strchr(value, ':');
  return colon ? colon + 1 : NULL;
}

const char *link_options_loss(struct options *options, const char *value) {
  return take_percent(options, value, &options->link.loss_ppm);
}

const char *link_options_delay(struct options *options, const char *value) {
  return take_time(options, value, &options->link.delay_ns);
}

const char *link_options_jitter(struct options *options, const char *value) {
  return take_time(options, value, &options->link.jitter_ns);
}

const char *link_options_duplicate(struct options *options, const char *value) {
  return take_percent(options, value, &options->link.duplicate_ppm);
}

/* "1%:5": bursts of five datagrams on average; "1%:5:80%": in which so many are lost. */
const char *link_options_burst(struct options *options, const char *value) {
  dgram_link_options *link = &options->link;
  char begin[16];
  char length[16];
  uint64_t datagrams;
  const char *loss = NULL;
  const char *rest = split(value, begin, sizeof begin);
  options->bad_link = true;
  if (rest) {
    loss = split(rest, length, sizeof length);
  }
  link->burst_loss_ppm = DGRAM_PPM;
  if (!rest || !parse_percent(begin, &link->burst_begin_ppm) ||
      !parse_number(length, 1, DGRAM_PPM, &datagrams) ||
      (loss && !parse_percent(loss, &link->burst_loss_ppm))) {
    return "needs how many begin one, how long it is, and perhaps how many it loses, like 1%:5 or "
           "1%:5:80%";
  }
  link->burst_end_ppm = (uint32_t)(DGRAM_PPM / datagrams);
  return NULL;
}

const char *link_options_reorder(struct options *options, const char *value) {
  dgram_link_options *link = &options->link;
  char share[16];
  const char *time = split(value, share, sizeof share);
  options->bad_link = true;
  if (!parse_percent(share, &link->reorder_ppm) ||
      (time && !parse_duration(time, &link->reorder_ns))) {
    return "needs a percentage, and perhaps a time, like 5% or 5%:20ms";
  }
  return NULL;
}

const char *link_options_rate(struct options *options, const char *value) {
  options->bad_link = true;
  return parse_rate(value, &options->link.bits_per_second)
             ? NULL
             : "needs bits per second like 512kbit or 1.5mbit";
}

const char *link_options_queue(struct options *options, const char *value) {
  uint64_t bytes;
  options->bad_link = true;
  if (!parse_size(value, &bytes)) {
    return "needs a number of bytes like 1500 or 64k";
  }
  options->link.queue_bytes = bytes < SIZE_MAX ? (size_t)bytes : SIZE_MAX;
  return NULL;
}

const char *link_options_mtu(struct options *options, const char *value) {
  uint64_t mtu;
  options->bad_link = true;
  if (!parse_number(value, 68, 65535, &mtu)) {
    return "needs a number from 68 to 65535";
  }
  options->link.mtu = (size_t)mtu;
  return NULL;
}

const char *link_options_seed(struct options *options, const char *value) {
  options->has_seed = true;
  return parse_number(value, 0, UINT64_MAX, &options->seed) ? NULL : "needs a number";
}

int link_options_check(const struct options *options) {
  dgram_link link;
  if (options->link.queue_bytes > 0 && options->link.bits_per_second == 0) {
    report("--queue has no meaning without --rate");
    return -1;
  }
  int code = dgram_link_init(&link, &options->link, 0);
  if (code < 0) {
    report_code("link", code, NULL);
    return -1;
  }
  return 0;
}

/* 32 bits of chance, so that a person can type the number. */
uint64_t link_options_choose_seed(const struct options *options) {
  uint32_t seed;
  if (options->has_seed) {
    return options->seed;
  }
  if (uv_random(NULL, NULL, &seed, sizeof seed, 0, NULL) < 0) {
    seed = (uint32_t)uv_hrtime();
  }
  return seed;
}

void link_options_announce(const struct options *options, uint64_t seed) {
  const dgram_link_options *link = &options->link;
  bool by_chance = link->loss_ppm > 0 || link->burst_begin_ppm > 0 || link->jitter_ns > 0 ||
                   link->duplicate_ppm > 0 || link->reorder_ppm > 0;
  if (options->verbose && by_chance) {
    notice("seed %" PRIu64, seed);
  }
}
