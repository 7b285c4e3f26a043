#include "tracker/watch/tail_internal.h"

#include "checkpoints/base/memory.h"
#include "checkpoints/base/text.h"
#include "tracker/external.h"
#include "tracker/run_options.h"

#include <dirent.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RETRY_FIRST     1.0
#define RETRY_MOST      300.0
#define REFRESH_SECONDS 10.0

/* --- life --- */

void spt_tail_free(struct spt_tail *tail) {
    if (!tail) return;
    spt_alerts_free(tail->alerts);
    spt_session_release(&tail->session);
    spt_memory_release(&tail->memory);
    spt_queue_free(tail->queue);
    spt_scan_free(tail->scan);
    spt_text_release(&tail->folder_reason);
    spt_text_release(&tail->session_reason);
    spt_text_release(&tail->pending);
    spt_text_release(&tail->said_folder);
    spt_text_release(&tail->said_series);
    free(tail->sights);
    free(tail->refs);
    free(tail->path);
    free(tail->shown);
    free(tail);
}

static struct spt_queue_times times_of(const struct spt_config *config) {
    return (struct spt_queue_times){
        .quiet = config->watch.quiet_period,
        .deadline = config->watch.deadline,
        .retry_first = RETRY_FIRST,
        .retry_most = RETRY_MOST,
    };
}

static char *shown_path(const char *path, enum spt_control control) {
    struct spt_text text = {0};
    if (control == SPT_CONTROL_SHUFFLED)
        spt_control_put_name(&text, path);
    else
        spt_text_put(&text, path);
    if (!text.failed) return text.data;
    spt_text_release(&text);
    return NULL;
}

enum spt_status spt_tail_new(const struct spt_watch_options *options, const char *path, enum spt_control control,
                             double now, struct spt_tail **tail, struct spt_error *error) {
    const struct spt_config *config = options->config;
    const struct spt_queue_times times = times_of(config);
    struct spt_tail *made = calloc(1, sizeof *made);
    if (!made) return spt_fail_memory(error, sizeof *made, "a run that is watched");
    made->options = options;
    made->newest = SPT_NO_STEP;
    made->last_new = made->last_sign = now;
    made->refreshed = -INFINITY;
    made->run_options = spt_run_options_of(config, options->log);
    made->control = control;
    made->path = spt_strdup(path);
    made->shown = shown_path(path, control);
    enum spt_status status = made->path && made->shown ? SPT_OK : spt_fail_memory(error, strlen(path), "a path");
    if (status == SPT_OK) status = spt_queue_new(&times, &made->queue, error);
    if (status == SPT_OK) status = spt_scan_new(path, &made->run_options, &made->scan, error);
    if (status == SPT_OK)
        *tail = made;
    else
        spt_tail_free(made);
    return status;
}

bool spt_tail_is_attached(const struct spt_tail *tail) {
    return tail->session.store != NULL;
}

int64_t spt_tail_id(const struct spt_tail *tail) {
    return spt_tail_is_attached(tail) ? tail->session.identity.id : 0;
}

const char *spt_tail_path(const struct spt_tail *tail) {
    return tail->path;
}

void spt_tail_detach(struct spt_tail *tail, const char *other) {
    spt_alerts_free(tail->alerts);
    tail->alerts = NULL;
    spt_memory_release(&tail->memory);
    spt_session_release(&tail->session);
    spt_text_clear(&tail->session_reason);
    spt_text_format(&tail->session_reason, "is the run that is watched as %s", other);
    spt_text_clear(&tail->pending);
}

/* --- telling the observers --- */

static enum spt_status tell_begin(struct spt_tail *tail, const struct spt_checkpoint_ref *ref,
                                  struct spt_error *error) {
    struct spt_watched_run run;
    const enum spt_status status = spt_tail_show(tail, &run, error);
    for (size_t i = 0; status == SPT_OK && i < tail->options->observer_count; i++) {
        const struct spt_watch_observer *observer = &tail->options->observers[i];
        if (observer->begin) observer->begin(observer->context, &run, ref);
    }
    return status;
}

static void tell_layer(void *context, size_t layer, size_t layers) {
    const struct spt_tail *tail = context;
    for (size_t i = 0; i < tail->options->observer_count; i++) {
        const struct spt_watch_observer *observer = &tail->options->observers[i];
        if (observer->layer) observer->layer(observer->context, layer, layers);
    }
}

enum spt_status spt_tail_tell_end(struct spt_tail *tail, const struct spt_checkpoint_ref *ref,
                                  const struct spt_outcome *outcome, struct spt_error *error) {
    struct spt_watched_run run;
    const enum spt_status status = spt_tail_show(tail, &run, error);
    for (size_t i = 0; status == SPT_OK && i < tail->options->observer_count; i++) {
        const struct spt_watch_observer *observer = &tail->options->observers[i];
        if (observer->end) observer->end(observer->context, tail->options->store, &run, ref, outcome);
    }
    return status;
}

