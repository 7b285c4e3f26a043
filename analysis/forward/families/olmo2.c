/* OLMo 2 (Walsh et al. 2024): LLaMA with norms of what attention and MLP give, and of all heads' queries and keys at
 * once. */
#include "analysis/forward/families/axes.h"

const struct spt_family spt_family_olmo2 = {
    .model_type = "olmo2",
    .prefix = {"model.", ""},
    .embedding = {"embed_tokens.weight", {&SPT_VOCABULARY, &SPT_HIDDEN}, NULL},
    .head = {"lm_head.weight", {&SPT_VOCABULARY, &SPT_HIDDEN}, NULL},
    .layer =
        {
            [SPT_ATTENTION_NORM] = {"layers.*.post_attention_layernorm.weight", {&SPT_HIDDEN}, NULL},
            [SPT_QUERY] = {"layers.*.self_attn.q_proj.weight", {&SPT_QUERIES, &SPT_HIDDEN}, NULL},
            [SPT_QUERY_BIAS] = {"layers.*.self_attn.q_proj.bias", {&SPT_QUERIES}, spt_has_attention_bias},
            [SPT_KEY] = {"layers.*.self_attn.k_proj.weight", {&SPT_KEYS, &SPT_HIDDEN}, NULL},
            [SPT_KEY_BIAS] = {"layers.*.self_attn.k_proj.bias", {&SPT_KEYS}, spt_has_attention_bias},
            [SPT_VALUE] = {"layers.*.self_attn.v_proj.weight", {&SPT_KEYS, &SPT_HIDDEN}, NULL},
            [SPT_VALUE_BIAS] = {"layers.*.self_attn.v_proj.bias", {&SPT_KEYS}, spt_has_attention_bias},
            [SPT_QUERY_NORM] = {"layers.*.self_attn.q_norm.weight", {&SPT_QUERIES}, NULL},
            [SPT_KEY_NORM] = {"layers.*.self_attn.k_norm.weight", {&SPT_KEYS}, NULL},
            [SPT_OUT] = {"layers.*.self_attn.o_proj.weight", {&SPT_HIDDEN, &SPT_QUERIES}, NULL},
            [SPT_OUT_BIAS] = {"layers.*.self_attn.o_proj.bias", {&SPT_HIDDEN}, spt_has_attention_bias},
            [SPT_MLP_NORM] = {"layers.*.post_feedforward_layernorm.weight", {&SPT_HIDDEN}, NULL},
            [SPT_GATE] = {"layers.*.mlp.gate_proj.weight", {&SPT_INTERMEDIATE, &SPT_HIDDEN}, NULL},
            [SPT_UP] = {"layers.*.mlp.up_proj.weight", {&SPT_INTERMEDIATE, &SPT_HIDDEN}, NULL},
            [SPT_DOWN] = {"layers.*.mlp.down_proj.weight", {&SPT_HIDDEN, &SPT_INTERMEDIATE}, NULL},
        },
    .final =
        {
            [SPT_FINAL_NORM] = {"norm.weight", {&SPT_HIDDEN}, NULL},
        },
    .norm = SPT_NORM_RMS,
    .norm_place = SPT_NORM_OF_OUTPUT,
    .qk_norm = SPT_QK_NORM_OF_ALL_HEADS,
};
