#include "analysis/measure.h"

#include "analysis/graph/graph.h"
#include "analysis/information/remainder.h"
#include "analysis/information/rows.h"
#include "analysis/rmt/residual.h"
#include "analysis/rmt/spectrum.h"
#include "analysis/sinks/sink_metrics.h"
#include "analysis/topology/betti.h"
#include "analysis/topology/persistence.h"
#include "analysis/values/influence.h"
#include "checkpoints/base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- where a layer's values go --- */

void spt_layer_values_release(struct spt_layer_values *values, const struct spt_selection *selection) {
    for (size_t i = 0; values->curve && i < selection->count[SPT_LEVEL_CURVE]; i++) free(values->curve[i]);
    free(values->value);
    free(values->layer_value);
    free(values->pair);
    free(values->curve);
    free(values->received);
    free(values->first);
    free(values->part);
    free(values->whole);
    free(values->hidden);
    free(values->law);
    free(values->mp);
    free(values->law_count);
    free(values->mp_count);
    *values = (struct spt_layer_values){0};
}

static bool curves_init(struct spt_layer_values *values, const struct spt_selection *selection) {
    const size_t count = selection->count[SPT_LEVEL_CURVE];
    values->curve = spt_alloc_zeroed(count, sizeof(float *));
    for (size_t i = 0; values->curve && i < count; i++) {
        const size_t points = spt_selection_at(selection, SPT_LEVEL_CURVE, i)->points;
        values->curve[i] = spt_alloc(values->heads * values->samples * points, sizeof(float));
        if (!values->curve[i]) return false;
    }
    return values->curve;
}

static bool pool_init(double **x, size_t **count, const struct spt_layer_values *values) {
    *x = spt_alloc(values->heads * values->tokens, sizeof(double));
    *count = spt_alloc_zeroed(values->heads * values->samples, sizeof(size_t));
    return *x && *count;
}

enum spt_status spt_layer_values_init(struct spt_layer_values *values, const struct spt_selection *selection,
                                      const struct spt_probe *probe, size_t heads, struct spt_error *error) {
    *values = (struct spt_layer_values){.heads = heads, .samples = probe->samples, .tokens = probe->tokens};
    const size_t cells = heads * probe->samples;
    values->value = spt_alloc(selection->count[SPT_LEVEL_HEAD] * cells, sizeof(double));
    values->layer_value = spt_alloc(selection->count[SPT_LEVEL_LAYER] * probe->samples, sizeof(double));
    values->pair = spt_alloc(2 * selection->count[SPT_LEVEL_PAIRS] * cells, sizeof(double));
    values->received = spt_alloc(heads * probe->tokens, sizeof(double));
    values->first = spt_alloc(cells, sizeof(double));
    values->part = spt_alloc(selection->count[SPT_LEVEL_RATIO] * cells, sizeof(double));
    values->whole = spt_alloc(selection->count[SPT_LEVEL_RATIO] * cells, sizeof(double));
    bool ready = values->value && values->layer_value && values->pair && values->received && values->first;
    values->hidden = spt_alloc(probe->samples, sizeof(struct spt_hidden));
    ready = ready && values->part && values->whole && values->hidden;
    ready = ready && curves_init(values, selection);
    for (size_t i = 0; values->hidden && i < probe->samples; i++) values->hidden[i] = (struct spt_hidden){NAN, NAN};
    if (selection->needs & SPT_NEED_LAW_POOL) ready = ready && pool_init(&values->law, &values->law_count, values);
    if (selection->needs & SPT_NEED_MP_POOL) ready = ready && pool_init(&values->mp, &values->mp_count, values);
    if (ready) return SPT_OK;
    spt_layer_values_release(values, selection);
    return spt_fail_memory(error, selection->total * cells * sizeof(double), "the values of a layer");
}

/* --- scratch of a thread --- */

