#include "made_series.h"

#include <math.h>

/* Pythia's checkpoints as they are usually swept, the bundled run's, and evenly spaced ones. */
static const int64_t PYTHIA[] = {0,   1,    2,    4,    8,    16,    32,    64,    128,    256,
                                 512, 1000, 2000, 4000, 8000, 16000, 32000, 64000, 100000, 143000};
static const int64_t BUNDLED[] = {0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1000, 2000, 3000, 4000, 6000, 8000};
static const int64_t EVEN[] = {0,     1000,  2000,  3000,  4000,  5000,  6000,  7000,  8000,  9000, 10000,
                               11000, 12000, 13000, 14000, 15000, 16000, 17000, 18000, 19000, 20000};

#define OF(steps) steps, sizeof(steps) / sizeof *(steps)

const struct made_kind MADE_KINDS[] = {
    {"a rise over three octaves", OF(PYTHIA), 0.02, 0.5, 10, 2, 0.05, 0.2, 0.7, 0},
    {"a slow rise", OF(PYTHIA), 0.02, 0.5, 10, 0.6, 0.05, 0.2, 0.7, 0},
    {"a steep rise with one checkpoint in it", OF(PYTHIA), 0.02, 0.5, 10, 4, 0.05, 0.2, 0.7, 0},
    {"a jump between two checkpoints", OF(PYTHIA), 0.02, 0.5, 10.3, 8, 0.05, 0.2, 0.7, 0},
    {"a jump with little noise", OF(PYTHIA), 0.02, 0.5, 10.3, 8, 0.005, 0.02, 0.7, 0},
    {"a loss that falls", OF(PYTHIA), 10.8, -7, 8, 0.9, 0.4, 0.9, 0.9, 0},
    {"an early rise", OF(PYTHIA), 0.02, 0.5, 3, 1.5, 0.05, 0.2, 0.7, 0},
    {"a late rise", OF(PYTHIA), 0.02, 0.5, 15, 1.5, 0.05, 0.2, 0.7, 0},
    {"a weak rise", OF(PYTHIA), 0.02, 0.1, 10, 1.5, 0.1, 0.2, 0.5, 0},
    {"skewed samples", OF(PYTHIA), 0.02, 0.5, 10, 2, 0.05, 0.2, 0.7, 1},
    {"the bundled run's steps", OF(BUNDLED), 0, 0.15, 10.3, 1.5, 0.01, 0.1, 0.7, 0},
    {"evenly spaced steps", OF(EVEN), 0, 0.15, 12.5, 2, 0.01, 0.1, 0.7, 0},
    {"any midpoint and steepness", OF(PYTHIA), 0.02, 0.5, -1, -1, 0.03, 0.1, 0.7, 0},
    {"any, with strong correlation", OF(PYTHIA), 0.02, 0.5, -1, -1, 0.01, 0.05, 0.9, 0},
};
const size_t MADE_KIND_COUNT = sizeof MADE_KINDS / sizeof *MADE_KINDS;

/* SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t next(uint64_t *state) {
    uint64_t z = (*state += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

double made_uniform(uint64_t *state) {
    return ((double)(next(state) >> 11) + 0.5) / 9007199254740992.0;
}

double made_normal(uint64_t *state) {
    const double radius = sqrt(-2 * log(made_uniform(state)));
    return radius * cos(6.283185307179586 * made_uniform(state));
}

/* Mean 0, sd 1: normal, or a gamma of shape 4, which is what the sum of four exponentials is, made from the normal by the
 * rule of Wilson and Hilferty (1931), so that its correlation stays. */
static double shaped(double normal, int skewed) {
    if (!skewed) return normal;
    const double root = 1 - 1.0 / 36 + normal / 6;
    return (4 * root * root * root - 4) / 2;
}

void made_series(const struct made_kind *kind, uint64_t number, struct made_series *made) {
    uint64_t state = UINT64_C(20260101) + number * UINT64_C(1000003);
    for (const char *c = kind->name; *c; c++) state = state * 31 + (unsigned char)*c;
    double t[MADE_MAX];
    for (size_t i = 0; i < kind->count; i++) t[i] = log2(1 + (double)kind->steps[i]);
    made->t0 = kind->t0;
    made->k = kind->k;
    if (kind->t0 < 0) {
        made->t0 = t[2] + (t[kind->count - 3] - t[2]) * made_uniform(&state);
        made->k = 0.7 * exp(log(8 / 0.7) * made_uniform(&state));
    }
    for (size_t j = 0; j < MADE_SAMPLES; j++) {
        double deviation = made_normal(&state);
        for (size_t i = 0; i < kind->count; i++) {
            if (i > 0)
                deviation = kind->correlation * deviation +
                            sqrt(1 - kind->correlation * kind->correlation) * made_normal(&state);
            const double share = 1 / (1 + exp(-made->k * (t[i] - made->t0)));
            const double sd = kind->sd_low + (kind->sd_high - kind->sd_low) * share;
            made->values[i * MADE_SAMPLES + j] =
                (float)(kind->a + kind->b * share + sd * shaped(deviation, kind->skewed));
        }
    }
    for (size_t i = 0; i < kind->count; i++) {
        made->mean[i] = 0;
        for (size_t j = 0; j < MADE_SAMPLES; j++)
            made->mean[i] += (double)made->values[i * MADE_SAMPLES + j] / MADE_SAMPLES;
    }
}
