#include "tracker/sweep_report.h"

#include "checkpoints/base/memory.h"
#include "checkpoints/base/text.h"
#include "tracker/summary.h"

#include <stdlib.h>
#include <string.h>

enum { SUMMARY_ROWS = 40 };

/* --- before it --- */

static size_t shortest(const struct spt_probe *probe) {
    size_t least = probe->longest;
    for (size_t i = 0; i < probe->samples; i++) {
        const size_t n = probe->offset[i + 1] - probe->offset[i];
        if (n < least) least = n;
    }
    return least;
}

static void warn_of_short_probe(const struct spt_session *session) {
    const struct spt_config *config = session->config;
    const size_t samples = session->samples.probe.samples;
    if (spt_config_is_set(config, "samples") && samples < (size_t)config->samples)
        spt_log(session->log, SPT_LOG_WARNING, "the probe has %zu samples, fewer than the %lld that are asked for",
                samples, (long long)config->samples);
}

void spt_sweep_report_plan(const struct spt_sweep_report *report) {
    const struct spt_session *session = report->session;
    const struct spt_sweep *sweep = report->sweep;
    const struct spt_config_shard shard = session->config->shard;
    const struct spt_task *tasks = spt_sweep_tasks_of(sweep, session);
    size_t done = 0, refused = 0;
    char name[256];
    if (session->control == SPT_CONTROL_NONE) warn_of_short_probe(session);
    if (report->invocation->quiet) return;
    for (size_t i = 0; i < sweep->ref_count; i++) {
        done += tasks[i].kind == SPT_TASK_DONE;
        refused += tasks[i].kind == SPT_TASK_REFUSED;
    }
    spt_text_printable(name, sizeof name, report->name);
    fputs(name, stderr);
    if (shard.count > 1) fprintf(stderr, ", shard %lld of %lld", (long long)shard.index, (long long)shard.count);
    const size_t todo = sweep->ref_count - done - refused;
    if (todo == 0)
        fprintf(stderr, ": nothing to do: of %zu checkpoints %zu are analysed, %zu were refused before\n",
                sweep->ref_count, done, refused);
    else
        fprintf(stderr, ": %zu of %zu checkpoints to %s, %zu samples of %zu to %zu tokens, %s\n", todo,
                sweep->ref_count, sweep->fetches ? "fetch and analyse" : "analyse", session->samples.probe.samples,
                shortest(&session->samples.probe), session->samples.probe.longest, session->model.model_type);
}

static const char *task_name(const struct spt_sweep *sweep, enum spt_task_kind kind) {
    static const char *const NAMES[] = {
        [SPT_TASK_DONE] = "analysed", [SPT_TASK_REFUSED] = "refused", [SPT_TASK_ANALYSE] = "to analyse"};
    return sweep->fetches && kind == SPT_TASK_ANALYSE ? "to fetch" : NAMES[kind];
}

static void put_label(char *label, size_t size, const struct spt_task *task) {
    struct spt_text text = {0};
    spt_sweep_put_label(task, &text);
    spt_text_printable(label, size, text.failed ? task->ref->label : text.data);
    spt_text_release(&text);
}

static void list_tasks(const struct spt_sweep_report *report, struct spt_text *out) {
    const struct spt_task *tasks = spt_sweep_tasks_of(report->sweep, report->session);
    for (size_t i = 0; i < report->sweep->ref_count; i++) {
        const struct spt_task *task = &tasks[i];
        char label[256];
        put_label(label, sizeof label, task);
        spt_text_format(out, "%-24s %s", label, task_name(report->sweep, task->kind));
        if (task->reason) spt_text_format(out, ": %s", task->reason);
        spt_text_put(out, "\n");
    }
}

static void list_tasks_json(const struct spt_sweep_report *report, struct spt_text *out) {
    spt_text_put(out, "{\"run\": ");
    spt_text_put_json(out, report->name);
    spt_text_put(out, ", \"checkpoints\": [");
    const struct spt_task *tasks = spt_sweep_tasks_of(report->sweep, report->session);
    for (size_t i = 0; i < report->sweep->ref_count; i++) {
        const struct spt_task *task = &tasks[i];
        spt_text_put(out, i ? ", {\"label\": " : "{\"label\": ");
        spt_text_put_json(out, task->ref->label);
        if (task->ref->step != SPT_NO_STEP)
            spt_text_format(out, ", \"step\": %lld", (long long)task->ref->step);
        else
            spt_text_put(out, ", \"step\": null");
        spt_text_format(out, ", \"task\": \"%s\", \"reason\": ", task_name(report->sweep, task->kind));
        if (task->reason)
            spt_text_put_json(out, task->reason);
        else
            spt_text_put(out, "null");
        spt_text_put(out, "}");
    }
    spt_text_put(out, "]}\n");
}

int spt_sweep_report_tasks(const struct spt_sweep_report *report) {
    struct spt_text out = {0};
    (report->invocation->json ? list_tasks_json : list_tasks)(report, &out);
    const int exit = spt_invocation_print(report->invocation, &out);
    spt_text_release(&out);
    return exit;
}

/* --- after it --- */

