#include "analysis/draws.h"

#include "analysis/frames/frame.h"
#include "analysis/ratio.h"
#include "checkpoints/base/memory.h"

#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void spt_draw_figures_release(struct spt_draw_figures *figures) {
    free(figures->head);
    free(figures->layer);
    free(figures->frame);
    free(figures->sums);
    free(figures->work);
    free(figures->all);
    free(figures->vector);
    *figures = (struct spt_draw_figures){0};
}

enum spt_status spt_draw_figures_init(struct spt_draw_figures *figures, const struct spt_selection *selection,
                                      const struct spt_bootstrap *bootstrap, bool keep_heads, size_t layers,
                                      size_t heads, struct spt_error *error) {
    const size_t pooled = spt_selection_pooled(selection), draws = bootstrap->draws, samples = bootstrap->samples;
    const size_t framed = selection->needs & SPT_NEED_FRAME ? heads : 0;
    size_t of_heads, of_layers;
    *figures = (struct spt_draw_figures){
        .selection = selection,
        .bootstrap = bootstrap,
        .keep_heads = keep_heads,
        .layers = layers,
        .heads = heads,
        .frame = spt_alloc(framed * draws, 1),
        .sums = spt_alloc(selection->count[SPT_LEVEL_RATIO] * layers * samples, SPT_RATIO_SUMS * sizeof(double)),
        .work = spt_alloc((1 + SPT_RATIO_SUMS) * draws, sizeof(double)),
        .all = spt_alloc(samples, SPT_RATIO_SUMS * sizeof(double)),
        .vector = spt_alloc(draws, sizeof(float)),
    };
    if (spt_multiply(pooled * heads, draws, &of_heads) && spt_multiply(pooled * layers, draws, &of_layers)) {
        figures->head = spt_alloc(of_heads, sizeof(double));
        figures->layer = spt_alloc(of_layers, sizeof(double));
    }
    if (figures->head && figures->layer && figures->frame && figures->sums && figures->work && figures->all &&
        figures->vector)
        return SPT_OK;
    spt_draw_figures_release(figures);
    return spt_fail_memory(error, pooled * (heads + layers) * draws * sizeof(double), "the draws of pooled figures");
}

/* --- what is emitted --- */

static enum spt_status emit_draws(struct spt_draw_figures *f, const struct spt_emit *emit,
                                  const struct spt_metric *metric, int layer, int head, const double *draws,
                                  struct spt_error *error) {
    const size_t count = f->bootstrap->draws;
    bool alike = true;
    if (!emit->draws) return SPT_OK;
    for (size_t d = 0; d < count; d++) {
        f->vector[d] = (float)draws[d];
        alike = alike && (isnan(f->vector[d]) ? isnan(f->vector[0]) : f->vector[d] == f->vector[0]);
    }
    const struct spt_vector vector = {
        .metric = metric, .layer = layer, .head = head, .values = f->vector, .count = alike ? 1 : count};
    return emit->draws(emit->context, &vector, error);
}

/* --- pooled metrics, counts, shares --- */

enum spt_status spt_draw_figures_head(struct spt_draw_figures *f, const struct spt_measure_context *context,
                                      const struct spt_pool *pool, size_t head, struct spt_error *error) {
    const size_t draws = f->bootstrap->draws;
    struct spt_pool of_draws = *pool;
    enum spt_status status = SPT_OK;
    if (f->selection->needs & SPT_NEED_FRAME) {
        unsigned char *frames = f->frame + head * draws;
        status = spt_frame_of_draws(context, head, f->bootstrap, frames, error);
        of_draws.frame_of_draw = frames;
    }
    for (size_t m = 0; status == SPT_OK && m < spt_selection_pooled(f->selection); m++) {
        const struct spt_metric *metric = spt_selection_pooled_at(f->selection, m);
        double *out = f->head + (m * f->heads + head) * draws;
        if (metric->pooled_draws) status = metric->pooled_draws(&of_draws, f->bootstrap, out, error);
    }
    return status;
}

/* out[d] = the members' sum for counts, else their mean, undefined ones left out: as the figure itself is made.
 *   members  [count, draws] */
