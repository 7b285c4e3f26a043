#include "analysis/figures.h"

#include "analysis/pool.h"
#include "checkpoints/base/memory.h"

#include <math.h>
#include <stdlib.h>

/* --- the metrics whose values are per sample, pooled, or curves: two levels of the table each --- */

static size_t sample_metrics(const struct spt_selection *s) {
    return s->count[SPT_LEVEL_HEAD] + s->count[SPT_LEVEL_LAYER];
}

static size_t curve_metrics(const struct spt_selection *s) {
    return s->count[SPT_LEVEL_CURVE] + s->count[SPT_LEVEL_POOLED_CURVE];
}

static const struct spt_metric *either(const struct spt_selection *s, enum spt_metric_level a, enum spt_metric_level b,
                                       size_t i) {
    return i < s->count[a] ? spt_selection_at(s, a, i) : spt_selection_at(s, b, i - s->count[a]);
}

static const struct spt_metric *sample_metric(const struct spt_selection *s, size_t i) {
    return either(s, SPT_LEVEL_HEAD, SPT_LEVEL_LAYER, i);
}

/* Sample metrics, then those of the model's output. */
static const struct spt_metric *model_metric(const struct spt_selection *s, size_t i) {
    const size_t before = sample_metrics(s);
    return i < before ? sample_metric(s, i) : spt_selection_at(s, SPT_LEVEL_MODEL, i - before);
}

static const struct spt_metric *curve_metric(const struct spt_selection *s, size_t i) {
    return either(s, SPT_LEVEL_CURVE, SPT_LEVEL_POOLED_CURVE, i);
}

/* --- life --- */

void spt_figures_release(struct spt_figures *figures) {
    for (size_t i = 0; figures->selection && i < curve_metrics(figures->selection); i++) {
        if (figures->curve_head) free(figures->curve_head[i]);
        if (figures->curve) free(figures->curve[i]);
    }
    spt_pair_figures_release(&figures->pairs);
    spt_draw_figures_release(&figures->draws);
    free(figures->sample);
    free(figures->summary);
    free(figures->pooled_head);
    free(figures->pooled_head_n);
    free(figures->pooled);
    free(figures->pooled_n);
    free(figures->ratio);
    free(figures->curve_head);
    free(figures->curve);
    free(figures->model);
    free(figures->vector);
    *figures = (struct spt_figures){0};
}

static size_t larger(size_t a, size_t b) {
    return a > b ? a : b;
}

static bool curves_init(struct spt_figures *f, size_t *most_points) {
    const size_t count = curve_metrics(f->selection);
    f->curve_head = spt_alloc_zeroed(count, sizeof(double *));
    f->curve = spt_alloc_zeroed(count, sizeof(double *));
    for (size_t i = 0; f->curve_head && f->curve && i < count; i++) {
        const size_t points = curve_metric(f->selection, i)->points;
        *most_points = larger(*most_points, points);
        f->curve_head[i] = spt_alloc(f->heads * points, sizeof(double));
        f->curve[i] = spt_alloc(f->layers * points, sizeof(double));
        if (!f->curve_head[i] || !f->curve[i]) return false;
    }
    return f->curve_head && f->curve;
}

