/* What a pass refuses, in which words, and how it ends early. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/analysis/forward/made_model.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const size_t LENGTHS[] = {7, 12, 3};

struct outcome {
    enum spt_status status;
    struct spt_error error;
};

static struct outcome run_with(const struct made_model *model, const struct spt_model_config *config,
                               const struct spt_probe *probe, const struct spt_forward_options *options,
                               const struct spt_forward_observer *observer) {
    struct outcome outcome = {.error = {.status = SPT_OK}};
    char path[MADE_PATH];
    struct spt_checkpoint *checkpoint = made_model_open(model, path);
    outcome.status = spt_forward_run(checkpoint, config, probe, options, observer, NULL, &outcome.error);
    if (outcome.error.path[0]) assert_string_equal(outcome.error.path, path);
    spt_checkpoint_close(checkpoint);
    return outcome;
}

static struct outcome run(const struct made_model *model, const struct spt_model_config *config) {
    struct made_probe made;
    made_probe_fill(&made, LENGTHS, 3, 29);
    return run_with(model, config, &made.probe, NULL, NULL);
}

static void assert_outcome(const struct outcome *outcome, enum spt_status status, const char *message) {
    assert_int_equal(outcome->status, status);
    assert_string_equal(outcome->error.message, message);
    assert_int_equal(outcome->error.status, status);
}

static void missing_tensor_is_named(void **state) {
    (void)state;
    struct made_model model = made_model_small();
    model.omit = "gpt_neox.layers.1.mlp.dense_h_to_4h.bias";
    const struct outcome layer = run(&model, &model.config);
    assert_outcome(&layer, SPT_INVALID,
                   "tensor gpt_neox.layers.1.mlp.dense_h_to_4h.bias is missing (config is for gpt_neox with 3 layers)");
    model.omit = "embed_out.weight";
    const struct outcome head = run(&model, &model.config);
    assert_outcome(&head, SPT_INVALID, "tensor embed_out.weight is missing (config is for gpt_neox with 3 layers)");
    model.omit = "gpt_neox.embed_in.weight";
    const struct outcome embedding = run(&model, &model.config);
    assert_outcome(&embedding, SPT_INVALID,
                   "tensor gpt_neox.embed_in.weight is missing (config is for gpt_neox with 3 layers)");
}

/* What trainers call the tensors of their own models: whose they are is said. */
static void names_that_nobody_translated_are_told_from_missing_tensors(void **state) {
    (void)state;
    static const char *const NAMES[][2] = {
        {"model.tok_embeddings.weight", "torchtitan's or Llama's own"},
        {"transformer.blocks.0.att_proj.weight", "OLMo's own trainer's"},
        {"blocks.0.attention.w_q.weight", "OLMo-core's"},
        {"model.embedding.word_embeddings.weight", "Megatron-Core's"},
        {"language_model.embedding.word_embeddings.weight", "Megatron-LM's"},
    };
    const struct made_model model = made_model_small();
    char path[] = "/tmp/spectail-test-XXXXXX";
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        char header[256], expected[512];
        struct spt_checkpoint *checkpoint = NULL;
        struct spt_error error;
        const int length =
            snprintf(header + 8, sizeof header - 8,
                     "{\"%s\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}....", NAMES[i][0]);
        memset(header, 0, 8);
        header[0] = (char)(length - 4);
        assert_int_equal(pwrite(fd, header, (size_t)length + 8, 0), length + 8);
        assert_int_equal(ftruncate(fd, length + 8), 0);
        assert_int_equal(spt_checkpoint_open(path, NULL, &checkpoint, &error), SPT_OK);
        assert_int_equal(spt_forward_check(checkpoint, &model.config, &error), SPT_UNSUPPORTED);
        (void)snprintf(
            expected, sizeof expected,
            "tensor gpt_neox.embed_in.weight is missing: this checkpoint has %s names (%s), expected those of "
            "HF transformers; its trainer's conversion to them makes it readable",
            NAMES[i][1], NAMES[i][0]);
        assert_string_equal(error.message, expected);
        spt_checkpoint_close(checkpoint);
    }
    (void)close(fd);
    assert_int_equal(unlink(path), 0);
}

