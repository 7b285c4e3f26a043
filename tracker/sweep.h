/* Analyses what of a run is not yet analysed, one checkpoint after the other, into the store; with a control each checkpoint for both, one
 * after the other, while its weights are at hand.
 *
 *     spt_sweep_plan(&sweep)  ->  what there is to do  ->  spt_sweep_run(&sweep)  ->  spt_sweep_release(&sweep)
 *
 * What becomes of a checkpoint: tracker/ingest.h.
 */
#ifndef SPT_SWEEP_H
#define SPT_SWEEP_H

#include "tracker/alerts/alerts.h"
#include "tracker/fetched_run.h"
#include "tracker/ingest.h"
#include "tracker/progress.h"
#include "tracker/session.h"

struct spt_task {
    const struct spt_checkpoint_ref *ref;
    struct spt_session *session; /* which it is analysed for */
    enum spt_task_kind kind;
    enum spt_checkpoint_state state; /* as it is in the ledger; WAITING: not there */
    int64_t row;                     /* of these very files, that are analysed and lack something; 0: none */
    char *reason;                    /* why it could not be analysed; NULL: no reason */
};

struct spt_sweep {
    /* set by the caller, borrowed */
    const struct spt_checkpoint_ref *const *refs; /* [ref_count] */
    size_t ref_count;
    struct spt_session *session; /* attached; or not, for a dry run without a store */
    struct spt_session *control; /* the same for the run's control; NULL: there is none */
    bool force;
    bool fetches; /* its checkpoints are not here: what is known of them is found by uri, whatever their files were */
    struct spt_fetched *fetched; /* brings them, once planned; NULL where fetches is not set */
    struct spt_alerts *alerts;   /* judged after each checkpoint; NULL: none */
    struct spt_progress *progress;
    bool (*stop)(void *context); /* as in spt_ingest; may be NULL */
    void *context;
    /* made by spt_sweep_plan; released by spt_sweep_release */
    struct spt_task *tasks; /* [task_count] of ref i at i; of the control, where there is one, at ref_count + i */
    size_t task_count;
    size_t todo; /* tasks that are to be analysed */
    /* made by spt_sweep_run */
    size_t analysed;
    bool stopped;
    bool fetch_failed; /* what ended it is a folder that cannot be removed, or made */
};

/* Holds the refs against the ledger. Reads no checkpoint. */
enum spt_status spt_sweep_plan(struct spt_sweep *sweep, struct spt_error *error);

/* Does the tasks. A checkpoint that fails is recorded with its reason and the sweep goes on (one that cannot be fetched as an event too);
 * what ends it is a store or memory that fails, a fetched folder that cannot be removed, or stop (then sweep->stopped, and SPT_OK). */
enum spt_status spt_sweep_run(struct spt_sweep *sweep, struct spt_error *error);
void spt_sweep_release(struct spt_sweep *sweep);

/* The tasks [ref_count] of one of its sessions. */
const struct spt_task *spt_sweep_tasks_of(const struct spt_sweep *sweep, const struct spt_session *session);

/* A task's checkpoint, as it is said: its label, and " (shuffled)" where it is the control's. */
void spt_sweep_put_label(const struct spt_task *task, struct spt_text *text);

#endif
