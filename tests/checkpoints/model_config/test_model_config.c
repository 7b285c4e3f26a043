/* config.json. Expected values: the references' files as HF transformers 5.23 wrote them (tests/data/reference), the
 * keys and defaults of transformers' configuration_gpt_neox.py, the names of its activations.py. */
#include "checkpoints/model_config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "checkpoints/base/file.h"
#include "checkpoints/base/text.h"

/* The published config of pythia-70m, in the keys of 2023. */
static const char PYTHIA_70M[] =
    "{\"architectures\": [\"GPTNeoXForCausalLM\"], \"bos_token_id\": 0, \"eos_token_id\": 0, \"hidden_act\": \"gelu\","
    "\"hidden_size\": 512, \"initializer_range\": 0.02, \"intermediate_size\": 2048, \"layer_norm_eps\": 1e-05,"
    "\"max_position_embeddings\": 2048, \"model_type\": \"gpt_neox\", \"num_attention_heads\": 8, "
    "\"num_hidden_layers\": 6,"
    "\"rotary_emb_base\": 10000, \"rotary_pct\": 0.25, \"tie_word_embeddings\": false, \"torch_dtype\": \"float16\","
    "\"transformers_version\": \"4.24.0\", \"use_cache\": true, \"use_parallel_residual\": true, \"vocab_size\": "
    "50304}";

static const char SIZES[] = "\"model_type\": \"gpt_neox\", \"hidden_size\": 48, \"num_hidden_layers\": 3, "
                            "\"num_attention_heads\": 4, \"intermediate_size\": 192, \"vocab_size\": 98";

static enum spt_status parse(const char *text, struct spt_model_config *config, struct spt_error *error) {
    return spt_model_config_parse(text, strlen(text), "config.json", config, error);
}

/* SIZES and what follows, "" or ", \"key\": value ...". */
static enum spt_status parse_with(const char *more, struct spt_model_config *config, struct spt_error *error) {
    char text[1024];
    (void)snprintf(text, sizeof text, "{%s%s}", SIZES, more);
    return parse(text, config, error);
}

static void assert_refused(enum spt_status expected, const char *more, const char *const *words) {
    struct spt_model_config config;
    struct spt_error error;
    memset(&config, 0x5a, sizeof config);
    assert_int_equal(parse_with(more, &config, &error), expected);
    assert_string_equal(error.path, "config.json");
    for (; *words; words++)
        if (!strstr(error.message, *words)) fail_msg("\"%s\" is not in: %s", *words, error.message);
    for (size_t i = 0; i < sizeof config; i++) assert_int_equal(((unsigned char *)&config)[i], 0x5a);
}
#define REFUSED(status, more, ...) assert_refused(status, more, (const char *const[]){__VA_ARGS__, NULL})

static struct spt_model_config read_data(const char *name) {
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/%s", SPT_TEST_DATA, name);
    struct spt_model_config config;
    struct spt_error error;
    if (spt_model_config_read(path, &config, &error) != SPT_OK) fail_msg("%s: %s", path, error.message);
    return config;
}

static void keys_of_transformers_5_are_read(void **state) {
    (void)state;
    const struct spt_model_config config = read_data("reference/gpt_neox/config.json");
    assert_string_equal(config.model_type, "gpt_neox");
    assert_int_equal(config.layers, 3);
    assert_int_equal(config.hidden, 48);
    assert_int_equal(config.heads, 4);
    assert_int_equal(config.head_dim, 12);
    assert_int_equal(config.intermediate, 192);
    assert_int_equal(config.vocabulary, 98);
    assert_int_equal(config.positions, 128);
    assert_true(config.rotary_base == 10000.0);
    assert_true(config.norm_epsilon == 1e-5);
    assert_int_equal(config.activation, SPT_GELU_ERF);
    assert_true(config.parallel_residual);
    assert_true(config.attention_bias);
    assert_false(config.tied_embeddings);
}

static void keys_of_transformers_4_give_the_same_struct_and_digest(void **state) {
    (void)state;
    static const char *const CASES[][2] = {
        {"reference/gpt_neox/config.json", "reference/gpt_neox/config.v4.json"},
        {"reference/gpt_neox_sequential/config.json", "reference/gpt_neox_sequential/config.v4.json"},
    };
    for (size_t i = 0; i < 2; i++) {
        const struct spt_model_config new_keys = read_data(CASES[i][0]), old_keys = read_data(CASES[i][1]);
        assert_memory_equal(&new_keys, &old_keys, sizeof new_keys);
        assert_true(spt_hash_equal(spt_model_config_digest(&new_keys), spt_model_config_digest(&old_keys)));
    }
}

