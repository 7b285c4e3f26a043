/* Tails training runs: every checkpoint is analysed as soon as it is complete, and not before.
 *
 *     spt_watch_new  ->  spt_watch_add for each folder  ->  spt_watch_run until a signal, or (once) until nothing is left  ->  spt_watch_free
 *
 * What becomes of a checkpoint (in memory; what the store has of it is in capitals):
 *
 *                 .---- another look sees it changed ----.
 *                 v                                      |
 *      seen --> changing --unchanged for quiet_period--> quiet --analyse--> ANALYSED
 *                 ^                                      |  ^  |
 *                 |                                      |  |  '--> INVALID, UNSUPPORTED: until its files change
 *                 |                        back-off, doubled each time
 *                 |                                      |  |
 *                 |                                      v  |
 *                 '---- changed ----------------------- WAITING (not complete, or the system refused: UNREADABLE) --deadline--> INCOMPLETE
 *
 *      gone from the folder: ANALYSED stays as it is; anything else becomes VANISHED; it may be seen again.
 *      rewritten after ANALYSED: changing again; the old row is superseded in the transaction that stores its successor.
 */
#ifndef SPT_WATCH_H
#define SPT_WATCH_H

#include "checkpoints/base/log.h"
#include "tracker/config/config.h"
#include "tracker/ingest.h"
#include "tracker/store/store.h"

#include <stdbool.h>
#include <stddef.h>

enum spt_watched_state {
    SPT_WATCHED_CHANGING, /* its files were seen to change less than the quiet period ago */
    SPT_WATCHED_QUIET,    /* to be analysed next */
    SPT_WATCHED_WAITING,  /* an attempt found it not complete, or unreadable: tried again */
    SPT_WATCHED_ANALYSED,
    SPT_WATCHED_REFUSED, /* invalid, unsupported, or incomplete past the deadline */
};

/* One checkpoint of a run, for the view. */
struct spt_watched {
    const char *label, *branch, *reason; /* reason NULL: none */
    int64_t step;
    enum spt_watched_state state;
    double changed; /* when it was first seen as it is now, monotonic seconds */
    double next;    /* WAITING: when it is tried again */
};

/* A run as the watch sees it; borrowed for the call. */
struct spt_watched_run {
    const char *path;   /* as it was given */
    const char *name;   /* NULL: nothing is there yet */
    const char *reason; /* why it cannot be analysed yet: "no checkpoint yet", "no config.json yet"; NULL: it can */
    const struct spt_store_run *run; /* NULL: not in the store yet */
    const struct spt_watched *items; /* [count] in step order */
    size_t count;
    size_t states[SPT_WATCHED_REFUSED + 1];
    int64_t newest,
        analysed;    /* largest step on disk, largest step analysed; SPT_NO_STEP: none. Their distance is the lag */
    double last_new; /* when the newest checkpoint was first seen, monotonic seconds */
    size_t done;     /* analysed by this process */
    double seconds;  /* which that took */
};

/* What the watch is doing, for whoever shows it: a terminal's view, lines of text, a Prometheus file, a heartbeat. Each function may be NULL.
 * All are called from the thread that watches, and must not keep it long. */
struct spt_watch_observer {
    void *context;
    /* After each look, and when anything changed. current: index of the run that is at work, -1 none. */
    void (*state)(void *context, struct spt_store *store, const struct spt_watched_run *runs, size_t count,
                  int current);
    void (*begin)(void *context, const struct spt_watched_run *run, const struct spt_checkpoint_ref *ref);
    void (*layer)(void *context, size_t layer, size_t layers);
    /* outcome is stored when this is called. */
    void (*end)(void *context, struct spt_store *store, const struct spt_watched_run *run,
                const struct spt_checkpoint_ref *ref, const struct spt_outcome *outcome);
};

struct spt_watch;

/* All are borrowed. stop: true asks to end; urgent: true asks to end within the checkpoint at hand, which is then not stored. */
struct spt_watch_options {
    const struct spt_config *config;
    const struct spt_log *log;
    struct spt_store *store;
    const struct spt_watch_observer *observers; /* [observer_count] called in this order */
    size_t observer_count;
    bool once;
    bool (*stop)(void *context);
    bool (*urgent)(void *context);
    void *context;
};

enum spt_status spt_watch_new(const struct spt_watch_options *options, struct spt_watch **watch,
                              struct spt_error *error);
void spt_watch_free(struct spt_watch *watch);
/* path need not exist yet. */
enum spt_status spt_watch_add(struct spt_watch *watch, const char *path, struct spt_error *error);
/* SPT_OK: it was told to stop, or nothing is left. *failed: checkpoints that ended refused. A failure is the store's or memory's. */
enum spt_status spt_watch_run(struct spt_watch *watch, size_t *failed, struct spt_error *error);

#endif
