#include "tracker/sweep.h"

#include "checkpoints/base/file.h"
#include "checkpoints/base/memory.h"
#include "checkpoints/base/text.h"
#include "tracker/commands/commands.h"
#include "tracker/external.h"
#include "tracker/metric_choice.h"
#include "tracker/sample_set.h"
#include "tracker/signals.h"
#include "tracker/summary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SUMMARY_ROWS = 40 };

/* Everything one run is swept with. */
struct session {
    struct spt_invocation *invocation;
    struct spt_log log;
    struct spt_run *run;
    const struct spt_checkpoint_ref **refs; /* [ref_count] those that are asked for */
    size_t ref_count;
    struct spt_model_config model;
    struct spt_sample_set samples;
    struct spt_plan plan;
    struct spt_store *store;
    struct spt_store_run identity;
    struct spt_progress progress;
    struct spt_sweep sweep;
};

static void session_release(struct session *s) {
    spt_sweep_release(&s->sweep);
    spt_store_close(s->store);
    spt_plan_release(&s->plan);
    spt_sample_set_release(&s->samples);
    free(s->refs);
    spt_run_close(s->run);
}

/* --- what the run is --- */

static enum spt_status open_run(struct session *s, const char *path, struct spt_error *error) {
    const struct spt_config *config = &s->invocation->config;
    const struct spt_run_options options = {
        .step_pattern = config->step_pattern,
        .model_config = config->model_config,
        .tokenizer = config->tokenizer,
        .log = &s->log,
    };
    const enum spt_status status = spt_run_open(path, &options, &s->run, error);
    if (status != SPT_OK) return status;
    s->refs = spt_alloc(s->run->count, sizeof *s->refs);
    if (!s->refs) return spt_fail_memory(error, s->run->count * sizeof *s->refs, "a run");
    for (size_t i = 0, within = 0; i < s->run->count; i++) {
        const struct spt_checkpoint_ref *ref = &s->run->refs[i];
        if (!spt_config_steps_has(config->steps, ref->step)) continue;
        if (within++ % (size_t)config->every == 0) s->refs[s->ref_count++] = ref;
    }
    if (s->ref_count) return SPT_OK;
    return spt_config_reject(config, "steps", error, "none of the %zu checkpoints of %s has such a step", s->run->count,
                             s->run->root);
}

/* A model and how many checkpoints have it. */
struct candidate {
    struct spt_model_config model;
    struct spt_hash digest;
    size_t votes;
};

static void vote(struct candidate *candidates, size_t *count, const struct spt_model_config *model) {
    const struct spt_hash digest = spt_model_config_digest(model);
    size_t i = 0;
    while (i < *count && !spt_hash_equal(candidates[i].digest, digest)) i++;
    if (i == *count) candidates[(*count)++] = (struct candidate){.model = *model, .digest = digest};
    candidates[i].votes++;
}

/* The model that most of the run's checkpoints have, the first among equals: so one odd config.json makes only its own checkpoint odd, and
 * the choice does not hang on which steps are asked for. SPT_END: no checkpoint has a config.json; else why none can be read. */
static enum spt_status vote_for_model(struct session *s, struct spt_error *error) {
    enum spt_status status = SPT_END;
    size_t count = 0, best = 0;
    struct candidate *candidates = spt_alloc(s->run->count, sizeof *candidates);
    if (!candidates) return spt_fail_memory(error, s->run->count * sizeof *candidates, "the models of a run");
    for (size_t i = 0; i < s->run->count; i++) {
        struct spt_model_config model;
        if (!s->run->refs[i].config) continue;
        const enum spt_status read =
            spt_model_config_read(s->run->refs[i].config, &model, status == SPT_END ? error : NULL);
        if (status == SPT_END) status = read;
        if (read == SPT_OK) vote(candidates, &count, &model);
    }
    for (size_t i = 1; i < count; i++)
        if (candidates[i].votes > candidates[best].votes) best = i;
    if (count) {
        s->model = candidates[best].model;
        status = SPT_OK;
    }
    free(candidates);
    return status;
}

