#include "tracker/watch/heartbeat.h"

#include "checkpoints/base/file.h"
#include "checkpoints/base/memory.h"
#include "tracker/progress.h"
#include "tracker/watch/words.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LAYER_SECONDS 1.0  /* between two writes during a checkpoint */
#define STATE_SECONDS 0.25 /* between two writes while one tiny checkpoint follows another */
enum { HOST_MAX = 256 };

struct spt_heartbeat {
    char *path;
    const struct spt_log *log;
    char host[HOST_MAX];
    struct spt_text runs;       /* the value of the key, as of the last look */
    struct spt_text work;       /* of "current": its first keys; empty: nothing is at work */
    struct spt_text last;       /* the value of the key; empty: null */
    struct spt_text text;       /* what is being written */
    double began, written;      /* monotonic seconds: of the checkpoint at work, of the last write */
    size_t layer, layers;       /* layers that are done */
    bool looked, ended, failed; /* failed: the last write did, and was told */
};

/* --- JSON --- */

static void put_text(struct spt_text *out, const char *key, const char *value) {
    spt_text_format(out, "\"%s\": ", key);
    if (value)
        spt_text_put_json(out, value);
    else
        spt_text_put(out, "null");
}

static void put_step(struct spt_text *out, const char *key, int64_t step) {
    if (step != SPT_NO_STEP)
        spt_text_format(out, "\"%s\": %lld", key, (long long)step);
    else
        spt_text_format(out, "\"%s\": null", key);
}

/* Milliseconds will do; null for what is not known. */
static void put_seconds(struct spt_text *out, const char *key, double seconds) {
    if (isfinite(seconds))
        spt_text_format(out, "\"%s\": %.3f", key, seconds);
    else
        spt_text_format(out, "\"%s\": null", key);
}

static void put_run(struct spt_text *out, const struct spt_watched_run *run) {
    const struct spt_watch_lag lag = spt_watch_lag_of(run);
    spt_text_put(out, "{");
    put_text(out, "path", run->path);
    spt_text_put(out, ", ");
    put_text(out, "name", run->name);
    spt_text_put(out, ", ");
    put_text(out, "reason", run->reason);
    spt_text_put(out, ", \"states\": {");
    for (size_t i = 0; i <= SPT_WATCHED_REFUSED; i++)
        spt_text_format(out, "%s\"%s\": %zu", i ? ", " : "", spt_watched_state_name((enum spt_watched_state)i),
                        run->states[i]);
    spt_text_put(out, "}, ");
    put_step(out, "newest_step", run->newest);
    spt_text_put(out, ", ");
    put_step(out, "analysed_step", run->analysed);
    spt_text_put(out, ", ");
    put_step(out, "lag_steps", lag.steps);
    spt_text_format(out, ", \"lag_checkpoints\": %zu, ", lag.ahead);
    put_seconds(out, "lag_seconds", lag.ahead ? spt_progress_now() - lag.since : 0);
    spt_text_format(out, ", \"done\": %zu, ", run->done);
    put_seconds(out, "seconds", run->seconds);
    spt_text_put(out, "}");
}

static void put_checkpoint(struct spt_text *out, const struct spt_watched_run *run,
                           const struct spt_checkpoint_ref *ref) {
    put_text(out, "run", run->name ? run->name : run->path);
    spt_text_put(out, ", ");
    put_text(out, "branch", ref->branch ? ref->branch : "");
    spt_text_put(out, ", ");
    put_step(out, "step", ref->step);
    spt_text_put(out, ", ");
    put_text(out, "label", ref->label);
}

static const char *state_of(const struct spt_heartbeat *heartbeat) {
    if (heartbeat->ended) return "ended";
    if (heartbeat->work.length) return "analysing";
    return heartbeat->looked ? "idle" : "starting";
}

static void put_all(struct spt_heartbeat *heartbeat) {
    struct spt_text *out = &heartbeat->text;
    spt_text_clear(out);
    spt_text_put(out, "{\"time\": \"");
    spt_words_time(out, time(NULL));
    spt_text_put(out, "\", ");
    put_text(out, "host", heartbeat->host);
    spt_text_format(out, ", \"pid\": %ld, \"version\": \"" SPT_VERSION "\", \"state\": \"%s\",\n \"current\": ",
                    (long)getpid(), state_of(heartbeat));
    if (heartbeat->work.length) {
        spt_text_format(out, "{%s, \"layer\": %zu, \"layers\": %zu, ", heartbeat->work.data, heartbeat->layer,
                        heartbeat->layers);
        put_seconds(out, "seconds", spt_progress_now() - heartbeat->began);
        spt_text_put(out, "}");
    } else {
        spt_text_put(out, "null");
    }
    spt_text_format(out, ",\n \"last\": %s,\n \"runs\": [%s]}\n",
                    heartbeat->last.length ? heartbeat->last.data : "null",
                    heartbeat->runs.length ? heartbeat->runs.data : "");
}

