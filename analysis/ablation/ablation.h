/* The ablated pass: the same checkpoint run a second time over the same probe, without each layer's reference tokens as
 * keys (ablation_metrics.h says what is measured of it).
 *
 *     spt_ablation_init                     once a plan; where no row of it is of this pass, nothing else is made
 *     spt_ablation_keep                     in the clean pass, for each layer and sample, once its references are known
 *     spt_ablation_run                      after the clean pass: runs, measures, emits
 *     spt_ablation_release
 *
 * Kept from the clean pass: the entropy of every (layer, head, sample) over the rows that are compared; and, for loss
 * and KL, what the output head was given, [N, embedding_dim] float32, so that both distributions are made side by side,
 * a tile of the vocabulary at a time. No attention matrix, no logits.
 *
 * Cost: one forward pass over the samples that have a reference token in any layer, the entropies of its rows, and the
 * output head twice; the weights are read a second time, and not hashed again. In the other samples nothing is masked,
 * and their differences are 0 without it: before there are sinks the pass is short, or there is none. Figures are the
 * same to the bit for any number of threads and whatever else is measured.
 */
#ifndef SPT_ABLATION_H
#define SPT_ABLATION_H

#include "analysis/ablation/chosen.h"
#include "analysis/analyze.h"
#include "analysis/figures.h"
#include "analysis/forward/team.h"
#include "analysis/measure.h"

struct spt_ablation {
    struct spt_selection selection; /* the plan's rows of the ablated pass */
    struct spt_layer_values values;
    struct spt_figures figures;
    size_t layers;
    double *row_entropy;   /* [heads, N] of the clean pass's layer at hand, as it is measured */
    double *clean_entropy; /* [layers, heads, samples] */
    struct spt_chosen chosen;
    float *stream;                            /* [N, embedding_dim] of the clean pass, then of the chosen samples */
    double *loss, *ablated_loss, *divergence; /* [samples] */
    double *nothing;                          /* [samples] 0, NAN without an output: what others diverge by */
};

/* SPT_NOMEM. */
enum spt_status spt_ablation_init(struct spt_ablation *ablation, const struct spt_plan *plan,
                                  const struct spt_model_config *config, const struct spt_probe *probe, unsigned lacks,
                                  const struct spt_bootstrap *bootstrap, const struct spt_team *team,
                                  struct spt_error *error);
void spt_ablation_release(struct spt_ablation *ablation);

/* What the plan asks for: anything; the entropy of heads; the output. */
bool spt_ablation_is_wanted(const struct spt_ablation *ablation);
bool spt_ablation_has_heads(const struct spt_ablation *ablation);
bool spt_ablation_has_output(const struct spt_ablation *ablation);

/* All heads of a sample are measured and the layer's references in it are known: turns the rows' entropies into those
 * of the heads. context is the clean pass's. From many threads at once, each with a sample of its own. */
void spt_ablation_keep(struct spt_ablation *ablation, const struct spt_measure_context *context, size_t layer,
                       size_t sample);

/* What the clean pass leaves, and what both measure with. Borrowed. */
struct spt_ablation_run {
    struct spt_checkpoint *checkpoint;
    const struct spt_plan *plan;
    const struct spt_model_config *config;
    const struct spt_probe *probe;
    const struct spt_laws *laws;
    const struct spt_mask_set *masks;              /* the distinct masks */
    const size_t *mask_of_layer;                   /* [layers] */
    const struct spt_reference_tokens *references; /* [layers] */
    struct spt_measurer *const *measurers;         /* [team->threads] */
    const size_t *length;                          /* [samples] */
    const double *loss;                            /* [samples] of the clean pass; with spt_ablation_has_output */
    const struct spt_team *team;
    const struct spt_emit *emit; /* progress counts on from the clean pass's layers */
};

/* SPT_END when emit->stop said so; else as spt_forward_run. */
enum spt_status spt_ablation_run(struct spt_ablation *ablation, const struct spt_ablation_run *run,
                                 struct spt_error *error);

#endif