static void sequential_residual_and_full_rotation_are_read(void **state) {
    (void)state;
    const struct spt_model_config config = read_data("reference/gpt_neox_sequential/config.v4.json");
    assert_false(config.parallel_residual);
    assert_int_equal(config.head_dim, 16);
    assert_int_equal(config.rotary_dim, 16);
    assert_true(config.rotary_base == 5001.0);
}

static void every_config_of_the_demo_run_has_one_digest(void **state) {
    (void)state;
    static const int STEPS[] = {0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1000, 2000, 3000, 4000, 6000, 8000};
    const struct spt_model_config first = read_data("demo-run/step0/config.json");
    assert_int_equal(first.layers, 6);
    assert_int_equal(first.vocabulary, 1024);
    assert_int_equal(first.rotary_dim, 4);
    for (size_t i = 0; i < sizeof STEPS / sizeof *STEPS; i++) {
        char name[64];
        (void)snprintf(name, sizeof name, "demo-run/step%d/config.json", STEPS[i]);
        const struct spt_model_config config = read_data(name);
        assert_true(spt_hash_equal(spt_model_config_digest(&first), spt_model_config_digest(&config)));
    }
}

static void the_published_pythia_config_is_read(void **state) {
    (void)state;
    struct spt_model_config config;
    assert_int_equal(parse(PYTHIA_70M, &config, NULL), SPT_OK);
    assert_int_equal(config.head_dim, 64);
    assert_int_equal(config.rotary_dim, 16);
    assert_int_equal(config.vocabulary, 50304);
    assert_true(config.parallel_residual);
}

/* GPTNeoXConfig(): max_position_embeddings 2048, hidden_act gelu, layer_norm_eps 1e-5, rotary_pct 0.25, rotary_emb_base
 * 10000, use_parallel_residual and attention_bias True, tie_word_embeddings False. */
static void absent_keys_take_the_values_of_hf(void **state) {
    (void)state;
    struct spt_model_config config, written;
    assert_int_equal(parse_with("", &config, NULL), SPT_OK);
    assert_int_equal(
        parse_with(", \"max_position_embeddings\": 2048, \"hidden_act\": \"gelu\", \"layer_norm_eps\": 1e-05, "
                   "\"rotary_pct\": 0.25, \"rotary_emb_base\": 10000, \"use_parallel_residual\": true, "
                   "\"attention_bias\": true, \"tie_word_embeddings\": false",
                   &written, NULL),
        SPT_OK);
    assert_memory_equal(&config, &written, sizeof config);
}

/* transformers 5: int(head_dim * partial_rotary_factor) = 3, of which arange(0, 3, 2) makes 2 angles and 4 rotated
 * dimensions. The references were computed so. */
static void rotated_dimensions_are_counted_as_hf_counts_them(void **state) {
    (void)state;
    assert_int_equal(read_data("reference/gpt_neox/config.json").rotary_dim, 3);
    struct spt_model_config config;
    assert_int_equal(parse_with(", \"rotary_pct\": 0.99", &config, NULL), SPT_OK);
    assert_int_equal(config.rotary_dim, 11);
    assert_int_equal(parse_with(", \"rotary_pct\": 0", &config, NULL), SPT_OK);
    assert_int_equal(config.rotary_dim, 0);
}

static void nested_keys_win_over_the_top_level(void **state) {
    (void)state;
    struct spt_model_config config;
    assert_int_equal(parse_with(", \"rotary_emb_base\": 10000, \"rotary_pct\": 0.25, \"rope_theta\": 77, "
                                "\"rope_parameters\": {\"rope_theta\": 500000, \"partial_rotary_factor\": 0.5}",
                                &config, NULL),
                     SPT_OK);
    assert_true(config.rotary_base == 500000.0);
    assert_int_equal(config.rotary_dim, 6);
}

/* transformers 5 reads rotary_emb_base and rotary_pct at the top level, some of transformers 4 rope_theta and
 * partial_rotary_factor. */
