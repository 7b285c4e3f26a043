/* Attention as an undirected weighted graph: w(i,j) = (A[i][j] + A[j][i]) / 2, i != j (in a causal layer half the
 * attention), of which the edges with w > tau are kept, for each tau of SPT_TAUS.
 *
 *     spt_graph_workspace_new(n_max)  ->  spt_graph_of for each batch  ->  spt_graph_workspace_free
 *
 * One workspace a thread; no call allocates.
 */
#ifndef SPT_GRAPH_H
#define SPT_GRAPH_H

#include "analysis/metric.h"

struct spt_graph_workspace;

/* SPT_NOMEM. */
enum spt_status spt_graph_workspace_new(size_t n_max, struct spt_graph_workspace **workspace, struct spt_error *error);
void spt_graph_workspace_free(struct spt_graph_workspace *workspace);

/* The graphs of count matrices.
 *   a[m]   [n, n] row-major, finite, entries >= 0, n <= n_max
 *   graph  [count] out: centralization
 */
void spt_graph_of(struct spt_graph_workspace *workspace, const double *const *a, size_t count, size_t n,
                  struct spt_graph *graph);

#endif
