#include "checkpoints/base/text.h"
#include "tracker/commands/commands.h"
#include "tracker/control.h"
#include "tracker/run_options.h"
#include "tracker/runs_of_store.h"
#include "tracker/standing.h"
#include "tracker/watch/words.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { EVENTS_SHOWN = 5, EVENTS_IN_JSON = 100 };

/* A run, and who writes to its store now. */
struct view {
    const struct spt_store_run *run;
    struct spt_standing standing;
    const char *writer; /* NULL: nobody */
    bool stored;        /* its folder was not asked for */
};

/* --- for people --- */

static void put_step(struct spt_text *out, const char *branch, int64_t step, const char *label) {
    char shown[256];
    spt_text_printable(shown, sizeof shown, label);
    if (step != SPT_NO_STEP)
        spt_text_format(out, "  %10lld  %-24s", (long long)step, shown);
    else
        spt_text_format(out, "  %10s  %-24s", "", shown);
    spt_text_printable(shown, sizeof shown, branch);
    if (branch[0]) spt_text_format(out, " [%s]", shown);
}

static void put_item(struct spt_text *out, const struct spt_standing_item *item) {
    put_step(out, item->branch, item->step, item->label);
    const bool more = item->state == SPT_STATE_ANALYSED || item->reason;
    spt_text_format(out, more ? " %-11s" : " %s", spt_state_name(item->state));
    if (item->state == SPT_STATE_ANALYSED)
        spt_text_format(out, " %8.2f s  %s", item->row->seconds, item->row->finished);
    if (item->reason) {
        const bool analysed = item->state == SPT_STATE_ANALYSED;
        spt_text_put(out, analysed ? "  (" : " ");
        spt_words_put(out, item->reason);
        if (analysed) spt_text_put(out, ")");
    }
    if (item->row && item->row->duplicate_of != SPT_NO_STEP)
        spt_text_format(out, "  (same weights as step %lld)", (long long)item->row->duplicate_of);
    spt_text_put(out, "\n");
}

static void put_counts(struct spt_text *out, const struct spt_standing *standing) {
    for (size_t i = 0, shown = 0; i < SPT_STATE_COUNT; i++)
        if (standing->states[i])
            spt_text_format(out, "%s%zu %s", shown++ ? ", " : "  ", standing->states[i],
                            spt_state_name((enum spt_checkpoint_state)i));
    if (!standing->count) spt_text_put(out, "  no checkpoint");
    if (standing->gone) spt_text_format(out, " (analysed and no longer on disk: %zu)", standing->gone);
    if (isfinite(standing->seconds)) spt_text_format(out, "; %.2f s a checkpoint", standing->seconds);
    if (isfinite(standing->hourly)) spt_text_format(out, ", %.4g an hour", standing->hourly);
    if (standing->states[SPT_STATE_WAITING] && isfinite(standing->left)) {
        spt_text_put(out, ", ");
        spt_words_duration(out, standing->left);
        spt_text_put(out, " left");
    }
    spt_text_put(out, "\n");
}

static void put_lag(struct spt_text *out, const struct spt_standing *standing) {
    if (standing->lag == SPT_NO_STEP) return;
    if (standing->lag > 0)
        spt_text_format(out, "  %lld steps behind: step %lld is on disk, %lld is analysed\n", (long long)standing->lag,
                        (long long)standing->newest, (long long)standing->analysed);
    else
        spt_text_format(out, "  up to date with step %lld\n", (long long)standing->analysed);
}

static void put_event(struct spt_text *out, const struct spt_store_event *event) {
    spt_text_format(out, "  %s  %s  ", event->time ? event->time : "", event->kind ? event->kind : "");
    spt_words_put(out, event->text ? event->text : "");
    if (event->delivery == SPT_DELIVERY_PENDING || event->delivery == SPT_DELIVERY_STARTED ||
        event->delivery == SPT_DELIVERY_FAILED) {
        spt_text_format(out, "  (its command: %s", spt_delivery_name(event->delivery));
        if (event->outcome) {
            spt_text_put(out, ", ");
            spt_words_put(out, event->outcome);
        }
        spt_text_put(out, ")");
    }
    spt_text_put(out, "\n");
}

/* What the tokenizer added to each sample, as the run's description has it; length 0: it says nothing. */
static const char *added_tokens(const struct spt_store_run *run, size_t *length) {
    static const char KEY[] = "\nadded: ";
    const char *line = run->probe_text ? strstr(run->probe_text, KEY) : NULL;
    if (line) line += sizeof KEY - 1;
    *length = line ? strcspn(line, "\n") : 0;
    return line;
}