static void misshapen_tensor_names_keys_and_both_figures(void **state) {
    (void)state;
    const struct made_model model = made_model_small();
    struct spt_model_config config = model.config;
    config.intermediate = 64;
    const struct outcome wide = run(&model, &config);
    assert_outcome(&wide, SPT_INVALID,
                   "tensor gpt_neox.layers.0.mlp.dense_h_to_4h.weight is [40, 16]; config asks for [intermediate_size, "
                   "hidden_size] = [64, 16]");
    config = model.config;
    config.vocabulary = 30;
    const struct outcome rows = run(&model, &config);
    assert_outcome(
        &rows, SPT_INVALID,
        "tensor gpt_neox.embed_in.weight is [29, 16]; config asks for [vocab_size or more, hidden_size] = [30, 16]");
    struct made_model longer = made_model_small();
    longer.lengthen = "gpt_neox.layers.2.attention.query_key_value.bias";
    const struct outcome bias = run(&longer, &longer.config);
    assert_outcome(
        &bias, SPT_INVALID,
        "tensor gpt_neox.layers.2.attention.query_key_value.bias is [49]; config asks for [3 * hidden_size] = [48]");
}

static void head_and_embedding_of_different_lengths_are_refused(void **state) {
    (void)state;
    struct made_model model = made_model_small();
    model.lengthen = "embed_out.weight";
    const struct outcome outcome = run(&model, &model.config);
    assert_outcome(
        &outcome, SPT_INVALID,
        "tensor embed_out.weight has 30 rows and gpt_neox.embed_in.weight has 29; both should have one for each "
        "token of the vocabulary");
}

static void layers_beyond_the_config_are_refused(void **state) {
    (void)state;
    struct made_model model = made_model_small();
    model.more_layers = 1;
    const struct outcome outcome = run(&model, &model.config);
    assert_outcome(
        &outcome, SPT_INVALID,
        "tensor gpt_neox.layers.3.input_layernorm.weight is there, but config has 3 layers (numbered from 0)");
}

static void a_billion_layers_take_no_memory(void **state) {
    (void)state;
    const struct made_model model = made_model_small();
    struct spt_model_config config = model.config;
    config.layers = 1000000000;
    const struct outcome outcome = run(&model, &config);
    assert_outcome(
        &outcome, SPT_INVALID,
        "tensor gpt_neox.layers.3.input_layernorm.weight is missing (config is for gpt_neox with 1000000000 layers)");
}

static void integers_are_not_computed_with(void **state) {
    (void)state;
    struct made_model model = made_model_small();
    model.integers = true;
    const struct outcome outcome = run(&model, &model.config);
    assert_outcome(&outcome, SPT_UNSUPPORTED,
                   "tensor gpt_neox.embed_in.weight is stored as I32, which is not computed with");
}

static void unknown_architecture_lists_those_that_are_known(void **state) {
    (void)state;
    const struct made_model model = made_model_small();
    struct spt_model_config config = model.config;
    strcpy(config.model_type, "mamba");
    const struct outcome outcome = run(&model, &config);
    assert_int_equal(outcome.status, SPT_UNSUPPORTED);
    assert_non_null(strstr(outcome.error.message, "model_type \"mamba\" has no forward pass; known are: "));
    assert_non_null(strstr(outcome.error.message, "gpt_neox"));
}

static void token_past_the_embedding_names_its_sample(void **state) {
    (void)state;
    struct made_model model = made_model_small();
    struct made_probe made;
    made_probe_fill(&made, LENGTHS, 3, 29);
    made.ids[LENGTHS[0] + 4] = 29;
    const struct outcome past = run_with(&model, &model.config, &made.probe, NULL, NULL);
    assert_outcome(&past, SPT_INVALID,
                   "sample 1 (from 0) of the probe has token id 29; the embedding has rows 0 to 28");
    made.ids[LENGTHS[0] + 4] = -1;
    const struct outcome below = run_with(&model, &model.config, &made.probe, NULL, NULL);
    assert_outcome(&below, SPT_INVALID,
                   "sample 1 (from 0) of the probe has token id -1; the embedding has rows 0 to 28");
    made.ids[LENGTHS[0] + 4] = 29;
    model.padding = 1; /* the embedding's rows decide */
    assert_int_equal(run_with(&model, &model.config, &made.probe, NULL, NULL).status, SPT_OK);
}