enum spt_status spt_figures_init(struct spt_figures *figures, const struct spt_selection *selection,
                                 const struct spt_bootstrap *bootstrap, const struct spt_plan *plan, size_t layers,
                                 size_t heads, const struct spt_team *team, struct spt_error *error) {
    const size_t samples = bootstrap->samples;
    const size_t columns = larger(selection->count[SPT_LEVEL_HEAD] * heads, sample_metrics(selection) * layers);
    size_t most_points = samples;
    *figures = (struct spt_figures){
        .selection = selection,
        .bootstrap = bootstrap,
        .keep_heads = plan->keep_heads,
        .keep_draws = plan->keep_draws,
        .layers = layers,
        .heads = heads,
        .samples = samples,
        .team = team,
        .sample = spt_alloc(sample_metrics(selection) * layers * samples, sizeof(double)),
        .summary = spt_alloc(larger(columns, selection->count[SPT_LEVEL_MODEL]), sizeof(struct spt_summary)),
        .pooled_head = spt_alloc(spt_selection_pooled(selection) * heads, sizeof(double)),
        .pooled_head_n = spt_alloc(spt_selection_pooled(selection) * heads, sizeof(size_t)),
        .pooled = spt_alloc(spt_selection_pooled(selection) * layers, sizeof(double)),
        .pooled_n = spt_alloc(spt_selection_pooled(selection) * layers, sizeof(size_t)),
        .ratio = spt_alloc_zeroed(selection->count[SPT_LEVEL_RATIO] * layers, sizeof(struct spt_ratio)),
        .model = spt_alloc((sample_metrics(selection) + selection->count[SPT_LEVEL_MODEL]) * samples, sizeof(double)),
    };
    const bool curves = curves_init(figures, &most_points);
    figures->vector = spt_alloc(most_points, sizeof(float));
    if (curves && figures->sample && figures->summary && figures->pooled_head && figures->pooled_head_n &&
        figures->pooled && figures->pooled_n && figures->ratio && figures->model && figures->vector) {
        enum spt_status status = spt_pair_figures_init(&figures->pairs, selection, bootstrap, layers, error);
        if (status == SPT_OK && plan->keep_draws)
            status =
                spt_draw_figures_init(&figures->draws, selection, bootstrap, plan->keep_heads, layers, heads, error);
        if (status != SPT_OK) spt_figures_release(figures);
        return status;
    }
    spt_figures_release(figures);
    return spt_fail_memory(error, columns * samples * sizeof(double), "the figures of a checkpoint");
}

/* --- what is emitted --- */

static enum spt_status emit_summary(const struct spt_emit *emit, const struct spt_metric *metric, int layer, int head,
                                    const struct spt_summary *s, struct spt_error *error) {
    if (!emit->measure) return SPT_OK;
    const struct spt_measure measure = {.metric = metric,
                                        .layer = layer,
                                        .head = head,
                                        .mean = s->mean,
                                        .sd = s->sd,
                                        .lo = s->lo,
                                        .hi = s->hi,
                                        .n = s->n,
                                        .bad = s->bad};
    return emit->measure(emit->context, &measure, error);
}

static enum spt_status emit_pooled(const struct spt_figures *f, const struct spt_emit *emit,
                                   const struct spt_metric *metric, int layer, int head, double value, size_t n,
                                   struct spt_error *error) {
    const struct spt_summary summary = {.mean = value, .sd = NAN, .lo = NAN, .hi = NAN, .n = n, .bad = f->samples - n};
    return emit_summary(emit, metric, layer, head, &summary, error);
}

static enum spt_status emit_vector(struct spt_figures *f,
                                   enum spt_status (*to)(void *, const struct spt_vector *, struct spt_error *),
                                   const struct spt_emit *emit, const struct spt_metric *metric, int layer, int head,
                                   const double *values, size_t count, struct spt_error *error) {
    if (!to) return SPT_OK;
    for (size_t i = 0; i < count; i++) f->vector[i] = (float)values[i];
    const struct spt_vector vector = {
        .metric = metric, .layer = layer, .head = head, .values = f->vector, .count = count};
    return to(emit->context, &vector, error);
}

/* --- means that leave out what is undefined --- */

/* out[i] = mean over r of rows[r * stride + i], NAN entries left out, for i < count. */
static void mean_of_rows(const double *rows, size_t row_count, size_t stride, size_t count, double *out) {
    for (size_t i = 0; i < count; i++) {
        double sum = 0;
        size_t n = 0;
        for (size_t r = 0; r < row_count; r++) {
            const double value = rows[r * stride + i];
            if (isnan(value)) continue;
            sum += value;
            n++;
        }
        out[i] = n ? sum / (double)n : NAN;
    }
}

