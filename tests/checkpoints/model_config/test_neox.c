/* GPT-NeoX's YAML against the config.json of the same model, and every way it can be wrong.
 *
 * The pairs are those of tests/peer/make_deepspeed_fixtures.py; defaults and choices are those of gpt-neox,
 * megatron/neox_arguments/neox_args.py, and of its conversion to HF transformers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "checkpoints/model_config/neox.h"

#define LAYOUTS SPT_TEST_DATA "/layouts/"

/* A model of which all that has a default is left out. */
#define LEAST "num-layers: 2\nhidden-size: 16\nnum-attention-heads: 2\nmax-position-embeddings: 160\npos-emb: rotary\n"

static enum spt_status parse(const char *text, struct spt_model_config *config, struct spt_error *error) {
    const struct spt_neox_file file = {.path = "c.yml", .bytes = text, .size = strlen(text)};
    return spt_neox_config_parse(&file, 1, "configs", 192, config, error);
}

static struct spt_model_config of_json(const char *text) {
    struct spt_model_config config;
    struct spt_error error;
    if (spt_model_config_parse(text, strlen(text), "config.json", &config, &error) != SPT_OK)
        fail_msg("%s", error.message);
    return config;
}

static void assert_same(const struct spt_model_config *found, const struct spt_model_config *expected) {
    struct spt_text difference = {0};
    spt_model_config_difference(found, expected, &difference);
    if (difference.length) fail_msg("%s", difference.data);
    assert_memory_equal(found, expected, sizeof *found);
    spt_text_release(&difference);
}

static void the_files_of_a_run_give_the_config_of_its_conversion(void **state) {
    (void)state;
    static const struct {
        const char *yaml, *json;
    } PAIRS[] = {
        {LAYOUTS "gpt_neox/global_step1000/configs", LAYOUTS "deepspeed_twins/gpt_neox/step1000/config.json"},
        {LAYOUTS "gpt_neox_sequential", LAYOUTS "deepspeed_twins/gpt_neox_sequential/step500/config.json"},
        {LAYOUTS "gpt_neox_sequential/small.yml", LAYOUTS "deepspeed_twins/gpt_neox_sequential/step500/config.json"},
    };
    for (size_t i = 0; i < sizeof PAIRS / sizeof *PAIRS; i++) {
        struct spt_model_config found, expected;
        struct spt_error error;
        assert_true(spt_neox_config_is(NULL, PAIRS[i].yaml));
        assert_false(spt_neox_config_is(NULL, PAIRS[i].json));
        if (spt_neox_config_read(NULL, PAIRS[i].yaml, 192, &found, &error) != SPT_OK)
            fail_msg("%s: %s", error.path, error.message);
        assert_int_equal(spt_model_config_read(PAIRS[i].json, &expected, &error), SPT_OK);
        assert_same(&found, &expected);
    }
}

static void keys_that_are_left_out_have_gpt_neox_s_defaults(void **state) {
    (void)state;
    struct spt_model_config config;
    struct spt_error error;
    const struct spt_model_config expected =
        of_json("{\"model_type\": \"gpt_neox\", \"vocab_size\": 192, \"num_hidden_layers\": 2, \"hidden_size\": 16, "
                "\"num_attention_heads\": 2, \"max_position_embeddings\": 160, \"intermediate_size\": 64, "
                "\"rotary_pct\": 1.0, \"rotary_emb_base\": 10000, \"layer_norm_eps\": 1e-5, \"hidden_act\": \"gelu\", "
                "\"use_parallel_residual\": false, \"tie_word_embeddings\": true, \"attention_bias\": true}");
    if (parse(LEAST, &config, &error) != SPT_OK) fail_msg("%s", error.message);
    assert_same(&config, &expected);
    /* null is what is not given */
    if (parse(LEAST "rotary-pct: null\nnorm: ~\nnum_kv_heads:\n", &config, &error) != SPT_OK)
        fail_msg("%s", error.message);
    assert_same(&config, &expected);
}