static void combine(const struct spt_metric *metric, const double *members, size_t count, size_t draws, double *out) {
    for (size_t d = 0; d < draws; d++) {
        double sum = 0;
        size_t n = 0;
        for (size_t i = 0; i < count; i++) {
            const double value = members[i * draws + d];
            if (isnan(value)) continue;
            sum += value;
            n++;
        }
        out[d] = n == 0 ? NAN : metric->level == SPT_LEVEL_COUNT ? sum : sum / (double)n;
    }
}

static enum spt_status emit_heads(struct spt_draw_figures *f, const struct spt_metric *metric, const double *heads,
                                  size_t layer, const struct spt_emit *emit, struct spt_error *error) {
    enum spt_status status = SPT_OK;
    for (size_t h = 0; status == SPT_OK && h < f->heads; h++)
        status = emit_draws(f, emit, metric, (int)layer, (int)h, heads + h * f->bootstrap->draws, error);
    return status;
}

static enum spt_status emit_pooled(struct spt_draw_figures *f, const struct spt_emit *emit, struct spt_error *error) {
    const size_t draws = f->bootstrap->draws;
    enum spt_status status = SPT_OK;
    for (size_t m = 0; status == SPT_OK && m < spt_selection_pooled(f->selection); m++) {
        const struct spt_metric *metric = spt_selection_pooled_at(f->selection, m);
        const double *layers = f->layer + m * f->layers * draws;
        if (!metric->pooled_draws) continue;
        for (size_t l = 0; status == SPT_OK && l < f->layers; l++)
            status = emit_draws(f, emit, metric, (int)l, SPT_WHOLE_LAYER, layers + l * draws, error);
        combine(metric, layers, f->layers, draws, f->work);
        if (status == SPT_OK) status = emit_draws(f, emit, metric, SPT_WHOLE_MODEL, SPT_WHOLE_LAYER, f->work, error);
    }
    return status;
}

/* --- ratios --- */

/* sums [samples, SPT_RATIO_SUMS] out: over the heads of a layer */
static void sum_heads(const struct spt_draw_figures *f, const struct spt_layer_values *values, size_t metric,
                      double *sums) {
    const size_t samples = f->bootstrap->samples, cells = f->heads * samples;
    const double *part = values->part + metric * cells, *whole = values->whole + metric * cells;
    memset(sums, 0, samples * SPT_RATIO_SUMS * sizeof *sums);
    for (size_t cell = 0; cell < cells; cell++) {
        if (isnan(part[cell])) continue;
        double *sum = sums + cell % samples * SPT_RATIO_SUMS;
        sum[0] += part[cell];
        sum[1] += whole[cell];
        sum[2] += 1;
    }
}

/* Draws of a ratio from its sums [samples, SPT_RATIO_SUMS]. */
static enum spt_status emit_ratio(struct spt_draw_figures *f, const struct spt_metric *metric, int layer,
                                  const double *sums, const struct spt_emit *emit, struct spt_error *error) {
    const struct spt_bootstrap *b = f->bootstrap;
    double *drawn = f->work + b->draws;
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)b->draws, SPT_RATIO_SUMS, (int)b->samples, 1, b->counts,
                (int)b->samples, sums, SPT_RATIO_SUMS, 0, drawn, SPT_RATIO_SUMS);
    for (size_t d = 0; d < b->draws; d++) {
        const double *sum = drawn + d * SPT_RATIO_SUMS;
        const struct spt_ratio ratio = {.part = sum[0], .whole = sum[1], .pairs = (size_t)(sum[2] + 0.5)};
        f->work[d] = spt_ratio_value(metric, &ratio);
    }
    return emit_draws(f, emit, metric, layer, SPT_WHOLE_LAYER, f->work, error);
}

