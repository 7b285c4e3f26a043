#include "analysis/forward/verify.h"
#include "checkpoints/base/text.h"
#include "checkpoints/run.h"
#include "tracker/commands/commands.h"
#include "tracker/run_options.h"

#include <math.h>

/* How far the pass may lie from the reference (HF transformers, float32, eager attention). */
#define ATTENTION_TOLERANCE 1e-5
#define HIDDEN_TOLERANCE    1e-4
#define LOSS_TOLERANCE      1e-4

static void put_line(struct spt_text *out, const char *what, double error, double tolerance, const char *unit) {
    spt_text_format(out, "  %-10s %-10.3g of %g%s allowed: %s\n", what, error, tolerance, unit,
                    error <= tolerance ? "ok" : "DIFFERS");
}

static void put_text(struct spt_text *out, const struct spt_verify_errors *e) {
    spt_text_format(out, "%zu samples; largest errors against the reference:\n", e->samples);
    put_line(out, "attention", e->attention, ATTENTION_TOLERANCE, "");
    put_line(out, "hidden", e->hidden, HIDDEN_TOLERANCE, " (relative to the largest)");
    if (e->has_loss)
        put_line(out, "loss", e->loss, LOSS_TOLERANCE, " nats");
    else
        spt_text_put(out, "  loss       none: no next token is predicted\n");
    if (e->attention > ATTENTION_TOLERANCE)
        spt_text_format(out, "  attention differs most at sample %zu, layer %zu, head %zu, query %zu, key %zu\n",
                        e->attention_at.sample, e->attention_at.layer, e->attention_at.head, e->attention_at.row,
                        e->attention_at.column);
    if (e->hidden > HIDDEN_TOLERANCE)
        spt_text_format(out, "  hidden differs most at sample %zu, layer %zu, token %zu, dimension %zu\n",
                        e->hidden_at.sample, e->hidden_at.layer, e->hidden_at.row, e->hidden_at.column);
    if (e->loss > LOSS_TOLERANCE) spt_text_format(out, "  loss differs most at sample %zu\n", e->loss_sample);
}

static void put_json(struct spt_text *out, const struct spt_verify_errors *e) {
    spt_text_format(out, "{\"samples\": %zu, \"attention\": ", e->samples);
    spt_text_put_json_number(out, e->attention);
    spt_text_put(out, ", \"hidden\": ");
    spt_text_put_json_number(out, e->hidden);
    spt_text_put(out, ", \"loss\": ");
    spt_text_put_json_number(out, e->has_loss ? e->loss : NAN);
    spt_text_put(out, "}\n");
}

static enum spt_status verify(struct spt_invocation *invocation, struct spt_verify_errors *errors,
                              struct spt_error *error) {
    const struct spt_config *config = &invocation->config;
    struct spt_run_options run_options = spt_run_options_for_listing(config);
    struct spt_checkpoint_options options = {.header_limit = (uint64_t)config->header_limit};
    const struct spt_forward_options forward = {.threads = (size_t)config->threads,
                                                .no_read_ahead = !config->read_ahead};
    struct spt_run *run = NULL;
    struct spt_checkpoint *checkpoint = NULL, *reference = NULL;
    struct spt_model_config model;
    run_options.model_config = config->model_config;
    run_options.step_pattern = NULL;
    enum spt_status status = spt_run_open(invocation->arguments[0], &run_options, &run, error);
    if (status == SPT_OK && run->count != 1)
        status = spt_fail(error, SPT_INVALID, run->root, "holds %zu checkpoints, expected one", run->count);
    if (status == SPT_OK && !run->refs[0].config)
        status = spt_fail(error, SPT_INVALID, run->refs[0].path, "has no config.json; --model-config names one");
    if (status == SPT_OK) options.tree = run->tree;
    if (status == SPT_OK) status = spt_checkpoint_open(run->refs[0].path, &options, &checkpoint, error);
    if (status == SPT_OK) status = spt_run_read_model_of(&run->refs[0], checkpoint, &model, error);
    options.tree = NULL;
    if (status == SPT_OK) status = spt_checkpoint_open(invocation->arguments[1], &options, &reference, error);
    if (status == SPT_OK) status = spt_forward_verify(checkpoint, &model, reference, &forward, errors, error);
    spt_checkpoint_close(reference);
    spt_checkpoint_close(checkpoint);
    spt_run_close(run);
    return status;
}

static int run(struct spt_invocation *invocation) {
    struct spt_verify_errors errors;
    struct spt_error error;
    if (verify(invocation, &errors, &error) != SPT_OK) return spt_invocation_fail(invocation, SPT_EXIT_USAGE, &error);
    struct spt_text out = {0};
    (invocation->json ? put_json : put_text)(&out, &errors);
    int status = spt_invocation_print(invocation, &out);
    spt_text_release(&out);
    const bool equal =
        errors.attention <= ATTENTION_TOLERANCE && errors.hidden <= HIDDEN_TOLERANCE && errors.loss <= LOSS_TOLERANCE;
    return status == SPT_EXIT_DONE && !equal ? SPT_EXIT_PARTIAL : status;
}

static const char *const KEYS[] = {"model_config", "threads", "read_ahead", "header_limit", "tmpdir", "spool_limit"};

const struct spt_command SPT_COMMAND_VERIFY = {
    .name = "verify",
    .summary = "largest errors of the forward pass against a reference",
    .arguments = "CHECKPOINT REF.safetensors",
    .arguments_min = 2,
    .arguments_max = 2,
    .description =
        "Runs the tokens ids_<i> of a reference file through the checkpoint and compares attention (attn_<i>_<layer>), hidden "
        "states (hidden_<i>_<layer>) and loss (loss_<i>) with it. Exit status 1 beyond the tolerance.",
    .example = "spectail verify tests/data/reference/gpt_neox tests/data/reference/gpt_neox/reference.safetensors",
    .keys = KEYS,
    .key_count = sizeof KEYS / sizeof *KEYS,
    .run = run,
};
