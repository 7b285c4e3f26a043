#include "tracker/session.h"

#include "analysis/selection.h"
#include "checkpoints/base/memory.h"
#include "checkpoints/base/text.h"
#include "checkpoints/checkpoint.h"
#include "checkpoints/model_config/neox.h"
#include "tracker/ledger.h"
#include "tracker/metric_choice.h"

#include <stdlib.h>
#include <string.h>

/* --- the model --- */

/* A model and how many checkpoints have it. */
struct candidate {
    struct spt_model_config model;
    struct spt_hash digest;
    size_t votes;
};

struct election {
    struct candidate *items;
    size_t count, capacity;
};

/* SPT_NOMEM. *chosen: the candidate that was voted for. */
static enum spt_status vote(struct election *election, const struct spt_model_config *model, size_t *chosen,
                            struct spt_error *error) {
    const struct spt_hash digest = spt_model_config_digest(model);
    size_t i = 0;
    while (i < election->count && !spt_hash_equal(election->items[i].digest, digest)) i++;
    if (i == election->count) {
        if (!spt_grow((void **)&election->items, &election->capacity, i + 1, sizeof *election->items))
            return spt_fail_memory(error, (i + 1) * sizeof *election->items, "the models of a run");
        election->items[election->count++] = (struct candidate){.model = *model, .digest = digest};
    }
    election->items[i].votes++;
    *chosen = i;
    return SPT_OK;
}

/* Whether ref has the config that was read last, *before: the same path or, of GPT-NeoX, which copies its config beside
 * each checkpoint, the same bytes, so that a vote does not take the weights of every checkpoint. */
static bool has_same_config(const struct spt_run *run, const struct spt_checkpoint_ref *ref, const char **before,
                            struct spt_hash *hash) {
    const bool same_path = *before && strcmp(*before, ref->config) == 0;
    struct spt_hash own = {0};
    *before = ref->config;
    if (same_path) return true;
    const bool hashed = spt_neox_config_is(run->tree, ref->config) &&
                        spt_neox_config_hash(run->tree, ref->config, &own, NULL) == SPT_OK;
    const bool same = hashed && spt_hash_equal(own, *hash);
    *hash = own;
    return same;
}

/* A checkpoint without a config.json of its own has the run's: one file for many, which is read once. */
static enum spt_status count_votes(struct election *election, const struct spt_run *run, struct spt_error *error) {
    enum spt_status first = SPT_END, read = SPT_OK;
    const char *before = NULL;
    struct spt_hash hash = {0};
    size_t chosen = 0;
    for (size_t i = 0; i < run->count; i++) {
        const struct spt_checkpoint_ref *ref = &run->refs[i];
        struct spt_model_config model;
        if (!ref->config) continue;
        const bool again = has_same_config(run, ref, &before, &hash);
        if (again && read == SPT_OK) election->items[chosen].votes++;
        /* GPT-NeoX's config is read with the weights: another checkpoint's may be readable. */
        if (again && (read == SPT_OK || !spt_run_model_takes_weights(ref))) continue;
        read = spt_run_read_model(ref, &model, first == SPT_END ? error : NULL);
        if (first == SPT_END) first = read;
        if (read == SPT_OK && vote(election, &model, &chosen, error) != SPT_OK) return SPT_NOMEM;
    }
    return first;
}

/* The model that most of the run's checkpoints have, the first among equals: so one odd config.json makes only its own checkpoint odd, and
 * the choice does not hang on which steps are asked for. SPT_END: no checkpoint has a config.json; else why none can be read. */
static enum spt_status vote_for_model(struct spt_session *session, const struct spt_run *run, struct spt_error *error) {
    struct election election = {0};
    enum spt_status status = count_votes(&election, run, error);
    size_t best = 0;
    for (size_t i = 1; i < election.count; i++)
        if (election.items[i].votes > election.items[best].votes) best = i;
    if (election.count && status != SPT_NOMEM) {
        session->model = election.items[best].model;
        status = SPT_OK;
    }
    free(election.items);
    return status;
}