static void mean_of_float_rows(const float *rows, size_t row_count, size_t count, double *out) {
    for (size_t i = 0; i < count; i++) {
        double sum = 0;
        size_t n = 0;
        for (size_t r = 0; r < row_count; r++) {
            const float value = rows[r * count + i];
            if (isnan(value)) continue;
            sum += (double)value;
            n++;
        }
        out[i] = n ? sum / (double)n : NAN;
    }
}

/* --- the heads of a layer --- */

static void keep_layer_samples(struct spt_figures *f, const struct spt_layer_values *values, size_t layer) {
    const size_t head_metrics = f->selection->count[SPT_LEVEL_HEAD], cells = f->heads * f->samples;
    for (size_t m = 0; m < sample_metrics(f->selection); m++) {
        double *out = f->sample + (m * f->layers + layer) * f->samples;
        if (m < head_metrics)
            mean_of_rows(values->value + m * cells, f->heads, f->samples, f->samples, out);
        else
            mean_of_rows(values->layer_value + (m - head_metrics) * f->samples, 1, 0, f->samples, out);
    }
}

static enum spt_status emit_heads(struct spt_figures *f, const struct spt_layer_values *values, size_t layer,
                                  const struct spt_emit *emit, struct spt_error *error) {
    const size_t metrics = f->selection->count[SPT_LEVEL_HEAD];
    enum spt_status status =
        spt_bootstrap_summarize(f->bootstrap, values->value, metrics * f->heads, f->team, f->summary, error);
    for (size_t i = 0; status == SPT_OK && i < metrics * f->heads; i++) {
        const struct spt_metric *metric = spt_selection_at(f->selection, SPT_LEVEL_HEAD, i / f->heads);
        const int head = (int)(i % f->heads);
        status = emit_summary(emit, metric, (int)layer, head, &f->summary[i], error);
        if (status == SPT_OK && f->keep_heads)
            status = emit_vector(f, emit->samples, emit, metric, (int)layer, head, values->value + i * f->samples,
                                 f->samples, error);
    }
    return status;
}

/* Everything about one head that is pooled over samples. */
static enum spt_status pool_head(struct spt_figures *f, const struct spt_measure_context *context, size_t head,
                                 struct spt_density *density, struct spt_error *error) {
    const struct spt_selection *s = f->selection;
    const struct spt_pool pool = spt_pool_of(context, head, density);
    for (size_t m = 0; m < spt_selection_pooled(s); m++) {
        const struct spt_metric *metric = spt_selection_pooled_at(s, m);
        f->pooled_head[m * f->heads + head] = metric->pooled(&pool);
        f->pooled_head_n[m * f->heads + head] = spt_pool_samples(context, head, metric);
    }
    for (size_t c = 0; c < curve_metrics(s); c++) {
        const struct spt_metric *metric = curve_metric(s, c);
        double *out = f->curve_head[c] + head * metric->points;
        if (metric->level == SPT_LEVEL_CURVE)
            mean_of_float_rows(context->values->curve[c] + head * f->samples * metric->points, f->samples,
                               metric->points, out);
        else
            metric->pooled_curve(&pool, out);
    }
    return f->keep_draws ? spt_draw_figures_head(&f->draws, context, &pool, head, error) : SPT_OK;
}

struct pool_job {
    struct spt_figures *figures;
    const struct spt_measure_context *context;
    struct spt_measurer *const *measurers; /* [threads] */
};

static enum spt_status pool_task(void *context, size_t task, size_t thread, struct spt_error *error) {
    const struct pool_job *job = context;
    return pool_head(job->figures, job->context, task, spt_measurer_density(job->measurers[thread]), error);
}

static size_t largest(const size_t *values, size_t count) {
    size_t found = 0;
    for (size_t i = 0; i < count; i++) found = larger(found, values[i]);
    return found;
}

static void keep_pooled(struct spt_figures *f, size_t layer) {
    for (size_t m = 0; m < spt_selection_pooled(f->selection); m++) {
        const struct spt_metric *metric = spt_selection_pooled_at(f->selection, m);
        f->pooled[m * f->layers + layer] = spt_pool_combine(metric, f->pooled_head + m * f->heads, f->heads);
        f->pooled_n[m * f->layers + layer] = largest(f->pooled_head_n + m * f->heads, f->heads);
    }
}

