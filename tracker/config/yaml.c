/* A config file: libyaml's events first, to refuse what could make the document larger than its text, then libyaml's
 * document, whose nodes know their line and column. */
#include "tracker/config/internal.h"

#include "checkpoints/base/file.h"
#include "checkpoints/base/memory.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

enum { SIZE_MAX_BYTES = 1 << 20, DEPTH_MAX = 16, NODES_MAX = 100000 };

/* What is being read into what. */
struct reading {
    struct spt_config *config;
    const char *path;
    yaml_document_t document;
};

static struct spt_config_place place_at(const char *path, yaml_mark_t mark) {
    return (struct spt_config_place){.path = path, .line = mark.line + 1, .column = mark.column + 1};
}

static struct spt_config_place place_of(const struct reading *reading, const yaml_node_t *node) {
    return place_at(reading->path, node->start_mark);
}

static enum spt_status fail_yaml(const yaml_parser_t *parser, const char *path, struct spt_error *error) {
    if (parser->error == YAML_MEMORY_ERROR || parser->error == YAML_NO_ERROR) /* a list it could not grow has none */
        return spt_fail_memory(error, 1, "a YAML document");
    const char *problem = parser->problem ? parser->problem : "not YAML";
    if (parser->error == YAML_READER_ERROR)
        return spt_fail_at(error, SPT_INVALID, path, parser->problem_offset, "byte %zu: %s", parser->problem_offset,
                           problem);
    const struct spt_config_place place = place_at(path, parser->problem_mark);
    return spt_config_fail(&place, NULL, error, "%s%s%s", parser->context ? parser->context : "",
                           parser->context ? ": " : "", problem);
}

/* --- the first pass --- */
struct census {
    size_t documents, nodes, depth;
};

static const char *refusal(const yaml_event_t *event, struct census *census) {
    const yaml_char_t *anchor = NULL, *tag = NULL;
    switch (event->type) {
    case YAML_ALIAS_EVENT:
        return "aliases (*name) are not read here";
    case YAML_SCALAR_EVENT:
        anchor = event->data.scalar.anchor;
        tag = event->data.scalar.tag;
        break;
    case YAML_SEQUENCE_START_EVENT:
        anchor = event->data.sequence_start.anchor;
        tag = event->data.sequence_start.tag;
        census->depth++;
        break;
    case YAML_MAPPING_START_EVENT:
        anchor = event->data.mapping_start.anchor;
        tag = event->data.mapping_start.tag;
        census->depth++;
        break;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        census->depth--;
        return NULL;
    case YAML_DOCUMENT_START_EVENT:
        return census->documents++ ? "a second document begins, a config is one" : NULL;
    default:
        return NULL;
    }
    if (anchor) return "anchors (&name) are not read here";
    if (tag) return "tags (!name) are not read here";
    if (census->depth > DEPTH_MAX) return "lists and keys are nested more than 16 deep";
    return ++census->nodes > NODES_MAX ? "there are more than 100000 values" : NULL;
}

static enum spt_status inspect(yaml_parser_t *parser, const char *path, struct spt_error *error) {
    struct census census = {0};
    for (bool end = false; !end;) {
        yaml_event_t event;
        if (!yaml_parser_parse(parser, &event)) return fail_yaml(parser, path, error);
        const char *refused = refusal(&event, &census);
        const struct spt_config_place place = place_at(path, event.start_mark);
        end = event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
        if (refused) return spt_config_fail(&place, NULL, error, "%s", refused);
    }
    return SPT_OK;
}

/* --- nodes --- */
static bool is_nothing(const yaml_node_t *node) {
    if (node->type != YAML_SCALAR_NODE || node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE) return false;
    const char *text = (const char *)node->data.scalar.value;
    return !*text || strcmp(text, "~") == 0 || strcmp(text, "null") == 0;
}

static const char *kind_name(const yaml_node_t *node) {
    if (is_nothing(node)) return "nothing";
    if (node->type == YAML_SEQUENCE_NODE) return "a list";
    return node->type == YAML_MAPPING_NODE ? "keys and values" : "a text";
}

