/* One run that is tailed: its folder is looked at, its checkpoints are queued, analysed and recorded.
 *
 *     spt_tail_new  ->  spt_tail_look every few seconds; while spt_tail_is_ready: spt_tail_work  ->  spt_tail_free
 *
 * What becomes of the run itself:
 *
 *      waited for --a checkpoint with config.json and tokenizer--> open --its row in the store--> attached
 *         ^  |                                                      |
 *         |  '--its files break a rule, or its model is unknown--> idle (the reason is told when it stood for the quiet period)
 *         '------------- config.json or tokenizer.json change ------'
 *
 * Checkpoints that are seen before it is attached are queued, and recorded from then on. The states of a checkpoint: tracker/watch/watch.h.
 */
#ifndef SPT_WATCH_TAIL_H
#define SPT_WATCH_TAIL_H

#include "tracker/watch/watch.h"

struct spt_tail;

/* options are borrowed. control: of the run at path its control of this kind, a run of its own that no rule is judged for; SPT_CONTROL_NONE:
 * the run itself. SPT_INVALID: a bad step pattern. */
enum spt_status spt_tail_new(const struct spt_watch_options *options, const char *path, enum spt_control control,
                             double now, struct spt_tail **tail, struct spt_error *error);
void spt_tail_free(struct spt_tail *tail);

/* What a tail's failure is about. */
enum spt_tail_trouble {
    SPT_TAIL_STORE, /* the store, or memory */
    SPT_TAIL_USER,  /* the user's configuration: no time will mend it */
};

/* Looks at the folder and records what follows from that alone: what vanished, what waits for its marker, what is overdue. strict: what the
 * user named and is wrong fails, since no run showed yet that it is right; else it only keeps this run idle. alone: no other run is watched,
 * so that another folder's run of the same name in the store fails, too. */
enum spt_status spt_tail_look(struct spt_tail *tail, double now, bool strict, bool alone,
                              enum spt_tail_trouble *trouble, struct spt_error *error);

/* A checkpoint is to be analysed now. */
bool spt_tail_is_ready(const struct spt_tail *tail, double now);
/* Analyses the next one, records what became of it, and tells the observers. SPT_END: it was told to stop; nothing was recorded. */
enum spt_status spt_tail_work(struct spt_tail *tail, double now, struct spt_error *error);

/* The run's own series into the store anew, when checkpoints were analysed since the last time: at once where rest is set, else every ten
 * seconds. */
enum spt_status spt_tail_refresh(struct spt_tail *tail, double now, bool rest, struct spt_error *error);

/* The earliest time at which a look may find something although no file changes; INFINITY: never. */
double spt_tail_due(const struct spt_tail *tail, double now);
/* Something is there of which time alone will tell what becomes of it. */
bool spt_tail_is_open(struct spt_tail *tail);
bool spt_tail_is_attached(const struct spt_tail *tail);
int64_t spt_tail_id(const struct spt_tail *tail); /* of its run in the store; 0: not attached */
const char *spt_tail_path(const struct spt_tail *tail);
/* Its run is watched already, by way of other: it stays idle. */
void spt_tail_detach(struct spt_tail *tail, const char *other);

/* Where to look for changes: the run's own folder, and those of the checkpoints that are not settled: from *from (0 at first) the next one,
 * NULL: no more. Borrowed until the next look. */
const char *spt_tail_folder(const struct spt_tail *tail);
const char *spt_tail_changing(const struct spt_tail *tail, size_t *from);

/* How the run stands: borrowed until the tail is changed. SPT_NOMEM. */
enum spt_status spt_tail_show(struct spt_tail *tail, struct spt_watched_run *run, struct spt_error *error);

#endif
