#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoints/base/json.h"
#include "checkpoints/base/memory.h"
#include "tracker/series/internal.h"

/* A trainer logs a dozen keys. The bound keeps a made-up file from making the search for a name slow. */
enum { SERIES_MAX = 512 };

struct collection {
    struct spt_series *series;
    struct spt_series_points *points; /* of each series while it grows */
    size_t count, capacity, points_capacity;
};

static enum spt_status find_or_add(struct collection *all, const char *name, const char *path, size_t *index,
                                   struct spt_error *error) {
    for (*index = 0; *index < all->count; ++*index)
        if (strcmp(all->series[*index].name, name) == 0) return SPT_OK;
    if (all->count == SERIES_MAX)
        return spt_fail(error, SPT_UNSUPPORTED, path, "log_history has more than %d keys", (int)SERIES_MAX);
    void *series = all->series, *points = all->points;
    bool room = spt_grow(&series, &all->capacity, all->count + 1, sizeof *all->series);
    all->series = series;
    room = room && spt_grow(&points, &all->points_capacity, all->count + 1, sizeof *all->points);
    all->points = points;
    char *copy = room ? spt_strdup(name) : NULL;
    if (!copy) return spt_fail_memory(error, sizeof *all->series, "a list of series");
    all->series[all->count] = (struct spt_series){.name = copy};
    all->points[all->count++] = (struct spt_series_points){0};
    return SPT_OK;
}

static enum spt_status add_entry(struct collection *all, const struct spt_json *entry, const char *path,
                                 struct spt_error *error) {
    int64_t step;
    if (!spt_series_step_of_number(spt_json_number(spt_json_get(entry, "step"), NAN), &step)) return SPT_OK;
    enum spt_status status = SPT_OK;
    for (struct spt_json_member *m = spt_json_first(entry); m && !status; m = spt_json_next(entry, m)) {
        const char *key = spt_json_key(m);
        const enum spt_json_kind kind = spt_json_kind(spt_json_value(m));
        /* NaN and the infinities have become null */
        const bool number = kind == SPT_JSON_INTEGER || kind == SPT_JSON_REAL || kind == SPT_JSON_NULL;
        if (!number || strcmp(key, "step") == 0 || strcmp(key, "epoch") == 0) continue;
        size_t index;
        status = find_or_add(all, key, path, &index, error);
        if (!status)
            status = spt_series_points_add(&all->points[index], step, spt_json_number(spt_json_value(m), NAN), error);
    }
    return status;
}

void spt_series_free(struct spt_series *series, size_t count) {
    for (size_t i = 0; series && i < count; i++) {
        free(series[i].name);
        free(series[i].points);
    }
    free(series);
}

enum spt_status spt_series_read_trainer_state(struct spt_tree *tree, const char *path, struct spt_series **series,
                                              size_t *count, struct spt_error *error) {
    struct spt_json_document *document = NULL;
    enum spt_status status = spt_json_read_in(tree, path, SPT_SERIES_FILE_LIMIT, true, &document, error);
    if (status) return status;
    const struct spt_json *history = spt_json_get(spt_json_root(document), "log_history");
    struct collection all = {0};
    if (spt_json_kind(history) != SPT_JSON_ARRAY)
        status = spt_fail(error, SPT_INVALID, path, "log_history is %s, expected an array",
                          history ? spt_json_kind_name(spt_json_kind(history)) : "missing");
    const size_t entries = spt_json_count(history);
    for (size_t i = 0; i < entries && !status; i++) status = add_entry(&all, spt_json_at(history, i), path, error);
    spt_json_free(document);
    for (size_t i = 0; i < all.count; i++) {
        all.series[i].points = all.points[i].items;
        all.series[i].count = all.points[i].count;
    }
    free(all.points);
    if (status) {
        spt_series_free(all.series, all.count);
        return status;
    }
    *series = all.series;
    *count = all.count;
    return SPT_OK;
}
