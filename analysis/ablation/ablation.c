#include "analysis/ablation/ablation.h"

#include "analysis/ablation/ablation_metrics.h"
#include "checkpoints/base/memory.h"

#include <math.h>
#include <stdlib.h>

/* --- life --- */

bool spt_ablation_is_wanted(const struct spt_ablation *a) {
    return a->selection.total > 0;
}

bool spt_ablation_has_heads(const struct spt_ablation *a) {
    return a->selection.count[SPT_LEVEL_HEAD] > 0;
}

bool spt_ablation_has_output(const struct spt_ablation *a) {
    return a->selection.count[SPT_LEVEL_MODEL] > 0;
}

static enum spt_status heads_init(struct spt_ablation *a, const struct spt_model_config *config,
                                  const struct spt_probe *probe, struct spt_error *error) {
    size_t cells, rows;
    if (!spt_ablation_has_heads(a)) return SPT_OK;
    if (spt_multiply(config->heads, probe->samples, &cells) && spt_multiply(cells, config->layers, &cells))
        a->clean_entropy = spt_alloc(cells, sizeof(double));
    if (spt_multiply(config->heads, probe->tokens, &rows)) a->row_entropy = spt_alloc(rows, sizeof(double));
    return a->clean_entropy && a->row_entropy
               ? SPT_OK
               : spt_fail_memory(error, (cells + rows) * sizeof(double), "the entropies of the clean pass");
}

static enum spt_status output_init(struct spt_ablation *a, const struct spt_model_config *config,
                                   const struct spt_probe *probe, struct spt_error *error) {
    size_t floats;
    if (!spt_ablation_has_output(a)) return SPT_OK;
    if (spt_multiply(probe->tokens, config->embedding_dim, &floats)) a->stream = spt_alloc(floats, sizeof(float));
    a->loss = spt_alloc(probe->samples, sizeof(double));
    a->ablated_loss = spt_alloc(probe->samples, sizeof(double));
    a->divergence = spt_alloc(probe->samples, sizeof(double));
    a->nothing = spt_alloc(probe->samples, sizeof(double));
    return a->stream && a->loss && a->ablated_loss && a->divergence && a->nothing
               ? SPT_OK
               : spt_fail_memory(error, floats * sizeof(float), "the output of the clean pass");
}

enum spt_status spt_ablation_init(struct spt_ablation *a, const struct spt_plan *plan,
                                  const struct spt_model_config *config, const struct spt_probe *probe, unsigned lacks,
                                  const struct spt_bootstrap *bootstrap, const struct spt_team *team,
                                  struct spt_error *error) {
    *a = (struct spt_ablation){.layers = config->layers};
    enum spt_status status = spt_selection_init_ablated(&a->selection, plan, lacks, error);
    if (status != SPT_OK || !spt_ablation_is_wanted(a)) return status;
    status = spt_chosen_init(&a->chosen, probe, config->layers, error);
    if (status == SPT_OK) status = heads_init(a, config, probe, error);
    if (status == SPT_OK) status = output_init(a, config, probe, error);
    if (status == SPT_OK) status = spt_layer_values_init(&a->values, &a->selection, probe, config->heads, error);
    if (status == SPT_OK)
        status =
            spt_figures_init(&a->figures, &a->selection, bootstrap, plan, config->layers, config->heads, team, error);
    if (status != SPT_OK) spt_ablation_release(a);
    return status;
}

void spt_ablation_release(struct spt_ablation *a) {
    spt_figures_release(&a->figures);
    spt_layer_values_release(&a->values, &a->selection);
    spt_selection_release(&a->selection);
    spt_chosen_release(&a->chosen);
    free(a->row_entropy);
    free(a->clean_entropy);
    free(a->stream);
    free(a->loss);
    free(a->ablated_loss);
    free(a->divergence);
    free(a->nothing);
    *a = (struct spt_ablation){0};
}

/* --- in the clean pass --- */

void spt_ablation_keep(struct spt_ablation *a, const struct spt_measure_context *context, size_t layer, size_t sample) {
    const size_t heads = context->values->heads, samples = context->values->samples, tokens = context->values->tokens;
    const size_t offset = context->probe->offset[sample], n = context->probe->offset[sample + 1] - offset;
    const struct spt_mask *mask = spt_mask_set_of(context->masks, n);
    for (size_t h = 0; h < heads; h++) {
        const bool finite = !isnan(context->values->first[h * samples + sample]);
        a->clean_entropy[(layer * heads + h) * samples + sample] =
            finite ? spt_ablation_entropy(a->row_entropy + h * tokens + offset, mask,
                                          context->references->is_reference + offset, false)
                   : NAN;
    }
}

/* --- the pass itself --- */

struct pass {
    struct spt_ablation *ablation;
    const struct spt_ablation_run *run;
};

/* The layer's references, known where those of all layers are. */
static struct spt_reference_tokens references_of(const struct pass *pass, size_t layer) {
    return (struct spt_reference_tokens){.is_reference = pass->run->references[layer].is_reference,
                                         .known = pass->ablation->chosen.known};
}

