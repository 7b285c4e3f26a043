/* A config file: the nodes of its YAML, which know their line and column, into the fields of the config. */
#include "tracker/config/internal.h"

#include "checkpoints/base/file.h"
#include "checkpoints/base/memory.h"
#include "checkpoints/base/yaml.h"

#include <stdlib.h>
#include <string.h>

/* What is being read into what. */
struct reading {
    struct spt_config *config;
    const char *path;
};

static struct spt_config_place place_of(const struct reading *reading, const struct spt_yaml *node) {
    return (struct spt_config_place){
        .path = reading->path, .line = spt_yaml_line(node), .column = spt_yaml_column(node)};
}

/* The text of a scalar. A value that is left out is nothing: "" for "key:", "key: ~" and "key: null". */
static enum spt_status scalar_text(const struct reading *reading, const struct spt_yaml *node, const char **text,
                                   struct spt_error *error) {
    const struct spt_config_place place = place_of(reading, node);
    *text = spt_yaml_text(node);
    if (*text) return SPT_OK;
    return spt_config_fail(&place, NULL, error, "found %s, expected a text", spt_yaml_kind_name(node));
}

/* --- keys --- */
/* A mapping that is read: which keys it may hold, and what their offsets are from. */
struct mapping {
    struct spt_config_level level;
    void *base;
    bool top; /* base is the config: where its keys stand is noted */
    struct spt_config_word words[SPT_CONFIG_NAMES_MAX];
    size_t count;
    size_t seen[SPT_CONFIG_NAMES_MAX]; /* line of each word; 0: not there yet */
};

static void mapping_init(struct mapping *mapping, struct spt_config_level level, void *base, bool top) {
    *mapping = (struct mapping){.level = level, .base = base, .top = top};
    mapping->count = spt_config_words(&mapping->level, mapping->words);
}

static enum spt_status read_pairs(struct reading *reading, struct mapping *mapping, const struct spt_yaml *node,
                                  struct spt_error *error);

/* A section holds no section, and no field is a list of mappings: read_pairs goes three levels deep at most. */
static enum spt_status read_section(struct reading *reading, const char *section, const struct spt_yaml *node,
                                    struct spt_error *error) {
    const struct spt_config_place place = place_of(reading, node);
    struct spt_config_level level = spt_config_top();
    level.section = section;
    if (spt_yaml_kind(node) != SPT_YAML_KEYS)
        return spt_config_fail(&place, section, error, "found %s, expected keys and values", spt_yaml_kind_name(node));
    struct mapping mapping;
    mapping_init(&mapping, level, reading->config, true);
    return read_pairs(reading, &mapping, node, error);
}

static enum spt_status read_list_item(struct reading *reading, const struct spt_config_key *key,
                                      const struct spt_yaml *node, void *items, size_t i, struct spt_error *error) {
    const struct spt_config_shape *shape = key->shape;
    const struct spt_config_place place = place_of(reading, node);
    if (spt_yaml_kind(node) != SPT_YAML_KEYS) return spt_config_mismatch(&place, key, spt_yaml_kind_name(node), error);
    struct mapping mapping;
    mapping_init(&mapping, (struct spt_config_level){shape->fields, shape->count, shape->section},
                 (char *)items + i * shape->size, false);
    const enum spt_status status = read_pairs(reading, &mapping, node, error);
    if (status != SPT_OK) return status;
    bool given[SPT_CONFIG_NAMES_MAX]; /* words of a shape are its fields, in their order */
    for (size_t k = 0; k < mapping.count; k++) given[k] = mapping.seen[k] != 0;
    return shape->complete(items, i, given, &place, error);
}

/* A list of mappings. */
static enum spt_status read_items(struct reading *reading, const struct spt_config_key *key,
                                  const struct spt_yaml *node, struct spt_error *error) {
    const struct spt_config_place place = place_of(reading, node);
    if (spt_yaml_kind(node) != SPT_YAML_LIST) return spt_config_mismatch(&place, key, spt_yaml_kind_name(node), error);
    const size_t count = spt_yaml_count(node);
    void *items;
    enum spt_status status = spt_config_list_make(reading->config, key, count, &items, error);
    const struct spt_yaml *item = spt_yaml_first(node);
    for (size_t i = 0; i < count && status == SPT_OK; i++, item = spt_yaml_next(item))
        status = read_list_item(reading, key, item, items, i, error);
    return status;
}

/* A list of texts. */
static enum spt_status read_texts(struct reading *reading, void *base, const struct spt_config_key *key,
                                  const struct spt_yaml *node, struct spt_error *error) {
    enum spt_status status = SPT_OK;
    spt_config_clear(base, key);
    const struct spt_yaml *item = spt_yaml_first(node);
    for (; item && status == SPT_OK; item = spt_yaml_next(item)) {
        const struct spt_config_place place = place_of(reading, item);
        const char *text = spt_yaml_text(item);
        if (!text) return spt_config_mismatch(&place, key, spt_yaml_kind_name(item), error);
        status = spt_config_put(base, key, text, &place, error);
    }
    return status;
}

