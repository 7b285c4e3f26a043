/* Parity with HF transformers (float32, eager attention), what a config that is another model's gets, and what
 * spt_forward_verify says of a reference that is not one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "analysis/forward/verify.h"

#include <stdio.h>
#include <string.h>

#define REFERENCE SPT_TEST_DATA "/reference/"

static struct spt_checkpoint *open_checkpoint(const char *path) {
    struct spt_checkpoint *checkpoint = NULL;
    struct spt_error error = {.status = SPT_OK};
    if (spt_checkpoint_open(path, NULL, &checkpoint, &error) != SPT_OK) fail_msg("%s: %s", path, error.message);
    return checkpoint;
}

static struct spt_model_config read_config(const char *path) {
    struct spt_model_config config;
    struct spt_error error = {.status = SPT_OK};
    if (spt_model_config_read(path, &config, &error) != SPT_OK) fail_msg("%s: %s", path, error.message);
    return config;
}

static enum spt_status verify(const char *model_path, const struct spt_model_config *config, const char *reference_path,
                              struct spt_verify_errors *errors, struct spt_error *error) {
    struct spt_checkpoint *model = open_checkpoint(model_path), *reference = open_checkpoint(reference_path);
    const struct spt_forward_options alone = {.threads = 1}; /* so small that a second one only waits */
    const enum spt_status status = spt_forward_verify(model, config, reference, &alone, errors, error);
    spt_checkpoint_close(model);
    spt_checkpoint_close(reference);
    return status;
}

/* 1e-5 absolute, 1e-4 of the largest, 1e-4 nats. */
static void check_parity(const char *folder, const char *config_name, size_t samples) {
    char model[512], reference[512], config_path[512];
    struct spt_verify_errors errors;
    struct spt_error error = {.status = SPT_OK};
    snprintf(model, sizeof(model), REFERENCE "%s/model.safetensors", folder);
    snprintf(reference, sizeof(reference), REFERENCE "%s/reference.safetensors", folder);
    snprintf(config_path, sizeof(config_path), REFERENCE "%s/%s", folder, config_name);
    const struct spt_model_config config = read_config(config_path);
    if (verify(model, &config, reference, &errors, &error) != SPT_OK) fail_msg("%s: %s", folder, error.message);
    assert_int_equal(errors.samples, samples);
    if (!(errors.attention <= 1e-5)) fail_msg("%s: attention is off by %g", folder, errors.attention);
    if (!(errors.hidden <= 1e-4)) fail_msg("%s: hidden states are off by %g", folder, errors.hidden);
    if (!(errors.loss <= 1e-4)) fail_msg("%s: loss is off by %g", folder, errors.loss);
}

/* With the keys of transformers 5 and with those that public repositories have; n = 1, 6, 23, 50. */
static void every_architecture_equals_transformers(void **state) {
    (void)state;
    static const char *const FOLDERS[] = {
        "bert",
        "bloom",
        "gemma",
        "gpt2",
        "gpt_neox",
        "gpt_neox_sequential",
        "llama",
        "llama3_rope",
        "llama_dynamic_ntk",
        "llama_linear_rope",
        "llama_yarn",
        "mistral",
        "olmo",
        "olmo2",
        "opt",
        "phi",
        "qwen2",
        "qwen3",
        "roberta",
        "xlm_roberta",
    };
    for (size_t i = 0; i < sizeof(FOLDERS) / sizeof(FOLDERS[0]); i++) {
        check_parity(FOLDERS[i], "config.json", 4);
        check_parity(FOLDERS[i], "config.v4.json", 4);
    }
}

/* Options that the models above do not have, and weights in half precision; tests/peer/make_reference.py made them.
 * n = 1, 5, 12, 19. bert_gamma has the names of TensorFlow, gpt2_f16 those of the base model, and it and
 * llama_yarn_options buffers that older versions stored; opt_after has a narrow embedding and norms behind the sums,
 * opt_plain norms without weights, no final one and no biases; roberta_padding has padding within its samples. */