static enum spt_status find_model(struct spt_session *session, const struct spt_run *run,
                                  const struct spt_checkpoint_ref *const *refs, size_t ref_count,
                                  struct spt_error *error) {
    const enum spt_status voted = vote_for_model(session, run, error);
    if (voted != SPT_END) return voted;
    const struct spt_checkpoint_options options = {.tree = run->tree};
    struct spt_checkpoint *checkpoint = NULL; /* a file that holds no weights at all has no config.json either */
    const enum spt_status status =
        ref_count == 1 ? spt_checkpoint_open(refs[0]->path, &options, &checkpoint, error) : SPT_OK;
    spt_checkpoint_close(checkpoint);
    if (status != SPT_OK) return status;
    return spt_fail(
        error, SPT_RETRY, run->root,
        "no checkpoint has a config.json, nor has the run's folder or the one above it; --model-config names one");
}

/* --- what it is asked, and how --- */

static enum spt_status read_samples(struct spt_session *session, const struct spt_run *run,
                                    const struct spt_checkpoint_ref *const *refs, size_t ref_count,
                                    struct spt_error *error) {
    const char *tokenizer = NULL;
    for (size_t i = 0; i < ref_count && !tokenizer; i++) tokenizer = refs[i]->tokenizer;
    if (!tokenizer && !session->config->ids)
        return spt_fail(
            error, SPT_RETRY, run->root,
            "no checkpoint has a tokenizer (tokenizer.json, tokenizer.model, vocab.json with merges.txt, vocab.txt), nor has the run's folder or the one above it; --tokenizer names "
            "one, or --ids a file of token ids");
    return spt_sample_set_init(&session->samples, session->config, run->tree, tokenizer, &session->model, error);
}

static enum spt_status make_plan(struct spt_session *session, struct spt_error *error) {
    const struct spt_config *config = session->config;
    struct spt_plan *plan = &session->plan;
    spt_plan_init(plan);
    if (!plan->metric) return spt_fail_memory(error, SPT_METRIC_COUNT, "a plan");
    plan->samples = session->samples.probe.samples;
    plan->references = (enum spt_references)config->references;
    plan->symmetrize = (enum spt_symmetrize)config->symmetrize;
    plan->topology_dimension = (unsigned)config->topology_dimension;
    plan->bootstrap = (size_t)config->bootstrap;
    plan->null_draws = (size_t)config->null_draws;
    plan->keep_heads = config->keep;
    plan->keep_draws = config->keep_draws;
    plan->threads = (size_t)config->threads;
    plan->no_read_ahead = !config->read_ahead;
    return spt_metric_choice(config, plan->metric, error);
}

typedef enum spt_status select_rows(struct spt_selection *selection, const struct spt_plan *plan, unsigned lacks,
                                    struct spt_error *error);

/* The metrics that every analysed checkpoint of this model has: those of the plan that apply to it, of both passes. */
static enum spt_status find_wanted(struct spt_session *session, struct spt_error *error) {
    static select_rows *const PASSES[] = {spt_selection_init, spt_selection_init_ablated};
    const unsigned lacks = spt_selection_lacks(&session->model, session->samples.probe.longest);
    free(session->wanted);
    session->wanted = spt_alloc_zeroed(SPT_METRIC_COUNT, sizeof *session->wanted);
    if (!session->wanted) return spt_fail_memory(error, SPT_METRIC_COUNT, "the metrics of a run");
    for (size_t pass = 0; pass < 2; pass++) {
        struct spt_selection selection;
        const enum spt_status status = PASSES[pass](&selection, &session->plan, lacks, error);
        if (status != SPT_OK) return status;
        for (size_t i = 0; i < selection.total; i++) session->wanted[selection.metrics[i] - SPT_METRICS] = true;
        spt_selection_release(&selection);
    }
    return SPT_OK;
}

/* --- who it is --- */

/* Where some layers have a window, no law of one mask holds for the whole model: it goes as windowed. */
static const char *mask_name(const struct spt_model_config *model, size_t longest) {
    static const char *const NAMES[] = {
        [SPT_MASK_CAUSAL] = "causal", [SPT_MASK_FULL] = "full", [SPT_MASK_WINDOW] = "window"};
    enum spt_mask_kind kind;
    size_t window;
    spt_forward_mask(model, 0, longest, &kind, &window);
    for (size_t layer = 1; kind == SPT_MASK_CAUSAL && layer < model->layers; layer++)
        spt_forward_mask(model, layer, longest, &kind, &window);
    return NAMES[kind];
}

