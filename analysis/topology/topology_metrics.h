/* The metrics of the group topology that are one figure a head (rows of SPT_METRICS) or one Betti curve. All but b0 and
 * b1 read head->barcode, those two head->components; `parameter` is used by those two alone. n = 1: b0 is 1, all else
 * 0. */
#ifndef SPT_TOPOLOGY_METRICS_H
#define SPT_TOPOLOGY_METRICS_H

#include "analysis/metric.h"
#include "analysis/topology/betti.h"

#define SPT_TOPOLOGY_LONG_BAR 0.01 /* h1_bars and h2_bars count bars longer than this */

double spt_topology_h0_mean(const struct spt_head *head,
                            double parameter); /* mean length of the finite bars; 0 without */
double spt_topology_h1_persistence(const struct spt_head *head, double parameter); /* sum of the lengths */
double spt_topology_h1_bars(const struct spt_head *head,
                            double parameter); /* number longer than SPT_TOPOLOGY_LONG_BAR */
double spt_topology_h1_max(const struct spt_head *head, double parameter); /* longest; 0 without bars */
double spt_topology_h1_entropy(const struct spt_head *head,
                               double parameter); /* -sum p ln p, p = length / sum; 0 without bars */
double spt_topology_b0(const struct spt_head *head,
                       double parameter); /* components / n of the graph at threshold `parameter`, */
double spt_topology_b1(const struct spt_head *head,
                       double parameter); /* its edges - n + components; NAN for no such threshold */

/* The same of dimension 2, where the workspace was made for it (option topology dimension 2); 0 elsewhere. */
double spt_topology_h2_persistence(const struct spt_head *head, double parameter);
double spt_topology_h2_bars(const struct spt_head *head, double parameter);
double spt_topology_h2_max(const struct spt_head *head, double parameter);

/* Betti curves over attention weight: beta_d(1 - w) at w = spt_topology_betti_grid(k), k < SPT_BETTI_GRID.
 *   values [SPT_BETTI_GRID] out */
void spt_topology_betti0(const struct spt_head *head, float *values);
void spt_topology_betti0_rel(const struct spt_head *head, float *values); /* beta_0 / n */
void spt_topology_betti1(const struct spt_head *head, float *values);
double spt_topology_betti_grid(size_t k); /* 2^(-k/4) */

#endif
