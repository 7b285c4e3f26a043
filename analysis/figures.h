/* From per-sample values to figures: heads, layers, the model; means, intervals, pooled metrics, curves.
 *
 *     spt_figures_init  ->  spt_figures_layer for layer 0, 1, ...  ->  spt_figures_model
 *                       ->  (the next checkpoint)  ->  spt_figures_release
 *
 * A layer's value in a sample is the mean over its heads that have one, the model's the mean over its layers that have
 * one.
 */
#ifndef SPT_FIGURES_H
#define SPT_FIGURES_H

#include "analysis/analyze.h"
#include "analysis/bootstrap.h"
#include "analysis/draws.h"
#include "analysis/measure.h"
#include "analysis/pairs.h"
#include "analysis/ratio.h"

struct spt_figures {
    const struct spt_selection *selection;
    const struct spt_bootstrap *bootstrap;
    bool keep_heads, keep_draws;
    const struct spt_team *team;
    size_t layers, heads, samples;
    double *sample;              /* [head metrics, then layer metrics; layers; samples] */
    struct spt_summary *summary; /* as many as are summarised at once */
    double *pooled_head;         /* [pooled metrics, then counts, then shares; heads] */
    size_t *pooled_head_n;       /* likewise: samples that take part */
    double *pooled;              /* [pooled metrics, then counts, then shares; layers] */
    size_t *pooled_n;            /* likewise */
    struct spt_pair_figures pairs;
    struct spt_draw_figures draws; /* where they are kept */
    struct spt_ratio *ratio;       /* [ratio metrics, layers] sums */
    double **curve_head;           /* [curve metrics, then pooled curves] each [heads, points] */
    double **curve;                /* likewise, each [layers, points] */
    double *model;                 /* [sample metrics and metrics of the output, samples] */
    float *vector;                 /* [max(samples, points)] what is emitted */
};

enum spt_status spt_figures_init(struct spt_figures *figures, const struct spt_selection *selection,
                                 const struct spt_bootstrap *bootstrap, const struct spt_plan *plan, size_t layers,
                                 size_t heads, const struct spt_team *team, struct spt_error *error);
void spt_figures_release(struct spt_figures *figures);

/* Emits the figures of a layer's heads and keeps what its layer and the model need. Uses up context->values.
 *   measurers  [team->threads] whose density workspaces serve the pooled metrics */
enum spt_status spt_figures_layer(struct spt_figures *figures, const struct spt_measure_context *context,
                                  struct spt_measurer *const *measurers, size_t layer, const struct spt_emit *emit,
                                  struct spt_error *error);

/* Emits the figures of all layers, of the model and of its output. output and spectra NULL: not asked for.
 *   spectra  [layers, SPT_LAYER_MATRICES] */
enum spt_status spt_figures_model(struct spt_figures *figures, const struct spt_layer_spectrum *spectra,
                                  const struct spt_output *output, const struct spt_emit *emit,
                                  struct spt_error *error);

#endif
