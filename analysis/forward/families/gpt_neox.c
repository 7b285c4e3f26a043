/* GPT-NeoX (Black et al. 2022), as in Pythia (Biderman et al. 2023): LayerNorm, fused queries, keys and values stored
 * head by head as [q, k, v], partial rotary positions, attention and MLP side by side or one after the other. */
#include "analysis/forward/families/axes.h"

const struct spt_family spt_family_gpt_neox = {
    .model_type = "gpt_neox",
    .prefix = {"gpt_neox.", ""},
    .embedding = {"embed_in.weight", {&SPT_VOCABULARY, &SPT_HIDDEN}, NULL},
    .head = {"embed_out.weight", {&SPT_VOCABULARY, &SPT_HIDDEN}, NULL},
    .layer =
        {
            [SPT_ATTENTION_NORM] = {"layers.*.input_layernorm.weight", {&SPT_HIDDEN}, NULL},
            [SPT_ATTENTION_NORM_BIAS] = {"layers.*.input_layernorm.bias", {&SPT_HIDDEN}, NULL},
            [SPT_QKV] = {"layers.*.attention.query_key_value.weight", {&SPT_FUSED, &SPT_HIDDEN}, NULL},
            [SPT_QKV_BIAS] = {"layers.*.attention.query_key_value.bias", {&SPT_FUSED}, spt_has_attention_bias},
            [SPT_OUT] = {"layers.*.attention.dense.weight", {&SPT_HIDDEN, &SPT_HIDDEN}, NULL},
            [SPT_OUT_BIAS] = {"layers.*.attention.dense.bias", {&SPT_HIDDEN}, spt_has_attention_bias},
            [SPT_MLP_NORM] = {"layers.*.post_attention_layernorm.weight", {&SPT_HIDDEN}, NULL},
            [SPT_MLP_NORM_BIAS] = {"layers.*.post_attention_layernorm.bias", {&SPT_HIDDEN}, NULL},
            [SPT_UP] = {"layers.*.mlp.dense_h_to_4h.weight", {&SPT_INTERMEDIATE, &SPT_HIDDEN}, NULL},
            [SPT_UP_BIAS] = {"layers.*.mlp.dense_h_to_4h.bias", {&SPT_INTERMEDIATE}, NULL},
            [SPT_DOWN] = {"layers.*.mlp.dense_4h_to_h.weight", {&SPT_HIDDEN, &SPT_INTERMEDIATE}, NULL},
            [SPT_DOWN_BIAS] = {"layers.*.mlp.dense_4h_to_h.bias", {&SPT_HIDDEN}, NULL},
        },
    .final =
        {
            [SPT_FINAL_NORM] = {"final_layer_norm.weight", {&SPT_HIDDEN}, NULL},
            [SPT_FINAL_NORM_BIAS] = {"final_layer_norm.bias", {&SPT_HIDDEN}, NULL},
        },
    .norm = SPT_NORM_LAYER,
    .qkv = SPT_QKV_BY_HEAD,
};
