#include "tracker/sweep.h"

#include "checkpoints/base/memory.h"
#include "checkpoints/base/text.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- what there is to do --- */

enum spt_checkpoint_state spt_sweep_state_of(const struct spt_error *error) {
    static const enum spt_checkpoint_state STATES[] = {
        [SPT_RETRY] = SPT_STATE_INCOMPLETE,
        [SPT_INVALID] = SPT_STATE_INVALID,
        [SPT_UNSUPPORTED] = SPT_STATE_UNSUPPORTED,
        [SPT_IO] = SPT_STATE_UNREADABLE,
    };
    if (error->status == SPT_IO && (error->system == ENOENT || error->system == ESTALE)) return SPT_STATE_VANISHED;
    return STATES[error->status];
}

static const struct spt_store_checkpoint *find_row(const struct spt_store_checkpoint *rows, size_t count,
                                                   const struct spt_checkpoint_ref *ref) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(rows[i].uri, ref->uri) == 0 && spt_hash_equal(rows[i].fingerprint, ref->fingerprint))
            return &rows[i];
    return NULL;
}

/* Whether an analysed checkpoint holds every metric of the plan. */
static enum spt_status has_all_metrics(const struct spt_sweep *sweep, int64_t checkpoint, bool *all,
                                       struct spt_error *error) {
    bool *present = spt_alloc(SPT_METRIC_COUNT, sizeof *present);
    if (!present) return spt_fail_memory(error, SPT_METRIC_COUNT, "a checkpoint's metrics");
    const enum spt_status status = spt_store_metrics_present(sweep->store, checkpoint, present, error);
    *all = true;
    for (size_t i = 0; status == SPT_OK && i < SPT_METRIC_COUNT; i++)
        if (sweep->wanted[i] && !present[i]) *all = false;
    free(present);
    return status;
}

/* Whether what is kept of single heads, where the plan asks for it, is there: one metric of heads tells for all. */
static enum spt_status has_heads(const struct spt_sweep *sweep, int64_t checkpoint, bool *has,
                                 struct spt_error *error) {
    *has = true;
    for (size_t i = 0; sweep->plan->keep_heads && i < SPT_METRIC_COUNT; i++) {
        float *values;
        size_t count;
        if (!sweep->wanted[i] || SPT_METRICS[i].level != SPT_LEVEL_HEAD) continue;
        const enum spt_status status =
            spt_store_vector(sweep->store, checkpoint, SPT_METRICS[i].name, 0, 0, true, &values, &count, error);
        if (status == SPT_OK) free(values);
        *has = status == SPT_OK;
        return status == SPT_END ? SPT_OK : status;
    }
    return SPT_OK;
}

static enum spt_status task_kind(const struct spt_sweep *sweep, const struct spt_store_checkpoint *row,
                                 enum spt_task_kind *kind, struct spt_error *error) {
    *kind = SPT_TASK_ANALYSE;
    if (!row || sweep->force) return SPT_OK;
    if (row->state == SPT_STATE_INVALID || row->state == SPT_STATE_UNSUPPORTED) {
        if (row->version && strcmp(row->version, SPT_VERSION) == 0) *kind = SPT_TASK_REFUSED;
        return SPT_OK;
    }
    if (row->state != SPT_STATE_ANALYSED) return SPT_OK;
    bool all = false, heads = false;
    enum spt_status status = has_all_metrics(sweep, row->id, &all, error);
    if (status == SPT_OK) status = has_heads(sweep, row->id, &heads, error);
    if (status == SPT_OK && all && heads) *kind = SPT_TASK_DONE;
    return status;
}

static struct spt_store_checkpoint row_of(const struct spt_checkpoint_ref *ref) {
    return (struct spt_store_checkpoint){
        .branch = ref->branch,
        .label = ref->label,
        .uri = ref->uri,
        .step = ref->step,
        .tokens = ref->tokens,
        .fingerprint = ref->fingerprint,
        .state = SPT_STATE_WAITING,
    };
}