static void every_key_reaches_the_config_in_both_spellings(void **state) {
    (void)state;
    static const struct {
        const char *hyphens, *underscores, *json;
    } PAIRS[] = {
        {"rotary-pct: 0.25", "rotary_pct: 0.25", "\"rotary_pct\": 0.25"},
        {"rotary-emb-base: 1.0e+6", "rotary_emb_base: 1000000", "\"rotary_emb_base\": 1000000"},
        {"layernorm-epsilon: 1.0e-6", "layernorm_epsilon: 0.000001", "\"layer_norm_eps\": 0.000001"},
        {"gpt-j-residual: true", "gpt_j_residual: Yes", "\"use_parallel_residual\": true"},
        {"no-weight-tying: True", "no_weight_tying: on", "\"tie_word_embeddings\": false"},
        {"use-bias-in-attn-linear: false", "use_bias_in_attn_linear: OFF", "\"attention_bias\": false"},
        {"activation: relu", "activation: \"relu\"", "\"hidden_act\": \"relu\""},
        {"activation: swish", "activation: silu", "\"hidden_act\": \"silu\""},
        {"intermediate-size: 40", "intermediate_size: 40", "\"intermediate_size\": 40"},
        {"expansion-factor: 2.5", "expansion_factor: 2.5", "\"intermediate_size\": 40"},
        {"intermediate-size: 41\nmlp-multiple-of: 16", "intermediate_size: 33\nmlp_multiple_of: 16",
         "\"intermediate_size\": 48"},
        {"num-kv-heads: 2\nnum-unique-layers: 2", "num_kv_heads: 2\nnum_unique_layers: 2", "\"rotary_pct\": 1.0"},
        {"attention-config: [[[global], 2]]", "attention_config: [\"global\", \"flash\"]", "\"rotary_pct\": 1.0"},
        {"attention-config: [[[\"flash\"], \"all\"]]", "attention_config: []", "\"rotary_pct\": 1.0"},
        {"model-parallel-size: 1\nnorm: te_layernorm", "model_parallel_size: 1", "\"rotary_pct\": 1.0"},
        {"max_position_embeddings: 160", "hidden_size: 16", "\"rotary_pct\": 1.0"}, /* the same once more */
    };
    for (size_t i = 0; i < sizeof PAIRS / sizeof *PAIRS; i++) {
        char text[1024];
        (void)snprintf(text, sizeof text,
                       "{\"model_type\": \"gpt_neox\", \"vocab_size\": 192, \"num_hidden_layers\": 2, \"hidden_size\": "
                       "16, \"num_attention_heads\": 2, \"max_position_embeddings\": 160, %s %s %s %s %s}",
                       strstr(PAIRS[i].json, "intermediate") ? "" : "\"intermediate_size\": 64,",
                       strstr(PAIRS[i].json, "rotary_pct") ? "" : "\"rotary_pct\": 1.0,",
                       strstr(PAIRS[i].json, "use_parallel") ? "" : "\"use_parallel_residual\": false,",
                       strstr(PAIRS[i].json, "tie_word") ? "" : "\"tie_word_embeddings\": true,", PAIRS[i].json);
        const struct spt_model_config expected = of_json(text);
        for (int k = 0; k < 2; k++) {
            struct spt_model_config config;
            struct spt_error error;
            (void)snprintf(text, sizeof text, LEAST "%s\n", k ? PAIRS[i].underscores : PAIRS[i].hyphens);
            if (parse(text, &config, &error) != SPT_OK) fail_msg("%s: %s", text, error.message);
            assert_same(&config, &expected);
        }
    }
}

/* --- several files --- */

