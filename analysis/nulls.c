#include "analysis/nulls.h"

#include "analysis/measure.h"
#include "analysis/pairs.h"
#include "analysis/pool.h"
#include "analysis/random.h"
#include "analysis/ratio.h"
#include "analysis/rmt/residual.h"
#include "checkpoints/base/memory.h"

#include <math.h>
#include <stdlib.h>

/* Everything that the draws of one kind share. */
struct draws {
    struct spt_measure_context context;
    struct spt_layer_values values;
    struct spt_reference_tokens references; /* of draws that are layers */
    struct spt_measurer **measurers;        /* [threads] */
    struct spt_team team;
    size_t first_matrix; /* the number of the matrix that is the first of context.values' heads */
    struct spt_null_values *found;
    size_t draws;
};

enum spt_null_of spt_null_kind(const struct spt_metric *metric) {
    const bool tells_of_heads = metric->level == SPT_LEVEL_LAYER || metric->level == SPT_LEVEL_COUNT;
    return tells_of_heads || metric->needs & SPT_NEEDS_REFERENCES ? SPT_NULL_OF_LAYERS : SPT_NULL_OF_HEADS;
}

static enum spt_status selection_of(struct spt_selection *selection, const struct spt_plan *plan, enum spt_null_of kind,
                                    enum spt_mask_kind mask, struct spt_error *error) {
    struct spt_plan only = *plan;
    only.metric = spt_alloc_zeroed(SPT_METRIC_COUNT, sizeof(bool));
    if (!only.metric) return spt_fail_memory(error, SPT_METRIC_COUNT, "a plan");
    for (size_t i = 0; i < SPT_METRIC_COUNT; i++)
        only.metric[i] = plan->metric[i] && SPT_METRICS[i].null && spt_null_kind(&SPT_METRICS[i]) == kind;
    const enum spt_status status = spt_selection_init(selection, &only, spt_mask_lacks(mask), error);
    free(only.metric);
    return status;
}

static void draws_release(struct draws *d) {
    for (size_t i = 0; d->measurers && i < d->team.threads; i++) spt_measurer_free(d->measurers[i]);
    free(d->measurers);
    free(d->references.is_reference);
    free(d->references.known);
    spt_layer_values_release(&d->values, d->context.selection);
}

static enum spt_status draws_init(struct draws *d, size_t heads, struct spt_error *error) {
    const struct spt_probe *probe = d->context.probe;
    enum spt_status status = spt_layer_values_init(&d->values, d->context.selection, probe, heads, error);
    if (status != SPT_OK) return status;
    d->context.values = &d->values;
    d->context.references = &d->references;
    d->measurers = spt_alloc_zeroed(d->team.threads, sizeof *d->measurers);
    d->references.is_reference = spt_alloc_zeroed(probe->tokens, 1);
    d->references.known = spt_alloc_zeroed(probe->samples, 1);
    if (!d->measurers || !d->references.is_reference || !d->references.known)
        status = spt_fail_memory(error, d->team.threads * sizeof *d->measurers + probe->tokens, "scratch");
    for (size_t i = 0; status == SPT_OK && i < d->team.threads; i++)
        status = spt_measurer_new(d->context.selection, d->context.plan, probe->longest, &d->measurers[i], error);
    if (status != SPT_OK) draws_release(d);
    return status;
}

/* --- matrices --- */

/* Each matrix has a generator of its own, so that it does not matter who draws it, or when. */
static uint64_t seed_of(const struct spt_plan *plan, size_t matrix, size_t sample) {
    return (plan->null_seed << 48) ^ ((uint64_t)matrix << 32) ^ (uint64_t)sample;
}

static size_t batches_of(size_t heads) {
    return (heads + SPT_HEAD_BATCH - 1) / SPT_HEAD_BATCH;
}

static struct spt_batch batch_of(const struct draws *d, size_t sample, size_t batch) {
    const size_t first = batch * SPT_HEAD_BATCH, left = d->values.heads - first;
    return (struct spt_batch){
        .sample = sample, .first_head = first, .heads = left < SPT_HEAD_BATCH ? left : SPT_HEAD_BATCH};
}

/* Puts a batch's matrices into the measurer. */
static void draw_batch(const struct draws *d, struct spt_measurer *measurer, const struct spt_batch *batch) {
    const size_t *offset = d->context.probe->offset + batch->sample;
    const struct spt_mask *mask = spt_mask_set_of(d->context.masks, offset[1] - offset[0]);
    for (size_t i = 0; i < batch->heads; i++) {
        struct spt_random random;
        spt_random_seed(&random, seed_of(d->context.plan, d->first_matrix + batch->first_head + i, batch->sample));
        spt_random_attention(&random, mask, spt_measurer_matrix(measurer, i));
    }
}

/* --- draws that are heads: all of them at once, as the heads of one layer --- */

/* A task is one sample of SPT_HEAD_BATCH draws. */
static enum spt_status measure_heads(void *context, size_t task, size_t thread, struct spt_error *error) {
    struct draws *d = context;
    const size_t batches = batches_of(d->values.heads);
    const struct spt_batch batch = batch_of(d, task / batches, task % batches);
    draw_batch(d, d->measurers[thread], &batch);
    return spt_measure_batch(d->measurers[thread], &d->context, &batch, error);
}