/* The metrics that every analysed checkpoint of this model has: those of the plan that apply to its mask. */
static enum spt_status find_wanted(struct spt_sweep *sweep, struct spt_error *error) {
    enum spt_mask_kind kind;
    size_t window;
    struct spt_selection selection;
    sweep->wanted = spt_alloc_zeroed(SPT_METRIC_COUNT, sizeof(bool));
    if (!sweep->wanted) return spt_fail_memory(error, SPT_METRIC_COUNT, "the metrics of a sweep");
    spt_forward_mask(sweep->model, 0, &kind, &window);
    const enum spt_status status = spt_selection_init(&selection, sweep->plan, kind == SPT_MASK_FULL, error);
    if (status != SPT_OK) return status;
    for (size_t i = 0; i < selection.total; i++) sweep->wanted[selection.metrics[i] - SPT_METRICS] = true;
    spt_selection_release(&selection);
    return SPT_OK;
}

enum spt_status spt_sweep_plan(struct spt_sweep *sweep, struct spt_error *error) {
    struct spt_store_checkpoint *rows = NULL;
    size_t count = 0;
    sweep->tasks = spt_alloc_zeroed(sweep->ref_count, sizeof *sweep->tasks);
    if (!sweep->tasks) return spt_fail_memory(error, sweep->ref_count * sizeof *sweep->tasks, "a sweep");
    enum spt_status status = find_wanted(sweep, error);
    if (status == SPT_OK && sweep->store)
        status = spt_store_checkpoints(sweep->store, sweep->run, &rows, &count, error);
    for (size_t i = 0; status == SPT_OK && i < sweep->ref_count; i++) {
        struct spt_task *task = &sweep->tasks[i];
        task->ref = sweep->refs[i];
        task->row = row_of(task->ref);
        const struct spt_store_checkpoint *row = find_row(rows, count, task->ref);
        status = task_kind(sweep, row, &task->kind, error);
        if (row) task->row.state = row->state;
        if (row && row->reason && !(task->reason = spt_strdup(row->reason)))
            status = spt_fail_memory(error, strlen(row->reason), "a reason");
        if (task->kind == SPT_TASK_ANALYSE) sweep->todo++;
    }
    spt_store_free_checkpoints(rows, count);
    return status;
}

void spt_sweep_release(struct spt_sweep *sweep) {
    for (size_t i = 0; sweep->tasks && i < sweep->ref_count; i++) free(sweep->tasks[i].reason);
    free(sweep->tasks);
    free(sweep->wanted);
    spt_analysis_free(sweep->analysis);
    sweep->tasks = NULL;
    sweep->wanted = NULL;
    sweep->analysis = NULL;
}

/* --- one checkpoint --- */

/* A figure that is said when the checkpoint is done. */
struct reading {
    bool measured;
    double value;
};

/* What its figures say in one line, while they go into the store. */
struct ingest {
    struct spt_sweep *sweep;
    struct reading loss, sink;
    size_t heads, undefined_heads; /* of layers; those without a finite matrix in any sample */
    bool store_failed;             /* the failure is the store's, not the checkpoint's */
};

static enum spt_status from_store(struct ingest *ingest, enum spt_status status) {
    if (status != SPT_OK) ingest->store_failed = true;
    return status;
}

static enum spt_status on_measure(void *context, const struct spt_measure *measure, struct spt_error *error) {
    struct ingest *ingest = context;
    if (measure->layer == SPT_WHOLE_MODEL) {
        const char *name = measure->metric->name;
        if (strcmp(name, "loss") == 0) ingest->loss = (struct reading){true, measure->mean};
        if (strcmp(name, "sink.first_excess") == 0) ingest->sink = (struct reading){true, measure->mean};
    }
    if (strcmp(measure->metric->name, "sink.first") == 0 && measure->head != SPT_WHOLE_LAYER) {
        ingest->heads++;
        ingest->undefined_heads += measure->n == 0 ? 1 : 0;
    }
    return from_store(ingest, spt_store_put_measure(ingest->sweep->store, measure, error));
}

static enum spt_status on_samples(void *context, const struct spt_vector *values, struct spt_error *error) {
    struct ingest *ingest = context;
    return from_store(ingest, spt_store_put_samples(ingest->sweep->store, values, error));
}

