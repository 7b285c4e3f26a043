#include "analysis/analyze.h"

#include "analysis/ablation/ablation.h"
#include "analysis/figures.h"
#include "analysis/forward/family.h"
#include "analysis/mask_set.h"
#include "analysis/measure.h"
#include "analysis/nulls.h"
#include "analysis/spectra/spectra.h"
#include "analysis/values/output_gram.h"
#include "checkpoints/base/memory.h"

#include <stdlib.h>

struct spt_analysis {
    const struct spt_plan *plan;
    const struct spt_model_config *config;
    const struct spt_probe *probe;
    struct spt_team team;
    struct spt_selection selection;
    struct spt_bootstrap bootstrap;
    struct spt_laws *laws;
    struct spt_mask_set *masks; /* [mask_count] the distinct masks of the layers */
    size_t mask_count;
    size_t *mask_of_layer;                   /* [layers] */
    struct spt_reference_tokens *references; /* [layers], or NULL */
    double *gram;                            /* [heads, head_dim, head_dim] of the layer at hand, or NULL */
    struct spt_spectra *spectra;             /* of residual stream and weights, or NULL */
    struct spt_measurer **measurers;         /* [threads] */
    struct spt_layer_values values;
    struct spt_figures figures;
    struct spt_ablation ablation;
    size_t *length;              /* [samples] */
    double *loss, *total_loss;   /* [samples] */
    const struct spt_emit *emit; /* of the checkpoint that is analysed */
};

/* --- life --- */

static bool has_output(const struct spt_selection *selection) {
    return selection->count[SPT_LEVEL_MODEL] || selection->count[SPT_LEVEL_MODEL_POOLED];
}

static bool has_matrix_metrics(const struct spt_selection *selection) {
    return selection->needs & SPT_NEEDS_REFERENCES || selection->total > selection->count[SPT_LEVEL_MODEL] +
                                                                             selection->count[SPT_LEVEL_MODEL_POOLED] +
                                                                             selection->count[SPT_LEVEL_SPECTRUM];
}

static enum spt_status masks_init(struct spt_analysis *a, struct spt_error *error) {
    a->masks = spt_alloc_zeroed(a->config->layers, sizeof *a->masks);
    a->mask_of_layer = spt_alloc(a->config->layers, sizeof *a->mask_of_layer);
    if (!a->masks || !a->mask_of_layer) return spt_fail_memory(error, a->config->layers * sizeof *a->masks, "masks");
    for (size_t layer = 0; layer < a->config->layers; layer++) {
        enum spt_mask_kind kind;
        size_t window = 0, i = 0;
        spt_forward_mask(a->config, layer, a->probe->longest, &kind, &window);
        while (i < a->mask_count && (a->masks[i].kind != kind || a->masks[i].window != window)) i++;
        a->mask_of_layer[layer] = i;
        if (i < a->mask_count) continue;
        const enum spt_status status = spt_mask_set_init(&a->masks[i], kind, window, a->probe, error);
        if (status != SPT_OK) return status;
        a->mask_count++;
    }
    return SPT_OK;
}

/* One byte a token and layer: a later pass without these keys needs those of all layers at once. */
static enum spt_status references_init(struct spt_analysis *a, struct spt_error *error) {
    const size_t layers = a->config->layers, tokens = a->probe->tokens, samples = a->probe->samples;
    if (!(a->selection.needs & SPT_NEEDS_REFERENCES)) return SPT_OK;
    a->references = spt_alloc_zeroed(layers, sizeof *a->references);
    bool ready = a->references;
    for (size_t layer = 0; ready && layer < layers; layer++) {
        struct spt_reference_tokens *r = &a->references[layer];
        r->is_reference = spt_alloc_zeroed(tokens, 1);
        r->known = spt_alloc_zeroed(samples, 1);
        ready = r->is_reference && r->known;
    }
    return ready ? SPT_OK : spt_fail_memory(error, layers * (tokens + samples), "reference tokens");
}

static bool on_stop(void *context) {
    const struct spt_analysis *a = context;
    return a->emit && a->emit->stop && a->emit->stop(a->emit->context);
}

static size_t larger(size_t a, size_t b) {
    return a > b ? a : b;
}

static enum spt_status team_init(struct spt_analysis *a, struct spt_error *error) {
    const size_t grams = a->selection.needs & SPT_NEED_OUTPUT ? spt_output_gram_scratch(a->config->head_dim) : 0;
    const size_t norms = a->selection.needs & SPT_NEED_HIDDEN ? a->probe->longest * sizeof(double) : 0;
    const size_t spectra = spt_spectra_scratch(&a->selection);
    const enum spt_status status =
        spt_team_init(&a->team, a->plan->threads, larger(spectra, larger(grams, norms)), error);
    a->team.stop = on_stop;
    a->team.stop_context = a;
    return status;
}

