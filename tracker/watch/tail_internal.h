/* What the files of a tail share. */
#ifndef SPT_WATCH_TAIL_INTERNAL_H
#define SPT_WATCH_TAIL_INTERNAL_H

#include "checkpoints/base/text.h"
#include "tracker/alerts/alerts.h"
#include "tracker/watch/memory.h"
#include "tracker/watch/queue.h"
#include "tracker/watch/tail.h"

struct spt_tail {
    const struct spt_watch_options *options;
    char *path;
    char *shown; /* path, as observers see it: of a control it says so */
    enum spt_control control;
    struct spt_run_options run_options;
    struct spt_scan *scan;
    struct spt_queue *queue;
    struct spt_sight *sights;               /* [count] those of the last look that are asked for */
    const struct spt_checkpoint_ref **refs; /* [count] theirs */
    size_t count, sight_capacity, ref_capacity;

    struct spt_session session; /* open when it is attached, else released */
    struct spt_alerts *alerts;  /* NULL until then, and where its rules are not this run's */
    struct spt_memory memory;
    struct spt_text folder_reason, session_reason;
    struct spt_text pending;                  /* a reason that did not stand long enough to be told */
    struct spt_text said_folder, said_series; /* what was said last: each thing is said once */
    struct spt_hash tried;                    /* of the files that the session was tried with last */
    double tried_since;
    bool was_tried, again; /* again: it failed for a reason that files do not show */

    int64_t newest; /* the largest step that was seen */
    double last_new;
    double last_sign; /* when a look last saw files that are new or changed */
    size_t done;
    double seconds;
    bool stale; /* checkpoints were analysed since the run's own series were read */
    double refreshed;
};

/* tail.c: tells all observers; what everything is analysed and recorded with; a failure in words, without the path that is the run's own. */
enum spt_status spt_tail_tell_end(struct spt_tail *tail, const struct spt_checkpoint_ref *ref,
                                  const struct spt_outcome *outcome, struct spt_error *error);
struct spt_ingest spt_tail_ingest(struct spt_tail *tail);
void spt_tail_put_failure(struct spt_text *text, const struct spt_tail *tail, const struct spt_error *failure);

/* tail_session.c: opens the session and finds its row as soon as the run has all that it needs, and whenever that has changed. */
enum spt_status spt_tail_try_session(struct spt_tail *tail, double now, bool strict, bool alone,
                                     enum spt_tail_trouble *trouble, struct spt_error *error);

/* tail_record.c: records what no analysis finds out. After each look: what is news to the queue, what is overdue. Once: rows of checkpoints
 * that an earlier watch left waiting, and that are not there any more. */
enum spt_status spt_tail_record_news(struct spt_tail *tail, double now, struct spt_error *error);
enum spt_status spt_tail_record_lost(struct spt_tail *tail, const struct spt_ledger *ledger, struct spt_error *error);
/* Records that one waits, with the reason. */
enum spt_status spt_tail_record_waiting(struct spt_tail *tail, size_t index, const char *reason,
                                        struct spt_error *error);

/* room.c: a full disk is waited out, since whoever frees it cannot bring back what its trainer removed meanwhile. */
bool spt_tail_is_full(enum spt_status status, const struct spt_error *failure);
/* After a write to the store ended with status: SPT_RETRY when it found no room and is to be tried again, after a pause (*pause: 0 at first,
 * doubled each time); else what the caller is to return: status, or SPT_END when it was told to stop. */
enum spt_status spt_tail_await_room(const struct spt_tail *tail, enum spt_status status, double *pause,
                                    const struct spt_error *failure);

#endif
