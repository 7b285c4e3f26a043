/* BERT. Keys and defaults: transformers/models/bert/configuration_bert.py of transformers 4 and 5. */
#include "checkpoints/model_config/architectures.h"

#include <string.h>

void spt_model_config_bert(struct spt_model_keys *keys, struct spt_model_config *config) {
    const struct spt_json *kind = spt_json_get(keys->root, "position_embedding_type");
    const char *name = spt_json_string(kind, NULL);
    spt_model_keys_sizes(keys, 512, config);
    config->head_dim =
        spt_model_keys_head_dim(keys, "hidden_size", config->hidden, "num_attention_heads", config->heads);
    config->norm_epsilon = spt_model_keys_number_or(keys, "layer_norm_eps", 1e-30, 1.0, 1e-12);
    config->activation = spt_model_keys_activation_or(keys, "hidden_act", SPT_GELU_ERF);
    config->token_types = spt_model_keys_size_or(keys, "type_vocab_size", SPT_MODEL_WIDTH_MAX, 2);
    config->bidirectional = true;
    spt_model_keys_refuse(keys, "is_decoder");
    spt_model_keys_refuse(keys, "add_cross_attention");
    if (kind && !name) spt_model_keys_fail(keys, "position_embedding_type", "the name of a kind of positions");
    if (!keys->status && name && strcmp(name, "absolute") != 0)
        keys->status = spt_fail(keys->error, SPT_UNSUPPORTED, keys->path,
                                "position_embedding_type is \"%.60s\", known is: absolute", name);
}
