/* Softmax in float32, of a row of scores that are all visible, and the running form of it for rows too long to keep. */
#ifndef SPT_FORWARD_SOFTMAX_H
#define SPT_FORWARD_SOFTMAX_H

#include <stddef.h>

/* The largest of x [count]; NaN if one is NaN. -INFINITY for none. */
float spt_softmax_max(const float *x, size_t count);

/* Sum of e^(x[i] - shift), x[i] <= shift, added up in double in a fixed order. */
double spt_softmax_sum(const float *x, size_t count, float shift);

/* x [count] -> e^(x[i] - max) / sum, in place; returns max. All NaN when one is NaN or the largest is infinite. */
float spt_softmax_row(float *x, size_t count);

#endif