static void sample_longer_than_the_positions_is_named(void **state) {
    (void)state;
    const struct made_model model = made_model_small();
    struct made_probe made;
    made_probe_fill(&made, (const size_t[]){4, 32, 33}, 3, 29);
    const struct outcome outcome = run_with(&model, &model.config, &made.probe, NULL, NULL);
    assert_outcome(
        &outcome, SPT_INVALID,
        "sample 2 (from 0) of the probe has 33 tokens; the model has 32 positions (max_position_embeddings)");
}

static void empty_probes_are_refused(void **state) {
    (void)state;
    const struct made_model model = made_model_small();
    struct made_probe made;
    made_probe_fill(&made, LENGTHS, 0, 29);
    const struct outcome none = run_with(&model, &model.config, &made.probe, NULL, NULL);
    assert_outcome(&none, SPT_INVALID, "the probe has no sample");
    made_probe_fill(&made, (const size_t[]){4, 0}, 2, 29);
    const struct outcome empty = run_with(&model, &model.config, &made.probe, NULL, NULL);
    assert_outcome(&empty, SPT_INVALID, "sample 1 (from 0) of the probe has no token");
}

static void bare_model_runs_without_loss_only(void **state) {
    (void)state;
    struct made_model model = made_model_small();
    model.bare = true;
    struct made_probe made;
    made_probe_fill(&made, LENGTHS, 3, 29);
    const struct spt_forward_options no_loss = {.no_loss = true};
    assert_int_equal(run_with(&model, &model.config, &made.probe, &no_loss, NULL).status, SPT_OK);
    const struct outcome outcome = run_with(&model, &model.config, &made.probe, NULL, NULL);
    assert_outcome(&outcome, SPT_INVALID, "tensor embed_out.weight is missing (config is for gpt_neox with 3 layers)");
}

static void left_out_head_leaves_losses_as_they_were(void **state) {
    (void)state;
    const struct made_model model = made_model_small();
    struct made_probe made;
    double loss[3] = {1, 2, 3};
    made_probe_fill(&made, LENGTHS, 3, 29);
    struct spt_checkpoint *checkpoint = made_model_open(&model, NULL);
    const struct spt_forward_options no_loss = {.no_loss = true};
    const struct spt_forward_output output = {.loss = loss};
    assert_int_equal(spt_forward_run(checkpoint, &model.config, &made.probe, &no_loss, NULL, &output, NULL), SPT_OK);
    assert_true(loss[0] == 1 && loss[1] == 2 && loss[2] == 3);
    spt_checkpoint_close(checkpoint);
}

/* Fails for every unit, each with its own message, after it has been asked to. */
static enum spt_status refuse(void *context, const struct spt_attention *seen, struct spt_error *error) {
    (void)context;
    if (seen->layer == 0) return SPT_OK;
    return spt_fail(error, SPT_IO, NULL, "layer %zu, sample %zu, head %zu", seen->layer, seen->sample,
                    seen->first_head);
}

static void first_failure_of_the_observer_is_reported_whatever_the_threads(void **state) {
    (void)state;
    const struct made_model model = made_model_small();
    struct made_probe made;
    made_probe_fill(&made, LENGTHS, 3, 29);
    for (size_t threads = 1; threads <= 4; threads++) {
        const struct spt_forward_options options = {.threads = threads};
        const struct spt_forward_observer observer = {.attention = refuse};
        const struct outcome outcome = run_with(&model, &model.config, &made.probe, &options, &observer);
        assert_outcome(&outcome, SPT_IO, "layer 1, sample 1, head 0"); /* the longest sample comes first */
    }
}