static double mean_over(const double *value /* [count] */, size_t count, size_t step) {
    double sum = 0;
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        if (isnan(value[i * step])) continue;
        sum += value[i * step];
        n++;
    }
    return n ? sum / (double)n : NAN;
}

/* Where the value of metric m of a level goes. */
static double *place_of(const struct draws *d, enum spt_metric_level level, size_t m, size_t draw) {
    return &d->found->value[(d->found->selection.first[level] + m) * d->draws + draw];
}

/* A task is one draw. */
static enum spt_status collect_head(void *context, size_t draw, size_t thread, struct spt_error *error) {
    const struct draws *d = context;
    const struct spt_selection *s = &d->found->selection;
    const struct spt_layer_values *values = &d->values;
    const struct spt_pool pool = spt_pool_of(&d->context, draw, spt_measurer_density(d->measurers[thread]));
    enum spt_status status = SPT_OK;
    for (size_t m = 0; m < s->count[SPT_LEVEL_HEAD]; m++)
        *place_of(d, SPT_LEVEL_HEAD, m, draw) =
            mean_over(values->value + (m * d->draws + draw) * values->samples, values->samples, 1);
    for (size_t m = 0; m < s->count[SPT_LEVEL_POOLED]; m++)
        *place_of(d, SPT_LEVEL_POOLED, m, draw) = spt_selection_at(s, SPT_LEVEL_POOLED, m)->pooled(&pool);
    for (size_t m = 0; status == SPT_OK && m < s->count[SPT_LEVEL_PAIRS]; m++) {
        const struct spt_pairs pairs = spt_pairs_of(&d->context, m, draw, 1);
        status = spt_selection_at(s, SPT_LEVEL_PAIRS, m)
                     ->pooling->pool(&pairs, NULL, place_of(d, SPT_LEVEL_PAIRS, m, draw), NULL, error);
    }
    return status;
}

static enum spt_status run_heads(struct draws *d, struct spt_error *error) {
    const size_t tasks = d->context.probe->samples * batches_of(d->draws);
    const enum spt_status status = spt_team_run(&d->team, tasks, measure_heads, d, error);
    return status == SPT_OK ? spt_team_run(&d->team, d->draws, collect_head, d, error) : status;
}

/* --- draws that are layers, one after the other --- */

/* A task is one sample. The second look begins with the batch that the first one ended with: it is in place. */
static enum spt_status measure_layer(void *context, size_t sample, size_t thread, struct spt_error *error) {
    struct draws *d = context;
    struct spt_measurer *measurer = d->measurers[thread];
    const unsigned needs = d->context.selection->needs;
    const size_t batches = batches_of(d->values.heads);
    enum spt_status status = SPT_OK;
    for (size_t b = 0; status == SPT_OK && b < batches; b++) {
        const struct spt_batch batch = batch_of(d, sample, b);
        draw_batch(d, measurer, &batch);
        status = spt_measure_batch(measurer, &d->context, &batch, error);
    }
    if (status == SPT_OK && needs & SPT_NEEDS_REFERENCES)
        status = spt_measure_sample(measurer, &d->context, sample, error);
    for (size_t b = needs & SPT_NEEDS_AGAIN ? batches : 0; status == SPT_OK && b-- > 0;) {
        const struct spt_batch batch = batch_of(d, sample, b);
        if (b + 1 < batches) draw_batch(d, measurer, &batch);
        status = spt_measure_again(measurer, &d->context, &batch, error);
    }
    return status;
}

/* The mean over samples of a layer's values, each the mean over its heads. */
static double mean_of_layer(const struct spt_layer_values *values, size_t m) {
    double sum = 0;
    size_t n = 0;
    for (size_t i = 0; i < values->samples; i++) {
        const double value =
            mean_over(values->value + m * values->heads * values->samples + i, values->heads, values->samples);
        if (isnan(value)) continue;
        sum += value;
        n++;
    }
    return n ? sum / (double)n : NAN;
}

/* of_head [heads] scratch. */
static void collect_layer(const struct draws *d, size_t draw, double *of_head) {
    static const enum spt_metric_level POOLED[] = {SPT_LEVEL_COUNT, SPT_LEVEL_SHARE};
    const struct spt_selection *s = &d->found->selection;
    const struct spt_layer_values *values = &d->values;
    for (size_t m = 0; m < s->count[SPT_LEVEL_HEAD]; m++)
        *place_of(d, SPT_LEVEL_HEAD, m, draw) = mean_of_layer(values, m);
    for (size_t m = 0; m < s->count[SPT_LEVEL_LAYER]; m++)
        *place_of(d, SPT_LEVEL_LAYER, m, draw) =
            mean_over(values->layer_value + m * values->samples, values->samples, 1);
    for (size_t p = 0; p < sizeof POOLED / sizeof *POOLED; p++)
        for (size_t m = 0; m < s->count[POOLED[p]]; m++) {
            const struct spt_metric *metric = spt_selection_at(s, POOLED[p], m);
            for (size_t h = 0; h < values->heads; h++) {
                const struct spt_pool pool = spt_pool_of(&d->context, h, NULL);
                of_head[h] = metric->pooled(&pool);
            }
            *place_of(d, POOLED[p], m, draw) = spt_pool_combine(metric, of_head, values->heads);
        }
    for (size_t m = 0; m < s->count[SPT_LEVEL_RATIO]; m++) {
        const struct spt_ratio sums = spt_ratio_sum(values, m);
        *place_of(d, SPT_LEVEL_RATIO, m, draw) = spt_ratio_value(spt_selection_at(s, SPT_LEVEL_RATIO, m), &sums);
    }
}