static enum spt_status gram_init(struct spt_analysis *a, struct spt_error *error) {
    size_t cells;
    if (!(a->selection.needs & SPT_NEED_OUTPUT)) return SPT_OK;
    if (spt_multiply(a->config->head_dim, a->config->head_dim, &cells) && spt_multiply(cells, a->config->heads, &cells))
        a->gram = spt_alloc(cells, sizeof(double));
    return a->gram ? SPT_OK : spt_fail_memory(error, cells * sizeof(double), "the output projection's products");
}

static enum spt_status measurers_init(struct spt_analysis *a, struct spt_error *error) {
    a->measurers = spt_alloc_zeroed(a->team.threads, sizeof *a->measurers);
    if (!a->measurers) return spt_fail_memory(error, a->team.threads * sizeof *a->measurers, "scratch");
    for (size_t i = 0; i < a->team.threads; i++) {
        const enum spt_status status =
            spt_measurer_new(&a->selection, a->plan, a->probe->longest, &a->measurers[i], error);
        if (status != SPT_OK) return status;
    }
    return SPT_OK;
}

static enum spt_status output_init(struct spt_analysis *a, struct spt_error *error) {
    const size_t samples = a->probe->samples;
    a->length = spt_alloc(samples, sizeof(size_t));
    a->loss = spt_alloc(samples, sizeof(double));
    a->total_loss = spt_alloc(samples, sizeof(double));
    if (!a->length || !a->loss || !a->total_loss) return spt_fail_memory(error, 3 * samples * 8, "the loss");
    for (size_t i = 0; i < samples; i++) a->length[i] = a->probe->offset[i + 1] - a->probe->offset[i];
    return SPT_OK;
}

static enum spt_status init(struct spt_analysis *a, struct spt_error *error) {
    const unsigned lacks = spt_selection_lacks(a->config, a->probe->longest);
    enum spt_status status = spt_selection_init(&a->selection, a->plan, lacks, error);
    if (status == SPT_OK) status = team_init(a, error);
    if (status == SPT_OK) status = gram_init(a, error);
    if (status == SPT_OK) status = spt_spectra_new(&a->selection, a->config, a->probe, &a->team, &a->spectra, error);
    if (status == SPT_OK)
        status =
            spt_bootstrap_init(&a->bootstrap, a->plan->bootstrap, a->probe->samples, a->plan->bootstrap_seed, error);
    if (status == SPT_OK) status = spt_laws_new(&a->laws, error);
    if (status == SPT_OK) status = masks_init(a, error);
    if (status == SPT_OK) status = references_init(a, error);
    if (status == SPT_OK) status = measurers_init(a, error);
    if (status == SPT_OK) status = spt_layer_values_init(&a->values, &a->selection, a->probe, a->config->heads, error);
    if (status == SPT_OK)
        status = spt_figures_init(&a->figures, &a->selection, &a->bootstrap, a->plan, a->config->layers,
                                  a->config->heads, &a->team, error);
    if (status == SPT_OK)
        status = spt_ablation_init(&a->ablation, a->plan, a->config, a->probe, lacks, &a->bootstrap, &a->team, error);
    return status == SPT_OK ? output_init(a, error) : status;
}

enum spt_status spt_analysis_new(const struct spt_plan *plan, const struct spt_model_config *config,
                                 const struct spt_probe *probe, struct spt_analysis **analysis,
                                 struct spt_error *error) {
    struct spt_analysis *made = spt_alloc_zeroed(1, sizeof *made);
    if (!made) return spt_fail_memory(error, sizeof *made, "an analysis");
    made->plan = plan;
    made->config = config;
    made->probe = probe;
    const enum spt_status status = init(made, error);
    if (status != SPT_OK) {
        spt_analysis_free(made);
        return status;
    }
    *analysis = made;
    return SPT_OK;
}

