#include "analysis/sample_attention.h"

#include "analysis/forward/gemm.h"
#include "analysis/mask.h"
#include "analysis/sinks/sink_metrics.h"
#include "checkpoints/base/memory.h"

#include <stdlib.h>
#include <string.h>

/* What the pass shows, on its way into the result. */
struct view {
    const struct spt_model_config *config;
    const struct spt_sample_request *request;
    struct spt_sample_attention *made;
    float *heads;        /* [heads, n, n] of the layer at hand, for the mean over them; else NULL */
    double *wide;        /* [heads, n, n] matrices as the analysis sums them up */
    const double **rows; /* [heads] c of each head of a layer */
};

static bool is_wanted(const struct view *view, size_t layer) {
    return layer >= view->made->first && layer < view->made->first + view->made->layers;
}

/* Where head of the layer at place is kept; NULL: nowhere. */
static float *place_of(const struct view *view, size_t place, size_t head) {
    const struct spt_sample_attention *made = view->made;
    const size_t cells = made->n * made->n;
    const enum spt_sample_matrices kind = view->request->matrices;
    if (kind == SPT_MATRICES_ALL) return made->matrices + (place * made->heads + head) * cells;
    if (kind == SPT_MATRICES_MEAN) return view->heads + head * cells;
    return kind == SPT_MATRICES_HEAD && head == view->request->head ? made->matrices + place * cells : NULL;
}

/* Threads write to disjoint places. */
static enum spt_status on_attention(void *context, const struct spt_attention *seen, struct spt_error *error) {
    const struct view *view = context;
    const struct spt_sample_attention *made = view->made;
    (void)error;
    if (seen->sample != 0 || !is_wanted(view, seen->layer)) return SPT_OK;
    const size_t place = seen->layer - made->first, n = made->n, cells = n * n;
    for (size_t i = 0; i < seen->heads; i++) {
        const size_t head = seen->first_head + i, row = place * made->heads + head;
        const float *matrix = seen->attention + i * cells;
        double *wide = view->wide + head * cells;
        float *kept = place_of(view, place, head);
        for (size_t k = 0; k < cells; k++) wide[k] = (double)matrix[k];
        made->finite[row] = spt_sink_received_of(wide, n, made->received + row * n);
        if (kept) memcpy(kept, matrix, cells * sizeof *matrix);
    }
    return SPT_OK;
}

static void mean_of_heads(const struct view *view, float *out /* [n, n] */) {
    const size_t cells = view->made->n * view->made->n, heads = view->made->heads;
    for (size_t k = 0; k < cells; k++) {
        double sum = 0;
        for (size_t h = 0; h < heads; h++) sum += (double)view->heads[h * cells + k];
        out[k] = (float)(sum / (double)heads);
    }
}

static enum spt_status on_layer(void *context, size_t layer, struct spt_error *error) {
    const struct view *view = context;
    struct spt_sample_attention *made = view->made;
    if (!is_wanted(view, layer)) return SPT_OK;
    const size_t place = layer - made->first, n = made->n;
    enum spt_mask_kind kind;
    size_t window;
    struct spt_mask mask;
    spt_forward_mask(view->config, layer, n, &kind, &window);
    const enum spt_status status = spt_mask_init(&mask, kind, window, n, error);
    if (status != SPT_OK) return status;
    bool finite = true;
    for (size_t h = 0; h < made->heads; h++) {
        finite = finite && made->finite[place * made->heads + h];
        view->rows[h] = made->received + (place * made->heads + h) * n;
    }
    made->window[place] = kind == SPT_MASK_WINDOW ? window : n;
    memcpy(made->uniform + place * n, mask.uniform, n * sizeof(double));
    if (finite)
        spt_sink_find_references(view->rows, made->heads, &mask, view->request->references,
                                 made->is_reference + place * n);
    if (view->heads) mean_of_heads(view, made->matrices + place * n * n);
    spt_mask_release(&mask);
    return SPT_OK;
}

static bool on_stop(void *context) {
    const struct spt_sample_request *request = ((const struct view *)context)->request;
    return request->stop && request->stop(request->context);
}

static enum spt_status check(const struct spt_model_config *config, const struct spt_sample_request *request,
                             struct spt_error *error) {
    if (request->first >= config->layers || request->layers > config->layers - request->first)
        return spt_fail(error, SPT_INVALID, NULL, "there is no layer %zu: the model's layers are 0 to %zu",
                        request->first < config->layers ? request->first + request->layers - 1 : request->first,
                        config->layers - 1);
    if (request->matrices == SPT_MATRICES_HEAD && request->head >= config->heads)
        return spt_fail(error, SPT_INVALID, NULL, "there is no head %zu: each layer's heads are 0 to %zu",
                        request->head, config->heads - 1);
    return SPT_OK;
}

