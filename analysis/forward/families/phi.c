/* Phi-1, 1.5 and 2 (Gunasekar et al. 2023; Li et al. 2023): one LayerNorm feeds attention and MLP side by side, rotary
 * positions of a part of each head, biases in all products, the output's too. */
#include "analysis/forward/families/llama.h"

const struct spt_family spt_family_phi = {
    .model_type = "phi",
    .prefix = {"model.", ""},
    .embedding = SPT_LLAMA_EMBEDDING,
    .head = SPT_LLAMA_HEAD,
    .head_bias = {"lm_head.bias", {&SPT_VOCABULARY}, NULL},
    .layer =
        {
            [SPT_ATTENTION_NORM] = {"layers.*.input_layernorm.weight", {&SPT_HIDDEN}, NULL},
            [SPT_ATTENTION_NORM_BIAS] = {"layers.*.input_layernorm.bias", {&SPT_HIDDEN}, NULL},
            SPT_LLAMA_QKV,
            SPT_LLAMA_QKV_BIASES(NULL),
            [SPT_QUERY_NORM] = {"layers.*.self_attn.q_layernorm.weight", {&SPT_HEAD}, spt_has_qk_norm},
            [SPT_QUERY_NORM_BIAS] = {"layers.*.self_attn.q_layernorm.bias", {&SPT_HEAD}, spt_has_qk_norm},
            [SPT_KEY_NORM] = {"layers.*.self_attn.k_layernorm.weight", {&SPT_HEAD}, spt_has_qk_norm},
            [SPT_KEY_NORM_BIAS] = {"layers.*.self_attn.k_layernorm.bias", {&SPT_HEAD}, spt_has_qk_norm},
            [SPT_OUT] = {"layers.*.self_attn.dense.weight", {&SPT_HIDDEN, &SPT_QUERIES}, NULL},
            [SPT_OUT_BIAS] = {"layers.*.self_attn.dense.bias", {&SPT_HIDDEN}, NULL},
            [SPT_UP] = {"layers.*.mlp.fc1.weight", {&SPT_INTERMEDIATE, &SPT_HIDDEN}, NULL},
            [SPT_UP_BIAS] = {"layers.*.mlp.fc1.bias", {&SPT_INTERMEDIATE}, NULL},
            [SPT_DOWN] = {"layers.*.mlp.fc2.weight", {&SPT_HIDDEN, &SPT_INTERMEDIATE}, NULL},
            [SPT_DOWN_BIAS] = {"layers.*.mlp.fc2.bias", {&SPT_HIDDEN}, NULL},
        },
    .final =
        {
            [SPT_FINAL_NORM] = {"final_layernorm.weight", {&SPT_HIDDEN}, NULL},
            [SPT_FINAL_NORM_BIAS] = {"final_layernorm.bias", {&SPT_HIDDEN}, NULL},
        },
    .norm = SPT_NORM_LAYER,
    .qk_norm = SPT_QK_NORM_OF_HEAD,
    .one_norm = true,
};
