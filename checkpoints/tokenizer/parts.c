#include "checkpoints/tokenizer/parts.h"

#include <stdlib.h>
#include <string.h>

#include "checkpoints/base/unicode.h"

struct spt_owned_regex {
    struct spt_owned_regex *next;
    struct spt_regex *regex;
};

void spt_tokenizer_source_release(struct spt_tokenizer_source *source) {
    for (struct spt_owned_regex *owned = source->regexes; owned; owned = owned->next) spt_regex_free(owned->regex);
    source->regexes = NULL;
    spt_arena_release(&source->arena);
}

void *spt_tokenizer_options(struct spt_tokenizer_source *source, size_t size, struct spt_error *error) {
    void *options = spt_arena_alloc(&source->arena, 1, size);
    if (!options) {
        spt_fail_memory(error, size, "the tokenizer");
        return NULL;
    }
    return memset(options, 0, size);
}

enum spt_status spt_part_bool(const struct spt_json *part, const char *key, const bool *fallback, const char *what,
                              const struct spt_tokenizer_source *source, bool *value, struct spt_error *error) {
    const struct spt_json *node = spt_json_get(part, key);
    const enum spt_json_kind kind = spt_json_kind(node);
    if (fallback && (kind == SPT_JSON_ABSENT || kind == SPT_JSON_NULL)) {
        *value = *fallback;
        return SPT_OK;
    }
    if (kind != SPT_JSON_BOOL)
        return spt_fail(error, SPT_INVALID, source->path, "\"%s\" of %s is %s, expected true or false", key, what,
                        spt_json_kind_name(kind));
    *value = spt_json_bool(node, false);
    return SPT_OK;
}

enum spt_status spt_part_string(const struct spt_json *part, const char *key, const char *what,
                                struct spt_tokenizer_source *source, const char **value, size_t *length,
                                struct spt_error *error) {
    const struct spt_json *node = spt_json_get(part, key);
    const char *text = spt_json_string(node, length);
    if (!text)
        return spt_fail(error, SPT_INVALID, source->path, "\"%s\" of %s is %s, expected a string", key, what,
                        spt_json_kind_name(spt_json_kind(node)));
    *value = spt_arena_copy(&source->arena, text, *length);
    return *value ? SPT_OK : spt_fail_memory(error, *length, "the tokenizer");
}

enum spt_status spt_part_id(const struct spt_json *node, const char *what, const struct spt_tokenizer_source *source,
                            int32_t *id, struct spt_error *error) {
    const enum spt_json_kind kind = spt_json_kind(node);
    if (kind != SPT_JSON_INTEGER)
        return spt_fail(error, SPT_INVALID, source->path, "the id of %s is %s, expected an integer", what,
                        spt_json_kind_name(kind));
    const int64_t value = spt_json_integer(node, -1);
    if (value < 0 || value > INT32_MAX)
        return spt_fail(error, SPT_INVALID, source->path, "the id of %s is %lld, expected 0 to 2147483647", what,
                        (long long)value);
    *id = (int32_t)value;
    return SPT_OK;
}

const char *spt_part_type(const struct spt_json *part, const char *sort, const struct spt_tokenizer_source *source,
                          struct spt_error *error) {
    const char *type = spt_json_string(spt_json_get(part, "type"), NULL);
    if (!type)
        spt_fail(error, SPT_INVALID, source->path, "a %s is %s without a \"type\"", sort,
                 spt_json_kind_name(spt_json_kind(part)));
    return type;
}

size_t spt_part_kind(const char *type, const char *sort, const char *(*name_of)(size_t), size_t count,
                     const struct spt_tokenizer_source *source, struct spt_error *error) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(type, name_of(i)) == 0) return i;
    struct spt_text known = {0};
    for (size_t i = 0; i < count; i++) {
        if (i) spt_text_put(&known, ", ");
        spt_text_put(&known, name_of(i));
    }
    spt_fail(error, SPT_UNSUPPORTED, source->path, "the %s \"%s\" is not supported (known: %s)", sort, type,
             known.failed ? "?" : known.data);
    spt_text_release(&known);
    return count;
}

