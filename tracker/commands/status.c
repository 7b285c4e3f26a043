#include "analysis/plan.h"
#include "checkpoints/base/text.h"
#include "checkpoints/run.h"
#include "tracker/commands/commands.h"
#include "tracker/runs_of_store.h"

#include <string.h>

/* A run's ledger beside what lies on disk now. */
struct view {
    const struct spt_store_run *run;
    struct spt_store_checkpoint *rows; /* [count] */
    size_t count;
    struct spt_run *disk; /* NULL: its source cannot be listed */
    size_t states[SPT_STATE_COUNT];
    double seconds; /* of the analysed ones together */
};

static bool is_in_ledger(const struct view *view, const struct spt_checkpoint_ref *ref) {
    for (size_t i = 0; i < view->count; i++)
        if (strcmp(view->rows[i].uri, ref->uri) == 0 && spt_hash_equal(view->rows[i].fingerprint, ref->fingerprint))
            return true;
    return false;
}

static void count_states(struct view *view) {
    for (size_t i = 0; i < view->count; i++) {
        view->states[view->rows[i].state]++;
        if (view->rows[i].state == SPT_STATE_ANALYSED) view->seconds += view->rows[i].seconds;
    }
    for (size_t i = 0; view->disk && i < view->disk->count; i++)
        if (!is_in_ledger(view, &view->disk->refs[i])) view->states[SPT_STATE_WAITING]++;
}

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

static void put_row(struct spt_text *out, const struct spt_store_checkpoint *row) {
    put_step(out, row->branch, row->step, row->label);
    spt_text_format(out, " %-11s", spt_state_name(row->state));
    if (row->state == SPT_STATE_ANALYSED) spt_text_format(out, " %8.2f s  %s", row->seconds, row->finished);
    if (row->reason) {
        char reason[2048];
        spt_text_printable(reason, sizeof reason, row->reason);
        spt_text_format(out, " %s", reason);
    }
    if (row->duplicate_of != SPT_NO_STEP)
        spt_text_format(out, "  (same weights as step %lld)", (long long)row->duplicate_of);
    spt_text_put(out, "\n");
}

static void put_text(struct spt_text *out, const struct view *view) {
    char name[256], source[1024];
    spt_text_printable(name, sizeof name, view->run->name);
    spt_text_printable(source, sizeof source, view->run->source);
    spt_text_format(out, "%s (%lld): %s%s, %zu samples\n  ", name, (long long)view->run->id, source,
                    view->disk ? "" : " (cannot be listed now)", view->run->samples);
    for (size_t i = 0, shown = 0; i < SPT_STATE_COUNT; i++)
        if (view->states[i])
            spt_text_format(out, "%s%zu %s", shown++ ? ", " : "", view->states[i],
                            spt_state_name((enum spt_checkpoint_state)i));
    if (view->states[SPT_STATE_ANALYSED])
        spt_text_format(out, "; %.2f s a checkpoint", view->seconds / (double)view->states[SPT_STATE_ANALYSED]);
    spt_text_put(out, "\n");
    for (size_t i = 0; i < view->count; i++) put_row(out, &view->rows[i]);
    for (size_t i = 0; view->disk && i < view->disk->count; i++) {
        const struct spt_checkpoint_ref *ref = &view->disk->refs[i];
        if (is_in_ledger(view, ref)) continue;
        put_step(out, ref->branch, ref->step, ref->label);
        spt_text_put(out, " waiting\n");
    }
}

static void put_json_checkpoint(struct spt_text *out, bool first, const char *branch, int64_t step, const char *label,
                                enum spt_checkpoint_state state) {
    spt_text_put(out, first ? "{\"branch\": " : ", {\"branch\": ");
    spt_text_put_json(out, branch);
    if (step != SPT_NO_STEP)
        spt_text_format(out, ", \"step\": %lld", (long long)step);
    else
        spt_text_put(out, ", \"step\": null");
    spt_text_put(out, ", \"label\": ");
    spt_text_put_json(out, label);
    spt_text_format(out, ", \"state\": \"%s\"", spt_state_name(state));
}

