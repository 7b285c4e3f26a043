/* From the store to rows: which checkpoints count, their means and samples' values, fits, and the order. */
#include "tracker/emergence/emergence.h"

#include "checkpoints/base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define VALUES_MAX ((size_t)256 << 20) /* bytes of samples' values and draws that are held at a time */

/* --- which checkpoints --- */

static bool is_counted(const struct spt_store_checkpoint *row, const char *branch) {
    return row->state == SPT_STATE_ANALYSED && row->step != SPT_NO_STEP && row->step >= 0 &&
           strcmp(row->branch, branch) == 0;
}

static bool has_same_weights(const struct spt_store_checkpoint *a, const struct spt_store_checkpoint *b) {
    return spt_hash_equal(a->digest, b->digest) && !spt_hash_equal(a->digest, (struct spt_hash){0});
}

/* Rows come by step: a later one of the same branch with the same weights takes the place of this one; one with the same
 * step under another label does not come twice. */
static bool is_replaced(const struct spt_store_checkpoint *rows, size_t count, size_t i) {
    for (size_t k = i + 1; k < count && strcmp(rows[k].branch, rows[i].branch) == 0; k++)
        if (is_counted(&rows[k], rows[i].branch) &&
            (has_same_weights(&rows[i], &rows[k]) || rows[k].step == rows[i].step))
            return true;
    return false;
}

/* kept [count] out: the rows that count. */
static size_t choose(const struct spt_store_checkpoint *rows, size_t count, const char *branch,
                     const struct spt_store_checkpoint **kept, size_t *left_out) {
    size_t n = 0;
    *left_out = 0;
    for (size_t i = 0; i < count; i++) {
        if (!is_counted(&rows[i], branch)) continue;
        if (is_replaced(rows, count, i))
            (*left_out)++;
        else
            kept[n++] = &rows[i];
    }
    return n;
}

/* --- the series --- */

/* A mean of one metric, layer and head at one checkpoint. */
struct cell {
    size_t name;
    int layer, head;
    size_t checkpoint;
    double mean;
};

struct reading {
    struct spt_store *store;
    const struct spt_emerged_options *options;
    struct spt_emerged *emerged;
    const struct spt_store_checkpoint **kept; /* [emerged->checkpoints] */
    struct cell *cells;                       /* [cell_count] */
    size_t cell_count, cell_capacity, name_capacity;
    size_t checkpoint; /* whose figures come now */
    struct spt_bootstrap bootstrap;
    struct spt_team team;
    const char *against;
    double *reference; /* [draws] midpoints of the metric that the order is against; NULL: none */
    struct spt_emergence reference_of;
};

static bool is_asked_for(const struct reading *r, const char *metric) {
    const bool *metrics = r->options->metrics;
    const size_t row = spt_metric_find(metric);
    if (!metrics || strcmp(metric, r->against) == 0) return true;
    return row < SPT_METRIC_COUNT && metrics[row];
}

/* The place of a name among the run's. Figures come by name, so that the last one is mostly the next one's too. */
static enum spt_status find_name(struct reading *r, const char *metric, size_t *name, struct spt_error *error) {
    struct spt_emerged *e = r->emerged;
    for (size_t i = r->cell_count ? r->cells[r->cell_count - 1].name : 0; i < e->name_count; i++)
        if (strcmp(e->names[i], metric) == 0) return *name = i, SPT_OK;
    for (*name = 0; *name < e->name_count; (*name)++)
        if (strcmp(e->names[*name], metric) == 0) return SPT_OK;
    if (spt_grow((void **)&e->names, &r->name_capacity, e->name_count + 1, sizeof *e->names)) {
        e->names[e->name_count] = spt_strdup(metric);
        if (e->names[e->name_count]) return e->name_count++, SPT_OK;
    }
    return spt_fail_memory(error, sizeof *e->names, "the names of metrics");
}

