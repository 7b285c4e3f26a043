/*                                  first look
 *     listed (opened, no probe) ----------------> ready (probe or text, tokenizer)
 *        |  the probe is another: fails, asked again  |
 *        '--------------- closed ---------------------'
 */
#include "tracker/looker.h"

#include "analysis/sample_attention.h"
#include "checkpoints/base/memory.h"
#include "checkpoints/checkpoint.h"
#include "checkpoints/tokenizer/tokenizer.h"
#include "tracker/run_options.h"
#include "tracker/sample_set.h"
#include "tracker/store/merge.h"
#include "tracker/token_label.h"

#include <stdlib.h>
#include <string.h>

struct spt_looker {
    struct spt_config config; /* the caller's, with what the run's row says in place of defaults; borrows from it */
    const struct spt_log *log;
    struct spt_run *run;
    struct spt_run_source *stored; /* NULL: without a store */
    bool failed;
    /* without a store */
    const struct spt_checkpoint_ref **refs;  /* [source.count] */
    struct spt_plot_checkpoint *checkpoints; /* [source.count] */
    struct spt_plot_source source;
    /* with the first look */
    bool ready;
    struct spt_tokenizer *tokenizer; /* NULL: none is known */
    struct spt_sample_set samples;   /* where no text is given */
    struct spt_token_ids text;
};

/* --- what the run's row says --- */

/* Whether text, one "key: value" a line, has this line. */
static bool says(const char *text, const char *line) {
    const size_t length = strlen(line);
    for (const char *at = text; at && *at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL)
        if (strncmp(at, line, length) == 0 && (at[length] == '\n' || !at[length])) return true;
    return false;
}

/* What is not configured is as the run was swept. */
static void take_row(struct spt_config *config, const struct spt_store_run *run) {
    if (!spt_config_is_set(config, "samples")) config->samples = (int64_t)run->samples;
    if (!spt_config_is_set(config, "references") && says(run->plan_text, "references: paper"))
        config->references = SPT_REFERENCES_PAPER;
    if (!spt_config_is_set(config, "bos") && says(run->probe_text, "bos: always")) config->bos = SPT_BOS_ALWAYS;
    if (!spt_config_is_set(config, "bos") && says(run->probe_text, "bos: never")) config->bos = SPT_BOS_NEVER;
}

/* --- the probe --- */

static const char *tokenizer_path(const struct spt_looker *looker) {
    for (size_t i = 0; i < looker->run->count; i++)
        if (looker->run->refs[i].tokenizer) return looker->run->refs[i].tokenizer;
    return NULL;
}

static enum spt_status find_tokenizer(struct spt_looker *looker, struct spt_error *error) {
    const char *path = tokenizer_path(looker);
    if (!path && (looker->config.plots.text || !looker->config.ids))
        return spt_fail(
            error, SPT_INVALID, looker->run->root,
            "no checkpoint has a tokenizer, nor has the run's folder or the one above it; --tokenizer names "
            "one, or --ids a file of token ids");
    if (!path) return SPT_OK;
    struct spt_error reason;
    const enum spt_status status = spt_tokenizer_open_in(looker->run->tree, path, &looker->tokenizer, &reason);
    if (status == SPT_OK) return SPT_OK;
    looker->tokenizer = NULL;
    if (!looker->config.plots.text && looker->config.ids && status != SPT_NOMEM) return SPT_OK; /* ids need none */
    if (error) *error = reason;
    return status;
}

/* A control run was asked the same samples with their tokens shuffled. */
static enum spt_status shuffle(struct spt_looker *looker, struct spt_error *error) {
    static const char SEED[] = "\nshuffle seed: ";
    const char *said = looker->stored ? looker->stored->run.probe_text : NULL;
    const char *seed = said ? strstr(said, SEED) : NULL;
    if (!seed || !says(said, "control: shuffled")) return SPT_OK;
    return spt_sample_set_shuffle(&looker->samples, strtoull(seed + sizeof SEED - 1, NULL, 10), error);
}

