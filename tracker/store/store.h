/* The store: one SQLite file that holds the time series of any number of runs. SQLite is seen nowhere else.
 *
 *     spt_store_open(path, mode)  ->  run, checkpoint, rows ...  ->  spt_store_close
 *
 * One writer (flock on <path>.lock), any number of readers. All rows of one checkpoint are one transaction:
 *     spt_store_begin  ->  put_measure / put_samples / put_curve / put_draws ...  ->  spt_store_commit (or spt_store_rollback)
 * A checkpoint is there whole or not at all, whatever is killed. A store serves one thread at a time.
 */
#ifndef SPT_STORE_H
#define SPT_STORE_H

#include "analysis/analyze.h"
#include "checkpoints/base/error.h"
#include "checkpoints/base/hash.h"
#include "checkpoints/run.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum spt_store_mode {
    SPT_STORE_READ,  /* must exist */
    SPT_STORE_WRITE, /* made when missing; takes the writer's lock */
};

enum spt_checkpoint_state {
    SPT_STATE_WAITING,
    SPT_STATE_ANALYSED,
    SPT_STATE_INCOMPLETE,
    SPT_STATE_INVALID,
    SPT_STATE_UNSUPPORTED,
    SPT_STATE_VANISHED,
    SPT_STATE_UNREADABLE,
    SPT_STATE_COUNT,
};

const char *spt_state_name(enum spt_checkpoint_state state);

struct spt_store;

/* SPT_INVALID: no spectail store (says what the file is), a newer version, a damaged one; SPT_RETRY: locked by another
 * writer (names host and pid) for wait_seconds, or until a signal ends the wait; SPT_IO: no such file, no space. A
 * store of an older version is brought to this one when it is opened for writing, after a back-up <path>.v<N>.bak; for
 * reading it is refused. Readers open a store on read-only media too. */
enum spt_status spt_store_open(const char *path, enum spt_store_mode mode, double wait_seconds,
                               struct spt_store **store, struct spt_error *error);
void spt_store_close(struct spt_store *store);

/* Who writes to the store at path now, as he signed the lock: "host <name> pid <pid>", in one printable line that the
 * caller frees; "" when he left no name. SPT_END: nobody does (or path does not exist). The lock itself is asked, the
 * text is only the name: a dead writer is nobody, whatever he left. Nothing is locked by the question, so that it turns
 * no writer away; nothing but reading the folder is asked of the caller. SPT_IO: the lock's file cannot be asked. */
enum spt_status spt_store_writer(const char *path, char **holder, struct spt_error *error);

/* --- runs --- */
struct spt_store_run {
    int64_t id;
    char *name, *source; /* source: the run's root as an absolute path */
    struct spt_hash model, probe, plan;
    size_t layers, heads, samples; /* as the plots need them */
    char *mask;                    /* "causal", "full" or "window" */
    char *created;                 /* UTC, ISO 8601 */
    /* What the digests are of, in words, one "key: value" a line: so that two runs that differ can be told in what. NULL: of a store that
     * an older version made. */
    char *model_text, *probe_text, *plan_text;
};

/* The run with these digests and name, made when it is missing (created NULL: now). Fills id. Write mode. A run that is
 * found under another source has moved: the store keeps the new source, and the old one as an event. Texts that its row
 * lacks are added to it. */
enum spt_status spt_store_find_or_add_run(struct spt_store *store, struct spt_store_run *run, struct spt_error *error);
/* All runs, oldest first; caller frees with spt_store_free_runs. */
enum spt_status spt_store_runs(struct spt_store *store, struct spt_store_run **runs, size_t *count,
                               struct spt_error *error);
void spt_store_free_runs(struct spt_store_run *runs, size_t count);

/* --- the ledger of checkpoints --- */
struct spt_store_checkpoint {
    int64_t id; /* 0: not stored yet */
    char *branch, *label, *uri;
    int64_t step;                        /* SPT_NO_STEP: NULL in the table */
    int64_t tokens;                      /* SPT_NO_TOKENS: NULL */
    struct spt_hash fingerprint, digest; /* digest 0: none */
    uint64_t bytes;
    enum spt_checkpoint_state state;
    char *reason; /* NULL when analysed */
    int64_t tries;
    int64_t superseded;   /* id of the successor; 0: none */
    double seconds;       /* the analysis took */
    char *finished;       /* UTC, ISO 8601 */
    char *version;        /* spectail's version that decided the state */
    int64_t duplicate_of; /* step of another analysed checkpoint of this run with the same digest, SPT_NO_STEP: none */
};

/* Every row of a run that is not superseded, by (branch, step, label); steps that are NULL last. */
enum spt_status spt_store_checkpoints(struct spt_store *store, int64_t run, struct spt_store_checkpoint **rows,
                                      size_t *count, struct spt_error *error);
