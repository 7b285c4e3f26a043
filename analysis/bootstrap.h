/* Means over samples and their bootstrap intervals, for many columns at once.
 *
 * The draws are made once a plan and are the same for every metric and every checkpoint, so intervals are matrix
 * products and differences between checkpoints can be resampled alike. Read-only once made.
 */
#ifndef SPT_BOOTSTRAP_H
#define SPT_BOOTSTRAP_H

#include "analysis/forward/team.h"
#include "checkpoints/base/error.h"

#include <stddef.h>
#include <stdint.h>

struct spt_bootstrap {
    size_t draws, samples;
    double *counts; /* [draws, samples] how often each draw holds each sample; rows sum to samples */
};

/* xoshiro256** seeded by SplitMix64(seed); index = high word of u * samples, samples draws a row. SPT_NOMEM. */
enum spt_status spt_bootstrap_init(struct spt_bootstrap *bootstrap, size_t draws, size_t samples, uint64_t seed,
                                   struct spt_error *error);
void spt_bootstrap_release(struct spt_bootstrap *bootstrap);

struct spt_summary {
    double mean;   /* over the samples that have a value; NAN for none */
    double sd;     /* divisor n - 1; NAN for n < 2 */
    double lo, hi; /* 2.5 and 97.5 percentiles of the draws' means, linear interpolation; NAN for n = 0 */
    size_t n, bad; /* samples with and without (NAN) a value */
};

/*   x    [columns, samples] row-major, NAN where undefined
 *   out  [columns]
 * Draws without a defined sample are dropped. draws * samples * columns multiply-adds in tiles of fixed size, shared by
 * the team: the same bits for any number of threads. SPT_NOMEM. */
enum spt_status spt_bootstrap_summarize(const struct spt_bootstrap *bootstrap, const double *x, size_t columns,
                                        const struct spt_team *team, struct spt_summary *out, struct spt_error *error);

/* Percentile q in [0, 1] of values [count], linear interpolation between order statistics; reorders values. NAN for
 * count 0. */
double spt_percentile(double *values, size_t count, double q);

#endif
