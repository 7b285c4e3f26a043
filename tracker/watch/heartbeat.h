/* The file by which a supervisor tells that a watch lives, and how far it is: one JSON object, replaced at each look, after each checkpoint,
 * and once a second during a long one. Its age is the sign of life: older than a few intervals, and the watch hangs or is gone.
 *
 *     spt_heartbeat_new (writes the first)  ->  spt_heartbeat_observer, given to the watch  ->  spt_heartbeat_free (writes the last: "ended")
 *
 * Its keys:
 *     time, host, pid, version
 *     state     "starting", "idle", "analysing" or "ended"
 *     current   null, or of the checkpoint at work: run, branch, step, label, layer (done), layers, seconds (so far)
 *     last      null, or of the one before it: run, branch, step, label, state (as the store has it), reason, seconds
 *     runs      of each run: path, name, reason (why it cannot be analysed yet), states {changing, queued, waiting, analysed, refused},
 *               newest_step, analysed_step, lag_steps, lag_checkpoints, lag_seconds, done, seconds (of this process)
 * A step that there is not, and what is not known yet, is null. It is written without fsync: after a crash of the machine it would tell of no
 * process. A failure to write it is said once through log, and again after it was written in between; it never stops the watch.
 */
#ifndef SPT_WATCH_HEARTBEAT_H
#define SPT_WATCH_HEARTBEAT_H

#include "checkpoints/base/log.h"
#include "tracker/watch/watch.h"

struct spt_heartbeat;

/* log is borrowed. SPT_IO, SPT_INVALID: path cannot be written. */
enum spt_status spt_heartbeat_new(const char *path, const struct spt_log *log, struct spt_heartbeat **heartbeat,
                                  struct spt_error *error);
void spt_heartbeat_free(struct spt_heartbeat *heartbeat);
struct spt_watch_observer spt_heartbeat_observer(struct spt_heartbeat *heartbeat); /* valid as long as heartbeat is */

#endif
