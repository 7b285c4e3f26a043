/* Sleep between two looks at the runs: it ends when the time is over, at a signal that asks us to end, or early when something was
 * written in one of the folders that are followed.
 *
 *     spt_wake_new  ->  after each look spt_wake_follow, spt_wake_wait  ->  spt_wake_free
 *
 * What ends it early comes from inotify, which is blind on network file systems, loses events and has limits: whoever
 * waits looks at everything whatever ended the wait, and nothing depends on being woken. Where inotify fails, the waits
 * are as long as they are asked to be, and a note says so once.
 *
 * One thread. Open files: two.
 */
#ifndef SPT_WATCH_WAKE_H
#define SPT_WATCH_WAKE_H

#include "checkpoints/base/error.h"
#include "checkpoints/base/log.h"

#include <stddef.h>

/* Folders beyond these are not followed: the runs' own come first, then those of checkpoints that still change. */
enum { SPT_WAKE_MOST = 256 };

enum spt_wake_reason {
    SPT_WAKE_TIME,
    SPT_WAKE_CHANGE, /* in a folder that is followed: an entry came or went, or a file was closed by its writer */
    SPT_WAKE_SIGNAL, /* one that tracker/signals.h blocks is pending: spt_signals_take takes it */
};

struct spt_wake;

/* log is borrowed and may be NULL. SPT_NOMEM. */
enum spt_status spt_wake_new(const struct spt_log *log, struct spt_wake **wake, struct spt_error *error);
void spt_wake_free(struct spt_wake *wake);

/* From now on these folders are followed, and no others; what stays keeps what has happened in it. Of a folder that is
 * not there yet its coming is noticed. Paths are copied. SPT_NOMEM: nothing is followed.
 *   paths  [count] */
enum spt_status spt_wake_follow(struct spt_wake *wake, const char *const *paths, size_t count, struct spt_error *error);

/* Two waits that changes end are at least shortest seconds apart, and ever further while changes keep coming, up to
 * longest: a busy folder costs hardly more looks than a quiet one. 0.2 and 5 unless set. */
void spt_wake_set_gaps(struct spt_wake *wake, double shortest, double longest);

/* At most seconds long; a signal ends it at once. What happened since the last wait counts. */
enum spt_wake_reason spt_wake_wait(struct spt_wake *wake, double seconds);

#endif
