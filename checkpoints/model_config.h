/* config.json, in the keys of any generation of HF transformers, as one struct.
 *
 * One file an architecture in checkpoints/model_config/, one row in its table. Keys that are absent take the value that
 * HF transformers gives them, where it gives one; only the sizes of the weights (layers, hidden, heads, intermediate,
 * vocabulary) must be there: every writer puts them, so that a file without them is a broken one and not the default
 * model. Sizes are checked against each other here (and bounded, so that products of them do not overflow:
 * model_config/keys.h), and against the tensors by the forward pass.
 */
#ifndef SPT_MODEL_CONFIG_H
#define SPT_MODEL_CONFIG_H

#include "checkpoints/base/api.h"
#include "checkpoints/base/error.h"
#include "checkpoints/base/hash.h"
#include "checkpoints/base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

SPT_API_BEGIN

enum spt_activation { SPT_GELU_ERF, SPT_GELU_TANH, SPT_RELU, SPT_SILU };

#define SPT_MODEL_LAYERS_MAX ((size_t)4096)

/* How the angles of the rotary embedding are made to reach beyond the positions of pretraining (HF's rope_type). */
enum spt_rotary_kind { SPT_ROTARY_DEFAULT, SPT_ROTARY_LINEAR, SPT_ROTARY_DYNAMIC, SPT_ROTARY_YARN, SPT_ROTARY_LLAMA3 };

/* What the kind does not use is 0. */
struct spt_rotary_scaling {
    enum spt_rotary_kind kind;
    size_t original_positions;      /* dynamic, yarn, llama3: of pretraining */
    double factor;                  /* all but default */
    double low_factor, high_factor; /* llama3: wavelengths from which, and up to which, as original / factor */
    double beta_fast, beta_slow;    /* yarn: turns in the original positions, likewise */
    double attention_factor;        /* yarn: of cosines and sines */
    bool untruncated;               /* yarn: the bounds of the ramp are not rounded to whole dimensions */
};

/* A member that an architecture has no use for is 0 or false. */
struct spt_model_config {
    char model_type[64]; /* "gpt_neox" */
    size_t layers, hidden, heads, head_dim, intermediate, vocabulary;
    size_t positions;   /* tokens that a sample may have; 0: any number */
    size_t rotary_dim;  /* (int)(head_dim * fraction), as HF computes it; 0: none. Angle i of a position is
                         * position * theta^(-2i / rotary_dim), i < ceil(rotary_dim / 2); each turns two leading
                         * dimensions of a head. So an odd one (12 * 0.25 = 3) turns one more: always <= head_dim */
    double rotary_base; /* theta */
    double norm_epsilon;
    enum spt_activation activation;
    bool parallel_residual;
    bool attention_bias;
    bool tied_embeddings;
    size_t kv_heads; /* each serves heads / kv_heads neighbouring heads */
    struct spt_rotary_scaling scaling;
    size_t window; /* keys that a query sees in the layers with one; 0: there are none */
    unsigned char windowed[SPT_MODEL_LAYERS_MAX / 8]; /* bit l % 8 of byte l / 8: layer l has the window */
    bool bidirectional;     /* every token sees every token: there is no next one to predict */
    size_t embedding_dim;   /* of the embedding's rows: hidden, but for one OPT */
    size_t position_offset; /* row of the learned positions that is the first token's */
    size_t token_types;     /* rows of BERT's segment embedding */
    double clip_qkv;        /* queries, keys and values are cut off at +- this; 0: they are not */
    bool qk_norm;           /* queries and keys are normalised, where that is an option */
    bool mlp_bias;
    bool unscaled_attention; /* scores are not divided by sqrt(head_dim) */
    bool attention_by_layer; /* scores of layer l are divided by l + 1 */
    bool norm_after;         /* norms stand behind the sums of the residual stream */
    bool residual_of_norm;   /* what a norm gives goes into the sum, in place of what it took */
    bool plain_norms;        /* norms have no weights */
    bool no_final_norm;
};

/* Whether a layer's queries see no further back than config->window keys. layer < config->layers. */
bool spt_model_config_windowed(const struct spt_model_config *config, size_t layer);

/* Parses the file; config is untouched on failure. Equal models give equal bytes of config, whatever the keys'
 * generation. SPT_INVALID names the key, what it is and what was expected; SPT_UNSUPPORTED: an unknown model_type or
 * option (lists those that are known); SPT_IO. */
enum spt_status spt_model_config_read(const char *path, struct spt_model_config *config, struct spt_error *error);

/* The same of a file in a tree (base/tree.h); NULL: the disk. */
struct spt_tree;
enum spt_status spt_model_config_read_in(struct spt_tree *tree, const char *path, struct spt_model_config *config,
                                         struct spt_error *error);

/* The same from bytes in memory; path is for messages. */
enum spt_status spt_model_config_parse(const char *bytes, size_t size, const char *path,
                                       struct spt_model_config *config, struct spt_error *error);

/* Appends the first key in which config is not as expected, and both values: "vocab_size 1000 in place of 1024". Nothing for equal ones. */
void spt_model_config_difference(const struct spt_model_config *config, const struct spt_model_config *expected,
                                 struct spt_text *text);

/* Appends everything in config that changes a figure, one "key: value" a line, by the names that HF's keys have today. */
void spt_model_config_describe(const struct spt_model_config *config, struct spt_text *text);

/* Hash of everything in config that changes a figure, the same on every machine. */
struct spt_hash spt_model_config_digest(const struct spt_model_config *config);

SPT_API_END

#endif
