/* What random attention gives: the level from which structure is told.
 *
 * One draw is one random matrix (rows of i.i.d. exponentials, normalised, the layer's mask) for each probe sample's
 * length; a draw's value is the mean over samples, or the pooled value (of pairs too: a draw is one head, so
 * their null is wider than that of a layer by about the root of the heads). A draw is measured as a head is, by the same
 * code.
 */
#ifndef SPT_NULLS_H
#define SPT_NULLS_H

#include "analysis/analyze.h"
#include "analysis/forward/team.h"
#include "analysis/mask_set.h"
#include "analysis/rmt/law.h"
#include "analysis/selection.h"

struct spt_nulls {
    struct spt_selection selection; /* the plan's metrics that have a null */
    size_t draws;
    double *value; /* [metrics, draws] in the order of the selection */
};

/* Measures plan->null_draws draws with plan->null_seed. The same bits for any number of threads. Only emit->stop is
 * asked (SPT_END). */
enum spt_status spt_nulls_measure(struct spt_nulls *nulls, const struct spt_plan *plan,
                                  const struct spt_mask_set *masks, const struct spt_laws *laws,
                                  const struct spt_probe *probe, const struct spt_team *team,
                                  const struct spt_emit *emit, struct spt_error *error);
void spt_nulls_release(struct spt_nulls *nulls);

/* Mean and sd (divisor draws - 1) of every metric, as those of a layer. */
enum spt_status spt_nulls_emit(const struct spt_nulls *nulls, int layer, const struct spt_emit *emit,
                               struct spt_error *error);

#endif
