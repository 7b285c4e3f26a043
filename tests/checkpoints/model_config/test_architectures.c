/* config.json of every architecture: what the references' files say (tests/data/reference, HF transformers 5.23), what
 * the published files of well-known models say, and what is wrong with bad ones. */
#include "checkpoints/model_config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "checkpoints/base/text.h"

static enum spt_status parse(const char *text, struct spt_model_config *config, struct spt_error *error) {
    return spt_model_config_parse(text, strlen(text), "config.json", config, error);
}

static struct spt_model_config parsed(const char *text) {
    struct spt_model_config config;
    struct spt_error error;
    if (parse(text, &config, &error) != SPT_OK) fail_msg("%s", error.message);
    return config;
}

static void assert_refused(enum spt_status expected, const char *text, const char *message) {
    struct spt_model_config config;
    struct spt_error error;
    assert_int_equal(parse(text, &config, &error), expected);
    assert_string_equal(error.message, message);
}

static struct spt_model_config read_case(const char *folder, const char *name) {
    char path[1024];
    struct spt_model_config config;
    struct spt_error error;
    (void)snprintf(path, sizeof path, "%s/reference/%s/%s", SPT_TEST_DATA, folder, name);
    if (spt_model_config_read(path, &config, &error) != SPT_OK) fail_msg("%s: %s", path, error.message);
    return config;
}

static const struct {
    const char *folder, *model_type;
    size_t layers, heads, kv_heads, head_dim, positions, rotary_dim, window;
    bool bidirectional, tied;
} CASES[] = {
    {"bert", "bert", 3, 4, 4, 12, 128, 0, 0, true, false},
    {"bloom", "bloom", 2, 6, 6, 8, 0, 0, 0, false, true},
    {"gemma", "gemma", 2, 3, 1, 32, 128, 32, 0, false, true},
    {"gpt2", "gpt2", 3, 4, 4, 12, 128, 0, 0, false, true},
    {"gpt_neox", "gpt_neox", 3, 4, 4, 12, 128, 3, 0, false, false},
    {"gpt_neox_sequential", "gpt_neox", 2, 2, 2, 16, 64, 16, 0, false, false},
    {"llama", "llama", 3, 6, 2, 8, 128, 8, 0, false, false},
    {"llama3_rope", "llama", 2, 2, 1, 32, 256, 32, 0, false, true},
    {"llama_dynamic_ntk", "llama", 2, 4, 2, 8, 0, 8, 0, false, false},
    {"llama_linear_rope", "llama", 2, 4, 4, 8, 128, 8, 0, false, false},
    {"llama_yarn", "llama", 2, 4, 2, 16, 128, 16, 0, false, false},
    {"mistral", "mistral", 2, 4, 2, 16, 128, 16, 8, false, false},
    {"olmo", "olmo", 2, 4, 4, 12, 128, 12, 0, false, false},
    {"olmo2", "olmo2", 2, 4, 4, 12, 128, 12, 0, false, false},
    {"opt", "opt", 2, 4, 4, 12, 128, 0, 0, false, true},
    {"phi", "phi", 2, 4, 4, 16, 128, 8, 0, false, false},
    {"qwen2", "qwen2", 3, 4, 2, 12, 128, 12, 0, false, false},
    {"qwen3", "qwen3", 2, 4, 2, 24, 128, 24, 0, false, false},
    {"roberta", "roberta", 2, 4, 4, 12, 128, 0, 0, true, false},
    {"xlm_roberta", "xlm-roberta", 2, 4, 4, 12, 128, 0, 0, true, false},
};
enum { CASE_COUNT = sizeof CASES / sizeof *CASES };

static void both_generations_of_keys_give_the_same_struct(void **state) {
    (void)state;
    for (size_t i = 0; i < CASE_COUNT; i++) {
        const struct spt_model_config new_keys = read_case(CASES[i].folder, "config.json");
        const struct spt_model_config old_keys = read_case(CASES[i].folder, "config.v4.json");
        assert_memory_equal(&new_keys, &old_keys, sizeof new_keys);
        assert_true(spt_hash_equal(spt_model_config_digest(&new_keys), spt_model_config_digest(&old_keys)));
    }
}

