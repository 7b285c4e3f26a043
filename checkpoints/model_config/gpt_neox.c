/* GPT-NeoX and Pythia. Keys and defaults: transformers/models/gpt_neox/configuration_gpt_neox.py of transformers 4
 * and 5. */
#include "checkpoints/model_config/architectures.h"

void spt_model_config_gpt_neox(struct spt_model_keys *keys, struct spt_model_config *config) {
    const struct spt_rotary_keys rotary = {.theta = "rotary_emb_base",
                                           .fraction = "rotary_pct",
                                           .default_theta = 10000.0,
                                           .default_fraction = 0.25,
                                           .partial = true};
    spt_model_keys_sizes(keys, 2048, config);
    config->head_dim =
        spt_model_keys_head_dim(keys, "hidden_size", config->hidden, "num_attention_heads", config->heads);
    const size_t said = spt_model_keys_size_or_null(keys, "head_dim", SPT_MODEL_WIDTH_MAX, config->head_dim);
    if (!keys->status && said != config->head_dim) /* of which HF turns a part, but heads stay as they are */
        keys->status = spt_fail(keys->error, SPT_UNSUPPORTED, keys->path,
                                "head_dim is %zu, known is: hidden_size / num_attention_heads, which is %zu", said,
                                config->head_dim);
    spt_model_keys_rotary(keys, &rotary, config);
    config->norm_epsilon = spt_model_keys_number_or(keys, "layer_norm_eps", 1e-30, 1.0, 1e-5);
    config->activation = spt_model_keys_activation_or(keys, "hidden_act", SPT_GELU_ERF);
    config->parallel_residual = spt_model_keys_bool_or(keys, "use_parallel_residual", true);
    config->attention_bias = spt_model_keys_bool_or(keys, "attention_bias", true);
    config->tied_embeddings = spt_model_keys_bool_or(keys, "tie_word_embeddings", false);
}
