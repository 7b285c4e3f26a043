#include "tracker/check.h"

#include "checkpoints/base/text.h"
#include "tracker/commands/commands.h"
#include "tracker/signals.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool stop_asked(void *context) {
    (void)context;
    return spt_signals_pending();
}

static size_t count_findings(const struct spt_findings *findings, bool notes) {
    size_t count = 0;
    for (size_t i = 0; i < findings->count; i++) count += findings->items[i].note == notes;
    return count;
}

/* text with what a terminal cannot show escaped, however long it is. */
static void put_shown(struct spt_text *out, const char *text) {
    char shown[8192];
    spt_text_printable(shown, sizeof shown, text);
    spt_text_put(out, shown);
}

static void put_finding(struct spt_text *out, const struct spt_finding *finding) {
    spt_text_put(out, finding->note ? "note: " : "");
    if (finding->run) {
        put_shown(out, finding->run);
        spt_text_put(out, ": ");
    }
    put_shown(out, finding->text);
    spt_text_put(out, "\n");
    if (!finding->mend) return;
    spt_text_put(out, "    ");
    put_shown(out, finding->mend);
    spt_text_put(out, "\n");
}

static void put_text(struct spt_text *out, const struct spt_check *check, bool stopped, bool quiet) {
    const size_t found = count_findings(&check->findings, false);
    for (size_t i = 0; i < check->findings.count; i++)
        if (!quiet || !check->findings.items[i].note) put_finding(out, &check->findings.items[i]);
    if (quiet) return;
    put_shown(out, check->config->db);
    if (stopped)
        spt_text_put(out, ": stopped; so far ");
    else
        spt_text_put(out, ": ");
    if (found)
        spt_text_format(out, "%zu finding%s", found, found > 1 ? "s" : "");
    else
        spt_text_put(out, "nothing wrong");
    spt_text_format(out, " in %zu run%s with %zu checkpoint%s; files of %zu compared", check->run_count,
                    check->run_count == 1 ? "" : "s", check->checkpoints, check->checkpoints == 1 ? "" : "s",
                    check->files_compared);
    if (!check->quick) spt_text_format(out, ", weights of %zu", check->digests_compared);
    spt_text_put(out, check->busy ? " (a writer is at work)\n" : "\n");
}

static void put_json_text(struct spt_text *out, const char *key, const char *text) {
    spt_text_format(out, ", \"%s\": ", key);
    if (text)
        spt_text_put_json(out, text);
    else
        spt_text_put(out, "null");
}

static void put_json(struct spt_text *out, const struct spt_check *check, bool stopped) {
    spt_text_put(out, "{\"store\": ");
    spt_text_put_json(out, check->config->db);
    spt_text_format(out,
                    ", \"runs\": %zu, \"checkpoints\": %zu, \"files_compared\": %zu, \"weights_compared\": %zu, "
                    "\"quick\": %s, \"busy\": %s, \"stopped\": %s, \"findings\": [",
                    check->run_count, check->checkpoints, check->files_compared, check->digests_compared,
                    check->quick ? "true" : "false", check->busy ? "true" : "false", stopped ? "true" : "false");
    for (size_t i = 0; i < check->findings.count; i++) {
        const struct spt_finding *finding = &check->findings.items[i];
        spt_text_format(out, "%s{\"kind\": \"%s\", \"note\": %s", i ? ",\n " : "", finding->kind,
                        finding->note ? "true" : "false");
        put_json_text(out, "run", finding->run);
        put_json_text(out, "text", finding->text);
        put_json_text(out, "mend", finding->mend);
        spt_text_put(out, "}");
    }
    spt_text_put(out, "]}\n");
}

/* Runs that cannot be listed are a finding of their own. */
static enum spt_status list_runs(struct spt_check *check, struct spt_store_run **runs, struct spt_error *error) {
    struct spt_error failure = {0};
    const enum spt_status status = spt_store_runs(check->store, runs, &check->run_count, &failure);
    if (status == SPT_OK || status == SPT_NOMEM) {
        if (status != SPT_OK) *error = failure;
        check->runs = *runs;
        return status;
    }
    return spt_check_add_unreadable(check, NULL, &failure, error);
}

