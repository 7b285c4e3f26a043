#include "analysis/spectra/spectra.h"

#include "analysis/spectra/eigenvalues.h"
#include "analysis/spectra/gram.h"
#include "analysis/spectra/marchenko_pastur.h"
#include "analysis/spectra/power_law.h"
#include "checkpoints/base/memory.h"

#include <math.h>
#include <stdlib.h>

#define LAW_VALUES_MIN 8 /* below, a law of the bulk says nothing; as for attention (rmt.law_ks) */

/* --- one matrix --- */

/* Below this, 0 and equal are what the arithmetic can tell: as NumPy's matrix_rank has it, of the Gram matrix. */
static double rounding_of(double largest, size_t longer) {
    return (double)longer * 0x1p-52 * largest;
}

static size_t zeros_among(const double *values, size_t order, double rounding) {
    size_t zeros = 0;
    while (zeros < order && !(values[zeros] > rounding)) zeros++;
    return zeros;
}

static void laws_of(const double *values, size_t count, double q, double rounding, unsigned needs, double *scratch,
                    struct spt_layer_spectrum *s) {
    if ((needs & SPT_NEED_BULK) && count >= LAW_VALUES_MIN) {
        const struct spt_marchenko_pastur_fit fit = spt_marchenko_pastur_of(values, count, q);
        s->mp_ks = fit.ks;
        s->spikes = (double)fit.spikes;
    }
    if (!(needs & SPT_NEED_TAIL) || !(values[count - 1] - values[0] > rounding)) return;
    const struct spt_power_law law = spt_power_law_of(values, count, scratch);
    s->alpha = law.alpha;
    s->alpha_ks = law.ks;
    s->alpha_tail = law.tail ? (double)law.tail : NAN;
}

/* Trace and squared norm; false where there is nothing to see: an entry that is not finite, or zeros alone. */
static bool sums_of(const double *gram, size_t order, double *trace, double *squares) {
    double beside = 0;
    *trace = *squares = 0;
    for (size_t j = 0; j < order; j++) {
        const double *column = gram + j * order;
        *trace += column[j];
        *squares += column[j] * column[j];
        for (size_t i = j + 1; i < order; i++) beside += column[i] * column[i];
    }
    *squares += 2 * beside;
    return *trace > 0 && isfinite(*trace) && isfinite(*squares) && *squares > 0;
}

