/* What a folder that is followed is to inotify:
 *
 *     lost --its path is there--------------------------> attached --renamed, removed, unmounted--> lost
 *       |                                                     ^
 *       '--only a parent is there--> waiting --path came------'
 *
 * lost and waiting are tried again at each turn of a wait: none is given up, and none is depended on. */
#include "tracker/watch/wake.h"

#include "checkpoints/base/memory.h"
#include "checkpoints/base/text.h"
#include "tracker/progress.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "tracker/signals.h"

/* No IN_MODIFY: a writer at work needs no look, the end of its work does. */
static const uint32_t EVENTS =
    IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CLOSE_WRITE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
static const uint32_t GONE = IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT;

/* Without signalfd a signal is noticed that late. */
static const double SIGNAL_SLICE = 0.1;

enum { EVENT_BYTES = 16 * 1024, READS_AT_ONCE = 64, NOTHING = -1 };

struct followed {
    char *path;
    int watch;    /* NOTHING: lost */
    bool waiting; /* watch is a parent's */
};

struct spt_wake {
    const struct spt_log *log;
    int inotify, signals;      /* NOTHING: the system gave none */
    struct followed *followed; /* [count] */
    size_t count;
    double shortest, longest; /* what gap lies between */
    double last, gap;         /* when a change ended a wait last, and how long the next must stay away */
    bool changed;             /* an event has come that ended no wait yet */
    bool said_init, said_add, said_overflow;
};

/* --- inotify --- */

static void say_once(struct spt_wake *wake, bool *said, int system_error, const char *what) {
    if (!*said)
        spt_log(wake->log, SPT_LOG_NOTE, "%s%s%s: new checkpoints are found by looking from time to time", what,
                system_error ? ": " : "", system_error ? strerror(system_error) : "");
    *said = true;
}

static int add_watch(struct spt_wake *wake, const char *path) {
    const int watch = inotify_add_watch(wake->inotify, path, EVENTS);
    if (watch >= 0) return watch;
    const int system_error = errno;
    if (system_error != ENOENT && system_error != ENOTDIR)
        say_once(wake, &wake->said_add, system_error, "inotify cannot follow a folder");
    return NOTHING;
}

/* Two folders that are followed can share a watch: both may wait for the same parent. */
static void remove_watch(struct spt_wake *wake, int watch) {
    if (watch == NOTHING || wake->inotify == NOTHING) return;
    for (size_t i = 0; i < wake->count; i++)
        if (wake->followed[i].watch == watch) return;
    (void)inotify_rm_watch(wake->inotify, watch);
}

static void set_watch(struct spt_wake *wake, struct followed *followed, int watch, bool waiting) {
    const int before = followed->watch;
    followed->watch = watch;
    followed->waiting = waiting;
    if (before != watch) remove_watch(wake, before);
}

static void lose(struct spt_wake *wake, struct followed *followed) {
    set_watch(wake, followed, NOTHING, false);
}

/* The folder that path lies in, "" for "/"; false: it has none. */
static bool cut_last_part(char *path) {
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/') path[--length] = '\0';
    char *slash = strrchr(path, '/');
    if (!slash || !slash[1]) return false;
    *slash = '\0';
    return true;
}

/* The nearest parent that is there. Adding a watch that is there already changes nothing and makes no event, so that
 * this can be asked at each turn. Without memory it stays lost, which the next turn mends. */
static void wait_in_parent(struct spt_wake *wake, struct followed *followed) {
    struct spt_text parent = {0};
    int watch = NOTHING;
    if (followed->path[0] != '/') spt_text_put(&parent, "./");
    spt_text_put(&parent, followed->path);
    while (watch == NOTHING && !parent.failed && cut_last_part(parent.data))
        watch = add_watch(wake, parent.data[0] ? parent.data : "/");
    spt_text_release(&parent);
    set_watch(wake, followed, watch, watch != NOTHING);
}

/* true: its own path is attached, and was not before. What came before its parent was watched has given no event:
 * whoever waits in another folder than before tries once more. */
static bool attach(struct spt_wake *wake, struct followed *followed) {
    if (followed->watch != NOTHING && !followed->waiting) return false;
    for (int before = NOTHING - 1; before != followed->watch;) {
        const int watch = add_watch(wake, followed->path);
        if (watch != NOTHING) {
            set_watch(wake, followed, watch, false);
            return true;
        }
        before = followed->watch;
        wait_in_parent(wake, followed);
    }
    return false;
}

static bool attach_all(struct spt_wake *wake) {
    bool attached = false;
    if (wake->inotify == NOTHING) return false;
    for (size_t i = 0; i < wake->count; i++) attached |= attach(wake, &wake->followed[i]);
    return attached;
}

/* --- events --- */

static bool take_event(struct spt_wake *wake, const struct inotify_event *event) {
    if (event->mask & IN_Q_OVERFLOW) {
        say_once(wake, &wake->said_overflow, 0, "inotify has lost events");
        return true;
    }
    bool meant = false;
    for (size_t i = 0; i < wake->count; i++) {
        struct followed *followed = &wake->followed[i];
        if (followed->watch != event->wd) continue;
        meant |= !followed->waiting; /* who waits is told by being attached */
        if (event->mask & GONE) lose(wake, followed);
    }
    return meant;
}

