/* Qwen3 (Yang et al. 2025): LLaMA with queries and keys normalised head by head, and windows in some layers. */
#include "analysis/forward/families/llama.h"

const struct spt_family spt_family_qwen3 = {
    .model_type = "qwen3",
    .prefix = {"model.", ""},
    .embedding = SPT_LLAMA_EMBEDDING,
    .head = SPT_LLAMA_HEAD,
    .layer =
        {
            SPT_LLAMA_NORMS("input_layernorm", "post_attention_layernorm"),
            SPT_LLAMA_ATTENTION,
            SPT_LLAMA_VECTOR(SPT_QUERY_NORM, "self_attn.q_norm", &SPT_HEAD),
            SPT_LLAMA_VECTOR(SPT_KEY_NORM, "self_attn.k_norm", &SPT_HEAD),
            SPT_LLAMA_MLP,
        },
    .final = SPT_LLAMA_FINAL,
    .norm = SPT_NORM_RMS,
    .qk_norm = SPT_QK_NORM_OF_HEAD,
};