struct spt_measurer {
    size_t n_max;
    double *matrix[SPT_HEAD_BATCH];   /* [n_max, n_max] A */
    double *left[SPT_HEAD_BATCH];     /* [n_max, n_max] G */
    double *distance;                 /* [n_max, n_max] */
    double *singular[SPT_HEAD_BATCH]; /* [n_max] of A */
    double *residual[SPT_HEAD_BATCH]; /* [n_max] of G */
    double *x[SPT_HEAD_BATCH];        /* [n_max] of A, for the quarter circle */
    double mp_kl[SPT_HEAD_BATCH];
    bool finite[SPT_HEAD_BATCH];
    struct spt_graph graph[SPT_HEAD_BATCH];
    const double **received; /* [heads] for a layer's view; grown when a layer has more */
    size_t received_capacity;
    double *row; /* [n_max] */
    struct spt_rows rows;
    struct spt_influence_work influence;
    struct spt_spectrum *spectrum;
    struct spt_density *density;
    struct spt_persistence *persistence;
    struct spt_graphs *graphs;
};

void spt_measurer_free(struct spt_measurer *measurer) {
    if (!measurer) return;
    for (size_t i = 0; i < SPT_HEAD_BATCH; i++) {
        free(measurer->matrix[i]);
        free(measurer->left[i]);
        free(measurer->singular[i]);
        free(measurer->residual[i]);
        free(measurer->x[i]);
    }
    free(measurer->distance);
    free(measurer->received);
    free(measurer->row);
    free(measurer->rows.entropy);
    free(measurer->rows.squares);
    spt_influence_release(&measurer->influence);
    spt_spectrum_free(measurer->spectrum);
    spt_density_free(measurer->density);
    spt_persistence_free(measurer->persistence);
    spt_graphs_free(measurer->graphs);
    free(measurer);
}

static bool scratch_init(struct spt_measurer *measurer, size_t n_max, unsigned needs) {
    size_t cells;
    if (!spt_multiply(n_max, n_max, &cells)) return false;
    bool ready = true;
    for (size_t i = 0; i < SPT_HEAD_BATCH; i++) {
        measurer->matrix[i] = spt_alloc(cells, sizeof(double));
        measurer->singular[i] = spt_alloc(n_max, sizeof(double));
        measurer->residual[i] = spt_alloc(n_max, sizeof(double));
        measurer->x[i] = spt_alloc(n_max, sizeof(double));
        ready = ready && measurer->matrix[i] && measurer->singular[i] && measurer->residual[i] && measurer->x[i];
        if (!(needs & SPT_NEED_RESIDUAL)) continue;
        measurer->left[i] = spt_alloc(cells, sizeof(double));
        ready = ready && measurer->left[i];
    }
    measurer->distance = spt_alloc(needs & SPT_NEED_BARCODE ? cells : 1, sizeof(double));
    measurer->row = spt_alloc(n_max, sizeof(double));
    measurer->rows.entropy = spt_alloc(n_max, sizeof(double));
    measurer->rows.squares = spt_alloc(n_max, sizeof(double));
    return ready && measurer->distance && measurer->row && measurer->rows.entropy && measurer->rows.squares;
}

enum spt_status spt_measurer_new(const struct spt_selection *selection, const struct spt_plan *plan, size_t n_max,
                                 struct spt_measurer **measurer, struct spt_error *error) {
    const unsigned needs = selection->needs;
    struct spt_measurer *made = spt_alloc_zeroed(1, sizeof *made);
    if (!made) return spt_fail_memory(error, sizeof *made, "scratch");
    made->n_max = n_max;
    enum spt_status status = SPT_OK;
    if (!scratch_init(made, n_max, needs)) status = spt_fail_memory(error, 20 * n_max * n_max * 8, "scratch");
    if (status == SPT_OK && needs & (SPT_NEED_SPECTRUM | SPT_NEED_RESIDUAL))
        status = spt_spectrum_new(n_max, &made->spectrum, error);
    if (status == SPT_OK && needs & (SPT_NEED_MP_KL | SPT_NEED_LAW_POOL | SPT_NEED_MP_POOL))
        status = spt_density_new(&made->density, error);
    if (status == SPT_OK && needs & SPT_NEED_BARCODE)
        status = spt_persistence_new(n_max, plan->topology_dimension, &made->persistence, error);
    if (status == SPT_OK && needs & SPT_NEED_GRAPH)
        status = spt_graphs_new(n_max, needs & SPT_NEED_FIEDLER, &made->graphs, error);
    if (status != SPT_OK) {
        spt_measurer_free(made);
        return status;
    }
    *measurer = made;
    return SPT_OK;
}

