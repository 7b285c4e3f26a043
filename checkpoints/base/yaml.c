#include "checkpoints/base/yaml.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "checkpoints/base/memory.h"

enum { DEPTH_MAX = 16, NODES_MAX = 100000, TAGS_MAX = 16 };

struct spt_yaml {
    enum spt_yaml_kind kind;
    bool quoted;
    size_t line, column;
    const char *text;
    size_t count;
    struct spt_yaml *first; /* item or key */
    struct spt_yaml *next;  /* item or key */
    struct spt_yaml *value; /* of a key */
};

struct spt_yaml_document {
    struct spt_arena nodes;
    struct spt_yaml *root;
};

/* A list, or keys and values, whose end has not been read. */
struct frame {
    struct spt_yaml *node, *last; /* last item or key; NULL: none yet */
    bool wants_value;             /* last is a key, and its value comes next */
};

struct builder {
    struct spt_yaml_document *document;
    const char *path;
    struct frame frames[DEPTH_MAX];
    size_t depth, documents, nodes;
};

static enum spt_status fail_at(const char *path, yaml_mark_t mark, const char *message, struct spt_error *error) {
    return spt_fail(error, SPT_INVALID, path, "line %zu, column %zu: %s", mark.line + 1, mark.column + 1, message);
}

static enum spt_status fail_yaml(const yaml_parser_t *parser, const char *path, struct spt_error *error) {
    if (parser->error == YAML_MEMORY_ERROR || parser->error == YAML_NO_ERROR) /* a list it could not grow has none */
        return spt_fail_memory(error, 1, "a YAML document");
    const char *problem = parser->problem ? parser->problem : "not YAML";
    if (parser->error == YAML_READER_ERROR)
        return spt_fail_at(error, SPT_INVALID, path, parser->problem_offset, "byte %zu: %s", parser->problem_offset,
                           problem);
    return spt_fail(error, SPT_INVALID, path, "line %zu, column %zu: %s%s%s", parser->problem_mark.line + 1,
                    parser->problem_mark.column + 1, parser->context ? parser->context : "",
                    parser->context ? ": " : "", problem);
}

/* --- from events to nodes --- */

static bool is_nothing(const yaml_event_t *event) {
    if (event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE) return false;
    const char *text = (const char *)event->data.scalar.value;
    return !*text || strcmp(text, "~") == 0 || strcmp(text, "null") == 0;
}

/* The node that event begins, put where it belongs; NULL: out of memory. */
static struct spt_yaml *add_node(struct builder *b, const yaml_event_t *event) {
    struct spt_arena *arena = &b->document->nodes;
    struct spt_yaml *node = spt_arena_alloc(arena, 1, sizeof *node);
    if (!node) return NULL;
    *node = (struct spt_yaml){.line = event->start_mark.line + 1, .column = event->start_mark.column + 1};
    if (event->type == YAML_SCALAR_EVENT) {
        const bool nothing = is_nothing(event);
        node->kind = nothing ? SPT_YAML_NOTHING : SPT_YAML_TEXT;
        node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
        node->text =
            nothing ? "" : spt_arena_copy(arena, (const char *)event->data.scalar.value, event->data.scalar.length);
        if (!node->text) return NULL;
    } else {
        node->kind = event->type == YAML_SEQUENCE_START_EVENT ? SPT_YAML_LIST : SPT_YAML_KEYS;
    }
    struct frame *top = b->depth ? &b->frames[b->depth - 1] : NULL;
    if (!top) {
        b->document->root = node;
    } else if (top->wants_value) {
        top->last->value = node;
        top->wants_value = false;
    } else {
        *(top->last ? &top->last->next : &top->node->first) = node;
        top->last = node;
        top->node->count++;
        top->wants_value = top->node->kind == SPT_YAML_KEYS;
    }
    return node;
}

/* What is not read of an event that begins a value; NULL: nothing. */
static const char *refusal(const struct builder *b, const yaml_event_t *event, const yaml_char_t *anchor,
                           const yaml_char_t *tag) {
    const bool scalar = event->type == YAML_SCALAR_EVENT;
    if (anchor) return "anchors (&name) are not read here";
    if (tag) return "tags (!name) are not read here";
    if (!scalar && b->depth == DEPTH_MAX) return "lists and keys are nested more than 16 deep";
    if (b->nodes == NODES_MAX) return "there are more than 100000 values";
    if (scalar && strlen((const char *)event->data.scalar.value) != event->data.scalar.length)
        return "the text holds a NUL";
    return NULL;
}

static enum spt_status take_value(struct builder *b, const yaml_event_t *event, const yaml_char_t *anchor,
                                  const yaml_char_t *tag, struct spt_error *error) {
    const char *refused = refusal(b, event, anchor, tag);
    if (refused) return fail_at(b->path, event->start_mark, refused, error);
    struct spt_yaml *node = add_node(b, event);
    if (!node) return spt_fail_memory(error, sizeof *node, "a YAML document");
    b->nodes++;
    if (event->type != YAML_SCALAR_EVENT) b->frames[b->depth++] = (struct frame){.node = node};
    return SPT_OK;
}

