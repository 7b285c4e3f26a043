/* Gemma (Mesnard et al. 2024): LLaMA with norms times 1 + weight, embeddings times sqrt(hidden_size), and heads of a
 * width of their own. */
#include "analysis/forward/families/llama.h"

const struct spt_family spt_family_gemma = {
    .model_type = "gemma",
    .prefix = {"model.", ""},
    .embedding = SPT_LLAMA_EMBEDDING,
    .head = SPT_LLAMA_HEAD,
    .layer =
        {
            SPT_LLAMA_NORMS("input_layernorm", "post_attention_layernorm"),
            SPT_LLAMA_ATTENTION,
            SPT_LLAMA_MLP,
        },
    .final = SPT_LLAMA_FINAL,
    .norm = SPT_NORM_RMS_PLUS_ONE,
    .scaled_embedding = true,
};
