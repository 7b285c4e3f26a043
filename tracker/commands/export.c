#include "analysis/metric.h"
#include "checkpoints/base/memory.h"
#include "tracker/commands/commands.h"
#include "tracker/formats/format.h"
#include "tracker/metric_choice.h"
#include "tracker/runs_of_store.h"

#include <stdlib.h>

struct request {
    struct spt_invocation *invocation;
    const struct spt_format *format;
    const char *to; /* NULL: standard output */
    bool events;
    bool *metrics; /* [SPT_METRIC_COUNT] */
};

static int write_runs(const struct request *request, const struct spt_export *export) {
    struct spt_destination output;
    struct spt_error error;
    enum spt_status status = spt_destination_open(&output, request->to, request->format->folder, &error);
    if (status == SPT_OK)
        status = (request->events ? request->format->events : request->format->figures)(export, &output, &error);
    if (status == SPT_OK) status = spt_destination_commit(&output, &error);
    spt_destination_release(&output);
    if (status == SPT_OK) return SPT_EXIT_DONE;
    return spt_invocation_fail(request->invocation, output.failed ? SPT_EXIT_OUTPUT : SPT_EXIT_STORE, &error);
}

static int export_chosen(const struct request *request) {
    struct spt_invocation *invocation = request->invocation;
    struct spt_error error;
    struct spt_run_list runs;
    struct spt_store *store;
    if (spt_metric_choice(&invocation->config, request->metrics, &error) != SPT_OK)
        return spt_invocation_fail(invocation, SPT_EXIT_USAGE, &error);
    const bool whole = spt_invocation_value(invocation, "all") != NULL;
    int status = spt_runs_open(invocation, spt_invocation_value(invocation, "run"), whole, &store, &runs);
    if (status != SPT_EXIT_DONE) return status;
    const struct spt_export export = {
        .store = store,
        .runs = runs.runs,
        .run_count = runs.count,
        .all = runs.all,
        .all_count = runs.all_count,
        .whole = whole,
        .choice = {.metrics = invocation->config.metrics.count ? request->metrics : NULL,
                   .heads = spt_invocation_value(invocation, "heads") != NULL},
    };
    status = write_runs(request, &export);
    spt_runs_close(store, &runs);
    return status;
}

static int unknown_format(const struct spt_invocation *invocation, const char *name) {
    struct spt_text known = {0};
    for (size_t i = 0; i < SPT_FORMAT_COUNT; i++)
        spt_text_format(&known, "%s%s", i == 0 ? "" : i + 1 < SPT_FORMAT_COUNT ? ", " : " or ", SPT_FORMATS[i].name);
    const int status =
        spt_invocation_usage(invocation, "--format is \"%s\", expected %s", name, known.data ? known.data : "another");
    spt_text_release(&known);
    return status;
}

static int run(struct spt_invocation *invocation) {
    const char *name = spt_invocation_value(invocation, "format");
    struct request request = {
        .invocation = invocation,
        .format = spt_format_find(name ? name : SPT_FORMATS[0].name),
        .to = spt_invocation_value(invocation, "to"),
        .events = spt_invocation_value(invocation, "events") != NULL,
    };
    if (!request.format) return unknown_format(invocation, name);
    if (request.format->folder && !request.to)
        return spt_invocation_usage(invocation, "--format %s writes a folder: --to DIR says which", name);
    if (request.events && !request.format->events)
        return spt_invocation_usage(invocation, "--format %s has no --events: csv and jsonl have", name);
    request.metrics = spt_alloc(SPT_METRIC_COUNT, sizeof(bool));
    const int status = request.metrics ? export_chosen(&request) : spt_invocation_usage(invocation, "out of memory");
    free(request.metrics);
    return status;
}

static const struct spt_option OPTIONS[] = {
    {"format", 'f', "csv|jsonl|tensorboard|prometheus", "what to write (default csv)"},
    {"to", 't', "PATH",
     "a file, which appears whole or not at all, or tensorboard's folder (default: standard output)"},
    {"run", 'r', "RUN", "name or number of a run (default: the latest)"},
    {"all", 'a', NULL, "every run of the store; of those of one name all but the oldest are called NAME#NUMBER"},
    {"events", 'e', NULL, "alerts and other events in place of figures (csv, jsonl)"},
    {"heads", 0, NULL, "figures of single heads too (tensorboard, prometheus; the others always have them)"},
};
static const char *const KEYS[] = {"db", "metrics"};

const struct spt_command SPT_COMMAND_EXPORT = {
    .name = "export",
    .summary = "figures and events of a run for other programs",
    .arguments = "",
    .description =
        "Writes every figure of the latest run to standard output, in key order, with 17 digits: one line for each "
        "(checkpoint, metric, layer, head); layer -1 is the whole model, head -1 the whole layer. Rows that a rewritten "
        "checkpoint has superseded are left out. --format tensorboard fills a folder with event files of the means, a "
        "folder a run and branch; written again they replace their predecessors and nothing else. --format prometheus "
        "writes where each run stands, and its latest checkpoint's means.",
    .example = "spectail export --metrics sinks > sinks.csv\n"
               "python3 -c 'import pandas; print(pandas.read_csv(\"sinks.csv\"))'\n"
               "spectail export --all --format tensorboard --to boards && tensorboard --logdir boards\n"
               "spectail export --all --format prometheus --to /var/lib/prometheus/node-exporter/spectail.prom",
    .options = OPTIONS,
    .option_count = sizeof OPTIONS / sizeof *OPTIONS,
    .keys = KEYS,
    .key_count = sizeof KEYS / sizeof *KEYS,
    .run = run,
};
