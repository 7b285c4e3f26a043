#include "checkpoints/model_config/keys.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "checkpoints/base/text.h"

enum { SHOWN_MAX = 96 };

/* What stands at a key, short enough for a message: 12, "64" or an array. */
static const char *show(const struct spt_json *node, char out[SHOWN_MAX]) {
    switch (spt_json_kind(node)) {
    case SPT_JSON_ABSENT:
        (void)snprintf(out, SHOWN_MAX, "missing");
        break;
    case SPT_JSON_BOOL:
        (void)snprintf(out, SHOWN_MAX, "%s", spt_json_bool(node, false) ? "true" : "false");
        break;
    case SPT_JSON_INTEGER:
        (void)snprintf(out, SHOWN_MAX, "%lld", (long long)spt_json_integer(node, 0));
        break;
    case SPT_JSON_REAL:
        (void)snprintf(out, SHOWN_MAX, "%.17g", spt_json_number(node, 0));
        break;
    case SPT_JSON_STRING: {
        const char *text = spt_json_string(node, NULL);
        (void)snprintf(out, SHOWN_MAX, "\"%.60s%s\"", text, strlen(text) > 60 ? "..." : "");
        break;
    }
    case SPT_JSON_NULL:
    case SPT_JSON_ARRAY:
    case SPT_JSON_OBJECT:
        (void)snprintf(out, SHOWN_MAX, "%s", spt_json_kind_name(spt_json_kind(node)));
        break;
    }
    return out;
}

/* parent is "" for the top level, else "rope_parameters." */
static void fail_expected(struct spt_model_keys *keys, const char *parent, const char *key, const struct spt_json *node,
                          const char *expected) {
    char shown[SHOWN_MAX];
    keys->status = spt_fail(keys->error, SPT_INVALID, keys->path, "%s%s is %s, expected %s", parent, key,
                            show(node, shown), expected);
}

static size_t read_size(struct spt_model_keys *keys, const char *key, const struct spt_json *node, size_t largest,
                        size_t fallback) {
    const int64_t value = spt_json_integer(node, 0);
    if (spt_json_kind(node) == SPT_JSON_INTEGER && value >= 1 && (uint64_t)value <= largest) return (size_t)value;
    char expected[SHOWN_MAX];
    (void)snprintf(expected, sizeof expected, "an integer from 1 to %zu", largest);
    fail_expected(keys, "", key, node, expected);
    return fallback;
}

size_t spt_model_keys_size(struct spt_model_keys *keys, const char *key, size_t largest) {
    if (keys->status) return 1;
    return read_size(keys, key, spt_json_get(keys->root, key), largest, 1);
}

size_t spt_model_keys_size_or(struct spt_model_keys *keys, const char *key, size_t largest, size_t fallback) {
    const struct spt_json *node = spt_json_get(keys->root, key);
    if (keys->status || !node) return fallback;
    return read_size(keys, key, node, largest, fallback);
}

static double read_number(struct spt_model_keys *keys, const char *parent, const char *key, const struct spt_json *node,
                          double low, double high, double fallback) {
    const enum spt_json_kind kind = spt_json_kind(node);
    const double value = spt_json_number(node, NAN);
    if ((kind == SPT_JSON_INTEGER || kind == SPT_JSON_REAL) && value >= low && value <= high) return value;
    char expected[SHOWN_MAX];
    (void)snprintf(expected, sizeof expected, "a number from %g to %g", low, high);
    fail_expected(keys, parent, key, node, expected);
    return fallback;
}

double spt_model_keys_number_or(struct spt_model_keys *keys, const char *key, double low, double high,
                                double fallback) {
    const struct spt_json *node = spt_json_get(keys->root, key);
    if (keys->status || !node) return fallback;
    return read_number(keys, "", key, node, low, high, fallback);
}

bool spt_model_keys_bool_or(struct spt_model_keys *keys, const char *key, bool fallback) {
    const struct spt_json *node = spt_json_get(keys->root, key);
    if (keys->status || !node) return fallback;
    if (spt_json_kind(node) == SPT_JSON_BOOL) return spt_json_bool(node, fallback);
    fail_expected(keys, "", key, node, "true or false");
    return fallback;
}

/* HF's ACT2FN (transformers/activations.py), as far as it is computed. The tanh forms differ there only in how they are
 * rounded. */
static const struct {
    const char *name;
    enum spt_activation activation;
} ACTIVATIONS[] = {
    {"gelu", SPT_GELU_ERF},
    {"gelu_python", SPT_GELU_ERF},
    {"gelu_new", SPT_GELU_TANH},
    {"gelu_fast", SPT_GELU_TANH},
    {"gelu_accurate", SPT_GELU_TANH},
    {"gelu_pytorch_tanh", SPT_GELU_TANH},
    {"gelu_python_tanh", SPT_GELU_TANH},
    {"relu", SPT_RELU},
    {"silu", SPT_SILU},
    {"swish", SPT_SILU},
};
enum { ACTIVATION_COUNT = sizeof ACTIVATIONS / sizeof *ACTIVATIONS };

