/* The metrics of the group graph that are one figure a head (rows of SPT_METRICS). `parameter` is tau; NAN for one that
 * is not of SPT_TAUS. */
#ifndef SPT_GRAPH_METRICS_H
#define SPT_GRAPH_METRICS_H

#include "analysis/metric.h"

/* (max_k sum_i A[i][k] - 1) / (n - 1): 1 when every query attends to one key alone, 0 when all keys get alike. NAN for
 * n = 1. */
double spt_graph_in_centralization(const struct spt_head *head, double parameter);

/* Freeman's degree centralization: 1 for a star, 0 where all have the same number of kept edges. NAN for n < 3. */
double spt_graph_centralization(const struct spt_head *head, double tau);

/* NAN for n = 1, 0 for a graph that is not connected. */
double spt_graph_fiedler(const struct spt_head *head, double tau);
double spt_graph_fiedler_norm(const struct spt_head *head, double tau);

#endif
