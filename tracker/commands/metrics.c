#include "analysis/nulls.h"
#include "checkpoints/base/text.h"
#include "tracker/commands/commands.h"
#include "tracker/metric_choice.h"

#include <string.h>

static const char *const LEVELS[] = {
    [SPT_LEVEL_HEAD] = "head, layer, model",
    [SPT_LEVEL_LAYER] = "layer, model",
    [SPT_LEVEL_POOLED] = "head, layer, model; pooled over samples",
    [SPT_LEVEL_COUNT] = "layer, model; pooled over samples",
    [SPT_LEVEL_SHARE] = "layer, model; pooled over samples",
    [SPT_LEVEL_RATIO] = "layer, model; pooled over samples",
    [SPT_LEVEL_MODEL] = "model",
    [SPT_LEVEL_MODEL_POOLED] = "model; pooled over samples",
    [SPT_LEVEL_CURVE] = "curve of a layer and of the model",
    [SPT_LEVEL_POOLED_CURVE] = "curve of a layer and of the model; pooled over samples",
    [SPT_LEVEL_PAIRS] = "layer, model; pooled over samples and heads",
    [SPT_LEVEL_SPECTRUM] = "layer, model; of one matrix a layer",
};

static void put_text(const struct spt_metric *metric, struct spt_text *out) {
    spt_text_format(out, "%s\n    %s\n    group %s; level: %s; unit: %s", metric->name, metric->definition,
                    spt_metric_group(metric), LEVELS[metric->level], metric->unit[0] ? metric->unit : "none");
    const char *without = spt_metric_no_null(metric);
    if (metric->grid) spt_text_format(out, "; %zu points over %s", metric->points, metric->grid_name);
    if (without)
        spt_text_format(out, "\n    no null: %s\n", without);
    else
        spt_text_format(out, "\n    null: random attention, a draw is %s\n",
                        spt_null_kind(metric) == SPT_NULL_OF_LAYERS ? "a layer of heads" : "a head");
}

static void put_json(const struct spt_metric *metric, struct spt_text *out) {
    spt_text_put(out, "{\"name\": ");
    spt_text_put_json(out, metric->name);
    spt_text_format(out, ", \"group\": \"%s\", \"unit\": \"%s\", \"level\": \"%s\", \"null\": %s, \"definition\": ",
                    spt_metric_group(metric), metric->unit, LEVELS[metric->level], metric->null ? "true" : "false");
    spt_text_put_json(out, metric->definition);
    spt_text_put(out, "}\n");
}

/* A name stands for itself, or for its group. */
static bool is_asked_for(const struct spt_metric *metric, const char *name) {
    return !name || strcmp(metric->name, name) == 0 || strcmp(spt_metric_group(metric), name) == 0;
}

static int run(struct spt_invocation *invocation) {
    const char *name = invocation->argument_count ? invocation->arguments[0] : NULL;
    struct spt_text out = {0};
    size_t shown = 0;
    for (size_t i = 0; i < SPT_METRIC_COUNT; i++) {
        if (!is_asked_for(&SPT_METRICS[i], name)) continue;
        (invocation->json ? put_json : put_text)(&SPT_METRICS[i], &out);
        shown++;
    }
    if (shown == 0) {
        struct spt_error error;
        spt_metric_unknown(name, &error);
        return spt_invocation_fail(invocation, SPT_EXIT_USAGE, &error);
    }
    const int status = spt_invocation_print(invocation, &out);
    spt_text_release(&out);
    return status;
}

const struct spt_command SPT_COMMAND_METRICS = {
    .name = "metrics",
    .summary = "definition, unit and source of every metric",
    .arguments = "[NAME]",
    .arguments_max = 1,
    .description =
        "Prints the table of metrics: what each is, where its formula is from, at which levels it is stored. NAME is a metric "
        "or a group (sinks, rmt, topology, graph, information, values, frames, ablate, loss). ablate "
        "runs each checkpoint a second time, the others share one pass.\n\n"
        "A null is what random attention gives: rows of independent exponentials, normalised, under the layer's mask, one "
        "matrix for each sample's length and draw (null_draws), measured once a run as attention is. A draw is a head; for "
        "metrics that rest on the layer's reference tokens, or tell of its heads together, a layer of as many heads as the "
        "model's. Figures draw the mean with a band of two standard deviations. What random attention leaves open has no "
        "null, and says why: the control run (sweep --control shuffled) stands beside it.",
    .example = "spectail metrics rmt.law_kl\nspectail metrics topology",
    .run = run,
};
