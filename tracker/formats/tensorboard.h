/* TensorBoard's event files: a run's figures as scalars, written once by an export or kept up by a watch.
 *
 *     spt_tensorboard_open (the whole history)  ->  spt_tensorboard_add after each stored checkpoint  ->  spt_tensorboard_close
 *
 * What TensorBoard sees:
 *   run        FOLDER/<run> (tracker/formats/names.h), for a branch FOLDER/<run>/<branch>
 *   tag        "sink.first" of the whole model, "sink.first/layer_03" of a layer, "sink.first/layer_03/head_02" of a head
 *              where heads are asked for; a tag's description is the metric's definition
 *   value      the mean, as the 32-bit float that scalars are; what is undefined is left out
 *   step       the checkpoint's; one without a step is left out
 *   wall time  when its analysis was finished: the relative axis is the time the figures took to appear
 *
 * One file a branch, events.out.tfevents.<time>.<host>.spectail.<pid>, one record a checkpoint, steps never decreasing.
 * A file is made whole under a name that TensorBoard passes over, renamed into place, and older ones of ours are
 * removed; files of other names are left alone. A checkpoint is then appended by one write. Whatever is killed, the
 * next open writes what the store has, so a torn last record lives no longer than that. Where appending would not do
 * (a step that is not beyond the last, a file that is gone or is not as it was left, a write that failed) the history of
 * that branch is written anew; a file begins with a mark at which TensorBoard drops what it has read of the run before. A
 * checkpoint that one of a later step has superseded stays until then. No file is held open between calls.
 */
#ifndef SPT_FORMAT_TENSORBOARD_H
#define SPT_FORMAT_TENSORBOARD_H

#include "checkpoints/base/log.h"
#include "tracker/formats/format.h"
#include "tracker/store/store.h"
#include "tracker/watch/watch.h"

struct spt_tensorboard;

/* Writes all that the store has of run into files under folder, which is made where it is missing; nothing where no
 * checkpoint is analysed yet. choice is borrowed until the close. SPT_IO: *output is set (it may be NULL) when the files
 * are at fault, not the store. SPT_INVALID: the store has no such run. Costs a pass over the run's figures. */
enum spt_status spt_tensorboard_open(const char *folder, struct spt_store *store, int64_t run,
                                     const struct spt_figure_choice *choice, struct spt_tensorboard **board,
                                     bool *output, struct spt_error *error);

/* After row was committed: its figures are read from the store and appended. row: id, branch and step are used, and
 * finished (NULL: now). After a failure the next call writes the history anew. */
enum spt_status spt_tensorboard_add(struct spt_tensorboard *board, struct spt_store *store,
                                    const struct spt_store_checkpoint *row, struct spt_error *error);
void spt_tensorboard_close(struct spt_tensorboard *board);

/* --- for a watch --- */

/* Keeps event files of every run that a watch comes to. What fails is said through log, and tried again at the run's
 * next checkpoint: a full disk under folder never stops the watch. All are borrowed until the free. */
struct spt_tensorboard_watch;
enum spt_status spt_tensorboard_watch_new(const char *folder, const struct spt_figure_choice *choice,
                                          const struct spt_log *log, struct spt_tensorboard_watch **watch,
                                          struct spt_error *error);
void spt_tensorboard_watch_free(struct spt_tensorboard_watch *watch);
struct spt_watch_observer spt_tensorboard_watch_observer(struct spt_tensorboard_watch *watch);

#endif
