#include "tracker/watch/memory.h"

#include "checkpoints/base/memory.h"

#include <stdlib.h>
#include <string.h>

void spt_memory_release(struct spt_memory *memory) {
    for (size_t i = 0; i < memory->count; i++) free(memory->memos[i].reason);
    free(memory->memos);
    *memory = (struct spt_memory){0};
}

/* The memo of index, made when it is missing; NULL: out of memory. */
static struct spt_memo *memo_of(struct spt_memory *memory, size_t index, struct spt_error *error) {
    if (!spt_grow((void **)&memory->memos, &memory->capacity, index + 1, sizeof *memory->memos)) {
        spt_fail_memory(error, (index + 1) * sizeof *memory->memos, "what is known of checkpoints");
        return NULL;
    }
    while (memory->count <= index) memory->memos[memory->count++] = (struct spt_memo){0};
    return &memory->memos[index];
}

static bool is_refused(enum spt_checkpoint_state state) {
    return state == SPT_STATE_INVALID || state == SPT_STATE_UNSUPPORTED;
}

static enum spt_status set_other(struct spt_memo *memo, struct spt_hash fingerprint, enum spt_checkpoint_state state,
                                 bool final, const char *reason, struct spt_error *error) {
    char *copied = reason ? spt_strdup(reason) : NULL;
    if (reason && !copied) return spt_fail_memory(error, strlen(reason), "a reason");
    free(memo->reason);
    memo->reason = copied;
    memo->other = true;
    memo->other_as = fingerprint;
    memo->state = state;
    memo->final = final;
    return SPT_OK;
}

/* Rows of one uri come in any order; of those that are not analysed, only that of the files which are there now can tell anything. */
static enum spt_status take_row(struct spt_memory *memory, const struct spt_store_checkpoint *row,
                                const struct spt_session *session, struct spt_queue *queue, struct spt_error *error) {
    const struct spt_checkpoint_ref ref = spt_ledger_ref(row);
    size_t index = spt_queue_find(queue, row->uri);
    enum spt_task_kind kind;
    enum spt_status status = SPT_OK;
    if (row->state == SPT_STATE_ANALYSED) status = spt_queue_remember(queue, &ref, &index, error);
    if (status != SPT_OK || index == SPT_QUEUE_NONE) return status;
    status = spt_session_task(session, row, false, &kind, error);
    if (status != SPT_OK) return status;
    struct spt_memo *memo = memo_of(memory, index, error);
    if (!memo) return SPT_NOMEM;
    if (row->state == SPT_STATE_ANALYSED) {
        memo->analysed = true;
        memo->analysed_as = row->fingerprint;
        memo->whole = kind == SPT_TASK_DONE;
        memo->part = memo->whole ? 0 : row->id;
        return SPT_OK;
    }
    const bool there = spt_hash_equal(row->fingerprint, spt_queue_item(queue, index)->kept.fingerprint);
    if (memo->other && !there) return SPT_OK;
    return set_other(memo, row->fingerprint, row->state, kind == SPT_TASK_REFUSED, row->reason, error);
}

enum spt_status spt_memory_read(struct spt_memory *memory, const struct spt_ledger *ledger,
                                const struct spt_session *session, struct spt_queue *queue, struct spt_error *error) {
    enum spt_status status = SPT_OK;
    for (size_t i = 0; status == SPT_OK && i < ledger->count; i++)
        status = take_row(memory, &ledger->rows[i], session, queue, error);
    return status;
}

enum spt_status spt_memory_settle(const struct spt_memory *memory, struct spt_queue *queue, size_t index,
                                  struct spt_error *error) {
    if (index >= memory->count) return SPT_OK;
    const struct spt_memo *memo = &memory->memos[index];
    const struct spt_hash now = spt_queue_item(queue, index)->kept.fingerprint;
    if (memo->analysed && memo->whole && spt_hash_equal(memo->analysed_as, now)) {
        spt_queue_analysed(queue, index);
        return SPT_OK;
    }
    if (memo->other && memo->final && spt_hash_equal(memo->other_as, now))
        return spt_queue_refuse(queue, index, memo->reason, error);
    return SPT_OK;
}

enum spt_status spt_memory_note(struct spt_memory *memory, size_t index, const struct spt_checkpoint_ref *ref,
                                enum spt_checkpoint_state state, const char *reason, struct spt_error *error) {
    struct spt_memo *memo = memo_of(memory, index, error);
    if (!memo) return SPT_NOMEM;
    const bool was = memo->analysed && spt_hash_equal(memo->analysed_as, ref->fingerprint);
    if (state != SPT_STATE_ANALYSED) /* a row that is analysed stays so when a later pass over it fails */
        return was ? SPT_OK : set_other(memo, ref->fingerprint, state, is_refused(state), reason, error);
    memo->analysed = memo->whole = true;
    memo->analysed_as = ref->fingerprint;
    memo->part = 0;
    memo->other = false; /* it is superseded */
    return SPT_OK;
}

bool spt_memory_find(const struct spt_memory *memory, size_t index, struct spt_hash fingerprint,
                     enum spt_checkpoint_state *state, const char **reason) {
    const struct spt_memo *memo = index < memory->count ? &memory->memos[index] : NULL;
    *reason = NULL;
    *state = SPT_STATE_ANALYSED;
    if (memo && memo->analysed && spt_hash_equal(memo->analysed_as, fingerprint)) return true;
    if (!memo || !memo->other || !spt_hash_equal(memo->other_as, fingerprint)) return false;
    *state = memo->state;
    *reason = memo->reason;
    return true;
}

int64_t spt_memory_part(const struct spt_memory *memory, size_t index, struct spt_hash fingerprint) {
    const struct spt_memo *memo = index < memory->count ? &memory->memos[index] : NULL;
    return memo && spt_hash_equal(memo->analysed_as, fingerprint) ? memo->part : 0;
}

bool spt_memory_is_analysed(const struct spt_memory *memory, size_t index) {
    return index < memory->count && memory->memos[index].analysed;
}