/* *any: an event was there, meant or not. */
static bool take_events(struct spt_wake *wake, bool *any) {
    _Alignas(struct inotify_event) char bytes[EVENT_BYTES];
    bool meant = false;
    *any = false;
    for (int i = 0; i < READS_AT_ONCE; i++) {
        const ssize_t got = read(wake->inotify, bytes, sizeof bytes);
        if (got <= 0) break;
        *any = true;
        for (size_t at = 0; at < (size_t)got;) {
            const struct inotify_event *event = (const struct inotify_event *)(const void *)&bytes[at];
            meant |= take_event(wake, event);
            at += sizeof *event + event->len;
        }
    }
    return meant;
}

/* Changes that come as soon as the last one was honoured are held back ever longer. */
static void note_change(struct spt_wake *wake, double now) {
    if (wake->changed) return;
    wake->changed = true;
    if (now - wake->last > 2 * wake->gap) wake->gap = wake->shortest;
}

/* --- the life of a wake --- */

static void close_file(int fd) {
    if (fd != NOTHING) (void)close(fd);
}

enum spt_status spt_wake_new(const struct spt_log *log, struct spt_wake **wake, struct spt_error *error) {
    struct spt_wake *made = calloc(1, sizeof *made);
    if (!made) return spt_fail_memory(error, sizeof *made, "a watch");
    sigset_t set;
    spt_signals_set(&set);
    *made = (struct spt_wake){.log = log, .last = -INFINITY};
    spt_wake_set_gaps(made, 0.2, 5);
    made->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    made->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (made->inotify < 0) say_once(made, &made->said_init, errno, "inotify is not available");
    *wake = made;
    return SPT_OK;
}

void spt_wake_set_gaps(struct spt_wake *wake, double shortest, double longest) {
    wake->shortest = wake->gap = shortest;
    wake->longest = longest;
}

static void release_followed(struct followed *followed, size_t count) {
    for (size_t i = 0; i < count; i++) free(followed[i].path);
    free(followed);
}

void spt_wake_free(struct spt_wake *wake) {
    if (!wake) return;
    close_file(wake->inotify);
    close_file(wake->signals);
    release_followed(wake->followed, wake->count);
    free(wake);
}

/* --- which folders are followed --- */

static struct followed *find_followed(struct followed *followed, size_t count, const char *path) {
    for (size_t i = 0; i < count; i++)
        if (followed[i].path && strcmp(followed[i].path, path) == 0) return &followed[i];
    return NULL;
}

enum spt_status spt_wake_follow(struct spt_wake *wake, const char *const *paths, size_t count,
                                struct spt_error *error) {
    struct followed *before = wake->followed;
    const size_t before_count = wake->count;
    if (count > SPT_WAKE_MOST) count = SPT_WAKE_MOST;
    struct followed *now = spt_alloc_zeroed(count, sizeof *now);
    bool memory = now != NULL;
    size_t taken = 0;
    for (size_t i = 0; i < count && memory; i++) {
        if (find_followed(now, taken, paths[i])) continue;
        struct followed *known = find_followed(before, before_count, paths[i]);
        now[taken] = known ? *known : (struct followed){.path = spt_strdup(paths[i]), .watch = NOTHING};
        if (known) *known = (struct followed){.watch = known->watch};
        memory = now[taken].path != NULL;
        taken += memory;
    }
    wake->followed = now;
    wake->count = taken;
    for (size_t i = 0; i < before_count; i++) remove_watch(wake, before[i].watch);
    release_followed(before, before_count);
    if (memory) {
        /* What came since the last look into a folder that is followed only now has given no event. */
        if (attach_all(wake)) note_change(wake, spt_progress_now());
        return SPT_OK;
    }
    while (wake->count) {
        lose(wake, &wake->followed[wake->count - 1]);
        free(wake->followed[--wake->count].path);
    }
    return spt_fail_memory(error, count * sizeof *now, "the folders that are followed");
}

/* --- waiting --- */

/* Until the end of the slice, a signal or an event. */
static void sleep_until(struct spt_wake *wake, double end, bool events) {
    double seconds = end - spt_progress_now();
    if (wake->signals == NOTHING && seconds > SIGNAL_SLICE) seconds = SIGNAL_SLICE;
    if (seconds < 0) seconds = 0;
    if (seconds > 3600) seconds = 3600;
    struct pollfd fds[2] = {{.fd = wake->signals, .events = POLLIN},
                            {.fd = events ? wake->inotify : NOTHING, .events = POLLIN}};
    (void)poll(fds, 2, (int)ceil(seconds * 1000)); /* a descriptor below 0 is passed over */
}

enum spt_wake_reason spt_wake_wait(struct spt_wake *wake, double seconds) {
    const double end = spt_progress_now() + (seconds > 0 ? seconds : 0);
    for (;;) {
        if (spt_signals_pending()) return SPT_WAKE_SIGNAL;
        const double now = spt_progress_now();
        bool any = false;
        const bool came = wake->inotify != NOTHING && take_events(wake, &any);
        if (attach_all(wake) || came) note_change(wake, now);
        if (wake->changed && now >= wake->last + wake->gap) {
            wake->changed = false;
            wake->last = now;
            wake->gap = fmin(2 * wake->gap, wake->longest);
            return SPT_WAKE_CHANGE;
        }
        if (now >= end) return SPT_WAKE_TIME;
        /* Events that say nothing new, and those of a busy folder that somebody else's waits in, are left to gather. */
        const bool deaf = wake->changed || any;
        const double turn = wake->changed ? wake->last + wake->gap : any ? now + wake->shortest : end;
        sleep_until(wake, fmin(end, turn), !deaf);
    }
}
