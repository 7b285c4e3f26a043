/* Which checkpoint of a run is analysed next, and when: the part of "complete" that time decides.
 *
 *     spt_queue_new  ->  spt_queue_look (with what a look saw)  ->  spt_queue_news ... (what is known of each is told to the queue)
 *                    ->  spt_queue_take  ->  analysed, refused or put back  ->  ...  ->  spt_queue_free
 *
 * Pure: no file is touched and no clock is read. Every time is an argument, in seconds on a clock that never goes back.
 *
 * A checkpoint is taken only when two looks, the quiet period or more apart, saw its files the same, and every look between them did: so a
 * writer that never pauses for so long is never read. Among those that are ready the smallest step is taken first, since a trainer that keeps
 * its last few checkpoints removes the oldest first. The states are those of tracker/watch/watch.h:
 *
 *      look: new or changed -------------> CHANGING --same for the quiet period--> QUIET --spt_queue_take--> (with the caller)
 *                                             ^  |                                  ^
 *                                             |  '--... and a marker is missing--> WAITING --the marker is there--'
 *      spt_queue_put_back ------------------------------------------------------> WAITING --back-off over--> (taken again)
 *      spt_queue_analysed --> ANALYSED -------|
 *      spt_queue_refuse   --> REFUSED --------'  look: changed
 *
 * What is gone keeps its place in memory (some 300 bytes), so that it is known when it comes back.
 */
#ifndef SPT_WATCH_QUEUE_H
#define SPT_WATCH_QUEUE_H

#include "checkpoints/scan.h"
#include "tracker/watch/watch.h"

#define SPT_QUEUE_NONE SIZE_MAX

struct spt_queue_times {
    double quiet;                   /* files must be unchanged for so long, >= 0 */
    double deadline;                /* after the last change: what still is not complete is overdue */
    double retry_first, retry_most; /* back-off: the first, doubled each time up to the last; anew when files change */
};

/* One checkpoint. Its index in the queue stays the same for as long as the queue lives. */
struct spt_queued {
    struct spt_checkpoint_ref
        kept; /* copies of uri, path, label, branch, and step, tokens, fingerprint as last seen; the rest NULL */
    const struct spt_checkpoint_ref *ref; /* as the last look saw it; NULL: it is not there */
    struct spt_hash files;                /* the state of its files */
    enum spt_watched_state state;
    bool analysed;  /* it was, once: when it goes, it has not vanished */
    bool awaits;    /* WAITING for a marker: not tried until it comes */
    bool patient;   /* WAITING without a deadline */
    bool is_news;   /* among the news */
    char *reason;   /* NULL: none */
    double changed; /* when a look saw its files first as they are */
    double next;    /* WAITING: when it is tried again; INFINITY: when its files change */
    double wait;    /* the last back-off; 0: none yet */
};

struct spt_queue;

enum spt_status spt_queue_new(const struct spt_queue_times *times, struct spt_queue **queue, struct spt_error *error);
void spt_queue_free(struct spt_queue *queue);

/* What a look at now saw: sights [count], whose refs must live until the next look. Each checkpoint that is new, changed, gone, or begins
 * to wait for its marker becomes news. SPT_NOMEM: look again. Cost: O(count), some 100 ns each. */
enum spt_status spt_queue_look(struct spt_queue *queue, const struct spt_sight *sights, size_t count, double now,
                               struct spt_error *error);

/* The next one that is news; SPT_QUEUE_NONE: no more. What happened is in its state: ref NULL, CHANGING, or awaits. */
size_t spt_queue_news(struct spt_queue *queue);

/* A checkpoint that is known, and analysed, without being seen; it becomes news with the look that sees it. *index is its own. */
enum spt_status spt_queue_remember(struct spt_queue *queue, const struct spt_checkpoint_ref *ref, size_t *index,
                                   struct spt_error *error);

/* The one to analyse now; SPT_QUEUE_NONE: none is ready. It stays as it is until the caller says what became of it. */
size_t spt_queue_take(const struct spt_queue *queue, double now);

/* One that waits, not patiently, and whose files did not change for as long as the deadline; SPT_QUEUE_NONE: none. Record it, and refuse it. */
size_t spt_queue_overdue(const struct spt_queue *queue, double now);

/* What became of one. reason is copied. SPT_NOMEM leaves it as it was. */
void spt_queue_analysed(struct spt_queue *queue, size_t index);
enum spt_status spt_queue_refuse(struct spt_queue *queue, size_t index, const char *reason, struct spt_error *error);
/* Not complete yet, or unreadable: tried again after the back-off. patient: for as long as it takes (what the system refuses to read may be
 * whole), not to the deadline. */
enum spt_status spt_queue_put_back(struct spt_queue *queue, size_t index, double now, const char *reason, bool patient,
                                   struct spt_error *error);

/* The earliest time at which a look or a take may find something, if no file changes: now or later; INFINITY: never. */
double spt_queue_due(const struct spt_queue *queue, double now);

/* All that are there, and those that were analysed: *items [*count] by (branch, step, label), steps that are SPT_NO_STEP last; borrowed until
 * the queue is changed. states: how many of each. SPT_NOMEM. */
enum spt_status spt_queue_show(struct spt_queue *queue, const struct spt_watched **items, size_t *count,
                               size_t states[SPT_WATCHED_REFUSED + 1], struct spt_error *error);

size_t spt_queue_count(const struct spt_queue *queue); /* indices are 0 .. count - 1 */
const struct spt_queued *spt_queue_item(const struct spt_queue *queue, size_t index);
/* SPT_QUEUE_NONE: no such uri. */
size_t spt_queue_find(const struct spt_queue *queue, const char *uri);

#endif
