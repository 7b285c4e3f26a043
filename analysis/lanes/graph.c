/* Weights of graphs into lanes, and how many of them are above thresholds. */
#include "analysis/lanes/kernel.h"
#include "analysis/lanes/vector.h"

#include <stdbool.h>
#include <string.h>

void SPT_LANES_NAME(pack_graph)(const double *const *weight, const double *tau, const double *normalised, size_t n,
                                double *packed, double *null);
void SPT_LANES_NAME(count_above)(const double *x, size_t count, const double *tau, size_t taus, size_t *above);

/* Where the lanes' weights come from: mostly one graph at several thresholds, then the next. */
struct sources {
    const double *const *weight; /* [LANES] */
    const double *first, *last;
    lane_mask is_last;
    bool two; /* every lane is of the first or of the last */
};

static struct sources sources_of(const double *const *weight) {
    double is_last[LANES] __attribute__((aligned(64)));
    struct sources s = {.weight = weight, .first = weight[0], .last = weight[LANES - 1], .two = true};
    for (size_t i = 0; i < LANES; i++) {
        is_last[i] = weight[i] == s.last;
        s.two = s.two && (weight[i] == s.first || weight[i] == s.last);
    }
    s.is_last = vec_less(vec_of(0), *(const vec *)is_last);
    return s;
}

static inline __attribute__((always_inline)) vec weight_at(const struct sources *s, size_t i, bool two) {
    return two ? vec_pick(s->is_last, vec_of(s->last[i]), vec_of(s->first[i])) : vec_gather(s->weight, i);
}

/* A column's kept weights below the diagonal. Adds them to the degrees, and returns the column's own. */
static inline __attribute__((always_inline)) vec keep_column(const struct sources *s, size_t j, size_t n, vec tau,
                                                             bool two, vec *column, vec *degree) {
    vec sum = degree[j];
    for (size_t i = j + 1; i < n; i++) {
        const vec w = weight_at(s, j * n + i, two), kept = vec_pick(vec_less(tau, w), w, vec_of(0));
        column[i] = kept;
        degree[i] += kept;
        sum += kept;
    }
    return sum;
}

void SPT_LANES_NAME(pack_graph)(const double *const *weight, const double *tau, const double *normalised, size_t n,
                                double *packed, double *null) {
    const size_t stride = SPT_LANES_STRIDE(n);
    const struct sources sources = sources_of(weight);
    const vec zero = vec_of(0), one = vec_of(1), threshold = *(const vec *)tau;
    const lane_mask scaled = vec_less(zero, *(const vec *)normalised);
    vec *column = (vec *)packed, *degree = (vec *)null, norm2 = zero;
    for (size_t i = 0; i < n; i++) degree[i] = zero;
    for (size_t j = 0; j < n; j++, column += stride) {
        degree[j] = sources.two ? keep_column(&sources, j, n, threshold, true, column, degree)
                                : keep_column(&sources, j, n, threshold, false, column, degree);
        column[j] = vec_pick(scaled, one, degree[j]);
        norm2 += vec_pick(scaled, degree[j], one);
    }
    for (size_t i = 0; i < n; i++) degree[i] = one / vec_pick(scaled, vec_sqrt(degree[i]), one);
    column = (vec *)packed;
    for (size_t j = 0; j < n; j++, column += stride)
        for (size_t i = j + 1; i < n; i++) column[i] = -column[i] * degree[j] * degree[i];
    const vec norm = vec_sqrt(norm2);
    for (size_t i = 0; i < n; i++) degree[i] = one / (degree[i] * norm);
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
