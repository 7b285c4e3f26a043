/* Draws of the figures that no sample has a value of its own of: pooled ones, counts, shares, ratios, pairs, the loss of
 * a token. What each of the plan's draws of samples gives for them, so that they too can be resampled alike at every
 * checkpoint.
 *
 *     spt_draw_figures_init  ->  spt_draw_figures_head for each head of a layer  ->  spt_draw_figures_layer
 *                            ->  (the next layer)  ->  spt_draw_figures_model  ->  (the next checkpoint)
 *                            ->  spt_draw_figures_release
 *
 * A layer's draw is made of those of its heads, the model's of those of its layers, as the figures themselves are. A
 * metric without a function for draws has none.
 */
#ifndef SPT_DRAWS_H
#define SPT_DRAWS_H

#include "analysis/analyze.h"
#include "analysis/bootstrap.h"
#include "analysis/measure.h"
#include "analysis/pairs.h"

struct spt_draw_figures {
    const struct spt_selection *selection;
    const struct spt_bootstrap *bootstrap;
    bool keep_heads;
    size_t layers, heads;
    double *head;         /* [pooled metrics, heads, draws] of the layer that is at hand */
    double *layer;        /* [pooled metrics, layers, draws] */
    unsigned char *frame; /* [heads, draws] */
    double *sums;         /* [ratio metrics, layers, samples, SPT_RATIO_SUMS] */
    double *work;         /* [1 + SPT_RATIO_SUMS, draws] scratch */
    double *all;          /* [samples, SPT_RATIO_SUMS] scratch */
    float *vector;        /* [draws] what is emitted */
};

/* Of a ratio: part, whole, and how many (sample, head) have a value. */
#define SPT_RATIO_SUMS 3

/* 8 bytes for each draw, pooled metric, layer and head of one layer. SPT_NOMEM. */
enum spt_status spt_draw_figures_init(struct spt_draw_figures *figures, const struct spt_selection *selection,
                                      const struct spt_bootstrap *bootstrap, bool keep_heads, size_t layers,
                                      size_t heads, struct spt_error *error);
void spt_draw_figures_release(struct spt_draw_figures *figures);

/* One head over all samples. Heads may be done by different threads. SPT_NOMEM. */
enum spt_status spt_draw_figures_head(struct spt_draw_figures *figures, const struct spt_measure_context *context,
                                      const struct spt_pool *pool, size_t head, struct spt_error *error);

/* Keeps what the layer and the model need, and emits the heads' draws where they are kept. */
enum spt_status spt_draw_figures_layer(struct spt_draw_figures *figures, const struct spt_layer_values *values,
                                       size_t layer, const struct spt_emit *emit, struct spt_error *error);

/* Emits the draws of all layers and of the model. output NULL: it was not asked for. */
enum spt_status spt_draw_figures_model(struct spt_draw_figures *figures, const struct spt_pair_figures *pairs,
                                       const struct spt_output *output, const struct spt_emit *emit,
                                       struct spt_error *error);

#endif