static enum spt_status take_mean(void *context, const struct spt_store_measure *measure, struct spt_error *error) {
    struct reading *r = context;
    if (measure->head != SPT_WHOLE_LAYER && !r->options->heads) return SPT_OK;
    if (!is_asked_for(r, measure->metric)) return SPT_OK;
    struct cell cell = {0, measure->layer, measure->head, r->checkpoint, measure->mean};
    const enum spt_status status = find_name(r, measure->metric, &cell.name, error);
    if (status != SPT_OK) return status;
    if (!spt_grow((void **)&r->cells, &r->cell_capacity, r->cell_count + 1, sizeof cell))
        return spt_fail_memory(error, sizeof cell, "the series of a run");
    r->cells[r->cell_count++] = cell;
    return SPT_OK;
}

static int compare_cells(const void *x, const void *y) {
    const struct cell *a = x, *b = y;
    if (a->name != b->name) return a->name < b->name ? -1 : 1;
    if (a->layer != b->layer) return a->layer < b->layer ? -1 : 1;
    if (a->head != b->head) return a->head < b->head ? -1 : 1;
    return (a->checkpoint > b->checkpoint) - (a->checkpoint < b->checkpoint);
}

static bool is_same_series(const struct cell *a, const struct cell *b) {
    return a->name == b->name && a->layer == b->layer && a->head == b->head;
}

static enum spt_status read_means(struct reading *r, struct spt_error *error) {
    enum spt_status status = SPT_OK;
    for (size_t i = 0; i < r->emerged->checkpoints && status == SPT_OK; i++) {
        r->checkpoint = i;
        status = spt_store_each_measure_of(r->store, r->kept[i], take_mean, r, error);
    }
    if (status == SPT_OK && r->cell_count) qsort(r->cells, r->cell_count, sizeof *r->cells, compare_cells);
    return status;
}

/* --- one batch: metrics whose values are held at the same time --- */

struct batch {
    const struct cell *cells; /* [end - first] of the reading, whole metrics */
    size_t first, end;        /* cells */
    size_t count;             /* series */
    size_t checkpoints, samples, draws;
    double *means;            /* [count, checkpoints] */
    float **values;           /* [count] each [checkpoints, samples]; NULL: none is stored */
    float **drawn;            /* [count] each [checkpoints, draws]; NULL: likewise */
    const struct cell **head; /* [count] the first cell of each series: metric, layer and head, ascending */
    struct spt_emergence_series *series;
    struct spt_emergence *found;
    double *t0; /* [count, draws] */
};

static void batch_release(struct batch *b) {
    for (size_t i = 0; i < b->count; i++) {
        if (b->values) free(b->values[i]);
        if (b->drawn) free(b->drawn[i]);
    }
    free(b->means);
    free(b->values);
    free(b->drawn);
    free(b->head);
    free(b->series);
    free(b->found);
    free(b->t0);
}

static enum spt_status batch_init(struct batch *b, const struct reading *r, struct spt_error *error) {
    size_t cells;
    b->checkpoints = r->emerged->checkpoints;
    b->samples = r->emerged->samples;
    b->draws = r->emerged->draws;
    for (size_t i = b->first; i < b->end; i++)
        b->count += i == b->first || !is_same_series(&r->cells[i - 1], &r->cells[i]);
    if (spt_multiply(b->count, b->checkpoints, &cells)) {
        b->means = spt_alloc(cells, sizeof *b->means);
        b->values = spt_alloc_zeroed(b->count, sizeof *b->values);
        b->drawn = spt_alloc_zeroed(b->count, sizeof *b->drawn);
        b->head = spt_alloc(b->count, sizeof *b->head);
        b->series = spt_alloc(b->count, sizeof *b->series);
        b->found = spt_alloc(b->count, sizeof *b->found);
        b->t0 = spt_alloc(b->count * b->draws, sizeof *b->t0);
    }
    if (!b->means || !b->values || !b->drawn || !b->head || !b->series || !b->found || !b->t0) {
        batch_release(b);
        return spt_fail_memory(error, b->count * (b->checkpoints + b->draws) * sizeof(double), "the series of a run");
    }
    for (size_t i = 0; i < cells; i++) b->means[i] = NAN;
    return SPT_OK;
}

