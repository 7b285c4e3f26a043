/* What a figure is read against: the null (what random attention gives) and the control (what the same checkpoints give
 * when the tokens of each sample are shuffled).
 *
 * A figure that draws a metric over an axis puts both beside its own block and lets its script draw them:
 *
 *     struct spt_baselines drawn = {0};
 *     spt_null_put(drawing, "rmt.gap", "rmt.gap", -1, &range, &drawn);       the block "rmt.gap, null"
 *     spt_control_put(drawing, "rmt.gap", "rmt.gap", -1, &range, &drawn);    the block "rmt.gap, control"
 *     rows += spt_baselines_key_put(settings, rows, &drawn);                 once, a row of the key above the panels
 *
 *     base = metric[p]                                        in the script, for each panel: the name of the blocks
 *     plot @null_lines, data index (base.' |') ..., @control_lines
 *     @unset_baselines                                        after the first panel: the key is drawn once
 *
 * Both blocks are always there; where the source has no null or no control they hold a row of nothing. null_lines is a
 * dashed orange line in a band of two standard deviations, control_lines a dotted purple line with hollow marks; both
 * pass what they draw through scale(y), which a script may define anew for a panel whose axis is not linear.
 */
#ifndef SPT_PLOTS_BASELINES_H
#define SPT_PLOTS_BASELINES_H

#include "plots/figures/series.h"

/* Which of them a figure shows: set where something is put, never cleared. */
struct spt_baselines {
    bool null, control;
};

/* The block "<name>, null" over the whole axis of steps (x mean lo hi): mean and two standard deviations of the metric
 * for random attention. layer -1: of the whole model. range takes them in; NULL: none. */
enum spt_status spt_null_put(struct spt_drawing *drawing, const char *name, const char *metric, int layer,
                             struct spt_range *range, struct spt_baselines *drawn);

/* The same block over an axis of layers: each layer's null at its number. */
enum spt_status spt_null_layers_put(struct spt_drawing *drawing, const char *name, const char *metric,
                                    struct spt_range *range, struct spt_baselines *drawn);

/* The same block over an axis of thresholds [n]: the metric's name is metric, which ends in @, and a threshold. */
enum spt_status spt_null_thresholds_put(struct spt_drawing *drawing, const char *metric, int layer,
                                        const char *const *thresholds, size_t n, const struct spt_axis *axis,
                                        struct spt_range *range, struct spt_baselines *drawn);

/* The block "<name>, control" over the axis of steps (x mean mark): the control run's series at its own checkpoints.
 * mark 1: a point of its own is drawn. */
enum spt_status spt_control_put(struct spt_drawing *drawing, const char *name, const char *metric, int layer, int head,
                                struct spt_range *range, struct spt_baselines *drawn);

/* The same block over an axis of layers: the control run's layers at one step. Nothing where it has not that step. */
enum spt_status spt_control_layers_put(struct spt_drawing *drawing, const char *name, const char *metric, int64_t step,
                                       struct spt_range *range, struct spt_baselines *drawn);

/* The same block over an axis of thresholds. */
enum spt_status spt_control_thresholds_put(struct spt_drawing *drawing, const char *metric, int layer, int64_t step,
                                           const char *const *thresholds, size_t n, const struct spt_axis *axis,
                                           struct spt_range *range, struct spt_baselines *drawn);

/* A row of the key, below first_row rows of another key (spt_key_put): what the lines are. Returns the rows it takes: 0
 * where nothing is drawn. */
size_t spt_baselines_key_put(struct spt_text *settings, size_t first_row, const struct spt_baselines *drawn);

#endif