static void put_json_row(struct spt_text *out, const struct spt_store_checkpoint *row, bool first) {
    put_json_checkpoint(out, first, row->branch, row->step, row->label, row->state);
    spt_text_put(out, ", \"reason\": ");
    if (row->reason)
        spt_text_put_json(out, row->reason);
    else
        spt_text_put(out, "null");
    spt_text_format(out, ", \"tries\": %lld, \"seconds\": ", (long long)row->tries);
    spt_text_put_json_number(out, row->seconds);
    spt_text_put(out, ", \"finished\": ");
    spt_text_put_json(out, row->finished ? row->finished : "");
    if (row->duplicate_of != SPT_NO_STEP)
        spt_text_format(out, ", \"duplicate_of\": %lld", (long long)row->duplicate_of);
    spt_text_put(out, "}");
}

static void put_json(struct spt_text *out, const struct view *view) {
    spt_text_put(out, "{\"run\": ");
    spt_text_put_json(out, view->run->name);
    spt_text_format(out, ", \"id\": %lld, \"source\": ", (long long)view->run->id);
    spt_text_put_json(out, view->run->source);
    spt_text_format(out, ", \"samples\": %zu, \"states\": {", view->run->samples);
    for (size_t i = 0; i < SPT_STATE_COUNT; i++)
        spt_text_format(out, "%s\"%s\": %zu", i ? ", " : "", spt_state_name((enum spt_checkpoint_state)i),
                        view->states[i]);
    spt_text_put(out, "}, \"checkpoints\": [");
    size_t shown = 0;
    for (size_t i = 0; i < view->count; i++) put_json_row(out, &view->rows[i], shown++ == 0);
    for (size_t i = 0; view->disk && i < view->disk->count; i++) {
        const struct spt_checkpoint_ref *ref = &view->disk->refs[i];
        if (is_in_ledger(view, ref)) continue;
        put_json_checkpoint(out, shown++ == 0, ref->branch, ref->step, ref->label, SPT_STATE_WAITING);
        spt_text_put(out, "}");
    }
    spt_text_put(out, "]}");
}

static enum spt_status show_run(struct spt_invocation *invocation, struct spt_store *store,
                                const struct spt_store_run *run, struct spt_text *out, struct spt_error *error) {
    struct view view = {.run = run};
    const struct spt_run_options options = {.step_pattern = invocation->config.step_pattern};
    const enum spt_status status = spt_store_checkpoints(store, run->id, &view.rows, &view.count, error);
    if (status != SPT_OK) return status;
    if (spt_run_open(run->source, &options, &view.disk, NULL) != SPT_OK) view.disk = NULL;
    count_states(&view);
    (invocation->json ? put_json : put_text)(out, &view);
    spt_run_close(view.disk);
    spt_store_free_checkpoints(view.rows, view.count);
    return SPT_OK;
}

static int run(struct spt_invocation *invocation) {
    const char *name = spt_invocation_value(invocation, "run");
    struct spt_run_list runs;
    struct spt_store *store;
    struct spt_text out = {0};
    int status = spt_runs_open(invocation, name, name == NULL, &store, &runs);
    if (status != SPT_EXIT_DONE) return status;
    if (invocation->json) spt_text_put(&out, "[");
    for (size_t i = 0; status == SPT_EXIT_DONE && i < runs.count; i++) {
        struct spt_error error;
        if (i > 0) spt_text_put(&out, invocation->json ? ",\n " : "\n");
        if (show_run(invocation, store, &runs.runs[i], &out, &error) != SPT_OK)
            status = spt_invocation_fail(invocation, SPT_EXIT_STORE, &error);
    }
    if (invocation->json) spt_text_put(&out, "]\n");
    if (status == SPT_EXIT_DONE) status = spt_invocation_print(invocation, &out);
    spt_text_release(&out);
    spt_runs_close(store, &runs);
    return status;
}

static const struct spt_option OPTIONS[] = {
    {"run", 'r', "RUN", "name or number of one run (default: all)"},
};
static const char *const KEYS[] = {"db", "step_pattern"};

const struct spt_command SPT_COMMAND_STATUS = {
    .name = "status",
    .summary = "every checkpoint's state and reason",
    .arguments = "",
    .description =
        "Lists the runs of the store: for each checkpoint its state, how long its analysis took or why there is none, and whether "
        "its weights are another step's. Checkpoints that lie in the run's folder and are not in the store yet are waiting.",
    .example = "spectail status --json | python3 -m json.tool",
    .options = OPTIONS,
    .option_count = sizeof OPTIONS / sizeof *OPTIONS,
    .keys = KEYS,
    .key_count = sizeof KEYS / sizeof *KEYS,
    .run = run,
};
