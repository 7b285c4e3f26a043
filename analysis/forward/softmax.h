/* Softmax in float32: of a row of scores, and in parts for rows too long to keep. */
#ifndef SPT_FORWARD_SOFTMAX_H
#define SPT_FORWARD_SOFTMAX_H

#include <stddef.h>

/* The largest of x [count] that is a number; -INFINITY for none. */
float spt_softmax_max(const float *x, size_t count);

/* Sum of e^(x[i] - shift), x[i] <= shift, in a fixed order; within 1e-6 of itself. NaN if an x[i] is, or if the largest
 * is infinite. */
double spt_softmax_sum(const float *x, size_t count, float shift);

/* x [count] -> e^(x[i] - max) / sum, in place; returns max. All NaN, and so is what is returned, when an x[i] is NaN or
 * the largest is infinite. */
float spt_softmax_row(float *x, size_t count);

#endif
