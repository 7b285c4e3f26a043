/* Softmax in float32: of a row of scores, and in parts for rows too long to keep. */
#ifndef SPT_FORWARD_SOFTMAX_H
#define SPT_FORWARD_SOFTMAX_H

#include <stddef.h>

/* The largest of x [count] that is a number; -INFINITY for none. */
float spt_softmax_max(const float *x, size_t count);

/* Sum of e^(x[i] - shift), x[i] <= shift, in a fixed order; within 1e-6 of itself. NaN if an x[i] is, or if the largest
 * is infinite. */
double spt_softmax_sum(const float *x, size_t count, float shift);

/* Sum of e^(x[i] - shift) (x[i] - y[i]), likewise; where e^(x[i] - shift) is 0 it adds nothing, whatever y[i] is. */
double spt_softmax_gap(const float *x, const float *y, size_t count, float shift);

/* Of a row that is seen in parts: log sum exp so far is max + log(sum). */
struct spt_running_softmax {
    double max, sum;
};

/* Of x [count]. Numbers that are all -infinity weigh nothing; NaN and +infinity make the sum NaN. */
struct spt_running_softmax spt_softmax_part(const float *x, size_t count);

/* Of both parts together. */
struct spt_running_softmax spt_softmax_merge(struct spt_running_softmax a, struct spt_running_softmax b);

/* x [count] -> e^(x[i] - max) / sum, in place; returns max. All NaN, and so is what is returned, when an x[i] is NaN or
 * the largest is infinite. */
float spt_softmax_row(float *x, size_t count);

#endif