static enum spt_status refuse_layer(void *context, size_t layer, struct spt_error *error) {
    (void)context;
    return layer == 2 ? spt_fail(error, SPT_NOMEM, NULL, "layer 2") : SPT_OK;
}

static void failure_after_a_layer_ends_the_pass(void **state) {
    (void)state;
    const struct made_model model = made_model_small();
    struct made_probe made;
    made_probe_fill(&made, LENGTHS, 3, 29);
    const struct spt_forward_observer observer = {.layer = refuse_layer};
    const struct outcome outcome = run_with(&model, &model.config, &made.probe, NULL, &observer);
    assert_outcome(&outcome, SPT_NOMEM, "layer 2");
}

/* Cuts the file off in its last third, where the weights of the last layer are, once the pass has begun. */
static enum spt_status cut_off(void *context, size_t stage, const float *x, struct spt_error *error) {
    const char *path = context;
    struct stat now;
    (void)x;
    (void)error;
    if (stage == 0) {
        assert_int_equal(stat(path, &now), 0);
        assert_int_equal(truncate(path, now.st_size * 2 / 3), 0);
    }
    return SPT_OK;
}

static void file_that_becomes_shorter_is_to_be_tried_again(void **state) {
    (void)state;
    const struct made_model model = made_model_small();
    struct made_probe made;
    made_probe_fill(&made, LENGTHS, 3, 29);
    char path[MADE_PATH];
    struct spt_checkpoint *checkpoint = NULL;
    struct spt_error error = {.status = SPT_OK};
    made_model_write(&model, path);
    assert_int_equal(spt_checkpoint_open(path, NULL, &checkpoint, NULL), SPT_OK);
    const struct spt_forward_options options = {.no_read_ahead = true}; /* so that the cut comes before the reading */
    const struct spt_forward_observer observer = {.context = path, .hidden = cut_off};
    assert_int_equal(spt_forward_run(checkpoint, &model.config, &made.probe, &options, &observer, NULL, &error),
                     SPT_RETRY);
    assert_string_equal(error.path, path);
    spt_checkpoint_close(checkpoint);
    unlink(path);
    /* The same when it is the reader's thread that finds out. */
    made_model_write(&model, path);
    assert_int_equal(spt_checkpoint_open(path, NULL, &checkpoint, NULL), SPT_OK);
    assert_int_equal(truncate(path, 9000), 0); /* behind the header, in front of most layers */
    error = (struct spt_error){.status = SPT_OK};
    assert_int_equal(spt_forward_run(checkpoint, &model.config, &made.probe, NULL, NULL, NULL, &error), SPT_RETRY);
    assert_int_equal(error.status, SPT_RETRY);
    spt_checkpoint_close(checkpoint);
    unlink(path);
}

struct countdown {
    atomic_int left;
    atomic_int after;
};

static bool stop_at_zero(void *context) {
    struct countdown *c = context;
    if (atomic_fetch_sub(&c->left, 1) > 0) return false;
    atomic_fetch_add(&c->after, 1);
    return true;
}

static void stop_ends_the_pass_soon_wherever_it_is(void **state) {
    (void)state;
    const struct made_model model = made_model_small();
    struct made_probe made;
    made_probe_fill(&made, LENGTHS, 3, 29);
    for (int questions = 0; questions < 120; questions += 7)
        for (size_t threads = 1; threads <= 2; threads++) {
            struct countdown countdown = {.left = questions};
            const struct spt_forward_options options = {.threads = threads, .no_read_ahead = questions % 2};
            const struct spt_forward_observer observer = {.context = &countdown, .stop = stop_at_zero};
            const struct outcome outcome = run_with(&model, &model.config, &made.probe, &options, &observer);
            if (outcome.status == SPT_OK && atomic_load(&countdown.after) == 0) continue; /* over before it was asked */
            assert_int_equal(outcome.status, SPT_END);
            assert_int_equal(outcome.error.status, SPT_OK);
            assert_true(atomic_load(&countdown.after) <= 3);
        }
}

