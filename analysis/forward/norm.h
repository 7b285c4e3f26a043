/* Normalisation of the residual stream. */
#ifndef SPT_FORWARD_NORM_H
#define SPT_FORWARD_NORM_H

#include "analysis/forward/team.h"

/* y = (x - mean) / sqrt(variance + epsilon) * weight + bias, each token by itself (Ba, Kiros and Hinton 2016).
 * Mean and biased variance in double, in a fixed order.
 *   x       [tokens, d]
 *   weight  [d]; NULL: 1
 *   bias    [d]; NULL: 0
 *   y       [tokens, d] out; may be x */
struct spt_layer_norm {
    size_t tokens, d;
    const float *x, *weight, *bias;
    double epsilon;
    float *y;
};

enum spt_status spt_layer_norm_run(const struct spt_team *team, const struct spt_layer_norm *norm,
                                   struct spt_error *error);

#endif
