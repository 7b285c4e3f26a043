#include "tracker/store/merge.h"

#include "checkpoints/base/memory.h"
#include "checkpoints/base/text.h"
#include "tracker/commands/commands.h"

#include <math.h>
#include <stdlib.h>

/* "6 checkpoints added", then ", 2 replaced"; nothing for none. */
static void put_count(struct spt_text *out, size_t count, const char *one, const char *many, size_t *shown) {
    if (!count) return;
    spt_text_format(out, "%s%zu %s", (*shown)++ ? ", " : "", count, count == 1 ? one : many);
}

static void put_source(struct spt_text *out, const struct spt_merge_report *report, const char *path) {
    char shown_path[1024];
    size_t shown = 0;
    spt_text_printable(shown_path, sizeof shown_path, path);
    spt_text_format(out, "%s: ", shown_path);
    put_count(out, report->runs_added, "new run", "new runs", &shown);
    put_count(out, report->added, "checkpoint added", "checkpoints added", &shown);
    put_count(out, report->replaced, "checkpoint replaced", "checkpoints replaced", &shown);
    put_count(out, report->completed, "checkpoint completed", "checkpoints completed", &shown);
    put_count(out, report->superseded, "checkpoint superseded", "checkpoints superseded", &shown);
    put_count(out, report->nulls, "null", "nulls", &shown);
    put_count(out, report->points, "point of a series", "points of series", &shown);
    put_count(out, report->events, "event", "events", &shown);
    if (!shown) spt_text_put(out, "nothing new");
    if (report->known)
        spt_text_format(out, " (%zu checkpoint%s known already)", report->known, report->known == 1 ? "" : "s");
    spt_text_put(out, "\n");
}

static void put_json_source(struct spt_text *out, const struct spt_merge_report *report, const char *path) {
    spt_text_put(out, "{\"path\": ");
    spt_text_put_json(out, path);
    spt_text_format(out,
                    ", \"written\": %s, \"runs\": %zu, \"runs_added\": %zu, \"added\": %zu, \"replaced\": %zu, "
                    "\"completed\": %zu, \"known\": %zu, \"superseded\": %zu, \"nulls\": %zu, \"points\": %zu, "
                    "\"events\": %zu}",
                    report->written ? "true" : "false", report->runs, report->runs_added, report->added,
                    report->replaced, report->completed, report->known, report->superseded, report->nulls,
                    report->points, report->events);
}

static void put_json(struct spt_text *out, const struct spt_merge_options *options,
                     const struct spt_merge_report *reports) {
    spt_text_put(out, "{\"into\": ");
    spt_text_put_json(out, options->into);
    spt_text_put(out, ", \"sources\": [");
    for (size_t i = 0; i < options->source_count; i++) {
        if (i > 0) spt_text_put(out, ",\n ");
        put_json_source(out, &reports[i], options->sources[i]);
    }
    spt_text_put(out, "]}\n");
}

static int merge(struct spt_invocation *invocation, const struct spt_merge_options *options,
                 struct spt_merge_report *reports) {
    struct spt_error error;
    struct spt_text out = {0};
    if (spt_store_merge(options, reports, &error) != SPT_OK)
        return spt_invocation_fail(invocation, SPT_EXIT_STORE, &error);
    const struct spt_log log = spt_invocation_log(invocation);
    for (size_t i = 0; i < options->source_count; i++)
        if (reports[i].written)
            spt_log(&log, SPT_LOG_WARNING, "%s: another program is writing to it: merge it again when that has ended",
                    options->sources[i]);
    if (invocation->json) put_json(&out, options, reports);
    for (size_t i = 0; i < options->source_count && !invocation->json && !invocation->quiet; i++)
        put_source(&out, &reports[i], options->sources[i]);
    const int status = spt_invocation_print(invocation, &out);
    spt_text_release(&out);
    return status;
}

static int run(struct spt_invocation *invocation) {
    const char *wait = spt_invocation_value(invocation, "wait");
    char *end = NULL;
    struct spt_merge_options options = {
        .into = spt_invocation_value(invocation, "into"),
        .sources = invocation->arguments,
        .source_count = invocation->argument_count,
        .wait_seconds = wait ? strtod(wait, &end) : 0,
    };
    if (!options.into)
        return spt_invocation_usage(invocation, "expected --into DB, the store that gets what the others hold");
    if (wait && (end == wait || *end || !(options.wait_seconds >= 0) || isinf(options.wait_seconds)))
        return spt_invocation_usage(invocation, "--wait: found \"%s\", expected a number of seconds from 0", wait);
    struct spt_merge_report *reports = spt_alloc(options.source_count, sizeof *reports);
    const int status =
        reports ? merge(invocation, &options, reports) : spt_invocation_usage(invocation, "out of memory");
    free(reports);
    return status;
}

static const struct spt_option OPTIONS[] = {
    {"into", 'i', "DB", "the store that gets what the others hold; made when it is missing"},
    {"wait", 0, "SECONDS", "wait so long for another writer of that store (default 0)"},
};

const struct spt_command SPT_COMMAND_MERGE = {
    .name = "merge",
    .summary = "join the stores of several machines into one",
    .arguments = "--into DB DB...",
    .arguments_min = 1,
    .arguments_max = 10000,
    .description =
        "Adds what the stores DB... hold to one store, and leaves them as they are: the shards of a sweep, or a shard "
        "that was run twice. A checkpoint that several have is stored once, with the figures that any of them has; an "
        "analysed one replaces one that could not be analysed; of one that was rewritten the one analysed last counts. "
        "A run whose model, probe or plan is not that of the run of the same name is refused, with the difference, "
        "before anything is changed. The order does not matter, and merging again adds only what is new. A merge that "
        "is killed is finished by the next.",
    .example = "spectail merge --into spectail.db shard-*.db",
    .options = OPTIONS,
    .option_count = sizeof OPTIONS / sizeof *OPTIONS,
    .run = run,
};
