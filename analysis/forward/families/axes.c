#include "analysis/forward/families/axes.h"

size_t spt_size_hidden(const struct spt_model_config *config) {
    return config->hidden;
}

size_t spt_size_intermediate(const struct spt_model_config *config) {
    return config->intermediate;
}

size_t spt_size_queries(const struct spt_model_config *config) {
    return config->heads * config->head_dim;
}

size_t spt_size_keys(const struct spt_model_config *config) {
    return config->kv_heads * config->head_dim;
}

size_t spt_size_fused(const struct spt_model_config *config) {
    return spt_size_queries(config) + 2 * spt_size_keys(config);
}

size_t spt_size_positions(const struct spt_model_config *config) {
    return config->positions + config->position_offset;
}

static size_t vocabulary(const struct spt_model_config *config) {
    return config->vocabulary;
}

static size_t embedding(const struct spt_model_config *config) {
    return config->embedding_dim;
}

static size_t head(const struct spt_model_config *config) {
    return config->head_dim;
}

static size_t types(const struct spt_model_config *config) {
    return config->token_types;
}

const struct spt_axis SPT_HIDDEN = {.text = "hidden_size", .size = spt_size_hidden};
const struct spt_axis SPT_INTERMEDIATE = {.text = "intermediate_size", .size = spt_size_intermediate};
const struct spt_axis SPT_VOCABULARY = {.text = "vocab_size", .size = vocabulary, .at_least = true};
const struct spt_axis SPT_EMBEDDING = {.text = "word_embed_proj_dim", .size = embedding};
const struct spt_axis SPT_QUERIES = {.text = "num_attention_heads * head_dim", .size = spt_size_queries};
const struct spt_axis SPT_KEYS = {.text = "num_key_value_heads * head_dim", .size = spt_size_keys};
const struct spt_axis SPT_FUSED = {.text = "3 * hidden_size", .size = spt_size_fused};
const struct spt_axis SPT_HEAD = {.text = "head_dim", .size = head};
const struct spt_axis SPT_TYPES = {.text = "type_vocab_size", .size = types};

bool spt_has_attention_bias(const struct spt_model_config *config) {
    return config->attention_bias;
}

bool spt_has_mlp_bias(const struct spt_model_config *config) {
    return config->mlp_bias;
}

bool spt_has_qk_norm(const struct spt_model_config *config) {
    return config->qk_norm;
}