/* The text of a scalar. A value that is left out is nothing: "" for "key:", "key: ~" and "key: null". */
static enum spt_status scalar_text(const struct reading *reading, const yaml_node_t *node, const char **text,
                                   struct spt_error *error) {
    const struct spt_config_place place = place_of(reading, node);
    if (node->type != YAML_SCALAR_NODE)
        return spt_config_fail(&place, NULL, error, "found %s, expected a text", kind_name(node));
    *text = (const char *)node->data.scalar.value; /* libyaml ends it with a NUL */
    if (strlen(*text) != node->data.scalar.length) return spt_config_fail(&place, NULL, error, "the text holds a NUL");
    if (is_nothing(node)) *text = "";
    return SPT_OK;
}

static yaml_node_t *node_at(struct reading *reading, int index) {
    return yaml_document_get_node(&reading->document, index);
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

static enum spt_status read_pairs(struct reading *reading, struct mapping *mapping, const yaml_node_t *node,
                                  struct spt_error *error);

/* A section holds no section, and no field is a list of mappings: read_pairs goes three levels deep at most. */
static enum spt_status read_section(struct reading *reading, const char *section, const yaml_node_t *node,
                                    struct spt_error *error) {
    const struct spt_config_place place = place_of(reading, node);
    struct spt_config_level level = spt_config_top();
    level.section = section;
    if (node->type != YAML_MAPPING_NODE)
        return spt_config_fail(&place, section, error, "found %s, expected keys and values", kind_name(node));
    struct mapping mapping;
    mapping_init(&mapping, level, reading->config, true);
    return read_pairs(reading, &mapping, node, error);
}

static enum spt_status read_list_item(struct reading *reading, const struct spt_config_key *key,
                                      const yaml_node_t *node, void *items, size_t i, struct spt_error *error) {
    const struct spt_config_shape *shape = key->shape;
    const struct spt_config_place place = place_of(reading, node);
    if (node->type != YAML_MAPPING_NODE) return spt_config_mismatch(&place, key, kind_name(node), error);
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
static enum spt_status read_items(struct reading *reading, const struct spt_config_key *key, const yaml_node_t *node,
                                  struct spt_error *error) {
    const struct spt_config_place place = place_of(reading, node);
    if (node->type != YAML_SEQUENCE_NODE) return spt_config_mismatch(&place, key, kind_name(node), error);
    const yaml_node_item_t *first = node->data.sequence.items.start;
    const size_t count = (size_t)(node->data.sequence.items.top - first);
    void *items;
    enum spt_status status = spt_config_list_make(reading->config, key, count, &items, error);
    for (size_t i = 0; i < count && status == SPT_OK; i++)
        status = read_list_item(reading, key, node_at(reading, first[i]), items, i, error);
    return status;
}

/* A list of texts. */
static enum spt_status read_texts(struct reading *reading, void *base, const struct spt_config_key *key,
                                  const yaml_node_t *node, struct spt_error *error) {
    enum spt_status status = SPT_OK;
    spt_config_clear(base, key);
    const yaml_node_item_t *item = node->data.sequence.items.start;
    for (; item < node->data.sequence.items.top && status == SPT_OK; item++) {
        const yaml_node_t *value = node_at(reading, *item);
        const struct spt_config_place place = place_of(reading, value);
        const char *text;
        if (value->type != YAML_SCALAR_NODE) return spt_config_mismatch(&place, key, kind_name(value), error);
        status = scalar_text(reading, value, &text, error);
        if (status == SPT_OK) status = spt_config_put(base, key, text, &place, error);
    }
    return status;
}

static enum spt_status read_value(struct reading *reading, const struct mapping *mapping,
                                  const struct spt_config_key *key, const yaml_node_t *node, struct spt_error *error) {
    const struct spt_config_place place = place_of(reading, node);
    enum spt_status status;
    const char *text;
    if (key->type == SPT_CONFIG_LIST) {
        status = read_items(reading, key, node, error);
    } else if (node->type == YAML_SEQUENCE_NODE && spt_config_is_list(key)) {
        status = read_texts(reading, mapping->base, key, node, error);
    } else if (node->type != YAML_SCALAR_NODE) {
        status = spt_config_mismatch(&place, key, kind_name(node), error);
    } else {
        status = scalar_text(reading, node, &text, error);
        if (status == SPT_OK) status = spt_config_put_whole(mapping->base, key, text, &place, error);
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
static enum spt_status find_word(struct reading *reading, struct mapping *mapping, const yaml_node_t *node,
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

static enum spt_status read_pairs(struct reading *reading, struct mapping *mapping, const yaml_node_t *node,
                                  struct spt_error *error) {
    enum spt_status status = SPT_OK;
    const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
    for (; pair < node->data.mapping.pairs.top && status == SPT_OK; pair++) {
        const struct spt_config_word *word = NULL;
        status = find_word(reading, mapping, node_at(reading, pair->key), &word, error);
        if (status != SPT_OK) return status;
        const yaml_node_t *value = node_at(reading, pair->value);
        status = word->key ? read_value(reading, mapping, word->key, value, error)
                           : read_section(reading, word->word, value, error);
    }
    return status;
}

static enum spt_status read_root(struct reading *reading, struct spt_error *error) {
    const yaml_node_t *root = yaml_document_get_root_node(&reading->document);
    if (!root) return SPT_OK; /* comments only: all defaults */
    const struct spt_config_place place = place_of(reading, root);
    if (root->type != YAML_MAPPING_NODE)
        return spt_config_fail(&place, NULL, error, "found %s, expected keys and values such as \"samples: 100\"",
                               kind_name(root));
    struct mapping mapping;
    mapping_init(&mapping, spt_config_top(), reading->config, true);
    return read_pairs(reading, &mapping, root, error);
}

static enum spt_status parser_over(yaml_parser_t *parser, const char *bytes, size_t size, struct spt_error *error) {
    if (!yaml_parser_initialize(parser)) return spt_fail_memory(error, sizeof *parser, "a YAML parser");
    yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(parser, (const unsigned char *)bytes, size);
    return SPT_OK;
}

static enum spt_status load(struct reading *reading, const char *bytes, size_t size, struct spt_error *error) {
    yaml_parser_t parser;
    enum spt_status status = parser_over(&parser, bytes, size, error);
    if (status != SPT_OK) return status;
    status = inspect(&parser, reading->path, error);
    yaml_parser_delete(&parser);
    if (status == SPT_OK) status = parser_over(&parser, bytes, size, error);
    if (status != SPT_OK) return status;
    if (!yaml_parser_load(&parser, &reading->document)) {
        status = fail_yaml(&parser, reading->path, error);
    } else {
        status = read_root(reading, error);
        yaml_document_delete(&reading->document);
    }
    yaml_parser_delete(&parser);
    return status;
}

enum spt_status spt_config_parse(struct spt_config *config, const char *bytes, size_t size, const char *path,
                                 struct spt_error *error) {
    if (size > SIZE_MAX_BYTES)
        return spt_fail(error, SPT_UNSUPPORTED, path, "the config is %zu bytes long, at most %d are read", size,
                        SIZE_MAX_BYTES);
    struct reading reading = {.config = config, .path = path};
    const size_t bom = size >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0 ? 3 : 0; /* as some editors write */
    free(config->file);
    config->file = spt_strdup(path);
    return config->file ? load(&reading, bytes + bom, size - bom, error)
                        : spt_fail_memory(error, strlen(path), "a path");
}

enum spt_status spt_config_read(struct spt_config *config, const char *path, struct spt_error *error) {
    char *bytes = NULL;
    size_t size = 0;
    enum spt_status status = spt_file_read_all(path, SIZE_MAX_BYTES, &bytes, &size, error);
    if (status != SPT_OK) return status;
    status = spt_config_parse(config, bytes, size, path, error);
    free(bytes);
    return status;
}
