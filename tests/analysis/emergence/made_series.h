/* Series over training whose midpoint is known because they were made with it: samples about a logistic curve, correlated
 * over the checkpoints as those of a real metric are. Their random numbers are their own, not analysis/random.h. */
#ifndef SPT_TEST_MADE_SERIES_H
#define SPT_TEST_MADE_SERIES_H

#include <stddef.h>
#include <stdint.h>

#define MADE_SAMPLES 100
#define MADE_MAX     24 /* checkpoints */

struct made_kind {
    const char *name;
    const int64_t *steps; /* [count] */
    size_t count;
    double a, b, t0, k;     /* t0 < 0: drawn evenly from the steps' inner part, and k from 0.7 to 8 by its logarithm */
    double sd_low, sd_high; /* between samples at the curve's two ends */
    double correlation;     /* of a sample's deviations at neighbouring checkpoints */
    int skewed;             /* deviations are gamma distributed with skewness 1 in place of normal */
};

extern const struct made_kind MADE_KINDS[];
extern const size_t MADE_KIND_COUNT;

struct made_series {
    double t0, k;                          /* the truth */
    double mean[MADE_MAX];                 /* of values */
    float values[MADE_MAX * MADE_SAMPLES]; /* [count, samples] */
};

double made_uniform(uint64_t *state);
double made_normal(uint64_t *state);
void made_series(const struct made_kind *kind, uint64_t number, struct made_series *made);

#endif
