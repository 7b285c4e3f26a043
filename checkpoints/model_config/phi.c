/* Phi-1, 1.5 and 2. Keys and defaults: transformers/models/phi/configuration_phi.py of transformers 4 and 5. */
#include "checkpoints/model_config/architectures.h"

void spt_model_config_phi(struct spt_model_keys *keys, struct spt_model_config *config) {
    const struct spt_rotary_keys rotary = {.default_theta = 10000.0, .default_fraction = 0.5, .partial = true};
    spt_model_keys_sizes(keys, 2048, config);
    spt_model_keys_grouped_heads(keys, 0, 0, config);
    spt_model_keys_rotary(keys, &rotary, config);
    if (!keys->status && config->rotary_dim % 2) /* HF cuts a head there, and its angles turn one dimension more */
        keys->status = spt_fail(keys->error, SPT_INVALID, keys->path,
                                "partial_rotary_factor turns %zu of %zu dimensions a head, expected an even number",
                                config->rotary_dim, config->head_dim);
    config->norm_epsilon = spt_model_keys_number_or(keys, "layer_norm_eps", 1e-30, 1.0, 1e-5);
    config->activation = spt_model_keys_activation_or(keys, "hidden_act", SPT_GELU_TANH);
    config->tied_embeddings = spt_model_keys_bool_or(keys, "tie_word_embeddings", false);
    config->qk_norm = spt_model_keys_bool_or(keys, "qk_layernorm", false);
    config->parallel_residual = true;
}
