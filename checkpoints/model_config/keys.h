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

/* Bounds of what is believed, far above any model, so that sizes of tensors need no checks of their own: the product of
 * two widths (or of a width with the vocabulary or the positions), the layers and 8 bytes fits 64 bits. */
#define SPT_MODEL_LAYERS_MAX    ((size_t)4096)
#define SPT_MODEL_WIDTH_MAX     ((size_t)1 << 20) /* hidden, intermediate, heads */
#define SPT_MODEL_VOCAB_MAX     ((size_t)1 << 22)
#define SPT_MODEL_POSITIONS_MAX ((size_t)1 << 30)

struct spt_model_keys {
    const struct spt_json *root; /* an object */
    const char *path;            /* for messages */
    struct spt_error *error;     /* may be NULL */
    enum spt_status status;      /* of the first failure */
};

/* An integer in 1 .. largest that must be there. Gives 1 after a failure, so that what is divided by it is safe. */
size_t spt_model_keys_size(struct spt_model_keys *keys, const char *key, size_t largest);

/* The same, fallback when the key is absent. null is a wrong type here as in HF. */
size_t spt_model_keys_size_or(struct spt_model_keys *keys, const char *key, size_t largest, size_t fallback);

/* A finite number in low .. high. */
double spt_model_keys_number_or(struct spt_model_keys *keys, const char *key, double low, double high, double fallback);

bool spt_model_keys_bool_or(struct spt_model_keys *keys, const char *key, bool fallback);

/* HF's names of activations; one that spectail does not compute is SPT_UNSUPPORTED and lists those it does. */
enum spt_activation spt_model_keys_activation_or(struct spt_model_keys *keys, const char *key,
                                                 enum spt_activation fallback);

/* hidden / heads; SPT_INVALID with both figures when there is a remainder. The keys' names are for the message. */
size_t spt_model_keys_head_dim(struct spt_model_keys *keys, const char *hidden_key, size_t hidden,
                               const char *heads_key, size_t heads);

/* Where an architecture keeps its rotary embedding at the top level, and what HF assumes when it is silent. */
struct spt_rotary_keys {
    const char *theta;    /* "rotary_emb_base"; "rope_theta" is known to all */
    const char *fraction; /* "rotary_pct"; "partial_rotary_factor" is known to all */
    double default_theta, default_fraction;
};

/* config->rotary_base and rotary_dim = (int)(head_dim * fraction), as HF computes it; config->head_dim must be set.
 * rope_parameters (transformers 5) wins over the top level, as in HF; in either and in rope_scaling a type other than
 * "default" is SPT_UNSUPPORTED. SPT_INVALID when the pairs that turn do not
 * fit the head. */
void spt_model_keys_rotary(struct spt_model_keys *keys, const struct spt_rotary_keys *names,
                           struct spt_model_config *config);

#endif