enum spt_activation spt_model_keys_activation_or(struct spt_model_keys *keys, const char *key,
                                                 enum spt_activation fallback) {
    const struct spt_json *node = spt_json_get(keys->root, key);
    if (keys->status || !node) return fallback;
    const char *name = spt_json_string(node, NULL);
    if (!name) {
        fail_expected(keys, "", key, node, "the name of an activation");
        return fallback;
    }
    for (size_t i = 0; i < ACTIVATION_COUNT; i++)
        if (strcmp(name, ACTIVATIONS[i].name) == 0) return ACTIVATIONS[i].activation;
    struct spt_text known = {0};
    for (size_t i = 0; i < ACTIVATION_COUNT; i++) spt_text_format(&known, "%s%s", i ? ", " : "", ACTIVATIONS[i].name);
    keys->status = known.failed ? spt_fail_memory(keys->error, known.length, "a message")
                                : spt_fail(keys->error, SPT_UNSUPPORTED, keys->path, "%s is \"%.60s\", known are: %s",
                                           key, name, known.data);
    spt_text_release(&known);
    return fallback;
}

size_t spt_model_keys_head_dim(struct spt_model_keys *keys, const char *hidden_key, size_t hidden,
                               const char *heads_key, size_t heads) {
    if (keys->status) return 1;
    if (heads <= hidden && hidden % heads == 0) return hidden / heads;
    keys->status = spt_fail(keys->error, SPT_INVALID, keys->path, "%s %zu is no multiple of %s %zu", hidden_key, hidden,
                            heads_key, heads);
    return 1;
}

/* NULL unless the key holds an object with members: HF takes null and {} for absent. */
static const struct spt_json *rotary_object(struct spt_model_keys *keys, const char *key) {
    const struct spt_json *node = spt_json_get(keys->root, key);
    const enum spt_json_kind kind = spt_json_kind(node);
    if (kind == SPT_JSON_ABSENT || kind == SPT_JSON_NULL) return NULL;
    if (kind != SPT_JSON_OBJECT) {
        fail_expected(keys, "", key, node, "an object or null");
        return NULL;
    }
    return spt_json_count(node) ? node : NULL;
}

static void require_default_rotary(struct spt_model_keys *keys, const char *parent, const struct spt_json *object) {
    if (keys->status || !object) return;
    const char *const key = spt_json_get(object, "rope_type") ? "rope_type" : "type";
    const struct spt_json *node = spt_json_get(object, key);
    const char *type = spt_json_string(node, NULL);
    if (node && !type) {
        char prefix[SHOWN_MAX];
        (void)snprintf(prefix, sizeof prefix, "%s.", parent);
        fail_expected(keys, prefix, key, node, "the name of a kind of rotary embedding");
    } else if (type && strcmp(type, "default") != 0) {
        keys->status = spt_fail(keys->error, SPT_UNSUPPORTED, keys->path, "%s.%s is \"%.60s\", known is: default",
                                parent, key, type);
    }
    /* One object for each kind of layer (transformers 5) instead of one for all. */
    for (struct spt_json_member *m = spt_json_first(object); m && !keys->status; m = spt_json_next(object, m))
        if (spt_json_kind(spt_json_value(m)) == SPT_JSON_OBJECT)
            keys->status = spt_fail(keys->error, SPT_UNSUPPORTED, keys->path,
                                    "%s.%.60s is an object: rotary embeddings that differ between layers are not known",
                                    parent, spt_json_key(m));
}

/* The nested key, else the architecture's own, else the common one, else the default. *source names the one that was
 * taken. */
static double rotary_number(struct spt_model_keys *keys, const char *parent, const struct spt_json *object,
                            const char *common, const char *own, double low, double high, double fallback,
                            const char **source) {
    const struct spt_json *node = spt_json_get(object, common);
    *source = common;
    if (keys->status) return fallback;
    if (node) return read_number(keys, parent, common, node, low, high, fallback);
    if (own && spt_json_get(keys->root, own)) *source = own;
    return spt_model_keys_number_or(keys, *source, low, high, fallback);
}

void spt_model_keys_rotary(struct spt_model_keys *keys, const struct spt_rotary_keys *names,
                           struct spt_model_config *config) {
    const struct spt_json *parameters = rotary_object(keys, "rope_parameters");
    const struct spt_json *scaling = rotary_object(keys, "rope_scaling");
    require_default_rotary(keys, "rope_parameters", parameters);
    require_default_rotary(keys, "rope_scaling", scaling);
    /* HF: self.rope_parameters = rope_scaling or self.rope_parameters */
    const struct spt_json *object = scaling ? scaling : parameters;
    const char *const parent = scaling ? "rope_scaling." : "rope_parameters.";
    const char *source;
    config->rotary_base =
        rotary_number(keys, parent, object, "rope_theta", names->theta, 1.0, 1e15, names->default_theta, &source);
    const double fraction = rotary_number(keys, parent, object, "partial_rotary_factor", names->fraction, 0.0, 1.0,
                                          names->default_fraction, &source);
    if (keys->status) return;
    config->rotary_dim = (size_t)((double)config->head_dim * fraction);
    /* HF builds ceil(dim / 2) angles and rotates two dimensions with each, so an odd count takes one more (12 * 0.25:
     * 4). */
    if (config->rotary_dim + config->rotary_dim % 2 > config->head_dim)
        keys->status = spt_fail(keys->error, SPT_INVALID, keys->path,
                                "%s %g of %zu dimensions a head rotates %zu in pairs, expected at most %zu", source,
                                fraction, config->head_dim, config->rotary_dim + 1, config->head_dim);
}