static enum spt_status find_model(struct session *s, struct spt_error *error) {
    const enum spt_status voted = vote_for_model(s, error);
    if (voted != SPT_END) return voted;
    struct spt_checkpoint *checkpoint = NULL; /* a file that holds no weights at all has no config.json either */
    const enum spt_status status =
        s->ref_count == 1 ? spt_checkpoint_open(s->refs[0]->path, NULL, &checkpoint, error) : SPT_OK;
    spt_checkpoint_close(checkpoint);
    if (status != SPT_OK) return status;
    return spt_fail(
        error, SPT_INVALID, s->run->root,
        "no checkpoint has a config.json, nor has the run's folder or the one above it; --model-config names one");
}

static enum spt_status read_samples(struct session *s, struct spt_error *error) {
    const struct spt_config *config = &s->invocation->config;
    const char *tokenizer = NULL;
    for (size_t i = 0; i < s->ref_count && !tokenizer; i++) tokenizer = s->refs[i]->tokenizer;
    if (!tokenizer && !config->ids)
        return spt_fail(
            error, SPT_INVALID, s->run->root,
            "no checkpoint has a tokenizer.json, nor has the run's folder or the one above it; --tokenizer names "
            "one, or --ids a file of token ids");
    return spt_sample_set_init(&s->samples, config, tokenizer, &s->model, error);
}

static enum spt_status make_plan(struct session *s, struct spt_error *error) {
    const struct spt_config *config = &s->invocation->config;
    spt_plan_init(&s->plan);
    if (!s->plan.metric) return spt_fail_memory(error, SPT_METRIC_COUNT, "a plan");
    s->plan.samples = s->samples.probe.samples;
    s->plan.references = (enum spt_references)config->references;
    s->plan.symmetrize = (enum spt_symmetrize)config->symmetrize;
    s->plan.topology_dimension = (unsigned)config->topology_dimension;
    s->plan.bootstrap = (size_t)config->bootstrap;
    s->plan.null_draws = (size_t)config->null_draws;
    s->plan.keep_heads = config->keep;
    s->plan.threads = (size_t)config->threads;
    s->plan.no_read_ahead = !config->read_ahead;
    return spt_metric_choice(config, s->plan.metric, error);
}

static const char *mask_name(const struct spt_model_config *model) {
    static const char *const NAMES[] = {
        [SPT_MASK_CAUSAL] = "causal", [SPT_MASK_FULL] = "full", [SPT_MASK_WINDOW] = "window"};
    enum spt_mask_kind kind;
    size_t window;
    spt_forward_mask(model, 0, &kind, &window);
    return NAMES[kind];
}

static enum spt_status identify(struct session *s, struct spt_error *error) {
    const char *name = s->invocation->config.name;
    s->identity = (struct spt_store_run){
        .name = name ? (char *)name : s->run->name,
        .source = s->run->root,
        .model = spt_model_config_digest(&s->model),
        .probe = s->samples.digest,
        .layers = s->model.layers,
        .heads = s->model.heads,
        .samples = s->samples.probe.samples,
        .mask = (char *)mask_name(&s->model),
    };
    return spt_plan_digest(&s->plan, &s->identity.plan, error);
}

/* Everything that is read before the store is touched. */
static enum spt_status prepare(struct session *s, const char *path, struct spt_error *error) {
    enum spt_status status = spt_metric_check_plots(&s->invocation->config, error);
    if (status == SPT_OK) status = open_run(s, path, error);
    if (status == SPT_OK) status = find_model(s, error);
    if (status == SPT_OK) status = read_samples(s, error);
    if (status == SPT_OK) status = make_plan(s, error);
    return status == SPT_OK ? identify(s, error) : status;
}

/* --- the store --- */

