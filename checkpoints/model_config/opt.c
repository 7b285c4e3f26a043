/* OPT. Keys and defaults: transformers/models/opt/configuration_opt.py of transformers 4 and 5; the norms' epsilon is
 * that of torch.nn.LayerNorm. */
#include "checkpoints/model_config/architectures.h"

void spt_model_config_opt(struct spt_model_keys *keys, struct spt_model_config *config) {
    config->layers = spt_model_keys_size(keys, "num_hidden_layers", SPT_MODEL_LAYERS_MAX);
    config->hidden = spt_model_keys_size(keys, "hidden_size", SPT_MODEL_WIDTH_MAX);
    config->heads = spt_model_keys_size(keys, "num_attention_heads", SPT_MODEL_HEADS_MAX);
    config->head_dim =
        spt_model_keys_head_dim(keys, "hidden_size", config->hidden, "num_attention_heads", config->heads);
    config->intermediate = spt_model_keys_size(keys, "ffn_dim", SPT_MODEL_WIDTH_MAX);
    config->vocabulary = spt_model_keys_size(keys, "vocab_size", SPT_MODEL_VOCAB_MAX);
    config->positions = spt_model_keys_size_or(keys, "max_position_embeddings", SPT_MODEL_POSITIONS_MAX, 2048);
    config->position_offset = 2; /* OPTLearnedPositionalEmbedding */
    config->embedding_dim =
        spt_model_keys_size_or_null(keys, "word_embed_proj_dim", SPT_MODEL_WIDTH_MAX, config->hidden);
    config->norm_epsilon = 1e-5;
    config->activation = spt_model_keys_activation_or(keys, "activation_function", SPT_RELU);
    config->norm_after = !spt_model_keys_bool_or(keys, "do_layer_norm_before", true);
    config->no_final_norm = spt_model_keys_bool_or(keys, "_remove_final_layer_norm", false) || config->norm_after;
    config->plain_norms = !spt_model_keys_bool_or(keys, "layer_norm_elementwise_affine", true);
    config->attention_bias = config->mlp_bias = spt_model_keys_bool_or(keys, "enable_bias", true);
    config->tied_embeddings = spt_model_keys_bool_or(keys, "tie_word_embeddings", true);
}