static bool view_init(struct view *view) {
    struct spt_sample_attention *made = view->made;
    const enum spt_sample_matrices kind = view->request->matrices;
    const size_t n = made->n, layers = made->layers, heads = made->heads;
    size_t cells, all, kept;
    if (!spt_multiply(n, n, &cells) || !spt_multiply(cells, heads, &all)) return false;
    if (!spt_multiply(kind == SPT_MATRICES_ALL ? all : cells, layers, &kept)) return false;
    view->wide = spt_alloc(all, sizeof(double));
    view->rows = spt_alloc(heads, sizeof(double *));
    if (kind == SPT_MATRICES_MEAN) view->heads = spt_alloc(all, sizeof(float));
    if (kind != SPT_MATRICES_NONE) made->matrices = spt_alloc(kept, sizeof(float));
    made->received = spt_alloc(layers * heads, n * sizeof(double));
    made->uniform = spt_alloc(layers, n * sizeof(double));
    made->is_reference = spt_alloc_zeroed(layers, n);
    made->finite = spt_alloc_zeroed(layers, heads);
    made->window = spt_alloc_zeroed(layers, sizeof(size_t));
    return view->wide && view->rows && (view->heads || kind != SPT_MATRICES_MEAN) &&
           (made->matrices || kind == SPT_MATRICES_NONE) && made->received && made->uniform && made->is_reference &&
           made->finite && made->window;
}

/* The sample as often as fits into a tile of the matrix products, or into the probe it was measured in. BLAS groups its
 * sums otherwise for a handful of rows than for hundreds: among as many tokens as the analysis had, the sample's own are
 * multiplied as they were. Samples do not see each other. */
struct crowd {
    struct spt_probe probe;
    int32_t *ids;
    size_t *offset;
};

static bool crowd_init(struct crowd *crowd, const struct spt_sample_request *request) {
    const size_t n = request->n, room = request->among < SPT_GEMM_TOKENS ? request->among : SPT_GEMM_TOKENS;
    const size_t copies = room > n ? room / n : 1;
    crowd->ids = spt_alloc(copies * n, sizeof(int32_t));
    crowd->offset = spt_alloc(copies + 1, sizeof(size_t));
    if (!crowd->ids || !crowd->offset) return false;
    for (size_t i = 0; i < copies; i++) memcpy(crowd->ids + i * n, request->ids, n * sizeof(int32_t));
    for (size_t i = 0; i <= copies; i++) crowd->offset[i] = i * n;
    crowd->probe = (struct spt_probe){
        .samples = copies, .tokens = copies * n, .longest = n, .ids = crowd->ids, .offset = crowd->offset};
    return true;
}

static void crowd_release(struct crowd *crowd) {
    free(crowd->ids);
    free(crowd->offset);
}

enum spt_status spt_sample_attention_compute(struct spt_checkpoint *checkpoint, const struct spt_model_config *config,
                                             const struct spt_sample_request *request,
                                             struct spt_sample_attention *attention, struct spt_error *error) {
    enum spt_status status = check(config, request, error);
    if (status != SPT_OK) return status;
    *attention = (struct spt_sample_attention){.n = request->n,
                                               .first = request->first,
                                               .layers = request->layers,
                                               .heads = config->heads,
                                               .bidirectional = config->bidirectional};
    struct view view = {.config = config, .request = request, .made = attention};
    struct crowd crowd = {0};
    const struct spt_forward_options options = {.threads = request->threads,
                                                .no_read_ahead = request->no_read_ahead,
                                                .no_loss = true,
                                                .layers = request->first + request->layers};
    const struct spt_forward_observer observer = {
        .context = &view, .attention = on_attention, .layer = on_layer, .stop = on_stop};
    if (!view_init(&view) || !crowd_init(&crowd, request))
        status = spt_fail_memory(error, sizeof(double) * config->heads * request->n * request->n, "attention");
    if (status == SPT_OK) status = spt_forward_run(checkpoint, config, &crowd.probe, &options, &observer, NULL, error);
    crowd_release(&crowd);
    free(view.wide);
    free(view.rows);
    free(view.heads);
    if (status != SPT_OK) spt_sample_attention_release(attention);
    return status;
}

void spt_sample_attention_release(struct spt_sample_attention *attention) {
    free(attention->matrices);
    free(attention->received);
    free(attention->uniform);
    free(attention->is_reference);
    free(attention->finite);
    free(attention->window);
    *attention = (struct spt_sample_attention){0};
}
