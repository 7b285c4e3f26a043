/* Mistral (Jiang et al. 2023): LLaMA with a sliding window, and heads that may be wider than hidden_size / heads. */
#include "analysis/forward/families/llama.h"

const struct spt_family spt_family_mistral = {
    .model_type = "mistral",
    .prefix = {"model.", ""},
    .embedding = SPT_LLAMA_EMBEDDING,
    .head = SPT_LLAMA_HEAD,
    .layer =
        {
            SPT_LLAMA_NORMS("input_layernorm", "post_attention_layernorm"),
            SPT_LLAMA_QKV,
            SPT_LLAMA_OUT,
            SPT_LLAMA_MLP,
        },
    .final = SPT_LLAMA_FINAL,
    .norm = SPT_NORM_RMS,
};