/* The text becomes a string of its own; *out is the caller's to free. */
static enum spt_status take_text(struct spt_text *text, char **out, struct spt_error *error) {
    if (text->failed) {
        spt_text_release(text);
        return spt_fail_memory(error, 1024, "the description of a run");
    }
    *out = text->data;
    return SPT_OK;
}

static enum spt_status describe(struct spt_session *session, struct spt_error *error) {
    struct spt_text model = {0}, probe = {0}, plan = {0};
    spt_model_config_describe(&session->model, &model);
    spt_sample_set_describe(&session->samples, session->config, &probe);
    spt_plan_describe(&session->plan, &plan);
    enum spt_status status = take_text(&model, &session->model_text, error);
    if (take_text(&probe, &session->probe_text, error) != SPT_OK) status = SPT_NOMEM;
    if (take_text(&plan, &session->plan_text, error) != SPT_OK) status = SPT_NOMEM;
    return status;
}

static enum spt_status identify(struct spt_session *session, const struct spt_run *run, struct spt_error *error) {
    const char *own = session->config->name ? session->config->name : run->name;
    struct spt_text name = {0};
    if (session->control == SPT_CONTROL_SHUFFLED)
        spt_control_put_name(&name, own);
    else
        spt_text_put(&name, own);
    session->name = name.failed ? NULL : name.data;
    session->source = spt_strdup(run->root);
    if (!session->name || !session->source) return spt_fail_memory(error, strlen(run->root), "a run's name");
    const enum spt_status status = describe(session, error);
    if (status != SPT_OK) return status;
    session->identity = (struct spt_store_run){
        .name = session->name,
        .source = session->source,
        .model = spt_model_config_digest(&session->model),
        .probe = session->samples.digest,
        .layers = session->model.layers,
        .heads = session->model.heads,
        .samples = session->samples.probe.samples,
        .mask = (char *)mask_name(&session->model, session->samples.probe.longest),
        .model_text = session->model_text,
        .probe_text = session->probe_text,
        .plan_text = session->plan_text,
    };
    return spt_plan_digest(&session->plan, &session->identity.plan, error);
}

enum spt_status spt_session_open(struct spt_session *session, const struct spt_config *config,
                                 const struct spt_log *log, const struct spt_run *run,
                                 const struct spt_checkpoint_ref *const *refs, size_t ref_count,
                                 struct spt_error *error) {
    return spt_session_open_control(session, SPT_CONTROL_NONE, config, log, run, refs, ref_count, error);
}

enum spt_status spt_session_open_control(struct spt_session *session, enum spt_control control,
                                         const struct spt_config *config, const struct spt_log *log,
                                         const struct spt_run *run, const struct spt_checkpoint_ref *const *refs,
                                         size_t ref_count, struct spt_error *error) {
    *session = (struct spt_session){.config = config, .log = log, .control = control};
    enum spt_status status = find_model(session, run, refs, ref_count, error);
    if (status == SPT_OK) status = read_samples(session, run, refs, ref_count, error);
    if (status == SPT_OK) status = make_plan(session, error);
    if (status == SPT_OK && control == SPT_CONTROL_SHUFFLED)
        status = spt_sample_set_shuffle(&session->samples, session->plan.shuffle_seed, error);
    if (status == SPT_OK) status = find_wanted(session, error);
    if (status == SPT_OK) status = identify(session, run, error);
    if (status != SPT_OK) spt_session_release(session);
    return status;
}

void spt_session_release(struct spt_session *session) {
    spt_analysis_free(session->analysis);
    spt_plan_release(&session->narrow);
    spt_plan_release(&session->plan);
    spt_sample_set_release(&session->samples);
    free(session->wanted);
    free(session->name);
    free(session->source);
    free(session->model_text);
    free(session->probe_text);
    free(session->plan_text);
    *session = (struct spt_session){0};
}

/* --- its row in the store --- */