static struct spt_measure_context context_of(const struct pass *pass, size_t layer,
                                             const struct spt_reference_tokens *references) {
    struct spt_ablation *a = pass->ablation;
    const struct spt_ablation_run *run = pass->run;
    return (struct spt_measure_context){
        .selection = &a->selection,
        .plan = run->plan,
        .probe = run->probe,
        .laws = run->laws,
        .masks = &run->masks[run->mask_of_layer[layer]],
        .values = &a->values,
        .references = references,
        .clean_entropy = a->clean_entropy + layer * a->values.heads * a->values.samples,
    };
}

static enum spt_status on_attention(void *context, const struct spt_attention *attention, struct spt_error *error) {
    const struct pass *pass = context;
    struct spt_measurer *measurer = pass->run->measurers[attention->thread];
    const struct spt_reference_tokens references = references_of(pass, attention->layer);
    const struct spt_measure_context shared = context_of(pass, attention->layer, &references);
    struct spt_batch batch = spt_measurer_take(measurer, attention);
    (void)error;
    batch.sample = pass->ablation->chosen.sample[attention->sample];
    spt_measure_ablated(measurer, &shared, &batch);
    return SPT_OK;
}

/* Where nothing is masked the differences are 0, or undefined where what they are of is; the pass writes over those of
 * its samples. */
static void fill_heads(struct spt_ablation *a, size_t layer) {
    const size_t heads = a->values.heads, samples = a->values.samples;
    const double *clean = a->clean_entropy + layer * heads * samples;
    for (size_t m = 0; m < a->selection.count[SPT_LEVEL_HEAD]; m++)
        for (size_t cell = 0; cell < heads * samples; cell++)
            a->values.value[m * heads * samples + cell] =
                !isnan(clean[cell]) && a->chosen.known[cell % samples] ? 0 : NAN;
}

static enum spt_status on_layer(void *context, size_t layer, struct spt_error *error) {
    const struct pass *pass = context;
    struct spt_ablation *a = pass->ablation;
    const struct spt_ablation_run *run = pass->run;
    enum spt_status status = SPT_OK;
    if (spt_ablation_has_heads(a)) {
        const struct spt_reference_tokens references = references_of(pass, layer);
        const struct spt_measure_context shared = context_of(pass, layer, &references);
        status = spt_figures_layer(&a->figures, &shared, run->measurers, layer, run->emit, error);
        if (layer + 1 < a->layers) fill_heads(a, layer + 1);
    }
    if (status == SPT_OK && run->emit->progress)
        run->emit->progress(run->emit->context, a->layers + layer, 2 * a->layers);
    return status;
}

static bool on_stop(void *context) {
    const struct spt_emit *emit = ((const struct pass *)context)->run->emit;
    return emit->stop && emit->stop(emit->context);
}

static enum spt_status run_pass(struct pass *pass, struct spt_error *error) {
    struct spt_ablation *a = pass->ablation;
    const struct spt_ablation_run *run = pass->run;
    const bool output = spt_ablation_has_output(a);
    const struct spt_forward_observer observer = {
        .context = pass,
        .attention = spt_ablation_has_heads(a) ? on_attention : NULL,
        .layer = on_layer,
        .stop = on_stop,
    };
    const struct spt_forward_options options = {
        .threads = run->team->threads,
        .no_read_ahead = run->plan->no_read_ahead,
        .no_loss = !output,
        .hidden_keys = a->chosen.hidden,
    };
    const struct spt_forward_output said = {
        .loss = a->ablated_loss, .other = a->stream, .other_loss = a->loss, .divergence = a->divergence};
    if (output) spt_chosen_gather(&a->chosen, a->stream, run->config->embedding_dim);
    return spt_forward_run(run->checkpoint, run->config, &a->chosen.probe, &options, &observer, output ? &said : NULL,
                           error);
}

/* No sample has a reference: the figures are there without a pass. */
static enum spt_status skip_pass(struct pass *pass, struct spt_error *error) {
    enum spt_status status = SPT_OK;
    for (size_t l = 0; l < pass->ablation->layers && status == SPT_OK; l++) status = on_layer(pass, l, error);
    return status;
}

/* What was said of the chosen samples, in its place. The others lose nothing, where they have a loss, or one token. */
static struct spt_output output_of(struct spt_ablation *a, const struct spt_ablation_run *run) {
    for (size_t s = 0; s < run->probe->samples; s++)
        a->nothing[s] = run->length[s] > 1 && !isfinite(run->loss[s]) ? NAN : 0;
    spt_chosen_spread(&a->chosen, a->loss, run->loss);
    spt_chosen_spread(&a->chosen, a->ablated_loss, run->loss);
    spt_chosen_spread(&a->chosen, a->divergence, a->nothing);
    return (struct spt_output){.samples = run->probe->samples,
                               .length = run->length,
                               .loss = a->loss,
                               .ablated_loss = a->ablated_loss,
                               .divergence = a->divergence};
}

enum spt_status spt_ablation_run(struct spt_ablation *a, const struct spt_ablation_run *run, struct spt_error *error) {
    struct pass pass = {a, run};
    spt_chosen_find(&a->chosen, run->references);
    if (spt_ablation_has_heads(a)) fill_heads(a, 0);
    const enum spt_status status = a->chosen.probe.samples ? run_pass(&pass, error) : skip_pass(&pass, error);
    if (status != SPT_OK) return status;
    if (!spt_ablation_has_output(a)) return spt_figures_model(&a->figures, NULL, NULL, run->emit, error);
    const struct spt_output seen = output_of(a, run);
    return spt_figures_model(&a->figures, NULL, &seen, run->emit, error);
}
