/* BLOOM. Keys and defaults: transformers/models/bloom/configuration_bloom.py of transformers 4 and 5, whose
 * attribute_map knows the sizes by their common names too; the activation stands in modeling_bloom.py. */
#include "checkpoints/model_config/architectures.h"

void spt_model_config_bloom(struct spt_model_keys *keys, struct spt_model_config *config) {
    const char *const layers = spt_model_keys_either(keys, "n_layer", "num_hidden_layers");
    const char *const hidden = spt_model_keys_either(keys, "hidden_size", "n_embed");
    const char *const heads = spt_model_keys_either(keys, "n_head", "num_attention_heads");
    config->layers = spt_model_keys_size(keys, layers, SPT_MODEL_LAYERS_MAX);
    config->hidden = spt_model_keys_size(keys, hidden, SPT_MODEL_WIDTH_MAX);
    config->heads = spt_model_keys_size(keys, heads, SPT_MODEL_HEADS_MAX);
    config->head_dim = spt_model_keys_head_dim(keys, hidden, config->hidden, heads, config->heads);
    config->intermediate = 4 * config->hidden;
    config->vocabulary = spt_model_keys_size(keys, "vocab_size", SPT_MODEL_VOCAB_MAX);
    config->norm_epsilon = spt_model_keys_number_or(keys, "layer_norm_epsilon", 1e-30, 1.0, 1e-5);
    config->activation = SPT_GELU_TANH;
    config->residual_of_norm = spt_model_keys_bool_or(keys, "apply_residual_connection_post_layernorm", false);
    config->tied_embeddings = spt_model_keys_bool_or(keys, "tie_word_embeddings", true);
}
