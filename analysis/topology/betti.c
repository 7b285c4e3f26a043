#include "analysis/topology/betti.h"

#include <assert.h>
#include <math.h>

enum { TILE = 16 }; /* rows and columns are read together: a tile of both stays in the first cache whatever n */

static inline double weight_of(double a, double b, enum spt_symmetrize symmetrize) {
    if (symmetrize == SPT_SYMMETRIZE_MEAN) return (a + b) / 2;
    return a > b ? a : b;
}

void spt_distance_from_attention(const double *attention, size_t n, enum spt_symmetrize symmetrize, double *distance) {
    for (size_t i0 = 0; i0 < n; i0 += TILE)
        for (size_t j0 = i0; j0 < n; j0 += TILE) {
            const size_t i1 = i0 + TILE < n ? i0 + TILE : n, j1 = j0 + TILE < n ? j0 + TILE : n;
            for (size_t i = i0; i < i1; ++i)
                for (size_t j = j0 > i ? j0 : i; j < j1; ++j)
                    distance[i * n + j] = distance[j * n + i] =
                        1 - weight_of(attention[i * n + j], attention[j * n + i], symmetrize);
        }
    for (size_t i = 0; i < n; ++i) distance[i * n + i] = 0;
}

double spt_betti_epsilon(size_t k) {
    static const double QUARTER[4] = {1, 0x1.ae89f995ad3adp-1, 0x1.6a09e667f3bcdp-1,
                                      0x1.306fe0a31b715p-1}; /* 2^(-q/4) */
    return 1 - ldexp(QUARTER[k % 4], -(int)(k / 4));
}

void spt_betti_curve(const struct spt_barcode *barcode, unsigned dimension, double *curve) {
    double epsilon[SPT_BETTI_GRID];
    for (size_t k = 0; k < SPT_BETTI_GRID; ++k) {
        epsilon[k] = spt_betti_epsilon(k);
        curve[k] = 0;
    }
    for (size_t b = 0; b < barcode->count[dimension]; ++b) {
        const struct spt_bar bar = barcode->bars[dimension][b];
        for (size_t k = 0; k < SPT_BETTI_GRID; ++k) curve[k] += bar.birth <= epsilon[k] && epsilon[k] < bar.death;
    }
}

/* Union-find forests of several thresholds, [thresholds, n]. */
static size_t root_of(uint16_t *parent, size_t v) {
    while (parent[v] != v) v = parent[v] = parent[parent[v]];
    return v;
}

/* Enters an edge of weight w into the graph of each threshold first ... last - 1 that it reaches. */
static void enter(double w, size_t i, size_t j, size_t n, size_t first, size_t last, uint16_t *parent,
                  struct spt_components *components) {
    for (size_t t = first; t < last && w >= SPT_THRESHOLDS[t]; ++t, parent += n) {
        const size_t a = root_of(parent, i), b = root_of(parent, j);
        parent[a > b ? a : b] = (uint16_t)(a > b ? b : a);
        components->components[t] -= a != b;
        ++components->edges[t];
    }
}

static void count_thresholds(const double *attention, size_t n, enum spt_symmetrize symmetrize, size_t first,
                             size_t last, uint16_t *parent, struct spt_components *components) {
    for (size_t t = first; t < last; ++t) {
        components->edges[t] = 0;
        components->components[t] = n;
        for (size_t i = 0; i < n; ++i) parent[(t - first) * n + i] = (uint16_t)i;
    }
    for (size_t i0 = 0; i0 < n; i0 += TILE)
        for (size_t j0 = i0; j0 < n; j0 += TILE) {
            const size_t i1 = i0 + TILE < n ? i0 + TILE : n, j1 = j0 + TILE < n ? j0 + TILE : n;
            for (size_t i = i0; i < i1; ++i)
                for (size_t j = j0 > i ? j0 : i + 1; j < j1; ++j) {
                    const double w = weight_of(attention[i * n + j], attention[j * n + i], symmetrize);
                    if (w >= SPT_THRESHOLDS[first]) enter(w, i, j, n, first, last, parent, components);
                }
        }
}

void spt_components_of(const double *attention, size_t n, enum spt_symmetrize symmetrize,
                       struct spt_components *components) {
    uint16_t parent[SPT_POINTS_MAX]; /* of as many thresholds at a time as it holds: all of them up to 10,922 points */
    assert(n <= SPT_POINTS_MAX);
    const size_t together = n * SPT_THRESHOLD_COUNT <= SPT_POINTS_MAX ? SPT_THRESHOLD_COUNT : SPT_POINTS_MAX / n;
    for (size_t first = 0; first < SPT_THRESHOLD_COUNT; first += together) {
        const size_t last = first + together < SPT_THRESHOLD_COUNT ? first + together : SPT_THRESHOLD_COUNT;
        count_thresholds(attention, n, symmetrize, first, last, parent, components);
    }
}