static void files_are_one_config_unless_they_disagree(void **state) {
    (void)state;
    static const char A[] = "# sizes\nnum-layers: 2\nhidden-size: 16\nnum-attention-heads: 2\n",
                      B[] = "max_position_embeddings: 160\npos_emb: rotary\nhidden_size: 16\n",
                      C[] = "save: x\nhidden-size: 32\n", LIST[] = "- no\n- mapping\n", EMPTY[] = "# nothing\n";
    struct spt_neox_file files[] = {
        {"x/a.yml", A, sizeof A - 1},          {"x/b.yml", B, sizeof B - 1},
        {"x/list.yml", LIST, sizeof LIST - 1}, {"x/nothing.yml", EMPTY, sizeof EMPTY - 1},
        {"x/c.yml", C, sizeof C - 1},
    };
    struct spt_model_config config;
    struct spt_error error = {0};
    if (spt_neox_config_parse(files, 4, "x", 192, &config, &error) != SPT_OK) fail_msg("%s", error.message);
    assert_int_equal(config.hidden, 16);
    assert_int_equal(spt_neox_config_parse(files, 5, "x", 192, &config, &error), SPT_INVALID);
    assert_string_equal(error.path, "x/c.yml");
    assert_string_equal(error.message, "line 2, column 14: hidden_size is another than in a.yml, line 3; expected one "
                                       "config (--model-config names the file that counts)");
    assert_int_equal(spt_neox_config_parse(files, 1, "x", 192, &config, &error), SPT_INVALID);
    assert_string_equal(error.path, "x");
    assert_string_equal(error.message, "max_position_embeddings is missing, expected an integer from 1 to 1073741824");
}

static void the_tokenizer_is_named_by_its_file(void **state) {
    (void)state;
    char *name = NULL;
    struct spt_error error;
    assert_int_equal(spt_neox_config_tokenizer(NULL, LAYOUTS "gpt_neox/global_step1000/configs", &name, &error),
                     SPT_OK);
    assert_string_equal(name, "20B_tokenizer.json");
    free(name);
    assert_int_equal(spt_neox_config_tokenizer(NULL, LAYOUTS "gpt_neox_sequential/small.yml", &name, &error), SPT_END);
    assert_int_equal(spt_neox_config_tokenizer(NULL, LAYOUTS "gpt_neox", &name, &error), SPT_RETRY);
    assert_int_equal(spt_neox_config_tokenizer(NULL, LAYOUTS "absent.yml", &name, &error), SPT_IO);
    assert_int_equal(error.system, ENOENT);
    assert_true(spt_neox_config_in(NULL, LAYOUTS "gpt_neox_sequential"));
    assert_false(spt_neox_config_in(NULL, LAYOUTS "gpt_neox"));
    assert_false(spt_neox_config_in(NULL, LAYOUTS "absent"));
}

static void a_file_that_is_still_empty_is_waited_for(void **state) {
    (void)state;
    char path[] = "/tmp/spectail-test-XXXXXX.yml";
    const int fd = mkstemps(path, 4);
    assert_true(fd >= 0);
    (void)close(fd);
    struct spt_model_config config;
    struct spt_error error;
    assert_int_equal(spt_neox_config_read(NULL, path, 192, &config, &error), SPT_RETRY);
    (void)unlink(path);
    assert_string_equal(error.path, path);
    assert_string_equal(error.message, "is empty");
}

/* --- bad files --- */