void spt_analysis_free(struct spt_analysis *a) {
    if (!a) return;
    spt_ablation_release(&a->ablation);
    spt_figures_release(&a->figures);
    spt_layer_values_release(&a->values, &a->selection);
    for (size_t i = 0; a->measurers && i < a->team.threads; i++) spt_measurer_free(a->measurers[i]);
    for (size_t i = 0; i < a->mask_count; i++) spt_mask_set_release(&a->masks[i]);
    for (size_t i = 0; a->references && i < a->config->layers; i++) {
        free(a->references[i].is_reference);
        free(a->references[i].known);
    }
    free(a->references);
    free(a->gram);
    spt_spectra_free(a->spectra);
    free(a->measurers);
    free(a->masks);
    free(a->mask_of_layer);
    free(a->length);
    free(a->loss);
    free(a->total_loss);
    spt_laws_free(a->laws);
    spt_bootstrap_release(&a->bootstrap);
    spt_selection_release(&a->selection);
    spt_team_release(&a->team);
    free(a);
}

/* --- a checkpoint --- */

static struct spt_measure_context context_of(struct spt_analysis *a, size_t layer) {
    return (struct spt_measure_context){
        .selection = &a->selection,
        .plan = a->plan,
        .probe = a->probe,
        .laws = a->laws,
        .masks = &a->masks[a->mask_of_layer[layer]],
        .values = &a->values,
        .references = a->references ? &a->references[layer] : NULL,
        .gram = a->gram,
        .row_entropy = a->ablation.row_entropy,
    };
}

static enum spt_status on_weights(void *context, size_t layer, const struct spt_weight *weights,
                                  struct spt_error *error) {
    struct spt_analysis *a = context;
    enum spt_status status = SPT_OK;
    if (a->gram) status = spt_output_gram_of(&a->team, &weights[SPT_OUT].matrix, a->config->heads, a->gram, error);
    if (status != SPT_OK || !spt_spectra_of_weights(a->spectra)) return status;
    return spt_spectra_weights(a->spectra, layer, weights, error);
}

struct stream {
    struct spt_analysis *analysis;
    const float *x; /* [N, hidden] */
};

static enum spt_status measure_stream(void *context, size_t sample, size_t thread, struct spt_error *error) {
    const struct stream *stream = context;
    struct spt_analysis *a = stream->analysis;
    const size_t first = a->probe->offset[sample], d = a->config->hidden;
    (void)error;
    a->values.hidden[sample] = spt_hidden_of(stream->x + first * d, a->probe->offset[sample + 1] - first, d,
                                             spt_team_scratch(&a->team, thread));
    return SPT_OK;
}

/* After a layer; not the embedding, nor what the final norm makes of it. */
static enum spt_status on_hidden(void *context, size_t stage, const float *x, struct spt_error *error) {
    struct spt_analysis *a = context;
    struct stream stream = {a, x};
    enum spt_status status = SPT_OK;
    if (stage == 0 || stage > a->config->layers) return SPT_OK;
    if (a->selection.needs & SPT_NEED_HIDDEN)
        status = spt_team_run(&a->team, a->probe->samples, measure_stream, &stream, error);
    if (status != SPT_OK || !spt_spectra_of_hidden(a->spectra)) return status;
    return spt_spectra_hidden(a->spectra, stage - 1, x, error);
}

static enum spt_status on_attention(void *context, const struct spt_attention *attention, struct spt_error *error) {
    struct spt_analysis *a = context;
    struct spt_measurer *measurer = a->measurers[attention->thread];
    const struct spt_measure_context shared = context_of(a, attention->layer);
    const struct spt_batch batch = spt_measurer_take(measurer, attention);
    return spt_measure_batch(measurer, &shared, &batch, error);
}

static enum spt_status on_sample(void *context, size_t layer, size_t sample, size_t thread, struct spt_error *error) {
    struct spt_analysis *a = context;
    const struct spt_measure_context shared = context_of(a, layer);
    const enum spt_status status = spt_measure_sample(a->measurers[thread], &shared, sample, error);
    if (status == SPT_OK && shared.row_entropy) spt_ablation_keep(&a->ablation, &shared, layer, sample);
    return status;
}

static enum spt_status on_attention_again(void *context, const struct spt_attention *attention,
                                          struct spt_error *error) {
    struct spt_analysis *a = context;
    struct spt_measurer *measurer = a->measurers[attention->thread];
    const struct spt_measure_context shared = context_of(a, attention->layer);
    const struct spt_batch batch = spt_measurer_take(measurer, attention);
    return spt_measure_again(measurer, &shared, &batch, error);
}

static enum spt_status on_layer(void *context, size_t layer, struct spt_error *error) {
    struct spt_analysis *a = context;
    const struct spt_measure_context shared = context_of(a, layer);
    enum spt_status status = spt_measure_layer(a->measurers[0], &shared, error);
    if (status == SPT_OK) status = spt_figures_layer(&a->figures, &shared, a->measurers, layer, a->emit, error);
    const size_t passes = spt_ablation_is_wanted(&a->ablation) ? 2 : 1;
    if (status == SPT_OK && a->emit->progress) a->emit->progress(a->emit->context, layer, passes * a->config->layers);
    return status;
}