enum spt_status spt_layer_spectrum_of(double *gram, size_t order, size_t longer, unsigned needs, double *scratch,
                                      struct spt_layer_spectrum *s, struct spt_error *error) {
    double trace, squares, two[2];
    enum spt_status status = SPT_OK;
    *s = (struct spt_layer_spectrum){order, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
    if (!sums_of(gram, order, &trace, &squares)) return SPT_OK;
    s->participation = trace * trace / squares;
    if (needs & (SPT_NEED_BULK | SPT_NEED_TAIL)) {
        status = spt_eigenvalues_of(gram, order, scratch, error);
        if (status != SPT_OK) return status;
        const double rounding = rounding_of(scratch[order - 1], longer);
        const size_t zeros = zeros_among(scratch, order, rounding);
        two[0] = scratch[order - 1];
        two[1] = order > 1 ? scratch[order - 2] : 0;
        laws_of(scratch + zeros, order - zeros, (double)order / (double)longer, rounding, needs, scratch + order, s);
    } else if (needs & SPT_NEED_LEADING) {
        status = spt_eigenvalues_leading(gram, order, scratch, two, error);
    }
    if (status == SPT_OK && order > 1 && (needs & SPT_NEED_LEADING)) s->gap_ratio = (two[0] - two[1]) / two[0];
    return status;
}

/* --- those that wait --- */

struct waiting {
    double *gram, *scratch;
    size_t order, longer;
    unsigned needs;
    struct spt_layer_spectrum *spectrum;
};

#define WAITING_MAX 256

struct spt_spectra {
    const struct spt_model_config *config;
    const struct spt_team *team;
    enum spt_qkv_layout layout;
    size_t tokens;
    unsigned needs[SPT_LAYER_MATRICES];
    struct spt_layer_spectrum *layers; /* [layers, SPT_LAYER_MATRICES] */
    double *mean;                      /* [hidden] */
    double *store;                     /* [capacity] */
    size_t capacity, used;
    struct waiting waiting[WAITING_MAX];
    size_t count;
};

static enum spt_status one(void *context, size_t task, size_t thread, struct spt_error *error) {
    const struct waiting *w = (const struct waiting *)context + task;
    (void)thread;
    return spt_layer_spectrum_of(w->gram, w->order, w->longer, w->needs, w->scratch, w->spectrum, error);
}

void spt_spectra_start(struct spt_spectra *spectra) {
    spectra->count = spectra->used = 0;
}

enum spt_status spt_spectra_finish(struct spt_spectra *spectra, struct spt_error *error) {
    const size_t count = spectra->count;
    spt_spectra_start(spectra);
    return spt_team_run(spectra->team, count, one, spectra->waiting, error);
}

/* Doubles of a Gram matrix and what is computed in; false: more than there is memory for. */
static bool room_of(size_t order, size_t *doubles) {
    const size_t scratch = spt_eigenvalues_scratch(order);
    return scratch && spt_multiply(order, order, doubles) && !__builtin_add_overflow(*doubles, scratch, doubles);
}

static enum spt_status add(struct spt_spectra *spectra, size_t layer, enum spt_layer_matrix which,
                           const struct spt_matrix_rows *w, const double *mean, struct spt_error *error) {
    const size_t rows = w->rows, columns = w->matrix.columns, order = rows < columns ? rows : columns;
    enum spt_status status = SPT_OK;
    size_t doubles = 0;
    if (!room_of(order, &doubles)) return spt_fail_memory(error, SIZE_MAX, "a Gram matrix");
    if (spectra->count == WAITING_MAX || doubles > spectra->capacity - spectra->used)
        status = spt_spectra_finish(spectra, error);
    if (status != SPT_OK) return status;
    struct waiting *next = &spectra->waiting[spectra->count];
    *next = (struct waiting){.gram = spectra->store + spectra->used,
                             .scratch = spectra->store + spectra->used + order * order,
                             .order = order,
                             .longer = rows < columns ? columns : rows,
                             .needs = spectra->needs[which],
                             .spectrum = &spectra->layers[layer * SPT_LAYER_MATRICES + which]};
    status = spt_gram_of(spectra->team, w, mean, next->gram, error);
    if (status != SPT_OK) return status;
    spectra->used += doubles;
    spectra->count++;
    return SPT_OK;
}

enum spt_status spt_spectra_weights(struct spt_spectra *spectra, size_t layer, const struct spt_weight *weights,
                                    struct spt_error *error) {
    /* The larger ones first: each has a thread then while there are others. */
    static const enum spt_layer_matrix ORDER[] = {SPT_MATRIX_QUERY,    SPT_MATRIX_OUTPUT,   SPT_MATRIX_MLP_UP,
                                                  SPT_MATRIX_MLP_GATE, SPT_MATRIX_MLP_DOWN, SPT_MATRIX_KEY,
                                                  SPT_MATRIX_VALUE};
    enum spt_status status = SPT_OK;
    for (size_t i = 0; status == SPT_OK && i < sizeof ORDER / sizeof *ORDER; i++) {
        if (!spectra->needs[ORDER[i]]) continue;
        const struct spt_matrix_rows w = spt_layer_matrix_of(weights, spectra->config, spectra->layout, ORDER[i]);
        if (w.matrix.data) status = add(spectra, layer, ORDER[i], &w, NULL, error);
    }
    return status;
}

enum spt_status spt_spectra_hidden(struct spt_spectra *spectra, size_t layer, const float *x, struct spt_error *error) {
    const size_t rows = spectra->tokens, columns = spectra->config->hidden;
    const struct spt_matrix stream = {.dtype = SPT_F32, .rows = rows, .columns = columns, .data = x};
    const struct spt_matrix_rows w = {stream, .rows = rows, .run = rows, .stride = rows};
    const enum spt_status status = spt_column_means(spectra->team, x, rows, columns, spectra->mean, error);
    return status == SPT_OK ? add(spectra, layer, SPT_MATRIX_HIDDEN, &w, spectra->mean, error) : status;
}

const struct spt_layer_spectrum *spt_spectra_layers(const struct spt_spectra *spectra) {
    return spectra->layers;
}

/* --- life --- */

static bool needed(const struct spt_selection *selection) {
    return selection->count[SPT_LEVEL_SPECTRUM] > 0;
}

size_t spt_spectra_scratch(const struct spt_selection *selection) {
    return needed(selection) ? spt_gram_scratch() : 0;
}

bool spt_spectra_of_hidden(const struct spt_spectra *spectra) {
    return spectra && spectra->needs[SPT_MATRIX_HIDDEN];
}

bool spt_spectra_of_weights(const struct spt_spectra *spectra) {
    bool any = false;
    for (size_t i = SPT_MATRIX_HIDDEN + 1; spectra && i < SPT_LAYER_MATRICES; i++) any = any || spectra->needs[i];
    return any;
}

/* A Gram matrix for each thread and an eighth more, for the smaller ones beside them; no more than all layers have. */
static size_t capacity_of(const struct spt_spectra *s, size_t largest, size_t all) {
    const size_t limit = SPT_SPECTRA_STORE / sizeof(double);
    size_t wanted, most;
    if (!spt_multiply(s->team->threads, largest + largest / 8, &wanted) || wanted > limit) wanted = limit;
    if (spt_multiply(s->config->layers, all, &most) && wanted > most) wanted = most;
    return wanted > largest ? wanted : largest;
}

static enum spt_status make_store(struct spt_spectra *s, struct spt_error *error) {
    const size_t most = SIZE_MAX / 32;
    size_t largest = 0, all = 0;
    for (enum spt_layer_matrix which = 0; which < SPT_LAYER_MATRICES; which++) {
        size_t rows, columns, doubles;
        if (!s->needs[which]) continue;
        spt_layer_matrix_shape(s->config, s->tokens, which, &rows, &columns);
        if (!room_of(rows < columns ? rows : columns, &doubles) || doubles > most - all)
            return spt_fail_memory(error, SIZE_MAX, "a Gram matrix");
        if (doubles > largest) largest = doubles;
        all += doubles;
    }
    s->capacity = capacity_of(s, largest, all);
    s->store = spt_alloc(s->capacity, sizeof(double));
    return s->store ? SPT_OK : spt_fail_memory(error, s->capacity * sizeof(double), "Gram matrices");
}

static enum spt_status init(struct spt_spectra *s, const struct spt_selection *selection, struct spt_error *error) {
    const struct spt_family *family;
    const enum spt_status status = spt_family_find(s->config->model_type, &family, error);
    if (status != SPT_OK) return status;
    s->layout = family->qkv;
    for (size_t i = 0; i < selection->count[SPT_LEVEL_SPECTRUM]; i++) {
        const struct spt_metric *metric = spt_selection_at(selection, SPT_LEVEL_SPECTRUM, i);
        s->needs[metric->matrix] |= metric->needs;
    }
    s->layers = spt_alloc_zeroed(s->config->layers, SPT_LAYER_MATRICES * sizeof *s->layers);
    s->mean = spt_alloc(s->config->hidden, sizeof(double));
    if (!s->layers || !s->mean) return spt_fail_memory(error, s->config->layers * sizeof *s->layers, "spectra");
    return make_store(s, error);
}

enum spt_status spt_spectra_new(const struct spt_selection *selection, const struct spt_model_config *config,
                                const struct spt_probe *probe, const struct spt_team *team,
                                struct spt_spectra **spectra, struct spt_error *error) {
    *spectra = NULL;
    if (!needed(selection)) return SPT_OK;
    struct spt_spectra *made = spt_alloc_zeroed(1, sizeof *made);
    if (!made) return spt_fail_memory(error, sizeof *made, "spectra");
    made->config = config;
    made->tokens = probe->tokens;
    made->team = team;
    const enum spt_status status = init(made, selection, error);
    if (status != SPT_OK) {
        spt_spectra_free(made);
        return status;
    }
    *spectra = made;
    return SPT_OK;
}

void spt_spectra_free(struct spt_spectra *spectra) {
    if (!spectra) return;
    free(spectra->layers);
    free(spectra->mean);
    free(spectra->store);
    free(spectra);
}
