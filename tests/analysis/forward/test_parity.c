/* Parity with HF transformers (float32, eager attention), and what spt_forward_verify says of a reference that is not
 * one. */
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
    const enum spt_status status = spt_forward_verify(model, config, reference, NULL, errors, error);
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_architecture_equals_transformers),
        cmocka_unit_test(another_model_is_found_out),
        cmocka_unit_test(file_without_ids_is_no_reference),
        cmocka_unit_test(reference_of_another_shape_is_refused),
        cmocka_unit_test(reference_of_fewer_layers_is_refused),
    };
    return cmocka_run_group_tests_name("parity", tests, NULL, NULL);
}
