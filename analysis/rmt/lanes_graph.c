/* Weights of graphs into lanes, and how many of them are above thresholds. */
#include "analysis/rmt/lanes.h"
#include "analysis/rmt/lanes_kernel.h"

#include <string.h>

void SPT_LANES_NAME(pack_graph)(const double *const *weight, const double *tau, const double *normalised, size_t n,
                                double *packed, double *null);
void SPT_LANES_NAME(count_above)(const double *x, size_t count, const double *tau, size_t taus, size_t *above);

void SPT_LANES_NAME(pack_graph)(const double *const *weight, const double *tau, const double *normalised, size_t n,
                                double *packed, double *null) {
    const size_t stride = SPT_LANES_STRIDE(n);
    const vec zero = vec_of(0), one = vec_of(1), threshold = *(const vec *)tau;
    const lane_mask scaled = vec_less(zero, *(const vec *)normalised);
    vec *column = (vec *)packed, *degree = (vec *)null, norm2 = zero;
    for (size_t i = 0; i < n; i++) degree[i] = zero;
    for (size_t j = 0; j < n; j++, column += stride) {
        vec sum = degree[j];
        for (size_t i = j + 1; i < n; i++) {
            const vec w = vec_gather(weight, j * n + i), kept = vec_pick(vec_less(threshold, w), w, zero);
            column[i] = kept;
            degree[i] += kept;
            sum += kept;
        }
        degree[j] = sum;
        column[j] = vec_pick(scaled, one, sum);
        norm2 += vec_pick(scaled, sum, one);
    }
    const vec norm = vec_sqrt(norm2);
    for (size_t i = 0; i < n; i++) degree[i] = vec_pick(scaled, vec_sqrt(degree[i]), one);
    column = (vec *)packed;
    for (size_t j = 0; j < n; j++, column += stride) {
        const vec by = -one / degree[j];
        for (size_t i = j + 1; i < n; i++) column[i] = column[i] * by / degree[i];
    }
    for (size_t i = 0; i < n; i++) degree[i] = degree[i] / norm;
}

/* Here a vector runs along one row. */
void SPT_LANES_NAME(count_above)(const double *x, size_t count, const double *tau, size_t taus, size_t *above) {
    size_t i = 0;
    for (size_t t = 0; t < taus; t++) above[t] = 0;
    for (; i + LANES <= count; i += LANES) {
        vec part;
        memcpy(&part, x + i, sizeof part);
        for (size_t t = 0; t < taus; t++)
            above[t] += (size_t)__builtin_popcount(lane_bits(vec_less(vec_of(tau[t]), part)));
    }
    for (; i < count; i++)
        for (size_t t = 0; t < taus; t++) above[t] += x[i] > tau[t];
}
