#include "analysis/frames/frame_metrics.h"

#include "analysis/bootstrap.h"

#include <math.h>

static double is(enum spt_frame found, enum spt_frame frame) {
    return found == SPT_FRAME_UNKNOWN ? NAN : found == frame;
}

static enum spt_status are(const struct spt_pool *pool, const struct spt_bootstrap *bootstrap, enum spt_frame frame,
                           double *draws) {
    for (size_t d = 0; d < bootstrap->draws; d++) draws[d] = is((enum spt_frame)pool->frame_of_draw[d], frame);
    return SPT_OK;
}

double spt_frame_none(const struct spt_pool *pool) {
    return is(pool->frame, SPT_FRAME_NONE);
}

double spt_frame_centralized(const struct spt_pool *pool) {
    return is(pool->frame, SPT_FRAME_CENTRALIZED);
}

double spt_frame_distributed(const struct spt_pool *pool) {
    return is(pool->frame, SPT_FRAME_DISTRIBUTED);
}

double spt_frame_bidirectional(const struct spt_pool *pool) {
    return is(pool->frame, SPT_FRAME_BIDIRECTIONAL);
}

enum spt_status spt_frame_none_draws(const struct spt_pool *pool, const struct spt_bootstrap *bootstrap, double *draws,
                                     struct spt_error *error) {
    (void)error;
    return are(pool, bootstrap, SPT_FRAME_NONE, draws);
}

enum spt_status spt_frame_centralized_draws(const struct spt_pool *pool, const struct spt_bootstrap *bootstrap,
                                            double *draws, struct spt_error *error) {
    (void)error;
    return are(pool, bootstrap, SPT_FRAME_CENTRALIZED, draws);
}

enum spt_status spt_frame_distributed_draws(const struct spt_pool *pool, const struct spt_bootstrap *bootstrap,
                                            double *draws, struct spt_error *error) {
    (void)error;
    return are(pool, bootstrap, SPT_FRAME_DISTRIBUTED, draws);
}

enum spt_status spt_frame_bidirectional_draws(const struct spt_pool *pool, const struct spt_bootstrap *bootstrap,
                                              double *draws, struct spt_error *error) {
    (void)error;
    return are(pool, bootstrap, SPT_FRAME_BIDIRECTIONAL, draws);
}