static void place_means(struct batch *b, const struct reading *r) {
    size_t series = 0;
    for (size_t i = b->first; i < b->end; i++) {
        if (i > b->first && !is_same_series(&r->cells[i - 1], &r->cells[i])) series++;
        if (i == b->first || !is_same_series(&r->cells[i - 1], &r->cells[i])) b->head[series] = &r->cells[i];
        b->means[series * b->checkpoints + r->cells[i].checkpoint] = r->cells[i].mean;
    }
}

/* Where values of a metric go: its series are [series, end) of the batch. */
struct placing {
    struct batch *batch;
    size_t series, end, checkpoint;
};

/* The series that a vector is of, NULL: none. They come by layer and head, as the series do. */
static float **find_place(struct placing *p, const struct spt_store_samples *vector, float **of_series) {
    for (size_t i = p->series; i < p->end; i++) {
        if (p->batch->head[i]->layer != vector->layer || p->batch->head[i]->head != vector->head) continue;
        p->series = i;
        return &of_series[i];
    }
    return NULL;
}

/* Row checkpoint of [checkpoints, width], which is made with the first; NULL: out of memory. */
static float *row_of(const struct placing *p, float **place, size_t width, struct spt_error *error) {
    const size_t cells = p->batch->checkpoints * width;
    if (!*place) {
        *place = spt_alloc(cells, sizeof **place);
        for (size_t i = 0; *place && i < cells; i++) (*place)[i] = NAN;
    }
    if (*place) return *place + p->checkpoint * width;
    spt_fail_memory(error, cells * sizeof **place, "the series of a run");
    return NULL;
}

static enum spt_status place_values(void *context, const struct spt_store_samples *samples, struct spt_error *error) {
    struct placing *p = context;
    const size_t width = p->batch->samples;
    float **place = samples->count == width ? find_place(p, samples, p->batch->values) : NULL;
    if (!place) return SPT_OK; /* of another probe than the run's: cannot be resampled */
    float *row = row_of(p, place, width, error);
    if (!row) return SPT_NOMEM;
    memcpy(row, samples->values, width * sizeof *row);
    return SPT_OK;
}

static enum spt_status place_draws(void *context, const struct spt_store_samples *drawn, struct spt_error *error) {
    struct placing *p = context;
    const size_t width = p->batch->draws;
    const bool whole = drawn->count == width || drawn->count == 1;
    float **place = whole ? find_place(p, drawn, p->batch->drawn) : NULL;
    if (!place) return SPT_OK;
    float *row = row_of(p, place, width, error);
    if (!row) return SPT_NOMEM;
    for (size_t d = 0; d < width; d++) row[d] = drawn->values[drawn->count == 1 ? 0 : d];
    return SPT_OK;
}

static enum spt_status read_values(struct batch *b, const struct reading *r, struct spt_error *error) {
    enum spt_status status = SPT_OK;
    for (size_t first = 0, end; first < b->count && status == SPT_OK; first = end) {
        const char *name = r->emerged->names[b->head[first]->name];
        for (end = first; end < b->count && b->head[end]->name == b->head[first]->name;) end++;
        for (size_t c = 0; c < b->checkpoints && status == SPT_OK; c++) {
            struct placing values = {b, first, end, c}, draws = values;
            status =
                spt_store_each_samples(r->store, r->kept[c]->id, name, r->options->heads, place_values, &values, error);
            if (status == SPT_OK)
                status =
                    spt_store_each_draws(r->store, r->kept[c]->id, name, r->options->heads, place_draws, &draws, error);
        }
    }
    return status;
}

/* A checkpoint of which nothing is stored that could be resampled, as one that an older version measured, has no mean
 * that could be: kept [checkpoints, width]. */
static void drop_means_alone(struct batch *b, size_t series, const float *kept, size_t width) {
    for (size_t c = 0; c < b->checkpoints; c++) {
        bool any = false;
        for (size_t i = 0; i < width && !any; i++) any = isfinite(kept[c * width + i]);
        if (!any) b->means[series * b->checkpoints + c] = NAN;
    }
}

