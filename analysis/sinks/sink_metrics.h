/* Attention sinks and attention patterns: the functions of the table's rows sink.* and pattern.* .
 *
 * Definitions: every row of the metric table; alpha_k after Gu et al. 2024 (arXiv 2410.10781), reference tokens after
 * Ruscio et al. 2025 (arXiv 2508.02546). All are O(n) in the column means or O(n^2) in the matrix; NAN where undefined.
 * The parameter is unused.
 */
#ifndef SPT_SINK_METRICS_H
#define SPT_SINK_METRICS_H

#include "analysis/metric.h"

/* alpha_0, at most this many of sink.received's points are kept. */
#define SPT_RECEIVED_POINTS 64

/* c of every key of one matrix: received [n] out, c_k = (1/n) sum_i attention[i][k]. attention [n, n]. False where the
 * matrix holds a NAN or an infinity. */
bool spt_sink_received_of(const double *attention, size_t n, double *received);

double spt_sink_first(const struct spt_head *head, double unused);
double spt_sink_first_excess(const struct spt_head *head, double unused);
double spt_sink_last(const struct spt_head *head, double unused);
double spt_sink_share(const struct spt_head *head, double unused);
double spt_sink_max(const struct spt_head *head, double unused);
double spt_sink_max_first(const struct spt_head *head, double unused);
double spt_sink_effective(const struct spt_head *head, double unused);
double spt_sink_entropy(const struct spt_head *head, double unused);
double spt_sink_max_logit(const struct spt_head *head, double unused);
double spt_sink_full_head(const struct spt_pool *pool);
enum spt_status spt_sink_full_head_draws(const struct spt_pool *pool, const struct spt_bootstrap *bootstrap,
                                         double *draws, struct spt_error *error);
void spt_sink_received(const struct spt_head *head, float *values /* [SPT_RECEIVED_POINTS] */);
double spt_sink_received_grid(size_t i);

double spt_pattern_self(const struct spt_head *head, double unused);
double spt_pattern_previous(const struct spt_head *head, double unused);
double spt_pattern_first(const struct spt_head *head, double unused);
double spt_pattern_special(const struct spt_head *head, double unused);

/* Marks a layer's reference tokens: keys above the 90th percentile of c and, unless references is SPT_REFERENCES_PAPER,
 * at least 1/n above uniform, both in at least 30 % of the heads. None for n = 1.
 *   received      [heads][n] c of every head
 *   is_reference  [n] out, 0 or 1
 * O(heads n) times the number of keys that pass the second condition. */
void spt_sink_find_references(const double *const *received, size_t heads, const struct spt_mask *mask,
                              enum spt_references references, unsigned char *is_reference);

double spt_sink_reference_count(const struct spt_layer *layer);
double spt_sink_reference_mass(const struct spt_layer *layer);
double spt_sink_reference_excess(const struct spt_layer *layer);

#endif