static bool same_identity(const struct spt_store_run *a, const struct spt_store_run *b) {
    return strcmp(a->name, b->name) == 0 && spt_hash_equal(a->model, b->model) && spt_hash_equal(a->probe, b->probe) &&
           spt_hash_equal(a->plan, b->plan);
}

/* Two runs of one name, model, probe and plan are one run that moved, unless both folders are there. */
static enum spt_status check_not_another(struct session *s, struct spt_error *error) {
    struct spt_store_run *runs;
    size_t count;
    enum spt_status status = spt_store_runs(s->store, &runs, &count, error);
    if (status != SPT_OK) return status;
    for (size_t i = 0; status == SPT_OK && i < count; i++)
        if (same_identity(&runs[i], &s->identity) && strcmp(runs[i].source, s->identity.source) != 0 &&
            access(runs[i].source, F_OK) == 0)
            status = spt_fail(error, SPT_INVALID, s->run->root,
                              "the store has a run \"%s\" already, from %s; --name gives this one another name",
                              runs[i].name, runs[i].source);
    spt_store_free_runs(runs, count);
    return status;
}

static bool read_wait(const struct spt_invocation *invocation, double *seconds) {
    const char *text = spt_invocation_value(invocation, "wait");
    char *end = NULL;
    *seconds = text ? strtod(text, &end) : 0;
    return !text || (end != text && !*end && *seconds >= 0 && isfinite(*seconds));
}

static int open_store(struct session *s) {
    struct spt_error error;
    double wait;
    if (!read_wait(s->invocation, &wait))
        return spt_invocation_usage(s->invocation, "--wait: found \"%s\", expected a number of seconds from 0",
                                    spt_invocation_value(s->invocation, "wait"));
    const struct spt_config *config = &s->invocation->config;
    enum spt_status status = spt_store_open(config->db, SPT_STORE_WRITE, wait, &s->store, &error);
    if (status != SPT_OK) return spt_invocation_fail(s->invocation, SPT_EXIT_STORE, &error);
    if (check_not_another(s, &error) != SPT_OK) return spt_invocation_fail(s->invocation, SPT_EXIT_USAGE, &error);
    if (spt_store_find_or_add_run(s->store, &s->identity, &error) != SPT_OK)
        return spt_invocation_fail(s->invocation, SPT_EXIT_STORE, &error);
    return SPT_EXIT_DONE;
}

/* --- nulls --- */

struct nulls {
    struct spt_null *items;
    size_t count, capacity;
};

static enum spt_status keep_null(void *context, const struct spt_null *null, struct spt_error *error) {
    struct nulls *nulls = context;
    if (!spt_grow((void **)&nulls->items, &nulls->capacity, nulls->count + 1, sizeof *nulls->items))
        return spt_fail_memory(error, (nulls->count + 1) * sizeof *nulls->items, "nulls");
    nulls->items[nulls->count++] = *null;
    return SPT_OK;
}

static enum spt_status nulls_missing(const struct session *s, bool *missing, struct spt_error *error) {
    *missing = false;
    for (size_t i = 0; i < SPT_METRIC_COUNT && !*missing; i++) {
        double mean, sd;
        if (!s->sweep.wanted[i] || !SPT_METRICS[i].null) continue;
        const enum spt_status status =
            spt_store_null(s->store, s->identity.id, SPT_METRICS[i].name, 0, &mean, &sd, error);
        *missing = status == SPT_END;
        if (status != SPT_OK && status != SPT_END) return status;
    }
    return SPT_OK;
}

static bool stop_asked(void *context) {
    (void)context;
    return spt_signals_pending();
}

