#include "tracker/external.h"

#include "tracker/series/series.h"

#include <stdlib.h>

static enum spt_status store_configured(struct spt_store *store, int64_t run, const struct spt_config_series *series,
                                        struct spt_error *error) {
    struct spt_store_point *points;
    size_t count;
    enum spt_status status = spt_series_read(series->file, series->step, series->value, &points, &count, error);
    if (status != SPT_OK) return status == SPT_NOMEM ? status : SPT_INVALID;
    status = spt_store_put_external(store, run, series->label, points, count, error);
    free(points);
    return status;
}

/* The state of the latest checkpoint holds the history of all before it. */
static const char *latest_trainer_state(const struct spt_run *run) {
    for (size_t i = run->count; i-- > 0;)
        if (run->refs[i].trainer_state && run->refs[i].step != SPT_NO_STEP) return run->refs[i].trainer_state;
    return NULL;
}

static enum spt_status store_history(struct spt_store *store, int64_t run, const char *path, const struct spt_log *log,
                                     struct spt_error *error) {
    struct spt_series *series;
    size_t count;
    struct spt_error reason;
    enum spt_status status = spt_series_read_trainer_state(path, &series, &count, &reason);
    if (status != SPT_OK) {
        spt_log(log, SPT_LOG_WARNING, "%s: %s: its log_history is left out", reason.path, reason.message);
        return SPT_OK;
    }
    for (size_t i = 0; status == SPT_OK && i < count; i++)
        status = spt_store_put_external(store, run, series[i].name, series[i].points, series[i].count, error);
    spt_series_free(series, count);
    return status;
}

enum spt_status spt_external_store(struct spt_store *store, int64_t run, const struct spt_run *from,
                                   const struct spt_config *config, const struct spt_log *log,
                                   struct spt_error *error) {
    enum spt_status status = SPT_OK;
    for (size_t i = 0; status == SPT_OK && i < config->series.count; i++)
        status = store_configured(store, run, &config->series.items[i], error);
    const char *history = latest_trainer_state(from);
    return status == SPT_OK && history ? store_history(store, run, history, log, error) : status;
}
