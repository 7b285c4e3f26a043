/* LLaMA (Touvron et al. 2023; Grattafiori et al. 2024): RMSNorm, rotary positions with their scalings, heads that share
 * keys and values, gated MLP. */
#include "analysis/forward/families/llama.h"

const struct spt_family spt_family_llama = {
    .model_type = "llama",
    .prefix = {"model.", ""},
    .embedding = SPT_LLAMA_EMBEDDING,
    .head = SPT_LLAMA_HEAD,
    .layer =
        {
            SPT_LLAMA_NORMS("input_layernorm", "post_attention_layernorm"),
            SPT_LLAMA_ATTENTION,
            SPT_LLAMA_MLP,
            SPT_LLAMA_MLP_BIASES(spt_has_mlp_bias),
        },
    .final = SPT_LLAMA_FINAL,
    .norm = SPT_NORM_RMS,
};
