#include "tracker/ingest.h"

#include "checkpoints/base/memory.h"
#include "checkpoints/base/text.h"
#include "tracker/progress.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum spt_checkpoint_state spt_ingest_state_of(const struct spt_error *error) {
    static const enum spt_checkpoint_state STATES[] = {
        [SPT_RETRY] = SPT_STATE_INCOMPLETE,
        [SPT_INVALID] = SPT_STATE_INVALID,
        [SPT_UNSUPPORTED] = SPT_STATE_UNSUPPORTED,
        [SPT_IO] = SPT_STATE_UNREADABLE,
    };
    if (error->status == SPT_IO && (error->system == ENOENT || error->system == ESTALE)) return SPT_STATE_VANISHED;
    return STATES[error->status];
}

void spt_outcome_release(struct spt_outcome *outcome) {
    free(outcome->reason);
    *outcome = (struct spt_outcome){0};
}

/* --- what its figures say --- */

/* One checkpoint on its way into the store. */
struct passage {
    const struct spt_ingest *ingest;
    struct spt_outcome *outcome;
    size_t heads, undefined_heads; /* of layers; those without a finite matrix in any sample */
    size_t bad;                    /* samples without a loss, or without a finite matrix of some head */
    uint64_t bytes;                /* of its weight files, once they are open */
    bool store_failed;             /* the failure is the store's, not the checkpoint's */
};

static struct spt_store *store_of(const struct passage *passage) {
    return passage->ingest->session->store;
}

static enum spt_status from_store(struct passage *passage, enum spt_status status) {
    if (status != SPT_OK) passage->store_failed = true;
    return status;
}

/* Samples of one token, which have no loss whatever the weights. */
static size_t without_prediction(const struct spt_probe *probe) {
    size_t count = 0;
    for (size_t i = 0; i < probe->samples; i++) count += probe->offset[i + 1] - probe->offset[i] == 1;
    return count;
}

static void note_bad(struct passage *passage, size_t bad) {
    if (bad > passage->bad) passage->bad = bad;
}

static enum spt_status on_measure(void *context, const struct spt_measure *measure, struct spt_error *error) {
    struct passage *passage = context;
    const char *name = measure->metric->name;
    if (measure->layer == SPT_WHOLE_MODEL) {
        const struct spt_reading reading = {true, measure->mean};
        if (strcmp(name, "loss") == 0) {
            passage->outcome->loss = reading;
            note_bad(passage, measure->bad - without_prediction(&passage->ingest->session->samples.probe));
        }
        if (strcmp(name, "sink.first_excess") == 0) passage->outcome->sink = reading;
    }
    if (strcmp(name, "sink.first") == 0 && measure->head != SPT_WHOLE_LAYER) {
        passage->heads++;
        passage->undefined_heads += measure->n == 0 ? 1 : 0;
        note_bad(passage, measure->bad);
    }
    return from_store(passage, spt_store_put_measure(store_of(passage), measure, error));
}

static enum spt_status on_samples(void *context, const struct spt_vector *values, struct spt_error *error) {
    struct passage *passage = context;
    return from_store(passage, spt_store_put_samples(store_of(passage), values, error));
}

static enum spt_status on_curve(void *context, const struct spt_vector *curve, struct spt_error *error) {
    struct passage *passage = context;
    return from_store(passage, spt_store_put_curve(store_of(passage), curve, error));
}

static enum spt_status on_draws(void *context, const struct spt_vector *draws, struct spt_error *error) {
    struct passage *passage = context;
    return from_store(passage, spt_store_put_draws(store_of(passage), draws, error));
}

static void on_layer(void *context, size_t layer, size_t layers) {
    const struct spt_ingest *ingest = ((const struct passage *)context)->ingest;
    if (ingest->layer) ingest->layer(ingest->context, layer, layers);
}

static bool on_stop(void *context) {
    const struct spt_ingest *ingest = ((const struct passage *)context)->ingest;
    return ingest->stop && ingest->stop(ingest->context);
}

/* Weights that are NaN or infinite are computed with: the figures say NULL, and this says why. Where every sample is one
 * token there is none to predict, and no loss whatever the weights. */