static bool is_same_run(const struct spt_store_run *a, const struct spt_store_run *b) {
    return strcmp(a->name, b->name) == 0 && spt_hash_equal(a->model, b->model) && spt_hash_equal(a->probe, b->probe) &&
           spt_hash_equal(a->plan, b->plan);
}

/* Two runs of one name, model, probe and plan are one run that moved, unless both folders are there. */
static enum spt_status find_run(struct spt_session *session, bool add, struct spt_error *error) {
    struct spt_store_run *runs;
    size_t count;
    enum spt_status status = spt_store_runs(session->store, &runs, &count, error);
    if (status != SPT_OK) return status;
    for (size_t i = 0; status == SPT_OK && i < count; i++) {
        if (!is_same_run(&runs[i], &session->identity)) continue;
        session->identity.id = runs[i].id;
        session->taken =
            add && strcmp(runs[i].source, session->identity.source) != 0 && spt_run_is_root_there(runs[i].source);
        if (session->taken)
            status = spt_fail(error, SPT_INVALID, session->source,
                              "the store has a run \"%s\" already, from %s; --name gives this one another name",
                              runs[i].name, runs[i].source);
    }
    spt_store_free_runs(runs, count);
    return status;
}

/* Which of a checkpoint's metrics lack what is kept of single heads: headless [SPT_METRIC_COUNT] out. */
static enum spt_status find_headless(const struct spt_session *session, int64_t checkpoint, bool *headless,
                                     struct spt_error *error) {
    const enum spt_status status = spt_store_metrics_headless(session->store, checkpoint, headless, error);
    for (size_t i = 0; i < SPT_METRIC_COUNT; i++) {
        const enum spt_metric_level level = SPT_METRICS[i].level;
        const bool of_heads = level == SPT_LEVEL_HEAD || level == SPT_LEVEL_POOLED || level == SPT_LEVEL_CURVE ||
                              level == SPT_LEVEL_POOLED_CURVE;
        headless[i] = of_heads && headless[i];
    }
    return status;
}

/* Whether anything is kept of single heads. headless [SPT_METRIC_COUNT] scratch. */
static enum spt_status look_for_heads(const struct spt_session *session, const struct spt_ledger *ledger,
                                      bool *headless, bool *found, struct spt_error *error) {
    enum spt_status status = SPT_OK;
    *found = false;
    for (size_t i = 0; status == SPT_OK && !*found && i < ledger->count; i++) {
        const bool *present = spt_ledger_present(ledger, &ledger->rows[i]);
        status = find_headless(session, ledger->rows[i].id, headless, error);
        for (size_t m = 0; m < SPT_METRIC_COUNT; m++)
            *found = *found || (SPT_METRICS[m].level == SPT_LEVEL_HEAD && present[m] && !headless[m]);
    }
    return status;
}

/* What is analysed again keeps the groups it has: they are measured again with those that are asked for; and what it has
 * of single heads, unless the configuration says what is to be kept. */
static enum spt_status widen_plan(struct spt_session *session, struct spt_error *error) {
    struct spt_ledger ledger = {0};
    bool heads = false, *headless = spt_alloc(SPT_METRIC_COUNT, sizeof *headless);
    if (!headless) return spt_fail_memory(error, SPT_METRIC_COUNT, "a plan");
    enum spt_status status = spt_ledger_read(&ledger, session->store, session->identity.id, error);
    for (size_t i = 0; status == SPT_OK && i < ledger.count; i++)
        for (size_t m = 0; m < SPT_METRIC_COUNT; m++)
            if (spt_ledger_present(&ledger, &ledger.rows[i])[m]) session->plan.metric[m] = true;
    if (status == SPT_OK && !spt_config_is_set(session->config, "keep"))
        status = look_for_heads(session, &ledger, headless, &heads, error);
    session->plan.keep_heads = session->plan.keep_heads || heads;
    free(headless);
    spt_ledger_release(&ledger);
    return status == SPT_OK ? find_wanted(session, error) : status;
}

enum spt_status spt_session_attach(struct spt_session *session, struct spt_store *store, bool add, bool force,
                                   struct spt_error *error) {
    session->store = store;
    enum spt_status status = find_run(session, add, error);
    if (status == SPT_OK && add) status = spt_store_find_or_add_run(store, &session->identity, error);
    if (status == SPT_OK && force && session->identity.id) status = widen_plan(session, error);
    if (status != SPT_OK) session->store = NULL;
    return status;
}

