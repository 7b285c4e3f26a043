/* Metaspace: spaces become a visible character, which begins a word. */
#include "checkpoints/tokenizer/parts.h"

#include <string.h>

#include "checkpoints/base/unicode.h"

enum prepend { ALWAYS, FIRST, NEVER };

struct metaspace {
    enum prepend prepend; /* the character in front of which spans that do not begin with it */
    bool split;
    const char *mark; /* the character that stands for a space */
    size_t mark_length;
    struct spt_pattern pattern; /* mark */
};

/* "add_prefix_space" is what files of before 2024 have instead. */
static enum spt_status parse_prepend(const struct spt_json *json, const char *what,
                                     const struct spt_tokenizer_source *source, enum prepend *prepend,
                                     struct spt_error *error) {
    static const char *const NAMES[] = {[ALWAYS] = "always", [FIRST] = "first", [NEVER] = "never"};
    bool add = true;
    const enum spt_status status =
        spt_part_bool(json, "add_prefix_space", &(const bool){true}, what, source, &add, error);
    if (status != SPT_OK) return status;
    const struct spt_json *node = spt_json_get(json, "prepend_scheme");
    const char *name = spt_json_string(node, NULL);
    *prepend = add ? ALWAYS : NEVER;
    if (spt_json_kind(node) == SPT_JSON_ABSENT) return SPT_OK;
    for (size_t i = 0; name && i < sizeof NAMES / sizeof *NAMES; i++)
        if (strcmp(name, NAMES[i]) == 0) {
            *prepend = (enum prepend)i;
            if (!add && *prepend != NEVER)
                return spt_fail(error, SPT_INVALID, source->path,
                                "\"add_prefix_space\" of %s is false, \"prepend_scheme\" is %s: one or the other", what,
                                name);
            return SPT_OK;
        }
    return spt_fail(error, SPT_INVALID, source->path, "\"prepend_scheme\" of %s is %s, expected always, first or never",
                    what, name ? name : spt_json_kind_name(spt_json_kind(node)));
}

static enum spt_status parse(const struct spt_json *json, struct spt_tokenizer_source *source, const void **options,
                             struct spt_error *error) {
    const char *what = "the Metaspace pre-tokenizer";
    struct metaspace *metaspace = spt_tokenizer_options(source, sizeof *metaspace, error);
    if (!metaspace) return SPT_NOMEM;
    *options = metaspace;
    uint32_t code;
    enum spt_status status =
        spt_part_string(json, "replacement", what, source, &metaspace->mark, &metaspace->mark_length, error);
    if (status == SPT_OK && (metaspace->mark_length == 0 || spt_unicode_decode(metaspace->mark, metaspace->mark_length,
                                                                               &code) != metaspace->mark_length))
        return spt_fail(error, SPT_INVALID, source->path, "\"replacement\" of %s is \"%s\", expected one character",
                        what, metaspace->mark);
    if (status == SPT_OK) status = parse_prepend(json, what, source, &metaspace->prepend, error);
    if (status == SPT_OK)
        status = spt_part_bool(json, "split", &(const bool){true}, what, source, &metaspace->split, error);
    metaspace->pattern = (struct spt_pattern){.text = metaspace->mark, .length = metaspace->mark_length};
    return status;
}

static bool asks_origin(const void *options) {
    return ((const struct metaspace *)options)->prepend == FIRST;
}

static void put_span(const struct metaspace *metaspace, const char *text, size_t length, bool first,
                     struct spt_text *out) {
    const bool marked = text[0] == ' ' || (length >= metaspace->mark_length &&
                                           memcmp(text, metaspace->mark, metaspace->mark_length) == 0);
    if (!marked && (metaspace->prepend == ALWAYS || (metaspace->prepend == FIRST && first)))
        spt_text_append(out, metaspace->mark, metaspace->mark_length);
    for (size_t done = 0; done < length;) {
        const char *space = memchr(text + done, ' ', length - done);
        const size_t end = space ? (size_t)(space - text) : length;
        spt_text_append(out, text + done, end - done);
        if (space) spt_text_append(out, metaspace->mark, metaspace->mark_length);
        done = end + (space != NULL);
    }
}

static enum spt_status apply(const void *options, struct spt_encoding *encoding, struct spt_error *error) {
    const struct metaspace *metaspace = options;
    struct spt_text *out = &encoding->spare;
    for (size_t i = 0; i < encoding->spans.count; i++) {
        const struct spt_span span = encoding->spans.data[i];
        struct spt_span made = {.begin = out->length};
        put_span(metaspace, encoding->text.data + span.begin, span.end - span.begin, encoding->front && span.begin == 0,
                 out);
        made.end = out->length;
        enum spt_status status = spt_encoding_check(encoding, out, error);
        if (status != SPT_OK) return status;
        if (!metaspace->split) {
            spt_spans_add(&encoding->spare_spans, made.begin, made.end);
            continue;
        }
        status =
            spt_pattern_find_all(&metaspace->pattern, encoding, out->data + made.begin, made.end - made.begin, error);
        if (status != SPT_OK) return status;
        spt_behavior_split(SPT_MERGED_WITH_NEXT, false, made, encoding);
    }
    return SPT_OK;
}

const struct spt_pre_tokenizer_kind spt_pre_tokenizer_metaspace = {
    .name = "Metaspace", .rewrites = true, .parse = parse, .asks_origin = asks_origin, .apply = apply};
