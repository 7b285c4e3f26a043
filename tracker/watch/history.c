#include "tracker/watch/history.h"

#include "analysis/metric.h"
#include "checkpoints/base/hash.h"
#include "checkpoints/base/memory.h"
#include "tracker/metric_choice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What says most about a run in a line each, in this order. */
static const char *const HEADLINES[] = {
    "loss",         "sink.first_excess", "rmt.gap", "rmt.participation_rel", "topology.h1_persistence",
    "sink.entropy", "rmt.stable_rank"};

enum { HEADLINE_COUNT = sizeof HEADLINES / sizeof *HEADLINES, CANDIDATES_MAX = 12 };

struct point {
    uint64_t branch; /* hash of its name */
    int64_t step;
    double value;
};

struct figure {
    const char *name;     /* of the table of metrics */
    struct point *points; /* [count] by branch, then step */
    size_t count, capacity;
    double *values; /* [shown] of the branch that is drawn, by step */
    size_t shown, values_capacity;
};

struct spt_history {
    struct figure figures[CANDIDATES_MAX];
    size_t count;
    uint64_t branch; /* that is drawn */
    bool stale;      /* values are older than points */
    struct spt_screen_series series[SPT_HISTORY_SERIES_MAX];
    size_t series_count;
};

static bool has_whole_model(const struct spt_metric *metric) {
    return metric->level != SPT_LEVEL_CURVE && metric->level != SPT_LEVEL_POOLED_CURVE;
}

static void add_candidate(struct spt_history *history, const char *name) {
    for (size_t i = 0; i < history->count; i++)
        if (strcmp(history->figures[i].name, name) == 0) return;
    if (history->count < CANDIDATES_MAX) history->figures[history->count++].name = name;
}

/* Names that the configuration has spelt out come first, then the headlines among what it chose, then the rest of it. */
static void choose(struct spt_history *history, const struct spt_config *config, const bool *chosen) {
    for (size_t i = 0; i < config->metrics.count; i++) {
        const size_t row = spt_metric_find(config->metrics.items[i]);
        if (row < SPT_METRIC_COUNT && has_whole_model(&SPT_METRICS[row])) add_candidate(history, SPT_METRICS[row].name);
    }
    for (size_t i = 0; i < HEADLINE_COUNT; i++) {
        const size_t row = spt_metric_find(HEADLINES[i]);
        if (row < SPT_METRIC_COUNT && chosen[row]) add_candidate(history, SPT_METRICS[row].name);
    }
    for (size_t row = 0; config->metrics.count && row < SPT_METRIC_COUNT; row++)
        if (chosen[row] && has_whole_model(&SPT_METRICS[row])) add_candidate(history, SPT_METRICS[row].name);
}

enum spt_status spt_history_new(const struct spt_config *config, struct spt_history **history,
                                struct spt_error *error) {
    bool *chosen = spt_alloc(SPT_METRIC_COUNT, sizeof *chosen);
    *history = calloc(1, sizeof **history);
    enum spt_status status =
        chosen && *history ? SPT_OK : spt_fail_memory(error, sizeof **history, "the course of a run's figures");
    if (status == SPT_OK) status = spt_metric_choice(config, chosen, error);
    if (status == SPT_OK) {
        choose(*history, config, chosen);
    } else {
        free(*history);
        *history = NULL;
    }
    free(chosen);
    return status;
}

static void drop_from(struct spt_history *history, size_t first) {
    for (size_t i = first; i < history->count; i++) {
        free(history->figures[i].points);
        free(history->figures[i].values);
    }
    history->count = first;
}

void spt_history_free(struct spt_history *history) {
    if (!history) return;
    drop_from(history, 0);
    free(history);
}

static uint64_t hash_of(const char *branch) {
    return branch ? spt_hash_of(branch, strlen(branch)).low : spt_hash_of("", 0).low;
}

static bool is_before(const struct point *a, const struct point *b) {
    return a->branch != b->branch ? a->branch < b->branch : a->step < b->step;
}