static void warn_of_nan(const struct passage *passage, const struct spt_checkpoint_ref *ref) {
    const struct spt_reading *loss = &passage->outcome->loss;
    const struct spt_session *session = passage->ingest->session;
    const struct spt_probe *probe = &session->samples.probe;
    const bool no_loss = loss->measured && isnan(loss->value) && probe->longest > 1;
    if (no_loss || passage->undefined_heads)
        spt_log(session->log, SPT_LOG_WARNING,
                "%s: NaN or infinite values in the forward pass: %s, %zu of %zu heads have no finite attention; "
                "expected finite weights",
                ref->path, no_loss ? "the loss is undefined" : "the loss is finite", passage->undefined_heads,
                passage->heads);
    else if (passage->bad)
        spt_log(session->log, SPT_LOG_WARNING,
                "%s: NaN or infinite values in the forward pass of %zu of %zu samples, whose figures are left out; "
                "expected finite weights",
                ref->path, passage->bad, probe->samples);
}

/* --- into the store --- */

static struct spt_store_checkpoint row_of(const struct spt_checkpoint_ref *ref, enum spt_checkpoint_state state) {
    return (struct spt_store_checkpoint){
        .branch = ref->branch,
        .label = ref->label,
        .uri = ref->uri,
        .step = ref->step,
        .tokens = ref->tokens,
        .fingerprint = ref->fingerprint,
        .state = state,
    };
}

/* A checkpoint belongs to its run only when its model does. checkpoint: NULL where
 * its model does not take the weights. */
