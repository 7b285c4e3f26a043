#include "checkpoints/model_config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoints/base/text.h"
#include "checkpoints/base/tree.h"
#include "checkpoints/model_config/architectures.h"

/* A config.json takes a few KB; tables of labels have been seen to make one some MB. */
enum { FILE_LIMIT = 16 * 1024 * 1024 };

static const struct {
    const char *model_type;
    void (*read)(struct spt_model_keys *keys, struct spt_model_config *config);
} ARCHITECTURES[] = {
    {"gpt_neox", spt_model_config_gpt_neox},
    {"llama", spt_model_config_llama},
    {"mistral", spt_model_config_mistral},
    {"qwen2", spt_model_config_qwen2},
    {"qwen3", spt_model_config_qwen3},
    {"gemma", spt_model_config_gemma},
    {"phi", spt_model_config_phi},
    {"gpt2", spt_model_config_gpt2},
    {"olmo", spt_model_config_olmo},
    {"olmo2", spt_model_config_olmo2},
    {"bloom", spt_model_config_bloom},
    {"opt", spt_model_config_opt},
    {"bert", spt_model_config_bert},
    {"roberta", spt_model_config_roberta},
    {"xlm-roberta", spt_model_config_xlm_roberta},
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

/* Options of single layers, over those of the whole. */
static enum spt_status refuse_layer_options(const struct spt_json *root, const char *path, struct spt_error *error) {
    const struct spt_json *node = spt_json_get(root, "per_layer_config");
    const enum spt_json_kind kind = spt_json_kind(node);
    if (kind == SPT_JSON_ABSENT || kind == SPT_JSON_NULL) return SPT_OK;
    if (kind == SPT_JSON_OBJECT && !spt_json_count(node)) return SPT_OK;
    return spt_fail(error, SPT_UNSUPPORTED, path,
                    "per_layer_config is %s, expected null or {}: layers with options of their own are not known",
                    spt_json_kind_name(kind));
}

static enum spt_status read_root(const struct spt_json *root, const char *path, struct spt_model_config *config,
                                 struct spt_error *error) {
    if (spt_json_kind(root) != SPT_JSON_OBJECT)
        return spt_fail(error, SPT_INVALID, path, "is %s, expected an object", spt_json_kind_name(spt_json_kind(root)));
    const struct spt_json *type = spt_json_get(root, "model_type");
    const char *name = spt_json_string(type, NULL);
    for (size_t i = 0; name && i < ARCHITECTURE_COUNT; i++) {
        if (strcmp(name, ARCHITECTURES[i].model_type) != 0) continue;
        enum spt_status status = refuse_quantised(root, path, error);
        if (!status) status = refuse_layer_options(root, path, error);
        if (status) return status;
        /* Zeroed whole: equal configs are equal bytes, padding too. */
        struct spt_model_config parsed;
        memset(&parsed, 0, sizeof parsed);
        (void)snprintf(parsed.model_type, sizeof parsed.model_type, "%s", name);
        struct spt_model_keys keys = {.root = root, .path = path, .error = error};
        ARCHITECTURES[i].read(&keys, &parsed);
        /* transformers 5 lets the tokens of such a decoder see ahead. */
        if (!parsed.bidirectional && !spt_model_keys_bool_or(&keys, "is_causal", true))
            keys.status = spt_fail(error, SPT_UNSUPPORTED, path, "is_causal is false, known is: true");
        if (!parsed.kv_heads) parsed.kv_heads = parsed.heads;
        if (!parsed.embedding_dim) parsed.embedding_dim = parsed.hidden;
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
    return spt_model_config_read_in(NULL, path, config, error);
}

enum spt_status spt_model_config_read_in(struct spt_tree *tree, const char *path, struct spt_model_config *config,
                                         struct spt_error *error) {
    char *bytes = NULL;
    size_t size = 0;
    enum spt_status status = spt_tree_read_all(tree, path, FILE_LIMIT, &bytes, &size, error);
    if (status) return status;
    status = spt_model_config_parse(bytes, size, path, config, error);
    free(bytes);
    return status;
}

bool spt_model_config_windowed(const struct spt_model_config *config, size_t layer) {
    return config->window && (config->windowed[layer / 8] >> layer % 8 & 1);
}