static void every_architecture_is_read(void **state) {
    (void)state;
    for (size_t i = 0; i < CASE_COUNT; i++) {
        const struct spt_model_config c = read_case(CASES[i].folder, "config.json");
        assert_string_equal(c.model_type, CASES[i].model_type);
        assert_int_equal(c.layers, CASES[i].layers);
        assert_int_equal(c.heads, CASES[i].heads);
        assert_int_equal(c.kv_heads, CASES[i].kv_heads);
        assert_int_equal(c.head_dim, CASES[i].head_dim);
        assert_int_equal(c.positions, CASES[i].positions);
        assert_int_equal(c.rotary_dim, CASES[i].rotary_dim);
        assert_int_equal(c.window, CASES[i].window);
        assert_int_equal(c.bidirectional, CASES[i].bidirectional);
        assert_int_equal(c.tied_embeddings, CASES[i].tied);
        assert_int_equal(c.vocabulary, 98);
    }
}

static void rotary_scalings_are_read(void **state) {
    (void)state;
    const struct spt_rotary_scaling llama3 = read_case("llama3_rope", "config.json").scaling;
    assert_int_equal(llama3.kind, SPT_ROTARY_LLAMA3);
    assert_int_equal(llama3.original_positions, 32);
    assert_true(llama3.factor == 8 && llama3.low_factor == 1 && llama3.high_factor == 4);
    const struct spt_rotary_scaling linear = read_case("llama_linear_rope", "config.v4.json").scaling;
    assert_int_equal(linear.kind, SPT_ROTARY_LINEAR);
    assert_true(linear.factor == 4);
    const struct spt_rotary_scaling dynamic = read_case("llama_dynamic_ntk", "config.v4.json").scaling;
    assert_int_equal(dynamic.kind, SPT_ROTARY_DYNAMIC);
    assert_int_equal(dynamic.original_positions, 16);
    const struct spt_rotary_scaling yarn = read_case("llama_yarn", "config.json").scaling;
    assert_int_equal(yarn.kind, SPT_ROTARY_YARN);
    assert_true(yarn.beta_fast == 32 && yarn.beta_slow == 1 && !yarn.untruncated);
    /* Peng et al. 2023, eq. 22: 0.1 ln 4 + 1 */
    assert_true(yarn.attention_factor > 1.138629436111 && yarn.attention_factor < 1.138629436113);
}

/* The published files, as far as they matter. */
static void published_llama_31_8b_is_read(void **state) {
    (void)state;
    const struct spt_model_config c = parsed(
        "{\"architectures\": [\"LlamaForCausalLM\"], \"attention_bias\": false, \"hidden_act\": \"silu\", \"hidden_size\": 4096, "
        "\"intermediate_size\": 14336, \"max_position_embeddings\": 131072, \"mlp_bias\": false, \"model_type\": \"llama\", "
        "\"num_attention_heads\": 32, \"num_hidden_layers\": 32, \"num_key_value_heads\": 8, \"pretraining_tp\": 1, "
        "\"rms_norm_eps\": 1e-05, \"rope_scaling\": {\"factor\": 8.0, \"low_freq_factor\": 1.0, \"high_freq_factor\": 4.0, "
        "\"original_max_position_embeddings\": 8192, \"rope_type\": \"llama3\"}, \"rope_theta\": 500000.0, "
        "\"tie_word_embeddings\": false, \"vocab_size\": 128256}");
    assert_int_equal(c.head_dim, 128);
    assert_int_equal(c.kv_heads, 8);
    assert_int_equal(c.scaling.original_positions, 8192);
    assert_true(c.rotary_base == 500000);
}