double *spt_measurer_matrix(struct spt_measurer *measurer, size_t i) {
    return measurer->matrix[i];
}

struct spt_batch spt_measurer_take(struct spt_measurer *measurer, const struct spt_attention *attention) {
    const size_t cells = attention->n * attention->n;
    for (size_t i = 0; i < attention->heads; i++) {
        double *matrix = measurer->matrix[i];
        const float *from = attention->attention + i * cells;
        for (size_t k = 0; k < cells; k++) matrix[k] = (double)from[k];
    }
    return (struct spt_batch){
        .sample = attention->sample,
        .first_head = attention->first_head,
        .heads = attention->heads,
        .max_logit = attention->max_logit,
        .vectors = attention->vectors,
    };
}

struct spt_density *spt_measurer_density(struct spt_measurer *measurer) {
    return measurer->density;
}

/* --- one batch --- */

/* Spectra of the batch's matrices and of what is left of them, SPT_SPECTRUM_LANES at a time. */
static enum spt_status batch_spectra(struct spt_measurer *m, const struct spt_mask *mask, size_t heads, unsigned needs,
                                     struct spt_error *error) {
    const double *a[2 * SPT_HEAD_BATCH];
    double *s[2 * SPT_HEAD_BATCH];
    size_t count = 0;
    for (size_t i = 0; i < heads && needs & SPT_NEED_SPECTRUM; i++, count++) {
        a[count] = m->matrix[i];
        s[count] = m->singular[i];
    }
    for (size_t i = 0; i < heads && needs & SPT_NEED_RESIDUAL; i++, count++) {
        spt_residual_of(m->matrix[i], mask, m->left[i]);
        a[count] = m->left[i];
        s[count] = m->residual[i];
    }
    for (size_t first = 0; first < count; first += SPT_SPECTRUM_LANES) {
        const size_t lanes = count - first < SPT_SPECTRUM_LANES ? count - first : SPT_SPECTRUM_LANES;
        const enum spt_status status = spt_spectrum_of(m->spectrum, a + first, lanes, mask->n, s + first, error);
        if (status != SPT_OK) return status;
    }
    return SPT_OK;
}

/* Points for the pooled densities, and each sample's own distance from the quarter circle. A layer with a window has no
 * law to pool points for, also where some of its samples are shorter than the window. */
static void batch_densities(struct spt_measurer *m, const struct spt_measure_context *context,
                            const struct spt_mask *mask, size_t sample, size_t first_head, size_t heads) {
    const unsigned needs = context->selection->needs;
    struct spt_layer_values *values = context->values;
    const size_t offset = context->probe->offset[sample];
    size_t points[SPT_HEAD_BATCH] = {0};
    for (size_t i = 0; i < heads; i++) {
        const size_t head = first_head + i, cell = head * values->samples + sample;
        if (needs & SPT_NEED_LAW_POOL)
            values->law_count[cell] = m->finite[i] ? spt_law_points(m->residual[i], mask->n, context->masks->kind,
                                                                    values->law + head * values->tokens + offset)
                                                   : 0;
        if (!(needs & (SPT_NEED_MP_KL | SPT_NEED_MP_POOL))) continue;
        points[i] = m->finite[i] ? spt_mp_points(m->singular[i], mask->n, m->x[i]) : 0;
        if (!(needs & SPT_NEED_MP_POOL)) continue;
        values->mp_count[cell] = points[i];
        memcpy(values->mp + head * values->tokens + offset, m->x[i], points[i] * sizeof(double));
    }
    if (needs & SPT_NEED_MP_KL)
        spt_density_kl_batch(m->density, context->laws, SPT_LAW_QUARTER_CIRCLE, (const double *const *)m->x, points,
                             heads, m->mp_kl);
}

