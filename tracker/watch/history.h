/* The course of a few figures of a run over its checkpoints, as the view draws it: read from the store once, then extended by each checkpoint
 * that is stored.
 *
 *     spt_history_new  ->  spt_history_read (the run's past)  ->  spt_history_add after each checkpoint  ->  spt_history_free
 *
 * Figures are means over the whole model. Those of one branch are drawn: the one whose checkpoint was stored last. 24 bytes a figure and
 * checkpoint.
 */
#ifndef SPT_WATCH_HISTORY_H
#define SPT_WATCH_HISTORY_H

#include "tracker/config/config.h"
#include "tracker/store/store.h"
#include "tracker/watch/screen.h"

#define SPT_HISTORY_SERIES_MAX 6

struct spt_history;

/* Which figures: loss, sink.first_excess, rmt.gap and the like where config names no metrics, else the first of those it names; up to
 * SPT_HISTORY_SERIES_MAX of those that the run has. SPT_INVALID: config names an unknown one. */
enum spt_status spt_history_new(const struct spt_config *config, struct spt_history **history, struct spt_error *error);
void spt_history_free(struct spt_history *history);

/* Forgets what was read before. Cost: some 5 us a figure and checkpoint. */
enum spt_status spt_history_read(struct spt_history *history, struct spt_store *store, int64_t run,
                                 struct spt_error *error);

/* The figures of one stored checkpoint (id of its row): in place of those of the same branch and step. Without a step it is on no axis, and
 * left out. branch NULL: "". */
enum spt_status spt_history_add(struct spt_history *history, struct spt_store *store, int64_t checkpoint,
                                const char *branch, int64_t step, struct spt_error *error);

/* [*count] series, borrowed until the next call. NULL and 0: none, or no memory. */
const struct spt_screen_series *spt_history_series(struct spt_history *history, size_t *count);

#endif