static enum spt_status parse_at(const struct spt_part_sort *sort, const struct spt_json *json, size_t depth,
                                struct spt_tokenizer_source *source, void *context, struct spt_error *error) {
    const char *type = spt_part_type(json, sort->name, source, error);
    if (!type) return SPT_INVALID;
    const size_t kind = spt_part_kind(type, sort->name, sort->name_of, sort->count + 1, source, error);
    if (kind > sort->count) return SPT_UNSUPPORTED;
    if (kind < sort->count) return sort->add(context, kind, json, source, error);
    if (depth == SPT_NESTING_MAX)
        return spt_fail(error, SPT_INVALID, source->path, "more than %d Sequences in one another", SPT_NESTING_MAX);
    const struct spt_json *parts = spt_json_get(json, sort->members);
    if (spt_json_kind(parts) != SPT_JSON_ARRAY)
        return spt_fail(error, SPT_INVALID, source->path, "\"%s\" of a Sequence is %s, expected an array",
                        sort->members, spt_json_kind_name(spt_json_kind(parts)));
    enum spt_status status = SPT_OK;
    for (size_t i = 0; i < spt_json_count(parts) && status == SPT_OK; i++)
        status = parse_at(sort, spt_json_at(parts, i), depth + 1, source, context, error);
    return status;
}

enum spt_status spt_part_parse(const struct spt_part_sort *sort, const struct spt_json *json,
                               struct spt_tokenizer_source *source, void *context, struct spt_error *error) {
    if (spt_json_kind(json) <= SPT_JSON_NULL) return SPT_OK;
    return parse_at(sort, json, 0, source, context, error);
}

enum spt_status spt_steps_add(struct spt_steps *steps, size_t kind, const void *options,
                              struct spt_tokenizer_source *source, struct spt_error *error) {
    if (!steps->data) {
        steps->data = spt_arena_alloc(&source->arena, SPT_STEPS_MAX, sizeof *steps->data);
        if (!steps->data) return spt_fail_memory(error, SPT_STEPS_MAX * sizeof *steps->data, "the tokenizer");
        steps->capacity = SPT_STEPS_MAX;
    }
    if (steps->count == steps->capacity)
        return spt_fail(error, SPT_INVALID, source->path, "a Sequence of more than %d parts", SPT_STEPS_MAX);
    steps->data[steps->count++] = (struct spt_step){.kind = kind, .options = options};
    return SPT_OK;
}

enum spt_status spt_regex_own(struct spt_tokenizer_source *source, const char *pattern, size_t length,
                              const struct spt_regex **regex, struct spt_error *error) {
    struct spt_owned_regex *owned = spt_tokenizer_options(source, sizeof *owned, error);
    if (!owned) return SPT_NOMEM;
    const enum spt_status status = spt_regex_compile(pattern, length, source->path, &owned->regex, error);
    if (status != SPT_OK) return status;
    owned->next = source->regexes;
    source->regexes = owned;
    *regex = owned->regex;
    return SPT_OK;
}

enum spt_status spt_pattern_parse(const struct spt_json *json, const char *what, struct spt_tokenizer_source *source,
                                  struct spt_pattern *pattern, struct spt_error *error) {
    const bool regex = spt_json_get(json, "Regex") != NULL;
    if (!regex && !spt_json_get(json, "String"))
        return spt_fail(error, SPT_INVALID, source->path, "\"pattern\" of %s has neither \"String\" nor \"Regex\"",
                        what);
    *pattern = (struct spt_pattern){0};
    const enum spt_status status =
        spt_part_string(json, regex ? "Regex" : "String", what, source, &pattern->text, &pattern->length, error);
    /* The empty string is found between all characters, which is the walk of an empty expression. */
    if (status != SPT_OK || (!regex && pattern->length > 0)) return status;
    return spt_regex_own(source, pattern->text, pattern->length, &pattern->regex, error);
}

void spt_spans_add(struct spt_spans *spans, size_t begin, size_t end) {
    if (begin >= end || spans->failed) return;
    if (spans->count == spans->capacity) {
        void *data = spans->data;
        spans->failed = !spt_grow(&data, &spans->capacity, spans->count + 1, sizeof *spans->data);
        if (spans->failed) return;
        spans->data = data;
    }
    spans->data[spans->count++] = (struct spt_span){.begin = begin, .end = end};
}