static enum spt_status take(struct builder *b, const yaml_event_t *event, struct spt_error *error) {
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (!b->documents++) return SPT_OK;
        return fail_at(b->path, event->start_mark, "a second document begins, a config is one", error);
    case YAML_ALIAS_EVENT:
        return fail_at(b->path, event->start_mark, "aliases (*name) are not read here", error);
    case YAML_SCALAR_EVENT:
        return take_value(b, event, event->data.scalar.anchor, event->data.scalar.tag, error);
    case YAML_SEQUENCE_START_EVENT:
        return take_value(b, event, event->data.sequence_start.anchor, event->data.sequence_start.tag, error);
    case YAML_MAPPING_START_EVENT:
        return take_value(b, event, event->data.mapping_start.anchor, event->data.mapping_start.tag, error);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        b->depth--;
        return SPT_OK;
    default:
        return SPT_OK;
    }
}

static enum spt_status build(struct builder *b, yaml_parser_t *parser, struct spt_error *error) {
    for (bool end = false; !end;) {
        yaml_event_t event;
        if (!yaml_parser_parse(parser, &event)) return fail_yaml(parser, b->path, error);
        const enum spt_status status = take(b, &event, error);
        end = event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
        if (status != SPT_OK) return status;
    }
    return SPT_OK;
}

/* libyaml compares each of these lines with all before it. In a text of several lines they are nothing but text. */
static bool has_too_many_tags(const char *bytes, size_t size) {
    size_t count = 0;
    for (const char *at = bytes; (at = memmem(at, size - (size_t)(at - bytes), "%TAG", 4)) != NULL; at++) count++;
    return count > TAGS_MAX;
}

enum spt_status spt_yaml_parse(const char *bytes, size_t size, const char *path, struct spt_yaml_document **document,
                               struct spt_error *error) {
    if (size > SPT_YAML_SIZE_MAX)
        return spt_fail(error, SPT_UNSUPPORTED, path, "the config is %zu bytes long, at most %d are read", size,
                        SPT_YAML_SIZE_MAX);
    if (has_too_many_tags(bytes, size))
        return spt_fail(error, SPT_UNSUPPORTED, path, "more than %d %%TAG: tags are not read here", TAGS_MAX);
    const size_t bom = size >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0 ? 3 : 0; /* as some editors write */
    struct spt_yaml_document *made = calloc(1, sizeof *made);
    if (!made) return spt_fail_memory(error, sizeof *made, "a YAML document");
    struct builder builder = {.document = made, .path = path};
    yaml_parser_t parser;
    enum spt_status status = SPT_OK;
    if (yaml_parser_initialize(&parser)) {
        yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
        yaml_parser_set_input_string(&parser, (const unsigned char *)bytes + bom, size - bom);
        status = build(&builder, &parser, error);
        yaml_parser_delete(&parser);
    } else {
        status = spt_fail_memory(error, sizeof parser, "a YAML parser");
    }
    if (status == SPT_OK)
        *document = made;
    else
        spt_yaml_free(made);
    return status;
}

void spt_yaml_free(struct spt_yaml_document *document) {
    if (!document) return;
    spt_arena_release(&document->nodes);
    free(document);
}

/* --- nodes --- */

const struct spt_yaml *spt_yaml_root(const struct spt_yaml_document *document) {
    return document->root;
}

enum spt_yaml_kind spt_yaml_kind(const struct spt_yaml *node) {
    return node ? node->kind : SPT_YAML_ABSENT;
}

const char *spt_yaml_kind_name(const struct spt_yaml *node) {
    static const char *const NAMES[] = {
        [SPT_YAML_ABSENT] = "nothing", [SPT_YAML_NOTHING] = "nothing",      [SPT_YAML_TEXT] = "a text",
        [SPT_YAML_LIST] = "a list",    [SPT_YAML_KEYS] = "keys and values",
    };
    return NAMES[spt_yaml_kind(node)];
}

size_t spt_yaml_count(const struct spt_yaml *list_or_keys) {
    return list_or_keys ? list_or_keys->count : 0;
}

const struct spt_yaml *spt_yaml_first(const struct spt_yaml *list_or_keys) {
    return list_or_keys ? list_or_keys->first : NULL;
}

const struct spt_yaml *spt_yaml_next(const struct spt_yaml *node) {
    return node ? node->next : NULL;
}

const struct spt_yaml *spt_yaml_value(const struct spt_yaml *key) {
    return key ? key->value : NULL;
}

const char *spt_yaml_text(const struct spt_yaml *node) {
    return node ? node->text : NULL;
}

bool spt_yaml_is_quoted(const struct spt_yaml *node) {
    return node && node->quoted;
}

size_t spt_yaml_line(const struct spt_yaml *node) {
    return node ? node->line : 0;
}

size_t spt_yaml_column(const struct spt_yaml *node) {
    return node ? node->column : 0;
}
