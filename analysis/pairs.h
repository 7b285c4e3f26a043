/* Figures of the level SPT_LEVEL_PAIRS: one for each layer from the pairs of all its heads and samples, and their mean
 * for the model; intervals from the same draws of samples in every layer.
 *
 *     spt_pair_figures_init  ->  spt_pair_figures_layer for each layer  ->  spt_pair_figures_of  ->  (next checkpoint)
 *                            ->  spt_pair_figures_release
 *
 * A figure's n is the number of samples of which a pair takes part. Its sd is NAN: no sample has a value of its own.
 */
#ifndef SPT_PAIRS_H
#define SPT_PAIRS_H

#include "analysis/bootstrap.h"
#include "analysis/measure.h"

struct spt_pair_figures {
    const struct spt_selection *selection;
    const struct spt_bootstrap *bootstrap;
    size_t layers;
    double *value; /* [metrics, layers] */
    size_t *n;     /* [metrics, layers] */
    double *draws; /* [metrics, layers, draws] NAN where undefined */
    double *kept;  /* [draws] scratch */
};

/* 8 bytes for each draw, layer and metric. SPT_NOMEM. */
enum spt_status spt_pair_figures_init(struct spt_pair_figures *figures, const struct spt_selection *selection,
                                      const struct spt_bootstrap *bootstrap, size_t layers, struct spt_error *error);
void spt_pair_figures_release(struct spt_pair_figures *figures);

/* Pools a layer's pairs; a task of the team is a metric. SPT_NOMEM. */
enum spt_status spt_pair_figures_layer(struct spt_pair_figures *figures, const struct spt_measure_context *context,
                                       const struct spt_team *team, size_t layer, struct spt_error *error);

/* The i-th metric's figure of a layer, or of the model (SPT_WHOLE_MODEL): a draw's value there is the mean over the
 * layers that have one. */
struct spt_summary spt_pair_figures_of(struct spt_pair_figures *figures, size_t metric, int layer);

/* The pairs of heads first_head ... first_head + heads - 1 of the i-th metric, as spt_measure_batch left them. */
struct spt_pairs spt_pairs_of(const struct spt_measure_context *context, size_t metric, size_t first_head,
                              size_t heads);

#endif
