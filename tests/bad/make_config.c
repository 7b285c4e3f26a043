/* A model's config.json: bytes are its text. */
#include "make.h"

#include <stdio.h>
#include <stdlib.h>

#include "shards.h"

static void write_config(const struct bad_input *input) {
    bad_put("config.json", input->bytes, input->size);
}

/* A model_type of data letters. */
static void write_long_type(const struct bad_input *input) {
    FILE *file = fopen("config.json", "wbe");
    if (!file) shards_die("config.json");
    fputs("{\"model_type\": \"", file);
    for (size_t i = 0; i < input->data; i++) putc('a', file);
    fputs("\"}", file);
    if (fclose(file)) shards_die("config.json");
}

/* data arrays, one in another. */
static void write_deep(const struct bad_input *input) {
    FILE *file = fopen("config.json", "wbe");
    if (!file) shards_die("config.json");
    fputs("{\"model_type\": ", file);
    for (size_t i = 0; i < input->data; i++) putc('[', file);
    for (size_t i = 0; i < input->data; i++) putc(']', file);
    putc('}', file);
    if (fclose(file)) shards_die("config.json");
}

#define SIZES(layers, heads)                                                                                           \
    "\"hidden_size\": 64, \"num_hidden_layers\": " layers ", \"num_attention_heads\": " heads                          \
    ", \"intermediate_size\": 64, \"vocab_size\": 64"
#define MODEL(type) "{\"model_type\": \"" type "\", " SIZES("2", "4")

#define CONFIG(row_name, text)     BAD_ROW("config/" row_name, write_config, text)
#define NEOX(row_name, more)       CONFIG(row_name, MODEL("gpt_neox") ", " more "}")
#define LLAMA(row_name, more)      CONFIG(row_name, MODEL("llama") ", " more "}")
#define QWEN(row_name, type, more) CONFIG(row_name, MODEL(type) ", \"num_key_value_heads\": 4, " more "}")
#define LAYERS(row_name, value)    CONFIG(row_name, "{\"model_type\": \"gpt_neox\", \"num_hidden_layers\": " value "}")
#define SCALING(row_name, more)    LLAMA(row_name, "\"rope_scaling\": {" more "}")
#define WITHOUT(row_name, a, b, c, d, e)                                                                               \
    CONFIG(row_name,                                                                                                   \
           "{\"model_type\": \"gpt_neox\", \"" a "\": 64, \"" b "\": 2, \"" c "\": 4, \"" d "\": 64, \"" e "\": 64}")

