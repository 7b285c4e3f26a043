/* Everything the checkpoints of one run are analysed with: its model, the probe's samples, the plan, its row in the store.
 *
 *     spt_session_open (reads config.json, tokenizer, probe; touches no store)
 *       ->  spt_session_attach (the run's row; what of it is analysed)  ->  spt_session_task for each checkpoint
 *       ->  spt_session_analysis, before the first checkpoint that is analysed  ->  tracker/ingest.h
 *       ->  spt_session_release
 *
 * A sweep opens one for each RUN and does it; a watch keeps one for each folder. One thread at a time.
 */
#ifndef SPT_SESSION_H
#define SPT_SESSION_H

#include "analysis/analyze.h"
#include "checkpoints/run.h"
#include "tracker/config/config.h"
#include "tracker/control.h"
#include "tracker/sample_set.h"
#include "tracker/store/store.h"

#include <stdbool.h>
#include <stddef.h>

struct spt_session {
    const struct spt_config *config; /* borrowed */
    const struct spt_log *log;       /* borrowed */
    struct spt_model_config model;   /* of most of the run's checkpoints when the session was opened */
    struct spt_sample_set samples;
    struct spt_plan plan;
    struct spt_store_run identity; /* strings borrowed from the owned fields below; id 0 until attached */
    char *name, *source;           /* owned copies: the run's list may be read anew while the session lives */
    enum spt_control control;      /* SPT_CONTROL_NONE: it is the run itself */
    char *model_text, *probe_text, *plan_text; /* what the digests are of, one "key: value" a line */
    bool *wanted;                              /* [SPT_METRIC_COUNT] what an analysed checkpoint has to hold */
    struct spt_store *store;                   /* borrowed; NULL until attached */
    bool taken;                    /* spt_session_attach failed because another folder's run has this identity */
    struct spt_analysis *analysis; /* NULL until spt_session_analysis */
    struct spt_plan narrow; /* what analysis measures: the plan, or a part of its metrics (its metric is owned) */
    /* Told of long work that is no checkpoint's, when it begins; the caller's to set once the session is open. NULL: nobody. */
    void (*say)(void *context, const char *line);
    void *say_context;
};

/* run: the whole run as it lies on disk now; refs [ref_count]: those of it that are asked for (the tokenizer is the first of theirs).
 * Zero-initialised or released sessions only. SPT_INVALID, SPT_UNSUPPORTED, SPT_IO name the file or key, what was found and what was
 * expected; SPT_RETRY: no checkpoint has a config.json or tokenizer yet (in a sweep as final as SPT_INVALID; a watch waits). After a
 * failure the session is released. */
enum spt_status spt_session_open(struct spt_session *session, const struct spt_config *config,
                                 const struct spt_log *log, const struct spt_run *run,
                                 const struct spt_checkpoint_ref *const *refs, size_t ref_count,
                                 struct spt_error *error);

/* The same for the run's control of this kind (tracker/control.h): a run of its own, with the samples' tokens shuffled. SPT_CONTROL_NONE is
 * the run itself. */
enum spt_status spt_session_open_control(struct spt_session *session, enum spt_control control,
                                         const struct spt_config *config, const struct spt_log *log,
                                         const struct spt_run *run, const struct spt_checkpoint_ref *const *refs,
                                         size_t ref_count, struct spt_error *error);
void spt_session_release(struct spt_session *session);

/* Finds or makes the run's row. SPT_INVALID with taken set: another folder that is still there has a run of this name, model, probe and
 * plan in the store; any other failure is the store's or memory's. add false (a dry run): a row that is missing is not made, id stays 0, and
 * nothing is refused. force: the plan is widened to every metric that the run's checkpoints hold, and to values of single heads where
 * they hold any and the configuration does not say what to keep, so that nothing is lost when they are measured again. */
enum spt_status spt_session_attach(struct spt_session *session, struct spt_store *store, bool add, bool force,
                                   struct spt_error *error);

enum spt_task_kind {
    SPT_TASK_DONE,    /* analysed with all that is asked for */
    SPT_TASK_REFUSED, /* known to be invalid or unsupported, and unchanged */
    SPT_TASK_ANALYSE,
};

/* What is left to do for a checkpoint whose row in the ledger is row (NULL: none). force: all of it. Attached sessions only where row is not
 * NULL. */
enum spt_status spt_session_task(const struct spt_session *session, const struct spt_store_checkpoint *row, bool force,
                                 enum spt_task_kind *kind, struct spt_error *error);

/* The same where it is known already what the row has: for long lists.
 *   present  [SPT_METRIC_COUNT] of the row (spt_ledger_present); unread where row is NULL */
enum spt_status spt_session_task_known(const struct spt_session *session, const struct spt_store_checkpoint *row,
                                       const bool *present, bool force, enum spt_task_kind *kind,
                                       struct spt_error *error);

/* Measures random attention for those metrics that have no null in the store yet: once a run and metric, so that a group that is added
 * later, or a store of a version that measured fewer nulls, gets what it lacks. session->analysis is gone where it does (stop as in spt_emit:
 * SPT_END). Else it costs a look into the store. */
enum spt_status spt_session_nulls(struct spt_session *session, bool (*stop)(void *context), void *context,
                                  struct spt_error *error);

/* Makes session->analysis of the whole plan unless there is one, after spt_session_nulls. */
enum spt_status spt_session_analysis(struct spt_session *session, bool (*stop)(void *context), void *context,
                                     struct spt_error *error);

/* From here on session->analysis measures what the analysed checkpoint of this id lacks, rather than what it has once more; checkpoint 0: the
 * whole plan. After spt_session_analysis. One that lacks the same as the one before costs a look into the store, another one a new analysis
 * (some ms). */
enum spt_status spt_session_narrow(struct spt_session *session, int64_t checkpoint, struct spt_error *error);

#endif