static void every_option_equals_transformers(void **state) {
    (void)state;
    static const char *const FOLDERS[] = {
        "bert_gamma", "bloom_residual", "gemma_bf16",  "gpt2_f16",      "llama_yarn_options", "olmo_f16",
        "opt_after",  "opt_plain",      "phi_grouped", "qwen2_windows", "qwen3_windows",      "roberta_padding",
    };
    for (size_t i = 0; i < sizeof(FOLDERS) / sizeof(FOLDERS[0]); i++) check_parity(FOLDERS[i], "config.json", 4);
}

#define MODEL    REFERENCE "gpt_neox/model.safetensors"
#define EXPECTED REFERENCE "gpt_neox/reference.safetensors"

static void another_model_is_found_out(void **state) {
    (void)state;
    struct spt_verify_errors errors;
    struct spt_model_config config = read_config(REFERENCE "gpt_neox/config.json");
    config.parallel_residual = false;
    assert_int_equal(verify(MODEL, &config, EXPECTED, &errors, NULL), SPT_OK);
    assert_true(errors.attention > 1e-2 && errors.hidden > 1e-2 && errors.loss > 1e-3);
    assert_true(errors.attention_at.layer > 0); /* the first layer's attention comes before the residual */
    assert_true(errors.hidden_at.layer > 0);
    assert_true(errors.attention_at.sample > 0 && errors.attention_at.column <= errors.attention_at.row);
    assert_true(errors.loss_sample > 0);
}

static void file_without_ids_is_no_reference(void **state) {
    (void)state;
    struct spt_verify_errors errors;
    struct spt_error error = {.status = SPT_OK};
    const struct spt_model_config config = read_config(REFERENCE "gpt_neox/config.json");
    assert_int_equal(verify(MODEL, &config, MODEL, &errors, &error), SPT_INVALID);
    assert_string_equal(error.message, "tensor ids_0 is missing: this is no reference of a forward pass");
    assert_string_equal(error.path, MODEL);
}

static void reference_of_another_shape_is_refused(void **state) {
    (void)state;
    struct spt_verify_errors errors;
    struct spt_error error = {.status = SPT_OK};
    const struct spt_model_config config = read_config(REFERENCE "gpt_neox/config.json");
    assert_int_equal(verify(MODEL, &config, REFERENCE "gpt_neox_sequential/reference.safetensors", &errors, &error),
                     SPT_INVALID);
    assert_string_equal(error.message, "tensor attn_0_0 is [2, 1, 1]; expected [4, 1, 1]");
}

static void reference_of_fewer_layers_is_refused(void **state) {
    (void)state;
    struct spt_verify_errors errors;
    struct spt_error error = {.status = SPT_OK};
    struct spt_model_config config = read_config(REFERENCE "gpt_neox/config.json");
    config.layers = 4;
    assert_int_equal(verify(MODEL, &config, EXPECTED, &errors, &error), SPT_INVALID);
    assert_string_equal(error.message, "tensor attn_0_3 is missing");
    config.layers = 1000000000;
    assert_int_equal(verify(MODEL, &config, EXPECTED, &errors, &error), SPT_INVALID);
    assert_string_equal(error.message, "tensor attn_0_999999999 is missing");
}

/* Configs that are not those of the weights, and what is said of them: the tensor, its shape, the keys and their
 * figures. */
