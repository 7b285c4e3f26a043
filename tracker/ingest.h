/* One checkpoint into the store: opened, analysed, held against its files once more, and committed as one transaction.
 *
 * What becomes of it (states as the store has them):
 *
 *                      +--> analysed       all its rows in one transaction; groups of metrics, or values of heads, that are missing are added later
 *      waiting --------+--> incomplete     something is missing, or it changed while it was read: tried again by every sweep
 *       ^        |     +--> invalid        its files break their format or each other: tried again when files or version change
 *       '--------'     +--> unsupported    well formed, beyond this version: tried again when files or version change
 *      (a watch, until +--> vanished       gone while it was read: tried again by every sweep
 *       the deadline)  +--> unreadable     the system refused: tried again by every sweep
 */
#ifndef SPT_INGEST_H
#define SPT_INGEST_H

#include "checkpoints/checkpoint.h"
#include "tracker/session.h"

struct spt_ingest {
    struct spt_session *session; /* attached, with its analysis */
    struct spt_checkpoint_options options;
    bool force; /* its figures are replaced */
    /* What SPT_RETRY is recorded as: SPT_STATE_INCOMPLETE, or SPT_STATE_WAITING while its writer may be at work. */
    enum spt_checkpoint_state incomplete_as;
    void *context; /* of the two below, which may be NULL */
    void (*layer)(void *context, size_t layer, size_t layers);
    bool (*stop)(void *context); /* asked between pieces of work, in any thread */
};

/* A figure that is said when the checkpoint is done. */
struct spt_reading {
    bool measured; /* now, or by an earlier pass over the checkpoint */
    double value;
};

struct spt_outcome {
    enum spt_checkpoint_state state;
    char *reason; /* NULL when analysed */
    int64_t id;   /* of its row */
    bool stopped; /* stop said so: nothing was recorded */
    struct spt_reading loss, sink;
    double seconds;
    struct spt_hash digest; /* 0: none */
};

/* Analyses ref and records what became of it. SPT_OK whatever became of it; a failure is the store's or memory's, nothing of the checkpoint
 * is stored then, and outcome is empty. Files are open no longer than they are read. Weights that are NaN are said through the session's
 * log. Release outcome in any case. */
enum spt_status spt_ingest_checkpoint(const struct spt_ingest *ingest, const struct spt_checkpoint_ref *ref,
                                      struct spt_outcome *outcome, struct spt_error *error);

/* Records a checkpoint in a state other than analysed, without opening it. */
enum spt_status spt_ingest_record(const struct spt_ingest *ingest, const struct spt_checkpoint_ref *ref,
                                  enum spt_checkpoint_state state, const char *reason, struct spt_outcome *outcome,
                                  struct spt_error *error);
void spt_outcome_release(struct spt_outcome *outcome);

/* "loss 6.9312  sink 0.0123", or "invalid: <reason>": one line for people. */
void spt_outcome_describe(const struct spt_outcome *outcome, struct spt_text *out);

/* The state that a failure to read a checkpoint leaves it in. */
enum spt_checkpoint_state spt_ingest_state_of(const struct spt_error *error);

#endif
