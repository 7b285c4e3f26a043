#include "analysis/forward/softmax.h"

#include "analysis/forward/vector.h"

#include <math.h>

#define LANES 16 /* partial results, whatever the machine's vectors: the order of additions is part of the result */

/* NaN wins, and stays. */
static inline float larger(float a, float b) {
    return b > a || b != b ? b : a;
}

SPT_VECTOR float spt_softmax_max(const float *x, size_t count) {
    float lane[LANES];
    for (size_t k = 0; k < LANES; k++) lane[k] = -INFINITY;
    size_t i = 0;
    for (; i + LANES <= count; i += LANES)
        for (size_t k = 0; k < LANES; k++) lane[k] = larger(lane[k], x[i + k]);
    for (size_t k = 0; i < count; i++, k++) lane[k] = larger(lane[k], x[i]);
    for (size_t k = 1; k < LANES; k++) lane[0] = larger(lane[0], lane[k]);
    return lane[0];
}

static double sum_lanes(const double lane[LANES]) {
    double sum = 0;
    for (size_t k = 0; k < LANES; k++) sum += lane[k];
    return sum;
}

SPT_VECTOR double spt_softmax_sum(const float *x, size_t count, float shift) {
    double lane[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= count; i += LANES)
        for (size_t k = 0; k < LANES; k++) lane[k] += (double)spt_exp_nonpositive(x[i + k] - shift);
    for (size_t k = 0; i < count; i++, k++) lane[k] += (double)spt_exp_nonpositive(x[i] - shift);
    return sum_lanes(lane);
}

SPT_VECTOR static double exponentials(float *x, size_t count, float shift) {
    double lane[LANES] = {0};
    for (size_t i = 0; i < count; i++) x[i] = spt_exp_nonpositive(x[i] - shift);
    for (size_t i = 0; i < count; i++) lane[i % LANES] += (double)x[i];
    return sum_lanes(lane);
}

SPT_VECTOR static void divide(float *x, size_t count, float by) {
    for (size_t i = 0; i < count; i++) x[i] /= by;
}

float spt_softmax_row(float *x, size_t count) {
    const float max = spt_softmax_max(x, count);
    divide(x, count, (float)exponentials(x, count, max));
    return max;
}