static const struct bad_input INPUTS[] = {
    /* no config at all */
    CONFIG("empty", ""),
    CONFIG("array", "[]"),
    CONFIG("number", "3"),
    CONFIG("null", "null"),
    CONFIG("cut", "{\"model_type\": \"gpt_neox\""),
    CONFIG("no-utf8", "\xff"),
    CONFIG("nul", "{\"model_type\": \"gpt\\u0000neox\"}"),
    CONFIG("key-twice", "{\"model_type\": \"gpt_neox\", \"model_type\": \"gpt_neox\"}"),
    CONFIG("cut-anywhere", MODEL("gpt_neox") "}"),
    CONFIG("any-byte-another", MODEL("llama") ", \"rope_scaling\": {\"rope_type\": \"llama3\", \"factor\": 8, "
                                              "\"low_freq_factor\": 1, \"high_freq_factor\": 4, "
                                              "\"original_max_position_embeddings\": 64}}"),
    {.name = "config/deep", .write = write_deep, .data = 100000},
    /* the architecture */
    CONFIG("no-model-type", "{}"),
    CONFIG("model-type-number", "{\"model_type\": 3}"),
    CONFIG("model-type-unknown", "{\"model_type\": \"mamba\"}"),
    CONFIG("model-type-escape-codes", "{\"model_type\": \"\\u001b[31m\\nevil\"}"),
    {.name = "config/model-type-of-100-kb", .write = write_long_type, .data = 100000},
    NEOX("quantised", "\"quantization_config\": {\"quant_method\": \"gptq\"}"),
    /* sizes that are missing, of a wrong kind, absurd */
    WITHOUT("no-hidden-size", "Hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size",
            "vocab_size"),
    WITHOUT("no-layers", "hidden_size", "Num_hidden_layers", "num_attention_heads", "intermediate_size", "vocab_size"),
    WITHOUT("no-heads", "hidden_size", "num_hidden_layers", "Num_attention_heads", "intermediate_size", "vocab_size"),
    WITHOUT("no-intermediate", "hidden_size", "num_hidden_layers", "num_attention_heads", "Intermediate_size",
            "vocab_size"),
    WITHOUT("no-vocabulary", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size",
            "Vocab_size"),
    LAYERS("layers-string", "\"6\""),
    LAYERS("layers-real", "6.0"),
    LAYERS("layers-array", "[6]"),
    LAYERS("layers-0", "0"),
    LAYERS("layers-negative", "-1"),
    LAYERS("layers-4097", "4097"),
    LAYERS("layers-2^63-1", "9223372036854775807"),
    LAYERS("layers-2^64", "18446744073709551616"),
    CONFIG("gpt2-no-layers", "{\"model_type\": \"gpt2\", \"n_embd\": 48, \"n_head\": 4, \"vocab_size\": 64}"),
    CONFIG("gpt2-inner-real", "{\"model_type\": \"gpt2\", \"n_embd\": 48, \"n_head\": 4, \"n_layer\": 2, "
                              "\"n_inner\": 1.5, \"vocab_size\": 64}"),
    CONFIG("opt-no-ffn", "{\"model_type\": \"opt\", \"hidden_size\": 64, \"num_hidden_layers\": 2, "
                         "\"num_attention_heads\": 4, \"vocab_size\": 64}"),
    /* heads */
    CONFIG("heads-do-not-divide", "{\"model_type\": \"gpt_neox\", " SIZES("1", "5") "}"),
    CONFIG("heads-4097", "{\"model_type\": \"gpt_neox\", " SIZES("1", "4097") "}"),
    CONFIG("more-heads-than-dimensions", "{\"model_type\": \"gpt_neox\", " SIZES("1", "128") "}"),
    CONFIG("gpt2-heads-do-not-divide",
           "{\"model_type\": \"gpt2\", \"n_embd\": 50, \"n_head\": 4, \"n_layer\": 2, \"vocab_size\": 64}"),
    CONFIG("bloom-heads-do-not-divide", "{\"model_type\": \"bloom\", \"n_embed\": 50, \"num_attention_heads\": 4, "
                                        "\"n_layer\": 2, \"vocab_size\": 64}"),
    CONFIG("qwen2-default-key-heads", MODEL("qwen2") "}"),
    LLAMA("key-heads-do-not-divide", "\"num_key_value_heads\": 3"),
    LLAMA("more-key-heads-than-heads", "\"num_key_value_heads\": 8"),
    LLAMA("key-heads-string", "\"num_key_value_heads\": \"2\""),
    LLAMA("head-dim-0", "\"head_dim\": 0"),
    LLAMA("heads-times-head-dim", "\"head_dim\": 1000000"),
    /* other keys */
    NEOX("epsilon-true", "\"layer_norm_eps\": true"),
    NEOX("epsilon-null", "\"layer_norm_eps\": null"),
    NEOX("epsilon-0", "\"layer_norm_eps\": 0"),
    NEOX("epsilon-nan", "\"layer_norm_eps\": NaN"),
    LLAMA("epsilon-string", "\"rms_norm_eps\": \"1e-6\""),
    NEOX("residual-number", "\"use_parallel_residual\": 1"),
    LLAMA("bias-string", "\"attention_bias\": \"no\""),
    NEOX("activation-object", "\"hidden_act\": {}"),
    NEOX("activation-unknown", "\"hidden_act\": \"quick_gelu\""),
    NEOX("positions-0", "\"max_position_embeddings\": 0"),
    CONFIG("clip-negative", MODEL("olmo") ", \"clip_qkv\": -1}"),
    QWEN("gemma-bidirectional", "gemma", "\"use_bidirectional_attention\": true"),
    LLAMA("not-causal", "\"is_causal\": false"),
    LLAMA("causal-null", "\"is_causal\": null"),
    LLAMA("layer-options", "\"per_layer_config\": {\"1\": {\"rms_norm_eps\": 0.1}}"),
    QWEN("gemma-two-activations", "gemma", "\"hidden_act\": \"gelu\", \"hidden_activation\": \"relu\""),
    CONFIG("bert-decoder", MODEL("bert") ", \"is_decoder\": true}"),
    CONFIG("bert-relative-positions", MODEL("bert") ", \"position_embedding_type\": \"relative_key\"}"),
    CONFIG("bert-positions-number", MODEL("bert") ", \"position_embedding_type\": 1}"),
    CONFIG("roberta-padding-negative", MODEL("roberta") ", \"pad_token_id\": -1}"),
    CONFIG("roberta-padding-behind-positions", MODEL("roberta") ", \"pad_token_id\": 600}"),
    /* windows */
    QWEN("layer-types-one-for-two", "qwen2", "\"layer_types\": [\"full_attention\"]"),
    QWEN("layer-types-object", "qwen2", "\"layer_types\": {}"),
    QWEN("layer-type-number", "qwen3", "\"layer_types\": [\"full_attention\", 3]"),
    QWEN("layer-type-unknown", "qwen3", "\"layer_types\": [\"full_attention\", \"linear_attention\"]"),
    QWEN("layer-type-without-window", "qwen2", "\"layer_types\": [\"full_attention\", \"sliding_attention\"]"),
    QWEN("window-0", "mistral", "\"sliding_window\": 0"),
    /* rotary embeddings */
    NEOX("theta-0", "\"rotary_emb_base\": 0"),
    NEOX("theta-1e300", "\"rotary_emb_base\": 1e300"),
    NEOX("theta-string", "\"rope_parameters\": {\"rope_theta\": \"1e4\"}"),
    NEOX("rotary-1.5", "\"rotary_pct\": 1.5"),
    NEOX("rotary-negative", "\"rotary_pct\": -0.25"),
    CONFIG("rotary-pairs-do-not-fit", "{\"model_type\": \"gpt_neox\", \"hidden_size\": 9, \"num_hidden_layers\": 1, "
                                      "\"num_attention_heads\": 3, \"intermediate_size\": 8, \"vocab_size\": 8, "
                                      "\"rotary_pct\": 1.0}"),
    NEOX("theta-by-the-common-name", "\"rope_theta\": 20000"),
    NEOX("rotary-part-by-the-common-name", "\"partial_rotary_factor\": 0.5"),
    LLAMA("rotary-part-of-a-whole-head", "\"partial_rotary_factor\": 0.5"),
    LLAMA("rotary-part-of-a-whole-head-nested", "\"rope_parameters\": {\"partial_rotary_factor\": 0.5}"),
    NEOX("neox-head-dim", "\"head_dim\": 8"),
    CONFIG("phi-odd-rotary", MODEL("phi") ", \"head_dim\": 6}"),
    NEOX("yarn-odd-rotary", "\"rotary_pct\": 0.2, \"rope_scaling\": {\"type\": \"yarn\", \"factor\": 2}"),
    NEOX("scaling-string", "\"rope_scaling\": \"linear\""),
    NEOX("scaling-type-number", "\"rope_parameters\": {\"rope_type\": 7}"),
    NEOX("scaling-type-su", "\"rope_scaling\": {\"type\": \"su\", \"factor\": 2.0}"),
    NEOX("scaling-longrope", "\"rope_parameters\": {\"rope_type\": \"longrope\", \"factor\": 2.0}"),
    NEOX("scaling-by-layer-type", "\"rope_parameters\": {\"full_attention\": {\"rope_type\": \"default\"}}"),
    SCALING("scaling-llama-longrope", "\"rope_type\": \"longrope\", \"factor\": 2"),
    SCALING("linear-no-factor", "\"type\": \"linear\""),
    LLAMA("dynamic-factor-below-1", "\"rope_parameters\": {\"rope_type\": \"dynamic\", \"factor\": 0.5}"),
    LLAMA("dynamic-two-dimensions", "\"head_dim\": 2, \"rope_scaling\": {\"type\": \"dynamic\", \"factor\": 2}"),
    SCALING("llama3-factors-equal",
            "\"rope_type\": \"llama3\", \"factor\": 8, \"low_freq_factor\": 4, \"high_freq_factor\": 4"),
    SCALING("llama3-no-low-factor", "\"rope_type\": \"llama3\", \"factor\": 8"),
    SCALING("yarn-truncate-number", "\"rope_type\": \"yarn\", \"factor\": 2, \"truncate\": 1"),
    SCALING("yarn-original-positions-0",
            "\"rope_type\": \"yarn\", \"factor\": 2, \"original_max_position_embeddings\": 0"),
    LLAMA("yarn-theta-1", "\"rope_theta\": 1, \"rope_scaling\": {\"rope_type\": \"yarn\", \"factor\": 2}"),
};

const struct bad_table bad_configs = BAD_TABLE(INPUTS);