static void keep_ratios(struct spt_figures *f, const struct spt_layer_values *values, size_t layer) {
    for (size_t m = 0; m < f->selection->count[SPT_LEVEL_RATIO]; m++)
        f->ratio[m * f->layers + layer] = spt_ratio_sum(values, m);
}

static enum spt_status emit_pooled_heads(struct spt_figures *f, size_t layer, const struct spt_emit *emit,
                                         struct spt_error *error) {
    enum spt_status status = SPT_OK;
    for (size_t m = 0; m < f->selection->count[SPT_LEVEL_POOLED]; m++)
        for (size_t h = 0; status == SPT_OK && h < f->heads; h++)
            status = emit_pooled(f, emit, spt_selection_pooled_at(f->selection, m), (int)layer, (int)h,
                                 f->pooled_head[m * f->heads + h], f->pooled_head_n[m * f->heads + h], error);
    return status;
}

static enum spt_status emit_curves(struct spt_figures *f, size_t layer, const struct spt_emit *emit,
                                   struct spt_error *error) {
    enum spt_status status = SPT_OK;
    for (size_t c = 0; status == SPT_OK && c < curve_metrics(f->selection); c++) {
        const struct spt_metric *metric = curve_metric(f->selection, c);
        const size_t points = metric->points;
        double *mean = f->curve[c] + layer * points;
        mean_of_rows(f->curve_head[c], f->heads, points, points, mean);
        for (size_t h = 0; f->keep_heads && status == SPT_OK && h < f->heads; h++)
            status = emit_vector(f, emit->curve, emit, metric, (int)layer, (int)h, f->curve_head[c] + h * points,
                                 points, error);
        if (status == SPT_OK)
            status = emit_vector(f, emit->curve, emit, metric, (int)layer, SPT_WHOLE_LAYER, mean, points, error);
    }
    return status;
}

enum spt_status spt_figures_layer(struct spt_figures *f, const struct spt_measure_context *context,
                                  struct spt_measurer *const *measurers, size_t layer, const struct spt_emit *emit,
                                  struct spt_error *error) {
    keep_layer_samples(f, context->values, layer);
    enum spt_status status = emit_heads(f, context->values, layer, emit, error);
    struct pool_job job = {f, context, measurers};
    if (status == SPT_OK) status = spt_team_run(f->team, f->heads, pool_task, &job, error);
    if (status == SPT_OK) status = spt_pair_figures_layer(&f->pairs, context, f->team, layer, error);
    if (status != SPT_OK) return status;
    keep_pooled(f, layer);
    keep_ratios(f, context->values, layer);
    if (f->keep_draws) status = spt_draw_figures_layer(&f->draws, context->values, layer, emit, error);
    if (status == SPT_OK) status = emit_pooled_heads(f, layer, emit, error);
    return status == SPT_OK ? emit_curves(f, layer, emit, error) : status;
}

/* --- layers and the model --- */

static enum spt_status emit_layers(struct spt_figures *f, const struct spt_emit *emit, struct spt_error *error) {
    const size_t columns = sample_metrics(f->selection) * f->layers;
    enum spt_status status = spt_bootstrap_summarize(f->bootstrap, f->sample, columns, f->team, f->summary, error);
    for (size_t i = 0; status == SPT_OK && i < columns; i++) {
        const struct spt_metric *metric = sample_metric(f->selection, i / f->layers);
        const int layer = (int)(i % f->layers);
        status = emit_summary(emit, metric, layer, SPT_WHOLE_LAYER, &f->summary[i], error);
        if (status == SPT_OK)
            status = emit_vector(f, emit->samples, emit, metric, layer, SPT_WHOLE_LAYER, f->sample + i * f->samples,
                                 f->samples, error);
    }
    return status;
}

