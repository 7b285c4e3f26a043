/* How far attention is from uniform, with and without its sinks: the functions of the table's rows information.* .
 *
 * Definitions: every row of the metric table. KL from uniform after Ruscio et al. 2025 (arXiv 2508.02546); the Fisher
 * information of a softmax with respect to its scores is diag(a) - a a^T (Amari 1998). A row that sees one key alone
 * says nothing and takes no part. NAN where undefined. The parameter is unused.
 */
#ifndef SPT_INFORMATION_METRICS_H
#define SPT_INFORMATION_METRICS_H

#include "analysis/metric.h"

/* Below this mean of KL, in nats, attention is uniform and has nothing to be reduced. */
#define SPT_LEAST_KL 0.01

double spt_information_kl_uniform(const struct spt_head *head, double unused);
double spt_information_fisher(const struct spt_head *head, double unused);
double spt_information_kl_no_sink(const struct spt_head *head, double unused);
double spt_information_kl_drop(const struct spt_head *head, double unused);
double spt_information_fisher_sink(const struct spt_head *head, double unused);
double spt_information_kl_same(const struct spt_head *head, double unused); /* kl_uniform over the rows of kl_no_sink */

#endif