/* Random matrices are measured once a run. */
static enum spt_status measure_nulls(struct session *s, struct spt_error *error) {
    bool missing;
    struct nulls nulls = {0};
    const struct spt_emit emit = {.context = &nulls, .null = keep_null, .stop = stop_asked};
    enum spt_status status = nulls_missing(s, &missing, error);
    if (status != SPT_OK || !missing) return status;
    spt_progress_say(&s->progress, "measuring random attention (once a run)");
    status = spt_analysis_nulls(s->sweep.analysis, &emit, error);
    if (status == SPT_OK) status = spt_store_put_nulls(s->store, s->identity.id, nulls.items, nulls.count, error);
    free(nulls.items);
    return status;
}

/* --- what is said --- */

static size_t shortest(const struct session *s) {
    size_t least = s->samples.probe.longest;
    for (size_t i = 0; i < s->samples.probe.samples; i++) {
        const size_t n = s->samples.probe.offset[i + 1] - s->samples.probe.offset[i];
        if (n < least) least = n;
    }
    return least;
}

static void warn_of_short_probe(const struct session *s) {
    const struct spt_config *config = &s->invocation->config;
    if (spt_config_is_set(config, "samples") && s->samples.probe.samples < (size_t)config->samples)
        spt_log(&s->log, SPT_LOG_WARNING, "the probe has %zu samples, fewer than the %lld that are asked for",
                s->samples.probe.samples, (long long)config->samples);
}

static void say_plan(const struct session *s) {
    size_t done = 0, refused = 0;
    for (size_t i = 0; i < s->ref_count; i++) {
        done += s->sweep.tasks[i].kind == SPT_TASK_DONE;
        refused += s->sweep.tasks[i].kind == SPT_TASK_REFUSED;
    }
    if (s->invocation->quiet) return;
    char name[256];
    spt_text_printable(name, sizeof name, s->identity.name);
    if (s->sweep.todo == 0)
        fprintf(stderr, "%s: nothing to do: of %zu checkpoints %zu are analysed, %zu were refused before\n", name,
                s->ref_count, done, refused);
    else
        fprintf(stderr, "%s: %zu of %zu checkpoints to analyse, %zu samples of %zu to %zu tokens, %s\n", name,
                s->sweep.todo, s->ref_count, s->samples.probe.samples, shortest(s), s->samples.probe.longest,
                s->model.model_type);
}

static const char *task_name(enum spt_task_kind kind) {
    static const char *const NAMES[] = {
        [SPT_TASK_DONE] = "analysed", [SPT_TASK_REFUSED] = "refused", [SPT_TASK_ANALYSE] = "to analyse"};
    return NAMES[kind];
}

static void list_tasks(const struct session *s, struct spt_text *out) {
    for (size_t i = 0; i < s->ref_count; i++) {
        const struct spt_task *task = &s->sweep.tasks[i];
        char label[256];
        spt_text_printable(label, sizeof label, s->refs[i]->label);
        spt_text_format(out, "%-24s %s", label, task_name(task->kind));
        if (task->reason) spt_text_format(out, ": %s", task->reason);
        spt_text_put(out, "\n");
    }
}

static void list_tasks_json(const struct session *s, struct spt_text *out) {
    spt_text_put(out, "{\"run\": ");
    spt_text_put_json(out, s->identity.name);
    spt_text_put(out, ", \"checkpoints\": [");
    for (size_t i = 0; i < s->ref_count; i++) {
        const struct spt_task *task = &s->sweep.tasks[i];
        spt_text_put(out, i ? ", {\"label\": " : "{\"label\": ");
        spt_text_put_json(out, s->refs[i]->label);
        if (s->refs[i]->step != SPT_NO_STEP)
            spt_text_format(out, ", \"step\": %lld", (long long)s->refs[i]->step);
        else
            spt_text_put(out, ", \"step\": null");
        spt_text_format(out, ", \"task\": \"%s\", \"reason\": ", task_name(task->kind));
        if (task->reason)
            spt_text_put_json(out, task->reason);
        else
            spt_text_put(out, "null");
        spt_text_put(out, "}");
    }
    spt_text_put(out, "]}\n");
}