static const struct {
    const char *added; /* to a good config */
    enum spt_status status;
    const char *message;
} BAD[] = {
    {"num-layers: two\n", SPT_INVALID,
     "line 6, column 13: num_layers is another than in c.yml, line 1; expected one "
     "config (--model-config names the file that counts)"},
    {"rotary-pct: many\n", SPT_INVALID, "line 6, column 13: rotary_pct is many, expected a number from 0 to 1"},
    {"rotary-pct: 1.5\n", SPT_INVALID, "line 6, column 13: rotary_pct is 1.5, expected a number from 0 to 1"},
    {"rotary-pct: -0.5\n", SPT_INVALID, "line 6, column 13: rotary_pct is -0.5, expected a number from 0 to 1"},
    {"rotary-pct: nan\n", SPT_INVALID, "line 6, column 13: rotary_pct is nan, expected a number from 0 to 1"},
    {"rotary-pct: .inf\n", SPT_INVALID, "line 6, column 13: rotary_pct is .inf, expected a number from 0 to 1"},
    {"rotary-pct: 0x1\n", SPT_INVALID, "line 6, column 13: rotary_pct is 0x1, expected a number from 0 to 1"},
    {"rotary-pct: \"1\"\n", SPT_INVALID, "line 6, column 13: rotary_pct is 1, expected a number from 0 to 1"},
    {"rotary-pct: [1]\n", SPT_INVALID, "line 6, column 13: rotary_pct is a list, expected a number from 0 to 1"},
    {"rotary-pct: {a: 1}\n", SPT_INVALID,
     "line 6, column 13: rotary_pct is keys and values, expected a number from 0 to 1"},
    {"rotary-emb-base: 0\n", SPT_INVALID, "line 6, column 18: rotary_emb_base is 0, expected a number from 1 to 1e+15"},
    {"layernorm-epsilon: 0\n", SPT_INVALID,
     "line 6, column 20: layernorm_epsilon is 0, expected a number from 1e-30 to 1"},
    {"intermediate-size: 0100\n", SPT_INVALID,
     "line 6, column 20: intermediate_size is 0100, expected an integer from 1 to 1048576"},
    {"intermediate-size: 2.5\n", SPT_INVALID,
     "line 6, column 20: intermediate_size is 2.5, expected an integer from 1 to 1048576"},
    {"intermediate-size: 18446744073709551617\n", SPT_INVALID,
     "line 6, column 20: intermediate_size is 18446744073709551617, expected an integer from 1 to 1048576"},
    {"expansion-factor: 1e6\n", SPT_INVALID, "intermediate_size is 16000000, expected an integer from 1 to 1048576"},
    {"gpt-j-residual: 1\n", SPT_INVALID, "line 6, column 17: gpt_j_residual is 1, expected true or false"},
    {"gpt-j-residual: \"true\"\n", SPT_INVALID, "line 6, column 17: gpt_j_residual is true, expected true or false"},
    {"gpt-j-residual: [true]\n", SPT_INVALID, "line 6, column 17: gpt_j_residual is a list, expected true or false"},
    {"activation: geglu\n", SPT_UNSUPPORTED,
     "line 6, column 13: activation is geglu, expected gelu, relu, silu or swish: HF's GPT-NeoX has no gated or other ones"},
    {"activation: [gelu]\n", SPT_INVALID, "line 6, column 13: activation is a list, expected a word"},
    {"norm: rmsnorm\n", SPT_UNSUPPORTED,
     "line 6, column 7: norm is rmsnorm, expected layernorm or te_layernorm: nothing else is read"},
    {"norm: layer\n", SPT_UNSUPPORTED,
     "line 6, column 7: norm is layer, expected layernorm or te_layernorm: nothing else is read"},
    {"norm: layernorm te_layernorm\n", SPT_UNSUPPORTED,
     "line 6, column 7: norm is layernorm te_layernorm, expected layernorm or te_layernorm: nothing else is read"},
    {"norm: ''\n", SPT_UNSUPPORTED,
     "line 6, column 7: norm is , expected layernorm or te_layernorm: nothing else is read"},
    {"mlp-type: llama\n", SPT_UNSUPPORTED,
     "line 6, column 11: mlp_type is llama, expected regular: nothing else is read"},
    {"model-arch: t5\n", SPT_UNSUPPORTED, "line 6, column 13: model_arch is t5, expected gpt2: nothing else is read"},
    {"gpt-j-tied: true\n", SPT_UNSUPPORTED,
     "line 6, column 13: gpt_j_tied is true, expected false: nothing else is read"},
    {"use_bias_in_mlp: false\n", SPT_UNSUPPORTED,
     "line 6, column 18: use_bias_in_mlp is false, expected true: nothing else is read"},
    {"use_qk_layernorm: true\n", SPT_UNSUPPORTED,
     "line 6, column 19: use_qk_layernorm is true, expected false: nothing else is read"},
    {"model-parallel-size: 2\n", SPT_UNSUPPORTED,
     "line 6, column 22: model_parallel_size is 2, expected 1: nothing else is read"},
    {"moe_num_experts: 8\n", SPT_UNSUPPORTED,
     "line 6, column 18: moe_num_experts is 8, expected 1: nothing else is read"},
    {"sliding_window_width: 64\n", SPT_UNSUPPORTED,
     "line 6, column 23: sliding_window_width is 64, expected none: nothing else is read"},
    {"num_kv_heads: 1\n", SPT_UNSUPPORTED,
     "line 6, column 15: num_kv_heads is 1, expected 2 as num_attention_heads: nothing else is read"},
    {"num_unique_layers: 1\n", SPT_UNSUPPORTED,
     "line 6, column 20: num_unique_layers is 1, expected 2 as num_layers: nothing else is read"},
    {"attention-config: [[[global, local], 1]]\n", SPT_UNSUPPORTED,
     "line 6, column 19: attention_config is a list, expected global attention in every layer, as in [[[\"global\"], 12]]"},
    {"attention-config: sparse_fixed\n", SPT_UNSUPPORTED,
     "line 6, column 19: attention_config is sparse_fixed, expected global attention in every layer, as in "
     "[[[\"global\"], 12]]"},
    {"attention-config: {global: 2}\n", SPT_UNSUPPORTED,
     "line 6, column 19: attention_config is keys and values, expected global attention in every layer, as in "
     "[[[\"global\"], 12]]"},
    {"a: &x 1\n", SPT_INVALID, "line 6, column 4: anchors (&name) are not read here"},
    {"a: [1\n", SPT_INVALID, "line 7, column 1: while parsing a flow sequence: did not find expected ',' or ']'"},
};

