/* Analyses what of a run is not yet analysed, one checkpoint after the other, into the store.
 *
 *     spt_sweep_plan(&sweep)  ->  what there is to do  ->  spt_sweep_run(&sweep)
 *
 * What becomes of a checkpoint (states as the store has them):
 *
 *                      +--> analysed       all its rows in one transaction; groups of metrics, or values of heads, that are missing are added by a later sweep
 *      waiting --------+--> incomplete     something is missing, or it changed while it was read: tried again by every sweep
 *                      +--> invalid        its files break their format or each other: tried again when files or version change
 *                      +--> unsupported    well formed, beyond this version: tried again when files or version change
 *                      +--> vanished       gone while it was read: tried again by every sweep
 *                      +--> unreadable     the system refused: tried again by every sweep
 */
#ifndef SPT_SWEEP_H
#define SPT_SWEEP_H

#include "analysis/analyze.h"
#include "analysis/selection.h"
#include "checkpoints/run.h"
#include "tracker/progress.h"
#include "tracker/store/store.h"

enum spt_task_kind {
    SPT_TASK_DONE,    /* analysed with all that is asked for */
    SPT_TASK_REFUSED, /* known to be invalid or unsupported, and unchanged */
    SPT_TASK_ANALYSE,
};

struct spt_task {
    const struct spt_checkpoint_ref *ref;
    enum spt_task_kind kind;
    struct spt_store_checkpoint row; /* as it is, or will be, in the ledger; strings borrowed from ref */
    char *reason;                    /* why it could not be analysed; NULL: no reason */
};

struct spt_sweep {
    /* set by the caller */
    const struct spt_checkpoint_ref *const *refs; /* [ref_count] */
    size_t ref_count;
    const struct spt_plan *plan;
    struct spt_analysis *analysis; /* owned from here on; NULL while planning */
    const struct spt_model_config *model;
    const struct spt_probe *probe;
    struct spt_checkpoint_options options;
    struct spt_store *store; /* NULL while planning what a dry run shows without a store */
    int64_t run;
    bool force;
    struct spt_progress *progress;
    bool (*stop)(void);
    /* made by spt_sweep_plan; released by spt_sweep_release */
    struct spt_task *tasks; /* [ref_count] */
    size_t todo;            /* tasks that are to be analysed */
    bool *wanted;           /* [SPT_METRIC_COUNT] what an analysed checkpoint has to hold */
    /* made by spt_sweep_run */
    size_t analysed;
    bool stopped;
};

/* Holds the refs against the ledger. Reads no checkpoint. */
enum spt_status spt_sweep_plan(struct spt_sweep *sweep, struct spt_error *error);

/* Does the tasks. A checkpoint that fails is recorded with its reason and the sweep goes on; what ends it is a store or memory that fails,
 * or stop (then sweep->stopped, and SPT_OK). */
enum spt_status spt_sweep_run(struct spt_sweep *sweep, struct spt_error *error);
void spt_sweep_release(struct spt_sweep *sweep);

/* The state that a failure to read a checkpoint leaves it in. */
enum spt_checkpoint_state spt_sweep_state_of(const struct spt_error *error);

#endif