struct spt_ingest spt_tail_ingest(struct spt_tail *tail) {
    return (struct spt_ingest){
        .session = &tail->session,
        .options = {.header_limit = (uint64_t)tail->options->config->header_limit, .log = tail->options->log},
        .incomplete_as = SPT_STATE_WAITING,
        .context = tail,
        .layer = tell_layer,
    };
}

void spt_tail_put_failure(struct spt_text *text, const struct spt_tail *tail, const struct spt_error *failure) {
    const struct spt_run *run = spt_scan_run(tail->scan);
    const bool same =
        strcmp(failure->path, tail->path) == 0 || (run && run->root && strcmp(failure->path, run->root) == 0);
    spt_text_clear(text);
    if (failure->path[0] && !same) spt_text_format(text, "%s: ", failure->path);
    spt_text_put(text, failure->message);
}

/* --- looks --- */

/* The sights of the steps that are asked for. */
static enum spt_status collect(struct spt_tail *tail, bool none, struct spt_error *error) {
    size_t count = 0;
    const struct spt_sight *sights = none ? NULL : spt_scan_sights(tail->scan, &count);
    tail->count = 0;
    if (!spt_grow((void **)&tail->sights, &tail->sight_capacity, count, sizeof *tail->sights) ||
        !spt_grow((void **)&tail->refs, &tail->ref_capacity, count, sizeof *tail->refs))
        return spt_fail_memory(error, count * sizeof *tail->sights, "a look at a run");
    for (size_t i = 0; i < count; i++) {
        if (!spt_config_steps_has(tail->options->config->steps, sights[i].ref->step)) continue;
        tail->sights[tail->count] = sights[i];
        tail->refs[tail->count++] = sights[i].ref;
    }
    return SPT_OK;
}

/* Warns of what was not said the last time. */
static void say_once(const struct spt_tail *tail, struct spt_text *last, const struct spt_text *text) {
    if (text->failed || (last->data && strcmp(text->data, last->data) == 0)) return;
    spt_log(tail->options->log, SPT_LOG_WARNING, "%s: %s", tail->shown, text->data);
    spt_text_clear(last);
    spt_text_put(last, text->data);
}

/* What is there, and is no run: said at length, since it may be a mistake; an empty folder is none. */
static void say_what_is_there(struct spt_tail *tail, const struct spt_error *failure) {
    struct spt_text text = {0};
    spt_tail_put_failure(&text, tail, failure);
    say_once(tail, &tail->said_folder, &text);
    spt_text_release(&text);
}

static bool is_empty(const char *path) {
    DIR *folder = opendir(path);
    bool empty = folder != NULL;
    for (struct dirent *entry; folder && empty && (entry = readdir(folder));) empty = entry->d_name[0] == '.';
    if (folder) closedir(folder);
    return empty;
}

static void note_folder(struct spt_tail *tail, enum spt_status looked, const struct spt_error *failure) {
    spt_text_clear(&tail->folder_reason);
    if (looked == SPT_OK) return;
    if (looked != SPT_END) {
        spt_tail_put_failure(&tail->folder_reason, tail, failure);
    } else if (access(tail->path, F_OK) != 0) {
        spt_text_put(&tail->folder_reason, "no such folder yet");
    } else {
        spt_text_put(&tail->folder_reason, "no checkpoint yet");
        if (!is_empty(tail->path)) say_what_is_there(tail, failure);
    }
}

/* Whatever a trainer writes is a sign of life, also where it has no step, is of another branch, or is written anew after a setback. */
static void note_newest(struct spt_tail *tail, double now) {
    for (size_t i = 0; i < tail->count; i++) {
        if (tail->sights[i].fresh) tail->last_sign = now;
        if (tail->refs[i]->step <= tail->newest) continue; /* SPT_NO_STEP is the least */
        tail->newest = tail->refs[i]->step;
        tail->last_new = now;
    }
}

