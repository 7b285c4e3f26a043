/* What the store has of a run's checkpoints, held in memory: read once, and kept up by the only writer, who is us.
 *
 *     spt_memory_read  ->  spt_memory_settle for each checkpoint that is new or changed, spt_memory_note for each that is recorded
 *                      ->  spt_memory_release
 *
 * Of each checkpoint (by its index in the queue) two rows may count: the one that is analysed, and one of other files since then.
 */
#ifndef SPT_WATCH_MEMORY_H
#define SPT_WATCH_MEMORY_H

#include "tracker/ledger.h"
#include "tracker/session.h"
#include "tracker/watch/queue.h"

struct spt_memo {
    bool analysed, whole;        /* whole: with all that is asked for */
    struct spt_hash analysed_as; /* the fingerprint of the files that were */
    int64_t part;                /* id of the analysed row while it is not whole; 0: it is, or there is none */
    bool other, final;           /* final: there is no sense in trying these files again */
    struct spt_hash other_as;
    enum spt_checkpoint_state state; /* of the other row */
    char *reason;                    /* of the other row; owned */
};

struct spt_memory {
    struct spt_memo *memos; /* [count] by index in the queue */
    size_t count, capacity;
};

/* Takes in what the ledger has. Rows of checkpoints that are neither analysed nor seen by the queue are left out. */
enum spt_status spt_memory_read(struct spt_memory *memory, const struct spt_ledger *ledger,
                                const struct spt_session *session, struct spt_queue *queue, struct spt_error *error);
void spt_memory_release(struct spt_memory *memory);

/* Tells the queue what is known of files that are as they were: analysed, or refused for good. */
enum spt_status spt_memory_settle(const struct spt_memory *memory, struct spt_queue *queue, size_t index,
                                  struct spt_error *error);

/* What the store has of item's files now. SPT_NOMEM. */
enum spt_status spt_memory_note(struct spt_memory *memory, size_t index, const struct spt_checkpoint_ref *ref,
                                enum spt_checkpoint_state state, const char *reason, struct spt_error *error);

/* What the store has of these very files; *reason may be NULL. false: nothing. */
bool spt_memory_find(const struct spt_memory *memory, size_t index, struct spt_hash fingerprint,
                     enum spt_checkpoint_state *state, const char **reason);
/* The row to which an analysis of these very files adds what it lacks; 0: none, all is measured. */
int64_t spt_memory_part(const struct spt_memory *memory, size_t index, struct spt_hash fingerprint);
/* Some files of this name were analysed. */
bool spt_memory_is_analysed(const struct spt_memory *memory, size_t index);

#endif