static struct spt_hash digest_after(const struct made_model *model, const struct spt_forward_options *options) {
    struct made_probe made;
    struct spt_hash digest;
    made_probe_fill(&made, LENGTHS, 3, 29);
    struct spt_checkpoint *checkpoint = made_model_open(model, NULL);
    assert_int_equal(spt_forward_run(checkpoint, &model->config, &made.probe, options, NULL, NULL, NULL), SPT_OK);
    assert_int_equal(spt_checkpoint_digest(checkpoint, &digest, NULL), SPT_OK);
    spt_checkpoint_close(checkpoint);
    return digest;
}

static struct spt_hash digest_of_all(const struct made_model *model) {
    struct spt_hash digest;
    struct spt_checkpoint *checkpoint = made_model_open(model, NULL);
    for (size_t i = 0; i < spt_checkpoint_tensor_count(checkpoint); i++) {
        const struct spt_tensor *tensor = spt_checkpoint_tensor(checkpoint, i);
        assert_int_equal(spt_checkpoint_read(checkpoint, tensor, 0, tensor->count, NULL, NULL), SPT_OK);
    }
    assert_int_equal(spt_checkpoint_digest(checkpoint, &digest, NULL), SPT_OK);
    spt_checkpoint_close(checkpoint);
    return digest;
}

static void digest_covers_every_tensor(void **state) {
    (void)state;
    struct made_model model = made_model_small();
    const struct spt_forward_options in_turn = {.no_read_ahead = true};
    for (int tied = 0; tied < 2; tied++) {
        model.config.tied_embeddings = tied;
        const struct spt_hash all = digest_of_all(&model);
        assert_true(spt_hash_equal(digest_after(&model, NULL), all));
        assert_true(spt_hash_equal(digest_after(&model, &in_turn), all));
    }
    const struct spt_hash before = digest_of_all(&model);
    model.poison = "gpt_neox.embed_in.weight"; /* the row of a token that may not occur */
    assert_false(spt_hash_equal(digest_after(&model, NULL), before));
}

static void mask_of_gpt_neox_is_causal(void **state) {
    (void)state;
    const struct made_model model = made_model_small();
    enum spt_mask_kind kind = SPT_MASK_FULL;
    size_t window = 1;
    spt_forward_mask(&model.config, 2, 32, &kind, &window);
    assert_int_equal(kind, SPT_MASK_CAUSAL);
    assert_int_equal(window, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(missing_tensor_is_named),
        cmocka_unit_test(names_that_nobody_translated_are_told_from_missing_tensors),
        cmocka_unit_test(misshapen_tensor_names_keys_and_both_figures),
        cmocka_unit_test(head_and_embedding_of_different_lengths_are_refused),
        cmocka_unit_test(layers_beyond_the_config_are_refused),
        cmocka_unit_test(a_billion_layers_take_no_memory),
        cmocka_unit_test(integers_are_not_computed_with),
        cmocka_unit_test(unknown_architecture_lists_those_that_are_known),
        cmocka_unit_test(token_past_the_embedding_names_its_sample),
        cmocka_unit_test(sample_longer_than_the_positions_is_named),
        cmocka_unit_test(empty_probes_are_refused),
        cmocka_unit_test(bare_model_runs_without_loss_only),
        cmocka_unit_test(left_out_head_leaves_losses_as_they_were),
        cmocka_unit_test(first_failure_of_the_observer_is_reported_whatever_the_threads),
        cmocka_unit_test(failure_after_a_layer_ends_the_pass),
        cmocka_unit_test(file_that_becomes_shorter_is_to_be_tried_again),
        cmocka_unit_test(stop_ends_the_pass_soon_wherever_it_is),
        cmocka_unit_test(digest_covers_every_tensor),
        cmocka_unit_test(mask_of_gpt_neox_is_causal),
    };
    return cmocka_run_group_tests_name("forward refusals", tests, NULL, NULL);
}
