#include "analysis/frames/frame_metrics.h"

#include <math.h>

static double is(const struct spt_pool *pool, enum spt_frame frame) {
    return pool->frame == SPT_FRAME_UNKNOWN ? NAN : pool->frame == frame;
}

double spt_frame_none(const struct spt_pool *pool) {
    return is(pool, SPT_FRAME_NONE);
}

double spt_frame_centralized(const struct spt_pool *pool) {
    return is(pool, SPT_FRAME_CENTRALIZED);
}

double spt_frame_distributed(const struct spt_pool *pool) {
    return is(pool, SPT_FRAME_DISTRIBUTED);
}

double spt_frame_bidirectional(const struct spt_pool *pool) {
    return is(pool, SPT_FRAME_BIDIRECTIONAL);
}