void *spt_buffer_reserve(struct spt_buffer *buffer, size_t count, size_t size) {
    size_t bytes;
    if (!spt_multiply(count, size, &bytes)) return NULL;
    return spt_grow(&buffer->data, &buffer->capacity, bytes ? bytes : 1, 1) ? buffer->data : NULL;
}

void spt_encoding_release(struct spt_encoding *encoding) {
    spt_text_release(&encoding->text);
    spt_text_release(&encoding->spare);
    spt_text_release(&encoding->work);
    spt_text_release(&encoding->normalized);
    free(encoding->spans.data);
    free(encoding->spare_spans.data);
    free(encoding->matches.data);
    for (size_t i = 0; i < SPT_MODEL_BUFFERS; i++) free(encoding->model[i].data);
    spt_regex_scratch_free(encoding->regex);
    *encoding = (struct spt_encoding){0};
}

enum spt_status spt_encoding_check(const struct spt_encoding *encoding, const struct spt_text *text,
                                   struct spt_error *error) {
    if (text->failed) return spt_fail_memory(error, text->length, "the text to be tokenized");
    if (text->length > encoding->limit - encoding->spent)
        return spt_fail(error, SPT_INVALID, NULL, "the tokenizer blows the text up to more than %zu bytes",
                        encoding->limit);
    return SPT_OK;
}

enum spt_status spt_encoding_spend(struct spt_encoding *encoding, struct spt_error *error) {
    const enum spt_status status = spt_encoding_check(encoding, &encoding->text, error);
    if (status == SPT_OK) encoding->spent += encoding->text.length;
    return status;
}

bool spt_match_add(struct spt_spans *matches, size_t begin, size_t end) {
    void *data = matches->data;
    if (!spt_grow(&data, &matches->capacity, matches->count + 1, sizeof *matches->data)) return false;
    matches->data = data;
    matches->data[matches->count++] = (struct spt_span){.begin = begin, .end = end};
    return true;
}

static enum spt_status find_regex(const struct spt_pattern *pattern, struct spt_encoding *encoding, const char *text,
                                  size_t length, struct spt_error *error) {
    size_t last = SIZE_MAX;
    for (size_t from = 0; from <= length;) {
        struct spt_span match;
        const enum spt_status status =
            spt_regex_find(pattern->regex, &encoding->regex, text, length, from, &match, error);
        if (status == SPT_END) break;
        if (status != SPT_OK) return status;
        if (match.begin == match.end && match.end == last) {
            uint32_t code;
            const size_t step = spt_unicode_decode(text + from, length - from, &code);
            from += step ? step : 1;
            continue;
        }
        if (!spt_match_add(&encoding->matches, match.begin, match.end))
            return spt_fail_memory(error, length, "matches of a pattern");
        from = last = match.end;
    }
    return SPT_OK;
}

/* The first occurrence from from on, or length. By windows: a search that may look at the whole rest each time is
 * quadratic where a sanitizer checks what may be looked at. */
static size_t find_string(const struct spt_pattern *pattern, const char *text, size_t length, size_t from) {
    const size_t most = 4096 + 2 * pattern->length;
    while (length - from >= pattern->length) {
        const size_t window = length - from < most ? length - from : most;
        const char *found = memmem(text + from, window, pattern->text, pattern->length);
        if (found) return (size_t)(found - text);
        from += window - pattern->length + 1;
    }
    return length;
}

enum spt_status spt_pattern_find_all(const struct spt_pattern *pattern, struct spt_encoding *encoding, const char *text,
                                     size_t length, struct spt_error *error) {
    encoding->matches.count = 0;
    if (length == 0) return SPT_OK;
    if (pattern->regex) return find_regex(pattern, encoding, text, length, error);
    for (size_t from = 0, end; from + pattern->length <= length; from = end) {
        const size_t begin = find_string(pattern, text, length, from);
        if (begin == length) break;
        end = begin + pattern->length;
        if (!spt_match_add(&encoding->matches, begin, end))
            return spt_fail_memory(error, length, "matches of a pattern");
    }
    return SPT_OK;
}
