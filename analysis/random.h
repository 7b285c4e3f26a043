/* xoshiro256** (Blackman and Vigna 2018), seeded by SplitMix64: the generator of every draw in spectail. Same seed,
 * same figures, on every machine. */
#ifndef SPT_RANDOM_H
#define SPT_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct spt_random {
    uint64_t state[4];
};

void spt_random_seed(struct spt_random *random, uint64_t seed);
uint64_t spt_random_next(struct spt_random *random);
size_t spt_random_index(struct spt_random *random, size_t count); /* high word of next * count: in [0, count) */
double spt_random_uniform(struct spt_random *random);             /* 53 bits, in [0, 1) */
double spt_random_exponential(struct spt_random *random);         /* mean 1, finite, > 0 */

#endif
