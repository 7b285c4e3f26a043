#include "analysis/nulls.h"

#include "analysis/measure.h"
#include "analysis/pairs.h"
#include "analysis/pool.h"
#include "analysis/random.h"
#include "analysis/rmt/residual.h"
#include "checkpoints/base/memory.h"

#include <math.h>
#include <stdlib.h>

struct draws {
    struct spt_measure_context context;
    struct spt_layer_values values;
    struct spt_measurer **measurers; /* [threads] */
    struct spt_team team;
};

static enum spt_status selection_of_nulls(struct spt_selection *selection, const struct spt_plan *plan, bool encoder,
                                          struct spt_error *error) {
    struct spt_plan only = *plan;
    only.metric = spt_alloc_zeroed(SPT_METRIC_COUNT, sizeof(bool));
    if (!only.metric) return spt_fail_memory(error, SPT_METRIC_COUNT, "a plan");
    for (size_t i = 0; i < SPT_METRIC_COUNT; i++) only.metric[i] = plan->metric[i] && SPT_METRICS[i].null;
    const enum spt_status status = spt_selection_init(selection, &only, encoder, error);
    free(only.metric);
    return status;
}

static void draws_release(struct draws *d) {
    for (size_t i = 0; d->measurers && i < d->team.threads; i++) spt_measurer_free(d->measurers[i]);
    free(d->measurers);
    spt_layer_values_release(&d->values, d->context.selection);
}

static enum spt_status draws_init(struct draws *d, size_t draws, struct spt_error *error) {
    enum spt_status status = spt_layer_values_init(&d->values, d->context.selection, d->context.probe, draws, error);
    if (status != SPT_OK) return status;
    d->context.values = &d->values;
    d->measurers = spt_alloc_zeroed(d->team.threads, sizeof *d->measurers);
    if (!d->measurers) status = spt_fail_memory(error, d->team.threads * sizeof *d->measurers, "scratch");
    for (size_t i = 0; status == SPT_OK && i < d->team.threads; i++)
        status =
            spt_measurer_new(d->context.selection, d->context.plan, d->context.probe->longest, &d->measurers[i], error);
    if (status != SPT_OK) draws_release(d);
    return status;
}

/* Each matrix has a generator of its own, so that it does not matter who draws it, or when. */
static uint64_t seed_of(const struct spt_plan *plan, size_t draw, size_t sample) {
    return (plan->null_seed << 48) ^ ((uint64_t)draw << 32) ^ (uint64_t)sample;
}

static size_t batches_of(size_t draws) {
    return (draws + SPT_HEAD_BATCH - 1) / SPT_HEAD_BATCH;
}

/* A task is one sample of SPT_HEAD_BATCH draws. */
static enum spt_status measure_task(void *context, size_t task, size_t thread, struct spt_error *error) {
    struct draws *d = context;
    struct spt_measurer *measurer = d->measurers[thread];
    const struct spt_probe *probe = d->context.probe;
    const size_t batches = batches_of(d->values.heads), sample = task / batches;
    const size_t first = task % batches * SPT_HEAD_BATCH, left = d->values.heads - first;
    const size_t count = left < SPT_HEAD_BATCH ? left : SPT_HEAD_BATCH;
    const struct spt_mask *mask = spt_mask_set_of(d->context.masks, probe->offset[sample + 1] - probe->offset[sample]);
    for (size_t i = 0; i < count; i++) {
        struct spt_random random;
        spt_random_seed(&random, seed_of(d->context.plan, first + i, sample));
        spt_random_attention(&random, mask, spt_measurer_matrix(measurer, i));
    }
    const struct spt_batch batch = {.sample = sample, .first_head = first, .heads = count};
    return spt_measure_batch(measurer, &d->context, &batch, error);
}

static double mean_over_samples(const double *value /* [samples] */, size_t samples) {
    double sum = 0;
    size_t n = 0;
    for (size_t i = 0; i < samples; i++) {
        if (isnan(value[i])) continue;
        sum += value[i];
        n++;
    }
    return n ? sum / (double)n : NAN;
}

struct collection {
    struct spt_nulls *nulls;
    struct draws *draws;
};

