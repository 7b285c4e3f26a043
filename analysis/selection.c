#include "analysis/selection.h"

#include "analysis/forward/family.h"
#include "analysis/forward/forward.h"
#include "checkpoints/base/memory.h"

#include <stdlib.h>

static bool applies(const struct spt_metric *metric, const struct spt_plan *plan, unsigned lacks) {
    if ((metric->needs & SPT_NEED_DIMENSION_2) && plan->topology_dimension < 2) return false;
    return !(metric->needs & lacks);
}

unsigned spt_selection_lacks(const struct spt_model_config *config, size_t longest) {
    enum spt_mask_kind kind;
    size_t window;
    const struct spt_family *family;
    struct spt_error unknown;
    spt_forward_mask(config, 0, longest, &kind, &window);
    const bool gate = spt_family_find(config->model_type, &family, &unknown) == SPT_OK && family->layer[SPT_GATE].name;
    return spt_mask_lacks(kind) | (gate ? 0 : SPT_NEED_GATE);
}

static enum spt_status init(struct spt_selection *selection, const struct spt_plan *plan, unsigned lacks, bool ablated,
                            struct spt_error *error) {
    *selection = (struct spt_selection){.metrics = spt_alloc(SPT_METRIC_COUNT, sizeof(struct spt_metric *))};
    if (!selection->metrics) return spt_fail_memory(error, SPT_METRIC_COUNT * sizeof(struct spt_metric *), "a plan");
    for (enum spt_metric_level level = 0; level < SPT_LEVELS; level++) {
        selection->first[level] = selection->total;
        for (size_t i = 0; i < SPT_METRIC_COUNT; i++) {
            const struct spt_metric *metric = &SPT_METRICS[i];
            if (!plan->metric[i] || metric->level != level || !applies(metric, plan, lacks)) continue;
            const bool of_ablated = metric->needs & SPT_NEED_ABLATION;
            if (of_ablated == ablated) selection->metrics[selection->total++] = metric;
            if (of_ablated || !ablated) selection->needs |= metric->needs;
        }
        selection->count[level] = selection->total - selection->first[level];
    }
    return SPT_OK;
}

enum spt_status spt_selection_init(struct spt_selection *selection, const struct spt_plan *plan, unsigned lacks,
                                   struct spt_error *error) {
    return init(selection, plan, lacks, false, error);
}

enum spt_status spt_selection_init_ablated(struct spt_selection *selection, const struct spt_plan *plan, unsigned lacks,
                                           struct spt_error *error) {
    return init(selection, plan, lacks, true, error);
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
