#include "checkpoints/tokenizer/parts.h"

#include <string.h>

static const struct spt_pre_tokenizer_kind *const KINDS[] = {
    &spt_pre_tokenizer_byte_level,  &spt_pre_tokenizer_split,      &spt_pre_tokenizer_digits,
    &spt_pre_tokenizer_punctuation, &spt_pre_tokenizer_whitespace, &spt_pre_tokenizer_whitespace_split,
    &spt_pre_tokenizer_bert,        &spt_pre_tokenizer_metaspace,
};

enum { KIND_COUNT = sizeof KINDS / sizeof *KINDS };

static const char *name_of(size_t i) {
    return i < KIND_COUNT ? KINDS[i]->name : "Sequence";
}

/* The first of steps that rewrites the text; NULL: none. */
static const struct spt_pre_tokenizer_kind *rewriter_of(const struct spt_steps *steps) {
    for (size_t i = 0; i < steps->count; i++)
        if (KINDS[steps->data[i].kind]->rewrites) return KINDS[steps->data[i].kind];
    return NULL;
}

static enum spt_status add_part(void *steps, size_t kind, const struct spt_json *json,
                                struct spt_tokenizer_source *source, struct spt_error *error) {
    const void *options = NULL;
    const enum spt_status status = KINDS[kind]->parse ? KINDS[kind]->parse(json, source, &options, error) : SPT_OK;
    if (status != SPT_OK) return status;
    const struct spt_pre_tokenizer_kind *rewriter = rewriter_of(steps);
    if (rewriter && KINDS[kind]->asks_origin && KINDS[kind]->asks_origin(options))
        return spt_fail(error, SPT_UNSUPPORTED, source->path,
                        "a %s pre-tokenizer that asks for the first part of the text behind a %s, which rewrites it, "
                        "is not supported",
                        KINDS[kind]->name, rewriter->name);
    return spt_steps_add(steps, kind, options, source, error);
}

static const struct spt_part_sort SORT = {"pre-tokenizer", "pretokenizers", KIND_COUNT, name_of, add_part};

enum spt_status spt_pre_tokenizer_parse(const struct spt_json *json, struct spt_tokenizer_source *source,
                                        struct spt_steps *steps, struct spt_error *error) {
    return spt_part_parse(&SORT, json, source, steps, error);
}

bool spt_pre_tokenizer_is_byte_level(const struct spt_steps *steps) {
    for (size_t i = 0; i < steps->count; i++)
        if (KINDS[steps->data[i].kind] == &spt_pre_tokenizer_byte_level) return true;
    return false;
}

static enum spt_status check(const struct spt_encoding *encoding, struct spt_error *error) {
    if (encoding->spare_spans.failed)
        return spt_fail_memory(error, encoding->spare_spans.count * sizeof(struct spt_span), "parts of a text");
    return spt_encoding_check(encoding, &encoding->spare, error);
}

enum spt_status spt_pre_tokenizer_apply(const struct spt_steps *steps, struct spt_encoding *encoding,
                                        struct spt_error *error) {
    encoding->spans.count = 0;
    spt_spans_add(&encoding->spans, 0, encoding->text.length);
    if (encoding->spans.failed) return spt_fail_memory(error, sizeof(struct spt_span), "parts of a text");
    for (size_t i = 0; i < steps->count; i++) {
        const struct spt_step *step = &steps->data[i];
        spt_text_clear(&encoding->spare);
        spt_text_append(&encoding->spare, "", 0);
        encoding->spare_spans.count = 0;
        enum spt_status status = KINDS[step->kind]->apply(step->options, encoding, error);
        if (status == SPT_OK) status = check(encoding, error);
        if (status != SPT_OK) return status;
        const struct spt_spans spans = encoding->spans;
        encoding->spans = encoding->spare_spans;
        encoding->spare_spans = spans;
        if (!KINDS[step->kind]->rewrites) continue;
        const struct spt_text text = encoding->text;
        encoding->text = encoding->spare;
        encoding->spare = text;
    }
    return SPT_OK;
}

enum spt_status spt_behavior_parse(const struct spt_json *json, const enum spt_behavior *fallback, const char *what,
                                   const struct spt_tokenizer_source *source, enum spt_behavior *behavior,
                                   struct spt_error *error) {
    static const char *const NAMES[] = {
        [SPT_REMOVED] = "Removed",
        [SPT_ISOLATED] = "Isolated",
        [SPT_MERGED_WITH_PREVIOUS] = "MergedWithPrevious",
        [SPT_MERGED_WITH_NEXT] = "MergedWithNext",
        [SPT_CONTIGUOUS] = "Contiguous",
    };
    const struct spt_json *node = spt_json_get(json, "behavior");
    if (!node && fallback) return *behavior = *fallback, SPT_OK;
    const char *name = spt_json_string(node, NULL);
    for (size_t i = 0; name && i < sizeof NAMES / sizeof *NAMES; i++)
        if (strcmp(name, NAMES[i]) == 0) return *behavior = (enum spt_behavior)i, SPT_OK;
    return spt_fail(error, SPT_INVALID, source->path,
                    "\"behavior\" of %s is %s, expected Removed, Isolated, MergedWithPrevious, MergedWithNext or "
                    "Contiguous",
                    what, name ? name : spt_json_kind_name(spt_json_kind(node)));
}

/* The part that is being gathered. */
struct cut {
    enum spt_behavior behavior;
    size_t begin, end;
    bool open, last_is_delimiter;
};

static void add(struct cut *cut, bool delimiter, struct spt_span part, struct spt_spans *out) {
    bool joins = false;
    switch (cut->behavior) {
    case SPT_REMOVED:
        if (delimiter) return;
        break;
    case SPT_ISOLATED:
        break;
    case SPT_MERGED_WITH_PREVIOUS:
        joins = delimiter && !cut->last_is_delimiter;
        break;
    case SPT_MERGED_WITH_NEXT:
        joins = !delimiter && cut->last_is_delimiter;
        break;
    case SPT_CONTIGUOUS:
        joins = delimiter == cut->last_is_delimiter;
        break;
    }
    if (cut->open && joins) {
        cut->end = part.end;
    } else {
        if (cut->open) spt_spans_add(out, cut->begin, cut->end);
        cut->begin = part.begin;
        cut->end = part.end;
        cut->open = true;
    }
    cut->last_is_delimiter = delimiter;
}

void spt_behavior_split(enum spt_behavior behavior, bool invert, struct spt_span span, struct spt_encoding *encoding) {
    struct cut cut = {.behavior = behavior};
    size_t done = span.begin;
    for (size_t i = 0; i < encoding->matches.count; i++) {
        const struct spt_span match = {.begin = span.begin + encoding->matches.data[i].begin,
                                       .end = span.begin + encoding->matches.data[i].end};
        if (done != match.begin)
            add(&cut, invert, (struct spt_span){.begin = done, .end = match.begin}, &encoding->spare_spans);
        add(&cut, !invert, match, &encoding->spare_spans);
        done = match.end;
    }
    if (done != span.end) add(&cut, invert, (struct spt_span){.begin = done, .end = span.end}, &encoding->spare_spans);
    if (cut.open) spt_spans_add(&encoding->spare_spans, cut.begin, cut.end);
}
