#include "analysis/selection.h"

#include "checkpoints/base/memory.h"

#include <stdlib.h>

static bool applies(const struct spt_metric *metric, const struct spt_plan *plan, bool encoder) {
    if ((metric->needs & SPT_NEED_DIMENSION_2) && plan->topology_dimension < 2) return false;
    return !(metric->needs & (encoder ? SPT_NEED_LOSS : SPT_NEED_FULL_MASK));
}

enum spt_status spt_selection_init(struct spt_selection *selection, const struct spt_plan *plan, bool encoder,
                                   struct spt_error *error) {
    *selection = (struct spt_selection){.metrics = spt_alloc(SPT_METRIC_COUNT, sizeof(struct spt_metric *))};
    if (!selection->metrics) return spt_fail_memory(error, SPT_METRIC_COUNT * sizeof(struct spt_metric *), "a plan");
    for (enum spt_metric_level level = 0; level < SPT_LEVELS; level++) {
        selection->first[level] = selection->total;
        for (size_t i = 0; i < SPT_METRIC_COUNT; i++) {
            const struct spt_metric *metric = &SPT_METRICS[i];
            if (!plan->metric[i] || metric->level != level || !applies(metric, plan, encoder)) continue;
            selection->metrics[selection->total++] = metric;
            selection->needs |= metric->needs;
        }
        selection->count[level] = selection->total - selection->first[level];
    }
    return SPT_OK;
}

void spt_selection_release(struct spt_selection *selection) {
    free(selection->metrics);
    *selection = (struct spt_selection){0};
}