/* --- what is left to do for a checkpoint --- */

/* Whether what is kept of single heads, where the plan asks for it, is there. */
static enum spt_status has_heads(const struct spt_session *session, int64_t checkpoint, bool *has,
                                 struct spt_error *error) {
    *has = true;
    if (!session->plan.keep_heads) return SPT_OK;
    bool *headless = spt_alloc(SPT_METRIC_COUNT, sizeof *headless);
    if (!headless) return spt_fail_memory(error, SPT_METRIC_COUNT, "a checkpoint's metrics");
    const enum spt_status status = find_headless(session, checkpoint, headless, error);
    for (size_t i = 0; i < SPT_METRIC_COUNT; i++) *has = *has && !(session->wanted[i] && headless[i]);
    free(headless);
    return status;
}

static bool has_wanted(const struct spt_session *session, const bool *present) {
    for (size_t i = 0; i < SPT_METRIC_COUNT; i++)
        if (session->wanted[i] && !present[i]) return false;
    return true;
}

enum spt_status spt_session_task_known(const struct spt_session *session, const struct spt_store_checkpoint *row,
                                       const bool *present, bool force, enum spt_task_kind *kind,
                                       struct spt_error *error) {
    *kind = SPT_TASK_ANALYSE;
    if (!row || force) return SPT_OK;
    if (row->state == SPT_STATE_INVALID || row->state == SPT_STATE_UNSUPPORTED) {
        if (row->version && strcmp(row->version, SPT_VERSION) == 0) *kind = SPT_TASK_REFUSED;
        return SPT_OK;
    }
    bool heads = false;
    if (row->state != SPT_STATE_ANALYSED || !has_wanted(session, present)) return SPT_OK;
    const enum spt_status status = has_heads(session, row->id, &heads, error);
    if (status == SPT_OK && heads) *kind = SPT_TASK_DONE;
    return status;
}

enum spt_status spt_session_task(const struct spt_session *session, const struct spt_store_checkpoint *row, bool force,
                                 enum spt_task_kind *kind, struct spt_error *error) {
    bool *present = spt_alloc_zeroed(SPT_METRIC_COUNT, sizeof *present);
    if (!present) return spt_fail_memory(error, SPT_METRIC_COUNT, "a checkpoint's metrics");
    enum spt_status status = SPT_OK;
    if (row && row->state == SPT_STATE_ANALYSED && !force)
        status = spt_store_metrics_present(session->store, row->id, present, error);
    if (status == SPT_OK) status = spt_session_task_known(session, row, present, force, kind, error);
    free(present);
    return status;
}

/* --- what it is analysed with --- */

/* Of one run, while they are measured. */
struct nulls {
    struct spt_null *items;
    size_t count, capacity;
    bool (*stop)(void *context);
    void *context;
};

static enum spt_status on_null(void *context, const struct spt_null *null, struct spt_error *error) {
    struct nulls *nulls = context;
    if (!spt_grow((void **)&nulls->items, &nulls->capacity, nulls->count + 1, sizeof *nulls->items))
        return spt_fail_memory(error, (nulls->count + 1) * sizeof *nulls->items, "nulls");
    nulls->items[nulls->count++] = *null;
    return SPT_OK;
}

static bool on_stop(void *context) {
    const struct nulls *nulls = context;
    return nulls->stop && nulls->stop(nulls->context);
}

/* An analysis of the metrics [SPT_METRIC_COUNT]; the one there was is gone, whatever comes of it. */
static enum spt_status make_analysis(struct spt_session *session, const bool *metrics, struct spt_error *error) {
    bool *own = spt_alloc(SPT_METRIC_COUNT, sizeof *own);
    if (!own) return spt_fail_memory(error, SPT_METRIC_COUNT, "a plan");
    memcpy(own, metrics, SPT_METRIC_COUNT * sizeof *own);
    spt_analysis_free(session->analysis);
    session->analysis = NULL;
    free(session->narrow.metric);
    session->narrow = session->plan;
    session->narrow.metric = own;
    return spt_analysis_new(&session->narrow, &session->model, &session->samples.probe, &session->analysis, error);
}

