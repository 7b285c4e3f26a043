/* What LLaMA and its kin are made of. A family picks the rows that it has and adds its own; where a tensor is there
 * in some configs only, `present` is what spt_tensor_row has, NULL: in all. */
#ifndef SPT_FORWARD_LLAMA_H
#define SPT_FORWARD_LLAMA_H

#include "analysis/forward/families/axes.h"

#define SPT_LLAMA_MATRIX(role, name, out, in)     [role] = {"layers.*." name ".weight", {out, in}, NULL}
#define SPT_LLAMA_VECTOR(role, name, size)        [role] = {"layers.*." name ".weight", {size}, NULL}
#define SPT_LLAMA_BIAS(role, name, size, present) [role##_BIAS] = {"layers.*." name ".bias", {size}, present}

#define SPT_LLAMA_EMBEDDING                                                                                            \
    { "embed_tokens.weight", {&SPT_VOCABULARY, &SPT_HIDDEN}, NULL }

#define SPT_LLAMA_HEAD                                                                                                 \
    { "lm_head.weight", {&SPT_VOCABULARY, &SPT_HIDDEN}, NULL }

/* Weights of the two norms, by the names that they have in this family. */
#define SPT_LLAMA_NORMS(attention, mlp)                                                                                \
    SPT_LLAMA_VECTOR(SPT_ATTENTION_NORM, attention, &SPT_HIDDEN), SPT_LLAMA_VECTOR(SPT_MLP_NORM, mlp, &SPT_HIDDEN)

#define SPT_LLAMA_QKV                                                                                                  \
    SPT_LLAMA_MATRIX(SPT_QUERY, "self_attn.q_proj", &SPT_QUERIES, &SPT_HIDDEN),                                        \
        SPT_LLAMA_MATRIX(SPT_KEY, "self_attn.k_proj", &SPT_KEYS, &SPT_HIDDEN),                                         \
        SPT_LLAMA_MATRIX(SPT_VALUE, "self_attn.v_proj", &SPT_KEYS, &SPT_HIDDEN)

#define SPT_LLAMA_QKV_BIASES(present)                                                                                  \
    SPT_LLAMA_BIAS(SPT_QUERY, "self_attn.q_proj", &SPT_QUERIES, present),                                              \
        SPT_LLAMA_BIAS(SPT_KEY, "self_attn.k_proj", &SPT_KEYS, present),                                               \
        SPT_LLAMA_BIAS(SPT_VALUE, "self_attn.v_proj", &SPT_KEYS, present)

#define SPT_LLAMA_OUT               SPT_LLAMA_MATRIX(SPT_OUT, "self_attn.o_proj", &SPT_HIDDEN, &SPT_QUERIES)
#define SPT_LLAMA_OUT_BIAS(present) SPT_LLAMA_BIAS(SPT_OUT, "self_attn.o_proj", &SPT_HIDDEN, present)

/* Attention whose four products have biases if the config says so. */
#define SPT_LLAMA_ATTENTION                                                                                            \
    SPT_LLAMA_QKV, SPT_LLAMA_QKV_BIASES(spt_has_attention_bias), SPT_LLAMA_OUT,                                        \
        SPT_LLAMA_OUT_BIAS(spt_has_attention_bias)

#define SPT_LLAMA_MLP                                                                                                  \
    SPT_LLAMA_MATRIX(SPT_GATE, "mlp.gate_proj", &SPT_INTERMEDIATE, &SPT_HIDDEN),                                       \
        SPT_LLAMA_MATRIX(SPT_UP, "mlp.up_proj", &SPT_INTERMEDIATE, &SPT_HIDDEN),                                       \
        SPT_LLAMA_MATRIX(SPT_DOWN, "mlp.down_proj", &SPT_HIDDEN, &SPT_INTERMEDIATE)

#define SPT_LLAMA_MLP_BIASES(present)                                                                                  \
    SPT_LLAMA_BIAS(SPT_GATE, "mlp.gate_proj", &SPT_INTERMEDIATE, present),                                             \
        SPT_LLAMA_BIAS(SPT_UP, "mlp.up_proj", &SPT_INTERMEDIATE, present),                                             \
        SPT_LLAMA_BIAS(SPT_DOWN, "mlp.down_proj", &SPT_HIDDEN, present)

#define SPT_LLAMA_FINAL                                                                                                \
    {                                                                                                                  \
        [SPT_FINAL_NORM] = { "norm.weight", {&SPT_HIDDEN}, NULL }                                                      \
    }

#endif
