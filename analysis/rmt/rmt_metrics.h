/* The metrics of one head's spectrum: rows of metric_table.c point here. `spectail metrics` prints their definitions.
 *
 * s_1 >= ... >= s_n are the singular values of attention A (head->singular), lambda_i = s_i^2; the law's metrics read
 * the spectrum of the residual G (head->residual). Every function gives NAN where its metric is undefined and for a
 * spectrum of NANs; parameter is not read. O(n).
 */
#ifndef SPT_RMT_METRICS_H
#define SPT_RMT_METRICS_H

#include "analysis/metric.h"

/* s_1 - s_2, and (lambda_1 - lambda_2) / lambda_1 in [0, 1]. Undefined for n = 1. */
double spt_rmt_gap(const struct spt_head *head, double parameter);
double spt_rmt_gap_ratio(const struct spt_head *head, double parameter);

/* (sum lambda)^2 / sum lambda^2, in [1, n]: how many directions carry the matrix (Bell and Dean 1970); and that / n. */
double spt_rmt_participation(const struct spt_head *head, double parameter);
double spt_rmt_participation_rel(const struct spt_head *head, double parameter);

/* sum lambda / lambda_1, in [1, n] (Rudelson and Vershynin 2007). */
double spt_rmt_stable_rank(const struct spt_head *head, double parameter);

/* exp of the entropy of s / sum s, in [1, n] (Roy and Vetterli 2007). */
double spt_rmt_effective_rank(const struct spt_head *head, double parameter);

/* Kolmogorov and Smirnov's sup |F_n - F| of the residual's points (spt_law_points) from the law of the mask, in [0, 1].
 * Undefined for n < 8, a windowed mask, uniform attention. */
double spt_rmt_law_ks(const struct spt_head *head, double parameter);

/* Number of the residual's points above 1.1 times the law's edge. Undefined where law_ks is. */
double spt_rmt_spikes(const struct spt_head *head, double parameter);

/* head->mp_kl: computed for all heads at once (spt_density_kl_batch of spt_mp_points from the quarter circle). */
double spt_rmt_mp_kl(const struct spt_head *head, double parameter);

/* Pooled over samples: KL in nats of the density of x from its law, and that density on the law's grid. NAN
 * (throughout) without points; the law's for a windowed mask too. O(SPT_LAW_CELLS ln SPT_LAW_CELLS). */
double spt_rmt_law_kl(const struct spt_pool *pool);
double spt_rmt_mp_kl_pooled(const struct spt_pool *pool);

/* The same of each draw of samples (spt_density_kl_draws). */
enum spt_status spt_rmt_law_kl_draws(const struct spt_pool *pool, const struct spt_bootstrap *bootstrap, double *draws,
                                     struct spt_error *error);
enum spt_status spt_rmt_mp_kl_pooled_draws(const struct spt_pool *pool, const struct spt_bootstrap *bootstrap,
                                           double *draws, struct spt_error *error);
void spt_rmt_law_density(const struct spt_pool *pool, double *values /* [SPT_LAW_CELLS] */);

/* The i-th cell's centre, in units of the rms. */
double spt_rmt_density_grid(size_t i);

#endif
