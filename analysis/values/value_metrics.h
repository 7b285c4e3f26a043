/* What sinks carry: the functions of the table's rows value.*, key.* and hidden.* .
 *
 * Definitions: every row of the metric table. value.direction is the directional influence of Ruscio et al. 2025 (arXiv
 * 2508.02546), value.output_ratio after Kobayashi et al. 2020 (arXiv 2004.10102), hidden.* after Sun et al. 2024 (arXiv
 * 2402.17762). Queries and keys are taken as the scores see them: with bias, normed and turned where the model does
 * so. A key's cosine is over the queries that see it. NAN where undefined, and without vectors. The parameter is
 * unused.
 */
#ifndef SPT_VALUE_METRICS_H
#define SPT_VALUE_METRICS_H

#include "analysis/metric.h"

double spt_value_direction(const struct spt_head *head, double unused);
double spt_value_share(const struct spt_head *head, double unused);
double spt_value_norm_ratio(const struct spt_head *head, double unused);
double spt_value_output_ratio(const struct spt_head *head, double unused);

double spt_key_norm_first(const struct spt_head *head, double unused);
double spt_key_cos_first(const struct spt_head *head, double unused);

double spt_hidden_norm_first(const struct spt_layer *layer);
double spt_hidden_max_ratio(const struct spt_layer *layer);

#endif
