/* OLMo 2. Keys and defaults: transformers/models/olmo2/configuration_olmo2.py of transformers 4 and 5. */
#include "checkpoints/model_config/architectures.h"

void spt_model_config_olmo2(struct spt_model_keys *keys, struct spt_model_config *config) {
    const struct spt_rotary_keys rotary = {.default_theta = 10000.0, .default_fraction = 1.0};
    spt_model_keys_sizes(keys, 2048, config);
    spt_model_keys_grouped_heads(keys, 0, 0, config);
    spt_model_keys_rotary(keys, &rotary, config);
    config->norm_epsilon = spt_model_keys_number_or(keys, "rms_norm_eps", 1e-30, 1.0, 1e-5);
    config->activation = spt_model_keys_activation_or(keys, "hidden_act", SPT_SILU);
    config->attention_bias = spt_model_keys_bool_or(keys, "attention_bias", false);
    config->tied_embeddings = spt_model_keys_bool_or(keys, "tie_word_embeddings", false);
}