static enum spt_status on_curve(void *context, const struct spt_vector *curve, struct spt_error *error) {
    struct ingest *ingest = context;
    return from_store(ingest, spt_store_put_curve(ingest->sweep->store, curve, error));
}

static void on_progress(void *context, size_t layer, size_t layers) {
    const struct ingest *ingest = context;
    spt_progress_layer(ingest->sweep->progress, layer, layers);
}

static bool on_stop(void *context) {
    const struct ingest *ingest = context;
    return ingest->sweep->stop && ingest->sweep->stop();
}

static struct spt_emit emit_into(struct ingest *ingest) {
    return (struct spt_emit){
        .context = ingest,
        .measure = on_measure,
        .samples = on_samples,
        .curve = on_curve,
        .progress = on_progress,
        .stop = on_stop,
    };
}

/* A checkpoint belongs to its run only when its model does. */
static enum spt_status check_model(const struct spt_sweep *sweep, const struct spt_checkpoint_ref *ref,
                                   struct spt_error *error) {
    struct spt_model_config config;
    if (!ref->config && access(ref->path, R_OK | X_OK) != 0)
        return spt_fail_system(error, errno, ref->path, "look into this checkpoint");
    if (!ref->config)
        return spt_fail(error, SPT_RETRY, ref->path,
                        "no config.json here, in the run's folder or above it; --model-config names one");
    const enum spt_status status = spt_model_config_read(ref->config, &config, error);
    if (status != SPT_OK) return status;
    struct spt_text difference = {0};
    spt_model_config_difference(&config, sweep->model, &difference);
    if (!difference.length) return difference.failed ? spt_fail_memory(error, 64, "a comparison") : SPT_OK;
    spt_fail(error, SPT_INVALID, ref->config, "is another model's than the run's: %s", difference.data);
    spt_text_release(&difference);
    return SPT_INVALID;
}

/* The files are those that were listed, and stayed so while they were read. */
static enum spt_status confirm(struct spt_checkpoint *checkpoint, const struct spt_checkpoint_ref *ref,
                               struct spt_error *error) {
    enum spt_status status = spt_checkpoint_confirm(checkpoint, error);
    struct spt_hash now;
    if (status == SPT_OK) status = spt_run_fingerprint(ref, &now, error);
    if (status == SPT_OK && !spt_hash_equal(now, ref->fingerprint))
        status = spt_fail(error, SPT_RETRY, ref->path, "changed while it was analysed");
    return status;
}

static enum spt_status analyse(struct ingest *ingest, struct spt_checkpoint *checkpoint, struct spt_task *task,
                               struct spt_error *error) {
    struct spt_sweep *sweep = ingest->sweep;
    const struct spt_emit emit = emit_into(ingest);
    const double started = spt_progress_now();
    task->row.state = SPT_STATE_ANALYSED;
    task->row.bytes = spt_checkpoint_bytes(checkpoint);
    enum spt_status status =
        from_store(ingest, spt_store_begin(sweep->store, sweep->run, &task->row, sweep->force, error));
    if (status != SPT_OK) return status;
    status = spt_analysis_checkpoint(sweep->analysis, checkpoint, &emit, error);
    if (status == SPT_OK) status = confirm(checkpoint, task->ref, error);
    if (status == SPT_OK) status = spt_checkpoint_digest(checkpoint, &task->row.digest, error);
    task->row.seconds = spt_progress_now() - started;
    if (status == SPT_OK) status = from_store(ingest, spt_store_amend(sweep->store, &task->row, error));
    if (status == SPT_OK) return from_store(ingest, spt_store_commit(sweep->store, error));
    spt_store_rollback(sweep->store);
    return status;
}

