#include "analysis/selection.h"

#include "checkpoints/base/memory.h"

#include <stdlib.h>

static bool applies(const struct spt_metric *metric, const struct spt_plan *plan, bool encoder) {
    if ((metric->needs & SPT_NEED_DIMENSION_2) && plan->topology_dimension < 2) return false;
    return !(metric->needs & (encoder ? SPT_NEED_LOSS : SPT_NEED_FULL_MASK));
}

static enum spt_status init(struct spt_selection *selection, const struct spt_plan *plan, bool encoder, bool ablated,
                            struct spt_error *error) {
    *selection = (struct spt_selection){.metrics = spt_alloc(SPT_METRIC_COUNT, sizeof(struct spt_metric *))};
    if (!selection->metrics) return spt_fail_memory(error, SPT_METRIC_COUNT * sizeof(struct spt_metric *), "a plan");
    for (enum spt_metric_level level = 0; level < SPT_LEVELS; level++) {
        selection->first[level] = selection->total;
        for (size_t i = 0; i < SPT_METRIC_COUNT; i++) {
            const struct spt_metric *metric = &SPT_METRICS[i];
            if (!plan->metric[i] || metric->level != level || !applies(metric, plan, encoder)) continue;
            const bool of_ablated = metric->needs & SPT_NEED_ABLATION;
            if (of_ablated == ablated) selection->metrics[selection->total++] = metric;
            if (of_ablated || !ablated) selection->needs |= metric->needs;
        }
        selection->count[level] = selection->total - selection->first[level];
    }
    return SPT_OK;
}

enum spt_status spt_selection_init(struct spt_selection *selection, const struct spt_plan *plan, bool encoder,
                                   struct spt_error *error) {
    return init(selection, plan, encoder, false, error);
}

enum spt_status spt_selection_init_ablated(struct spt_selection *selection, const struct spt_plan *plan, bool encoder,
                                           struct spt_error *error) {
    return init(selection, plan, encoder, true, error);
}

void spt_selection_release(struct spt_selection *selection) {
    free(selection->metrics);
    *selection = (struct spt_selection){0};
}

size_t spt_selection_pooled(const struct spt_selection *s) {
    return s->count[SPT_LEVEL_POOLED] + s->count[SPT_LEVEL_COUNT] + s->count[SPT_LEVEL_SHARE];
}

const struct spt_metric *spt_selection_pooled_at(const struct spt_selection *s, size_t i) {
    static const enum spt_metric_level LEVELS[] = {SPT_LEVEL_POOLED, SPT_LEVEL_COUNT, SPT_LEVEL_SHARE};
    size_t level = 0;
    while (i >= s->count[LEVELS[level]]) i -= s->count[LEVELS[level++]];
    return spt_selection_at(s, LEVELS[level], i);
}