/* Checkpoints come nearly in order: the place of a new one is looked for from the end. */
static bool insert(struct figure *figure, struct point point) {
    size_t at = figure->count;
    while (at > 0 && is_before(&point, &figure->points[at - 1])) at--;
    if (at > 0 && !is_before(&figure->points[at - 1], &point)) {
        figure->points[at - 1] = point;
        return true;
    }
    if (!spt_grow((void **)&figure->points, &figure->capacity, figure->count + 1, sizeof point)) return false;
    memmove(&figure->points[at + 1], &figure->points[at], (figure->count - at) * sizeof point);
    figure->points[at] = point;
    figure->count++;
    return true;
}

struct reading {
    struct spt_history *history;
    struct figure *figure;
    char finished[32]; /* of the checkpoint that was stored last, of those read so far */
};

static enum spt_status take(void *context, const struct spt_store_measure *measure, struct spt_error *error) {
    struct reading *reading = context;
    const struct spt_store_checkpoint *checkpoint = measure->checkpoint;
    if (checkpoint->step == SPT_NO_STEP) return SPT_OK;
    const struct point point = {hash_of(checkpoint->branch), checkpoint->step, measure->mean};
    if (checkpoint->finished && strcmp(checkpoint->finished, reading->finished) >= 0) {
        (void)snprintf(reading->finished, sizeof reading->finished, "%s", checkpoint->finished);
        reading->history->branch = point.branch;
    }
    struct figure *figure = reading->figure;
    if (!spt_grow((void **)&figure->points, &figure->capacity, figure->count + 1, sizeof point))
        return spt_fail_memory(error, sizeof point, "the course of a figure");
    figure->points[figure->count++] = point;
    return SPT_OK;
}

static int compare_points(const void *a, const void *b) {
    return is_before(a, b) ? -1 : is_before(b, a);
}

enum spt_status spt_history_read(struct spt_history *history, struct spt_store *store, int64_t run,
                                 struct spt_error *error) {
    struct reading reading = {.history = history};
    enum spt_status status = SPT_OK;
    size_t found = 0;
    history->stale = true;
    for (size_t i = 0; i < history->count; i++) history->figures[i].count = 0;
    for (size_t i = 0; i < history->count && status == SPT_OK; i++) {
        struct figure *figure = reading.figure = &history->figures[i];
        if (found == SPT_HISTORY_SERIES_MAX) { /* no more are drawn: what is left need not be kept */
            drop_from(history, i);
            break;
        }
        status = spt_store_each_measure(store, run, figure->name, -1, -1, take, &reading, error);
        if (figure->count) qsort(figure->points, figure->count, sizeof *figure->points, compare_points);
        found += figure->count > 0;
    }
    return status;
}

enum spt_status spt_history_add(struct spt_history *history, struct spt_store *store, int64_t checkpoint,
                                const char *branch, int64_t step, struct spt_error *error) {
    if (step == SPT_NO_STEP) return SPT_OK;
    struct point point = {.branch = hash_of(branch), .step = step};
    history->branch = point.branch;
    history->stale = true;
    for (size_t i = 0; i < history->count; i++) {
        struct figure *figure = &history->figures[i];
        const enum spt_status status = spt_store_mean(store, checkpoint, figure->name, -1, -1, &point.value, error);
        if (status == SPT_END) continue;
        if (status != SPT_OK) return status;
        if (!insert(figure, point)) return spt_fail_memory(error, sizeof point, "the course of a figure");
    }
    return SPT_OK;
}

/* The values of the branch that is drawn. false: no memory. */
static bool gather(struct figure *figure, uint64_t branch) {
    figure->shown = 0;
    for (size_t i = 0; i < figure->count; i++) {
        if (figure->points[i].branch != branch) continue;
        if (!spt_grow((void **)&figure->values, &figure->values_capacity, figure->shown + 1, sizeof(double)))
            return false;
        figure->values[figure->shown++] = figure->points[i].value;
    }
    return true;
}

const struct spt_screen_series *spt_history_series(struct spt_history *history, size_t *count) {
    if (history->stale) {
        history->series_count = 0;
        for (size_t i = 0; i < history->count && history->series_count < SPT_HISTORY_SERIES_MAX; i++) {
            struct figure *figure = &history->figures[i];
            if (!gather(figure, history->branch) || !figure->shown) continue;
            history->series[history->series_count++] =
                (struct spt_screen_series){figure->name, figure->values, figure->shown};
        }
        history->stale = false;
    }
    *count = history->series_count;
    return history->series_count ? history->series : NULL;
}
