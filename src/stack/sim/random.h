/* random.h: random numbers by seed, in integers, the same on every machine: splitmix64 (Steele,
 * Lea, Flood 2014). One word of state; and any place of a sequence can be gone to at once, so that
 * each thing that is drawn for has numbers of its own, which no other draw moves. */

#ifndef DGRAM_STACK_SIM_RANDOM_H
#define DGRAM_STACK_SIM_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

/* A sequence. Begin with sim_random_at: states that are a few SIM_RANDOM_STEP apart are places of
 * one sequence. */
struct sim_random {
  uint64_t state;
};

#define SIM_RANDOM_STEP UINT64_C(0x9e3779b97f4a7c15)

/* Another number for each number, without a pattern that shows. 0 stays 0. */
static inline uint64_t sim_random_mix(uint64_t number) {
  number = (number ^ (number >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  number = (number ^ (number >> 27)) * UINT64_C(0x94d049bb133111eb);
  return number ^ (number >> 31);
}

/* The sequence of a place under a key: a seed, or a number drawn from one. */
static inline struct sim_random sim_random_at(uint64_t key, uint64_t place) {
  return (struct sim_random){sim_random_mix(key + (place + 1) * SIM_RANDOM_STEP)};
}

/* All 64 bits of the next number. */
static inline uint64_t sim_random_next(struct sim_random *random) {
  random->state += SIM_RANDOM_STEP;
  return sim_random_mix(random->state);
}

/* 0 to limit - 1, each as likely as the others; limit 0: all 64 bits. Of the 2^64 numbers so many
 * are drawn again that the rest is a multiple of limit. */
static inline uint64_t sim_random_below(struct sim_random *random, uint64_t limit) {
  uint64_t number = sim_random_next(random);
  if (limit == 0) {
    return number;
  }
  for (uint64_t unfair = (0 - limit) % limit; number < unfair;) {
    number = sim_random_next(random);
  }
  return number % limit;
}

/* True so many times of a million. Never and always need no draw. */
static inline bool sim_random_chance(struct sim_random *random, uint32_t ppm) {
  if (ppm == 0 || ppm >= 1000000) {
    return ppm > 0;
  }
  return sim_random_below(random, 1000000) < ppm;
}

#endif
