#include "analysis/plan.h"

#include "analysis/metric.h"
#include "checkpoints/base/memory.h"

#include <inttypes.h>
#include <stdlib.h>

void spt_plan_init(struct spt_plan *plan) {
    *plan = (struct spt_plan){
        .topology_dimension = 1,
        .bootstrap = 1000,
        .null_draws = 32,
        .bootstrap_seed = 1,
        .null_seed = 2,
        .shuffle_seed = 3,
        .metric = spt_alloc(SPT_METRIC_COUNT, sizeof(bool)),
    };
    for (size_t i = 0; plan->metric && i < SPT_METRIC_COUNT; i++)
        plan->metric[i] = spt_metric_is_default(&SPT_METRICS[i]);
}

void spt_plan_release(struct spt_plan *plan) {
    free(plan->metric);
    *plan = (struct spt_plan){0};
}

#define KERNEL "sgemm"

enum spt_status spt_plan_digest(const struct spt_plan *plan, struct spt_hash *digest, struct spt_error *error) {
    struct spt_hash_stream *stream = spt_hash_new();
    if (!stream) return spt_fail_memory(error, 0, "a plan's digest");
    spt_hash_add_text(stream, "spectail plan 1, " KERNEL);
    spt_hash_add_u64(stream, plan->samples);
    spt_hash_add_u64(stream, (uint64_t)plan->references);
    spt_hash_add_u64(stream, (uint64_t)plan->symmetrize);
    spt_hash_add_u64(stream, plan->topology_dimension);
    spt_hash_add_u64(stream, plan->bootstrap);
    spt_hash_add_u64(stream, plan->null_draws);
    spt_hash_add_u64(stream, plan->bootstrap_seed);
    spt_hash_add_u64(stream, plan->null_seed);
    *digest = spt_hash_value(stream);
    spt_hash_free(stream);
    return SPT_OK;
}

void spt_plan_describe(const struct spt_plan *plan, struct spt_text *text) {
    static const char *const REFERENCES[] = {[SPT_REFERENCES_EXCESS] = "excess", [SPT_REFERENCES_PAPER] = "paper"};
    static const char *const SYMMETRIZE[] = {[SPT_SYMMETRIZE_MAX] = "max", [SPT_SYMMETRIZE_MEAN] = "mean"};
    spt_text_format(text, "samples: %zu\n", plan->samples);
    spt_text_format(text, "references: %s\n", REFERENCES[plan->references]);
    spt_text_format(text, "symmetrize: %s\n", SYMMETRIZE[plan->symmetrize]);
    spt_text_format(text, "topology_dimension: %u\n", plan->topology_dimension);
    spt_text_format(text, "bootstrap: %zu\n", plan->bootstrap);
    spt_text_format(text, "null_draws: %zu\n", plan->null_draws);
    spt_text_format(text, "bootstrap seed: %" PRIu64 "\n", plan->bootstrap_seed);
    spt_text_format(text, "null seed: %" PRIu64 "\n", plan->null_seed);
    spt_text_put(text, "kernels: " KERNEL "\n");
}