static void common_names_that_stand_alone_are_refused_where_generations_differ(void **state) {
    (void)state;
    struct spt_model_config config, usual;
    REFUSED(SPT_UNSUPPORTED, ", \"rope_theta\": 20000",
            "rope_theta is 20000 without rotary_emb_base: transformers 4 takes it, 5 takes 10000");
    REFUSED(SPT_UNSUPPORTED, ", \"rotary_emb_base\": 10000, \"partial_rotary_factor\": 0.5",
            "partial_rotary_factor is 0.5 without rotary_pct: transformers 4 takes it, 5 takes 0.25");
    REFUSED(SPT_UNSUPPORTED, ", \"rope_theta\": 20000, \"rope_scaling\": {\"type\": \"linear\", \"factor\": 2}",
            "rope_theta is 20000 without rotary_emb_base");
    assert_int_equal(parse_with("", &usual, NULL), SPT_OK);
    assert_int_equal(parse_with(", \"rope_theta\": 10000, \"partial_rotary_factor\": 0.25", &config, NULL), SPT_OK);
    assert_memory_equal(&config, &usual, sizeof config);
    assert_int_equal(parse_with(", \"rope_theta\": 20000, \"rotary_emb_base\": 30000, \"partial_rotary_factor\": 1, "
                                "\"rotary_pct\": 0.5",
                                &config, NULL),
                     SPT_OK);
    assert_true(config.rotary_base == 30000.0);
    assert_int_equal(config.rotary_dim, 6);
}

static void other_rotary_types_are_unsupported_and_named(void **state) {
    (void)state;
    REFUSED(SPT_UNSUPPORTED, ", \"rope_scaling\": {\"type\": \"su\", \"factor\": 2.0}",
            "rope_scaling.type is \"su\", known are: default, linear, dynamic, yarn, llama3");
    REFUSED(SPT_UNSUPPORTED, ", \"rope_parameters\": {\"rope_type\": \"longrope\", \"factor\": 2.0}",
            "rope_parameters.rope_type is \"longrope\"");
    REFUSED(SPT_UNSUPPORTED, ", \"rope_parameters\": {\"full_attention\": {\"rope_type\": \"default\"}}",
            "rope_parameters.full_attention");
    struct spt_model_config config;
    assert_int_equal(parse_with(", \"rope_scaling\": null", &config, NULL), SPT_OK);
    assert_int_equal(parse_with(", \"rope_scaling\": {\"type\": \"default\"}", &config, NULL), SPT_OK);
}

/* transformers/activations.py: ACT2CLS */
static void activations_are_known_by_the_names_of_hf(void **state) {
    (void)state;
    static const struct {
        const char *name;
        enum spt_activation activation;
    } CASES[] = {
        {"gelu", SPT_GELU_ERF},
        {"gelu_python", SPT_GELU_ERF},
        {"gelu_new", SPT_GELU_TANH},
        {"gelu_fast", SPT_GELU_TANH},
        {"gelu_pytorch_tanh", SPT_GELU_TANH},
        {"gelu_accurate", SPT_GELU_TANH},
        {"relu", SPT_RELU},
        {"silu", SPT_SILU},
        {"swish", SPT_SILU},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        char more[64];
        (void)snprintf(more, sizeof more, ", \"hidden_act\": \"%s\"", CASES[i].name);
        struct spt_model_config config;
        assert_int_equal(parse_with(more, &config, NULL), SPT_OK);
        assert_int_equal(config.activation, CASES[i].activation);
    }
    REFUSED(SPT_UNSUPPORTED, ", \"hidden_act\": \"quick_gelu\"", "hidden_act is \"quick_gelu\"", "gelu_new", "silu");
}

#define ARCHITECTURES                                                                                                  \
    "gpt_neox, llama, mistral, qwen2, qwen3, gemma, phi, gpt2, olmo, olmo2, bloom, opt, bert, roberta, xlm-roberta"

static void unknown_architectures_are_named_with_those_known(void **state) {
    (void)state;
    struct spt_model_config config;
    struct spt_error error;
    assert_int_equal(parse("{\"model_type\": \"mamba\"}", &config, &error), SPT_UNSUPPORTED);
    assert_string_equal(error.message, "model_type is \"mamba\", known are: " ARCHITECTURES);
    assert_int_equal(parse("{}", &config, &error), SPT_INVALID);
    assert_string_equal(error.message, "model_type is missing, expected one of: " ARCHITECTURES);
    assert_int_equal(parse("{\"model_type\": 3}", &config, &error), SPT_INVALID);
    assert_string_equal(error.message, "model_type is an integer, expected one of: " ARCHITECTURES);
}