static enum spt_status emit_ratios(struct spt_draw_figures *f, const struct spt_emit *emit, struct spt_error *error) {
    const size_t cells = f->bootstrap->samples * SPT_RATIO_SUMS;
    enum spt_status status = SPT_OK;
    for (size_t m = 0; status == SPT_OK && m < f->selection->count[SPT_LEVEL_RATIO]; m++) {
        const struct spt_metric *metric = spt_selection_at(f->selection, SPT_LEVEL_RATIO, m);
        memset(f->all, 0, cells * sizeof *f->all);
        for (size_t l = 0; status == SPT_OK && l < f->layers; l++) {
            const double *sums = f->sums + (m * f->layers + l) * cells;
            for (size_t i = 0; i < cells; i++) f->all[i] += sums[i];
            status = emit_ratio(f, metric, (int)l, sums, emit, error);
        }
        if (status == SPT_OK) status = emit_ratio(f, metric, SPT_WHOLE_MODEL, f->all, emit, error);
    }
    return status;
}

/* --- the rest --- */

static enum spt_status emit_pairs(struct spt_draw_figures *f, const struct spt_pair_figures *pairs,
                                  const struct spt_emit *emit, struct spt_error *error) {
    const size_t draws = f->bootstrap->draws;
    enum spt_status status = SPT_OK;
    for (size_t m = 0; status == SPT_OK && m < f->selection->count[SPT_LEVEL_PAIRS]; m++) {
        const struct spt_metric *metric = spt_selection_at(f->selection, SPT_LEVEL_PAIRS, m);
        const double *layers = pairs->draws + m * f->layers * draws;
        for (size_t l = 0; status == SPT_OK && l < f->layers; l++)
            status = emit_draws(f, emit, metric, (int)l, SPT_WHOLE_LAYER, layers + l * draws, error);
        combine(metric, layers, f->layers, draws, f->work);
        if (status == SPT_OK) status = emit_draws(f, emit, metric, SPT_WHOLE_MODEL, SPT_WHOLE_LAYER, f->work, error);
    }
    return status;
}

static enum spt_status emit_output(struct spt_draw_figures *f, const struct spt_output *output,
                                   const struct spt_emit *emit, struct spt_error *error) {
    enum spt_status status = SPT_OK;
    for (size_t m = 0; status == SPT_OK && m < f->selection->count[SPT_LEVEL_MODEL_POOLED]; m++) {
        const struct spt_metric *metric = spt_selection_at(f->selection, SPT_LEVEL_MODEL_POOLED, m);
        if (!metric->whole_draws) continue;
        status = metric->whole_draws(output, f->bootstrap, f->work, error);
        if (status == SPT_OK) status = emit_draws(f, emit, metric, SPT_WHOLE_MODEL, SPT_WHOLE_LAYER, f->work, error);
    }
    return status;
}

enum spt_status spt_draw_figures_layer(struct spt_draw_figures *f, const struct spt_layer_values *values, size_t layer,
                                       const struct spt_emit *emit, struct spt_error *error) {
    const size_t draws = f->bootstrap->draws, cells = f->bootstrap->samples * SPT_RATIO_SUMS;
    enum spt_status status = SPT_OK;
    for (size_t m = 0; status == SPT_OK && m < spt_selection_pooled(f->selection); m++) {
        const struct spt_metric *metric = spt_selection_pooled_at(f->selection, m);
        const double *heads = f->head + m * f->heads * draws;
        if (!metric->pooled_draws) continue;
        combine(metric, heads, f->heads, draws, f->layer + (m * f->layers + layer) * draws);
        if (f->keep_heads && metric->level == SPT_LEVEL_POOLED)
            status = emit_heads(f, metric, heads, layer, emit, error);
    }
    for (size_t m = 0; m < f->selection->count[SPT_LEVEL_RATIO]; m++)
        sum_heads(f, values, m, f->sums + (m * f->layers + layer) * cells);
    return status;
}

enum spt_status spt_draw_figures_model(struct spt_draw_figures *f, const struct spt_pair_figures *pairs,
                                       const struct spt_output *output, const struct spt_emit *emit,
                                       struct spt_error *error) {
    enum spt_status status = emit_pooled(f, emit, error);
    if (status == SPT_OK) status = emit_pairs(f, pairs, emit, error);
    if (status == SPT_OK) status = emit_ratios(f, emit, error);
    return status == SPT_OK && output ? emit_output(f, output, emit, error) : status;
}