static void put_text(struct spt_text *out, const struct view *view) {
    const struct spt_standing *standing = &view->standing;
    spt_words_put(out, view->run->name);
    spt_text_format(out, " (%lld): ", (long long)view->run->id);
    spt_words_put(out, view->run->source);
    size_t length;
    const char *added = added_tokens(view->run, &length);
    const char *listed = standing->disk ? "" : view->stored ? " (as the store has it)" : " (cannot be listed now)";
    spt_text_format(out, "%s, %zu samples", listed, view->run->samples);
    if (length) spt_text_format(out, ", to each is added %.*s", (int)length, added);
    if (spt_control_is(view->run)) spt_text_put(out, ", their tokens shuffled: a control");
    spt_text_put(out, "\n");
    put_counts(out, standing);
    put_lag(out, standing);
    for (size_t i = 0; i < standing->count; i++) put_item(out, &standing->items[i]);
    if (!standing->event_count) return;
    const size_t first = standing->event_count > EVENTS_SHOWN ? standing->event_count - EVENTS_SHOWN : 0;
    spt_text_format(out, "  events%s:\n", first ? ", the last ones" : "");
    for (size_t i = first; i < standing->event_count; i++) put_event(out, &standing->events[i]);
}

/* --- for programs --- */

static void put_json_text(struct spt_text *out, const char *key, const char *value) {
    spt_text_format(out, ", \"%s\": ", key);
    if (value)
        spt_text_put_json(out, value);
    else
        spt_text_put(out, "null");
}

static void put_json_step(struct spt_text *out, const char *key, int64_t step) {
    if (step != SPT_NO_STEP)
        spt_text_format(out, ", \"%s\": %lld", key, (long long)step);
    else
        spt_text_format(out, ", \"%s\": null", key);
}

static void put_json_number(struct spt_text *out, const char *key, double value) {
    spt_text_format(out, ", \"%s\": ", key);
    if (isfinite(value))
        spt_text_put_json_number(out, value);
    else
        spt_text_put(out, "null");
}

static void put_json_item(struct spt_text *out, const struct spt_standing_item *item, bool first) {
    static const char *const ON_DISK[] = {[SPT_PLACE_HERE] = "true",
                                          [SPT_PLACE_CHANGED] = "true",
                                          [SPT_PLACE_GONE] = "false",
                                          [SPT_PLACE_UNKNOWN] = "null"};
    spt_text_put(out, first ? "{\"branch\": " : ", {\"branch\": ");
    spt_text_put_json(out, item->branch);
    put_json_step(out, "step", item->step);
    put_json_text(out, "label", item->label);
    put_json_text(out, "state", spt_state_name(item->state));
    put_json_text(out, "reason", item->reason);
    spt_text_format(out, ", \"on_disk\": %s", ON_DISK[item->place]);
    if (item->row) {
        spt_text_format(out, ", \"tries\": %lld", (long long)item->row->tries);
        put_json_number(out, "seconds", item->row->seconds);
        put_json_text(out, "finished", item->row->finished ? item->row->finished : "");
        if (item->row->duplicate_of != SPT_NO_STEP) put_json_step(out, "duplicate_of", item->row->duplicate_of);
    }
    spt_text_put(out, "}");
}

static void put_json_event(struct spt_text *out, const struct spt_store_event *event, bool first) {
    spt_text_put(out, first ? "{\"time\": " : ", {\"time\": ");
    spt_text_put_json(out, event->time ? event->time : "");
    put_json_text(out, "kind", event->kind);
    put_json_text(out, "rule", event->rule);
    put_json_text(out, "branch", event->branch ? event->branch : "");
    put_json_step(out, "step", event->step);
    put_json_text(out, "text", event->text);
    put_json_text(out, "delivery", spt_delivery_name(event->delivery));
    put_json_text(out, "outcome", event->outcome);
    spt_text_put(out, "}");
}

static void put_json(struct spt_text *out, const struct view *view) {
    const struct spt_standing *standing = &view->standing;
    spt_text_put(out, "{\"run\": ");
    spt_text_put_json(out, view->run->name);
    spt_text_format(out, ", \"id\": %lld", (long long)view->run->id);
    put_json_text(out, "source", view->run->source);
    size_t length;
    const char *added = added_tokens(view->run, &length);
    char *tokens = length ? strndup(added, length) : NULL;
    spt_text_format(out, ", \"samples\": %zu", view->run->samples);
    put_json_text(out, "added", tokens);
    put_json_text(out, "control", spt_control_is(view->run) ? "shuffled" : NULL);
    free(tokens);
    spt_text_put(out, ", \"states\": {");
    for (size_t i = 0; i < SPT_STATE_COUNT; i++)
        spt_text_format(out, "%s\"%s\": %zu", i ? ", " : "", spt_state_name((enum spt_checkpoint_state)i),
                        standing->states[i]);
    spt_text_format(out, "}, \"listed\": %s, \"gone\": %zu", standing->disk ? "true" : "false", standing->gone);
    put_json_step(out, "newest_step", standing->newest);
    put_json_step(out, "analysed_step", standing->analysed);
    put_json_step(out, "lag_steps", standing->lag);
    put_json_number(out, "seconds_per_checkpoint", standing->seconds);
    put_json_number(out, "checkpoints_per_hour", standing->hourly);
    put_json_number(out, "seconds_left", standing->left);
    put_json_text(out, "writer", view->writer);
    spt_text_put(out, ", \"events\": [");
    const size_t first = standing->event_count > EVENTS_IN_JSON ? standing->event_count - EVENTS_IN_JSON : 0;
    for (size_t i = first; i < standing->event_count; i++) put_json_event(out, &standing->events[i], i == first);
    spt_text_put(out, "], \"checkpoints\": [");
    for (size_t i = 0; i < standing->count; i++) put_json_item(out, &standing->items[i], i == 0);
    spt_text_put(out, "]}");
}

