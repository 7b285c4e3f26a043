#include "tracker/watch/tail.h"

#include "checkpoints/base/hash.h"
#include "checkpoints/base/memory.h"
#include "checkpoints/base/text.h"
#include "tracker/external.h"
#include "tracker/watch/memory.h"
#include "tracker/watch/queue.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define RETRY_FIRST     1.0
#define RETRY_MOST      300.0
#define REFRESH_SECONDS 10.0

struct spt_tail {
    const struct spt_watch_options *options;
    char *path;
    struct spt_run_options run_options;
    struct spt_scan *scan;
    struct spt_queue *queue;
    struct spt_sight *sights;               /* [count] those of the last look that are asked for */
    const struct spt_checkpoint_ref **refs; /* [count] theirs */
    size_t count, sight_capacity, ref_capacity;

    struct spt_session session; /* open when it is attached, else released */
    struct spt_memory memory;
    struct spt_text folder_reason, session_reason,
        pending;           /* pending: a reason that did not stand long enough to be told */
    struct spt_hash tried; /* of the files that the session was tried with last */
    double tried_since;
    bool was_tried;

    int64_t newest; /* the largest step that was seen */
    double last_new;
    size_t done;
    double seconds;
    bool stale; /* checkpoints were analysed since the run's own series were read */
    double refreshed;
};

/* --- life --- */