enum spt_status spt_tail_look(struct spt_tail *tail, double now, bool strict, bool alone,
                              enum spt_tail_trouble *trouble, struct spt_error *error) {
    struct spt_error failure;
    *trouble = SPT_TAIL_STORE;
    const enum spt_status looked = spt_scan_look(tail->scan, now, &failure);
    if (looked == SPT_NOMEM) {
        if (error) *error = failure;
        return SPT_NOMEM;
    }
    note_folder(tail, looked, &failure);
    if (looked != SPT_OK && looked != SPT_END) return SPT_OK; /* what was seen before stands */
    enum spt_status status = collect(tail, looked == SPT_END, error);
    if (status == SPT_OK) status = spt_queue_look(tail->queue, tail->sights, tail->count, now, error);
    if (status == SPT_OK) note_newest(tail, now);
    if (status == SPT_OK && !spt_tail_is_attached(tail) && tail->count)
        status = spt_tail_try_session(tail, now, strict, alone, trouble, error);
    if (status == SPT_OK && spt_tail_is_attached(tail)) status = spt_tail_record_news(tail, now, error);
    if (status == SPT_OK && tail->alerts)
        status = spt_alerts_idle(tail->alerts, now, tail->last_sign, tail->newest, error);
    return status;
}

/* --- one checkpoint --- */

bool spt_tail_is_ready(const struct spt_tail *tail, double now) {
    return spt_tail_is_attached(tail) && spt_queue_take(tail->queue, now) != SPT_QUEUE_NONE;
}

/* What the queue is told of an analysis that ended in this state. */
enum verdict { TRY_AGAIN, TRY_PATIENTLY, REFUSE, ANALYSED };

static enum spt_status settle(struct spt_tail *tail, size_t index, const struct spt_outcome *outcome, double now,
                              struct spt_error *error) {
    static const enum verdict VERDICTS[SPT_STATE_COUNT] = {
        [SPT_STATE_WAITING] = TRY_AGAIN,      [SPT_STATE_INCOMPLETE] = TRY_AGAIN,
        [SPT_STATE_VANISHED] = TRY_PATIENTLY, [SPT_STATE_UNREADABLE] = TRY_PATIENTLY,
        [SPT_STATE_INVALID] = REFUSE,         [SPT_STATE_UNSUPPORTED] = REFUSE,
        [SPT_STATE_ANALYSED] = ANALYSED,
    };
    const enum verdict verdict = VERDICTS[outcome->state];
    if (verdict == REFUSE) return spt_queue_refuse(tail->queue, index, outcome->reason, error);
    if (verdict != ANALYSED)
        return spt_queue_put_back(tail->queue, index, now, outcome->reason, verdict == TRY_PATIENTLY, error);
    spt_queue_analysed(tail->queue, index);
    tail->done++;
    tail->seconds += outcome->seconds;
    tail->stale = true;
    return SPT_OK;
}

static bool is_urgent(void *context) {
    const struct spt_watch_options *options = ((const struct spt_tail *)context)->options;
    return options->urgent && options->urgent(options->context);
}

/* The figures found no room. When there is some again, they are measured again. */
static enum spt_status put_off(struct spt_tail *tail, size_t index, double now, struct spt_outcome *outcome,
                               struct spt_error *error) {
    static const char REASON[] = "the store ran out of room while it was analysed";
    const enum spt_status status = spt_tail_record_waiting(tail, index, REASON, error);
    if (status != SPT_OK) return status;
    *outcome = (struct spt_outcome){.state = SPT_STATE_WAITING, .reason = spt_strdup(REASON)};
    if (!outcome->reason) return spt_fail_memory(error, sizeof REASON, "a reason");
    return spt_queue_put_back(tail->queue, index, now, REASON, true, error);
}

static enum spt_status judge(struct spt_tail *tail, const struct spt_checkpoint_ref *ref,
                             const struct spt_outcome *outcome, struct spt_error *error) {
    double pause = 0;
    enum spt_status status;
    do { /* the second time all anew: where the first one ended is not known */
        struct spt_error failure;
        status = spt_alerts_checkpoint(tail->alerts, pause > 0 ? NULL : ref, pause > 0 ? NULL : outcome, &failure);
        if (status != SPT_OK && error) *error = failure;
        status = spt_tail_await_room(tail, status, &pause, &failure);
    } while (status == SPT_RETRY);
    return status;
}