/* The run was asked this probe and no other. */
static enum spt_status check_probe(const struct spt_looker *looker, struct spt_error *error) {
    const struct spt_store_run *run = looker->stored ? &looker->stored->run : NULL;
    if (!run || spt_hash_equal(run->probe, looker->samples.digest)) return SPT_OK;
    struct spt_text own = {0}, difference = {0};
    spt_sample_set_describe(&looker->samples, &looker->config, &own);
    struct spt_store_run other = *run;
    other.probe = looker->samples.digest;
    other.probe_text = own.data;
    if (!own.failed) spt_store_run_difference(&other, run, &difference);
    const bool told = !own.failed && !difference.failed && difference.length;
    spt_fail(
        error, SPT_INVALID, looker->samples.source,
        "is not the probe that the run \"%s\" was asked%s%s: give the --config, or --probe, --ids and --samples, of its "
        "sweep, or a sentence by --text",
        run->name, told ? ": " : "", told ? difference.data : "");
    spt_text_release(&own);
    spt_text_release(&difference);
    return SPT_INVALID;
}

static enum spt_status make_ready(struct spt_looker *looker, const struct spt_model_config *model,
                                  struct spt_error *error) {
    const struct spt_config *config = &looker->config;
    const char *text = config->plots.text;
    enum spt_status status = find_tokenizer(looker, error);
    if (status == SPT_OK && text) {
        status = spt_tokenizer_encode(looker->tokenizer, text, strlen(text), (enum spt_bos)config->bos, &looker->text,
                                      error);
        if (status == SPT_OK && looker->text.count == 0)
            status = spt_fail(error, SPT_INVALID, NULL, "the text gives no token");
    } else if (status == SPT_OK) {
        status = spt_sample_set_init(&looker->samples, config, looker->run->tree, tokenizer_path(looker), model, error);
        if (status == SPT_OK) status = shuffle(looker, error);
        if (status == SPT_OK) status = check_probe(looker, error);
    }
    looker->ready = status == SPT_OK;
    if (looker->ready) return SPT_OK;
    spt_tokenizer_close(looker->tokenizer);
    looker->tokenizer = NULL;
    spt_sample_set_release(&looker->samples);
    looker->text.count = 0;
    return status;
}

/* --- a look --- */

static enum spt_status find_ref(const struct spt_looker *looker, size_t checkpoint,
                                const struct spt_checkpoint_ref **ref, struct spt_error *error) {
    if (!looker->stored) {
        *ref = looker->refs[checkpoint];
        return SPT_OK;
    }
    const struct spt_store_checkpoint *row = &looker->stored->rows[looker->stored->shown[checkpoint]];
    for (size_t i = 0; i < looker->run->count; i++) {
        *ref = &looker->run->refs[i];
        if (strcmp((*ref)->uri, row->uri) != 0 || strcmp((*ref)->branch, row->branch) != 0) continue;
        if (!spt_hash_equal((*ref)->fingerprint, row->fingerprint))
            spt_log(
                looker->log, SPT_LOG_WARNING,
                "%s: its files are no longer those that were analysed (other sizes or times): what is drawn is what "
                "is there now",
                (*ref)->path);
        return SPT_OK;
    }
    return spt_fail(error, SPT_IO, looker->run->root,
                    "the checkpoint %s, which was analysed, is not there any more: %zu others are", row->uri,
                    looker->run->count);
}

static enum spt_status read_model(const struct spt_looker *looker, const struct spt_checkpoint_ref *ref,
                                  struct spt_model_config *model, struct spt_error *error) {
    const enum spt_status status = spt_run_read_model(ref, model, error);
    if (status != SPT_OK || !looker->stored ||
        spt_hash_equal(spt_model_config_digest(model), looker->stored->run.model))
        return status;
    return spt_fail(error, SPT_INVALID, ref->config,
                    "is another model's than the one that was analysed: %zu layers of "
                    "%zu heads, the run has %zu of %zu",
                    model->layers, model->heads, looker->stored->run.layers, looker->stored->run.heads);
}

/* The tokens that are looked at. */
struct sample {
    const int32_t *ids; /* [n] */
    size_t n, among;
};