static enum spt_status check_model(const struct spt_session *session, const struct spt_checkpoint_ref *ref,
                                   const struct spt_checkpoint *checkpoint, struct spt_error *error) {
    struct spt_model_config config;
    if (!ref->config && !ref->tree && access(ref->path, R_OK | X_OK) != 0)
        return spt_fail_system(error, errno, ref->path, "look into this checkpoint");
    const enum spt_status status = spt_run_read_model_of(ref, checkpoint, &config, error);
    if (status != SPT_OK) return status;
    struct spt_text difference = {0};
    spt_model_config_difference(&config, &session->model, &difference);
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

/* What an earlier pass measured is said with what this one did. */
static enum spt_status read_earlier(const struct passage *passage, int64_t checkpoint, const char *metric,
                                    struct spt_reading *reading, struct spt_error *error) {
    if (reading->measured) return SPT_OK;
    const enum spt_status status =
        spt_store_mean(store_of(passage), checkpoint, metric, SPT_WHOLE_MODEL, SPT_WHOLE_LAYER, &reading->value, error);
    reading->measured = status == SPT_OK;
    return status == SPT_END ? SPT_OK : status;
}

static enum spt_status analyse(struct passage *passage, struct spt_checkpoint *checkpoint,
                               const struct spt_checkpoint_ref *ref, struct spt_error *error) {
    const struct spt_ingest *ingest = passage->ingest;
    const struct spt_session *session = ingest->session;
    const struct spt_emit emit = {
        .context = passage,
        .measure = on_measure,
        .samples = on_samples,
        .curve = on_curve,
        .draws = on_draws,
        .progress = on_layer,
        .stop = on_stop,
    };
    const double started = spt_progress_now();
    struct spt_store_checkpoint row = row_of(ref, SPT_STATE_ANALYSED);
    row.bytes = passage->bytes = spt_checkpoint_bytes(checkpoint);
    enum spt_status status =
        from_store(passage, spt_store_begin(session->store, session->identity.id, &row, ingest->force, error));
    if (status != SPT_OK) return status;
    status = spt_analysis_checkpoint(session->analysis, checkpoint, &emit, error);
    if (status == SPT_OK) status = confirm(checkpoint, ref, error);
    if (status == SPT_OK) status = spt_checkpoint_digest(checkpoint, &row.digest, error);
    row.seconds = spt_progress_now() - started;
    if (status == SPT_OK) status = from_store(passage, spt_store_amend(session->store, &row, error));
    struct spt_outcome *outcome = passage->outcome;
    if (status == SPT_OK) status = from_store(passage, read_earlier(passage, row.id, "loss", &outcome->loss, error));
    if (status == SPT_OK)
        status = from_store(passage, read_earlier(passage, row.id, "sink.first_excess", &outcome->sink, error));
    if (status == SPT_OK) {
        outcome->state = SPT_STATE_ANALYSED;
        outcome->id = row.id;
        outcome->seconds = row.seconds;
        outcome->digest = row.digest;
        return from_store(passage, spt_store_commit(session->store, error));
    }
    spt_store_rollback(session->store);
    return status;
}

static enum spt_status record(const struct spt_ingest *ingest, struct spt_store_checkpoint *row, const char *reason,
                              struct spt_outcome *outcome, struct spt_error *error) {
    const struct spt_session *session = ingest->session;
    *outcome = (struct spt_outcome){.state = row->state, .reason = spt_strdup(reason)};
    if (!outcome->reason) return spt_fail_memory(error, strlen(reason), "a reason");
    row->reason = outcome->reason;
    enum spt_status status = spt_store_begin(session->store, session->identity.id, row, false, error);
    if (status == SPT_OK) status = spt_store_commit(session->store, error);
    if (status != SPT_OK)
        spt_outcome_release(outcome);
    else
        outcome->id = row->id;
    return status;
}

enum spt_status spt_ingest_record(const struct spt_ingest *ingest, const struct spt_checkpoint_ref *ref,
                                  enum spt_checkpoint_state state, const char *reason, struct spt_outcome *outcome,
                                  struct spt_error *error) {
    struct spt_store_checkpoint row = row_of(ref, state);
    return record(ingest, &row, reason, outcome, error);
}

static enum spt_status record_failure(const struct passage *passage, const struct spt_checkpoint_ref *ref,
                                      const struct spt_error *failure, struct spt_error *error) {
    const struct spt_ingest *ingest = passage->ingest;
    const bool incomplete = failure->status == SPT_RETRY;
    struct spt_store_checkpoint row = row_of(ref, incomplete ? ingest->incomplete_as : spt_ingest_state_of(failure));
    struct spt_text reason = {0};
    row.bytes = passage->bytes;
    if (failure->path[0]) spt_text_format(&reason, "%s: ", failure->path);
    spt_text_put(&reason, failure->message);
    if (failure->offset != SPT_NO_OFFSET) spt_text_format(&reason, " (byte %llu)", (unsigned long long)failure->offset);
    const enum spt_status status = reason.failed ? spt_fail_memory(error, strlen(failure->message), "a reason")
                                                 : record(ingest, &row, reason.data, passage->outcome, error);
    spt_text_release(&reason);
    return status;
}

enum spt_status spt_ingest_checkpoint(const struct spt_ingest *ingest, const struct spt_checkpoint_ref *ref,
                                      struct spt_outcome *outcome, struct spt_error *error) {
    *outcome = (struct spt_outcome){.state = SPT_STATE_WAITING};
    struct passage passage = {.ingest = ingest, .outcome = outcome};
    struct spt_checkpoint_options options = ingest->options;
    options.tree = ref->tree;
    struct spt_checkpoint *checkpoint = NULL;
    struct spt_error failure;
    enum spt_status status = spt_run_check_marker(ref, &failure);
    const bool weights_first = spt_run_model_takes_weights(ref);
    if (status == SPT_OK && !weights_first) status = check_model(ingest->session, ref, NULL, &failure);
    if (status == SPT_OK) status = spt_checkpoint_open(ref->path, &options, &checkpoint, &failure);
    if (status == SPT_OK && weights_first) status = check_model(ingest->session, ref, checkpoint, &failure);
    if (status == SPT_OK) status = analyse(&passage, checkpoint, ref, &failure);
    spt_checkpoint_close(checkpoint);
    if (status == SPT_OK) {
        warn_of_nan(&passage, ref);
        return SPT_OK;
    }
    *outcome = (struct spt_outcome){.stopped = status == SPT_END};
    if (outcome->stopped) return SPT_OK;
    const bool own = !passage.store_failed && status != SPT_NOMEM; /* the checkpoint's own: recorded, others go on */
    if (own) return record_failure(&passage, ref, &failure, error);
    if (error) *error = failure;
    return status;
}

/* --- what is said of it --- */

static void put_reading(struct spt_text *out, const char *name, const struct spt_reading *reading) {
    if (!reading->measured) return;
    spt_text_put(out, out->length ? "  " : "");
    if (isnan(reading->value))
        spt_text_format(out, "%s undefined", name);
    else
        spt_text_format(out, "%s %.4f", name, reading->value);
}

void spt_outcome_describe(const struct spt_outcome *outcome, struct spt_text *out) {
    if (outcome->state != SPT_STATE_ANALYSED) {
        spt_text_format(out, "%s: %s", spt_state_name(outcome->state), outcome->reason ? outcome->reason : "");
        return;
    }
    struct spt_text readings = {0};
    put_reading(&readings, "loss", &outcome->loss);
    put_reading(&readings, "sink", &outcome->sink);
    spt_text_put(out, readings.length ? readings.data : "analysed");
    spt_text_release(&readings);
}