/* The draws' midpoints outlive the batch where pairs are made of them. */
static enum spt_status keep_t0(const struct reading *r, struct spt_emerged_row *row, const double *t0,
                               struct spt_error *error) {
    const size_t draws = r->emerged->draws;
    const bool here = r->options->pairs_layer == SPT_EVERY_LAYER || r->options->pairs_layer == row->layer;
    if (!r->options->pairs || !here || !row->resampled || row->emergence.reason != SPT_EMERGENCE_FOUND) return SPT_OK;
    row->t0 = spt_alloc(draws, sizeof *row->t0);
    if (!row->t0) return spt_fail_memory(error, draws * sizeof *row->t0, "the order of midpoints");
    memcpy(row->t0, t0, draws * sizeof *t0);
    return SPT_OK;
}

static enum spt_status put_row(struct reading *r, const struct batch *b, size_t i, struct spt_error *error) {
    struct spt_emerged_row *row = &r->emerged->rows[r->emerged->count++];
    *row = (struct spt_emerged_row){
        .metric = r->emerged->names[b->head[i]->name],
        .layer = b->head[i]->layer,
        .head = b->head[i]->head,
        .resampled = b->values[i] || b->drawn[i],
        .emergence = b->found[i],
        .order = {.share = NAN, .p = NAN},
        .q = NAN,
    };
    const bool itself =
        strcmp(row->metric, r->against) == 0 && row->layer == SPT_WHOLE_MODEL && row->head == SPT_WHOLE_LAYER;
    const double *t0 = b->t0 + i * r->emerged->draws;
    if (itself) {
        r->emerged->measured = true;
        r->emerged->reason = row->emergence.reason;
        if (row->resampled && row->emergence.reason == SPT_EMERGENCE_FOUND && r->reference)
            memcpy(r->reference, t0, r->emerged->draws * sizeof *t0);
        r->reference_of = row->emergence;
    } else if (row->resampled && row->emergence.reason == SPT_EMERGENCE_FOUND) {
        row->order = spt_emergence_order(&row->emergence, t0, &r->reference_of, r->reference, r->emerged->draws);
    }
    return keep_t0(r, row, t0, error);
}

static enum spt_status fit_batch(struct reading *r, struct batch *b, struct spt_error *error) {
    enum spt_status status = batch_init(b, r, error);
    if (status != SPT_OK) return status;
    place_means(b, r);
    status = read_values(b, r, error);
    for (size_t i = 0; i < b->count && status == SPT_OK; i++) {
        if (b->values[i])
            drop_means_alone(b, i, b->values[i], b->samples);
        else if (b->drawn[i])
            drop_means_alone(b, i, b->drawn[i], b->draws);
        b->series[i] = (struct spt_emergence_series){
            .count = b->checkpoints,
            .step = r->emerged->step,
            .mean = b->means + i * b->checkpoints,
            .values = b->values[i],
            .draws = b->values[i] ? NULL : b->drawn[i],
        };
    }
    if (status == SPT_OK)
        status = spt_emergence_of(&r->bootstrap, b->series, b->count, &r->team, b->found, b->t0, error);
    for (size_t i = 0; i < b->count && status == SPT_OK; i++) status = put_row(r, b, i, error);
    batch_release(b);
    return status;
}

/* The end of the metric whose cells begin at first. */
static size_t end_of_metric(const struct reading *r, size_t first) {
    size_t end = first;
    while (end < r->cell_count && r->cells[end].name == r->cells[first].name) end++;
    return end;
}

static enum spt_status fit_range(struct reading *r, size_t first, size_t end, struct spt_error *error) {
    const struct spt_emerged *e = r->emerged;
    const size_t width = e->samples > e->draws ? e->samples : e->draws, cells_max = VALUES_MAX / sizeof(float) / width;
    enum spt_status status = SPT_OK;
    while (first < end && status == SPT_OK) {
        size_t last = end_of_metric(r, first);
        while (last < end && end_of_metric(r, last) - first <= cells_max) last = end_of_metric(r, last);
        struct batch batch = {.first = first, .end = last};
        status = fit_batch(r, &batch, error);
        first = last;
    }
    return status;
}