static void published_gemma_7b_means_the_tanh_form_by_gelu(void **state) {
    (void)state;
    static const char GEMMA[] =
        "{\"model_type\": \"gemma\", \"attention_bias\": false, \"head_dim\": 256, \"hidden_act\": \"gelu\", %s"
        "\"hidden_size\": 3072, \"intermediate_size\": 24576, \"max_position_embeddings\": 8192, "
        "\"num_attention_heads\": 16, \"num_hidden_layers\": 28, \"num_key_value_heads\": 16, \"rms_norm_eps\": 1e-06, "
        "\"rope_scaling\": null, \"rope_theta\": 10000.0, \"vocab_size\": 256000}";
    static const char *const SAID[] = {"", "\"hidden_activation\": null, ",
                                       "\"hidden_activation\": \"gelu_pytorch_tanh\", ",
                                       "\"hidden_activation\": \"gelu\", "};
    for (size_t i = 0; i < sizeof SAID / sizeof *SAID; i++) {
        char text[1024];
        (void)snprintf(text, sizeof text, GEMMA, SAID[i]);
        const struct spt_model_config c = parsed(text);
        assert_int_equal(c.activation, SPT_GELU_TANH);
        assert_int_equal(c.head_dim, 256);
        assert_true(c.tied_embeddings);
    }
}

static void published_mistral_7b_has_its_window_in_all_layers(void **state) {
    (void)state;
    static const char MISTRAL[] =
        "{\"hidden_act\": \"silu\", \"hidden_size\": 4096, \"intermediate_size\": 14336, \"max_position_embeddings\": 32768, "
        "\"model_type\": \"mistral\", \"num_attention_heads\": 32, \"num_hidden_layers\": 32, \"num_key_value_heads\": 8, "
        "\"rms_norm_eps\": 1e-05, \"rope_theta\": 10000.0, %s\"tie_word_embeddings\": false, \"vocab_size\": 32000}";
    char text[1024];
    (void)snprintf(text, sizeof text, MISTRAL, "\"sliding_window\": 4096, ");
    const struct spt_model_config c = parsed(text);
    assert_int_equal(c.window, 4096);
    for (size_t l = 0; l < 32; l++) assert_true(spt_model_config_windowed(&c, l));
    assert_int_equal(c.windowed[4], 0);
    (void)snprintf(text, sizeof text, MISTRAL, "\"sliding_window\": null, "); /* v0.2 */
    const struct spt_model_config none = parsed(text);
    assert_int_equal(none.window, 0);
    assert_false(spt_model_config_windowed(&none, 0));
    (void)snprintf(text, sizeof text, MISTRAL, ""); /* MistralConfig(): 4096 */
    assert_int_equal(parsed(text).window, 4096);
}

static const char QWEN[] =
    "{\"model_type\": \"qwen2\", \"hidden_size\": 64, \"num_hidden_layers\": 4, \"num_attention_heads\": 4, "
    "\"num_key_value_heads\": 2, \"intermediate_size\": 64, \"vocab_size\": 64%s}";

static struct spt_model_config parsed_qwen(const char *more) {
    char text[1024];
    (void)snprintf(text, sizeof text, QWEN, more);
    return parsed(text);
}

/* Qwen2Config: layer_types where they are, else sliding from max_window_layers on; none unless use_sliding_window. */
static void qwen_has_windows_where_its_config_says(void **state) {
    (void)state;
    static const struct {
        const char *more;
        size_t window;
        const char *layers; /* w: it has the window */
    } TABLE[] = {
        {"", 0, "...."},
        {", \"use_sliding_window\": false, \"sliding_window\": 131072, \"max_window_layers\": 2", 0, "...."},
        {", \"use_sliding_window\": true, \"sliding_window\": 5, \"max_window_layers\": 2", 5, "..ww"},
        {", \"use_sliding_window\": true, \"max_window_layers\": 0", 4096, "wwww"},
        {", \"use_sliding_window\": true, \"sliding_window\": 5", 0, "...."},
        {", \"use_sliding_window\": true, \"sliding_window\": null, \"max_window_layers\": 0", 0, "...."},
        {", \"use_sliding_window\": true, \"sliding_window\": 7, \"layer_types\": [\"sliding_attention\", "
         "\"full_attention\", \"full_attention\", \"sliding_attention\"]",
         7, "w..w"},
        {", \"use_sliding_window\": true, \"sliding_window\": 7, \"max_window_layers\": 0, \"layer_types\": null", 7,
         "wwww"},
    };
    for (size_t i = 0; i < sizeof TABLE / sizeof *TABLE; i++) {
        const struct spt_model_config c = parsed_qwen(TABLE[i].more);
        assert_int_equal(c.window, TABLE[i].window);
        for (size_t l = 0; l < 4; l++) assert_int_equal(spt_model_config_windowed(&c, l), TABLE[i].layers[l] == 'w');
    }
}

