#include "tracker/sweep.h"

#include "checkpoints/base/memory.h"
#include "checkpoints/base/text.h"
#include "tracker/ledger.h"

#include <stdlib.h>
#include <string.h>

/* --- what there is to do --- */

static enum spt_status plan_task(struct spt_sweep *sweep, const struct spt_ledger *ledger, struct spt_task *task,
                                 struct spt_error *error) {
    const struct spt_checkpoint_ref *ref = task->ref;
    const struct spt_store_checkpoint *row =
        sweep->fetches ? spt_ledger_find_uri(ledger, ref->uri) : spt_ledger_find(ledger, ref->uri, ref->fingerprint);
    const bool *present = row ? spt_ledger_present(ledger, row) : NULL;
    const enum spt_status status =
        spt_session_task_known(task->session, row, present, sweep->force, &task->kind, error);
    if (status != SPT_OK) return status;
    /* What was refused may have been torn on its way: another fetch tells. */
    if (sweep->fetches && task->kind == SPT_TASK_REFUSED) task->kind = SPT_TASK_ANALYSE;
    if (task->kind == SPT_TASK_ANALYSE) sweep->todo++;
    if (!row) return SPT_OK;
    task->state = row->state;
    if (row->state == SPT_STATE_ANALYSED && !sweep->force && !sweep->fetches) task->row = row->id;
    if (row->reason && !(task->reason = spt_strdup(row->reason)))
        return spt_fail_memory(error, strlen(row->reason), "a reason");
    return SPT_OK;
}

/* The tasks [ref_count] of one session. */
static enum spt_status plan_tasks(struct spt_sweep *sweep, struct spt_session *session, struct spt_task *tasks,
                                  struct spt_error *error) {
    struct spt_ledger ledger = {0};
    enum spt_status status = SPT_OK;
    if (session->store) status = spt_ledger_read(&ledger, session->store, session->identity.id, error);
    for (size_t i = 0; status == SPT_OK && i < sweep->ref_count; i++) {
        tasks[i].ref = sweep->refs[i];
        tasks[i].session = session;
        status = plan_task(sweep, &ledger, &tasks[i], error);
    }
    spt_ledger_release(&ledger);
    return status;
}

enum spt_status spt_sweep_plan(struct spt_sweep *sweep, struct spt_error *error) {
    sweep->task_count = sweep->control ? 2 * sweep->ref_count : sweep->ref_count;
    sweep->tasks = spt_alloc_zeroed(sweep->task_count, sizeof *sweep->tasks);
    if (!sweep->tasks) return spt_fail_memory(error, sweep->task_count * sizeof *sweep->tasks, "a sweep");
    const enum spt_status status = plan_tasks(sweep, sweep->session, sweep->tasks, error);
    return status == SPT_OK && sweep->control
               ? plan_tasks(sweep, sweep->control, sweep->tasks + sweep->ref_count, error)
               : status;
}

const struct spt_task *spt_sweep_tasks_of(const struct spt_sweep *sweep, const struct spt_session *session) {
    return session == sweep->control ? sweep->tasks + sweep->ref_count : sweep->tasks;
}

void spt_sweep_put_label(const struct spt_task *task, struct spt_text *text) {
    if (task->session && task->session->control == SPT_CONTROL_SHUFFLED)
        spt_control_put_name(text, task->ref->label);
    else
        spt_text_put(text, task->ref->label);
}