/* The metric that the order is against first: then the others' draws are needed only once. */
static enum spt_status fit_all(struct reading *r, struct spt_error *error) {
    size_t first = 0, series = 0;
    for (size_t i = 0; i < r->cell_count; i++) series += i == 0 || !is_same_series(&r->cells[i - 1], &r->cells[i]);
    r->emerged->rows = spt_alloc(series, sizeof *r->emerged->rows);
    if (!r->emerged->rows) return spt_fail_memory(error, series * sizeof *r->emerged->rows, "the series of a run");
    while (first < r->cell_count && strcmp(r->emerged->names[r->cells[first].name], r->against) != 0)
        first = end_of_metric(r, first);
    const size_t end = first < r->cell_count ? end_of_metric(r, first) : first;
    enum spt_status status = fit_range(r, first, end, error);
    if (status == SPT_OK) status = fit_range(r, 0, first, error);
    return status == SPT_OK ? fit_range(r, end, r->cell_count, error) : status;
}

/* --- rows --- */

static int compare_keys(const struct spt_emerged_row *a, const struct spt_emerged_row *b) {
    const int name = strcmp(a->metric, b->metric);
    if (name) return name;
    if (a->layer != b->layer) return a->layer < b->layer ? -1 : 1;
    return (a->head > b->head) - (a->head < b->head);
}

static int compare_indexed(const void *x, const void *y) {
    return compare_keys(*(const struct spt_emerged_row *const *)x, *(const struct spt_emerged_row *const *)y);
}

const struct spt_emerged_row *spt_emerged_find(const struct spt_emerged *emerged, const char *metric, int layer,
                                               int head) {
    const struct spt_emerged_row wanted = {.metric = metric, .layer = layer, .head = head}, *key = &wanted;
    if (emerged->count == 0) return NULL;
    const struct spt_emerged_row *const *found =
        bsearch(&key, emerged->index, emerged->count, sizeof *emerged->index, compare_indexed);
    return found ? *found : NULL;
}

/* By midpoint; those without one behind. */
static int compare_rows(const void *x, const void *y) {
    const struct spt_emerged_row *a = x, *b = y;
    const bool has = a->emergence.reason == SPT_EMERGENCE_FOUND, had = b->emergence.reason == SPT_EMERGENCE_FOUND;
    if (has != had) return has ? -1 : 1;
    if (has && a->emergence.fit.t0 != b->emergence.fit.t0) return a->emergence.fit.t0 < b->emergence.fit.t0 ? -1 : 1;
    return compare_keys(a, b);
}

static enum spt_status sort(struct spt_emerged *e, struct spt_error *error) {
    e->index = spt_alloc(e->count, sizeof *e->index);
    if (!e->index) return spt_fail_memory(error, e->count * sizeof *e->index, "the series of a run");
    if (e->count == 0) return SPT_OK;
    qsort(e->rows, e->count, sizeof *e->rows, compare_rows);
    for (size_t i = 0; i < e->count; i++) e->index[i] = &e->rows[i];
    qsort(e->index, e->count, sizeof *e->index, compare_indexed);
    return SPT_OK;
}

static enum spt_status adjust(struct spt_emerged *e, struct spt_error *error) {
    double *p = spt_alloc(e->count, sizeof *p), *q = spt_alloc(e->count, sizeof *q);
    enum spt_status status =
        p && q ? SPT_OK : spt_fail_memory(error, 2 * e->count * sizeof *p, "the order of midpoints");
    for (size_t i = 0; status == SPT_OK && i < e->count; i++) p[i] = e->rows[i].order.p;
    if (status == SPT_OK) status = spt_false_discovery(p, e->count, q, error);
    for (size_t i = 0; status == SPT_OK && i < e->count; i++) e->rows[i].q = q[i];
    free(p);
    free(q);
    return status;
}

/* --- what the run says of itself --- */

