/* Mistral. Keys and defaults: transformers/models/mistral/configuration_mistral.py of transformers 4 and 5. */
#include "checkpoints/model_config/architectures.h"

void spt_model_config_mistral(struct spt_model_keys *keys, struct spt_model_config *config) {
    const struct spt_rotary_keys rotary = {.default_theta = 10000.0, .default_fraction = 1.0};
    spt_model_keys_sizes(keys, 4096 * 32, config);
    spt_model_keys_grouped_heads(keys, 8, 0, config);
    spt_model_keys_rotary(keys, &rotary, config);
    config->norm_epsilon = spt_model_keys_number_or(keys, "rms_norm_eps", 1e-30, 1.0, 1e-6);
    config->activation = spt_model_keys_activation_or(keys, "hidden_act", SPT_SILU);
    config->tied_embeddings = spt_model_keys_bool_or(keys, "tie_word_embeddings", false);
    const size_t absent = spt_json_get(keys->root, "sliding_window") ? 0 : 4096;
    config->window = spt_model_keys_size_or_null(keys, "sliding_window", SPT_MODEL_POSITIONS_MAX, absent);
    for (size_t l = 0; config->window && l < config->layers; l++) spt_model_keys_set_window(config, l);
}
