/* Homology in dimension 1 over Z/2, as the space of cycles modulo relations, reduced while the edges go by.
 *
 * An edge is replaced by ik + kj where it has a link, by nothing where it belongs to the spanning tree; so a cycle
 * becomes a sum of loops, each named by the edge that closed it. A relation kills the youngest loop that it contains
 * once the relations before it have been used up (the elder rule). This is the column reduction of the boundary matrix
 * with all apparent pairs left implicit.
 *
 * The value of an edge, its sum of loops that are alive, is kept once it was needed, and brought up to date when a loop
 * in it has died since: as with the paths of a union-find, later relations need not go the same way again. Nearly all
 * values are 0, because most loops die young (n = 512: 0.08 loops on average, and a third of the time that reducing
 * each relation from its edges took).
 */
#ifndef SPT_CYCLE_REDUCTION_H
#define SPT_CYCLE_REDUCTION_H

#include "analysis/topology/link_sweep.h"

#include <stdbool.h>

/* What via says of an edge: a vertex of its link, or one of these with what is in the low bits. */
#define SPT_VIA_LOOP  0x80000000u /* | number of the loop that it closed */
#define SPT_VIA_VALUE 0x40000000u /* | where its value is in the pool */

struct spt_loop {
    double birth;
    uint32_t column; /* of a dead loop: where the sum it equals is in the pool */
    bool dead;
};

struct spt_bit_set {  /* of which the highest bit is taken again and again */
    uint64_t *words;  /* empty between calls */
    uint64_t *blocks; /* which words may not be 0 */
};

struct spt_cycle_reduction {
    struct spt_loop *loops; /* [loop_count], in order of birth */
    size_t loop_count, alive;
    struct spt_bit_set cycle; /* edges by rank */
    struct spt_bit_set sum;   /* loops */
    uint32_t *pool; /* sums of loops: their number, then the loops, youngest first; at 0 the empty sum. Grows */
    size_t pool_used, pool_capacity;
};

#define SPT_LOOP_NONE SIZE_MAX

/* Memory for at most edges and loops. false: out of memory; release takes what is there. */
bool spt_cycle_reduction_init(struct spt_cycle_reduction *reduction, size_t edges, size_t loops);
void spt_cycle_reduction_release(struct spt_cycle_reduction *reduction);

/* Forgets all loops. */
void spt_cycle_reduction_start(struct spt_cycle_reduction *reduction);

/* Edge r closes a loop. */
void spt_cycle_close(struct spt_cycle_reduction *reduction, struct spt_link_sweep *sweep, size_t r, double birth);

/* Reduces the cycle i k j k2 of the edge r = ij. *killed: the loop that dies, now dead, or SPT_LOOP_NONE. false: out of
 * memory. */
bool spt_cycle_reduce(struct spt_cycle_reduction *reduction, struct spt_link_sweep *sweep, size_t r, size_t k,
                      size_t k2, size_t *killed);

#endif
