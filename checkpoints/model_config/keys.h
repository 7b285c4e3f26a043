/* The keys of a config.json, read with their types and ranges: what an architecture's file is written in.
 *
 * The first failure is kept in status and fills error; every later call then does nothing and gives its fallback. So a
 * file reads its keys in a row and nobody tests in between. Messages name the key, what was found and what was
 * expected.
 */
#ifndef SPT_MODEL_CONFIG_KEYS_H
#define SPT_MODEL_CONFIG_KEYS_H

#include "checkpoints/base/json.h"
#include "checkpoints/model_config.h"

/* Bounds of what is believed, far above any model, so that sizes of tensors need no checks of their own: the product
 * of two widths (or of a width with the vocabulary or the positions), the layers (SPT_MODEL_LAYERS_MAX) and 8 bytes
 * fits 64 bits. */
#define SPT_MODEL_WIDTH_MAX     ((size_t)1 << 20) /* hidden, intermediate, heads * head_dim */
#define SPT_MODEL_HEADS_MAX     ((size_t)4096)    /* also what figures of each head may take */
#define SPT_MODEL_VOCAB_MAX     ((size_t)1 << 22)
#define SPT_MODEL_POSITIONS_MAX ((size_t)1 << 30)

struct spt_model_keys {
    const struct spt_json *root; /* an object */
    const char *parent;          /* of root, for messages: "rope_scaling."; NULL: it is the file itself */
    const char *path;            /* for messages */
    struct spt_error *error;     /* may be NULL */
    enum spt_status status;      /* of the first failure */
};

/* An integer in 1 .. largest that must be there. Gives 1 after a failure, so that what is divided by it is safe. */
size_t spt_model_keys_size(struct spt_model_keys *keys, const char *key, size_t largest);

/* The same, fallback when the key is absent. null is a wrong type here as in HF. */
size_t spt_model_keys_size_or(struct spt_model_keys *keys, const char *key, size_t largest, size_t fallback);

/* The same where HF takes null for absent. */
size_t spt_model_keys_size_or_null(struct spt_model_keys *keys, const char *key, size_t largest, size_t fallback);

/* An integer in 0 .. largest; fallback when the key is absent. */
size_t spt_model_keys_index_or(struct spt_model_keys *keys, const char *key, size_t largest, size_t fallback);

/* The name that HF takes of two names of a key: other where it is there. Names that an attribute_map leads to another
 * key are set last and win. */
const char *spt_model_keys_either(const struct spt_model_keys *keys, const char *key, const char *other);

/* A finite number in low .. high that must be there. Gives low after a failure. */
double spt_model_keys_number(struct spt_model_keys *keys, const char *key, double low, double high);

/* The same, fallback when the key is absent. */
double spt_model_keys_number_or(struct spt_model_keys *keys, const char *key, double low, double high, double fallback);

/* The same where HF takes null for absent. */
double spt_model_keys_number_or_null(struct spt_model_keys *keys, const char *key, double low, double high,
                                     double fallback);

bool spt_model_keys_bool_or(struct spt_model_keys *keys, const char *key, bool fallback);

/* HF's names of activations; one that spectail does not compute is SPT_UNSUPPORTED and lists those it does. */
enum spt_activation spt_model_keys_activation_or(struct spt_model_keys *keys, const char *key,
                                                 enum spt_activation fallback);

/* SPT_UNSUPPORTED when the key holds true: an option that changes the figures and that is not computed. */
void spt_model_keys_refuse(struct spt_model_keys *keys, const char *key);

/* Fails with SPT_INVALID: "KEY is WHAT STANDS THERE, expected ...". */
void spt_model_keys_fail(struct spt_model_keys *keys, const char *key, const char *expected);

/* Layers, hidden, heads, intermediate, vocabulary, and positions with a fallback, by the names that most architectures
 * have for them. */
void spt_model_keys_sizes(struct spt_model_keys *keys, size_t default_positions, struct spt_model_config *config);

/* Heads and head_dim of an architecture whose heads share keys and values: num_key_value_heads (default_kv_heads where
 * the key is absent, heads for null or a default of 0) and head_dim (hidden / heads where there is none and
 * default_head_dim is 0). config->heads and hidden must be set. SPT_INVALID with both figures when heads is no multiple
 * of kv_heads, or heads * head_dim is beyond SPT_MODEL_WIDTH_MAX. */
void spt_model_keys_grouped_heads(struct spt_model_keys *keys, size_t default_kv_heads, size_t default_head_dim,
                                  struct spt_model_config *config);

/* Layer has config->window from now on. */
void spt_model_keys_set_window(struct spt_model_config *config, size_t layer);

/* The window of the layers that layer_types names or, where there are none, of those from max_window_layers on, as Qwen
 * has them: only with use_sliding_window. config->layers must be set. */
void spt_model_keys_windows(struct spt_model_keys *keys, struct spt_model_config *config);

/* hidden / heads; SPT_INVALID with both figures when there is a remainder. The keys' names are for the message. */
size_t spt_model_keys_head_dim(struct spt_model_keys *keys, const char *hidden_key, size_t hidden,
                               const char *heads_key, size_t heads);

/* Where an architecture keeps its rotary embedding at the top level, and what HF assumes when it is silent. */
struct spt_rotary_keys {
    const char *theta;    /* "rotary_emb_base"; NULL: only "rope_theta", which is known to all */
    const char *fraction; /* "rotary_pct"; NULL: only "partial_rotary_factor" */
    double default_theta, default_fraction;
    bool partial; /* a head may turn in part; the other architectures do not read the fraction */
};

/* config->rotary_base, rotary_dim = (int)(head_dim * fraction) as HF computes it, and scaling; config->head_dim and
 * positions must be set, and positions become 0 where the scaling has no end (dynamic). What stands in rope_scaling, or
 * in rope_parameters (transformers 5), wins over the top level, as in HF; a type that is not computed is
 * SPT_UNSUPPORTED and lists those that are, and so is a part of a head where names->partial is false. SPT_INVALID when
 * the pairs that turn do not fit the head. */
void spt_model_keys_rotary(struct spt_model_keys *keys, const struct spt_rotary_keys *names,
                           struct spt_model_config *config);

#endif
