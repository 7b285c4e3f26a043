#include "analysis/forward/forward.h"
#include "checkpoints/base/text.h"
#include "checkpoints/run.h"
#include "checkpoints/tokenizer/tokenizer.h"
#include "tracker/commands/commands.h"
#include "tracker/run_options.h"

#include <stdlib.h>

/* What is found on the way: text for a person, or members of a JSON object. */
struct report {
    struct spt_text out;
    bool json, tensors;
    size_t problems;
};

static void put_problem(struct report *report, const char *label, const struct spt_error *error) {
    struct spt_text line = {0};
    spt_text_format(&line, "%s: ", label);
    if (error->path[0]) spt_text_format(&line, "%s: ", error->path);
    spt_text_put(&line, error->message);
    if (report->json) {
        spt_text_put(&report->out, report->problems ? ", " : "");
        spt_text_put_json(&report->out, line.data ? line.data : "");
    } else {
        spt_text_format(&report->out, "  problem      %s\n", line.data ? line.data : "");
    }
    spt_text_release(&line);
    report->problems++;
}

static void put_bytes(struct spt_text *out, uint64_t bytes) {
    static const char *const UNITS[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double value = (double)bytes;
    size_t unit = 0;
    while (value >= 1024 && unit + 1 < sizeof UNITS / sizeof *UNITS) {
        value /= 1024;
        unit++;
    }
    spt_text_format(out, unit ? "%.1f %s" : "%.0f %s", value, UNITS[unit]);
}

static void put_tensor(struct report *report, const struct spt_tensor *tensor, bool first) {
    struct spt_text *out = &report->out;
    if (report->json) {
        spt_text_put(out, first ? "" : ", ");
        spt_text_put(out, "{\"name\": ");
        spt_text_put_json(out, tensor->name);
        spt_text_put(out, ", \"dtype\": ");
        spt_text_put_json(out, tensor->dtype_name);
        spt_text_put(out, ", \"shape\": [");
    } else {
        char name[512];
        spt_text_printable(name, sizeof name, tensor->name);
        spt_text_format(out, "    %-60s %-5s [", name, tensor->dtype_name);
    }
    for (size_t i = 0; i < tensor->rank; i++) spt_text_format(out, "%s%zu", i ? ", " : "", tensor->shape[i]);
    spt_text_put(out, report->json ? "]}" : "]\n");
}

/* What a torch file would have had Python import. */
static void put_opaque(struct report *report, const struct spt_checkpoint *checkpoint) {
    struct spt_text *out = &report->out;
    const size_t count = spt_checkpoint_opaque_count(checkpoint);
    spt_text_put(out, report->json ? "\"opaque\": [" : count ? "  left alone   objects of " : "");
    for (size_t i = 0; i < count; i++) {
        char name[512];
        spt_text_printable(name, sizeof name, spt_checkpoint_opaque(checkpoint, i));
        spt_text_put(out, i ? ", " : "");
        if (report->json)
            spt_text_put_json(out, name);
        else
            spt_text_put(out, name);
    }
    spt_text_put(out, report->json ? "], " : count ? "\n" : "");
}

static uint64_t parameters(const struct spt_checkpoint *checkpoint) {
    uint64_t count = 0;
    for (size_t i = 0; i < spt_checkpoint_tensor_count(checkpoint); i++)
        count += spt_checkpoint_tensor(checkpoint, i)->count;
    return count;
}

static void put_weights(struct report *report, const struct spt_checkpoint *checkpoint) {
    struct spt_text *out = &report->out;
    const size_t tensors = spt_checkpoint_tensor_count(checkpoint);
    if (report->json) {
        spt_text_put(out, "\"format\": ");
        spt_text_put_json(out, spt_checkpoint_format(checkpoint));
        spt_text_format(out, ", \"bytes\": %llu, \"parameters\": %llu, \"tensors\": [",
                        (unsigned long long)spt_checkpoint_bytes(checkpoint),
                        (unsigned long long)parameters(checkpoint));
        for (size_t i = 0; i < tensors; i++) put_tensor(report, spt_checkpoint_tensor(checkpoint, i), i == 0);
        spt_text_put(out, "], ");
        put_opaque(report, checkpoint);
        return;
    }
    spt_text_format(out, "  weights      %s, ", spt_checkpoint_format(checkpoint));
    put_bytes(out, spt_checkpoint_bytes(checkpoint));
    spt_text_format(out, ", %zu tensors, %llu parameters\n", tensors, (unsigned long long)parameters(checkpoint));
    put_opaque(report, checkpoint);
    for (size_t i = 0; report->tensors && i < tensors; i++)
        put_tensor(report, spt_checkpoint_tensor(checkpoint, i), false);
}

static size_t windowed_layers(const struct spt_model_config *config) {
    size_t count = 0;
    for (size_t layer = 0; layer < config->layers; layer++) count += spt_model_config_windowed(config, layer);
    return count;
}

static void put_model_json(struct spt_text *out, const struct spt_model_config *config) {
    spt_text_format(out,
                    "\"model\": {\"model_type\": \"%s\", \"layers\": %zu, \"hidden\": %zu, \"heads\": %zu, "
                    "\"kv_heads\": %zu, \"head_dim\": %zu, \"intermediate\": %zu, \"vocabulary\": %zu, \"positions\": ",
                    config->model_type, config->layers, config->hidden, config->heads, config->kv_heads,
                    config->head_dim, config->intermediate, config->vocabulary);
    if (config->positions)
        spt_text_format(out, "%zu", config->positions);
    else
        spt_text_put(out, "null");
    if (config->window)
        spt_text_format(out, ", \"window\": %zu, \"windowed_layers\": %zu", config->window, windowed_layers(config));
    spt_text_format(out, ", \"bidirectional\": %s}, ", config->bidirectional ? "true" : "false");
}

static void put_model(struct spt_text *out, const struct spt_model_config *config) {
    spt_text_format(out, "  model        %s, %zu layers, hidden size %zu, %zu heads of %zu, ", config->model_type,
                    config->layers, config->hidden, config->heads, config->head_dim);
    if (config->kv_heads != config->heads) spt_text_format(out, "%zu of keys and values, ", config->kv_heads);
    spt_text_format(out, "intermediate size %zu, vocabulary %zu, ", config->intermediate, config->vocabulary);
    if (config->positions)
        spt_text_format(out, "%zu positions", config->positions);
    else
        spt_text_put(out, "any number of positions");
    if (config->window)
        spt_text_format(out, ", a window of %zu in %zu layers", config->window, windowed_layers(config));
    spt_text_put(out, config->bidirectional ? ", bidirectional\n" : "\n");
}

/* What a checkpoint holds and what is wrong with it, as far as it can be told without multiplying. */
static void inspect_checkpoint(struct report *report, const struct spt_checkpoint_ref *ref,
                               const struct spt_checkpoint_options *options) {
    struct spt_checkpoint *checkpoint = NULL;
    struct spt_model_config config;
    struct spt_error weights, model, shapes;
    const enum spt_status opened = spt_checkpoint_open(ref->path, options, &checkpoint, &weights);
    const enum spt_status known = !ref->config ? spt_fail(&model, SPT_INVALID, ref->path, "no config.json")
                                  : checkpoint ? spt_run_read_model_of(ref, checkpoint, &config, &model)
                                               : spt_run_read_model(ref, &config, &model);
    enum spt_status fits = SPT_OK;
    if (opened == SPT_OK && known == SPT_OK) fits = spt_forward_check(checkpoint, &config, &shapes);
    if (opened == SPT_OK) put_weights(report, checkpoint);
    if (known == SPT_OK) (report->json ? put_model_json : put_model)(&report->out, &config);
    if (report->json) spt_text_put(&report->out, "\"problems\": [");
    const size_t before = report->problems;
    report->problems = 0;
    if (opened != SPT_OK) put_problem(report, "weights", &weights);
    if (known != SPT_OK) put_problem(report, "model config", &model);
    if (fits != SPT_OK) put_problem(report, "tensors", &shapes);
    report->problems += before;
    if (report->json) spt_text_put(&report->out, "]");
    spt_checkpoint_close(checkpoint);
}

static void put_ref(struct report *report, const struct spt_checkpoint_ref *ref, bool first) {
    struct spt_text *out = &report->out;
    if (report->json) {
        spt_text_put(out, first ? "{\"label\": " : ", {\"label\": ");
        spt_text_put_json(out, ref->label);
        spt_text_put(out, ", \"uri\": ");
        spt_text_put_json(out, ref->uri);
        if (ref->step != SPT_NO_STEP) spt_text_format(out, ", \"step\": %lld", (long long)ref->step);
        if (ref->tokens != SPT_NO_TOKENS) spt_text_format(out, ", \"tokens\": %lld", (long long)ref->tokens);
        if (ref->branch[0]) {
            spt_text_put(out, ", \"branch\": ");
            spt_text_put_json(out, ref->branch);
        }
        spt_text_put(out, ", ");
        return;
    }
    char label[256];
    spt_text_printable(label, sizeof label, ref->label);
    spt_text_format(out, "\n%s", label);
    if (ref->step != SPT_NO_STEP) spt_text_format(out, " (step %lld", (long long)ref->step);
    if (ref->tokens != SPT_NO_TOKENS) spt_text_format(out, ", %lld tokens", (long long)ref->tokens);
    if (ref->step != SPT_NO_STEP) spt_text_put(out, ")");
    if (ref->branch[0]) spt_text_format(out, ", branch %s", ref->branch);
    spt_text_put(out, "\n");
}

static void put_run(struct report *report, const struct spt_run *run) {
    struct spt_text *out = &report->out;
    if (report->json) {
        spt_text_put(out, "{\"root\": ");
        spt_text_put_json(out, run->root);
        spt_text_format(out, ", \"layout\": \"%s\", \"checkpoints\": [", run->layout);
        return;
    }
    char root[1024];
    spt_text_printable(root, sizeof root, run->root);
    spt_text_format(out, "%s: %s, %zu checkpoint%s\n", root, run->layout, run->count, run->count == 1 ? "" : "s");
}

static void put_tokenizer(struct report *report, const struct spt_run *run) {
    const char *path = run->count ? run->refs[run->count - 1].tokenizer : NULL;
    struct spt_tokenizer *tokenizer;
    struct spt_error error;
    if (report->json) return;
    if (!path) {
        spt_text_put(&report->out, "\ntokenizer      none: --tokenizer or --ids\n");
    } else if (spt_tokenizer_open_in(run->tree, path, &tokenizer, &error) == SPT_OK) {
        char shown[1024];
        spt_text_printable(shown, sizeof shown, path);
        spt_text_format(&report->out, "\ntokenizer      %s (%s), %zu entries, adds ", shown,
                        spt_tokenizer_model(tokenizer), spt_tokenizer_vocabulary(tokenizer));
        spt_tokenizer_put_added(tokenizer, SPT_BOS_AUTO, &report->out);
        spt_text_put(&report->out, "\n");
        spt_tokenizer_close(tokenizer);
    } else {
        put_problem(report, "tokenizer", &error);
    }
}

static int run(struct spt_invocation *invocation) {
    const struct spt_config *config = &invocation->config;
    const struct spt_log log = spt_invocation_log(invocation);
    const struct spt_run_options run_options = spt_run_options_of(config, &log);
    struct report report = {.json = invocation->json};
    struct spt_run *found;
    struct spt_error error;
    if (spt_run_open(invocation->arguments[0], &run_options, &found, &error) != SPT_OK)
        return spt_invocation_fail(invocation, SPT_EXIT_USAGE, &error);
    const struct spt_checkpoint_options options = {
        .tree = found->tree, .header_limit = (uint64_t)config->header_limit, .log = &log};
    report.tensors = found->count == 1 || invocation->verbose;
    put_run(&report, found);
    for (size_t i = 0; i < found->count; i++) {
        put_ref(&report, &found->refs[i], i == 0);
        inspect_checkpoint(&report, &found->refs[i], &options);
        if (report.json) spt_text_put(&report.out, "}");
    }
    put_tokenizer(&report, found);
    if (report.json) spt_text_put(&report.out, "]}\n");
    int status = spt_invocation_print(invocation, &report.out);
    if (status == SPT_EXIT_DONE && report.problems) status = SPT_EXIT_PARTIAL;
    spt_text_release(&report.out);
    spt_run_close(found);
    return status;
}

static const char *const KEYS[] = {"step_pattern", "model_config", "tokenizer",
                                   "header_limit", "tmpdir",       "spool_limit"};

const struct spt_command SPT_COMMAND_INSPECT = {
    .name = "inspect",
    .summary = "what is in a run or a checkpoint, and what is wrong with it",
    .arguments = "PATH",
    .arguments_min = 1,
    .arguments_max = 1,
    .description =
        "Says what PATH is: layout, checkpoints, format, architecture, tensors (of a single checkpoint, or of all with -v), and "
        "what stands in the way of analysing it. What lies in an archive is named by its path in it (run.tar/step512). Reads headers only. Exit status 1 when something is wrong.",
    .example = "spectail inspect runs/pythia-70m/step512",
    .keys = KEYS,
    .key_count = sizeof KEYS / sizeof *KEYS,
    .run = run,
};
