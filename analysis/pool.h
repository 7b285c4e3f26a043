/* One head over all samples: what pooled metrics are computed from. */
#ifndef SPT_POOL_H
#define SPT_POOL_H

#include "analysis/measure.h"

/* Gathers the head's points in place: values->law and values->mp of this head are packed from its first place on, so
 * call it once a layer and head, by one thread. The view borrows them. */
struct spt_pool spt_pool_of(const struct spt_measure_context *context, size_t head, struct spt_density *density);

/* How many samples take part in a pooled metric of this head. Valid before and after spt_pool_of. */
size_t spt_pool_samples(const struct spt_measure_context *context, size_t head, const struct spt_metric *metric);

/* The value of a group of heads or layers from those of its members [count]: their sum for counts, else their mean;
 * undefined ones are left out. */
double spt_pool_combine(const struct spt_metric *metric, const double *values, size_t count);

#endif