static enum spt_status find_sample(const struct spt_looker *looker, struct sample *sample, struct spt_error *error) {
    const struct spt_probe *probe = &looker->samples.probe;
    const size_t wanted = (size_t)looker->config.plots.sample;
    if (looker->config.plots.text) {
        *sample = (struct sample){looker->text.ids, looker->text.count, 0};
        return SPT_OK;
    }
    if (wanted >= probe->samples)
        return spt_config_reject(&looker->config, "plots.sample", error,
                                 "there is no sample %zu, the probe has 0 to %zu", wanted, probe->samples - 1);
    *sample = (struct sample){probe->ids + probe->offset[wanted], probe->offset[wanted + 1] - probe->offset[wanted],
                              probe->tokens};
    return SPT_OK;
}

static char *label_of(const struct spt_looker *looker, int32_t id) {
    struct spt_text bytes = {0}, label = {0};
    spt_text_put(&bytes, "");
    const bool known = looker->tokenizer && spt_tokenizer_token(looker->tokenizer, id);
    if (known) spt_tokenizer_put_text(looker->tokenizer, id, &bytes);
    if (known && !bytes.failed)
        spt_token_label_put(&label, bytes.data, bytes.length);
    else
        spt_text_format(&label, "%d", (int)id);
    if (bytes.failed) label.failed = true;
    spt_text_release(&bytes);
    if (!label.failed) return label.data;
    spt_text_release(&label);
    return NULL;
}

static enum spt_status put_names(const struct spt_looker *looker, const struct sample *sample,
                                 struct spt_plot_attention *attention, struct spt_error *error) {
    struct spt_text about = {0};
    if (looker->config.plots.text)
        spt_text_put(&about, "text");
    else
        spt_text_format(&about, "sample %lld", (long long)looker->config.plots.sample);
    attention->token = spt_alloc_zeroed(sample->n, sizeof *attention->token);
    attention->about = about.data;
    bool ready = attention->token && !about.failed;
    for (size_t k = 0; ready && k < sample->n; k++) {
        attention->token[k] = label_of(looker, sample->ids[k]);
        ready = attention->token[k];
    }
    return ready ? SPT_OK : spt_fail_memory(error, sample->n * sizeof(char *), "names of tokens");
}

/* Sums over heads: what the figure shows of a layer. */
static void mean_over_heads(const struct spt_sample_attention *seen, size_t layer, double *received /* [n] */) {
    for (size_t k = 0; k < seen->n; k++) {
        double sum = 0;
        for (size_t h = 0; h < seen->heads; h++) sum += seen->received[(layer * seen->heads + h) * seen->n + k];
        received[k] = sum / (double)seen->heads;
    }
}

static bool all_finite(const struct spt_sample_attention *seen, size_t layer) {
    bool finite = true;
    for (size_t h = 0; h < seen->heads; h++) finite = finite && seen->finite[layer * seen->heads + h];
    return finite;
}

/* Panels are layers (every one), or heads of the only layer: of these first is the first. */
static enum spt_status take(struct spt_sample_attention *seen, const struct spt_plot_look *look,
                            struct spt_plot_attention *attention, struct spt_error *error) {
    const bool layers = look->layer < 0, one = look->head >= 0;
    const size_t n = seen->n, first = one ? (size_t)look->head : 0;
    const size_t panels = layers ? seen->layers : one ? 1 : seen->heads;
    attention->n = n;
    attention->panels = panels;
    attention->bidirectional = seen->bidirectional;
    attention->matrices = seen->matrices;
    seen->matrices = NULL;
    attention->received = spt_alloc(panels, n * sizeof(double));
    attention->uniform = spt_alloc(panels, n * sizeof(double));
    attention->is_reference = spt_alloc(panels, n);
    attention->finite = spt_alloc(panels, 1);
    attention->window = spt_alloc(panels, sizeof(size_t));
    if (!attention->received || !attention->uniform || !attention->is_reference || !attention->finite ||
        !attention->window)
        return spt_fail_memory(error, panels * n * sizeof(double), "attention");
    for (size_t p = 0; p < panels; p++) {
        const size_t layer = layers ? p : 0;
        if (layers)
            mean_over_heads(seen, layer, attention->received + p * n);
        else
            memcpy(attention->received + p * n, seen->received + (first + p) * n, n * sizeof(double));
        memcpy(attention->uniform + p * n, seen->uniform + layer * n, n * sizeof(double));
        memcpy(attention->is_reference + p * n, seen->is_reference + layer * n, n);
        attention->finite[p] = layers ? all_finite(seen, layer) : seen->finite[first + p];
        attention->window[p] = seen->window[layer];
    }
    return SPT_OK;
}