static void sizes_are_known_by_either_name(void **state) {
    (void)state;
    /* bloom-176b and bloom-560m differ so. */
    const struct spt_model_config large =
        parsed("{\"model_type\": \"bloom\", \"n_embed\": 14336, \"n_layer\": 70, \"num_attention_heads\": 112, "
               "\"layer_norm_epsilon\": 1e-05, \"vocab_size\": 250880}");
    assert_int_equal(large.hidden, 14336);
    assert_int_equal(large.head_dim, 128);
    assert_int_equal(large.intermediate, 4 * 14336);
    const struct spt_model_config small = parsed(
        "{\"model_type\": \"bloom\", \"hidden_size\": 1024, \"n_layer\": 24, \"n_head\": 16, \"vocab_size\": 250880}");
    assert_int_equal(small.head_dim, 64);
    const struct spt_model_config gpt2 =
        parsed("{\"model_type\": \"gpt2\", \"hidden_size\": 768, \"num_hidden_layers\": 12, "
               "\"num_attention_heads\": 12, \"max_position_embeddings\": 512, "
               "\"vocab_size\": 50257}");
    assert_int_equal(gpt2.intermediate, 3072);
    assert_int_equal(gpt2.positions, 512);
}

/* attribute_map of GPT2Config and BloomConfig; BloomConfig takes n_embed before hidden_size by itself. */
static void of_two_names_the_one_that_hf_takes_wins(void **state) {
    (void)state;
    const struct spt_model_config gpt2 = parsed(
        "{\"model_type\": \"gpt2\", \"num_hidden_layers\": 3, \"n_layer\": 2, \"n_embd\": 24, \"hidden_size\": 48, "
        "\"n_head\": 4, \"num_attention_heads\": 6, \"n_positions\": 32, \"max_position_embeddings\": 16, "
        "\"vocab_size\": 64}");
    assert_int_equal(gpt2.layers, 3);
    assert_int_equal(gpt2.hidden, 48);
    assert_int_equal(gpt2.heads, 6);
    assert_int_equal(gpt2.positions, 16);
    const struct spt_model_config bloom = parsed(
        "{\"model_type\": \"bloom\", \"num_hidden_layers\": 3, \"n_layer\": 2, \"n_embed\": 24, \"hidden_size\": 48, "
        "\"n_head\": 4, \"num_attention_heads\": 6, \"vocab_size\": 64}");
    assert_int_equal(bloom.layers, 3);
    assert_int_equal(bloom.hidden, 24);
    assert_int_equal(bloom.heads, 6);
    assert_int_equal(
        parsed_qwen(", \"rope_scaling\": {\"type\": \"linear\", \"rope_type\": \"default\", \"factor\": 2.0}")
            .scaling.kind,
        SPT_ROTARY_DEFAULT);
}

static void crfm_mistral_scales_by_layer(void **state) {
    (void)state;
    const struct spt_model_config c = parsed(
        "{\"model_type\": \"gpt2\", \"activation_function\": \"gelu_new\", \"n_ctx\": 1024, \"n_embd\": 768, \"n_head\": 12, "
        "\"n_inner\": null, \"n_layer\": 12, \"n_positions\": 1024, \"reorder_and_upcast_attn\": true, "
        "\"scale_attn_by_inverse_layer_idx\": true, \"scale_attn_weights\": true, \"vocab_size\": 50257}");
    assert_true(c.attention_by_layer);
    assert_false(c.unscaled_attention);
    assert_true(c.tied_embeddings);
}

