/* OLMo 2 (Walsh et al. 2024): LLaMA with norms of what attention and MLP give, and of all heads' queries and keys at
 * once. */
#include "analysis/forward/families/llama.h"

const struct spt_family spt_family_olmo2 = {
    .model_type = "olmo2",
    .prefix = {"model.", ""},
    .embedding = SPT_LLAMA_EMBEDDING,
    .head = SPT_LLAMA_HEAD,
    .layer =
        {
            SPT_LLAMA_NORMS("post_attention_layernorm", "post_feedforward_layernorm"),
            SPT_LLAMA_ATTENTION,
            SPT_LLAMA_VECTOR(SPT_QUERY_NORM, "self_attn.q_norm", &SPT_QUERIES),
            SPT_LLAMA_VECTOR(SPT_KEY_NORM, "self_attn.k_norm", &SPT_KEYS),
            SPT_LLAMA_MLP,
        },
    .final = SPT_LLAMA_FINAL,
    .norm = SPT_NORM_RMS,
    .norm_place = SPT_NORM_OF_OUTPUT,
    .qk_norm = SPT_QK_NORM_OF_ALL_HEADS,
};
