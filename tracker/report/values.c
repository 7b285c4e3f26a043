/* Figures of the run at hand: at its first and last steps, and what it says of itself. */
#include "tracker/report/internal.h"

#include "analysis/metric.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Checkpoints that a later one with the same weights takes the place of do not count: as in emerge. */
static bool counts(const struct spt_emerged *e, int64_t step) {
    for (size_t i = 0; i < e->checkpoints; i++)
        if (e->step[i] == step) return true;
    return false;
}

enum spt_status spt_told_ends(const struct spt_telling *t, const char *metric, int layer, int head,
                              struct spt_told_value *first, struct spt_told_value *last, struct spt_error *error) {
    const struct spt_plot_source *source = &t->run->source.source;
    struct spt_plot_value *values;
    const enum spt_status status = source->series(source->context, metric, layer, head, &values, error);
    if (status != SPT_OK) return status;
    bool any = false;
    for (size_t i = 0; i < source->count; i++) {
        const int64_t step = source->checkpoints[i].step;
        if (isnan(values[i].mean) || !counts(t->run->emerged, step)) continue;
        *last = (struct spt_told_value){step, values[i]};
        if (!any || first->step == step) *first = *last; /* of one step the later row counts */
        any = true;
    }
    free(values);
    return any ? SPT_OK : SPT_END;
}

bool spt_told_setting(const char *text, const char *key, struct spt_text *value) {
    const size_t length = strlen(key);
    for (const char *line = text; line && *line; line = strchr(line, '\n'), line += line != NULL) {
        if (strncmp(line, key, length) != 0 || strncmp(line + length, ": ", 2) != 0) continue;
        spt_text_append(value, line + length + 2, strcspn(line + length + 2, "\n"));
        return true;
    }
    return false;
}

struct spt_told_layers spt_told_layers(const struct spt_emerged *emerged, const char *metric) {
    struct spt_told_layers told = {0};
    for (int layer = 0; layer < (int)emerged->run->layers; layer++) {
        const struct spt_emerged_row *row = spt_emerged_find(emerged, metric, layer, SPT_WHOLE_LAYER);
        if (!row || row->emergence.reason != SPT_EMERGENCE_FOUND) continue;
        told.turned++;
        if (!told.first || row->emergence.fit.t0 < told.first->emergence.fit.t0) told.first = row;
        if (!told.last || row->emergence.fit.t0 > told.last->emergence.fit.t0) told.last = row;
    }
    return told;
}

/* --- groups --- */

/* The order of the chapters, and what they are called; a group that is not here comes behind by its name. */
static const struct {
    const char *group, *title;
} GROUPS[] = {
    {"loss", "Loss"},
    {"sinks", "Attention sinks and reference tokens"},
    {"rmt", "Spectra against random matrices"},
    {"weights", "Spectra of the weights"},
    {"topology", "Topology"},
    {"graph", "Attention as a graph"},
    {"information", "Information"},
    {"values", "Values, keys and massive activations"},
    {"frames", "Reference frames"},
    {"ablate", "What the model loses without its reference tokens"},
};

const char *spt_told_group_title(const char *group) {
    for (size_t i = 0; i < sizeof GROUPS / sizeof *GROUPS; i++)
        if (strcmp(GROUPS[i].group, group) == 0) return GROUPS[i].title;
    return group;
}

bool spt_told_has_group(const struct spt_told_run *run, const char *group) {
    for (size_t i = 0; i < run->emerged->name_count; i++) {
        const size_t row = spt_metric_find(run->emerged->names[i]);
        if (row < SPT_METRIC_COUNT && strcmp(spt_metric_group(&SPT_METRICS[row]), group) == 0) return true;
    }
    return false;
}

size_t spt_told_groups(const struct spt_told_run *run, const char **names) {
    size_t count = 0;
    for (size_t i = 0; i < sizeof GROUPS / sizeof *GROUPS; i++)
        if (spt_told_has_group(run, GROUPS[i].group)) names[count++] = GROUPS[i].group;
    for (size_t i = 0; i < SPT_METRIC_GROUP_COUNT && count < SPT_TOLD_GROUPS_MAX; i++) {
        bool listed = spt_told_group_title(SPT_METRIC_GROUPS[i]) != SPT_METRIC_GROUPS[i];
        if (!listed && spt_told_has_group(run, SPT_METRIC_GROUPS[i])) names[count++] = SPT_METRIC_GROUPS[i];
    }
    return count;
}
