#include "checkpoints/model_config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoints/base/file.h"
#include "checkpoints/base/text.h"
#include "checkpoints/model_config/architectures.h"

/* A config.json takes a few KB; tables of labels have been seen to make one some MB. */
enum { FILE_LIMIT = 16 * 1024 * 1024 };

static const struct {
    const char *model_type;
    void (*read)(struct spt_model_keys *keys, struct spt_model_config *config);
} ARCHITECTURES[] = {
    {"gpt_neox", spt_model_config_gpt_neox},
};
enum { ARCHITECTURE_COUNT = sizeof ARCHITECTURES / sizeof *ARCHITECTURES };

static enum spt_status fail_listing_known(const struct spt_json *model_type, const char *path,
                                          struct spt_error *error) {
    struct spt_text known = {0};
    for (size_t i = 0; i < ARCHITECTURE_COUNT; i++)
        spt_text_format(&known, "%s%s", i ? ", " : "", ARCHITECTURES[i].model_type);
    const char *name = spt_json_string(model_type, NULL);
    enum spt_status status;
    if (known.failed)
        status = spt_fail_memory(error, known.length, "a message");
    else if (name)
        status = spt_fail(error, SPT_UNSUPPORTED, path, "model_type is \"%.60s\", known are: %s", name, known.data);
    else
        status = spt_fail(error, SPT_INVALID, path, "model_type is %s, expected one of: %s",
                          model_type ? spt_json_kind_name(spt_json_kind(model_type)) : "missing", known.data);
    spt_text_release(&known);
    return status;
}

/* Quantised weights are integers with scales beside them: figures from them as they stand would be wrong. */
static enum spt_status refuse_quantised(const struct spt_json *root, const char *path, struct spt_error *error) {
    const struct spt_json *node = spt_json_get(root, "quantization_config");
    if (spt_json_kind(node) != SPT_JSON_OBJECT) return SPT_OK;
    const char *method = spt_json_string(spt_json_get(node, "quant_method"), NULL);
    return spt_fail(error, SPT_UNSUPPORTED, path,
                    "quantization_config names \"%.60s\", expected weights that are not quantised",
                    method ? method : "an unknown method");
}

static enum spt_status read_root(const struct spt_json *root, const char *path, struct spt_model_config *config,
                                 struct spt_error *error) {
    if (spt_json_kind(root) != SPT_JSON_OBJECT)
        return spt_fail(error, SPT_INVALID, path, "is %s, expected an object", spt_json_kind_name(spt_json_kind(root)));
    const struct spt_json *type = spt_json_get(root, "model_type");
    const char *name = spt_json_string(type, NULL);
    for (size_t i = 0; name && i < ARCHITECTURE_COUNT; i++) {
        if (strcmp(name, ARCHITECTURES[i].model_type) != 0) continue;
        const enum spt_status status = refuse_quantised(root, path, error);
        if (status) return status;
        /* Zeroed whole: equal configs are equal bytes, padding too. */
        struct spt_model_config parsed;
        memset(&parsed, 0, sizeof parsed);
        (void)snprintf(parsed.model_type, sizeof parsed.model_type, "%s", name);
        struct spt_model_keys keys = {.root = root, .path = path, .error = error};
        ARCHITECTURES[i].read(&keys, &parsed);
        if (!keys.status) memcpy(config, &parsed, sizeof parsed);
        return keys.status;
    }
    return fail_listing_known(type, path, error);
}

enum spt_status spt_model_config_parse(const char *bytes, size_t size, const char *path,
                                       struct spt_model_config *config, struct spt_error *error) {
    struct spt_json_document *document = NULL;
    enum spt_status status = spt_json_parse(bytes, size, path, 0, true, &document, error);
    if (status) return status;
    status = read_root(spt_json_root(document), path, config, error);
    spt_json_free(document);
    return status;
}

enum spt_status spt_model_config_read(const char *path, struct spt_model_config *config, struct spt_error *error) {
    char *bytes = NULL;
    size_t size = 0;
    enum spt_status status = spt_file_read_all(path, FILE_LIMIT, &bytes, &size, error);
    if (status) return status;
    status = spt_model_config_parse(bytes, size, path, config, error);
    free(bytes);
    return status;
}

enum { DIGEST_WORDS = 32 }; /* more than there are: a field added at the end leaves digests as they are while it is 0 */

