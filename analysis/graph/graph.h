/* Attention as an undirected weighted graph: w(i,j) = (A[i][j] + A[j][i]) / 2, i != j (in a causal layer half the
 * attention), of which the edges with w > tau are kept, for each tau of SPT_TAUS.
 *
 *     spt_graphs_new(n_max)  ->  spt_graphs_of for each batch  ->  spt_graphs_free
 *
 * One workspace a thread; no call allocates. A matrix's figures do not depend on what else is in its batch.
 *
 * The kept edges of a larger tau are some of those of a smaller one, so one maximum spanning tree tells for every tau
 * whether its graph is connected; where it is not, the Fiedler values are 0 and nothing is solved. Where two taus keep
 * the same edges, one is solved.
 */
#ifndef SPT_GRAPH_H
#define SPT_GRAPH_H

#include "analysis/metric.h"

/* Matrices of a batch at most. */
#define SPT_GRAPH_BATCH 8

struct spt_graphs;

/* A workspace for matrices up to n_max: 16 n_max^2 doubles up to 56, 12 up to 128, 5 beyond. fiedler: whether Fiedler
 * values are asked for; without, 4 to 8 less. SPT_NOMEM. */
enum spt_status spt_graphs_new(size_t n_max, bool fiedler, struct spt_graphs **workspace, struct spt_error *error);
void spt_graphs_free(struct spt_graphs *workspace);

/* The graphs of count <= SPT_GRAPH_BATCH matrices of the same order.
 *   a[m]   [n, n] row-major, finite, entries >= 0, n <= n_max
 *   graph  [count] out; Fiedler values NAN where they are not asked for
 * A matrix of 50 tokens takes about 60 us, of which 3 are not spent on eigenvalues. */
void spt_graphs_of(struct spt_graphs *workspace, const double *const *a, size_t count, size_t n,
                   struct spt_graph *graph);

#endif