/* The model's own figures of rows first ... first + count - 1 of f->model. */
static enum spt_status emit_whole(struct spt_figures *f, size_t first, size_t count, const struct spt_emit *emit,
                                  struct spt_error *error) {
    const double *rows = f->model + first * f->samples;
    enum spt_status status = spt_bootstrap_summarize(f->bootstrap, rows, count, f->team, f->summary, error);
    for (size_t i = 0; status == SPT_OK && i < count; i++) {
        const struct spt_metric *metric = model_metric(f->selection, first + i);
        status = emit_summary(emit, metric, SPT_WHOLE_MODEL, SPT_WHOLE_LAYER, &f->summary[i], error);
        if (status == SPT_OK)
            status = emit_vector(f, emit->samples, emit, metric, SPT_WHOLE_MODEL, SPT_WHOLE_LAYER,
                                 rows + i * f->samples, f->samples, error);
    }
    return status;
}

static enum spt_status emit_pooled_layers(struct spt_figures *f, const struct spt_emit *emit, struct spt_error *error) {
    enum spt_status status = SPT_OK;
    for (size_t m = 0; status == SPT_OK && m < spt_selection_pooled(f->selection); m++) {
        const struct spt_metric *metric = spt_selection_pooled_at(f->selection, m);
        const double *layers = f->pooled + m * f->layers;
        const size_t *n = f->pooled_n + m * f->layers;
        for (size_t l = 0; status == SPT_OK && l < f->layers; l++)
            status = emit_pooled(f, emit, metric, (int)l, SPT_WHOLE_LAYER, layers[l], n[l], error);
        if (status == SPT_OK)
            status = emit_pooled(f, emit, metric, SPT_WHOLE_MODEL, SPT_WHOLE_LAYER,
                                 spt_pool_combine(metric, layers, f->layers), largest(n, f->layers), error);
    }
    return status;
}

static enum spt_status emit_pairs(struct spt_figures *f, const struct spt_emit *emit, struct spt_error *error) {
    enum spt_status status = SPT_OK;
    for (size_t m = 0; status == SPT_OK && m < f->selection->count[SPT_LEVEL_PAIRS]; m++) {
        const struct spt_metric *metric = spt_selection_at(f->selection, SPT_LEVEL_PAIRS, m);
        for (int l = SPT_WHOLE_MODEL; status == SPT_OK && l < (int)f->layers; l++) {
            const struct spt_summary summary = spt_pair_figures_of(&f->pairs, m, l);
            status = emit_summary(emit, metric, l, SPT_WHOLE_LAYER, &summary, error);
        }
    }
    return status;
}

static enum spt_status emit_ratios(struct spt_figures *f, const struct spt_emit *emit, struct spt_error *error) {
    enum spt_status status = SPT_OK;
    for (size_t m = 0; status == SPT_OK && m < f->selection->count[SPT_LEVEL_RATIO]; m++) {
        const struct spt_metric *metric = spt_selection_at(f->selection, SPT_LEVEL_RATIO, m);
        struct spt_ratio all = {0};
        for (size_t l = 0; status == SPT_OK && l < f->layers; l++) {
            const struct spt_ratio *sums = &f->ratio[m * f->layers + l];
            spt_ratio_add(&all, sums);
            status = emit_pooled(f, emit, metric, (int)l, SPT_WHOLE_LAYER, spt_ratio_value(metric, sums), sums->samples,
                                 error);
        }
        if (status == SPT_OK)
            status = emit_pooled(f, emit, metric, SPT_WHOLE_MODEL, SPT_WHOLE_LAYER, spt_ratio_value(metric, &all),
                                 all.samples, error);
    }
    return status;
}

