/* Alerts: rules over the stored series that ring a user's bell, each event once.
 *
 *     spt_alerts_new  ->  spt_alerts_checkpoint after each stored checkpoint, spt_alerts_idle at each look  ->  spt_alerts_free
 *
 * A rule is judged on the store, not on what is at hand: the run's analysed checkpoints of one branch in step order. A stretch of
 * consecutive checkpoints for which a rule holds, at least in_a_row long, is one event, at the checkpoint that completes it, however often
 * it is judged, by however many programs, in whatever order its checkpoints came: an event of the same rule within the stretch stands for
 * it. So nothing is lost when a watch is killed, and nothing is told twice.
 *
 * What becomes of an event:
 *
 *      (judged) --one transaction--> pending --> started --> done | failed         its command ended
 *                                       |           '--(killed meanwhile)--> started, which the next start shows as unknown, and does not repeat
 *                                       '--(no command)--> done
 *
 * Kinds of rules: one row each in the table of alerts.c.
 */
#ifndef SPT_ALERTS_H
#define SPT_ALERTS_H

#include "checkpoints/base/log.h"
#include "tracker/config/config.h"
#include "tracker/store/store.h"

#include <stdbool.h>

struct spt_alerts;

/* Rules of config for one run. An event is given to the rule's command as one JSON object on standard input (spectail help alerts the keys);
 * what a command fails with is said through log and kept with the event. Events that were pending are delivered first. stop: as in
 * tracker/child.h. A store without rules costs nothing. */
enum spt_status spt_alerts_new(const struct spt_config *config, const struct spt_log *log, struct spt_store *store,
                               const struct spt_store_run *run, bool (*stop)(void *context), void *context,
                               struct spt_alerts **alerts, struct spt_error *error);
void spt_alerts_free(struct spt_alerts *alerts);

/* Judges all rules after a checkpoint was stored, stores what they find, runs the commands. A failure is the store's or memory's. */
enum spt_status spt_alerts_checkpoint(struct spt_alerts *alerts, struct spt_error *error);

/* Judges the rules that time alone can fulfil: no new checkpoint for so long. now and last_new: monotonic seconds; last_new when the
 * newest checkpoint of the run was first seen, or the watch began. step: the newest checkpoint's, SPT_NO_STEP: none. */
enum spt_status spt_alerts_idle(struct spt_alerts *alerts, double now, double last_new, int64_t step,
                                struct spt_error *error);

#endif