void spt_sweep_release(struct spt_sweep *sweep) {
    for (size_t i = 0; sweep->tasks && i < sweep->task_count; i++) free(sweep->tasks[i].reason);
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

static struct spt_ingest ingest_of(struct spt_sweep *sweep, const struct spt_task *task) {
    return (struct spt_ingest){
        .session = task->session,
        .options = {.header_limit = (uint64_t)sweep->session->config->header_limit, .log = sweep->session->log},
        .force = sweep->force,
        .incomplete_as = SPT_STATE_INCOMPLETE,
        .context = sweep,
        .layer = on_layer,
        .stop = on_stop,
    };
}

/* The task has become what outcome says, which it takes over. */
static void settle(struct spt_sweep *sweep, struct spt_task *task, struct spt_outcome *outcome) {
    struct spt_text line = {0};
    const bool analysed = outcome->state == SPT_STATE_ANALYSED;
    spt_outcome_describe(outcome, &line);
    spt_progress_end(sweep->progress, analysed, line.data ? line.data : "");
    spt_text_release(&line);
    sweep->analysed += analysed;
    free(task->reason);
    task->state = outcome->state;
    task->reason = outcome->reason;
    outcome->reason = NULL;
    spt_outcome_release(outcome);
}

/* What cannot be fetched, into the ledger and among the events. */
static enum spt_status record_failure(struct spt_sweep *sweep, struct spt_task *task, const struct spt_error *failure,
                                      struct spt_error *error) {
    const struct spt_ingest ingest = ingest_of(sweep, task);
    struct spt_text reason = {0}, sentence = {0};
    struct spt_outcome outcome = {0};
    if (failure->path[0]) spt_text_format(&reason, "%s: ", failure->path);
    spt_text_put(&reason, failure->message);
    if (!reason.failed) spt_text_format(&sentence, "%s: %s", task->ref->label, reason.data);
    enum spt_status status = SPT_OK;
    if (reason.failed || sentence.failed) status = spt_fail_memory(error, strlen(failure->message), "a reason");
    if (status == SPT_OK)
        status = spt_ingest_record(&ingest, task->ref, spt_ingest_state_of(failure), reason.data, &outcome, error);
    struct spt_store_event event = {
        .kind = (char[]){"fetch"},
        .run = task->session->identity.id,
        .checkpoint = outcome.id,
        .step = task->ref->step,
        .branch = task->ref->branch,
        .text = sentence.data,
    };
    if (status == SPT_OK) status = spt_store_add_event(task->session->store, &event, error);
    if (status == SPT_OK)
        settle(sweep, task, &outcome);
    else
        spt_outcome_release(&outcome);
    spt_text_release(&reason);
    spt_text_release(&sentence);
    return status;
}

static enum spt_status analyse(struct spt_sweep *sweep, struct spt_task *task, const struct spt_checkpoint_ref *ref,
                               struct spt_error *error) {
    const struct spt_ingest ingest = ingest_of(sweep, task);
    struct spt_outcome outcome;
    enum spt_status status = spt_session_narrow(task->session, task->row, error);
    if (status == SPT_OK) status = spt_ingest_checkpoint(&ingest, ref, &outcome, error);
    if (status != SPT_OK) return status;
    sweep->stopped = outcome.stopped;
    if (outcome.stopped) return SPT_OK;
    const struct spt_outcome stored = outcome;
    settle(sweep, task, &outcome); /* first: what an alert says comes after its checkpoint's line */
    return sweep->alerts && task->session == sweep->session && stored.state == SPT_STATE_ANALYSED
               ? spt_alerts_checkpoint(sweep->alerts, ref, &stored, error)
               : SPT_OK;
}

/* What is to be done for one checkpoint: for the run, then for its control. Borrowed; count of them. */
struct pair {
    struct spt_task *tasks[2];
    size_t count;
};

static struct pair pair_of(struct spt_sweep *sweep, size_t ref) {
    struct pair pair = {0};
    for (size_t i = ref; i < sweep->task_count; i += sweep->ref_count)
        if (sweep->tasks[i].kind == SPT_TASK_ANALYSE) pair.tasks[pair.count++] = &sweep->tasks[i];
    return pair;
}

static void begin(struct spt_sweep *sweep, const struct spt_task *task) {
    struct spt_text label = {0};
    spt_sweep_put_label(task, &label);
    spt_progress_begin(sweep->progress, label.failed ? task->ref->label : label.data);
    spt_text_release(&label);
}

/* ref: where the checkpoint lies. */
static enum spt_status analyse_pair(struct spt_sweep *sweep, const struct pair *pair,
                                    const struct spt_checkpoint_ref *ref, struct spt_error *error) {
    enum spt_status status = SPT_OK;
    for (size_t i = 0; status == SPT_OK && i < pair->count && !sweep->stopped; i++) {
        sweep->stopped = i > 0 && on_stop(sweep);
        if (sweep->stopped) break;
        if (i > 0) begin(sweep, pair->tasks[i]);
        status = analyse(sweep, pair->tasks[i], ref, error);
    }
    return status;
}

static enum spt_status record_failures(struct spt_sweep *sweep, const struct pair *pair,
                                       const struct spt_error *failure, struct spt_error *error) {
    enum spt_status status = SPT_OK;
    for (size_t i = 0; status == SPT_OK && i < pair->count; i++) {
        if (i > 0) begin(sweep, pair->tasks[i]);
        status = record_failure(sweep, pair->tasks[i], failure, error);
    }
    return status;
}

/* Analyses the checkpoint where it was brought to, and has that removed. */
static enum spt_status fetch_and_analyse(struct spt_sweep *sweep, const struct pair *pair, struct spt_error *error) {
    const struct spt_checkpoint_ref *here;
    struct spt_error failure;
    enum spt_status status = spt_fetched_bring(sweep->fetched, pair->tasks[0]->ref, &here, &failure);
    if (status == SPT_END) {
        sweep->stopped = true;
        return SPT_OK;
    }
    if (status == SPT_NOMEM) {
        *error = failure;
        return status;
    }
    status = status == SPT_OK ? analyse_pair(sweep, pair, here, error) : record_failures(sweep, pair, &failure, error);
    if (status != SPT_OK) return status;
    status = spt_fetched_done(sweep->fetched, error);
    sweep->fetch_failed = status != SPT_OK;
    return status;
}

static enum spt_status do_pair(struct spt_sweep *sweep, const struct pair *pair, struct spt_error *error) {
    begin(sweep, pair->tasks[0]);
    return sweep->fetched ? fetch_and_analyse(sweep, pair, error)
                          : analyse_pair(sweep, pair, pair->tasks[0]->ref, error);
}

/* The fetch begins on what there is to do. */
static enum spt_status begin_fetch(struct spt_sweep *sweep, struct spt_error *error) {
    const struct spt_checkpoint_ref **wanted = spt_alloc(sweep->ref_count, sizeof *wanted);
    size_t count = 0;
    if (!wanted) return spt_fail_memory(error, sweep->ref_count * sizeof *wanted, "the steps to fetch");
    for (size_t i = 0; i < sweep->ref_count; i++)
        if (pair_of(sweep, i).count) wanted[count++] = sweep->refs[i];
    const enum spt_status status = spt_fetched_begin(sweep->fetched, wanted, count, error);
    sweep->fetch_failed = status == SPT_IO;
    free(wanted);
    return status;
}

enum spt_status spt_sweep_run(struct spt_sweep *sweep, struct spt_error *error) {
    enum spt_status status = sweep->fetched ? begin_fetch(sweep, error) : SPT_OK;
    for (size_t i = 0; status == SPT_OK && i < sweep->ref_count && !sweep->stopped; i++) {
        const struct pair pair = pair_of(sweep, i);
        if (pair.count == 0) continue;
        if (on_stop(sweep))
            sweep->stopped = true;
        else
            status = do_pair(sweep, &pair, error);
    }
    spt_progress_finish(sweep->progress);
    return status;
}