size_t spt_sweep_report_failures(const struct spt_sweep_report *report) {
    size_t failed = 0;
    for (size_t i = 0; i < report->sweep->task_count; i++) {
        const struct spt_task *task = &report->sweep->tasks[i];
        if (!task->reason || task->state == SPT_STATE_ANALYSED || task->state == SPT_STATE_WAITING) continue;
        char label[256];
        put_label(label, sizeof label, task);
        fprintf(stderr, "spectail sweep: %s: %s: %s\n", label, spt_state_name(task->state), task->reason);
        failed++;
    }
    return failed;
}

enum { NAMED_LABELS = 4, NAMED_GROUPS = 8 };

static bool is_of_group(const struct spt_run_source *source, size_t i, size_t first) {
    return source->rows[i].duplicate_of != SPT_NO_STEP &&
           spt_hash_equal(source->rows[i].digest, source->rows[first].digest);
}

/* "step1, step2 and 12 more": rows with the weights of rows[first], which are all behind it. told [row_count] in and
 * out. */
static void put_group(const struct spt_run_source *source, size_t first, bool *told, struct spt_text *named) {
    size_t count = 0, put = 0;
    for (size_t i = first; i < source->row_count; i++) count += is_of_group(source, i, first);
    for (size_t i = first; i < source->row_count; i++) {
        if (!is_of_group(source, i, first)) continue;
        told[i] = true;
        if (++put > NAMED_LABELS) continue;
        spt_text_format(named, "%s%.120s", put == 1 ? "" : put == count ? " and " : ", ", source->rows[i].label);
    }
    if (count > NAMED_LABELS) spt_text_format(named, " and %zu more", count - NAMED_LABELS);
}

/* One line for the checkpoints that have one digest, so that a range of wrong ones is read at a glance. */
static void say_duplicates(const struct spt_sweep_report *report, const struct spt_run_source *source) {
    const struct spt_log *log = report->session->log;
    bool *told = spt_alloc_zeroed(source->row_count, sizeof *told);
    size_t groups = 0;
    for (size_t i = 0; told && i < source->row_count; i++) {
        if (told[i] || source->rows[i].duplicate_of == SPT_NO_STEP) continue;
        struct spt_text named = {0};
        put_group(source, i, told, &named);
        if (groups++ < NAMED_GROUPS && named.data)
            spt_log(log, SPT_LOG_WARNING, "%s have the same weights, though their steps differ", named.data);
        spt_text_release(&named);
    }
    if (groups > NAMED_GROUPS)
        spt_log(log, SPT_LOG_WARNING,
                "%zu more groups of checkpoints have the same weights: spectail status marks them",
                groups - NAMED_GROUPS);
    free(told);
}

/* Analysed checkpoints that the table leaves out: it has one branch, and its axis is the step. */
static enum spt_status say_left_out(const struct spt_session *session, const char *branch, struct spt_error *error) {
    struct spt_store_checkpoint *rows;
    size_t count;
    struct spt_text named = {0};
    const enum spt_status status = spt_store_checkpoints(session->store, session->identity.id, &rows, &count, error);
    if (status != SPT_OK) return status;
    for (size_t i = 0; i < count; i++) {
        const bool other = branch && strcmp(rows[i].branch, branch) != 0;
        if (rows[i].state != SPT_STATE_ANALYSED || (rows[i].step != SPT_NO_STEP && !other)) continue;
        spt_text_format(&named, "%s%s%s", named.length ? ", " : "", rows[i].label,
                        rows[i].step == SPT_NO_STEP ? " (no step)" : "");
    }
    if (named.length)
        spt_log(session->log, SPT_LOG_WARNING,
                "%s: analysed, and not in the table of steps%s%s: %s; spectail export has their figures", session->name,
                branch && *branch ? " of branch " : "", branch ? branch : "", named.data);
    spt_text_release(&named);
    spt_store_free_checkpoints(rows, count);
    return SPT_OK;
}

/* No analysed checkpoint has a step: their figures by their labels. */
static int print_labels(const struct spt_sweep_report *report) {
    const struct spt_session *session = report->session;
    struct spt_text out = {0};
    struct spt_error error;
    const enum spt_status status = (report->invocation->json ? spt_summary_labels_json : spt_summary_labels_text)(
        session->store, session->identity.id, report->name, &out, &error);
    const int exit = status == SPT_OK ? spt_invocation_print(report->invocation, &out)
                                      : spt_invocation_fail(report->invocation, SPT_EXIT_STORE, &error);
    spt_text_release(&out);
    return exit;
}

int spt_sweep_report_summary(const struct spt_sweep_report *report) {
    const struct spt_invocation *invocation = report->invocation;
    const struct spt_session *session = report->session;
    struct spt_run_source source;
    struct spt_error error;
    struct spt_text out = {0};
    enum spt_status status = spt_run_source_open(session->store, &session->identity, NULL, &source, &error);
    const bool empty = status == SPT_END;
    if (status == SPT_OK) status = say_left_out(session, source.branch, &error);
    if (empty) return print_labels(report);
    if (status != SPT_OK) {
        spt_run_source_close(&source);
        return spt_invocation_fail(invocation, SPT_EXIT_STORE, &error);
    }
    say_duplicates(report, &source);
    status = invocation->json ? spt_summary_json(&source, &out, &error)
                              : spt_summary_text(&source, invocation->verbose ? 0 : SUMMARY_ROWS, &out, &error);
    spt_run_source_close(&source);
    const int exit = status == SPT_OK ? spt_invocation_print(invocation, &out)
                                      : spt_invocation_fail(invocation, SPT_EXIT_STORE, &error);
    spt_text_release(&out);
    return exit;
}
