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
    size_t seen[SPT_CONFIG_NAMES_MAX]; /* line of each key of the table; 0: not there yet */
};

static struct spt_config_place place_at(const char *path, yaml_mark_t mark) {
    return (struct spt_config_place){.path = path, .line = mark.line + 1, .column = mark.column + 1};
}

static struct spt_config_place place_of(const struct reading *reading, const yaml_node_t *node) {
    return place_at(reading->path, node->start_mark);
}

static enum spt_status fail_yaml(const yaml_parser_t *parser, const char *path, struct spt_error *error) {
    if (parser->error == YAML_MEMORY_ERROR) return spt_fail_memory(error, 1, "a YAML document");
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

static enum spt_status unknown_key(const struct spt_config_place *place, const char *section, const char *word,
                                   const char *const *names, size_t count, struct spt_error *error) {
    struct spt_text hint = {0};
    spt_config_hint(word, names, count, &hint);
    const enum spt_status status =
        hint.failed ? spt_fail_memory(error, 1, "a message")
                    : spt_config_fail(place, section, error, "unknown key \"%s\"%s", word, hint.data);
    spt_text_release(&hint);
    return status;
}

/* --- series --- */
static const struct {
    const char *name;
    size_t offset;
} SERIES[] = {
    {"file", offsetof(struct spt_config_series, file)},
    {"step", offsetof(struct spt_config_series, step)},
    {"value", offsetof(struct spt_config_series, value)},
    {"label", offsetof(struct spt_config_series, label)},
};

enum { SERIES_FIELDS = sizeof SERIES / sizeof *SERIES };

static char **series_field(struct spt_config_series *series, size_t i) {
    return (char **)((char *)series + SERIES[i].offset);
}

static enum spt_status read_series_pair(struct reading *reading, const yaml_node_pair_t *pair,
                                        struct spt_config_series *series, struct spt_error *error) {
    const yaml_node_t *key = node_at(reading, pair->key), *value = node_at(reading, pair->value);
    const struct spt_config_place place = place_of(reading, key), value_place = place_of(reading, value);
    const char *names[SERIES_FIELDS], *name, *text;
    for (size_t i = 0; i < SERIES_FIELDS; i++) names[i] = SERIES[i].name;
    enum spt_status status = scalar_text(reading, key, &name, error);
    if (status == SPT_OK) status = scalar_text(reading, value, &text, error);
    if (status != SPT_OK) return status;
    size_t i = 0;
    while (i < SERIES_FIELDS && strcmp(names[i], name) != 0) i++;
    if (i == SERIES_FIELDS) return unknown_key(&place, "series", name, names, SERIES_FIELDS, error);
    if (*series_field(series, i)) return spt_config_fail(&place, "series", error, "\"%s\" is given twice", name);
    if (!*text)
        return spt_config_fail(&value_place, "series", error, "found nothing, expected a %s for \"%s\"",
                               i ? "name" : "path", name);
    *series_field(series, i) = i ? spt_strdup(text) : spt_config_locate(text, &place);
    return *series_field(series, i) ? SPT_OK : spt_fail_memory(error, strlen(text), "a text");
}

static enum spt_status complete_series(struct spt_config_series *series, const struct spt_config_place *place,
                                       struct spt_error *error) {
    if (!series->file)
        return spt_config_fail(place, "series", error, "\"file\" is missing: the JSONL or CSV file to read");
    if (!series->value)
        return spt_config_fail(place, "series", error, "\"value\" is missing: the name of the column to read");
    if (!series->step) series->step = spt_strdup("step");
    if (!series->label) series->label = spt_strdup(series->value);
    return series->step && series->label ? SPT_OK : spt_fail_memory(error, 1, "a series");
}

static enum spt_status read_series_item(struct reading *reading, const struct spt_config_key *key,
                                        const yaml_node_t *node, struct spt_config_series *series,
                                        struct spt_error *error) {
    const struct spt_config_place place = place_of(reading, node);
    if (node->type != YAML_MAPPING_NODE) return spt_config_mismatch(&place, key, kind_name(node), error);
    enum spt_status status = SPT_OK;
    const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
    for (; pair < node->data.mapping.pairs.top && status == SPT_OK; pair++)
        status = read_series_pair(reading, pair, series, error);
    return status == SPT_OK ? complete_series(series, &place, error) : status;
}

static enum spt_status read_series(struct reading *reading, const struct spt_config_key *key, const yaml_node_t *node,
                                   struct spt_error *error) {
    const struct spt_config_place place = place_of(reading, node);
    if (node->type != YAML_SEQUENCE_NODE) return spt_config_mismatch(&place, key, kind_name(node), error);
    spt_config_clear(reading->config, key);
    const yaml_node_item_t *first = node->data.sequence.items.start;
    const size_t count = (size_t)(node->data.sequence.items.top - first);
    struct spt_config_series *items = spt_alloc_zeroed(count, sizeof *items);
    if (!items) return spt_fail_memory(error, count, "the list of series");
    reading->config->series = (struct spt_config_series_list){items, count};
    enum spt_status status = SPT_OK;
    for (size_t i = 0; i < count && status == SPT_OK; i++)
        status = read_series_item(reading, key, node_at(reading, first[i]), &items[i], error);
    return status;
}

/* --- keys --- */
static enum spt_status read_list(struct reading *reading, const struct spt_config_key *key, const yaml_node_t *node,
                                 struct spt_error *error) {
    enum spt_status status = SPT_OK;
    spt_config_clear(reading->config, key);
    const yaml_node_item_t *item = node->data.sequence.items.start;
    for (; item < node->data.sequence.items.top && status == SPT_OK; item++) {
        const yaml_node_t *value = node_at(reading, *item);
        const struct spt_config_place place = place_of(reading, value);
        const char *text;
        if (value->type != YAML_SCALAR_NODE) return spt_config_mismatch(&place, key, kind_name(value), error);
        status = scalar_text(reading, value, &text, error);
        if (status == SPT_OK) status = spt_config_put(reading->config, key, text, &place, error);
    }
    return status;
}

static enum spt_status read_value(struct reading *reading, const struct spt_config_key *key, const yaml_node_t *node,
                                  struct spt_error *error) {
    const struct spt_config_place place = place_of(reading, node);
    enum spt_status status;
    const char *text;
    if (key->type == SPT_CONFIG_SERIES) {
        status = read_series(reading, key, node, error);
    } else if (node->type == YAML_SEQUENCE_NODE && spt_config_is_list(key)) {
        status = read_list(reading, key, node, error);
    } else if (node->type != YAML_SCALAR_NODE) {
        status = spt_config_mismatch(&place, key, kind_name(node), error);
    } else {
        status = scalar_text(reading, node, &text, error);
        if (status == SPT_OK) status = spt_config_put_whole(reading->config, key, text, &place, error);
    }
    return status == SPT_OK ? spt_config_note_origin(reading->config, key, &place, error) : status;
}

/* Which key a name means: *key, or NULL for the section. Refuses names that are unknown or there already. */
static enum spt_status find_key(struct reading *reading, bool section, const yaml_node_t *node,
                                const struct spt_config_key **key, struct spt_error *error) {
    const struct spt_config_place place = place_of(reading, node);
    const char *names[SPT_CONFIG_NAMES_MAX], *word;
    enum spt_status status = scalar_text(reading, node, &word, error);
    if (status != SPT_OK) return status;
    const size_t count = spt_config_level(section, names);
    size_t i = 0;
    while (i < count && strcmp(names[i], word) != 0) i++;
    if (i == count) return unknown_key(&place, section ? SPT_CONFIG_SECTION : NULL, word, names, count, error);
    struct spt_text name = {0};
    spt_text_format(&name, "%s%s", section ? SPT_CONFIG_SECTION "." : "", word);
    if (name.failed) return spt_fail_memory(error, 1, "a key");
    size_t keys;
    *key = spt_config_key_find(name.data);
    size_t *seen = &reading->seen[*key ? (size_t)(*key - spt_config_keys(&keys)) : SPT_CONFIG_NAMES_MAX - 1];
    if (*seen) status = spt_config_fail(&place, name.data, error, "given twice, first in line %zu", *seen);
    *seen = place.line;
    spt_text_release(&name);
    return status;
}

static enum spt_status read_pairs(struct reading *reading, bool section, const yaml_node_t *mapping,
                                  struct spt_error *error) {
    enum spt_status status = SPT_OK;
    const yaml_node_pair_t *pair = mapping->data.mapping.pairs.start;
    for (; pair < mapping->data.mapping.pairs.top && status == SPT_OK; pair++) {
        const yaml_node_t *value = node_at(reading, pair->value);
        const struct spt_config_key *key = NULL;
        status = find_key(reading, section, node_at(reading, pair->key), &key, error);
        if (status != SPT_OK) return status;
        const struct spt_config_place place = place_of(reading, value);
        if (key) {
            status = read_value(reading, key, value, error);
        } else if (value->type == YAML_MAPPING_NODE) {
            status = read_pairs(reading, true, value, error); /* a section holds no section: one level deep */
        } else {
            status = spt_config_fail(&place, SPT_CONFIG_SECTION, error, "found %s, expected keys and values",
                                     kind_name(value));
        }
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
    return read_pairs(reading, false, root, error);
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