/* Names every checkpoint that has no figures, and why; returns how many there are. */
static size_t say_failures(const struct session *s) {
    size_t failed = 0;
    for (size_t i = 0; i < s->ref_count; i++) {
        const struct spt_task *task = &s->sweep.tasks[i];
        if (!task->reason || task->row.state == SPT_STATE_ANALYSED || task->row.state == SPT_STATE_WAITING) continue;
        char label[256];
        spt_text_printable(label, sizeof label, task->ref->label);
        fprintf(stderr, "spectail sweep: %s: %s: %s\n", label, spt_state_name(task->row.state), task->reason);
        failed++;
    }
    return failed;
}

static void say_duplicates(const struct session *s, const struct spt_run_source *source) {
    struct spt_text named = {0};
    for (size_t i = 0; i < source->row_count; i++)
        if (source->rows[i].duplicate_of != SPT_NO_STEP)
            spt_text_format(&named, "%s%s (as step %lld)", named.length ? ", " : "", source->rows[i].label,
                            (long long)source->rows[i].duplicate_of);
    if (named.length)
        spt_log(&s->log, SPT_LOG_WARNING, "the same weights stand under more than one step: %s", named.data);
    spt_text_release(&named);
}

/* Analysed checkpoints that the table leaves out: it has one branch, and its axis is the step. */
static enum spt_status say_left_out(const struct session *s, const char *branch, struct spt_error *error) {
    struct spt_store_checkpoint *rows;
    size_t count;
    struct spt_text named = {0};
    const enum spt_status status = spt_store_checkpoints(s->store, s->identity.id, &rows, &count, error);
    if (status != SPT_OK) return status;
    for (size_t i = 0; i < count; i++) {
        const bool other = branch && strcmp(rows[i].branch, branch) != 0;
        if (rows[i].state != SPT_STATE_ANALYSED || (rows[i].step != SPT_NO_STEP && !other)) continue;
        spt_text_format(&named, "%s%s%s", named.length ? ", " : "", rows[i].label,
                        rows[i].step == SPT_NO_STEP ? " (no step)" : "");
    }
    if (named.length)
        spt_log(&s->log, SPT_LOG_WARNING,
                "%s: analysed, and not in the table of steps%s%s: %s; spectail export has their figures",
                s->identity.name, branch && *branch ? " of branch " : "", branch ? branch : "", named.data);
    spt_text_release(&named);
    spt_store_free_checkpoints(rows, count);
    return SPT_OK;
}

/* No analysed checkpoint has a step: an empty table. */
static int say_nothing(const struct session *s) {
    struct spt_text out = {0};
    if (!s->invocation->json) return SPT_EXIT_DONE;
    spt_text_put(&out, "{\"run\": ");
    spt_text_put_json(&out, s->identity.name);
    spt_text_put(&out, ", \"checkpoints\": [], \"onsets\": []}\n");
    const int exit = spt_invocation_print(s->invocation, &out);
    spt_text_release(&out);
    return exit;
}

static int say_summary(struct session *s) {
    struct spt_run_source source;
    struct spt_error error;
    struct spt_text out = {0};
    enum spt_status status = spt_run_source_open(s->store, &s->identity, NULL, &source, &error);
    const bool empty = status == SPT_END;
    if (status == SPT_OK || empty) status = say_left_out(s, source.branch, &error);
    if (status != SPT_OK) {
        spt_run_source_close(&source);
        return spt_invocation_fail(s->invocation, SPT_EXIT_STORE, &error);
    }
    if (empty) return say_nothing(s);
    say_duplicates(s, &source);
    status = s->invocation->json ? spt_summary_json(&source, &out, &error)
                                 : spt_summary_text(&source, s->invocation->verbose ? 0 : SUMMARY_ROWS, &out, &error);
    spt_run_source_close(&source);
    const int exit = status == SPT_OK ? spt_invocation_print(s->invocation, &out)
                                      : spt_invocation_fail(s->invocation, SPT_EXIT_STORE, &error);
    spt_text_release(&out);
    return exit;
}