/* Graphs of the batch's matrices; one that is not finite has none. */
static void batch_graphs(struct spt_measurer *m, size_t heads, size_t n) {
    const double *a[SPT_HEAD_BATCH] = {0};
    struct spt_graph graph[SPT_HEAD_BATCH];
    size_t count = 0;
    for (size_t i = 0; i < heads; i++)
        if (m->finite[i]) a[count++] = m->matrix[i];
    spt_graphs_of(m->graphs, a, count, n, graph);
    for (size_t i = heads; i-- > 0;)
        if (m->finite[i]) m->graph[i] = graph[--count];
}

/* The values of one look: the metrics of SPT_NEEDS_AGAIN, or all others. view NULL: there are none. */
static void write_values(const struct spt_measure_context *context, const struct spt_head *view, size_t cell,
                         bool again) {
    const struct spt_selection *selection = context->selection;
    struct spt_layer_values *values = context->values;
    const size_t cells = values->heads * values->samples;
    for (size_t i = 0; i < selection->count[SPT_LEVEL_HEAD]; i++) {
        const struct spt_metric *metric = spt_selection_at(selection, SPT_LEVEL_HEAD, i);
        if (((metric->needs & SPT_NEEDS_AGAIN) != 0) != again) continue;
        values->value[i * cells + cell] = view ? metric->head(view, metric->parameter) : NAN;
    }
}

static void write_head(const struct spt_measure_context *context, const struct spt_head *view, size_t cell) {
    const struct spt_selection *selection = context->selection;
    struct spt_layer_values *values = context->values;
    const size_t cells = values->heads * values->samples;
    write_values(context, view, cell, false);
    for (size_t i = 0; i < 2 * selection->count[SPT_LEVEL_PAIRS]; i++) {
        const struct spt_metric *metric = spt_selection_at(selection, SPT_LEVEL_PAIRS, i / 2);
        values->pair[i * cells + cell] = view ? metric->pair[i % 2](view, metric->parameter) : NAN;
    }
    for (size_t i = 0; i < selection->count[SPT_LEVEL_CURVE]; i++) {
        const struct spt_metric *metric = spt_selection_at(selection, SPT_LEVEL_CURVE, i);
        float *curve = values->curve[i] + cell * metric->points;
        if (view) metric->curve(view, curve);
        for (size_t k = 0; !view && k < metric->points; k++) curve[k] = NAN;
    }
}

static enum spt_status measure_head(struct spt_measurer *m, const struct spt_measure_context *context,
                                    struct spt_head *view, size_t cell, struct spt_error *error) {
    const unsigned needs = context->selection->needs;
    struct spt_barcode barcode;
    struct spt_components components;
    if (needs & SPT_NEED_BARCODE) {
        spt_distance_from_attention(view->attention, view->n, context->plan->symmetrize, m->distance);
        const enum spt_status status = spt_persistence_of(m->persistence, m->distance, view->n, &barcode, error);
        if (status != SPT_OK) return status;
        view->barcode = &barcode;
    }
    if (needs & SPT_NEED_COMPONENTS) {
        spt_components_of(view->attention, view->n, context->plan->symmetrize, &components);
        view->components = &components;
    }
    if (needs & SPT_NEED_ROWS) {
        spt_rows_of(view->attention, view->mask, m->row, &m->rows);
        view->rows = &m->rows;
    }
    write_head(context, view, cell);
    return SPT_OK;
}

/* Matrix i of a batch, as both looks see it. */
static struct spt_head view_of(const struct spt_measurer *m, const struct spt_measure_context *context,
                               const struct spt_batch *batch, size_t i) {
    const struct spt_probe *probe = context->probe;
    const size_t offset = probe->offset[batch->sample], n = probe->offset[batch->sample + 1] - offset;
    return (struct spt_head){
        .n = n,
        .mask = spt_mask_set_of(context->masks, n),
        .attention = m->matrix[i],
        .received = context->values->received + (batch->first_head + i) * context->values->tokens + offset,
        .special = probe->special ? probe->special + offset : NULL,
        .max_logit = batch->max_logit ? (double)batch->max_logit[i] : NAN,
        .vectors = batch->vectors ? &batch->vectors[i] : NULL,
        .clean_entropy = NAN,
    };
}

