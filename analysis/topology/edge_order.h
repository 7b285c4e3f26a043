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

/* How far the distances reach. */
struct spt_edge_range {
    double low;    /* the least distance of two points */
    double radius; /* the enclosing radius: the least r such that some point is within r of every other. The
                    * Vietoris-Rips complex at r is a cone, so no finite bar lives longer */
};

/* n >= 1; n = 1: 0 and 0.
 *   distance [n, n]
 *   scratch  [2 n] */
struct spt_edge_range spt_edge_range_of(const double *distance, size_t n, double *scratch);

/* Writes the edges with distance < radius in their order; returns their number.
 *   distance [n, n]
 *   edges    [n (n - 1) / 2] out: the code in the low 32 bits (what stands in the high bits is of no use to others)
 *   scratch  [n (n - 1) / 2]
 * O(n^2) but for clusters of nearly equal distances. */
size_t spt_edges_in_order(const double *distance, size_t n, struct spt_edge_range range, uint64_t *edges,
                          uint64_t *scratch);

#endif
