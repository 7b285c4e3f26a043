/* Split: at what a pattern matches, or (invert) at what it does not. */
#include "checkpoints/tokenizer/parts.h"

struct split {
    struct spt_pattern pattern;
    enum spt_behavior behavior;
    bool invert;
};

static enum spt_status parse(const struct spt_json *json, struct spt_tokenizer_source *source, const void **options,
                             struct spt_error *error) {
    const char *what = "the Split pre-tokenizer";
    struct split *split = spt_tokenizer_options(source, sizeof *split, error);
    if (!split) return SPT_NOMEM;
    *options = split;
    enum spt_status status = spt_pattern_parse(spt_json_get(json, "pattern"), what, source, &split->pattern, error);
    if (status == SPT_OK) status = spt_behavior_parse(json, NULL, what, source, &split->behavior, error);
    if (status == SPT_OK)
        status = spt_part_bool(json, "invert", &(const bool){false}, what, source, &split->invert, error);
    return status;
}

static enum spt_status apply(const void *options, struct spt_encoding *encoding, struct spt_error *error) {
    const struct split *split = options;
    for (size_t i = 0; i < encoding->spans.count; i++) {
        const struct spt_span span = encoding->spans.data[i];
        const enum spt_status status = spt_pattern_find_all(&split->pattern, encoding, encoding->text.data + span.begin,
                                                            span.end - span.begin, error);
        if (status != SPT_OK) return status;
        spt_behavior_split(split->behavior, split->invert, span, encoding);
    }
    return SPT_OK;
}

const struct spt_pre_tokenizer_kind spt_pre_tokenizer_split = {.name = "Split", .parse = parse, .apply = apply};