/* A task is one draw. */
static enum spt_status collect_task(void *context, size_t draw, size_t thread, struct spt_error *error) {
    const struct collection *c = context;
    const struct spt_nulls *nulls = c->nulls;
    const struct spt_selection *s = &nulls->selection;
    const struct spt_layer_values *values = &c->draws->values;
    const struct spt_pool pool =
        spt_pool_of(&c->draws->context, draw, spt_measurer_density(c->draws->measurers[thread]));
    enum spt_status status = SPT_OK;
    for (size_t m = 0; m < s->count[SPT_LEVEL_HEAD]; m++)
        nulls->value[(s->first[SPT_LEVEL_HEAD] + m) * nulls->draws + draw] =
            mean_over_samples(values->value + (m * nulls->draws + draw) * values->samples, values->samples);
    for (size_t m = 0; m < s->count[SPT_LEVEL_POOLED]; m++)
        nulls->value[(s->first[SPT_LEVEL_POOLED] + m) * nulls->draws + draw] =
            spt_selection_at(s, SPT_LEVEL_POOLED, m)->pooled(&pool);
    for (size_t m = 0; status == SPT_OK && m < s->count[SPT_LEVEL_PAIRS]; m++) {
        const struct spt_pairs pairs = spt_pairs_of(&c->draws->context, m, draw, 1);
        status = spt_selection_at(s, SPT_LEVEL_PAIRS, m)
                     ->pooling->pool(&pairs, NULL, &nulls->value[(s->first[SPT_LEVEL_PAIRS] + m) * nulls->draws + draw],
                                     NULL, error);
    }
    return status;
}

enum spt_status spt_nulls_measure(struct spt_nulls *nulls, const struct spt_plan *plan,
                                  const struct spt_mask_set *masks, const struct spt_laws *laws,
                                  const struct spt_probe *probe, const struct spt_team *team,
                                  const struct spt_emit *emit, struct spt_error *error) {
    *nulls = (struct spt_nulls){.draws = plan->null_draws};
    enum spt_status status = selection_of_nulls(&nulls->selection, plan, masks->kind == SPT_MASK_FULL, error);
    if (status != SPT_OK) return status;
    struct draws d = {
        .context = {.selection = &nulls->selection, .plan = plan, .probe = probe, .laws = laws, .masks = masks},
        .team = *team,
    };
    nulls->value = spt_alloc(nulls->selection.total * nulls->draws, sizeof(double));
    status = nulls->value ? draws_init(&d, nulls->draws, error)
                          : spt_fail_memory(error, nulls->selection.total * nulls->draws * sizeof(double), "nulls");
    if (status == SPT_OK) {
        struct collection collection = {nulls, &d};
        d.team.stop = emit->stop;
        d.team.stop_context = emit->context;
        status = spt_team_run(&d.team, probe->samples * batches_of(nulls->draws), measure_task, &d, error);
        if (status == SPT_OK) status = spt_team_run(team, nulls->draws, collect_task, &collection, error);
        draws_release(&d);
    }
    if (status != SPT_OK) spt_nulls_release(nulls);
    return status;
}

void spt_nulls_release(struct spt_nulls *nulls) {
    spt_selection_release(&nulls->selection);
    free(nulls->value);
    *nulls = (struct spt_nulls){0};
}

enum spt_status spt_nulls_emit(const struct spt_nulls *nulls, int layer, const struct spt_emit *emit,
                               struct spt_error *error) {
    enum spt_status status = SPT_OK;
    for (size_t m = 0; status == SPT_OK && emit->null && m < nulls->selection.total; m++) {
        const double *value = nulls->value + m * nulls->draws;
        const double mean = mean_over_samples(value, nulls->draws);
        double squares = 0;
        size_t n = 0;
        for (size_t i = 0; i < nulls->draws; i++) {
            if (isnan(value[i])) continue;
            squares += (value[i] - mean) * (value[i] - mean);
            n++;
        }
        const struct spt_null null = {
            .metric = nulls->selection.metrics[m],
            .layer = layer,
            .mean = mean,
            .sd = n > 1 ? sqrt(squares / (double)(n - 1)) : NAN,
            .draws = n,
        };
        status = emit->null(emit->context, &null, error);
    }
    return status;
}
