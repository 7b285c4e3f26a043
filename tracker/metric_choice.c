#include "tracker/metric_choice.h"

#include "analysis/metric.h"
#include "checkpoints/base/memory.h"

#include <stdlib.h>
#include <string.h>

static size_t choose(const char *name, bool *chosen) {
    size_t found = 0;
    for (size_t i = 0; i < SPT_METRIC_COUNT; i++) {
        if (strcmp(SPT_METRICS[i].name, name) != 0 && strcmp(spt_metric_group(&SPT_METRICS[i]), name) != 0) continue;
        chosen[i] = true;
        found++;
    }
    return found;
}

enum spt_status spt_metric_unknown(const char *name, struct spt_error *error) {
    const size_t count = SPT_METRIC_GROUP_COUNT + SPT_METRIC_COUNT;
    const char **known = spt_alloc(count, sizeof *known);
    if (!known) return spt_fail_memory(error, count * sizeof *known, "the names of metrics");
    for (size_t i = 0; i < count; i++)
        known[i] = i < SPT_METRIC_GROUP_COUNT ? SPT_METRIC_GROUPS[i] : SPT_METRICS[i - SPT_METRIC_GROUP_COUNT].name;
    const size_t nearest = spt_text_nearest(name, known, count);
    const enum spt_status status =
        nearest < count
            ? spt_fail(error, SPT_INVALID, NULL, "no metric or group \"%s\"; did you mean %s?", name, known[nearest])
            : spt_fail(error, SPT_INVALID, NULL, "no metric or group \"%s\"; spectail metrics lists them", name);
    free(known);
    return status;
}

enum spt_status spt_metric_choice(const struct spt_config *config, bool *chosen, struct spt_error *error) {
    for (size_t i = 0; i < SPT_METRIC_COUNT; i++)
        chosen[i] = config->metrics.count == 0 && spt_metric_is_default(&SPT_METRICS[i]);
    for (size_t i = 0; i < config->metrics.count; i++) {
        struct spt_error reason;
        if (choose(config->metrics.items[i], chosen)) continue;
        const enum spt_status status = spt_metric_unknown(config->metrics.items[i], &reason);
        if (status != SPT_INVALID) return spt_fail(error, status, NULL, "%s", reason.message);
        return spt_config_reject(config, "metrics", error, "%s", reason.message);
    }
    return SPT_OK;
}

enum spt_status spt_metric_check_plots(const struct spt_config *config, struct spt_error *error) {
    struct spt_error reason;
    if (!config->plots.metric || spt_metric_find(config->plots.metric) < SPT_METRIC_COUNT) return SPT_OK;
    spt_metric_unknown(config->plots.metric, &reason);
    return spt_config_reject(config, "plots.metric", error, "%s", reason.message);
}