void spt_store_free_checkpoints(struct spt_store_checkpoint *rows, size_t count);

/* How many rows of a run a rewritten checkpoint has superseded: they are in no list. */
enum spt_status spt_store_superseded(struct spt_store *store, int64_t run, size_t *count, struct spt_error *error);

/* Which metrics (by index in SPT_METRICS) an analysed checkpoint has. present [SPT_METRIC_COUNT] out. */
enum spt_status spt_store_metrics_present(struct spt_store *store, int64_t checkpoint, bool *present,
                                          struct spt_error *error);

/* Of which metrics it has vectors of layers (values of samples, curves or draws), but none of single heads. headless
 * [SPT_METRIC_COUNT] out. 0.2 ms. */
enum spt_status spt_store_metrics_headless(struct spt_store *store, int64_t checkpoint, bool *headless,
                                           struct spt_error *error);

/* The same as spt_store_metrics_present for a whole list in one snapshot; nothing for rows that are not analysed. present [count, SPT_METRIC_COUNT]
 * out. 10,000 rows with all metrics: a quarter of a second. */
enum spt_status spt_store_metrics_present_all(struct spt_store *store, const struct spt_store_checkpoint *rows,
                                              size_t count, bool *present, struct spt_error *error);

/* --- writing one checkpoint --- */
/* Opens the transaction and inserts or updates the ledger row by (run, uri, fingerprint); fills row->id and row->tries.
 * Another analysed row of the same (run, uri) with another fingerprint is marked superseded by this one when this one
 * is analysed; one in any other state always is. Rows are added, never replaced, unless replace is set (--force): then
 * this checkpoint's figures are removed first. So is the state: a row that is analysed stays so with its figures when a
 * later pass over it fails, unless replace is set. tries is counted up by the store, except in the state waiting.
 * version NULL: this program's; finished NULL: now; an absent digest leaves a known one. After a failure nothing is
 * open. */
enum spt_status spt_store_begin(struct spt_store *store, int64_t run, struct spt_store_checkpoint *row, bool replace,
                                struct spt_error *error);
/* Within the transaction: writes what became known since: digest, state, reason, seconds, finished, version and the
 * rest of row. */
enum spt_status spt_store_amend(struct spt_store *store, const struct spt_store_checkpoint *row,
                                struct spt_error *error);
/* A figure that the checkpoint has already is left as it is. When a put fails, roll back: after SPT_IO the transaction
 * is lost, and later puts and the commit are refused. */
enum spt_status spt_store_put_measure(struct spt_store *store, const struct spt_measure *measure,
                                      struct spt_error *error);
enum spt_status spt_store_put_samples(struct spt_store *store, const struct spt_vector *values,
                                      struct spt_error *error);
enum spt_status spt_store_put_curve(struct spt_store *store, const struct spt_vector *curve, struct spt_error *error);
enum spt_status spt_store_put_draws(struct spt_store *store, const struct spt_vector *draws, struct spt_error *error);
enum spt_status spt_store_commit(struct spt_store *store, struct spt_error *error); /* a failure rolls back */
void spt_store_rollback(struct spt_store *store);

/* --- nulls, the user's own series, events --- */
/* Each call is one transaction, or part of the checkpoint's between begin and commit. A null that is there already is
 * replaced. */
enum spt_status spt_store_put_nulls(struct spt_store *store, int64_t run, const struct spt_null *nulls, size_t count,
                                    struct spt_error *error);
struct spt_store_point {
    int64_t step;
    double value;
};
/* Replaces the series name of the run, which keeps its place among the names. A step that comes twice has its last
 * value. */
enum spt_status spt_store_put_external(struct spt_store *store, int64_t run, const char *name,
                                       const struct spt_store_point *points, size_t count, struct spt_error *error);
/* What happened: a migration, a move, an alert, a fetch that failed. */
enum spt_delivery {
    SPT_DELIVERY_NONE,    /* nobody is to be told */
    SPT_DELIVERY_PENDING, /* its command has not been started */
    SPT_DELIVERY_STARTED, /* its command was started; its end was not seen if no process is at it */
    SPT_DELIVERY_DONE,
    SPT_DELIVERY_FAILED,
    SPT_DELIVERY_COUNT,
};

const char *spt_delivery_name(enum spt_delivery delivery);