static enum spt_status look(struct spt_check *check, struct spt_error *error) {
    struct spt_store_run *runs = NULL;
    enum spt_status status = list_runs(check, &runs, error);
    if (status == SPT_OK) status = spt_check_store(check, error);
    for (size_t i = 0; i < check->run_count && status == SPT_OK; i++) status = spt_check_run(check, &runs[i], error);
    check->runs = NULL;
    spt_store_free_runs(runs, check->run_count);
    return status;
}

static int report(struct spt_invocation *invocation, const struct spt_check *check, bool stopped) {
    struct spt_text out = {0};
    if (invocation->json)
        put_json(&out, check, stopped);
    else
        put_text(&out, check, stopped, invocation->quiet);
    const int status = spt_invocation_print(invocation, &out);
    spt_text_release(&out);
    return status != SPT_EXIT_DONE || !count_findings(&check->findings, false) ? status : SPT_EXIT_PARTIAL;
}

static int check_store(struct spt_invocation *invocation, struct spt_check *check) {
    struct spt_error error;
    spt_signals_block();
    const enum spt_status status = look(check, &error);
    spt_progress_finish(check->progress);
    const int signal = status == SPT_END ? spt_signals_take() : 0;
    int exit_status = SPT_EXIT_STORE;
    if (status == SPT_OK || status == SPT_END)
        exit_status = report(invocation, check, status == SPT_END);
    else
        exit_status = spt_invocation_fail(invocation, SPT_EXIT_STORE, &error);
    spt_signals_unblock();
    return signal ? 128 + signal : exit_status;
}

/* A store that cannot be opened: the reason, and where an earlier one is. */
static int fail_to_open(struct spt_invocation *invocation, const struct spt_error *error) {
    struct spt_text mend = {0};
    const int status = spt_invocation_fail(invocation, SPT_EXIT_STORE, error);
    if (error->status == SPT_INVALID && strstr(error->message, "damaged")) {
        spt_check_put_restore(invocation->config.db, &mend);
        (void)spt_invocation_usage(invocation, "%s", mend.data ? mend.data : "out of memory");
    }
    spt_text_release(&mend);
    return status;
}

static int run(struct spt_invocation *invocation) {
    struct spt_progress progress;
    struct spt_store *store = NULL;
    struct spt_error error;
    char *writer = NULL;
    struct spt_check check = {
        .config = &invocation->config,
        .quick = spt_invocation_value(invocation, "quick") != NULL,
        .stop = stop_asked,
        .progress = &progress,
        .busy = spt_store_writer(invocation->config.db, &writer, NULL) == SPT_OK,
    };
    free(writer);
    if (spt_store_open(invocation->config.db, SPT_STORE_READ, 0, &store, &error) != SPT_OK)
        return fail_to_open(invocation, &error);
    check.store = store;
    spt_progress_init(&progress, stderr, 0, invocation->quiet || !(isatty(STDERR_FILENO) || invocation->verbose));
    const int status = check_store(invocation, &check);
    spt_check_release(&check);
    spt_store_close(store);
    return status;
}

static const struct spt_option OPTIONS[] = {
    {"quick", 0, NULL, "do not read the weights again: compare sizes and times of files only"},
};
static const char *const KEYS[] = {"db", "step_pattern", "model_config", "header_limit", "tmpdir", "spool_limit"};

const struct spt_command SPT_COMMAND_CHECK = {
    .name = "check",
    .summary = "what is wrong with a store, and how to mend it",
    .arguments = "",
    .description =
        "Looks through the store (its pages, what holds between its rows, and whether the figures are those that "
        "were stored), compares the checkpoints in it with their files as far as those still exist (sizes, times "
        "and, unless --quick, every weight that the analysis reads), and looks for gaps: checkpoints that lie in "
        "a run's folder and are not in the store, steps that are in neither place, those that are not analysed or"
        " lack metrics, steps with the same weights, events that were not told. Each finding is one sentence and "
        "what to do about it. Nothing is changed. Exit status 0: nothing is wrong; 1: something is; 3: the store "
        "cannot be read. A run's folder that is not there, and files that are gone, are notes and not faults. A run "
        "that lies in a compressed tar file is decompressed once to be listed, with --quick too.",
    .example = "spectail check --quick\n"
               "spectail check --db pythia.db --json | jq '.findings[].mend'",
    .options = OPTIONS,
    .option_count = sizeof OPTIONS / sizeof *OPTIONS,
    .keys = KEYS,
    .key_count = sizeof KEYS / sizeof *KEYS,
    .run = run,
};
