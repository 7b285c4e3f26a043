/* GPT-2 (Radford et al. 2019), and CRFM's Mistral: learned positions, fused queries, keys and values stored one kind
 * after the other, matrices stored [in, out]. */
#include "analysis/forward/families/axes.h"

static const struct spt_axis HIDDEN = {.text = "n_embd", .size = spt_size_hidden};
static const struct spt_axis FUSED = {.text = "3 * n_embd", .size = spt_size_fused};
static const struct spt_axis INTERMEDIATE = {.text = "n_inner", .size = spt_size_intermediate};
static const struct spt_axis POSITIONS = {.text = "n_positions", .size = spt_size_positions};

const struct spt_family spt_family_gpt2 = {
    .model_type = "gpt2",
    .prefix = {"transformer.", ""},
    .embedding = {"wte.weight", {&SPT_VOCABULARY, &HIDDEN}, NULL},
    .head = {"lm_head.weight", {&SPT_VOCABULARY, &HIDDEN}, NULL},
    .embeddings =
        {
            [SPT_POSITIONS] = {"wpe.weight", {&POSITIONS, &HIDDEN}, NULL},
        },
    .layer =
        {
            [SPT_ATTENTION_NORM] = {"h.*.ln_1.weight", {&HIDDEN}, NULL},
            [SPT_ATTENTION_NORM_BIAS] = {"h.*.ln_1.bias", {&HIDDEN}, NULL},
            [SPT_QKV] = {"h.*.attn.c_attn.weight", {&HIDDEN, &FUSED}, NULL},
            [SPT_QKV_BIAS] = {"h.*.attn.c_attn.bias", {&FUSED}, NULL},
            [SPT_OUT] = {"h.*.attn.c_proj.weight", {&HIDDEN, &HIDDEN}, NULL},
            [SPT_OUT_BIAS] = {"h.*.attn.c_proj.bias", {&HIDDEN}, NULL},
            [SPT_MLP_NORM] = {"h.*.ln_2.weight", {&HIDDEN}, NULL},
            [SPT_MLP_NORM_BIAS] = {"h.*.ln_2.bias", {&HIDDEN}, NULL},
            [SPT_UP] = {"h.*.mlp.c_fc.weight", {&HIDDEN, &INTERMEDIATE}, NULL},
            [SPT_UP_BIAS] = {"h.*.mlp.c_fc.bias", {&INTERMEDIATE}, NULL},
            [SPT_DOWN] = {"h.*.mlp.c_proj.weight", {&INTERMEDIATE, &HIDDEN}, NULL},
            [SPT_DOWN_BIAS] = {"h.*.mlp.c_proj.bias", {&HIDDEN}, NULL},
        },
    .final =
        {
            [SPT_FINAL_NORM] = {"ln_f.weight", {&HIDDEN}, NULL},
            [SPT_FINAL_NORM_BIAS] = {"ln_f.bias", {&HIDDEN}, NULL},
        },
    .transposed = true,
    .norm = SPT_NORM_LAYER,
    .qkv = SPT_QKV_BY_KIND,
};
