/* A watch on a terminal: a block of lines that is drawn anew in its place, a few times a second.
 *
 *     spt_view_possible  ->  spt_view_new  ->  spt_view_observer, given to the watch  ->  spt_view_finish  ->  spt_view_free
 *
 * Nothing of the terminal is changed for longer than one write takes: the alternate screen is not used, the cursor rests below the block and
 * is shown, lines wrap again. So whatever ends the program, the terminal is as it was, with the last state in it. What the libraries say is
 * printed above the block (spt_view_log). The size is asked at each draw.
 */
#ifndef SPT_WATCH_VIEW_H
#define SPT_WATCH_VIEW_H

#include "checkpoints/base/log.h"
#include "tracker/watch/watch.h"

#include <stdbool.h>

/* Whether fd is a terminal that can be drawn on: one whose TERM is set and is not "dumb". Else tracker/watch/lines.h. */
bool spt_view_possible(int fd);

struct spt_view;

/* fd and config are borrowed. Colours unless NO_COLOR is set; block elements where the locale's characters are UTF-8. */
enum spt_status spt_view_new(int fd, const struct spt_config *config, struct spt_view **view, struct spt_error *error);

/* Draws the last state once more, with nothing at work, and leaves it: what is printed from now on stands below it. NULL is fine. */
void spt_view_finish(struct spt_view *view);
/* Finishes it too. */
void spt_view_free(struct spt_view *view);

struct spt_watch_observer spt_view_observer(struct spt_view *view); /* valid as long as view is */

/* A log that takes the block away, lets next print, and draws the block anew below. next is borrowed. */
struct spt_log spt_view_log(struct spt_view *view, const struct spt_log *next);

#endif
