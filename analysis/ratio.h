/* Figures of the level SPT_LEVEL_RATIO: the sum of one value over (sample, head) over the sum of another. */
#ifndef SPT_RATIO_H
#define SPT_RATIO_H

#include "analysis/measure.h"

/* What a ratio is made of: sums over the (sample, head) that have a value. */
struct spt_ratio {
    double part, whole;
    size_t pairs, samples; /* how many, and in how many samples */
};

/* The sums of a layer for the i-th ratio metric of the selection, over samples and then heads. */
struct spt_ratio spt_ratio_sum(const struct spt_layer_values *values, size_t i);

/* Takes in the sums of another layer. */
void spt_ratio_add(struct spt_ratio *ratio, const struct spt_ratio *other);

/* The figure; NAN without pairs, or where the mean of the wholes is below metric->parameter. */
double spt_ratio_value(const struct spt_metric *metric, const struct spt_ratio *ratio);

#endif
