/* Figures that are kept up to date: drawn anew after each checkpoint of a watch.
 *
 *     spt_redraw_new  ->  spt_redraw_observer, given to the watch  ->  spt_redraw_finish  ->  spt_redraw_free
 *
 * The first is drawn at once; after that a run is drawn every ten seconds at most, and while there is something to analyse seldom enough that
 * drawing takes no more than a tenth of the time. What is not drawn when the watch ends is drawn then. With one run the figures are in folder
 * itself, with several in a folder of each run's name in it. A failure (gnuplot is not there, the disk is full) is said once through log, and
 * again after a drawing that went well; the watch goes on.
 */
#ifndef SPT_WATCH_REDRAW_H
#define SPT_WATCH_REDRAW_H

#include "checkpoints/base/log.h"
#include "tracker/watch/watch.h"

struct spt_redraw;

/* config and log are borrowed; the folder is config->watch.plots. stop: asked between figures; true leaves the rest as it is. SPT_INVALID:
 * no such figure. */
enum spt_status spt_redraw_new(const struct spt_config *config, const struct spt_log *log, bool (*stop)(void *context),
                               void *context, struct spt_redraw **redraw, struct spt_error *error);
void spt_redraw_free(struct spt_redraw *redraw);
struct spt_watch_observer spt_redraw_observer(struct spt_redraw *redraw); /* valid as long as redraw is */

/* Draws what is not drawn yet: when the watch has ended. */
void spt_redraw_finish(struct spt_redraw *redraw, struct spt_store *store);

#endif
