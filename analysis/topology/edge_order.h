/* The total order of the edges below the enclosing radius: by (distance, code), so that ties are broken once, here, and
 * everything after this works on ranks.
 *
 * An edge's code is i << 16 | j with i < j: at most SPT_POINTS_MAX points.
 */
#ifndef SPT_EDGE_ORDER_H
#define SPT_EDGE_ORDER_H

#include "analysis/topology/persistence.h"

#include <stddef.h>
#include <stdint.h>

static inline uint32_t spt_edge_code(size_t i, size_t j) {
    return (uint32_t)(i < j ? i << 16 | j : j << 16 | i);
}

static inline size_t spt_edge_low(uint32_t code) {
    return code >> 16;
}

static inline size_t spt_edge_high(uint32_t code) {
    return code & 0xffff;
}

/* The least r such that some point is within r of every other: the Vietoris-Rips complex at r is a cone, so no finite
 * bar lives longer (Ripser's enclosing radius). n >= 1. distance [n, n] farthest [n] scratch: each point's largest
 * distance */
double spt_enclosing_radius(const double *distance, size_t n, double *farthest);

/* Writes the edges with distance < radius in their order; returns their number.
 *   distance [n, n]
 *   edges    [n (n - 1) / 2] out: the code in the low 32 bits (what stands in the high bits is of no use to others)
 *   scratch  [n (n - 1) / 2]
 * O(n^2) but for clusters of nearly equal distances. */
size_t spt_edges_in_order(const double *distance, size_t n, double radius, uint64_t *edges, uint64_t *scratch);

#endif