/* Which of the metrics that an analysed checkpoint has to hold should have a null and have none. missing
 * [SPT_METRIC_COUNT] out. */
static enum spt_status find_missing_nulls(const struct spt_session *session, bool *missing, bool *any,
                                          struct spt_error *error) {
    *any = false;
    for (size_t i = 0; i < SPT_METRIC_COUNT; i++) {
        double mean, sd;
        missing[i] = false;
        if (!session->wanted[i] || !SPT_METRICS[i].null) continue;
        const enum spt_status status =
            spt_store_null(session->store, session->identity.id, SPT_METRICS[i].name, 0, &mean, &sd, error);
        if (status != SPT_OK && status != SPT_END) return status;
        missing[i] = status == SPT_END;
        *any = *any || missing[i];
    }
    return SPT_OK;
}

static enum spt_status measure_nulls(struct spt_session *session, const bool *missing, bool (*stop)(void *context),
                                     void *context, struct spt_error *error) {
    struct nulls nulls = {.stop = stop, .context = context};
    const struct spt_emit emit = {.context = &nulls, .null = on_null, .stop = on_stop};
    enum spt_status status = make_analysis(session, missing, error);
    if (status != SPT_OK) return status;
    if (session->say) session->say(session->say_context, "measuring random attention (once a run)");
    status = spt_analysis_nulls(session->analysis, &emit, error);
    if (status == SPT_OK)
        status = spt_store_put_nulls(session->store, session->identity.id, nulls.items, nulls.count, error);
    free(nulls.items);
    spt_analysis_free(session->analysis);
    session->analysis = NULL;
    return status;
}

enum spt_status spt_session_nulls(struct spt_session *session, bool (*stop)(void *context), void *context,
                                  struct spt_error *error) {
    bool any, *missing = spt_alloc(SPT_METRIC_COUNT, sizeof *missing);
    if (!missing) return spt_fail_memory(error, SPT_METRIC_COUNT, "a plan");
    enum spt_status status = find_missing_nulls(session, missing, &any, error);
    if (status == SPT_OK && any) status = measure_nulls(session, missing, stop, context, error);
    free(missing);
    return status;
}

enum spt_status spt_session_analysis(struct spt_session *session, bool (*stop)(void *context), void *context,
                                     struct spt_error *error) {
    if (session->analysis) return SPT_OK;
    const enum spt_status status = spt_session_nulls(session, stop, context, error);
    return status == SPT_OK ? make_analysis(session, session->plan.metric, error) : status;
}

/* lacks [SPT_METRIC_COUNT] out: what is not there, or not of single heads. */
static enum spt_status find_lacking(const struct spt_session *session, int64_t checkpoint, bool *lacks,
                                    struct spt_error *error) {
    bool *headless = spt_alloc_zeroed(SPT_METRIC_COUNT, sizeof *headless);
    if (!headless) return spt_fail_memory(error, SPT_METRIC_COUNT, "a checkpoint's metrics");
    enum spt_status status = spt_store_metrics_present(session->store, checkpoint, lacks, error);
    if (status == SPT_OK && session->plan.keep_heads) status = find_headless(session, checkpoint, headless, error);
    for (size_t i = 0; i < SPT_METRIC_COUNT; i++) lacks[i] = session->plan.metric[i] && (headless[i] || !lacks[i]);
    free(headless);
    return status;
}

enum spt_status spt_session_narrow(struct spt_session *session, int64_t checkpoint, struct spt_error *error) {
    const size_t size = SPT_METRIC_COUNT * sizeof(bool);
    bool *lacks = spt_alloc(SPT_METRIC_COUNT, sizeof *lacks);
    if (!lacks) return spt_fail_memory(error, size, "a plan");
    enum spt_status status = SPT_OK;
    if (checkpoint)
        status = find_lacking(session, checkpoint, lacks, error);
    else
        memcpy(lacks, session->plan.metric, size);
    if (status == SPT_OK && memcmp(lacks, session->narrow.metric, size) != 0)
        status = make_analysis(session, lacks, error);
    free(lacks);
    return status;
}
