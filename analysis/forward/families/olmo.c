/* OLMo (Groeneveld et al. 2024): LLaMA with LayerNorm without weights, and queries, keys and values cut off at
 * clip_qkv. */
#include "analysis/forward/families/llama.h"

const struct spt_family spt_family_olmo = {
    .model_type = "olmo",
    .prefix = {"model.", ""},
    .embedding = SPT_LLAMA_EMBEDDING,
    .head = SPT_LLAMA_HEAD,
    .layer =
        {
            SPT_LLAMA_ATTENTION,
            SPT_LLAMA_MLP,
        },
    .norm = SPT_NORM_LAYER,
};