static void published_opt_350m_is_narrow_and_normed_behind(void **state) {
    (void)state;
    const struct spt_model_config c = parsed(
        "{\"_remove_final_layer_norm\": false, \"activation_function\": \"relu\", \"do_layer_norm_before\": false, \"ffn_dim\": 4096, "
        "\"hidden_size\": 1024, \"max_position_embeddings\": 2048, \"model_type\": \"opt\", \"num_attention_heads\": 16, "
        "\"num_hidden_layers\": 24, \"pad_token_id\": 1, \"vocab_size\": 50272, \"word_embed_proj_dim\": 512}");
    assert_int_equal(c.embedding_dim, 512);
    assert_true(c.norm_after);
    assert_int_equal(c.position_offset, 2);
    assert_int_equal(c.positions, 2048);
}

static void roberta_begins_behind_the_padding(void **state) {
    (void)state;
    const struct spt_model_config c = parsed(
        "{\"model_type\": \"xlm-roberta\", \"hidden_size\": 1024, \"num_hidden_layers\": 24, \"num_attention_heads\": 16, "
        "\"intermediate_size\": 4096, \"max_position_embeddings\": 514, \"pad_token_id\": 1, \"type_vocab_size\": 1, "
        "\"layer_norm_eps\": 1e-05, \"position_embedding_type\": \"absolute\", \"vocab_size\": 250002}");
    assert_int_equal(c.positions, 512);
    assert_int_equal(c.position_offset, 2);
    assert_int_equal(c.token_types, 1);
    assert_true(c.norm_epsilon == 1e-5);
}

static void most_layers_with_a_window_stay_in_bounds(void **state) {
    (void)state;
    const struct spt_model_config c = parsed(
        "{\"model_type\": \"mistral\", \"hidden_size\": 16, \"num_hidden_layers\": 4096, \"num_attention_heads\": 8, "
        "\"intermediate_size\": 8, \"vocab_size\": 8}");
    for (size_t i = 0; i < sizeof c.windowed; i++) assert_int_equal(c.windowed[i], 0xff);
}

static void only_what_an_architecture_uses_is_described(void **state) {
    (void)state;
    struct spt_text text = {0};
    const struct spt_model_config c =
        parsed_qwen(", \"use_sliding_window\": true, \"sliding_window\": 7, \"layer_types\": [\"sliding_attention\", "
                    "\"full_attention\", \"sliding_attention\", \"sliding_attention\"]");
    spt_model_config_describe(&c, &text);
    assert_non_null(strstr(text.data, "\nnum_key_value_heads: 2\nsliding_window: 7\nlayers with a window: 0, 2-3\n"));
    assert_null(strstr(text.data, "clip_qkv"));
    spt_text_release(&text);
}

static void differences_name_the_windowed_layers(void **state) {
    (void)state;
    struct spt_text text = {0};
    const struct spt_model_config a =
        parsed_qwen(", \"use_sliding_window\": true, \"sliding_window\": 5, \"max_window_layers\": 2");
    const struct spt_model_config b =
        parsed_qwen(", \"use_sliding_window\": true, \"sliding_window\": 5, \"max_window_layers\": 1");
    spt_model_config_difference(&a, &b, &text);
    assert_string_equal(text.data, "layers with a window 2-3 in place of 1-3");
    spt_text_release(&text);
}

#define SIZES                                                                                                          \
    "\"hidden_size\": 64, \"num_hidden_layers\": 2, \"num_attention_heads\": 4, \"num_key_value_heads\": 4, "          \
    "\"intermediate_size\": 64, \"vocab_size\": 64"

/* transformers 5: only GPTNeoXRotaryEmbedding and PhiRotaryEmbedding read partial_rotary_factor. */
static void only_neox_and_phi_turn_a_part_of_a_head(void **state) {
    (void)state;
    static const char *const WHOLE[] = {"llama", "mistral", "qwen2", "qwen3", "gemma", "olmo", "olmo2"};
    char text[512], message[128];
    for (size_t i = 0; i < sizeof WHOLE / sizeof *WHOLE; i++) {
        (void)snprintf(text, sizeof text, "{\"model_type\": \"%s\", %s, \"partial_rotary_factor\": 0.5}", WHOLE[i],
                       SIZES);
        (void)snprintf(message, sizeof message, "partial_rotary_factor is 0.5, known is: 1 (%s turns whole heads)",
                       WHOLE[i]);
        assert_refused(SPT_UNSUPPORTED, text, message);
        (void)snprintf(text, sizeof text, "{\"model_type\": \"%s\", %s, \"partial_rotary_factor\": 1.0}", WHOLE[i],
                       SIZES);
        const struct spt_model_config whole = parsed(text);
        assert_int_equal(whole.rotary_dim, whole.head_dim);
    }
    assert_refused(SPT_UNSUPPORTED,
                   "{\"model_type\": \"llama\", " SIZES ", \"rope_parameters\": {\"partial_rotary_factor\": 0.25}}",
                   "rope_parameters.partial_rotary_factor is 0.25, known is: 1 (llama turns whole heads)");
    assert_int_equal(parsed("{\"model_type\": \"phi\", " SIZES ", \"partial_rotary_factor\": 0.25}").rotary_dim, 4);
}