static enum spt_status compute(const struct spt_looker *looker, const struct spt_checkpoint_ref *ref,
                               const struct spt_model_config *model, const struct sample *sample,
                               const struct spt_plot_look *look, struct spt_sample_attention *seen,
                               struct spt_error *error) {
    const struct spt_config *config = &looker->config;
    const struct spt_checkpoint_options options = {
        .tree = ref->tree, .header_limit = (uint64_t)config->header_limit, .log = looker->log};
    const enum spt_sample_matrices kept = look->layer < 0  ? SPT_MATRICES_MEAN
                                          : look->head < 0 ? SPT_MATRICES_ALL
                                                           : SPT_MATRICES_HEAD;
    const struct spt_sample_request request = {.ids = sample->ids,
                                               .n = sample->n,
                                               .among = sample->among,
                                               .first = look->layer < 0 ? 0 : (size_t)look->layer,
                                               .layers = look->layer < 0 ? model->layers : 1,
                                               .matrices = look->matrices ? kept : SPT_MATRICES_NONE,
                                               .head = look->head < 0 ? 0 : (size_t)look->head,
                                               .references = (enum spt_references)config->references,
                                               .threads = (size_t)config->threads,
                                               .no_read_ahead = !config->read_ahead};
    struct spt_checkpoint *checkpoint = NULL;
    enum spt_status status = spt_run_check_marker(ref, error);
    if (status == SPT_OK) status = spt_checkpoint_open(ref->path, &options, &checkpoint, error);
    if (status != SPT_OK) return status;
    status = spt_sample_attention_compute(checkpoint, model, &request, seen, error);
    if (status == SPT_OK) {
        status = spt_checkpoint_confirm(checkpoint, error);
        if (status != SPT_OK) spt_sample_attention_release(seen);
    }
    spt_checkpoint_close(checkpoint);
    return status;
}

static enum spt_status look_into(struct spt_looker *looker, const struct spt_plot_look *look,
                                 struct spt_plot_attention *attention, struct spt_error *error) {
    const struct spt_checkpoint_ref *ref = NULL;
    struct spt_model_config model;
    struct spt_sample_attention seen;
    struct sample sample = {0};
    enum spt_status status = find_ref(looker, look->checkpoint, &ref, error);
    if (status == SPT_OK) status = read_model(looker, ref, &model, error);
    if (status == SPT_OK && !looker->ready) status = make_ready(looker, &model, error);
    if (status == SPT_OK) status = find_sample(looker, &sample, error);
    if (status == SPT_OK) status = compute(looker, ref, &model, &sample, look, &seen, error);
    if (status != SPT_OK) return status;
    status = take(&seen, look, attention, error);
    spt_sample_attention_release(&seen);
    if (status == SPT_OK) status = put_names(looker, &sample, attention, error);
    return status;
}

static enum spt_status on_look(void *context, const struct spt_plot_look *look, struct spt_plot_attention *attention,
                               struct spt_error *error) {
    struct spt_looker *looker = context;
    *attention = (struct spt_plot_attention){0};
    const enum spt_status status = look_into(looker, look, attention, error);
    if (status == SPT_OK) return SPT_OK;
    looker->failed = true;
    spt_plot_attention_release(attention);
    return status;
}

/* --- life --- */

static struct spt_looker *looker_new(const struct spt_config *config, const struct spt_log *log) {
    struct spt_looker *looker = spt_alloc_zeroed(1, sizeof *looker);
    if (!looker) return NULL;
    looker->config = *config;
    looker->log = log;
    return looker;
}