enum spt_status spt_measure_batch(struct spt_measurer *m, const struct spt_measure_context *context,
                                  const struct spt_batch *batch, struct spt_error *error) {
    const struct spt_probe *probe = context->probe;
    struct spt_layer_values *values = context->values;
    const size_t sample = batch->sample, first_head = batch->first_head, heads = batch->heads;
    const size_t offset = probe->offset[sample], n = probe->offset[sample + 1] - offset;
    const struct spt_mask *mask = spt_mask_set_of(context->masks, n);
    for (size_t i = 0; i < heads; i++)
        m->finite[i] =
            spt_sink_received_of(m->matrix[i], n, values->received + (first_head + i) * values->tokens + offset);
    enum spt_status status = batch_spectra(m, mask, heads, context->selection->needs, error);
    if (status != SPT_OK) return status;
    batch_densities(m, context, mask, sample, first_head, heads);
    if (context->selection->needs & SPT_NEED_GRAPH) batch_graphs(m, heads, n);
    for (size_t i = 0; i < heads; i++) {
        const size_t cell = (first_head + i) * values->samples + sample;
        struct spt_head view = view_of(m, context, batch, i);
        view.singular = m->singular[i];
        view.residual = m->residual[i];
        view.mp_kl = m->mp_kl[i];
        view.graph = &m->graph[i];
        values->first[cell] = m->finite[i] ? view.received[0] * (double)n / (double)mask->seen[0] : NAN;
        if (m->finite[i])
            status = measure_head(m, context, &view, cell, error);
        else
            write_head(context, NULL, cell);
        if (status != SPT_OK) return status;
        if (context->row_entropy && m->finite[i])
            memcpy(context->row_entropy + (first_head + i) * values->tokens + offset, m->rows.entropy,
                   n * sizeof(double));
    }
    return SPT_OK;
}

/* --- what needs all heads of a layer --- */

/* Points m->received at the heads' c of a sample; false when a head's matrix is not finite. */
static enum spt_status gather_received(struct spt_measurer *m, const struct spt_measure_context *context, size_t sample,
                                       bool *finite, struct spt_error *error) {
    const struct spt_layer_values *values = context->values;
    if (!spt_grow((void **)&m->received, &m->received_capacity, values->heads, sizeof(double *)))
        return spt_fail_memory(error, values->heads * sizeof(double *), "a layer's heads");
    *finite = true;
    for (size_t h = 0; h < values->heads; h++) {
        m->received[h] = values->received + h * values->tokens + context->probe->offset[sample];
        *finite = *finite && !isnan(values->first[h * values->samples + sample]);
    }
    return SPT_OK;
}

enum spt_status spt_measure_sample(struct spt_measurer *m, const struct spt_measure_context *context, size_t sample,
                                   struct spt_error *error) {
    const size_t offset = context->probe->offset[sample], n = context->probe->offset[sample + 1] - offset;
    const struct spt_reference_tokens *references = context->references;
    bool finite;
    const enum spt_status status = gather_received(m, context, sample, &finite, error);
    if (status != SPT_OK) return status;
    references->known[sample] = finite;
    memset(references->is_reference + offset, 0, n);
    if (finite)
        spt_sink_find_references(m->received, context->values->heads, spt_mask_set_of(context->masks, n),
                                 context->plan->references, references->is_reference + offset);
    return SPT_OK;
}

/* --- the second look --- */

static void write_again(const struct spt_measure_context *context, const struct spt_head *view, size_t cell) {
    const struct spt_selection *selection = context->selection;
    struct spt_layer_values *values = context->values;
    const size_t cells = values->heads * values->samples;
    write_values(context, view, cell, true);
    for (size_t i = 0; i < selection->count[SPT_LEVEL_RATIO]; i++) {
        const struct spt_metric *metric = spt_selection_at(selection, SPT_LEVEL_RATIO, i);
        values->part[i * cells + cell] = view ? metric->pair[0](view, metric->parameter) : NAN;
        values->whole[i * cells + cell] = view ? metric->pair[1](view, metric->parameter) : NAN;
    }
}

