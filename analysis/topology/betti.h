/* From one attention matrix to the distances that persistence reads; Betti curves of its barcode; edges and components
 * of its thresholded graph.
 *
 *     spt_distance_from_attention -> spt_persistence_of -> spt_betti_curve
 *     spt_components_of
 *
 * w(i,j) is the weight of the edge i~j, i != j: max(A[i][j], A[j][i]), or their mean. Nothing here allocates or fails.
 */
#ifndef SPT_BETTI_H
#define SPT_BETTI_H

#include "analysis/metric.h"
#include "analysis/plan.h"
#include "analysis/topology/persistence.h"

#include <stddef.h>
#include <stdint.h>

/* The grid of Betti curves: eps_k = 1 - 2^(-k/4), k = 0 ... 64, that is attention weights from 1 down to 1.5e-5. */
#define SPT_BETTI_GRID 65

/* Distances of an attention matrix: d(i,j) = 1 - w(i,j), d(i,i) = 0. Symmetric to the last bit. O(n^2).
 *   attention [n, n] row-major, entries in [0, 1]
 *   distance  [n, n] out */
void spt_distance_from_attention(const double *attention, size_t n, enum spt_symmetrize symmetrize, double *distance);

/* eps_k of the grid, k < SPT_BETTI_GRID. */
double spt_betti_epsilon(size_t k);

/* beta(eps_k) = number of bars with birth <= eps_k < death; the infinite bar counts at every k.
 *   curve [SPT_BETTI_GRID] out, whole numbers */
void spt_betti_curve(const struct spt_barcode *barcode, unsigned dimension, double *curve);

/* Edges and components of the graph with an edge where w(i,j) >= t, for each t of SPT_THRESHOLDS (Kushnareva et al.
 * 2021). n = 0 and n = 1: n components, no edge. O(n^2); 128 KiB of stack, of which 12 n bytes are touched. attention
 * [n, n] row-major, n <= SPT_POINTS_MAX */
void spt_components_of(const double *attention, size_t n, enum spt_symmetrize symmetrize,
                       struct spt_components *components);

#endif
