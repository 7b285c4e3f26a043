#include "analysis/random.h"

#include <math.h>

static uint64_t split_mix(uint64_t *state) {
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static uint64_t rotate_left(uint64_t x, int bits) {
    return (x << bits) | (x >> (64 - bits));
}

void spt_random_seed(struct spt_random *random, uint64_t seed) {
    for (size_t i = 0; i < 4; i++) random->state[i] = split_mix(&seed);
}

uint64_t spt_random_next(struct spt_random *random) {
    uint64_t *s = random->state;
    const uint64_t result = rotate_left(s[1] * 5, 7) * 9;
    const uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate_left(s[3], 45);
    return result;
}

__extension__ typedef unsigned __int128 spt_u128;

size_t spt_random_index(struct spt_random *random, size_t count) {
    return (size_t)(((spt_u128)spt_random_next(random) * count) >> 64);
}

double spt_random_uniform(struct spt_random *random) {
    return (double)(spt_random_next(random) >> 11) * 0x1p-53;
}

double spt_random_exponential(struct spt_random *random) {
    return -log1p(-spt_random_uniform(random) * (1 - 0x1p-53)) + 0x1p-1000;
}