/* One matrix is one value; the residual stream's holds all samples. */
static enum spt_status emit_spectra(struct spt_figures *f, const struct spt_layer_spectrum *spectra,
                                    const struct spt_emit *emit, struct spt_error *error) {
    enum spt_status status = SPT_OK;
    for (size_t m = 0; status == SPT_OK && m < f->selection->count[SPT_LEVEL_SPECTRUM]; m++) {
        const struct spt_metric *metric = spt_selection_at(f->selection, SPT_LEVEL_SPECTRUM, m);
        const size_t holds = metric->matrix == SPT_MATRIX_HIDDEN ? f->samples : 1;
        struct spt_summary summary = {.sd = NAN, .lo = NAN, .hi = NAN};
        double sum = 0;
        size_t defined = 0;
        for (size_t l = 0; status == SPT_OK && l <= f->layers; l++) {
            const bool whole = l == f->layers;
            const double of_model = defined ? sum / (double)defined : NAN;
            summary.mean = whole ? of_model : metric->spectrum(&spectra[l * SPT_LAYER_MATRICES + metric->matrix]);
            summary.n = isnan(summary.mean) ? 0 : holds;
            summary.bad = holds - summary.n;
            if (!isnan(summary.mean)) {
                sum += summary.mean;
                defined++;
            }
            status = emit_summary(emit, metric, whole ? SPT_WHOLE_MODEL : (int)l, SPT_WHOLE_LAYER, &summary, error);
        }
    }
    return status;
}

static enum spt_status emit_model_curves(struct spt_figures *f, const struct spt_emit *emit, struct spt_error *error) {
    enum spt_status status = SPT_OK;
    for (size_t c = 0; status == SPT_OK && c < curve_metrics(f->selection); c++) {
        const struct spt_metric *metric = curve_metric(f->selection, c);
        mean_of_rows(f->curve[c], f->layers, metric->points, metric->points, f->curve_head[c]);
        status = emit_vector(f, emit->curve, emit, metric, SPT_WHOLE_MODEL, SPT_WHOLE_LAYER, f->curve_head[c],
                             metric->points, error);
    }
    return status;
}

static enum spt_status emit_output(struct spt_figures *f, const struct spt_output *output, const struct spt_emit *emit,
                                   struct spt_error *error) {
    enum spt_status status = SPT_OK;
    size_t predicted = 0;
    for (size_t i = 0; i < f->samples; i++) predicted += isfinite(output->loss[i]) ? 1 : 0;
    const size_t metrics = f->selection->count[SPT_LEVEL_MODEL], first = sample_metrics(f->selection);
    for (size_t m = 0; m < metrics; m++)
        for (size_t i = 0; i < f->samples; i++)
            f->model[(first + m) * f->samples + i] = model_metric(f->selection, first + m)->model(output, i);
    status = emit_whole(f, first, metrics, emit, error);
    for (size_t m = 0; status == SPT_OK && m < f->selection->count[SPT_LEVEL_MODEL_POOLED]; m++) {
        const struct spt_metric *metric = spt_selection_at(f->selection, SPT_LEVEL_MODEL_POOLED, m);
        status =
            emit_pooled(f, emit, metric, SPT_WHOLE_MODEL, SPT_WHOLE_LAYER, metric->whole(output), predicted, error);
    }
    return status;
}

enum spt_status spt_figures_model(struct spt_figures *f, const struct spt_layer_spectrum *spectra,
                                  const struct spt_output *output, const struct spt_emit *emit,
                                  struct spt_error *error) {
    enum spt_status status = emit_layers(f, emit, error);
    const size_t metrics = sample_metrics(f->selection);
    for (size_t m = 0; m < metrics; m++)
        mean_of_rows(f->sample + m * f->layers * f->samples, f->layers, f->samples, f->samples,
                     f->model + m * f->samples);
    if (status == SPT_OK) status = emit_whole(f, 0, metrics, emit, error);
    if (status == SPT_OK) status = emit_pooled_layers(f, emit, error);
    if (status == SPT_OK) status = emit_pairs(f, emit, error);
    if (status == SPT_OK) status = emit_ratios(f, emit, error);
    if (status == SPT_OK && spectra) status = emit_spectra(f, spectra, emit, error);
    if (status == SPT_OK && f->keep_draws) status = spt_draw_figures_model(&f->draws, &f->pairs, output, emit, error);
    if (status == SPT_OK) status = emit_model_curves(f, emit, error);
    return status == SPT_OK && output ? emit_output(f, output, emit, error) : status;
}