static enum spt_status record_failure(struct spt_sweep *sweep, struct spt_task *task, const struct spt_error *failure,
                                      struct spt_error *error) {
    struct spt_text reason = {0};
    if (failure->path[0]) spt_text_format(&reason, "%s: ", failure->path);
    spt_text_put(&reason, failure->message);
    if (failure->offset != SPT_NO_OFFSET) spt_text_format(&reason, " (byte %llu)", (unsigned long long)failure->offset);
    if (reason.failed) {
        spt_text_release(&reason);
        return spt_fail_memory(error, strlen(failure->message), "a reason");
    }
    free(task->reason);
    task->reason = reason.data;
    task->row.state = spt_sweep_state_of(failure);
    task->row.reason = task->reason;
    task->row.digest = (struct spt_hash){0};
    task->row.seconds = 0;
    enum spt_status status = spt_store_begin(sweep->store, sweep->run, &task->row, false, error);
    return status == SPT_OK ? spt_store_commit(sweep->store, error) : status;
}

/* Whether a failure is the checkpoint's own: recorded, and the sweep goes on. */
static bool is_of_checkpoint(const struct ingest *ingest, enum spt_status status) {
    return !ingest->store_failed && status != SPT_NOMEM;
}

static void put_reading(struct spt_text *out, const char *name, const struct reading *reading) {
    if (!reading->measured) return;
    spt_text_put(out, out->length ? "  " : "");
    if (isnan(reading->value))
        spt_text_format(out, "%s undefined", name);
    else
        spt_text_format(out, "%s %.4f", name, reading->value);
}

/* Weights that are NaN or infinite are computed with: the figures say NULL, and this says why. */
static void warn_of_nan(const struct spt_sweep *sweep, const struct spt_checkpoint_ref *ref,
                        const struct ingest *ingest) {
    const bool no_loss = ingest->loss.measured && isnan(ingest->loss.value);
    if (!no_loss && !ingest->undefined_heads) return;
    spt_log(sweep->options.log, SPT_LOG_WARNING,
            "%s: NaN or infinite values in the forward pass: %s, %zu of %zu heads have no finite attention; expected "
            "finite weights",
            ref->path, no_loss ? "the loss is undefined" : "the loss is finite", ingest->undefined_heads,
            ingest->heads);
}

static enum spt_status do_task(struct spt_sweep *sweep, struct spt_task *task, struct spt_error *error) {
    struct ingest ingest = {.sweep = sweep};
    struct spt_checkpoint *checkpoint = NULL;
    spt_progress_begin(sweep->progress, task->ref->label);
    enum spt_status status = check_model(sweep, task->ref, error);
    if (status == SPT_OK) status = spt_checkpoint_open(task->ref->path, &sweep->options, &checkpoint, error);
    if (status == SPT_OK) status = analyse(&ingest, checkpoint, task, error);
    spt_checkpoint_close(checkpoint);
    if (status == SPT_END) {
        sweep->stopped = true;
        return SPT_OK;
    }
    struct spt_text outcome = {0};
    if (status == SPT_OK) {
        warn_of_nan(sweep, task->ref, &ingest);
        put_reading(&outcome, "loss", &ingest.loss);
        put_reading(&outcome, "sink", &ingest.sink);
        sweep->analysed++;
        free(task->reason);
        task->reason = NULL;
        spt_progress_end(sweep->progress, true, outcome.data ? outcome.data : "analysed");
        spt_text_release(&outcome);
        return SPT_OK;
    }
    if (!is_of_checkpoint(&ingest, status)) return status;
    const struct spt_error failure = *error;
    status = record_failure(sweep, task, &failure, error);
    if (status != SPT_OK) return status;
    spt_text_format(&outcome, "%s: %s", spt_state_name(task->row.state), task->reason);
    spt_progress_end(sweep->progress, false, outcome.data ? outcome.data : "");
    spt_text_release(&outcome);
    return SPT_OK;
}

enum spt_status spt_sweep_run(struct spt_sweep *sweep, struct spt_error *error) {
    enum spt_status status = SPT_OK;
    for (size_t i = 0; status == SPT_OK && i < sweep->ref_count && !sweep->stopped; i++) {
        if (sweep->tasks[i].kind != SPT_TASK_ANALYSE) continue;
        if (sweep->stop && sweep->stop())
            sweep->stopped = true;
        else
            status = do_task(sweep, &sweep->tasks[i], error);
    }
    spt_progress_finish(sweep->progress);
    return status;
}
