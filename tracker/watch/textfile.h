/* The text file of a watch for Prometheus' node exporter (its textfile collector): where each run stands, as an export has it
 * (tracker/formats/prometheus.h), and how the watch does.
 *
 *     spectail_watch_last_look_timestamp_seconds           when it last looked: old means that it hangs or is gone
 *     spectail_watch_checkpoints{run,state}                changing, queued, waiting, analysed, refused
 *     spectail_watch_newest_step{run}                      largest step on disk
 *     spectail_watch_lag_steps{run}                        from the largest analysed one to that
 *     spectail_watch_lag_checkpoints{run}                  how many are newer than the newest analysed one
 *     spectail_watch_lag_seconds{run}                      since the first of those was seen; 0: none
 *     spectail_watch_checkpoint_seconds{run}               what a checkpoint took this process, on average
 *
 * A run goes by the name it has in an export, until it is in the store by its path. Written whole or not at all, after each checkpoint and
 * each look that changed anything, else every 15 s: while checkpoints are so small that this would cost more than a twentieth of the time,
 * as often as that allows. Written without fsync, and said once through log when it fails; it never stops the watch.
 *
 *     spt_textfile_new (writes the first)  ->  spt_textfile_observer, given to the watch  ->  spt_textfile_free
 */
#ifndef SPT_WATCH_TEXTFILE_H
#define SPT_WATCH_TEXTFILE_H

#include "checkpoints/base/log.h"
#include "tracker/formats/format.h"
#include "tracker/watch/watch.h"

struct spt_textfile;

/* choice and log are borrowed. SPT_IO, SPT_INVALID: path cannot be written. */
enum spt_status spt_textfile_new(const char *path, const struct spt_figure_choice *choice, const struct spt_log *log,
                                 struct spt_textfile **textfile, struct spt_error *error);
void spt_textfile_free(struct spt_textfile *textfile);
struct spt_watch_observer spt_textfile_observer(struct spt_textfile *textfile); /* valid as long as textfile is */

#endif