static enum spt_status run_layers(struct draws *d, struct spt_error *error) {
    double *of_head = spt_alloc(d->values.heads, sizeof *of_head);
    enum spt_status status = of_head ? SPT_OK : spt_fail_memory(error, d->values.heads * sizeof *of_head, "nulls");
    for (size_t draw = 0; status == SPT_OK && draw < d->draws; draw++) {
        d->first_matrix = draw * d->values.heads;
        status = spt_team_run(&d->team, d->context.probe->samples, measure_layer, d, error);
        if (status == SPT_OK) status = spt_measure_layer(d->measurers[0], &d->context, error);
        if (status == SPT_OK) collect_layer(d, draw, of_head);
    }
    free(of_head);
    return status;
}

/* --- both --- */

static const struct {
    enum spt_status (*run)(struct draws *d, struct spt_error *error);
} KINDS[SPT_NULL_KINDS] = {[SPT_NULL_OF_HEADS] = {run_heads}, [SPT_NULL_OF_LAYERS] = {run_layers}};

/* base: what both kinds share; heads: of a layer of values. */
static enum spt_status measure_kind(struct spt_nulls *nulls, enum spt_null_of kind, const struct draws *base,
                                    size_t heads, struct spt_error *error) {
    struct spt_null_values *found = &nulls->of[kind];
    struct draws d = *base;
    enum spt_status status =
        selection_of(&found->selection, base->context.plan, kind, base->context.masks->kind, error);
    if (status != SPT_OK || found->selection.total == 0) return status;
    found->value = spt_alloc(found->selection.total * nulls->draws, sizeof(double));
    if (!found->value) return spt_fail_memory(error, found->selection.total * nulls->draws * sizeof(double), "nulls");
    d.found = found;
    d.context.selection = &found->selection;
    status = draws_init(&d, heads, error);
    if (status != SPT_OK) return status;
    status = KINDS[kind].run(&d, error);
    draws_release(&d);
    return status;
}

enum spt_status spt_nulls_measure(struct spt_nulls *nulls, const struct spt_plan *plan,
                                  const struct spt_mask_set *masks, const struct spt_laws *laws,
                                  const struct spt_probe *probe, size_t heads, const struct spt_team *team,
                                  const struct spt_emit *emit, struct spt_error *error) {
    *nulls = (struct spt_nulls){.draws = plan->null_draws};
    struct draws base = {
        .context = {.plan = plan, .probe = probe, .laws = laws, .masks = masks},
        .team = *team,
        .draws = nulls->draws,
    };
    base.team.stop = emit->stop;
    base.team.stop_context = emit->context;
    enum spt_status status = measure_kind(nulls, SPT_NULL_OF_HEADS, &base, nulls->draws, error);
    if (status == SPT_OK) status = measure_kind(nulls, SPT_NULL_OF_LAYERS, &base, heads, error);
    if (status != SPT_OK) spt_nulls_release(nulls);
    return status;
}

void spt_nulls_release(struct spt_nulls *nulls) {
    for (size_t kind = 0; kind < SPT_NULL_KINDS; kind++) {
        spt_selection_release(&nulls->of[kind].selection);
        free(nulls->of[kind].value);
    }
    *nulls = (struct spt_nulls){0};
}

static struct spt_null null_of(const struct spt_nulls *nulls, const struct spt_null_values *values, size_t m) {
    const double *value = values->value + m * nulls->draws;
    const double mean = mean_over(value, nulls->draws, 1);
    double squares = 0;
    size_t n = 0;
    for (size_t i = 0; i < nulls->draws; i++) {
        if (isnan(value[i])) continue;
        squares += (value[i] - mean) * (value[i] - mean);
        n++;
    }
    return (struct spt_null){
        .metric = values->selection.metrics[m],
        .mean = mean,
        .sd = n > 1 ? sqrt(squares / (double)(n - 1)) : NAN,
        .draws = n,
    };
}

enum spt_status spt_nulls_emit(const struct spt_nulls *nulls, int layer, const struct spt_emit *emit,
                               struct spt_error *error) {
    enum spt_status status = SPT_OK;
    for (size_t kind = 0; kind < SPT_NULL_KINDS && emit->null; kind++)
        for (size_t m = 0; status == SPT_OK && m < nulls->of[kind].selection.total; m++) {
            struct spt_null null = null_of(nulls, &nulls->of[kind], m);
            null.layer = layer;
            status = emit->null(emit->context, &null, error);
        }
    return status;
}
