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
        if (!strpbrk(out, ".e")) (void)strcat(out, ".0"); /* as the file has it: a 6.0 where a 6 was expected */
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

static void fail_expected(struct spt_model_keys *keys, const char *key, const struct spt_json *node,
                          const char *expected) {
    char shown[SHOWN_MAX];
    keys->status = spt_fail(keys->error, SPT_INVALID, keys->path, "%s%s is %s, expected %s",
                            keys->parent ? keys->parent : "", key, show(node, shown), expected);
}

static size_t read_size(struct spt_model_keys *keys, const char *key, const struct spt_json *node, size_t least,
                        size_t largest, size_t fallback) {
    const int64_t value = spt_json_integer(node, -1);
    const bool integer = spt_json_kind(node) == SPT_JSON_INTEGER;
    if (integer && value >= (int64_t)least && (uint64_t)value <= largest) return (size_t)value;
    char expected[SHOWN_MAX];
    (void)snprintf(expected, sizeof expected, "an integer from %zu to %zu", least, largest);
    fail_expected(keys, key, node, expected);
    return fallback;
}

size_t spt_model_keys_size(struct spt_model_keys *keys, const char *key, size_t largest) {
    if (keys->status) return 1;
    return read_size(keys, key, spt_json_get(keys->root, key), 1, largest, 1);
}

size_t spt_model_keys_size_or(struct spt_model_keys *keys, const char *key, size_t largest, size_t fallback) {
    const struct spt_json *node = spt_json_get(keys->root, key);
    if (keys->status || !node) return fallback;
    return read_size(keys, key, node, 1, largest, fallback);
}

static bool is_null(const struct spt_json *node) {
    return spt_json_kind(node) == SPT_JSON_NULL;
}

size_t spt_model_keys_size_or_null(struct spt_model_keys *keys, const char *key, size_t largest, size_t fallback) {
    return is_null(spt_json_get(keys->root, key)) ? fallback : spt_model_keys_size_or(keys, key, largest, fallback);
}

size_t spt_model_keys_index_or(struct spt_model_keys *keys, const char *key, size_t largest, size_t fallback) {
    const struct spt_json *node = spt_json_get(keys->root, key);
    if (keys->status || !node) return fallback;
    return read_size(keys, key, node, 0, largest, fallback);
}

const char *spt_model_keys_either(const struct spt_model_keys *keys, const char *key, const char *other) {
    return spt_json_get(keys->root, other) ? other : key;
}

static double read_number(struct spt_model_keys *keys, const char *key, const struct spt_json *node, double low,
                          double high, double fallback) {
    const enum spt_json_kind kind = spt_json_kind(node);
    const double value = spt_json_number(node, NAN);
    if ((kind == SPT_JSON_INTEGER || kind == SPT_JSON_REAL) && value >= low && value <= high) return value;
    char expected[SHOWN_MAX];
    (void)snprintf(expected, sizeof expected, "a number from %g to %g", low, high);
    fail_expected(keys, key, node, expected);
    return fallback;
}

double spt_model_keys_number(struct spt_model_keys *keys, const char *key, double low, double high) {
    return keys->status ? low : read_number(keys, key, spt_json_get(keys->root, key), low, high, low);
}

double spt_model_keys_number_or(struct spt_model_keys *keys, const char *key, double low, double high,
                                double fallback) {
    const struct spt_json *node = spt_json_get(keys->root, key);
    if (keys->status || !node) return fallback;
    return read_number(keys, key, node, low, high, fallback);
}

double spt_model_keys_number_or_null(struct spt_model_keys *keys, const char *key, double low, double high,
                                     double fallback) {
    return is_null(spt_json_get(keys->root, key)) ? fallback : spt_model_keys_number_or(keys, key, low, high, fallback);
}

bool spt_model_keys_bool_or(struct spt_model_keys *keys, const char *key, bool fallback) {
    const struct spt_json *node = spt_json_get(keys->root, key);
    if (keys->status || !node) return fallback;
    if (spt_json_kind(node) == SPT_JSON_BOOL) return spt_json_bool(node, fallback);
    fail_expected(keys, key, node, "true or false");
    return fallback;
}

void spt_model_keys_refuse(struct spt_model_keys *keys, const char *key) {
    if (is_null(spt_json_get(keys->root, key)) || !spt_model_keys_bool_or(keys, key, false)) return;
    keys->status = spt_fail(keys->error, SPT_UNSUPPORTED, keys->path, "%s is true, known is: false", key);
}

void spt_model_keys_fail(struct spt_model_keys *keys, const char *key, const char *expected) {
    if (!keys->status) fail_expected(keys, key, spt_json_get(keys->root, key), expected);
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
        fail_expected(keys, key, node, "the name of an activation");
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

void spt_model_keys_sizes(struct spt_model_keys *keys, size_t default_positions, struct spt_model_config *config) {
    config->layers = spt_model_keys_size(keys, "num_hidden_layers", SPT_MODEL_LAYERS_MAX);
    config->hidden = spt_model_keys_size(keys, "hidden_size", SPT_MODEL_WIDTH_MAX);
    config->heads = spt_model_keys_size(keys, "num_attention_heads", SPT_MODEL_HEADS_MAX);
    config->intermediate = spt_model_keys_size(keys, "intermediate_size", SPT_MODEL_WIDTH_MAX);
    config->vocabulary = spt_model_keys_size(keys, "vocab_size", SPT_MODEL_VOCAB_MAX);
    config->positions =
        spt_model_keys_size_or(keys, "max_position_embeddings", SPT_MODEL_POSITIONS_MAX, default_positions);
}

void spt_model_keys_grouped_heads(struct spt_model_keys *keys, size_t default_kv_heads, size_t default_head_dim,
                                  struct spt_model_config *config) {
    const bool null = is_null(spt_json_get(keys->root, "num_key_value_heads"));
    config->kv_heads = spt_model_keys_size_or_null(keys, "num_key_value_heads", SPT_MODEL_HEADS_MAX,
                                                   default_kv_heads && !null ? default_kv_heads : config->heads);
    config->head_dim = spt_model_keys_size_or_null(keys, "head_dim", SPT_MODEL_WIDTH_MAX, default_head_dim);
    if (!config->head_dim)
        config->head_dim =
            spt_model_keys_head_dim(keys, "hidden_size", config->hidden, "num_attention_heads", config->heads);
    if (keys->status) return;
    if (config->heads % config->kv_heads)
        keys->status = spt_fail(keys->error, SPT_INVALID, keys->path,
                                "num_attention_heads %zu is no multiple of num_key_value_heads %zu", config->heads,
                                config->kv_heads);
    else if (config->head_dim > SPT_MODEL_WIDTH_MAX / config->heads)
        keys->status =
            spt_fail(keys->error, SPT_INVALID, keys->path, "num_attention_heads %zu times head_dim %zu is beyond %zu",
                     config->heads, config->head_dim, SPT_MODEL_WIDTH_MAX);
}
