#include "tracker/watch/tail_internal.h"

#include "checkpoints/base/hash.h"
#include "checkpoints/base/tree.h"

#include <string.h>

/* Of the files that decide whether the session opens. */
static enum spt_status state_of_companions(const struct spt_tail *tail, struct spt_hash *hash,
                                           struct spt_error *error) {
    struct spt_hash_stream *stream = spt_hash_new();
    if (!stream) return spt_fail_memory(error, 1024, "a hash");
    const char *before[2] = {"", ""};
    for (size_t i = 0; i < tail->count; i++) {
        const char *const paths[2] = {tail->refs[i]->config, tail->refs[i]->tokenizer};
        for (size_t k = 0; k < 2; k++) {
            struct spt_look look;
            if (!paths[k] || strcmp(paths[k], before[k]) == 0) continue;
            before[k] = paths[k];
            spt_hash_add_text(stream, paths[k]);
            if (spt_tree_look(tail->refs[i]->tree, paths[k], &look, NULL) != SPT_OK) continue;
            spt_hash_add_u64(stream, look.identity.inode);
            spt_hash_add_u64(stream, look.identity.size);
            spt_hash_add_u64(stream, (uint64_t)look.identity.ctime_ns);
        }
    }
    *hash = spt_hash_value(stream);
    spt_hash_free(stream);
    return SPT_OK;
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

/* A rule may name a layer that this run's model does not have. */
static enum spt_status open_alerts(struct spt_tail *tail, bool alone, enum spt_tail_trouble *trouble,
                                   struct spt_error *error) {
    const struct spt_watch_options *options = tail->options;
    struct spt_error failure;
    if (tail->control != SPT_CONTROL_NONE) return SPT_OK;
    const enum spt_status status =
        spt_alerts_new(options->config, options->log, options->store, &tail->session.identity, options->stop,
                       options->urgent, options->context, &tail->alerts, &failure);
    if (status == SPT_OK) return SPT_OK;
    tail->alerts = NULL;
    if (status == SPT_INVALID && !alone) {
        spt_log(options->log, SPT_LOG_WARNING, "%s: %s: no rule is judged for this run", tail->session.name,
                failure.message);
        return SPT_OK;
    }
    if (status == SPT_INVALID) *trouble = SPT_TAIL_USER;
    if (error) *error = failure;
    return status;
}

/* Everything that is known of the run's checkpoints is read here, and never again. */
static enum spt_status take_up(struct spt_tail *tail, bool alone, enum spt_tail_trouble *trouble,
                               struct spt_error *error) {
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
    if (status == SPT_OK) status = spt_tail_record_lost(tail, &ledger, error);
    spt_ledger_release(&ledger);
    tail->stale = true;
    return status == SPT_OK ? open_alerts(tail, alone, trouble, error) : status;
}

/* Opens the session with what is there now and finds its row. SPT_RETRY: not this time (pending says why). */
static enum spt_status open_session(struct spt_tail *tail, bool strict, bool alone, enum spt_tail_trouble *trouble,
                                    struct spt_error *error) {
    const struct spt_watch_options *options = tail->options;
    struct spt_error failure;
    enum spt_status status = spt_session_open_control(&tail->session, tail->control, options->config, options->log,
                                                      spt_scan_run(tail->scan), tail->refs, tail->count, &failure);
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
    tail->again = status == SPT_IO;
    spt_tail_put_failure(&tail->pending, tail, &failure);
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
    return tokenizer ? NULL : "no tokenizer yet; --tokenizer names one, or --ids a file of token ids";
}

/* What is half written breaks rules, too: why a session does not open is told when its files were the same for the quiet period. */
enum spt_status spt_tail_try_session(struct spt_tail *tail, double now, bool strict, bool alone,
                                     enum spt_tail_trouble *trouble, struct spt_error *error) {
    const char *missing = what_is_missing(tail);
    struct spt_hash companions;
    enum spt_status status = state_of_companions(tail, &companions, error);
    if (status != SPT_OK) return status;
    const bool same = tail->was_tried && spt_hash_equal(companions, tail->tried);
    if (!same) tail->tried_since = now;
    if (!same || tail->again) {
        tail->tried = companions;
        tail->was_tried = true;
        tail->again = false;
        spt_text_clear(&tail->pending);
        if (missing) spt_text_put(&tail->pending, missing);
        if (!missing) status = open_session(tail, strict, alone, trouble, error);
    }
    if (spt_tail_is_attached(tail)) {
        spt_text_clear(&tail->session_reason);
        return take_up(tail, alone, trouble, error);
    }
    if (status != SPT_OK && status != SPT_RETRY) return status;
    if (tail->pending.length && now - tail->tried_since >= tail->options->config->watch.quiet_period) {
        spt_text_clear(&tail->session_reason);
        spt_text_append(&tail->session_reason, tail->pending.data, tail->pending.length);
    }
    return SPT_OK;
}
