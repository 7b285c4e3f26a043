/* The share of heads with each reference frame: the functions of the table's rows frame.* . What a frame is stands in
 * frame.h. Each is 1 for a head of that frame, 0 for one of another, NAN where no sample tells. */
#ifndef SPT_FRAME_METRICS_H
#define SPT_FRAME_METRICS_H

#include "analysis/metric.h"

double spt_frame_none(const struct spt_pool *pool);
double spt_frame_centralized(const struct spt_pool *pool);
double spt_frame_distributed(const struct spt_pool *pool);
double spt_frame_bidirectional(const struct spt_pool *pool);

/* The same of each draw of samples. */
enum spt_status spt_frame_none_draws(const struct spt_pool *pool, const struct spt_bootstrap *bootstrap, double *draws,
                                     struct spt_error *error);
enum spt_status spt_frame_centralized_draws(const struct spt_pool *pool, const struct spt_bootstrap *bootstrap,
                                            double *draws, struct spt_error *error);
enum spt_status spt_frame_distributed_draws(const struct spt_pool *pool, const struct spt_bootstrap *bootstrap,
                                            double *draws, struct spt_error *error);
enum spt_status spt_frame_bidirectional_draws(const struct spt_pool *pool, const struct spt_bootstrap *bootstrap,
                                              double *draws, struct spt_error *error);

#endif