static enum spt_status clean_pass(struct spt_analysis *a, struct spt_checkpoint *checkpoint, struct spt_error *error) {
    const unsigned needs = a->selection.needs;
    const bool matrices = has_matrix_metrics(&a->selection), output = has_output(&a->selection);
    const bool head = output || spt_ablation_has_output(&a->ablation);
    const struct spt_forward_observer observer = {
        .context = a,
        .weights = a->gram || spt_spectra_of_weights(a->spectra) ? on_weights : NULL,
        .attention = matrices ? on_attention : NULL,
        .sample = needs & SPT_NEEDS_REFERENCES ? on_sample : NULL,
        .again = needs & SPT_NEEDS_AGAIN ? on_attention_again : NULL,
        .hidden = needs & SPT_NEED_HIDDEN || spt_spectra_of_hidden(a->spectra) ? on_hidden : NULL,
        .layer = matrices ? on_layer : NULL,
        .stop = on_stop,
    };
    const struct spt_forward_options options = {
        .threads = a->team.threads, .no_read_ahead = a->plan->no_read_ahead, .no_loss = !head};
    const struct spt_forward_output said = {.loss = a->loss, .total_loss = a->total_loss, .stream = a->ablation.stream};
    const struct spt_output seen = {
        .samples = a->probe->samples, .length = a->length, .loss = a->loss, .total_loss = a->total_loss};
    if (a->spectra) spt_spectra_start(a->spectra);
    enum spt_status status = spt_forward_run(checkpoint, a->config, a->probe, &options, &observer, &said, error);
    if (status == SPT_OK && a->spectra) status = spt_spectra_finish(a->spectra, error);
    if (status != SPT_OK) return status;
    return spt_figures_model(&a->figures, a->spectra ? spt_spectra_layers(a->spectra) : NULL, output ? &seen : NULL,
                             a->emit, error);
}

static enum spt_status ablated_pass(struct spt_analysis *a, struct spt_checkpoint *checkpoint,
                                    struct spt_error *error) {
    const struct spt_ablation_run run = {
        .checkpoint = checkpoint,
        .plan = a->plan,
        .config = a->config,
        .probe = a->probe,
        .laws = a->laws,
        .masks = a->masks,
        .mask_of_layer = a->mask_of_layer,
        .references = a->references,
        .measurers = a->measurers,
        .length = a->length,
        .loss = a->loss,
        .team = &a->team,
        .emit = a->emit,
    };
    return spt_ablation_run(&a->ablation, &run, error);
}

enum spt_status spt_analysis_checkpoint(struct spt_analysis *a, struct spt_checkpoint *checkpoint,
                                        const struct spt_emit *emit, struct spt_error *error) {
    a->emit = emit;
    enum spt_status status = clean_pass(a, checkpoint, error);
    if (status == SPT_OK && spt_ablation_is_wanted(&a->ablation)) status = ablated_pass(a, checkpoint, error);
    if (status == SPT_OK && !has_output(&a->selection) && !spt_ablation_has_output(&a->ablation))
        status = spt_forward_hash_head(checkpoint, a->config, on_stop, a, error);
    return status;
}

const struct spt_reference_tokens *spt_analysis_references(const struct spt_analysis *a, size_t layer) {
    return a->references ? &a->references[layer] : NULL;
}

/* --- nulls --- */

enum spt_status spt_analysis_nulls(struct spt_analysis *a, const struct spt_emit *emit, struct spt_error *error) {
    enum spt_status status = SPT_OK;
    a->emit = emit;
    for (size_t i = 0; status == SPT_OK && i < a->mask_count; i++) {
        struct spt_nulls nulls;
        status = spt_nulls_measure(&nulls, a->plan, &a->masks[i], a->laws, a->probe, a->config->heads, &a->team, emit,
                                   error);
        if (status != SPT_OK) return status;
        for (size_t layer = 0; status == SPT_OK && layer < a->config->layers; layer++) {
            if (a->mask_of_layer[layer] != i) continue;
            status = spt_nulls_emit(&nulls, a->mask_count == 1 ? SPT_WHOLE_MODEL : (int)layer, emit, error);
            if (a->mask_count == 1) break;
        }
        spt_nulls_release(&nulls);
    }
    return status;
}