static void every_bad_key_gets_its_sentence(void **state) {
    (void)state;
    int wrong = 0;
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        char text[1024];
        struct spt_model_config config, untouched;
        struct spt_error error = {0};
        memset(&config, 7, sizeof config);
        untouched = config;
        (void)snprintf(text, sizeof text, LEAST "%s", BAD[i].added);
        const enum spt_status status = parse(text, &config, &error);
        assert_memory_equal(&config, &untouched, sizeof config);
        if (status == BAD[i].status && strcmp(error.message, BAD[i].message) == 0) continue;
        wrong++;
        print_message("%s  found    %d %s\n  expected %d %s\n", BAD[i].added, (int)status, error.message,
                      (int)BAD[i].status, BAD[i].message);
    }
    assert_int_equal(wrong, 0);
}

static void sizes_that_do_not_fit_each_other_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *text, *word;
        enum spt_status status;
    } CASES[] = {
        {"num_layers: 2\nhidden_size: 15\nnum_attention_heads: 2\nmax_position_embeddings: 8\npos_emb: rotary\n",
         "hidden_size 15 is no multiple of num_attention_heads 2", SPT_INVALID},
        {"num_layers: 0\nhidden_size: 16\nnum_attention_heads: 2\nmax_position_embeddings: 8\npos_emb: rotary\n",
         "num_layers is 0, expected an integer from 1 to 4096", SPT_INVALID},
        {"num_layers: 2\nhidden_size: 16\nnum_attention_heads: 2\nmax_position_embeddings: 8\n",
         "pos_emb is not there, which means learned, expected rotary: nothing else is read", SPT_UNSUPPORTED},
        {"", "num_layers is missing", SPT_INVALID},
        {"just words\n", "num_layers is missing", SPT_INVALID},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct spt_model_config config;
        struct spt_error error = {0};
        assert_int_equal(parse(CASES[i].text, &config, &error), CASES[i].status);
        if (!strstr(error.message, CASES[i].word)) fail_msg("%s", error.message);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_files_of_a_run_give_the_config_of_its_conversion),
        cmocka_unit_test(keys_that_are_left_out_have_gpt_neox_s_defaults),
        cmocka_unit_test(every_key_reaches_the_config_in_both_spellings),
        cmocka_unit_test(files_are_one_config_unless_they_disagree),
        cmocka_unit_test(the_tokenizer_is_named_by_its_file),
        cmocka_unit_test(a_file_that_is_still_empty_is_waited_for),
        cmocka_unit_test(every_bad_key_gets_its_sentence),
        cmocka_unit_test(sizes_that_do_not_fit_each_other_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