/* transformers 5, masking_utils.py: create_causal_mask() of such a config is a bidirectional one. BERT has no causal mask
 * to begin with. */
static void a_decoder_that_is_not_causal_is_refused(void **state) {
    (void)state;
    static const char *const DECODERS[] = {
        "{\"model_type\": \"llama\", " SIZES ", \"is_causal\": false}",
        "{\"model_type\": \"gpt_neox\", " SIZES ", \"is_causal\": false}",
        "{\"model_type\": \"gpt2\", " SIZES ", \"is_causal\": false}",
    };
    for (size_t i = 0; i < sizeof DECODERS / sizeof *DECODERS; i++)
        assert_refused(SPT_UNSUPPORTED, DECODERS[i], "is_causal is false, known is: true");
    assert_refused(SPT_INVALID, "{\"model_type\": \"llama\", " SIZES ", \"is_causal\": null}",
                   "is_causal is null, expected true or false");
    (void)parsed("{\"model_type\": \"llama\", " SIZES ", \"is_causal\": true}");
    assert_true(parsed("{\"model_type\": \"bert\", " SIZES ", \"is_causal\": false}").bidirectional);
}

static void layers_with_options_of_their_own_are_refused(void **state) {
    (void)state;
    assert_refused(
        SPT_UNSUPPORTED,
        "{\"model_type\": \"llama\", " SIZES ", \"per_layer_config\": {\"1\": {\"rms_norm_eps\": 0.1}}}",
        "per_layer_config is an object, expected null or {}: layers with options of their own are not known");
    assert_refused(SPT_UNSUPPORTED, "{\"model_type\": \"bert\", " SIZES ", \"per_layer_config\": []}",
                   "per_layer_config is an array, expected null or {}: layers with options of their own are not known");
    (void)parsed("{\"model_type\": \"llama\", " SIZES ", \"per_layer_config\": {}}");
    (void)parsed("{\"model_type\": \"llama\", " SIZES ", \"per_layer_config\": null}");
}

/* Gemma of transformers 4 computes with hidden_activation, of 5 with hidden_act. */
static void two_activations_of_gemma_must_be_one(void **state) {
    (void)state;
    static const char GEMMA[] = "{\"model_type\": \"gemma\", " SIZES ", %s}";
    static const struct {
        const char *said;
        enum spt_activation activation;
    } ONE[] = {
        {"\"hidden_activation\": \"gelu\"", SPT_GELU_TANH},
        {"\"hidden_act\": \"relu\"", SPT_RELU},
        {"\"hidden_act\": \"gelu_python\"", SPT_GELU_ERF},
        {"\"hidden_act\": \"silu\", \"hidden_activation\": \"swish\"", SPT_SILU},
    };
    static const char *const TWO[] = {
        "\"hidden_act\": \"gelu\", \"hidden_activation\": \"relu\"",
        "\"hidden_act\": \"silu\", \"hidden_activation\": \"relu\"",
        "\"hidden_activation\": \"relu\"",
    };
    char text[512];
    for (size_t i = 0; i < sizeof ONE / sizeof *ONE; i++) {
        (void)snprintf(text, sizeof text, GEMMA, ONE[i].said);
        assert_int_equal(parsed(text).activation, ONE[i].activation);
    }
    for (size_t i = 0; i < sizeof TWO / sizeof *TWO; i++) {
        (void)snprintf(text, sizeof text, GEMMA, TWO[i]);
        assert_refused(
            SPT_UNSUPPORTED, text,
            "hidden_activation is \"relu\" and hidden_act means another one: transformers 4 takes the former, "
            "5 the latter");
    }
}