static void fill_digest_words(const struct spt_model_config *config, uint64_t words[DIGEST_WORDS]) {
    size_t n = 0;
    words[n++] = config->layers;
    words[n++] = config->hidden;
    words[n++] = config->heads;
    words[n++] = config->head_dim;
    words[n++] = config->intermediate;
    words[n++] = config->vocabulary;
    words[n++] = config->positions;
    words[n++] = config->rotary_dim;
    memcpy(&words[n++], &config->rotary_base, sizeof *words);
    memcpy(&words[n++], &config->norm_epsilon, sizeof *words);
    words[n++] = (uint64_t)config->activation;
    words[n++] = config->parallel_residual;
    words[n++] = config->attention_bias;
    words[n++] = config->tied_embeddings;
}

struct spt_hash spt_model_config_digest(const struct spt_model_config *config) {
    unsigned char bytes[sizeof config->model_type + DIGEST_WORDS * sizeof(uint64_t)] = {0};
    memcpy(bytes, config->model_type, strlen(config->model_type));
    size_t used = sizeof config->model_type;
    uint64_t words[DIGEST_WORDS] = {0};
    fill_digest_words(config, words);
    for (size_t i = 0; i < DIGEST_WORDS; i++)
        for (unsigned shift = 0; shift < 64; shift += 8) bytes[used++] = (unsigned char)(words[i] >> shift);
    return spt_hash_of(bytes, used);
}

/* The words of the digest, by the names that HF's keys have today. */
static const char *const KEYS_OF_WORDS[] = {
    "num_hidden_layers",
    "hidden_size",
    "num_attention_heads",
    "head_dim",
    "intermediate_size",
    "vocab_size",
    "max_position_embeddings",
    "rotated dimensions of a head",
    "rope_theta",
    "layer_norm_eps",
    "hidden_act",
    "use_parallel_residual",
    "attention_bias",
    "tie_word_embeddings",
};

enum { WORD_COUNT = sizeof KEYS_OF_WORDS / sizeof *KEYS_OF_WORDS };

/* Which of the words are doubles, and which is the activation. */
static bool is_real_word(size_t i) {
    return i == 8 || i == 9;
}

enum { ACTIVATION_WORD = 10 };

/* With as few digits as read back to the same value. */
static void put_real(struct spt_text *text, double real) {
    char digits[32];
    for (int precision = 6; precision <= 17; precision++) {
        (void)snprintf(digits, sizeof digits, "%.*g", precision, real);
        if (strtod(digits, NULL) == real) break;
    }
    spt_text_put(text, digits);
}

static void put_word(struct spt_text *text, size_t i, uint64_t word) {
    static const char *const ACTIVATIONS[] = {
        [SPT_GELU_ERF] = "gelu", [SPT_GELU_TANH] = "gelu_new", [SPT_RELU] = "relu", [SPT_SILU] = "silu"};
    double real;
    memcpy(&real, &word, sizeof real);
    if (is_real_word(i))
        put_real(text, real);
    else if (i == ACTIVATION_WORD && word < sizeof ACTIVATIONS / sizeof *ACTIVATIONS)
        spt_text_put(text, ACTIVATIONS[word]);
    else
        spt_text_format(text, "%" PRIu64, word);
}

void spt_model_config_difference(const struct spt_model_config *config, const struct spt_model_config *expected,
                                 struct spt_text *text) {
    uint64_t words[DIGEST_WORDS] = {0}, others[DIGEST_WORDS] = {0};
    if (strcmp(config->model_type, expected->model_type) != 0) {
        spt_text_format(text, "model_type %s in place of %s", config->model_type, expected->model_type);
        return;
    }
    fill_digest_words(config, words);
    fill_digest_words(expected, others);
    for (size_t i = 0; i < WORD_COUNT; i++) {
        if (words[i] == others[i]) continue;
        spt_text_format(text, "%s ", KEYS_OF_WORDS[i]);
        put_word(text, i, words[i]);
        spt_text_put(text, " in place of ");
        put_word(text, i, others[i]);
        return;
    }
}

void spt_model_config_describe(const struct spt_model_config *config, struct spt_text *text) {
    uint64_t words[DIGEST_WORDS] = {0};
    fill_digest_words(config, words);
    spt_text_format(text, "model_type: %s\n", config->model_type);
    for (size_t i = 0; i < WORD_COUNT; i++) {
        spt_text_format(text, "%s: ", KEYS_OF_WORDS[i]);
        put_word(text, i, words[i]);
        spt_text_put(text, "\n");
    }
}