struct spt_store_event {
    int64_t id;
    char *time;         /* UTC, ISO 8601; NULL when it is added: now */
    char *kind;         /* "alert", "fetch", "migration", "moved" */
    int64_t run;        /* 0: none */
    int64_t checkpoint; /* 0: none */
    int64_t step;       /* SPT_NO_STEP: none. Of the checkpoint, or of one that never came */
    char *branch;       /* of the checkpoint, "" */
    char *rule;         /* the alert's name; NULL: none */
    char *key;          /* what makes it the same event as another of its kind and run; NULL: each is one of its own */
    char *text;         /* one sentence for people */
    enum spt_delivery delivery;
    char *outcome; /* how the delivery ended; NULL: as it should */
};

/* Adds an event, and fills id; between begin and commit it is part of the checkpoint's transaction. SPT_END: one of
 * this (run, kind, key) is there already, nothing was added. */
enum spt_status spt_store_add_event(struct spt_store *store, struct spt_store_event *event, struct spt_error *error);
/* How the delivery of an event goes on; outcome may be NULL. SPT_INVALID: no such event. */
enum spt_status spt_store_deliver(struct spt_store *store, int64_t event, enum spt_delivery delivery,
                                  const char *outcome, struct spt_error *error);
/* A run's events (with run 0 those of none), by time, and by step within a second; kind NULL: all kinds. Caller frees
 * with spt_store_free_events. */
enum spt_status spt_store_events(struct spt_store *store, int64_t run, const char *kind,
                                 struct spt_store_event **events, size_t *count, struct spt_error *error);
void spt_store_free_events(struct spt_store_event *events, size_t count);

/* --- reading --- */
/* A measured figure as it stands in the store; metric may be of a version this program does not know: text, not a row
 * of the table. */
struct spt_store_measure {
    const char *metric; /* borrowed until the next row */
    const struct spt_store_checkpoint *checkpoint;
    int layer, head;
    double mean, sd, lo, hi;
    int64_t n, bad;
};
typedef enum spt_status spt_store_measure_fn(void *context, const struct spt_store_measure *measure,
                                             struct spt_error *error);
/* Every measure of the run's analysed, not superseded checkpoints in the order (branch, step, label, metric, layer,
 * head). metric NULL: all. layer, head INT_MIN: all. One snapshot, whatever is written meanwhile; each may read from
 * the store. What each returns other than SPT_OK ends it and is returned. */
enum spt_status spt_store_each_measure(struct spt_store *store, int64_t run, const char *metric, int layer, int head,
                                       spt_store_measure_fn *each, void *context, struct spt_error *error);
/* The mean of one measure of one checkpoint, NAN where it is undefined. SPT_END: it is not measured. */
enum spt_status spt_store_mean(struct spt_store *store, int64_t checkpoint, const char *metric, int layer, int head,
                               double *mean, struct spt_error *error);
/* The same of one checkpoint, lent to each as it is given: only its id is used here. */
enum spt_status spt_store_each_measure_of(struct spt_store *store, const struct spt_store_checkpoint *row,
                                          spt_store_measure_fn *each, void *context, struct spt_error *error);
/* The values of single samples, of one figure; or what it is in each draw. */
struct spt_store_samples {
    const char *metric; /* borrowed until the next row, as values are */
    int layer, head;
    const float *values; /* [count] NAN where undefined */
    size_t count;
};
typedef enum spt_status spt_store_samples_fn(void *context, const struct spt_store_samples *samples,
                                             struct spt_error *error);
/* Those that a checkpoint's metric has, in the order (layer, head); heads: of single heads too. What each returns other
 * than SPT_OK ends it and is returned. */
enum spt_status spt_store_each_samples(struct spt_store *store, int64_t checkpoint, const char *metric, bool heads,
                                       spt_store_samples_fn *each, void *context, struct spt_error *error);
/* The same of draws, for figures without values of samples. One value: that of all draws. */
enum spt_status spt_store_each_draws(struct spt_store *store, int64_t checkpoint, const char *metric, bool heads,
                                     spt_store_samples_fn *each, void *context, struct spt_error *error);
/* A stored vector (from the table curve, or probe_value where samples is set). SPT_END: none. Caller frees *values. */
enum spt_status spt_store_vector(struct spt_store *store, int64_t checkpoint, const char *metric, int layer, int head,
                                 bool samples, float **values, size_t *count, struct spt_error *error);
/* The layer's own row, else the one of all layers. SPT_END: none. */
enum spt_status spt_store_null(struct spt_store *store, int64_t run, const char *metric, int layer, double *mean,
                               double *sd, struct spt_error *error);
/* Names of the run's own series, in the order they were added; caller frees each and the array. */
enum spt_status spt_store_external_names(struct spt_store *store, int64_t run, char ***names, size_t *count,
                                         struct spt_error *error);
/* By step; count 0 when there is no such series. Caller frees *points. */
enum spt_status spt_store_external(struct spt_store *store, int64_t run, const char *name,
                                   struct spt_store_point **points, size_t *count, struct spt_error *error);

#endif
