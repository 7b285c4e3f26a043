/* What random attention gives: the level from which structure is told.
 *
 * A random matrix has rows of i.i.d. exponentials, normalised, under the layer's mask; there is one of each number for
 * each probe sample's length. A draw is measured as attention is, by the same code:
 *
 *   a head   for metrics of one head (sink.first, rmt.*, topology.*, graph.*, information.kl_uniform ...): draw d is
 *            matrix d, its value the mean over samples, or the pooled value. So the null of a layer, which is a mean of
 *            heads, is narrower by about the root of their number.
 *   a layer  for metrics that rest on the layer's reference tokens or tell of a layer's heads together
 *            (sink.reference_*, sink.full_heads, information.kl_no_sink, kl_drop, kl_reduction, fisher_sink, frame.*):
 *            draw d is the layer of matrices d H ... d H + H - 1, H the model's heads, its value that of a layer.
 *
 * What random attention leaves open has no null: the loss, what is made of queries, keys, values and the residual
 * stream (sink.max_logit, value.*, key.*, hidden.*), and curves. The control run (the same checkpoints, asked about
 * shuffled tokens) stands beside those.
 */
#ifndef SPT_NULLS_H
#define SPT_NULLS_H

#include "analysis/analyze.h"
#include "analysis/forward/team.h"
#include "analysis/mask_set.h"
#include "analysis/rmt/law.h"
#include "analysis/selection.h"

/* What a draw is. */
enum spt_null_of { SPT_NULL_OF_HEADS, SPT_NULL_OF_LAYERS, SPT_NULL_KINDS };

/* Of a metric that has a null. */
enum spt_null_of spt_null_kind(const struct spt_metric *metric);

struct spt_nulls {
    size_t draws;
    struct spt_null_values {
        struct spt_selection selection; /* the plan's metrics that have a null of this kind */
        double *value;                  /* [metrics, draws] in the order of the selection */
    } of[SPT_NULL_KINDS];
};

/* Measures plan->null_draws draws with plan->null_seed for a model of so many heads a layer. The same bits for any
 * number of threads. Only emit->stop is asked (SPT_END). Costs draws * samples matrices; where a draw is a layer, heads
 * times as many, of which only c and what rests on the reference tokens is computed. */
enum spt_status spt_nulls_measure(struct spt_nulls *nulls, const struct spt_plan *plan,
                                  const struct spt_mask_set *masks, const struct spt_laws *laws,
                                  const struct spt_probe *probe, size_t heads, const struct spt_team *team,
                                  const struct spt_emit *emit, struct spt_error *error);
void spt_nulls_release(struct spt_nulls *nulls);

/* Mean and sd (divisor draws - 1) of every metric, as those of a layer. */
enum spt_status spt_nulls_emit(const struct spt_nulls *nulls, int layer, const struct spt_emit *emit,
                               struct spt_error *error);

#endif