static void hostile_text_stays_on_one_printable_line(void **state) {
    (void)state;
    struct spt_model_config config;
    struct spt_error error;
    assert_int_equal(parse("{\"model_type\": \"\\u001b[31m\\nevil\"}", &config, &error), SPT_UNSUPPORTED);
    assert_null(strpbrk(error.message, "\n\033"));
    struct spt_text text = {0};
    spt_text_put(&text, "{\"model_type\": \"");
    for (int i = 0; i < 100000; i++) spt_text_put(&text, "a");
    spt_text_put(&text, "\"}");
    assert_int_equal(parse(text.data, &config, &error), SPT_UNSUPPORTED);
    assert_non_null(strstr(error.message, "known are: gpt_neox"));
    spt_text_release(&text);
}

/* As the first release computed them: runs are known by them in stores that exist. */
static void the_digests_of_gpt_neox_never_change(void **state) {
    (void)state;
    const struct spt_model_config parallel = read_data("reference/gpt_neox/config.json");
    const struct spt_model_config sequential = read_data("reference/gpt_neox_sequential/config.v4.json");
    const struct spt_hash first = spt_model_config_digest(&parallel), second = spt_model_config_digest(&sequential);
    assert_true(first.high == 0x4cbe4d83f39f5004 && first.low == 0x924dc8077d4d149e);
    assert_true(second.high == 0x8840f87b0e0a5f59 && second.low == 0x5cfe3b6e0ff447a5);
}

/* Any two keys that change a figure must not share a digest. */
static void the_digest_tells_every_field(void **state) {
    (void)state;
    struct spt_model_config variants[64];
    size_t count = 0;
    const struct spt_model_config base = read_data("reference/gpt_neox/config.json");
#define VARY(field, value) variants[count] = base, variants[count++].field = (value)
    variants[count++] = base;
    VARY(layers, 4);
    VARY(hidden, 96);
    VARY(heads, 3);
    VARY(head_dim, 24);
    VARY(intermediate, 193);
    VARY(vocabulary, 99);
    VARY(positions, 256);
    VARY(rotary_dim, 4);
    VARY(rotary_base, 10000.5);
    VARY(norm_epsilon, 1e-6);
    VARY(activation, SPT_SILU);
    VARY(parallel_residual, false);
    VARY(attention_bias, false);
    VARY(tied_embeddings, true);
    VARY(kv_heads, 2);
    VARY(scaling.kind, SPT_ROTARY_YARN);
    VARY(scaling.original_positions, 64);
    VARY(scaling.factor, 2);
    VARY(scaling.low_factor, 2);
    VARY(scaling.high_factor, 2);
    VARY(scaling.beta_fast, 2);
    VARY(scaling.beta_slow, 2);
    VARY(scaling.attention_factor, 2);
    VARY(scaling.untruncated, true);
    VARY(window, 2);
    VARY(windowed[0], 1);
    VARY(windowed[0], 2);
    VARY(windowed[511], 1);
    VARY(bidirectional, true);
    VARY(embedding_dim, 24);
    VARY(position_offset, 2);
    VARY(token_types, 2);
    VARY(clip_qkv, 2);
    VARY(qk_norm, true);
    VARY(mlp_bias, true);
    VARY(unscaled_attention, true);
    VARY(attention_by_layer, true);
    VARY(norm_after, true);
    VARY(residual_of_norm, true);
    VARY(plain_norms, true);
    VARY(no_final_norm, true);
    variants[count] = base;
    (void)snprintf(variants[count++].model_type, sizeof base.model_type, "gpt_neoy");
#undef VARY
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < i; j++)
            assert_false(spt_hash_equal(spt_model_config_digest(&variants[i]), spt_model_config_digest(&variants[j])));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_of_transformers_5_are_read),
        cmocka_unit_test(keys_of_transformers_4_give_the_same_struct_and_digest),
        cmocka_unit_test(sequential_residual_and_full_rotation_are_read),
        cmocka_unit_test(every_config_of_the_demo_run_has_one_digest),
        cmocka_unit_test(the_published_pythia_config_is_read),
        cmocka_unit_test(absent_keys_take_the_values_of_hf),
        cmocka_unit_test(rotated_dimensions_are_counted_as_hf_counts_them),
        cmocka_unit_test(nested_keys_win_over_the_top_level),
        cmocka_unit_test(common_names_that_stand_alone_are_refused_where_generations_differ),
        cmocka_unit_test(other_rotary_types_are_unsupported_and_named),
        cmocka_unit_test(activations_are_known_by_the_names_of_hf),
        cmocka_unit_test(unknown_architectures_are_named_with_those_known),
        cmocka_unit_test(hostile_text_stays_on_one_printable_line),
        cmocka_unit_test(the_digests_of_gpt_neox_never_change),
        cmocka_unit_test(the_digest_tells_every_field),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