/* A number of the texts that a run keeps, "key: number" a line; otherwise where it has none. */
static size_t number_in(const char *text, const char *key, size_t otherwise) {
    const size_t length = strlen(key);
    for (const char *line = text; line && *line; line = strchr(line, '\n'), line += line != NULL) {
        if (strncmp(line, key, length) != 0 || strncmp(line + length, ": ", 2) != 0) continue;
        char *end;
        const unsigned long long number = strtoull(line + length + 2, &end, 10);
        if (end > line + length + 2) return (size_t)number;
    }
    return otherwise;
}

enum { DRAWS = 1000, DRAWS_MAX = 1000000, SEED = 1 }; /* of a plan that says nothing */

static enum spt_status prepare(struct reading *r, const struct spt_store_run *run, struct spt_error *error) {
    struct spt_emerged *e = r->emerged;
    e->samples = run->samples;
    e->hidden = spt_store_run_hidden(run);
    e->draws = number_in(run->plan_text, "bootstrap", DRAWS);
    if (e->draws < 1 || e->draws > DRAWS_MAX) e->draws = DRAWS;
    enum spt_status status = spt_bootstrap_init(&r->bootstrap, e->draws, e->samples,
                                                number_in(run->plan_text, "bootstrap seed", SEED), error);
    if (status == SPT_OK) status = spt_team_init(&r->team, r->options->threads, 0, error);
    if (status != SPT_OK) return status;
    r->reference = spt_alloc(e->draws, sizeof *r->reference);
    if (!r->reference) return spt_fail_memory(error, e->draws * sizeof *r->reference, "the order of midpoints");
    for (size_t d = 0; d < e->draws; d++) r->reference[d] = NAN;
    return SPT_OK;
}

static enum spt_status describe(struct spt_emerged *e, const struct spt_store_checkpoint *const *kept,
                                const char *branch, const char *against, struct spt_error *error) {
    e->branch = spt_strdup(branch);
    e->against = spt_strdup(against);
    e->step = spt_alloc(e->checkpoints, sizeof *e->step);
    e->tokens = spt_alloc(e->checkpoints, sizeof *e->tokens);
    e->weights = spt_alloc(e->checkpoints, sizeof *e->weights);
    if (!e->branch || !e->against || !e->step || !e->tokens || !e->weights)
        return spt_fail_memory(error, 2 * e->checkpoints * sizeof *e->step, "the checkpoints of a run");
    for (size_t i = 0; i < e->checkpoints; i++) {
        e->step[i] = kept[i]->step;
        e->tokens[i] = kept[i]->tokens;
        e->weights[i] = kept[i]->digest;
    }
    e->first = e->step[0];
    e->last = e->step[e->checkpoints - 1];
    return SPT_OK;
}

/* --- the whole --- */

const char *const SPT_EMERGED_DEFAULT[] = {"loss", "sink.entropy", "sink.first", NULL};

/* The first of the defaults that the last checkpoint has; the loss where it has none. */
static enum spt_status choose_against(struct reading *r, struct spt_error *error) {
    const char *const *name = SPT_EMERGED_DEFAULT;
    r->against = r->options->against ? r->options->against : *name;
    r->emerged->by_default = !r->options->against;
    for (; !r->options->against && *name; name++) {
        double mean;
        const enum spt_status status = spt_store_mean(r->store, r->kept[r->emerged->checkpoints - 1]->id, *name,
                                                      SPT_WHOLE_MODEL, SPT_WHOLE_LAYER, &mean, error);
        if (status != SPT_OK && status != SPT_END) return status;
        if (status == SPT_END || isnan(mean)) continue;
        r->against = *name;
        break;
    }
    return SPT_OK;
}

static enum spt_status check_pairs(const struct reading *r, struct spt_error *error) {
    if (!r->options->pairs || r->emerged->name_count <= SPT_EMERGED_PAIRED_MAX) return SPT_OK;
    return spt_fail(error, SPT_UNSUPPORTED, NULL,
                    "the order of every two of %zu metrics is not for reading: found %zu, expected at most %d; "
                    "--metrics names some",
                    r->emerged->name_count, r->emerged->name_count, SPT_EMERGED_PAIRED_MAX);
}

