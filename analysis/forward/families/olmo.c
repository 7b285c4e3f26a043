/* OLMo (Groeneveld et al. 2024): LLaMA with LayerNorm without weights, and queries, keys and values cut off at
 * clip_qkv. */
#include "analysis/forward/families/axes.h"

const struct spt_family spt_family_olmo = {
    .model_type = "olmo",
    .prefix = {"model.", ""},
    .embedding = {"embed_tokens.weight", {&SPT_VOCABULARY, &SPT_HIDDEN}, NULL},
    .head = {"lm_head.weight", {&SPT_VOCABULARY, &SPT_HIDDEN}, NULL},
    .layer =
        {
            [SPT_QUERY] = {"layers.*.self_attn.q_proj.weight", {&SPT_QUERIES, &SPT_HIDDEN}, NULL},
            [SPT_QUERY_BIAS] = {"layers.*.self_attn.q_proj.bias", {&SPT_QUERIES}, spt_has_attention_bias},
            [SPT_KEY] = {"layers.*.self_attn.k_proj.weight", {&SPT_KEYS, &SPT_HIDDEN}, NULL},
            [SPT_KEY_BIAS] = {"layers.*.self_attn.k_proj.bias", {&SPT_KEYS}, spt_has_attention_bias},
            [SPT_VALUE] = {"layers.*.self_attn.v_proj.weight", {&SPT_KEYS, &SPT_HIDDEN}, NULL},
            [SPT_VALUE_BIAS] = {"layers.*.self_attn.v_proj.bias", {&SPT_KEYS}, spt_has_attention_bias},
            [SPT_OUT] = {"layers.*.self_attn.o_proj.weight", {&SPT_HIDDEN, &SPT_QUERIES}, NULL},
            [SPT_OUT_BIAS] = {"layers.*.self_attn.o_proj.bias", {&SPT_HIDDEN}, spt_has_attention_bias},
            [SPT_GATE] = {"layers.*.mlp.gate_proj.weight", {&SPT_INTERMEDIATE, &SPT_HIDDEN}, NULL},
            [SPT_UP] = {"layers.*.mlp.up_proj.weight", {&SPT_INTERMEDIATE, &SPT_HIDDEN}, NULL},
            [SPT_DOWN] = {"layers.*.mlp.down_proj.weight", {&SPT_HIDDEN, &SPT_INTERMEDIATE}, NULL},
        },
    .norm = SPT_NORM_LAYER,
};