/* As HF raises: PhiAttention cuts 3 dimensions off where the angles turn 4; so does no other architecture. */
static void phi_turns_an_even_number_of_dimensions(void **state) {
    (void)state;
    assert_refused(SPT_INVALID, "{\"model_type\": \"phi\", " SIZES ", \"head_dim\": 6}",
                   "partial_rotary_factor turns 3 of 6 dimensions a head, expected an even number");
    assert_int_equal(parsed("{\"model_type\": \"phi\", " SIZES ", \"head_dim\": 8}").rotary_dim, 4);
    assert_int_equal(parsed("{\"model_type\": \"gpt_neox\", " SIZES ", \"rotary_pct\": 0.2}").rotary_dim, 3);
}

static void yarn_turns_an_even_number_of_dimensions(void **state) {
    (void)state;
    static const char NEOX[] = "{\"model_type\": \"gpt_neox\", " SIZES ", \"rotary_pct\": %s, "
                               "\"rope_scaling\": {\"rope_type\": \"yarn\", \"factor\": 2}}";
    char text[512];
    (void)snprintf(text, sizeof text, NEOX, "0.2");
    assert_refused(SPT_UNSUPPORTED, text,
                   "rope_scaling.rope_type is yarn for 3 rotated dimensions of a head, known are: even numbers");
    (void)snprintf(text, sizeof text, NEOX, "0.25");
    assert_int_equal(parsed(text).rotary_dim, 4);
}

/* GPTNeoXAttention computes with hidden_size / num_attention_heads, GPTNeoXRotaryEmbedding with head_dim. */
static void neox_has_heads_of_one_size(void **state) {
    (void)state;
    assert_refused(SPT_UNSUPPORTED, "{\"model_type\": \"gpt_neox\", " SIZES ", \"head_dim\": 8}",
                   "head_dim is 8, known is: hidden_size / num_attention_heads, which is 16");
    assert_int_equal(parsed("{\"model_type\": \"gpt_neox\", " SIZES ", \"head_dim\": 16}").head_dim, 16);
    assert_int_equal(parsed("{\"model_type\": \"gpt_neox\", " SIZES ", \"head_dim\": null}").head_dim, 16);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_generations_of_keys_give_the_same_struct),
        cmocka_unit_test(every_architecture_is_read),
        cmocka_unit_test(rotary_scalings_are_read),
        cmocka_unit_test(published_llama_31_8b_is_read),
        cmocka_unit_test(published_gemma_7b_means_the_tanh_form_by_gelu),
        cmocka_unit_test(published_mistral_7b_has_its_window_in_all_layers),
        cmocka_unit_test(qwen_has_windows_where_its_config_says),
        cmocka_unit_test(sizes_are_known_by_either_name),
        cmocka_unit_test(of_two_names_the_one_that_hf_takes_wins),
        cmocka_unit_test(crfm_mistral_scales_by_layer),
        cmocka_unit_test(published_opt_350m_is_narrow_and_normed_behind),
        cmocka_unit_test(roberta_begins_behind_the_padding),
        cmocka_unit_test(most_layers_with_a_window_stay_in_bounds),
        cmocka_unit_test(only_what_an_architecture_uses_is_described),
        cmocka_unit_test(differences_name_the_windowed_layers),
        cmocka_unit_test(only_neox_and_phi_turn_a_part_of_a_head),
        cmocka_unit_test(two_activations_of_gemma_must_be_one),
        cmocka_unit_test(phi_turns_an_even_number_of_dimensions),
        cmocka_unit_test(yarn_turns_an_even_number_of_dimensions),
        cmocka_unit_test(neox_has_heads_of_one_size),
        cmocka_unit_test(a_decoder_that_is_not_causal_is_refused),
        cmocka_unit_test(layers_with_options_of_their_own_are_refused),
    };
    return cmocka_run_group_tests_name("architectures", tests, NULL, NULL);
}
