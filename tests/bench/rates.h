/* What benchmarks compare with: the products of a pass, and this machine's sgemm. */
#ifndef RATES_H
#define RATES_H

#include "analysis/forward/forward.h"

/* Of the matrix products of a pass over the probe, without attention itself: 2 flops for each weight and token that
 * meet; the output head for tokens that have a next one, or for all tokens of two streams. */
double rates_flops(const struct spt_model_config *config, const struct spt_probe *probe, bool two_streams);

/* Two squares of RATES_SQUARE multiplied, by OpenBLAS's own threads: the seconds that it takes. */
#define RATES_SQUARE 2048
double rates_sgemm_seconds(size_t threads, const float *a, const float *b, float *c);

/* The best of several turns: flops a second. */
double rates_sgemm(size_t threads, size_t turns);

#endif
