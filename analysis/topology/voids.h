/* Persistent homology in dimension 2 over Z/2: cohomology with clearing (Bauer 2021, "Ripser"), simplices by the rank
 * of their last edge.
 *
 * A triangle whose last edge is r = ij is (r, k); a tetrahedron (r, k, l), k < l. Triangles that kill a loop or are
 * paired with their own last edge are known from dimension 1 and left out; a triangle that is paired with a tetrahedron
 * of the same last edge is recognised without a reduction.
 */
#ifndef SPT_VOIDS_H
#define SPT_VOIDS_H

#include "analysis/topology/link_sweep.h"
#include "analysis/topology/persistence.h"

#include <stdbool.h>

struct spt_voids; /* opaque; grows to the largest reduction met */

struct spt_voids *spt_voids_new(size_t n_max); /* NULL: out of memory */
void spt_voids_free(struct spt_voids *voids);

/* A triangle (rank, k) that kills a loop, to be told while the sweep goes on, in order. false: out of memory. */
bool spt_voids_note_killer(struct spt_voids *voids, size_t rank, size_t k);
void spt_voids_forget_killers(struct spt_voids *voids);

/* The bars of dimension 2, after a finished sweep; longer than SPT_BAR_MIN, in the order they were found.
 *   distance [n, n]
 *   bars     out: borrowed until the next call
 * false: out of memory. O(n^3) and the reductions. */
bool spt_voids_of(struct spt_voids *voids, const struct spt_link_sweep *sweep, const double *distance, double radius,
                  const struct spt_bar **bars, size_t *count);

#endif
