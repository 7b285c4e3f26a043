/* Gemma. Keys and defaults: transformers/models/gemma/configuration_gemma.py of transformers 4 and 5. */
#include "checkpoints/model_config/architectures.h"

#include <string.h>

/* The first files said "gelu" and meant the tanh form. */
static enum spt_activation meant(struct spt_model_keys *keys, const char *key) {
    const char *name = spt_json_string(spt_json_get(keys->root, key), NULL);
    return name && !strcmp(name, "gelu") ? SPT_GELU_TANH : spt_model_keys_activation_or(keys, key, SPT_GELU_TANH);
}

/* hidden_activation came to correct hidden_act in transformers 4, and 5 does not read it. */
static enum spt_activation activation(struct spt_model_keys *keys) {
    const enum spt_activation act = meant(keys, "hidden_act");
    const char *other = spt_json_string(spt_json_get(keys->root, "hidden_activation"), NULL);
    if (other && meant(keys, "hidden_activation") != act && !keys->status)
        keys->status = spt_fail(keys->error, SPT_UNSUPPORTED, keys->path,
                                "hidden_activation is \"%.60s\" and hidden_act means another one: transformers 4 takes "
                                "the former, 5 the latter",
                                other);
    return act;
}

void spt_model_config_gemma(struct spt_model_keys *keys, struct spt_model_config *config) {
    const struct spt_rotary_keys rotary = {.default_theta = 10000.0, .default_fraction = 1.0};
    spt_model_keys_sizes(keys, 8192, config);
    spt_model_keys_grouped_heads(keys, 16, 256, config);
    spt_model_keys_rotary(keys, &rotary, config);
    config->norm_epsilon = spt_model_keys_number_or(keys, "rms_norm_eps", 1e-30, 1.0, 1e-6);
    config->activation = activation(keys);
    config->attention_bias = spt_model_keys_bool_or(keys, "attention_bias", false);
    config->tied_embeddings = spt_model_keys_bool_or(keys, "tie_word_embeddings", true);
    spt_model_keys_refuse(keys, "use_bidirectional_attention"); /* transformers' own back-ends differ on what it does */
}
