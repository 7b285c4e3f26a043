#include "tracker/sweep.h"

#include "checkpoints/base/memory.h"
#include "checkpoints/base/text.h"
#include "tracker/ledger.h"

#include <stdlib.h>
#include <string.h>

/* --- what there is to do --- */

static enum spt_status plan_task(struct spt_sweep *sweep, const struct spt_ledger *ledger, struct spt_task *task,
                                 struct spt_error *error) {
    const struct spt_store_checkpoint *row = spt_ledger_find(ledger, task->ref->uri, task->ref->fingerprint);
    const bool *present = row ? spt_ledger_present(ledger, row) : NULL;
    const enum spt_status status =
        spt_session_task_known(sweep->session, row, present, sweep->force, &task->kind, error);
    if (status != SPT_OK) return status;
    if (task->kind == SPT_TASK_ANALYSE) sweep->todo++;
    if (!row) return SPT_OK;
    task->state = row->state;
    if (row->reason && !(task->reason = spt_strdup(row->reason)))
        return spt_fail_memory(error, strlen(row->reason), "a reason");
    return SPT_OK;
}

enum spt_status spt_sweep_plan(struct spt_sweep *sweep, struct spt_error *error) {
    struct spt_ledger ledger = {0};
    sweep->tasks = spt_alloc_zeroed(sweep->ref_count, sizeof *sweep->tasks);
    if (!sweep->tasks) return spt_fail_memory(error, sweep->ref_count * sizeof *sweep->tasks, "a sweep");
    enum spt_status status = SPT_OK;
    if (sweep->session->store)
        status = spt_ledger_read(&ledger, sweep->session->store, sweep->session->identity.id, error);
    for (size_t i = 0; status == SPT_OK && i < sweep->ref_count; i++) {
        sweep->tasks[i].ref = sweep->refs[i];
        status = plan_task(sweep, &ledger, &sweep->tasks[i], error);
    }
    spt_ledger_release(&ledger);
    return status;
}

void spt_sweep_release(struct spt_sweep *sweep) {
    for (size_t i = 0; sweep->tasks && i < sweep->ref_count; i++) free(sweep->tasks[i].reason);
    free(sweep->tasks);
    sweep->tasks = NULL;
}

/* --- doing it --- */

static void on_layer(void *context, size_t layer, size_t layers) {
    const struct spt_sweep *sweep = context;
    spt_progress_layer(sweep->progress, layer, layers);
}

static bool on_stop(void *context) {
    const struct spt_sweep *sweep = context;
    return sweep->stop && sweep->stop(sweep->context);
}

static struct spt_ingest ingest_of(struct spt_sweep *sweep) {
    return (struct spt_ingest){
        .session = sweep->session,
        .options = {.header_limit = (uint64_t)sweep->session->config->header_limit, .log = sweep->session->log},
        .force = sweep->force,
        .incomplete_as = SPT_STATE_INCOMPLETE,
        .context = sweep,
        .layer = on_layer,
        .stop = on_stop,
    };
}

static enum spt_status do_task(struct spt_sweep *sweep, struct spt_task *task, struct spt_error *error) {
    const struct spt_ingest ingest = ingest_of(sweep);
    struct spt_outcome outcome;
    spt_progress_begin(sweep->progress, task->ref->label);
    const enum spt_status status = spt_ingest_checkpoint(&ingest, task->ref, &outcome, error);
    if (status != SPT_OK) return status;
    if (outcome.stopped) {
        sweep->stopped = true;
        return SPT_OK;
    }
    struct spt_text line = {0};
    const bool analysed = outcome.state == SPT_STATE_ANALYSED;
    spt_outcome_describe(&outcome, &line);
    spt_progress_end(sweep->progress, analysed, line.data ? line.data : "");
    spt_text_release(&line);
    sweep->analysed += analysed;
    free(task->reason);
    task->state = outcome.state;
    task->reason = outcome.reason;
    outcome.reason = NULL;
    spt_outcome_release(&outcome);
    return SPT_OK;
}

enum spt_status spt_sweep_run(struct spt_sweep *sweep, struct spt_error *error) {
    enum spt_status status = SPT_OK;
    for (size_t i = 0; status == SPT_OK && i < sweep->ref_count && !sweep->stopped; i++) {
        if (sweep->tasks[i].kind != SPT_TASK_ANALYSE) continue;
        if (on_stop(sweep))
            sweep->stopped = true;
        else
            status = do_task(sweep, &sweep->tasks[i], error);
    }
    spt_progress_finish(sweep->progress);
    return status;
}