static enum spt_status read_value(struct reading *reading, const struct mapping *mapping,
                                  const struct spt_config_key *key, const struct spt_yaml *node,
                                  struct spt_error *error) {
    const struct spt_config_place place = place_of(reading, node);
    const char *text = spt_yaml_text(node);
    enum spt_status status;
    if (key->type == SPT_CONFIG_LIST) {
        status = read_items(reading, key, node, error);
    } else if (spt_yaml_kind(node) == SPT_YAML_LIST && spt_config_is_list(key)) {
        status = read_texts(reading, mapping->base, key, node, error);
    } else if (!text) {
        status = spt_config_mismatch(&place, key, spt_yaml_kind_name(node), error);
    } else {
        status = spt_config_put_whole(mapping->base, key, text, &place, error);
    }
    if (status != SPT_OK || !mapping->top) return status;
    return spt_config_note_origin(reading->config, key, &place, error);
}

static enum spt_status unknown_word(const struct mapping *mapping, const struct spt_config_place *place,
                                    const char *word, struct spt_error *error) {
    const char *names[SPT_CONFIG_NAMES_MAX];
    for (size_t i = 0; i < mapping->count; i++) names[i] = mapping->words[i].word;
    struct spt_text hint = {0};
    spt_config_hint(word, names, mapping->count, &hint);
    const enum spt_status status =
        hint.failed ? spt_fail_memory(error, 1, "a message")
                    : spt_config_fail(place, mapping->level.section, error, "unknown key \"%s\"%s", word, hint.data);
    spt_text_release(&hint);
    return status;
}

/* Which word of the mapping a node is. Refuses what is unknown or there already. */
static enum spt_status find_word(struct reading *reading, struct mapping *mapping, const struct spt_yaml *node,
                                 const struct spt_config_word **word, struct spt_error *error) {
    const struct spt_config_place place = place_of(reading, node);
    const char *text;
    const enum spt_status status = scalar_text(reading, node, &text, error);
    if (status != SPT_OK) return status;
    size_t i = 0;
    while (i < mapping->count && strcmp(mapping->words[i].word, text) != 0) i++;
    if (i == mapping->count) return unknown_word(mapping, &place, text, error);
    *word = &mapping->words[i];
    if (mapping->seen[i])
        return spt_config_fail(&place, (*word)->key ? (*word)->key->name : (*word)->word, error,
                               "given twice, first in line %zu", mapping->seen[i]);
    mapping->seen[i] = place.line;
    return SPT_OK;
}

static enum spt_status read_pairs(struct reading *reading, struct mapping *mapping, const struct spt_yaml *node,
                                  struct spt_error *error) {
    enum spt_status status = SPT_OK;
    const struct spt_yaml *key = spt_yaml_first(node);
    for (; key && status == SPT_OK; key = spt_yaml_next(key)) {
        const struct spt_config_word *word = NULL;
        status = find_word(reading, mapping, key, &word, error);
        if (status != SPT_OK) return status;
        const struct spt_yaml *value = spt_yaml_value(key);
        status = word->key ? read_value(reading, mapping, word->key, value, error)
                           : read_section(reading, word->word, value, error);
    }
    return status;
}

static enum spt_status read_root(struct reading *reading, const struct spt_yaml *root, struct spt_error *error) {
    if (!root) return SPT_OK; /* comments only: all defaults */
    const struct spt_config_place place = place_of(reading, root);
    if (spt_yaml_kind(root) != SPT_YAML_KEYS)
        return spt_config_fail(&place, NULL, error, "found %s, expected keys and values such as \"samples: 100\"",
                               spt_yaml_kind_name(root));
    struct mapping mapping;
    mapping_init(&mapping, spt_config_top(), reading->config, true);
    return read_pairs(reading, &mapping, root, error);
}

enum spt_status spt_config_parse(struct spt_config *config, const char *bytes, size_t size, const char *path,
                                 struct spt_error *error) {
    struct spt_yaml_document *document = NULL;
    struct reading reading = {.config = config, .path = path};
    char *file = spt_strdup(path);
    if (!file) return spt_fail_memory(error, strlen(path), "a path");
    enum spt_status status = spt_yaml_parse(bytes, size, path, &document, error);
    free(config->file);
    config->file = file;
    if (status == SPT_OK) status = read_root(&reading, spt_yaml_root(document), error);
    spt_yaml_free(document);
    return status;
}

enum spt_status spt_config_read(struct spt_config *config, const char *path, struct spt_error *error) {
    char *bytes = NULL;
    size_t size = 0;
    enum spt_status status = spt_file_read_all(path, SPT_YAML_SIZE_MAX, &bytes, &size, error);
    if (status != SPT_OK) return status;
    status = spt_config_parse(config, bytes, size, path, error);
    free(bytes);
    return status;
}
