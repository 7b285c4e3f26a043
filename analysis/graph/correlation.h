/* Pearson's correlation of two values over all (sample, head) of a layer, with the interval that resampling samples
 * gives: poolings for rows of the level SPT_LEVEL_PAIRS.
 *
 * Undefined (NAN) for fewer than 3 pairs, or where one of the values, or what is left of it, has a standard deviation
 * below SPT_CORRELATION_SD_MIN.
 */
#ifndef SPT_CORRELATION_H
#define SPT_CORRELATION_H

#include "analysis/bootstrap.h"
#include "analysis/metric.h"

#define SPT_CORRELATION_PAIRS_MIN 3
#define SPT_CORRELATION_SD_MIN    1e-12

/* Of the values themselves. */
extern const struct spt_pooling SPT_CORRELATION;

/* Of what is left of both after least squares on (1, 1/n, ln n), n the sample's tokens: without the part that the
 * lengths alone explain. A draw has a fit of its own. */
extern const struct spt_pooling SPT_CORRELATION_ADJUSTED;

#endif
