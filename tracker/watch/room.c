#include "tracker/watch/tail_internal.h"

#include <errno.h>
#include <math.h>
#include <time.h>

static const double FIRST_PAUSE = 1, LONGEST_PAUSE = 60; /* seconds */
enum { TICKS = 10 };                                     /* a second: so often it is asked whether to stop */

bool spt_tail_is_full(enum spt_status status, const struct spt_error *failure) {
    return status == SPT_IO && failure->system == ENOSPC;
}

/* false: told to stop. */
static bool rest(const struct spt_watch_options *options, double seconds) {
    for (size_t ticks = (size_t)(seconds * TICKS); ticks > 0; ticks--) {
        if (options->stop && options->stop(options->context)) return false;
        nanosleep(&(struct timespec){.tv_nsec = 1000000000 / TICKS}, NULL);
    }
    return true;
}

enum spt_status spt_tail_await_room(const struct spt_tail *tail, enum spt_status status, double *pause,
                                    const struct spt_error *failure) {
    if (!spt_tail_is_full(status, failure)) return status;
    if (*pause == 0)
        spt_log(tail->options->log, SPT_LOG_WARNING,
                "%s: %s: nothing can be stored until there is room; waiting for it", failure->path, failure->message);
    *pause = *pause == 0 ? FIRST_PAUSE : fmin(2 * *pause, LONGEST_PAUSE);
    return rest(tail->options, *pause) ? SPT_RETRY : SPT_END;
}