void spt_tail_free(struct spt_tail *tail) {
    if (!tail) return;
    spt_session_release(&tail->session);
    spt_memory_release(&tail->memory);
    spt_queue_free(tail->queue);
    spt_scan_free(tail->scan);
    spt_text_release(&tail->folder_reason);
    spt_text_release(&tail->session_reason);
    spt_text_release(&tail->pending);
    free(tail->sights);
    free(tail->refs);
    free(tail->path);
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

enum spt_status spt_tail_new(const struct spt_watch_options *options, const char *path, double now,
                             struct spt_tail **tail, struct spt_error *error) {
    const struct spt_config *config = options->config;
    const struct spt_queue_times times = times_of(config);
    struct spt_tail *made = calloc(1, sizeof *made);
    if (!made) return spt_fail_memory(error, sizeof *made, "a run that is watched");
    made->options = options;
    made->newest = SPT_NO_STEP;
    made->last_new = now;
    made->refreshed = -INFINITY;
    made->run_options = (struct spt_run_options){
        .step_pattern = config->step_pattern,
        .model_config = config->model_config,
        .tokenizer = config->tokenizer,
        .log = options->log,
    };
    made->path = spt_strdup(path);
    enum spt_status status = made->path ? SPT_OK : spt_fail_memory(error, strlen(path), "a path");
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

static enum spt_status tell_end(struct spt_tail *tail, const struct spt_checkpoint_ref *ref,
                                const struct spt_outcome *outcome, struct spt_error *error) {
    struct spt_watched_run run;
    const enum spt_status status = spt_tail_show(tail, &run, error);
    for (size_t i = 0; status == SPT_OK && i < tail->options->observer_count; i++) {
        const struct spt_watch_observer *observer = &tail->options->observers[i];
        if (observer->end) observer->end(observer->context, tail->options->store, &run, ref, outcome);
    }
    return status;
}

/* --- recording without opening --- */

static struct spt_ingest ingest_of(struct spt_tail *tail) {
    return (struct spt_ingest){
        .session = &tail->session,
        .options = {.header_limit = (uint64_t)tail->options->config->header_limit, .log = tail->options->log},
        .incomplete_as = SPT_STATE_WAITING,
        .context = tail,
        .layer = tell_layer,
    };
}

/* Records a checkpoint of the queue as it was last seen. */
static enum spt_status record(struct spt_tail *tail, size_t index, enum spt_checkpoint_state state, const char *reason,
                              struct spt_error *error) {
    const struct spt_ingest ingest = ingest_of(tail);
    const struct spt_checkpoint_ref *ref = &spt_queue_item(tail->queue, index)->kept;
    struct spt_outcome outcome = {0};
    enum spt_status status = spt_ingest_record(&ingest, ref, state, reason, &outcome, error);
    if (status == SPT_OK) status = spt_memory_note(&tail->memory, index, ref, state, reason, error);
    if (status == SPT_OK && state != SPT_STATE_WAITING) status = tell_end(tail, ref, &outcome, error);
    spt_outcome_release(&outcome);
    return status;
}

static void put_vanished(struct spt_text *text, bool recorded, enum spt_checkpoint_state state, const char *reason) {
    spt_text_put(text, "was removed before it was analysed");
    if (!recorded || state == SPT_STATE_VANISHED) return;
    spt_text_format(text, "; it was %s", spt_state_name(state));
    if (reason) spt_text_format(text, ": %s", reason);
}

/* What is gone and was analysed as it last was stays so; what was analysed, and was on its way out or being written anew when it went, too. */
static enum spt_status record_gone(struct spt_tail *tail, size_t index, struct spt_error *error) {
    enum spt_checkpoint_state state;
    const char *reason;
    struct spt_text text = {0};
    const struct spt_hash last = spt_queue_item(tail->queue, index)->kept.fingerprint;
    const bool recorded = spt_memory_find(&tail->memory, index, last, &state, &reason);
    if (recorded && (state == SPT_STATE_ANALYSED || state == SPT_STATE_VANISHED)) return SPT_OK;
    if (!recorded && spt_memory_is_analysed(&tail->memory, index)) return SPT_OK;
    put_vanished(&text, recorded, state, reason);
    const enum spt_status status = text.failed ? spt_fail_memory(error, 64, "a reason")
                                               : record(tail, index, SPT_STATE_VANISHED, text.data, error);
    spt_text_release(&text);
    return status;
}

static enum spt_status record_waiting(struct spt_tail *tail, size_t index, struct spt_error *error) {
    enum spt_checkpoint_state state;
    const char *known;
    const struct spt_queued *item = spt_queue_item(tail->queue, index);
    if (spt_memory_find(&tail->memory, index, item->kept.fingerprint, &state, &known) && state == SPT_STATE_WAITING &&
        known && strcmp(known, item->reason) == 0)
        return SPT_OK;
    return record(tail, index, SPT_STATE_WAITING, item->reason, error);
}

static enum spt_status take_news(struct spt_tail *tail, size_t index, struct spt_error *error) {
    const struct spt_queued *item = spt_queue_item(tail->queue, index);
    if (!item->ref) return record_gone(tail, index, error);
    const enum spt_status status = spt_memory_settle(&tail->memory, tail->queue, index, error);
    const bool waits = item->awaits && item->state == SPT_WATCHED_WAITING;
    return status == SPT_OK && waits ? record_waiting(tail, index, error) : status;
}

static enum spt_status give_up(struct spt_tail *tail, size_t index, struct spt_error *error) {
    const char *reason = spt_queue_item(tail->queue, index)->reason;
    const enum spt_status status = spt_queue_refuse(tail->queue, index, reason, error);
    return status == SPT_OK
               ? record(tail, index, SPT_STATE_INCOMPLETE, spt_queue_item(tail->queue, index)->reason, error)
               : status;
}

static enum spt_status record_what_time_tells(struct spt_tail *tail, double now, struct spt_error *error) {
    enum spt_status status = SPT_OK;
    for (size_t i; status == SPT_OK && (i = spt_queue_news(tail->queue)) != SPT_QUEUE_NONE;)
        status = take_news(tail, i, error);
    for (size_t i; status == SPT_OK && (i = spt_queue_overdue(tail->queue, now)) != SPT_QUEUE_NONE;)
        status = give_up(tail, i, error);
    return status;
}

/* --- the session --- */

/* Of the files that decide whether the session opens. */
static enum spt_status state_of_companions(const struct spt_tail *tail, struct spt_hash *hash,
                                           struct spt_error *error) {
    struct spt_hash_stream *stream = spt_hash_new();
    if (!stream) return spt_fail_memory(error, 1024, "a hash");
    const char *before[2] = {"", ""};
    for (size_t i = 0; i < tail->count; i++) {
        const char *const paths[2] = {tail->refs[i]->config, tail->refs[i]->tokenizer};
        for (size_t k = 0; k < 2; k++) {
            struct stat st;
            if (!paths[k] || strcmp(paths[k], before[k]) == 0) continue;
            before[k] = paths[k];
            spt_hash_add_text(stream, paths[k]);
            if (stat(paths[k], &st) != 0) continue;
            spt_hash_add_u64(stream, (uint64_t)st.st_ino);
            spt_hash_add_u64(stream, (uint64_t)st.st_size);
            spt_hash_add_u64(stream, (uint64_t)st.st_ctim.tv_sec);
            spt_hash_add_u64(stream, (uint64_t)st.st_ctim.tv_nsec);
        }
    }
    *hash = spt_hash_value(stream);
    spt_hash_free(stream);
    return SPT_OK;
}

static void put_failure(struct spt_text *text, const struct spt_tail *tail, const struct spt_error *failure) {
    const struct spt_run *run = spt_scan_run(tail->scan);
    const bool same =
        strcmp(failure->path, tail->path) == 0 || (run && run->root && strcmp(failure->path, run->root) == 0);
    spt_text_clear(text);
    if (failure->path[0] && !same) spt_text_format(text, "%s: ", failure->path);
    spt_text_put(text, failure->message);
}

/* Whether a failure is about what the user named, rather than about what lies in the run. */
static bool is_of_user(const struct spt_config *config, const struct spt_error *failure) {
    const char *const named[] = {config->file, config->probe, config->ids, config->tokenizer, config->model_config};
    if (!failure->path[0]) return true;
    for (size_t i = 0; i < sizeof named / sizeof *named; i++)
        if (named[i] && strcmp(named[i], failure->path) == 0) return true;
    return false;
}

static void say(void *context, const char *line) {
    spt_log(context, SPT_LOG_NOTE, "%s", line);
}

/* Rows of checkpoints that an earlier watch left waiting, and that are not there any more. */
static enum spt_status record_lost_rows(struct spt_tail *tail, const struct spt_ledger *ledger,
                                        struct spt_error *error) {
    const struct spt_ingest ingest = ingest_of(tail);
    enum spt_status status = SPT_OK;
    for (size_t i = 0; status == SPT_OK && i < ledger->count; i++) {
        const struct spt_store_checkpoint *row = &ledger->rows[i];
        const struct spt_checkpoint_ref ref = {.uri = row->uri,
                                               .path = row->uri,
                                               .label = row->label,
                                               .branch = row->branch,
                                               .step = row->step,
                                               .tokens = row->tokens,
                                               .fingerprint = row->fingerprint};
        struct spt_text reason = {0};
        struct spt_outcome outcome = {0};
        if (row->state == SPT_STATE_ANALYSED || row->state == SPT_STATE_VANISHED ||
            spt_queue_find(tail->queue, row->uri) != SPT_QUEUE_NONE)
            continue;
        put_vanished(&reason, true, row->state, row->reason);
        status = reason.failed ? spt_fail_memory(error, 64, "a reason")
                               : spt_ingest_record(&ingest, &ref, SPT_STATE_VANISHED, reason.data, &outcome, error);
        if (status == SPT_OK) status = tell_end(tail, &ref, &outcome, error);
        spt_outcome_release(&outcome);
        spt_text_release(&reason);
    }
    return status;
}

/* Everything that is known of the run's checkpoints is read here, and never again. */
static enum spt_status take_up(struct spt_tail *tail, struct spt_error *error) {
    const struct spt_config *config = tail->options->config;
    const size_t samples = tail->session.samples.probe.samples;
    struct spt_ledger ledger = {0};
    tail->session.say = say;
    tail->session.say_context = (void *)(uintptr_t)tail->options->log;
    if (spt_config_is_set(config, "samples") && samples < (size_t)config->samples)
        spt_log(tail->options->log, SPT_LOG_WARNING,
                "the probe has %zu samples, fewer than the %lld that are asked for", samples,
                (long long)config->samples);
    enum spt_status status = spt_ledger_read(&ledger, tail->options->store, tail->session.identity.id, error);
    if (status == SPT_OK) status = spt_memory_read(&tail->memory, &ledger, &tail->session, tail->queue, error);
    if (status == SPT_OK) status = record_lost_rows(tail, &ledger, error);
    spt_ledger_release(&ledger);
    tail->stale = true;
    return status;
}

/* Opens the session with what is there now and finds its row. SPT_RETRY: not this time (pending says why). */
static enum spt_status open_session(struct spt_tail *tail, bool strict, bool alone, enum spt_tail_trouble *trouble,
                                    struct spt_error *error) {
    const struct spt_watch_options *options = tail->options;
    struct spt_error failure;
    enum spt_status status = spt_session_open(&tail->session, options->config, options->log, spt_scan_run(tail->scan),
                                              tail->refs, tail->count, &failure);
    bool fatal = status == SPT_NOMEM;
    if (status != SPT_OK && strict && is_of_user(options->config, &failure)) {
        *trouble = SPT_TAIL_USER;
        fatal = true;
    }
    if (status == SPT_OK) {
        status = spt_session_attach(&tail->session, options->store, true, false, &failure);
        fatal = status != SPT_OK && (!tail->session.taken || alone);
        if (fatal && tail->session.taken) *trouble = SPT_TAIL_USER;
        if (status != SPT_OK) spt_session_release(&tail->session);
    }
    if (status == SPT_OK) return SPT_OK;
    if (fatal) {
        if (error) *error = failure;
        return status;
    }
    put_failure(&tail->pending, tail, &failure);
    return SPT_RETRY;
}

/* A checkpoint with all that a session needs: before it comes there is nothing to try. */
static const char *what_is_missing(const struct spt_tail *tail) {
    const bool ids = tail->options->config->ids != NULL;
    bool config = false, tokenizer = ids;
    for (size_t i = 0; i < tail->count && !(config && tokenizer); i++) {
        config = config || tail->refs[i]->config;
        tokenizer = tokenizer || tail->refs[i]->tokenizer;
    }
    if (!config) return "no config.json yet; --model-config names one";
    return tokenizer ? NULL : "no tokenizer.json yet; --tokenizer names one, or --ids a file of token ids";
}

/* What is half written breaks rules, too: why a session does not open is told when its files were the same for the quiet period. */
static enum spt_status try_session(struct spt_tail *tail, double now, bool strict, bool alone,
                                   enum spt_tail_trouble *trouble, struct spt_error *error) {
    const char *missing = what_is_missing(tail);
    struct spt_hash companions;
    enum spt_status status = state_of_companions(tail, &companions, error);
    if (status != SPT_OK) return status;
    const bool same = tail->was_tried && spt_hash_equal(companions, tail->tried);
    if (!same) {
        tail->tried = companions;
        tail->tried_since = now;
        tail->was_tried = true;
        spt_text_clear(&tail->pending);
        if (missing) spt_text_put(&tail->pending, missing);
        if (!missing) status = open_session(tail, strict, alone, trouble, error);
    }
    if (spt_tail_is_attached(tail)) {
        spt_text_clear(&tail->session_reason);
        return take_up(tail, error);
    }
    if (status != SPT_OK && status != SPT_RETRY) return status;
    if (tail->pending.length && now - tail->tried_since >= tail->options->config->watch.quiet_period) {
        spt_text_clear(&tail->session_reason);
        spt_text_append(&tail->session_reason, tail->pending.data, tail->pending.length);
    }
    return SPT_OK;
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

static void note_newest(struct spt_tail *tail, double now) {
    for (size_t i = 0; i < tail->count; i++) {
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
    spt_text_clear(&tail->folder_reason);
    if (looked != SPT_OK) put_failure(&tail->folder_reason, tail, &failure);
    if (looked != SPT_OK && looked != SPT_END) return SPT_OK; /* what was seen before stands */
    enum spt_status status = collect(tail, looked == SPT_END, error);
    if (status == SPT_OK) status = spt_queue_look(tail->queue, tail->sights, tail->count, now, error);
    if (status == SPT_OK) note_newest(tail, now);
    if (status == SPT_OK && !spt_tail_is_attached(tail) && tail->count)
        status = try_session(tail, now, strict, alone, trouble, error);
    if (status == SPT_OK && spt_tail_is_attached(tail)) status = record_what_time_tells(tail, now, error);
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

enum spt_status spt_tail_work(struct spt_tail *tail, double now, struct spt_error *error) {
    const struct spt_watch_options *options = tail->options;
    const size_t index = spt_queue_take(tail->queue, now);
    const struct spt_checkpoint_ref *ref = spt_queue_item(tail->queue, index)->ref;
    struct spt_ingest ingest = ingest_of(tail);
    struct spt_outcome outcome = {0};
    enum spt_status status = spt_session_analysis(&tail->session, options->stop, options->context, error);
    if (status == SPT_OK) status = tell_begin(tail, ref, error);
    if (status != SPT_OK) return status;
    ingest.stop = is_urgent;
    status = spt_ingest_checkpoint(&ingest, ref, &outcome, error);
    if (status == SPT_OK && !outcome.stopped) {
        status = settle(tail, index, &outcome, now, error);
        if (status == SPT_OK) status = spt_memory_note(&tail->memory, index, ref, outcome.state, outcome.reason, error);
    }
    if (status == SPT_OK) status = tell_end(tail, ref, &outcome, error);
    if (status == SPT_OK && outcome.stopped) status = SPT_END;
    spt_outcome_release(&outcome);
    return status;
}

/* --- between --- */

/* A series that cannot be read now is being written, or not there yet: said, and read again with the next checkpoint. */
enum spt_status spt_tail_refresh(struct spt_tail *tail, double now, bool rest, struct spt_error *error) {
    const struct spt_run *run = spt_scan_run(tail->scan);
    struct spt_error failure;
    if (!spt_tail_is_attached(tail) || !tail->stale || !run || (!rest && now - tail->refreshed < REFRESH_SECONDS))
        return SPT_OK;
    const enum spt_status status =
        spt_external_store(tail->options->store, tail->session.identity.id, run, tail->options->config, NULL, &failure);
    tail->stale = false;
    tail->refreshed = now;
    if (status == SPT_OK) return SPT_OK;
    if (status != SPT_INVALID) {
        if (error) *error = failure;
        return status;
    }
    spt_log(tail->options->log, SPT_LOG_WARNING, "%s: %s: this series is left as it was", failure.path,
            failure.message);
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
        .path = tail->path,
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