static enum spt_status read_run(struct reading *r, const struct spt_store_run *run, const char *branch,
                                struct spt_error *error) {
    enum spt_status status = choose_against(r, error);
    if (status == SPT_OK) status = describe(r->emerged, r->kept, branch, r->against, error);
    if (status == SPT_OK) status = prepare(r, run, error);
    if (status == SPT_OK) status = read_means(r, error);
    if (status == SPT_OK) status = check_pairs(r, error);
    if (status == SPT_OK) status = fit_all(r, error);
    if (status == SPT_OK) status = adjust(r->emerged, error);
    if (status == SPT_OK) status = sort(r->emerged, error);
    return status == SPT_OK && r->options->pairs ? spt_emerged_pair_rows(r->emerged, error) : status;
}

static void reading_release(struct reading *r) {
    free(r->cells);
    free(r->kept);
    free(r->reference);
    spt_bootstrap_release(&r->bootstrap);
    spt_team_release(&r->team);
}

enum spt_status spt_emerged_read(struct spt_store *store, const struct spt_store_run *run, const char *name,
                                 const char *branch, const struct spt_emerged_options *options,
                                 struct spt_emerged *emerged, struct spt_error *error) {
    struct spt_store_checkpoint *rows = NULL;
    struct reading r = {.store = store, .options = options, .emerged = emerged};
    size_t count = 0;
    *emerged = (struct spt_emerged){.run = run, .name = name, .reason = SPT_EMERGENCE_FEW};
    enum spt_status status = spt_store_checkpoints(store, run->id, &rows, &count, error);
    if (status != SPT_OK) return status;
    r.kept = spt_alloc(count, sizeof *r.kept);
    if (!r.kept) status = spt_fail_memory(error, count * sizeof *r.kept, "the checkpoints of a run");
    if (status == SPT_OK) emerged->checkpoints = choose(rows, count, branch, r.kept, &emerged->left_out);
    if (status == SPT_OK) status = emerged->checkpoints ? read_run(&r, run, branch, error) : SPT_END;
    reading_release(&r);
    spt_store_free_checkpoints(rows, count);
    if (status != SPT_OK) spt_emerged_release(emerged);
    return status;
}

void spt_emerged_release(struct spt_emerged *emerged) {
    for (size_t i = 0; i < emerged->name_count; i++) free(emerged->names[i]);
    for (size_t i = 0; i < emerged->count; i++) free(emerged->rows[i].t0);
    free(emerged->pairs);
    free(emerged->names);
    free(emerged->branch);
    free(emerged->against);
    free(emerged->step);
    free(emerged->tokens);
    free(emerged->weights);
    free(emerged->rows);
    free(emerged->index);
    *emerged = (struct spt_emerged){0};
}

enum spt_status spt_emerged_branches(struct spt_store *store, int64_t run, char ***branches, size_t *count,
                                     struct spt_error *error) {
    struct spt_store_checkpoint *rows = NULL;
    size_t row_count = 0, length = 0;
    enum spt_status status = spt_store_checkpoints(store, run, &rows, &row_count, error);
    if (status != SPT_OK) return status;
    char **list = spt_alloc_zeroed(row_count, sizeof *list);
    for (size_t i = 0; list && i < row_count; i++) {
        if (!is_counted(&rows[i], rows[i].branch)) continue;
        if (length && strcmp(list[length - 1], rows[i].branch) == 0) continue;
        list[length++] = rows[i].branch; /* taken over from the row */
        rows[i].branch = NULL;
    }
    spt_store_free_checkpoints(rows, row_count);
    if (!list) return spt_fail_memory(error, row_count * sizeof *list, "the branches of a run");
    *branches = list;
    *count = length;
    return SPT_OK;
}

size_t spt_store_run_hidden(const struct spt_store_run *run) {
    return number_in(run->model_text, "hidden_size", 0);
}

double spt_store_run_parameters(const struct spt_store_run *run) {
    const double hidden = (double)spt_store_run_hidden(run);
    return hidden > 0 ? 12 * (double)run->layers * hidden * hidden : NAN;
}