/* --- the command --- */

static int show_all(struct spt_invocation *invocation, struct spt_store *store, const struct spt_run_list *runs,
                    const char *writer, struct spt_text *out) {
    const bool json = invocation->json, stored = spt_invocation_value(invocation, "stored") != NULL;
    if (json) spt_text_put(out, "[");
    for (size_t i = 0; i < runs->count; i++) {
        struct spt_error error;
        struct view view = {.run = &runs->runs[i], .writer = writer, .stored = stored};
        const struct spt_run_options options = spt_run_options_for_listing(&invocation->config);
        if (spt_standing_read(&view.standing, store, view.run, stored ? NULL : &options, &error) != SPT_OK)
            return spt_invocation_fail(invocation, SPT_EXIT_STORE, &error);
        if (i > 0) spt_text_put(out, json ? ",\n " : "\n");
        (json ? put_json : put_text)(out, &view);
        spt_standing_release(&view.standing);
    }
    if (json) spt_text_put(out, "]\n");
    if (!json && writer) spt_text_format(out, "\nbeing written now (%s)\n", writer);
    return SPT_EXIT_DONE;
}

static int run(struct spt_invocation *invocation) {
    const char *name = spt_invocation_value(invocation, "run");
    struct spt_run_list runs;
    struct spt_store *store;
    struct spt_text out = {0};
    struct spt_error error;
    char *writer = NULL;
    int status = spt_runs_open(invocation, name, name == NULL, &store, &runs);
    if (status != SPT_EXIT_DONE) return status;
    const enum spt_status asked = spt_store_writer(invocation->config.db, &writer, &error);
    if (asked != SPT_OK && asked != SPT_END) status = spt_invocation_fail(invocation, SPT_EXIT_STORE, &error);
    if (status == SPT_EXIT_DONE) status = show_all(invocation, store, &runs, writer, &out);
    if (status == SPT_EXIT_DONE) status = spt_invocation_print(invocation, &out);
    free(writer);
    spt_text_release(&out);
    spt_runs_close(store, &runs);
    return status;
}

static const struct spt_option OPTIONS[] = {
    {"run", 'r', "RUN", "name or number of one run (default: all)"},
    {"stored", 0, NULL, "what the store has, without listing the runs' folders and archives"},
};
static const char *const KEYS[] = {"db", "step_pattern", "tmpdir", "spool_limit"};

const struct spt_command SPT_COMMAND_STATUS = {
    .name = "status",
    .summary = "every checkpoint's state and reason, lag, throughput, events",
    .arguments = "",
    .description =
        "Lists the runs of the store: how far the newest analysed step is behind the newest on disk, what a checkpoint takes, how many an "
        "hour the last ones were and how long the waiting ones will take; for each checkpoint its state, how long its analysis took or why "
        "there is none, and whether its weights are another step's; the last events; and who is writing to the store now. Checkpoints that "
        "lie in the run's folder and are not in the store yet are waiting, as are those that a watch waits for, with the reason. One that "
        "was not analysed before its files were removed has vanished. Of one whose files changed since it was analysed there are two lines: the "
        "figures as they are, of the files before, and what became of those that are there now. It asks nothing of a writer and stops none. "
        "To list a run that lies in a compressed tar file takes decompressing it once: with --stored no run is listed.\n\n"
        "With --json an array, an object a run, with the keys run, id, source, samples, added, control (\"shuffled\" or null), states, listed (its folder can be), gone (analysed "
        "and no longer on disk), newest_step, analysed_step, lag_steps, seconds_per_checkpoint, checkpoints_per_hour, seconds_left, writer "
        "(\"host H pid P\" or null), events (the last 100: time, kind, rule, branch, step, text, delivery, outcome) and checkpoints (branch, "
        "step, label, state, reason, on_disk; where the store has it tries, seconds, finished, and duplicate_of where another step has the "
        "same weights). What is not known is null.",
    .example = "spectail status --json | python3 -m json.tool",
    .options = OPTIONS,
    .option_count = sizeof OPTIONS / sizeof *OPTIONS,
    .keys = KEYS,
    .key_count = sizeof KEYS / sizeof *KEYS,
    .run = run,
};
