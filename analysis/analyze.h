/* The whole of a checkpoint's work: forward pass, metrics of every attention matrix, figures with intervals.
 *
 *     spt_analysis_new(plan, config, probe)          once a run: masks, bootstrap counts, scratch of every thread
 *     spt_analysis_nulls(analysis, emit)             once a run: the same metrics of random matrices
 *     spt_analysis_checkpoint(analysis, ..., emit)   for each checkpoint
 *     spt_analysis_free
 *
 * A plan with metrics of the ablated pass (analysis/ablation) runs a checkpoint twice. No attention matrix outlives the
 * loop that makes it. Figures are bit-identical for any number of threads.
 */
#ifndef SPT_ANALYZE_H
#define SPT_ANALYZE_H

#include "analysis/forward/forward.h"
#include "analysis/metric.h"
#include "analysis/plan.h"
#include "checkpoints/base/api.h"

SPT_API_BEGIN

#define SPT_WHOLE_MODEL (-1) /* layer of a figure of the whole model */
#define SPT_WHOLE_LAYER (-1) /* head of a figure of a whole layer */

/* One figure. NAN where undefined. */
struct spt_measure {
    const struct spt_metric *metric;
    int layer, head;
    double mean, sd, lo, hi;
    size_t n, bad; /* samples with and without a value */
};

/* A vector: per-sample values, a figure's draws, or a curve over the metric's grid. */
struct spt_vector {
    const struct spt_metric *metric;
    int layer, head;
    const float *values; /* [count] NAN where undefined; borrowed */
    size_t count;
};

struct spt_null {
    const struct spt_metric *metric;
    int layer; /* SPT_WHOLE_MODEL when all layers have the same mask */
    double mean, sd;
    size_t draws;
};

/* Where results go: the heads of layer 0, 1, ... as each is done, then the layers, then the model and its output;
 * then those of the ablated pass in the same order. Values and curves of
 * single heads are given only where the plan keeps them. Any function may be NULL. What is not SPT_OK ends the analysis with it. */
struct spt_emit {
    void *context;
    enum spt_status (*measure)(void *context, const struct spt_measure *measure, struct spt_error *error);
    enum spt_status (*samples)(void *context, const struct spt_vector *values, struct spt_error *error);
    enum spt_status (*curve)(void *context, const struct spt_vector *curve, struct spt_error *error);
    /* Of figures without values of samples: what they are in each draw; one value where all draws have the same. */
    enum spt_status (*draws)(void *context, const struct spt_vector *draws, struct spt_error *error);
    enum spt_status (*null)(void *context, const struct spt_null *null, struct spt_error *error);
    void (*progress)(void *context, size_t layer,
                     size_t layers); /* after each layer; those of an ablated pass count on */
    bool (*stop)(void *context);     /* true: end soon with SPT_END */
};

struct spt_analysis;

/* plan, config and probe are borrowed and must outlive the analysis. */
enum spt_status spt_analysis_new(const struct spt_plan *plan, const struct spt_model_config *config,
                                 const struct spt_probe *probe, struct spt_analysis **analysis,
                                 struct spt_error *error);
void spt_analysis_free(struct spt_analysis *analysis);

enum spt_status spt_analysis_nulls(struct spt_analysis *analysis, const struct spt_emit *emit, struct spt_error *error);

enum spt_status spt_analysis_checkpoint(struct spt_analysis *analysis, struct spt_checkpoint *checkpoint,
                                        const struct spt_emit *emit, struct spt_error *error);

/* The reference tokens of a layer in the checkpoint that was analysed last; NULL when no metric of the plan needs
 * them. */
const struct spt_reference_tokens *spt_analysis_references(const struct spt_analysis *analysis, size_t layer);

SPT_API_END

#endif
