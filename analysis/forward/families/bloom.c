/* BLOOM (Le Scao et al. 2022): linear biases in place of positions, a norm of the embedding, fused queries, keys and
 * values stored head by head as [q, k, v]. */
#include "analysis/forward/families/axes.h"

static const struct spt_axis INTERMEDIATE = {.text = "4 * hidden_size", .size = spt_size_intermediate};

const struct spt_family spt_family_bloom = {
    .model_type = "bloom",
    .prefix = {"transformer.", ""},
    .embedding = {"word_embeddings.weight", {&SPT_VOCABULARY, &SPT_HIDDEN}, NULL},
    .head = {"lm_head.weight", {&SPT_VOCABULARY, &SPT_HIDDEN}, NULL},
    .embeddings =
        {
            [SPT_EMBEDDING_NORM] = {"word_embeddings_layernorm.weight", {&SPT_HIDDEN}, NULL},
            [SPT_EMBEDDING_NORM_BIAS] = {"word_embeddings_layernorm.bias", {&SPT_HIDDEN}, NULL},
        },
    .layer =
        {
            [SPT_ATTENTION_NORM] = {"h.*.input_layernorm.weight", {&SPT_HIDDEN}, NULL},
            [SPT_ATTENTION_NORM_BIAS] = {"h.*.input_layernorm.bias", {&SPT_HIDDEN}, NULL},
            [SPT_QKV] = {"h.*.self_attention.query_key_value.weight", {&SPT_FUSED, &SPT_HIDDEN}, NULL},
            [SPT_QKV_BIAS] = {"h.*.self_attention.query_key_value.bias", {&SPT_FUSED}, NULL},
            [SPT_OUT] = {"h.*.self_attention.dense.weight", {&SPT_HIDDEN, &SPT_HIDDEN}, NULL},
            [SPT_OUT_BIAS] = {"h.*.self_attention.dense.bias", {&SPT_HIDDEN}, NULL},
            [SPT_MLP_NORM] = {"h.*.post_attention_layernorm.weight", {&SPT_HIDDEN}, NULL},
            [SPT_MLP_NORM_BIAS] = {"h.*.post_attention_layernorm.bias", {&SPT_HIDDEN}, NULL},
            [SPT_UP] = {"h.*.mlp.dense_h_to_4h.weight", {&INTERMEDIATE, &SPT_HIDDEN}, NULL},
            [SPT_UP_BIAS] = {"h.*.mlp.dense_h_to_4h.bias", {&INTERMEDIATE}, NULL},
            [SPT_DOWN] = {"h.*.mlp.dense_4h_to_h.weight", {&SPT_HIDDEN, &INTERMEDIATE}, NULL},
            [SPT_DOWN_BIAS] = {"h.*.mlp.dense_4h_to_h.bias", {&SPT_HIDDEN}, NULL},
        },
    .final =
        {
            [SPT_FINAL_NORM] = {"ln_f.weight", {&SPT_HIDDEN}, NULL},
            [SPT_FINAL_NORM_BIAS] = {"ln_f.bias", {&SPT_HIDDEN}, NULL},
        },
    .norm = SPT_NORM_LAYER,
    .qkv = SPT_QKV_BY_HEAD,
    .alibi = true,
};
