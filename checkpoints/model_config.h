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

#include "checkpoints/base/error.h"
#include "checkpoints/base/hash.h"
#include "checkpoints/base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum spt_activation { SPT_GELU_ERF, SPT_GELU_TANH, SPT_RELU, SPT_SILU };

struct spt_model_config {
    char model_type[64]; /* "gpt_neox" */
    size_t layers, hidden, heads, head_dim, intermediate, vocabulary, positions;
    size_t rotary_dim;  /* (int)(head_dim * fraction), as HF computes it; 0: none. Angle i of a position is
                         * position * theta^(-2i / rotary_dim), i < ceil(rotary_dim / 2); each turns two leading
                         * dimensions of a head. So an odd one (12 * 0.25 = 3) turns one more: always <= head_dim */
    double rotary_base; /* theta */
    double norm_epsilon;
    enum spt_activation activation;
    bool parallel_residual;
    bool attention_bias;
    bool tied_embeddings;
};

/* Parses the file; config is untouched on failure. Equal models give equal bytes of config, whatever the keys'
 * generation. SPT_INVALID names the key, what it is and what was expected; SPT_UNSUPPORTED: an unknown model_type or
 * option (lists those that are known); SPT_IO. */
enum spt_status spt_model_config_read(const char *path, struct spt_model_config *config, struct spt_error *error);

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

#endif
