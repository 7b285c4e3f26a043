#include "tracker/external.h"

#include "tracker/series/series.h"

#include <stdlib.h>

/* SPT_INVALID is said of the user's file alone: a damaged store is the store's failure. */
static enum spt_status put(struct spt_store *store, int64_t run, const char *name, const struct spt_store_point *points,
                           size_t count, struct spt_error *error) {
    const enum spt_status status = spt_store_put_external(store, run, name, points, count, error);
    return status == SPT_INVALID ? error->status = SPT_IO : status;
}

static enum spt_status store_configured(struct spt_store *store, int64_t run, const struct spt_config_series *series,
                                        struct spt_error *error) {
    struct spt_store_point *points;
    size_t count;
    enum spt_status status = spt_series_read(series->file, series->step, series->value, &points, &count, error);
    if (status != SPT_OK) return status == SPT_NOMEM ? status : SPT_INVALID;
    status = put(store, run, series->label, points, count, error);
    free(points);
    return status;
}

static enum spt_status store_history(struct spt_store *store, int64_t run, const struct spt_series *series,
                                     size_t count, struct spt_error *error) {
    enum spt_status status = SPT_OK;
    for (size_t i = 0; status == SPT_OK && i < count; i++)
        status = put(store, run, series[i].name, series[i].points, series[i].count, error);
    return status;
}

/* The state of the latest checkpoint holds the history of all before it: the latest that can be read is taken. */
static enum spt_status store_latest_history(struct spt_store *store, int64_t run, const struct spt_run *from,
                                            const struct spt_log *log, struct spt_error *error) {
    for (size_t i = from->count; i-- > 0;) {
        struct spt_series *series;
        size_t count;
        struct spt_error reason;
        const char *path = from->refs[i].trainer_state;
        if (!path || from->refs[i].step == SPT_NO_STEP) continue;
        if (spt_series_read_trainer_state(from->refs[i].tree, path, &series, &count, &reason) != SPT_OK) {
            spt_log(log, SPT_LOG_WARNING, "%s: %s: its log_history is left out", reason.path, reason.message);
            continue;
        }
        const enum spt_status status = store_history(store, run, series, count, error);
        spt_series_free(series, count);
        return status;
    }
    return SPT_OK;
}

enum spt_status spt_external_store(struct spt_store *store, int64_t run, const struct spt_run *from,
                                   const struct spt_config *config, const struct spt_log *log,
                                   struct spt_error *error) {
    enum spt_status status = SPT_OK;
    for (size_t i = 0; status == SPT_OK && i < config->series.count; i++)
        status = store_configured(store, run, &config->series.items[i], error);
    return status == SPT_OK ? store_latest_history(store, run, from, log, error) : status;
}