enum spt_status spt_tail_work(struct spt_tail *tail, double now, struct spt_error *error) {
    const struct spt_watch_options *options = tail->options;
    const size_t index = spt_queue_take(tail->queue, now);
    const struct spt_checkpoint_ref *ref = spt_queue_item(tail->queue, index)->ref;
    struct spt_ingest ingest = spt_tail_ingest(tail);
    struct spt_outcome outcome = {0};
    const int64_t part = spt_memory_part(&tail->memory, index, ref->fingerprint);
    enum spt_status status = spt_session_analysis(&tail->session, options->stop, options->context, error);
    if (status == SPT_OK) status = spt_session_narrow(&tail->session, part, error);
    if (status == SPT_OK) status = tell_begin(tail, ref, error);
    if (status != SPT_OK) return status;
    ingest.stop = is_urgent;
    struct spt_error failure;
    status = spt_ingest_checkpoint(&ingest, ref, &outcome, &failure);
    if (status != SPT_OK && error) *error = failure;
    if (spt_tail_is_full(status, &failure)) {
        status = put_off(tail, index, now, &outcome, error);
    } else if (status == SPT_OK && !outcome.stopped) {
        status = settle(tail, index, &outcome, now, error);
        if (status == SPT_OK) status = spt_memory_note(&tail->memory, index, ref, outcome.state, outcome.reason, error);
    }
    if (status == SPT_OK) status = spt_tail_tell_end(tail, ref, &outcome, error);
    if (status == SPT_OK && outcome.state == SPT_STATE_ANALYSED && !outcome.stopped && tail->alerts)
        status = judge(tail, ref, &outcome, error);
    if (status == SPT_OK && outcome.stopped) status = SPT_END;
    spt_outcome_release(&outcome);
    return status;
}

/* --- between --- */

/* A series that cannot be read now is being written, or not there yet: said, and read again with the next checkpoint. */
enum spt_status spt_tail_refresh(struct spt_tail *tail, double now, bool rest, struct spt_error *error) {
    const struct spt_run *run = spt_scan_run(tail->scan);
    struct spt_error failure;
    if (tail->control != SPT_CONTROL_NONE) return SPT_OK; /* the run has them */
    if (!spt_tail_is_attached(tail) || !tail->stale || !run || (!rest && now - tail->refreshed < REFRESH_SECONDS))
        return SPT_OK;
    const enum spt_status status =
        spt_external_store(tail->options->store, tail->session.identity.id, run, tail->options->config, NULL, &failure);
    tail->stale = false;
    tail->refreshed = now;
    if (status == SPT_OK) {
        spt_text_clear(&tail->said_series);
        return SPT_OK;
    }
    if (status != SPT_INVALID) {
        if (error) *error = failure;
        return status;
    }
    struct spt_text text = {0};
    spt_text_format(&text, "%s: %s: this series is left as it was", failure.path, failure.message);
    say_once(tail, &tail->said_series, &text);
    spt_text_release(&text);
    return SPT_OK;
}

double spt_tail_due(const struct spt_tail *tail, double now) {
    if (spt_tail_is_attached(tail)) return spt_queue_due(tail->queue, now);
    const double told = tail->tried_since + tail->options->config->watch.quiet_period;
    return tail->count && told > now ? told : INFINITY;
}

const char *spt_tail_folder(const struct spt_tail *tail) {
    const struct spt_run *run = spt_scan_run(tail->scan);
    return run && run->root ? run->root : tail->path;
}

const char *spt_tail_changing(const struct spt_tail *tail, size_t *from) {
    while (*from < spt_queue_count(tail->queue)) {
        const struct spt_queued *item = spt_queue_item(tail->queue, (*from)++);
        if (item->ref && item->state != SPT_WATCHED_ANALYSED && item->state != SPT_WATCHED_REFUSED)
            return item->ref->path;
    }
    return NULL;
}

bool spt_tail_is_open(struct spt_tail *tail) {
    const struct spt_watched *items;
    size_t count, states[SPT_WATCHED_REFUSED + 1];
    if (!spt_tail_is_attached(tail)) return tail->count > 0;
    return spt_queue_show(tail->queue, &items, &count, states, NULL) != SPT_OK || states[SPT_WATCHED_CHANGING] > 0;
}

static int64_t newest_analysed(const struct spt_queue *queue) {
    int64_t newest = SPT_NO_STEP;
    for (size_t i = 0; i < spt_queue_count(queue); i++) {
        const struct spt_queued *item = spt_queue_item(queue, i);
        if (item->analysed && item->kept.step > newest) newest = item->kept.step;
    }
    return newest;
}

enum spt_status spt_tail_show(struct spt_tail *tail, struct spt_watched_run *run, struct spt_error *error) {
    const struct spt_run *seen = spt_scan_run(tail->scan);
    const struct spt_text *reason = tail->folder_reason.length ? &tail->folder_reason : &tail->session_reason;
    const bool attached = spt_tail_is_attached(tail);
    *run = (struct spt_watched_run){
        .path = tail->shown,
        .control = tail->control != SPT_CONTROL_NONE,
        .name = attached ? tail->session.name
                : seen   ? seen->name
                         : NULL,
        .reason = reason->length ? reason->data : NULL,
        .run = attached ? &tail->session.identity : NULL,
        .newest = tail->newest,
        .analysed = newest_analysed(tail->queue),
        .last_new = tail->last_new,
        .done = tail->done,
        .seconds = tail->seconds,
    };
    return spt_queue_show(tail->queue, &run->items, &run->count, run->states, error);
}
