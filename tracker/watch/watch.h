/* Tails training runs: every checkpoint is analysed as soon as it is complete, and not before.
 *
 *     spt_watch_check  ->  spt_watch_new  ->  spt_watch_add for each folder  ->  spt_watch_run until it is told to stop, or (once) until nothing
 *     is left  ->  spt_watch_free
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
 *                 '---- changed ----------------------- WAITING (its marker is missing, it is not complete) --deadline--> INCOMPLETE
 *                                                               (the system refused to read it: UNREADABLE, without a deadline)
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
    SPT_WATCHED_WAITING,  /* its marker is missing, or an attempt found it not complete or unreadable: tried again */
    SPT_WATCHED_ANALYSED,
    SPT_WATCHED_REFUSED, /* invalid, unsupported, or incomplete past the deadline */
};

/* One checkpoint of a run, for the view. */
struct spt_watched {
    const char *label, *branch, *reason; /* reason NULL: none */
    int64_t step;
    enum spt_watched_state state;
    double changed; /* when it was first seen as it is now, monotonic seconds */
    double next;    /* WAITING: when it is tried again; INFINITY: when its files change */
};

/* A run as the watch sees it; borrowed for the call. */
struct spt_watched_run {
    const char *path;   /* as it was given; of a control with " (shuffled)" */
    bool control;       /* it is the control of the run at that path */
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
    /* outcome is stored when this is called; outcome->stopped: nothing was. Without begin: it was recorded without being opened, since it
     * vanished, or is not complete after the deadline. */
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

/* What of the configuration is wrong whatever the runs are: an unknown metric or figure, a rule that cannot be judged, a file that is named and
 * cannot be read. SPT_INVALID, SPT_UNSUPPORTED, SPT_IO. To be asked before the store is opened. */
enum spt_status spt_watch_check(const struct spt_config *config, struct spt_error *error);

enum spt_status spt_watch_new(const struct spt_watch_options *options, struct spt_watch **watch,
                              struct spt_error *error);
void spt_watch_free(struct spt_watch *watch);
/* path need not exist yet. SPT_INVALID: a bad step pattern. */
enum spt_status spt_watch_add(struct spt_watch *watch, const char *path, struct spt_error *error);

/* SPT_OK: it was told to stop, or (once) nothing is left. *failed: (once) checkpoints that are there and could not be analysed; each is named
 * through log. A failure is the store's or memory's, or the user's (spt_watch_is_users_failure): the configuration does not fit the first run
 * that is there, or (once) a run cannot be analysed at all, said when the others are done. Open files: those of the store, two for waiting, and
 * while a checkpoint is read its own. */
enum spt_status spt_watch_run(struct spt_watch *watch, size_t *failed, struct spt_error *error);
bool spt_watch_is_users_failure(const struct spt_watch *watch);

#endif
