/* An architecture: the tensors it is made of, each by the part it plays, and how the parts are put together.
 *
 * To add one: write families/<model_type>.c with a struct spt_family, add it to the table in family.c. What a part does
 * stands once for all of them, in layer.c, embedding.c and attention.c.
 */
#ifndef SPT_FORWARD_FAMILY_H
#define SPT_FORWARD_FAMILY_H

#include "analysis/forward/gemm.h"
#include "analysis/forward/norm.h"
#include "checkpoints/model_config.h"

#define SPT_FAMILY_RANK_MAX 2

/* One side of a tensor, in terms of the config: the text is for whoever has to find out why they disagree. */
struct spt_axis {
    const char *text; /* "3 * hidden_size": the keys as config.json has them */
    size_t (*size)(const struct spt_model_config *config);
    bool at_least; /* the tensor may be longer: padding */
};

struct spt_tensor_row {
    const char *name; /* without the prefix; '*' stands for the layer's number. NULL: the architecture has none */
    const struct spt_axis *shape[SPT_FAMILY_RANK_MAX];      /* [1] is NULL for vectors */
    bool (*present)(const struct spt_model_config *config); /* NULL: always */
};

/* A tensor as a layer sees it. All NULL when the architecture or the config has none. */
struct spt_weight {
    struct spt_matrix matrix;
    const float *vector; /* [count] for tensors of rank 1 */
};

/* What a tensor of a layer is for. A bias follows its weight. */
enum spt_layer_role {
    SPT_ATTENTION_NORM,
    SPT_ATTENTION_NORM_BIAS,
    SPT_QKV, /* queries, keys and values in one, laid out as spt_family.qkv says; or each by itself: */
    SPT_QKV_BIAS,
    SPT_QUERY,
    SPT_QUERY_BIAS,
    SPT_KEY,
    SPT_KEY_BIAS,
    SPT_VALUE,
    SPT_VALUE_BIAS,
    SPT_QUERY_NORM,
    SPT_QUERY_NORM_BIAS,
    SPT_KEY_NORM,
    SPT_KEY_NORM_BIAS,
    SPT_OUT,
    SPT_OUT_BIAS,
    SPT_MLP_NORM,
    SPT_MLP_NORM_BIAS,
    SPT_GATE, /* down(activation(gate(x)) * up(x)); without it down(activation(up(x))) */
    SPT_GATE_BIAS,
    SPT_UP,
    SPT_UP_BIAS,
    SPT_DOWN,
    SPT_DOWN_BIAS,
    SPT_LAYER_ROLES
};

/* What is read behind the embedding's rows. */
enum spt_embedding_role {
    SPT_PROJECT_IN,
    SPT_POSITIONS,
    SPT_TOKEN_TYPES,
    SPT_EMBEDDING_NORM,
    SPT_EMBEDDING_NORM_BIAS,
    SPT_EMBEDDING_ROLES
};

/* What is read behind the last layer. */
enum spt_final_role { SPT_FINAL_NORM, SPT_FINAL_NORM_BIAS, SPT_PROJECT_OUT, SPT_FINAL_ROLES };

enum spt_norm_place {
    SPT_NORM_OF_INPUT,  /* x + f(norm(x)) */
    SPT_NORM_OF_OUTPUT, /* x + norm(f(x)) */
    SPT_NORM_OF_SUM,    /* norm(x + f(x)); there is no final norm then */
};

enum spt_qkv_layout {
    SPT_QKV_BY_HEAD, /* [q, k, v] of the first head, of the second .. */
    SPT_QKV_BY_KIND, /* queries of all heads, keys of all heads, values of all heads */
};

enum spt_qk_norm { SPT_QK_NORM_NONE, SPT_QK_NORM_OF_HEAD, SPT_QK_NORM_OF_ALL_HEADS };

#define SPT_PREFIXES 3

struct spt_family {
    const char *model_type;
    const char *prefix[SPT_PREFIXES]; /* that names may have, the usual one first; "" is one too. NULL: no more */
    struct spt_tensor_row embedding;  /* [vocabulary, embedding_dim] */
    struct spt_tensor_row head;       /* the same shape, name without prefix; the embedding where they are tied */
    struct spt_tensor_row head_bias;  /* name without prefix */
    struct spt_tensor_row embeddings[SPT_EMBEDDING_ROLES];
    struct spt_tensor_row layer[SPT_LAYER_ROLES];
    struct spt_tensor_row final[SPT_FINAL_ROLES];
    bool transposed; /* matrices of layers are stored [in, out] */
    enum spt_norm_kind norm;
    enum spt_norm_place norm_place; /* config->norm_after overrules */
    enum spt_qkv_layout qkv;
    enum spt_qk_norm qk_norm;
    bool one_norm;         /* the MLP takes what the attention takes */
    bool alibi;            /* the scores of key k get slope(head) * k */
    bool scaled_embedding; /* times sqrt(hidden), rounded to what the embedding is stored in */
    bool skips_padding;    /* tokens of id position_offset - 1 have no position of their own */
};

extern const struct spt_family spt_family_bert;
extern const struct spt_family spt_family_bloom;
extern const struct spt_family spt_family_gemma;
extern const struct spt_family spt_family_gpt2;
extern const struct spt_family spt_family_gpt_neox;
extern const struct spt_family spt_family_llama;
extern const struct spt_family spt_family_mistral;
extern const struct spt_family spt_family_olmo;
extern const struct spt_family spt_family_olmo2;
extern const struct spt_family spt_family_opt;
extern const struct spt_family spt_family_phi;
extern const struct spt_family spt_family_qwen2;
extern const struct spt_family spt_family_qwen3;
extern const struct spt_family spt_family_roberta;
extern const struct spt_family spt_family_xlm_roberta;

/* The family of a model_type. SPT_UNSUPPORTED lists those that are known. */
enum spt_status spt_family_find(const char *model_type, const struct spt_family **family, struct spt_error *error);

/* Where the norms of a layer stand. */
enum spt_norm_place spt_family_norm_place(const struct spt_family *family, const struct spt_model_config *config);

#endif
