/* GPT-2, and CRFM's Mistral. Keys and defaults: transformers/models/gpt2/configuration_gpt2.py of transformers 4 and 5,
 * whose attribute_map knows the sizes by their common names too. */
#include "checkpoints/model_config/architectures.h"

void spt_model_config_gpt2(struct spt_model_keys *keys, struct spt_model_config *config) {
    const char *const layers = spt_model_keys_either(keys, "n_layer", "num_hidden_layers");
    const char *const hidden = spt_model_keys_either(keys, "n_embd", "hidden_size");
    const char *const heads = spt_model_keys_either(keys, "n_head", "num_attention_heads");
    const char *const positions = spt_model_keys_either(keys, "n_positions", "max_position_embeddings");
    config->layers = spt_model_keys_size(keys, layers, SPT_MODEL_LAYERS_MAX);
    config->hidden = spt_model_keys_size(keys, hidden, SPT_MODEL_WIDTH_MAX);
    config->heads = spt_model_keys_size(keys, heads, SPT_MODEL_HEADS_MAX);
    config->head_dim = spt_model_keys_head_dim(keys, hidden, config->hidden, heads, config->heads);
    config->intermediate = spt_model_keys_size_or_null(keys, "n_inner", SPT_MODEL_WIDTH_MAX, 4 * config->hidden);
    config->vocabulary = spt_model_keys_size(keys, "vocab_size", SPT_MODEL_VOCAB_MAX);
    config->positions = spt_model_keys_size_or(keys, positions, SPT_MODEL_POSITIONS_MAX, 1024);
    config->norm_epsilon = spt_model_keys_number_or(keys, "layer_norm_epsilon", 1e-30, 1.0, 1e-5);
    config->activation = spt_model_keys_activation_or(keys, "activation_function", SPT_GELU_TANH);
    config->unscaled_attention = !spt_model_keys_bool_or(keys, "scale_attn_weights", true);
    config->attention_by_layer = spt_model_keys_bool_or(keys, "scale_attn_by_inverse_layer_idx", false);
    config->tied_embeddings = spt_model_keys_bool_or(keys, "tie_word_embeddings", true);
    spt_model_keys_refuse(keys, "add_cross_attention");
}