/* --- the command --- */

static enum spt_status plan_sweep(struct session *s, struct spt_error *error) {
    s->sweep = (struct spt_sweep){
        .refs = s->refs,
        .ref_count = s->ref_count,
        .plan = &s->plan,
        .model = &s->model,
        .probe = &s->samples.probe,
        .options = {.header_limit = (uint64_t)s->invocation->config.header_limit, .log = &s->log},
        .store = s->store,
        .run = s->identity.id,
        .force = spt_invocation_value(s->invocation, "force") != NULL,
        .progress = &s->progress,
        .stop = spt_signals_pending,
    };
    return spt_sweep_plan(&s->sweep, error);
}

/* Shows what would be done; a store that does not exist yet is not made. */
static int dry_run(struct session *s) {
    struct spt_error error;
    struct spt_text out = {0};
    struct spt_store_run *runs = NULL;
    size_t count = 0;
    enum spt_status status = SPT_OK;
    if (access(s->invocation->config.db, F_OK) == 0) {
        status = spt_store_open(s->invocation->config.db, SPT_STORE_READ, 0, &s->store, &error);
        if (status == SPT_OK) status = spt_store_runs(s->store, &runs, &count, &error);
    }
    for (size_t i = 0; i < count; i++)
        if (same_identity(&runs[i], &s->identity)) s->identity.id = runs[i].id;
    spt_store_free_runs(runs, count);
    if (status == SPT_OK) status = plan_sweep(s, &error);
    if (status != SPT_OK) return spt_invocation_fail(s->invocation, SPT_EXIT_STORE, &error);
    (s->invocation->json ? list_tasks_json : list_tasks)(s, &out);
    const int exit = spt_invocation_print(s->invocation, &out);
    spt_text_release(&out);
    return exit;
}

/* What is analysed again keeps the groups it has: they are measured again with those that are asked for. */
static enum spt_status widen_plan(struct session *s, struct spt_error *error) {
    struct spt_store_checkpoint *rows;
    size_t count;
    bool *present = spt_alloc(SPT_METRIC_COUNT, sizeof *present);
    if (!present) return spt_fail_memory(error, SPT_METRIC_COUNT, "the metrics of a run");
    enum spt_status status = spt_store_checkpoints(s->store, s->identity.id, &rows, &count, error);
    if (status == SPT_OK) {
        for (size_t i = 0; status == SPT_OK && i < count; i++) {
            status = spt_store_metrics_present(s->store, rows[i].id, present, error);
            for (size_t m = 0; status == SPT_OK && m < SPT_METRIC_COUNT; m++)
                s->plan.metric[m] = s->plan.metric[m] || present[m];
        }
        spt_store_free_checkpoints(rows, count);
    }
    free(present);
    return status;
}

/* A failure while sweeping is the store's or the machine's: what is the checkpoint's own is recorded. */
static int do_sweep(struct session *s) {
    struct spt_error error;
    enum spt_status status = spt_invocation_value(s->invocation, "force") ? widen_plan(s, &error) : SPT_OK;
    if (status == SPT_OK) status = plan_sweep(s, &error);
    if (status == SPT_OK)
        status = spt_external_store(s->store, s->identity.id, s->run, &s->invocation->config, &s->log, &error);
    if (status == SPT_INVALID) return spt_invocation_fail(s->invocation, SPT_EXIT_USAGE, &error);
    if (status != SPT_OK) return spt_invocation_fail(s->invocation, SPT_EXIT_STORE, &error);
    warn_of_short_probe(s);
    say_plan(s);
    spt_progress_init(&s->progress, stderr, s->sweep.todo, s->invocation->quiet);
    if (s->sweep.todo) {
        status = spt_analysis_new(&s->plan, &s->model, &s->samples.probe, &s->sweep.analysis, &error);
        if (status == SPT_OK) status = measure_nulls(s, &error);
        if (status == SPT_OK) status = spt_sweep_run(&s->sweep, &error);
    }
    if (status == SPT_END || s->sweep.stopped) {
        const int signal = spt_signals_take();
        fprintf(stderr,
                "spectail sweep: stopped; %zu of %zu checkpoints are done, the same command goes on from there\n",
                s->sweep.analysed, s->sweep.todo);
        return 128 + signal;
    }
    if (status != SPT_OK) return spt_invocation_fail(s->invocation, SPT_EXIT_STORE, &error);
    const int said = say_summary(s);
    const size_t failed = say_failures(s);
    return said == SPT_EXIT_DONE && failed ? SPT_EXIT_PARTIAL : said;
}