static enum spt_status measure_head_again(struct spt_measurer *m, const struct spt_measure_context *context,
                                          struct spt_head *view, size_t head, size_t cell, struct spt_error *error) {
    const unsigned needs = context->selection->needs;
    struct spt_remainder remainder;
    struct spt_influence influence;
    if (needs & SPT_NEED_REMAINDER) {
        remainder = spt_remainder_of(view->attention, view->mask, view->is_reference, m->row);
        view->remainder = &remainder;
    }
    if (needs & SPT_NEED_INFLUENCE && view->vectors) {
        const size_t d = view->vectors->dimension;
        const enum spt_status status =
            spt_influence_of(&m->influence, view->attention, view->mask, view->is_reference, view->vectors,
                             context->gram ? context->gram + head * d * d : NULL, &influence, error);
        if (status != SPT_OK) return status;
        view->influence = &influence;
    }
    write_again(context, view, cell);
    return SPT_OK;
}

enum spt_status spt_measure_again(struct spt_measurer *m, const struct spt_measure_context *context,
                                  const struct spt_batch *batch, struct spt_error *error) {
    const bool known = context->references->known[batch->sample];
    for (size_t i = 0; i < batch->heads; i++) {
        const size_t head = batch->first_head + i, cell = head * context->values->samples + batch->sample;
        struct spt_head view = view_of(m, context, batch, i);
        view.is_reference = context->references->is_reference + context->probe->offset[batch->sample];
        enum spt_status status = SPT_OK;
        if (known)
            status = measure_head_again(m, context, &view, head, cell, error);
        else
            write_again(context, NULL, cell);
        if (status != SPT_OK) return status;
    }
    return SPT_OK;
}

/* --- the ablated pass --- */

void spt_measure_ablated(struct spt_measurer *m, const struct spt_measure_context *context,
                         const struct spt_batch *batch) {
    const bool known = context->references->known[batch->sample];
    const size_t offset = context->probe->offset[batch->sample];
    for (size_t i = 0; i < batch->heads; i++) {
        const size_t head = batch->first_head + i, cell = head * context->values->samples + batch->sample;
        struct spt_head view = view_of(m, context, batch, i);
        const bool finite = spt_sink_received_of(m->matrix[i], view.n,
                                                 context->values->received + head * context->values->tokens + offset);
        if (known && finite) spt_rows_of(view.attention, view.mask, m->row, &m->rows);
        view.rows = &m->rows;
        view.is_reference = context->references->is_reference + offset;
        view.clean_entropy = context->clean_entropy[cell];
        write_values(context, known && finite ? &view : NULL, cell, false);
    }
}

/* --- values of a layer --- */

enum spt_status spt_measure_layer(struct spt_measurer *m, const struct spt_measure_context *context,
                                  struct spt_error *error) {
    const struct spt_selection *selection = context->selection;
    const struct spt_layer_values *values = context->values;
    if (selection->count[SPT_LEVEL_LAYER] == 0) return SPT_OK;
    for (size_t sample = 0; sample < values->samples; sample++) {
        const size_t offset = context->probe->offset[sample], n = context->probe->offset[sample + 1] - offset;
        bool finite;
        const enum spt_status status = gather_received(m, context, sample, &finite, error);
        if (status != SPT_OK) return status;
        const struct spt_layer view = {
            .n = n,
            .heads = values->heads,
            .mask = spt_mask_set_of(context->masks, n),
            .received = m->received,
            .is_reference = context->references ? context->references->is_reference + offset : NULL,
            .hidden = &values->hidden[sample],
        };
        for (size_t i = 0; i < selection->count[SPT_LEVEL_LAYER]; i++) {
            const struct spt_metric *metric = spt_selection_at(selection, SPT_LEVEL_LAYER, i);
            const bool defined = finite || !(metric->needs & SPT_NEED_REFERENCES);
            values->layer_value[i * values->samples + sample] = defined ? metric->layer(&view) : NAN;
        }
    }
    return SPT_OK;
}
