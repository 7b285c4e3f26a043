#include "tracker/watch/tail_internal.h"

#include <string.h>

static enum spt_status put_record(struct spt_tail *tail, const struct spt_checkpoint_ref *ref,
                                  enum spt_checkpoint_state state, const char *reason, struct spt_outcome *outcome,
                                  struct spt_error *error) {
    const struct spt_ingest ingest = spt_tail_ingest(tail);
    double pause = 0;
    enum spt_status status;
    do {
        struct spt_error failure;
        status = spt_ingest_record(&ingest, ref, state, reason, outcome, &failure);
        if (status != SPT_OK && error) *error = failure;
        status = spt_tail_await_room(tail, status, &pause, &failure);
    } while (status == SPT_RETRY);
    return status;
}

/* Records a checkpoint of the queue as it was last seen. */
static enum spt_status record(struct spt_tail *tail, size_t index, enum spt_checkpoint_state state, const char *reason,
                              struct spt_error *error) {
    const struct spt_checkpoint_ref *ref = &spt_queue_item(tail->queue, index)->kept;
    struct spt_outcome outcome = {0};
    enum spt_status status = put_record(tail, ref, state, reason, &outcome, error);
    if (status == SPT_OK) status = spt_memory_note(&tail->memory, index, ref, state, reason, error);
    if (status == SPT_OK && state != SPT_STATE_WAITING) status = spt_tail_tell_end(tail, ref, &outcome, error);
    spt_outcome_release(&outcome);
    return status;
}

static void put_vanished(struct spt_text *text, bool recorded, enum spt_checkpoint_state state, const char *reason) {
    spt_text_put(text, "was removed before it was analysed");
    if (!recorded || state == SPT_STATE_VANISHED) return;
    spt_text_format(text, "; it was %s", spt_state_name(state));
    if (reason) spt_text_format(text, ": %s", reason);
}

/* What is gone and was analysed as it last was stays so; what was analysed, and was on its way out or being written anew when it went, too. */
static enum spt_status record_gone(struct spt_tail *tail, size_t index, struct spt_error *error) {
    enum spt_checkpoint_state state;
    const char *reason;
    struct spt_text text = {0};
    const struct spt_hash last = spt_queue_item(tail->queue, index)->kept.fingerprint;
    const bool recorded = spt_memory_find(&tail->memory, index, last, &state, &reason);
    if (recorded && (state == SPT_STATE_ANALYSED || state == SPT_STATE_VANISHED)) return SPT_OK;
    if (!recorded && spt_memory_is_analysed(&tail->memory, index)) return SPT_OK;
    put_vanished(&text, recorded, state, reason);
    const enum spt_status status = text.failed ? spt_fail_memory(error, 64, "a reason")
                                               : record(tail, index, SPT_STATE_VANISHED, text.data, error);
    spt_text_release(&text);
    return status;
}

static enum spt_status record_waiting(struct spt_tail *tail, size_t index, struct spt_error *error) {
    enum spt_checkpoint_state state;
    const char *known;
    const struct spt_queued *item = spt_queue_item(tail->queue, index);
    if (spt_memory_find(&tail->memory, index, item->kept.fingerprint, &state, &known) && state == SPT_STATE_WAITING &&
        known && strcmp(known, item->reason) == 0)
        return SPT_OK;
    return record(tail, index, SPT_STATE_WAITING, item->reason, error);
}

enum spt_status spt_tail_record_waiting(struct spt_tail *tail, size_t index, const char *reason,
                                        struct spt_error *error) {
    return record(tail, index, SPT_STATE_WAITING, reason, error);
}

static enum spt_status take_news(struct spt_tail *tail, size_t index, struct spt_error *error) {
    const struct spt_queued *item = spt_queue_item(tail->queue, index);
    if (!item->ref) return record_gone(tail, index, error);
    const enum spt_status status = spt_memory_settle(&tail->memory, tail->queue, index, error);
    const bool waits = item->awaits && item->state == SPT_WATCHED_WAITING;
    return status == SPT_OK && waits ? record_waiting(tail, index, error) : status;
}

static enum spt_status give_up(struct spt_tail *tail, size_t index, struct spt_error *error) {
    const char *reason = spt_queue_item(tail->queue, index)->reason;
    const enum spt_status status = spt_queue_refuse(tail->queue, index, reason, error);
    return status == SPT_OK
               ? record(tail, index, SPT_STATE_INCOMPLETE, spt_queue_item(tail->queue, index)->reason, error)
               : status;
}

enum spt_status spt_tail_record_news(struct spt_tail *tail, double now, struct spt_error *error) {
    enum spt_status status = SPT_OK;
    for (size_t i; status == SPT_OK && (i = spt_queue_news(tail->queue)) != SPT_QUEUE_NONE;)
        status = take_news(tail, i, error);
    for (size_t i; status == SPT_OK && (i = spt_queue_overdue(tail->queue, now)) != SPT_QUEUE_NONE;)
        status = give_up(tail, i, error);
    return status;
}

/* Rows of checkpoints that an earlier watch left waiting, and that are not there any more. Of steps that are not asked for nothing is known. */
enum spt_status spt_tail_record_lost(struct spt_tail *tail, const struct spt_ledger *ledger, struct spt_error *error) {
    enum spt_status status = SPT_OK;
    for (size_t i = 0; status == SPT_OK && i < ledger->count; i++) {
        const struct spt_store_checkpoint *row = &ledger->rows[i];
        const struct spt_checkpoint_ref ref = spt_ledger_ref(row);
        struct spt_text reason = {0};
        struct spt_outcome outcome = {0};
        if (row->state == SPT_STATE_ANALYSED || row->state == SPT_STATE_VANISHED ||
            !spt_config_steps_has(tail->options->config->steps, row->step) ||
            spt_queue_find(tail->queue, row->uri) != SPT_QUEUE_NONE)
            continue;
        put_vanished(&reason, true, row->state, row->reason);
        status = reason.failed ? spt_fail_memory(error, 64, "a reason")
                               : put_record(tail, &ref, SPT_STATE_VANISHED, reason.data, &outcome, error);
        if (status == SPT_OK) status = spt_tail_tell_end(tail, &ref, &outcome, error);
        spt_outcome_release(&outcome);
        spt_text_release(&reason);
    }
    return status;
}