static void configs_that_do_not_fit_the_tensors_are_refused(void **state) {
    (void)state;
    enum change { KV_HEADS, HEAD_DIM, INTERMEDIATE, POSITIONS, TYPES, LAYERS, EMBEDDING, BIAS, QK_NORM };
    static const struct {
        const char *folder;
        enum change change;
        const char *message;
    } TABLE[] = {
        {"llama", KV_HEADS,
         "tensor model.layers.0.self_attn.k_proj.weight is [16, 48]; config asks for [num_key_value_heads * head_dim, "
         "hidden_size] = [8, 48]"},
        {"llama", BIAS, "tensor model.layers.0.self_attn.q_proj.bias is missing (config is for llama with 3 layers)"},
        {"llama", LAYERS,
         "tensor model.layers.2.input_layernorm.weight is there, but config has 2 layers (numbered from 0)"},
        {"qwen3", HEAD_DIM,
         "tensor model.layers.0.self_attn.q_proj.weight is [96, 48]; config asks for [num_attention_heads * head_dim, "
         "hidden_size] = [32, 48]"},
        {"olmo", LAYERS,
         "tensor model.layers.1.self_attn.q_proj.weight is there, but config has 1 layers (numbered from 0)"},
        {"gpt2", INTERMEDIATE,
         "tensor transformer.h.0.mlp.c_fc.weight is [48, 192]; config asks for [n_embd, n_inner] = [48, 100]"},
        {"gpt2", POSITIONS,
         "tensor transformer.wpe.weight is [128, 48]; config asks for [n_positions, n_embd] = [64, 48]"},
        {"bloom", INTERMEDIATE,
         "tensor transformer.h.0.mlp.dense_h_to_4h.weight is [192, 48]; config asks for [4 * hidden_size, hidden_size] = "
         "[100, 48]"},
        {"opt", POSITIONS,
         "tensor model.decoder.embed_positions.weight is [130, 48]; config asks for [max_position_embeddings + 2, "
         "hidden_size] = [66, 48]"},
        {"opt", EMBEDDING,
         "tensor model.decoder.embed_tokens.weight is [98, 48]; config asks for [vocab_size or more, "
         "word_embed_proj_dim] = [98, 24]"},
        {"roberta", POSITIONS,
         "tensor embeddings.position_embeddings.weight is [130, 48]; config asks for [max_position_embeddings, "
         "hidden_size] = [66, 48]"},
        {"bert", TYPES,
         "tensor embeddings.token_type_embeddings.weight is [2, 48]; config asks for [type_vocab_size, hidden_size] = "
         "[1, 48]"},
        {"phi_grouped", QK_NORM,
         "tensor model.layers.0.self_attn.q_layernorm.weight is missing (config is for phi with 3 layers)"},
    };
    for (size_t i = 0; i < sizeof(TABLE) / sizeof(TABLE[0]); i++) {
        char model_path[512], config_path[512];
        struct spt_error error = {.status = SPT_OK};
        snprintf(model_path, sizeof(model_path), REFERENCE "%s/model.safetensors", TABLE[i].folder);
        snprintf(config_path, sizeof(config_path), REFERENCE "%s/config.json", TABLE[i].folder);
        struct spt_model_config config = read_config(config_path);
        if (TABLE[i].change == KV_HEADS) config.kv_heads = 1;
        if (TABLE[i].change == HEAD_DIM) config.head_dim = 8;
        if (TABLE[i].change == INTERMEDIATE) config.intermediate = 100;
        if (TABLE[i].change == POSITIONS) config.positions = 64;
        if (TABLE[i].change == TYPES) config.token_types = 1;
        if (TABLE[i].change == LAYERS) config.layers--;
        if (TABLE[i].change == EMBEDDING) config.embedding_dim = 24;
        if (TABLE[i].change == BIAS) config.attention_bias = true;
        if (TABLE[i].change == QK_NORM) config.qk_norm = true;
        struct spt_checkpoint *model = open_checkpoint(model_path);
        assert_int_equal(spt_forward_check(model, &config, &error), SPT_INVALID);
        assert_string_equal(error.message, TABLE[i].message);
        assert_string_equal(error.path, model_path);
        spt_checkpoint_close(model);
    }
}

static void weights_of_another_architecture_are_refused(void **state) {
    (void)state;
    struct spt_error error = {.status = SPT_OK};
    const struct spt_model_config config = read_config(REFERENCE "qwen2/config.json");
    struct spt_checkpoint *model = open_checkpoint(REFERENCE "bloom/model.safetensors");
    assert_int_equal(spt_forward_check(model, &config, &error), SPT_INVALID);
    assert_string_equal(error.message,
                        "tensor model.embed_tokens.weight is missing (config is for qwen2 with 3 layers)");
    spt_checkpoint_close(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_architecture_equals_transformers),
        cmocka_unit_test(every_option_equals_transformers),
        cmocka_unit_test(configs_that_do_not_fit_the_tensors_are_refused),
        cmocka_unit_test(weights_of_another_architecture_are_refused),
        cmocka_unit_test(another_model_is_found_out),
        cmocka_unit_test(file_without_ids_is_no_reference),
        cmocka_unit_test(reference_of_another_shape_is_refused),
        cmocka_unit_test(reference_of_fewer_layers_is_refused),
    };
    return cmocka_run_group_tests_name("parity", tests, NULL, NULL);
}
