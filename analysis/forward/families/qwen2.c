/* Qwen2 and Qwen2.5 (Yang et al. 2024): LLaMA with biases in queries, keys and values, and windows in some layers. */
#include "analysis/forward/families/llama.h"

const struct spt_family spt_family_qwen2 = {
    .model_type = "qwen2",
    .prefix = {"model.", ""},
    .embedding = SPT_LLAMA_EMBEDDING,
    .head = SPT_LLAMA_HEAD,
    .layer =
        {
            SPT_LLAMA_NORMS("input_layernorm", "post_attention_layernorm"),
            SPT_LLAMA_QKV,
            SPT_LLAMA_QKV_BIASES(NULL),
            SPT_LLAMA_OUT,
            SPT_LLAMA_MLP,
        },
    .final = SPT_LLAMA_FINAL,
    .norm = SPT_NORM_RMS,
};