/* A part that found no memory must not make every later one fail. */
static enum spt_status write_file(struct spt_heartbeat *heartbeat, struct spt_error *error) {
    struct spt_text *const parts[] = {&heartbeat->text, &heartbeat->runs, &heartbeat->work, &heartbeat->last};
    put_all(heartbeat);
    heartbeat->written = spt_progress_now();
    bool failed = false;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        failed = failed || parts[i]->failed;
        parts[i]->failed = false;
    }
    if (failed) return spt_fail_memory(error, heartbeat->text.length, "a heartbeat");
    return spt_file_write_fleeting(heartbeat->path, heartbeat->text.data, heartbeat->text.length, error);
}

static void beat(struct spt_heartbeat *heartbeat) {
    struct spt_error error;
    const bool failed = write_file(heartbeat, &error) != SPT_OK;
    if (failed && !heartbeat->failed)
        spt_log(heartbeat->log, SPT_LOG_WARNING,
                "%s: %s; the watch goes on without its heartbeat, which is tried again", heartbeat->path,
                error.message);
    heartbeat->failed = failed;
}

static void beat_after(struct spt_heartbeat *heartbeat, double seconds) {
    if (spt_progress_now() - heartbeat->written >= seconds) beat(heartbeat);
}

/* --- what it hears --- */

static void on_state(void *context, struct spt_store *store, const struct spt_watched_run *runs, size_t count,
                     int current) {
    struct spt_heartbeat *heartbeat = context;
    (void)store;
    spt_text_clear(&heartbeat->runs);
    for (size_t i = 0; i < count; i++) {
        spt_text_put(&heartbeat->runs, i ? ",\n  " : "\n  ");
        put_run(&heartbeat->runs, &runs[i]);
    }
    heartbeat->looked = true;
    if (current < 0) spt_text_clear(&heartbeat->work);
    beat_after(heartbeat, spt_watch_rests(runs, count, current) ? 0 : STATE_SECONDS);
}

static void on_begin(void *context, const struct spt_watched_run *run, const struct spt_checkpoint_ref *ref) {
    struct spt_heartbeat *heartbeat = context;
    spt_text_clear(&heartbeat->work);
    put_checkpoint(&heartbeat->work, run, ref);
    heartbeat->began = spt_progress_now();
    heartbeat->layer = heartbeat->layers = 0;
    beat_after(heartbeat, STATE_SECONDS);
}

static void on_layer(void *context, size_t layer, size_t layers) {
    struct spt_heartbeat *heartbeat = context;
    heartbeat->layer = layer + 1; /* it is done */
    heartbeat->layers = layers;
    beat_after(heartbeat, LAYER_SECONDS);
}

static void on_end(void *context, struct spt_store *store, const struct spt_watched_run *run,
                   const struct spt_checkpoint_ref *ref, const struct spt_outcome *outcome) {
    struct spt_heartbeat *heartbeat = context;
    (void)store;
    spt_text_clear(&heartbeat->work);
    if (!outcome->stopped) {
        spt_text_clear(&heartbeat->last);
        spt_text_put(&heartbeat->last, "{");
        put_checkpoint(&heartbeat->last, run, ref);
        spt_text_put(&heartbeat->last, ", ");
        put_text(&heartbeat->last, "state", spt_state_name(outcome->state));
        spt_text_put(&heartbeat->last, ", ");
        put_text(&heartbeat->last, "reason", outcome->reason);
        spt_text_put(&heartbeat->last, ", ");
        put_seconds(&heartbeat->last, "seconds", outcome->seconds);
        spt_text_put(&heartbeat->last, "}");
    }
    beat_after(heartbeat, STATE_SECONDS);
}

/* --- life --- */

static void release(struct spt_heartbeat *heartbeat) {
    spt_text_release(&heartbeat->runs);
    spt_text_release(&heartbeat->work);
    spt_text_release(&heartbeat->last);
    spt_text_release(&heartbeat->text);
    free(heartbeat->path);
    free(heartbeat);
}

enum spt_status spt_heartbeat_new(const char *path, const struct spt_log *log, struct spt_heartbeat **heartbeat,
                                  struct spt_error *error) {
    struct spt_heartbeat *made = calloc(1, sizeof *made);
    if (!made || !(made->path = spt_strdup(path))) {
        free(made);
        return spt_fail_memory(error, sizeof *made, "a heartbeat");
    }
    made->log = log;
    if (gethostname(made->host, sizeof made->host - 1)) made->host[0] = '\0';
    const enum spt_status status = write_file(made, error);
    if (status != SPT_OK) {
        release(made);
        return status;
    }
    *heartbeat = made;
    return SPT_OK;
}

void spt_heartbeat_free(struct spt_heartbeat *heartbeat) {
    if (!heartbeat) return;
    heartbeat->ended = true;
    spt_text_clear(&heartbeat->work);
    beat(heartbeat);
    release(heartbeat);
}

struct spt_watch_observer spt_heartbeat_observer(struct spt_heartbeat *heartbeat) {
    return (struct spt_watch_observer){
        .context = heartbeat, .state = on_state, .begin = on_begin, .layer = on_layer, .end = on_end};
}