void spt_looker_close(struct spt_looker *looker) {
    if (!looker) return;
    if (looker->stored) looker->stored->source.attention = NULL;
    spt_tokenizer_close(looker->tokenizer);
    spt_sample_set_release(&looker->samples);
    spt_token_ids_release(&looker->text);
    free(looker->refs);
    free(looker->checkpoints);
    spt_run_close(looker->run);
    free(looker);
}

enum spt_status spt_looker_open(const struct spt_config *config, const struct spt_log *log,
                                struct spt_run_source *source, struct spt_looker **looker, struct spt_error *error) {
    struct spt_looker *made = looker_new(config, log);
    if (!made) return spt_fail_memory(error, sizeof *made, "a look into checkpoints");
    take_row(&made->config, &source->run);
    const struct spt_run_options options = spt_run_options_of(&made->config, NULL);
    const enum spt_status status =
        spt_run_is_root_there(source->run.source)
            ? spt_run_open(source->run.source, &options, &made->run, error)
            : spt_fail(
                  error, SPT_IO, source->run.source,
                  "the run \"%s\" was analysed from here, and is not here any more: --checkpoint names a checkpoint "
                  "that is elsewhere",
                  source->run.name);
    if (status != SPT_OK) {
        spt_looker_close(made);
        return status;
    }
    made->stored = source;
    source->source.attention = on_look;
    source->source.attention_context = made;
    *looker = made;
    return SPT_OK;
}

/* The checkpoints of a branch that have a step; where there are none, the last one by its label. */
static enum spt_status choose(struct spt_looker *looker, const char *branch, struct spt_error *error) {
    const struct spt_run *run = looker->run;
    size_t count = 0, last = 0;
    looker->refs = spt_alloc(run->count, sizeof *looker->refs);
    looker->checkpoints = spt_alloc(run->count, sizeof *looker->checkpoints);
    if (!looker->refs || !looker->checkpoints)
        return spt_fail_memory(error, run->count * sizeof *looker->checkpoints, "a run's checkpoints");
    if (!branch) branch = run->refs[0].branch;
    for (size_t i = 0; i < run->count; i++) {
        if (strcmp(run->refs[i].branch, branch) != 0) continue;
        last = i + 1;
        if (run->refs[i].step != SPT_NO_STEP) looker->refs[count++] = &run->refs[i];
    }
    if (!last)
        return spt_fail(error, SPT_INVALID, run->root, "has no branch \"%s\": the first is \"%s\"", branch,
                        run->refs[0].branch);
    if (!count) looker->refs[count++] = &run->refs[last - 1];
    for (size_t i = 0; i < count; i++)
        looker->checkpoints[i] =
            (struct spt_plot_checkpoint){.step = looker->refs[i]->step, .tokens = 0, .label = looker->refs[i]->label};
    looker->source.checkpoints = looker->checkpoints;
    looker->source.count = count;
    return SPT_OK;
}

enum spt_status spt_looker_open_path(const struct spt_config *config, const struct spt_log *log, const char *path,
                                     const char *branch, struct spt_looker **looker, struct spt_error *error) {
    struct spt_looker *made = looker_new(config, log);
    struct spt_model_config model;
    if (!made) return spt_fail_memory(error, sizeof *made, "a look into a checkpoint");
    const struct spt_run_options options = spt_run_options_of(&made->config, log);
    enum spt_status status = spt_run_open(path, &options, &made->run, error);
    if (status == SPT_OK) status = choose(made, branch, error);
    if (status == SPT_OK) status = spt_run_read_model(made->refs[made->source.count - 1], &model, error);
    if (status != SPT_OK) {
        spt_looker_close(made);
        return status;
    }
    made->source.run = made->config.name ? made->config.name : made->run->name;
    made->source.layers = model.layers;
    made->source.heads = model.heads;
    made->source.attention = on_look;
    made->source.attention_context = made;
    *looker = made;
    return SPT_OK;
}

const struct spt_plot_source *spt_looker_source(const struct spt_looker *looker) {
    return &looker->source;
}

bool spt_looker_has_failed(const struct spt_looker *looker) {
    return looker && looker->failed;
}
