/* Alerts: rules over the stored series that ring a user's bell, each event once.
 *
 *     spt_alerts_check (once, before a run is known)
 *       ->  spt_alerts_new  ->  spt_alerts_checkpoint after each stored checkpoint, spt_alerts_idle at each look  ->  spt_alerts_free
 *
 * A rule is judged on the store, not on what is at hand: the run's analysed checkpoints of one branch in step order. A stretch of
 * consecutive checkpoints for which a rule holds, at least in_a_row long, is one event, at the checkpoint that completes it, however often
 * it is judged, by however many programs, in whatever order its checkpoints came: an event of the same rule within the stretch stands for
 * it. So nothing is lost when a watch is killed, and nothing is told twice. Whoever has only a part of the series does not judge it: a shard
 * of a sweep has no rules, the first sweep into the merged store tells what they find. A run that is not in the store yet, since it has no
 * checkpoint, cannot stall.
 *
 * What becomes of an event:
 *
 *      (judged) --one transaction--> pending --> started --> done | failed         its command ended
 *                                       |           '--(killed meanwhile)--> started, which the next start shows as unknown, and does not repeat
 *                                       '--(no command)--> none
 *
 * A checkpoint for which the figure was not measured, or is undefined, does not fulfil "above" and "below". "nan" is fulfilled where a
 * figure was measured and is undefined; without a metric it asks whether the weights are NaN or infinite: the loss is undefined, or a head
 * has no finite attention (sink.first is undefined, which it never is otherwise). "any" layer or head: in_a_row counts each by itself, and
 * the stretch lasts as long as one of them holds. Each branch is a series of its own; a checkpoint without a step stands alone.
 *
 * Kinds of rules: one row each in the table of kinds.c.
 */
#ifndef SPT_ALERTS_H
#define SPT_ALERTS_H

#include "checkpoints/base/log.h"
#include "tracker/config/config.h"
#include "tracker/store/store.h"

#include <stdbool.h>

struct spt_alerts;
struct spt_checkpoint_ref;
struct spt_outcome;

/* Whether the rules of config can be judged: metrics that are known, measured and have figures at the level asked for. SPT_INVALID names
 * the rule and its place. */
enum spt_status spt_alerts_check(const struct spt_config *config, struct spt_error *error);

/* Rules of config for one run; config, log, store and run are borrowed. Events that were pending are delivered first, then all that is
 * stored is judged. An event is said through log and given to the rule's command as one JSON object on standard input:
 *     rule, kind, run, branch, step, label, metric, layer, head, value, threshold, in_a_row, time, text
 * each null where the kind has none: value is the figure (duplicate: the earlier step), threshold what it was held against (stalled:
 * seconds). What a command fails with is said through log and kept with the event. stop: when it says so, events that are not yet delivered
 * stay pending, and a command that runs has its time; urgent, as stop in tracker/child.h: when it says so, that command is ended, too, and
 * its event has failed, for whether it was heard is not known. Either may be NULL. Without rules it costs nothing. SPT_INVALID as spt_alerts_check, and for a layer or head that
 * the run's model does not have. */
enum spt_status spt_alerts_new(const struct spt_config *config, const struct spt_log *log, struct spt_store *store,
                               const struct spt_store_run *run, bool (*stop)(void *context),
                               bool (*urgent)(void *context), void *context, struct spt_alerts **alerts,
                               struct spt_error *error);
void spt_alerts_free(struct spt_alerts *alerts);

/* Judges all rules after a checkpoint was stored, stores what they find, runs the commands. ref and outcome: what was stored, which is all
 * that is read then where it is the last of its branch (some tens of microseconds a figure); else, or where they are NULL, all of the run
 * is judged anew. A failure is the store's or memory's. */
enum spt_status spt_alerts_checkpoint(struct spt_alerts *alerts, const struct spt_checkpoint_ref *ref,
                                      const struct spt_outcome *outcome, struct spt_error *error);

/* Judges the rules that time alone can fulfil: no new checkpoint for so long. now and last_new: monotonic seconds; last_new when
 * files of a checkpoint of the run, whichever, were last seen to be new or changed, or the watch began. step: the newest checkpoint's,
 * SPT_NO_STEP: none. */
enum spt_status spt_alerts_idle(struct spt_alerts *alerts, double now, double last_new, int64_t step,
                                struct spt_error *error);

#endif
