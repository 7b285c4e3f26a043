/* The metrics of a plan, sorted by how they are computed. Read-only once made. */
#ifndef SPT_SELECTION_H
#define SPT_SELECTION_H

#include "analysis/metric.h"
#include "checkpoints/base/error.h"
#include "checkpoints/model_config.h"

struct spt_selection {
    const struct spt_metric **metrics;           /* [total] by level, in the order of the table within each */
    size_t first[SPT_LEVELS], count[SPT_LEVELS]; /* where a level's metrics stand */
    size_t total;
    unsigned needs; /* of all of them together */
};

/* The rows of plan->metric that apply: those in dimension 2 only where the plan asks for it, and none that needs what the
 * model lacks. SPT_NOMEM. */
enum spt_status spt_selection_init(struct spt_selection *selection, const struct spt_plan *plan, unsigned lacks,
                                   struct spt_error *error);

/* The same for the rows of the ablated pass, which spt_selection_init leaves out, while it counts their needs: what they
 * are differences from is kept by the clean pass. */
enum spt_status spt_selection_init_ablated(struct spt_selection *selection, const struct spt_plan *plan, unsigned lacks,
                                           struct spt_error *error);

/* What there is not under a mask, of enum spt_need: an encoder predicts no next token, any other has no full mask. */
static inline unsigned spt_mask_lacks(enum spt_mask_kind kind) {
    return kind == SPT_MASK_FULL ? SPT_NEED_LOSS : SPT_NEED_FULL_MASK;
}

/* What no checkpoint of this model has: what there is not under its first layer's mask, and a gate where its MLP has none.
 *   longest  tokens of the probe's longest sample */
unsigned spt_selection_lacks(const struct spt_model_config *config, size_t longest);

void spt_selection_release(struct spt_selection *selection);

/* The metrics of one head over all samples: pooled ones, then counts, then shares. */
size_t spt_selection_pooled(const struct spt_selection *selection);
const struct spt_metric *spt_selection_pooled_at(const struct spt_selection *selection, size_t i);

/* The i-th metric of a level. */
static inline const struct spt_metric *spt_selection_at(const struct spt_selection *selection,
                                                        enum spt_metric_level level, size_t i) {
    return selection->metrics[selection->first[level] + i];
}

#endif
