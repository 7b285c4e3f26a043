/* A watch in plain lines, where nothing is redrawn: a log, a service's journal, a dumb terminal.
 *
 *     spt_lines_new  ->  spt_lines_observer, given to the watch  ->  spt_lines_free
 *
 * One line when a run is seen first or cannot be analysed yet, one a checkpoint that is analysed or vanished, one when a
 * checkpoint starts to wait and one when it is refused, each once however often it is looked at. What was refused before
 * the watch began is counted, not repeated. When nothing happens, nothing is written.
 */
#ifndef SPT_WATCH_LINES_H
#define SPT_WATCH_LINES_H

#include "checkpoints/base/error.h"
#include "tracker/watch/watch.h"

#include <stdio.h>

struct spt_lines;

/* stream is borrowed, and flushed after each line. SPT_NOMEM. */
enum spt_status spt_lines_new(FILE *stream, struct spt_lines **lines, struct spt_error *error);
void spt_lines_free(struct spt_lines *lines);

/* Valid as long as lines is. Cost of a look: one pass over the checkpoints, a hash of each that waits or is refused. */
struct spt_watch_observer spt_lines_observer(struct spt_lines *lines);

#endif
