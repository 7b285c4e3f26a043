#include "analysis/pairs.h"

#include "analysis/analyze.h"
#include "checkpoints/base/memory.h"

#include <math.h>
#include <stdlib.h>

void spt_pair_figures_release(struct spt_pair_figures *figures) {
    free(figures->value);
    free(figures->n);
    free(figures->draws);
    free(figures->kept);
    *figures = (struct spt_pair_figures){0};
}

enum spt_status spt_pair_figures_init(struct spt_pair_figures *figures, const struct spt_selection *selection,
                                      const struct spt_bootstrap *bootstrap, size_t layers, struct spt_error *error) {
    const size_t cells = selection->count[SPT_LEVEL_PAIRS] * layers;
    size_t draws;
    *figures = (struct spt_pair_figures){.selection = selection, .bootstrap = bootstrap, .layers = layers};
    if (spt_multiply(cells, bootstrap->draws, &draws)) figures->draws = spt_alloc(draws, sizeof(double));
    figures->value = spt_alloc(cells, sizeof(double));
    figures->n = spt_alloc(cells, sizeof(size_t));
    figures->kept = spt_alloc(bootstrap->draws, sizeof(double));
    if (figures->value && figures->n && figures->draws && figures->kept) return SPT_OK;
    spt_pair_figures_release(figures);
    return spt_fail_memory(error, cells * bootstrap->draws * sizeof(double), "the draws of pooled figures");
}

struct spt_pairs spt_pairs_of(const struct spt_measure_context *context, size_t metric, size_t first_head,
                              size_t heads) {
    const struct spt_layer_values *values = context->values;
    const size_t cells = values->heads * values->samples, skipped = first_head * values->samples;
    return (struct spt_pairs){
        .heads = heads,
        .samples = values->samples,
        .offset = context->probe->offset,
        .x = values->pair + 2 * metric * cells + skipped,
        .y = values->pair + (2 * metric + 1) * cells + skipped,
    };
}

static size_t samples_of(const struct spt_pairs *pairs) {
    size_t count = 0;
    for (size_t i = 0; i < pairs->samples; i++) {
        bool some = false;
        for (size_t at = i; at < pairs->heads * pairs->samples; at += pairs->samples)
            some = some || (!isnan(pairs->x[at]) && !isnan(pairs->y[at]));
        count += some;
    }
    return count;
}

struct pair_job {
    struct spt_pair_figures *figures;
    const struct spt_measure_context *context;
    size_t layer;
};

static enum spt_status pair_task(void *context, size_t task, size_t thread, struct spt_error *error) {
    const struct pair_job *job = context;
    struct spt_pair_figures *f = job->figures;
    const struct spt_pairs pairs = spt_pairs_of(job->context, task, 0, job->context->values->heads);
    const size_t cell = task * f->layers + job->layer;
    (void)thread;
    f->n[cell] = samples_of(&pairs);
    return spt_selection_at(f->selection, SPT_LEVEL_PAIRS, task)
        ->pooling->pool(&pairs, f->bootstrap, &f->value[cell], f->draws + cell * f->bootstrap->draws, error);
}

enum spt_status spt_pair_figures_layer(struct spt_pair_figures *figures, const struct spt_measure_context *context,
                                       const struct spt_team *team, size_t layer, struct spt_error *error) {
    struct pair_job job = {figures, context, layer};
    return spt_team_run(team, figures->selection->count[SPT_LEVEL_PAIRS], pair_task, &job, error);
}

/* The mean of values[0], values[step], ..., undefined ones left out. */
static double mean_of(const double *values, size_t count, size_t step) {
    double sum = 0;
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        if (isnan(values[i * step])) continue;
        sum += values[i * step];
        n++;
    }
    return n ? sum / (double)n : NAN;
}

struct spt_summary spt_pair_figures_of(struct spt_pair_figures *f, size_t metric, int layer) {
    const bool whole = layer == SPT_WHOLE_MODEL;
    const size_t first = metric * f->layers + (whole ? 0 : (size_t)layer), count = whole ? f->layers : 1;
    const size_t draws = f->bootstrap->draws;
    struct spt_summary summary = {.mean = mean_of(f->value + first, count, 1), .sd = NAN};
    size_t kept = 0;
    for (size_t i = 0; i < draws; i++) {
        f->kept[kept] = mean_of(f->draws + first * draws + i, count, draws);
        if (!isnan(f->kept[kept])) kept++;
    }
    for (size_t i = 0; i < count; i++)
        if (f->n[first + i] > summary.n) summary.n = f->n[first + i];
    summary.bad = f->bootstrap->samples - summary.n;
    summary.lo = spt_percentile(f->kept, kept, 0.025);
    summary.hi = spt_percentile(f->kept, kept, 0.975);
    return summary;
}