static int sweep_run(struct spt_invocation *invocation, const char *path) {
    struct session s = {.invocation = invocation, .log = spt_invocation_log(invocation)};
    struct spt_error error;
    int status = SPT_EXIT_DONE;
    if (prepare(&s, path, &error) != SPT_OK)
        status = spt_invocation_fail(invocation, SPT_EXIT_USAGE, &error);
    else if (spt_invocation_value(invocation, "dry-run"))
        status = dry_run(&s);
    else {
        status = open_store(&s);
        spt_signals_block(); /* not before: who waits for another writer may be interrupted */
        if (status == SPT_EXIT_DONE) status = do_sweep(&s);
        spt_signals_unblock();
    }
    session_release(&s);
    return status;
}

static int run(struct spt_invocation *invocation) {
    const struct spt_config_texts *configured = &invocation->config.run;
    const bool given = invocation->argument_count > 0;
    const char *const *paths = given ? invocation->arguments : (const char *const *)configured->items;
    const size_t count = given ? invocation->argument_count : configured->count;
    if (count == 0)
        return spt_invocation_usage(invocation, "which run? usage: spectail sweep RUN [options], or run: in --config");
    int worst = SPT_EXIT_DONE;
    for (size_t i = 0; i < count && worst <= SPT_EXIT_PARTIAL; i++) {
        const int status = sweep_run(invocation, paths[i]);
        if (status > worst) worst = status;
    }
    return worst;
}

static const struct spt_option OPTIONS[] = {
    {"dry-run", 'n', NULL, "show what would be analysed, and do nothing"},
    {"force", 'f', NULL, "analyse again what is analysed or was refused, and replace its figures"},
    {"wait", 0, "SECONDS", "wait so long for another writer of the store (default 0)"},
};
static const char *const KEYS[] = {
    "db",         "name",         "probe",      "ids",        "samples",
    "steps",      "every",        "metrics",    "bos",        "model_config",
    "tokenizer",  "step_pattern", "references", "symmetrize", "topology_dimension",
    "bootstrap",  "null_draws",   "keep",       "threads",    "header_limit",
    "read_ahead",
};

const struct spt_command SPT_COMMAND_SWEEP = {
    .name = "sweep",
    .summary = "analyse what of a run is not yet analysed",
    .arguments = "[RUN...]",
    .arguments_max = 1000,
    .description =
        "Runs one forward pass of the probe through each checkpoint of RUN that the store does not hold yet, measures every "
        "attention matrix, and stores the figures. RUN is a folder of checkpoints, an HF Trainer folder, a hub cache or a "
        "single checkpoint. It may be stopped at any time and goes on where it was; a group of metrics that is missing is "
        "added. A checkpoint that cannot be analysed is recorded with its reason, and the sweep goes on.",
    .example = "spectail sweep runs/pythia-70m --samples 100 --steps 0:1000 --metrics sinks,rmt\n"
               "spectail sweep --config configs/demo.yaml",
    .options = OPTIONS,
    .option_count = sizeof OPTIONS / sizeof *OPTIONS,
    .keys = KEYS,
    .key_count = sizeof KEYS / sizeof *KEYS,
    .run = run,
};
