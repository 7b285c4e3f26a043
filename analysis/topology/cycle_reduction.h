/* Homology in dimension 1 over Z/2, as the space of cycles modulo relations, reduced while the edges go by.
 *
 * A cycle is a set of edges by rank. An edge is replaced by ik + kj where it has a link, by nothing where it belongs to
 * the spanning tree; so a cycle becomes a sum of loops, each named by the edge that closed it. A relation kills the
 * youngest loop that it contains once the relations before it have been used up (the elder rule). This is the column
 * reduction of the boundary matrix with all apparent pairs left implicit.
 */
#ifndef SPT_CYCLE_REDUCTION_H
#define SPT_CYCLE_REDUCTION_H

#include "analysis/topology/link_sweep.h"

#include <stdbool.h>

/* What via says of an edge that has no link. */
#define SPT_VIA_LOOP 0x80000000u /* | number of its loop */

struct spt_loop {
    double birth;
    uint32_t first, length; /* of its column in the pool, when dead */
    bool dead;
};

struct spt_cycle_reduction {
    struct spt_loop *loops; /* [loop_count], in order of birth */
    size_t loop_count, alive;
    uint64_t *cycle;  /* [ceil(count / 64)] the cycle being reduced; empty between calls */
    uint64_t *blocks; /* [ceil(count / 4096)] which words of it may not be 0 */
    uint32_t *pool;   /* columns: what is left of a relation besides the loop it kills; grows */
    size_t pool_used, pool_capacity;
};

#define SPT_LOOP_NONE SIZE_MAX

/* Reduces the cycle i k j k2 of the edge r = ij. *killed: the loop that dies, now dead, or SPT_LOOP_NONE. false: out of
 * memory. */
bool spt_cycle_reduce(struct spt_cycle_reduction *reduction, const struct spt_link_sweep *sweep, size_t r, size_t k,
                      size_t k2, size_t *killed);

#endif
