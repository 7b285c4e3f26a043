/* Gemma (Mesnard et al. 2024): LLaMA with norms times 1 + weight, embeddings times sqrt(hidden_size), and heads of a
 * width of their own. */
#include "analysis/forward/families/axes.h"

const struct spt_family spt_family_gemma = {
    .model_type = "gemma",
    .prefix = {"model.", ""},
    .embedding = {"embed_tokens.weight", {&SPT_VOCABULARY, &SPT_HIDDEN}, NULL},
    .head = {"lm_head.weight", {&SPT_VOCABULARY, &SPT_HIDDEN}, NULL},
    .layer =
        {
            [SPT_ATTENTION_NORM] = {"layers.*.input_layernorm.weight", {&SPT_HIDDEN}, NULL},
            [SPT_QUERY] = {"layers.*.self_attn.q_proj.weight", {&SPT_QUERIES, &SPT_HIDDEN}, NULL},
            [SPT_QUERY_BIAS] = {"layers.*.self_attn.q_proj.bias", {&SPT_QUERIES}, spt_has_attention_bias},
            [SPT_KEY] = {"layers.*.self_attn.k_proj.weight", {&SPT_KEYS, &SPT_HIDDEN}, NULL},
            [SPT_KEY_BIAS] = {"layers.*.self_attn.k_proj.bias", {&SPT_KEYS}, spt_has_attention_bias},
            [SPT_VALUE] = {"layers.*.self_attn.v_proj.weight", {&SPT_KEYS, &SPT_HIDDEN}, NULL},
            [SPT_VALUE_BIAS] = {"layers.*.self_attn.v_proj.bias", {&SPT_KEYS}, spt_has_attention_bias},
            [SPT_OUT] = {"layers.*.self_attn.o_proj.weight", {&SPT_HIDDEN, &SPT_QUERIES}, NULL},
            [SPT_OUT_BIAS] = {"layers.*.self_attn.o_proj.bias", {&SPT_HIDDEN}, spt_has_attention_bias},
            [SPT_MLP_NORM] = {"layers.*.post_attention_layernorm.weight", {&SPT_HIDDEN}, NULL},
            [SPT_GATE] = {"layers.*.mlp.gate_proj.weight", {&SPT_INTERMEDIATE, &SPT_HIDDEN}, NULL},
            [SPT_UP] = {"layers.*.mlp.up_proj.weight", {&SPT_INTERMEDIATE, &SPT_HIDDEN}, NULL},
            [SPT_DOWN] = {"layers.*.mlp.down_proj.weight", {&SPT_HIDDEN, &SPT_INTERMEDIATE}, NULL},
        },
    .final =
        {
            [SPT_FINAL_NORM] = {"norm.weight", {&SPT_HIDDEN}, NULL},
        },
    .norm = SPT_NORM_RMS_PLUS_ONE,
    .scaled_embedding = true,
};
