/* What a watch looks like on a terminal, as text: a pure function of what is to be shown.
 *
 * For each run: its name and how many checkpoints are in which state; the one at work; how far it is behind the trainer;
 * the last value and the course of some figures; what waits or is refused, and why; the last events. Every line fits the
 * width, all lines together are one fewer than the height: where there is less room, there are fewer details.
 */
#ifndef SPT_WATCH_SCREEN_H
#define SPT_WATCH_SCREEN_H

#include "tracker/watch/watch.h"
#include "tracker/watch/words.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* Means of one metric over the whole model. */
struct spt_screen_series {
    const char *name;
    const double *values; /* [count] in step order, at least one; NAN: undefined */
    size_t count;
};

struct spt_screen_event {
    const char *time; /* UTC, ISO 8601 */
    const char *text;
};

/* All texts are borrowed and may hold anything: what a terminal cannot show is escaped here. */
struct spt_screen_run {
    const char *title;  /* name, or path while there is none */
    const char *reason; /* why it cannot be analysed yet; NULL: it can */
    size_t count, states[SPT_WATCHED_REFUSED + 1];
    int64_t newest, analysed; /* as in struct spt_watched_run */
    double last_new;
    struct spt_watch_lag lag;
    double seconds; /* a checkpoint takes; NAN: none was analysed yet */

    const char *branch, *label; /* of the checkpoint at work; label NULL: none is */
    double began;               /* monotonic seconds */
    size_t layer, layers;       /* layers that are done; layers 0: it is being opened */

    const struct spt_watched *stuck; /* [stuck_count] that wait or are refused, the most interesting first */
    size_t stuck_count, stuck_more;  /* stuck_more: how many there are beside those */
    const struct spt_screen_series *series;
    size_t series_count;
    const struct spt_screen_event *events; /* [event_count] the last ones, newest first */
    size_t event_count;
};

struct spt_screen {
    size_t columns, rows; /* of the terminal */
    bool unicode, colour;
    bool ended;    /* the watch did: this is what stays */
    double now;    /* monotonic seconds */
    time_t looked; /* when the last look ended */
    const struct spt_screen_run *runs;
    size_t count;
    size_t current; /* the run that must be seen where there is no room for all */
};

/* Appends the screen: *lines lines, at most rows - 1 (but 1), each with its newline. */
void spt_screen_render(const struct spt_screen *screen, struct spt_text *out, size_t *lines);

#endif
