/* Normalisation: of the residual stream, of queries and keys. */
#ifndef SPT_FORWARD_NORM_H
#define SPT_FORWARD_NORM_H

#include "analysis/forward/team.h"

enum spt_norm_kind {
    SPT_NORM_LAYER,        /* (x - mean) / sqrt(variance + epsilon) * weight + bias (Ba, Kiros and Hinton 2016) */
    SPT_NORM_RMS,          /* x / sqrt(mean of x^2 + epsilon) * weight + bias (Zhang and Sennrich 2019) */
    SPT_NORM_RMS_PLUS_ONE, /* the same with 1 + weight: Gemma */
};

/* Each row by itself. Mean and biased variance in double, in a fixed order.
 *   x       [rows, d]
 *   weight  [d]; NULL: 1
 *   bias    [d]; NULL: 0
 *   y       [rows, d] out; may be x */
struct spt_norm {
    enum spt_norm_kind kind;
    size_t rows, d;
    const float *x, *weight, *bias;
    double epsilon;
    float *y;
};

enum spt_status spt_norm_run(const struct spt_team *team, const struct spt_norm *norm, struct spt_error *error);

#endif
