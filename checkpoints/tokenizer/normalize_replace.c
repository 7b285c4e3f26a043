/* Replace: what a pattern matches by a string, taken as it is ($1 means nothing in it). */
#include "checkpoints/tokenizer/parts.h"

struct replace {
    struct spt_pattern pattern;
    const char *content;
    size_t length;
};

static enum spt_status parse(const struct spt_json *json, struct spt_tokenizer_source *source, const void **options,
                             struct spt_error *error) {
    struct replace *replace = spt_tokenizer_options(source, sizeof *replace, error);
    if (!replace) return SPT_NOMEM;
    *options = replace;
    const char *what = "the Replace normalizer";
    const enum spt_status status =
        spt_pattern_parse(spt_json_get(json, "pattern"), what, source, &replace->pattern, error);
    if (status != SPT_OK) return status;
    return spt_part_string(json, "content", what, source, &replace->content, &replace->length, error);
}

static enum spt_status apply(const void *options, struct spt_encoding *encoding, struct spt_error *error) {
    const struct replace *replace = options;
    const struct spt_text *text = &encoding->text;
    enum spt_status status = spt_pattern_find_all(&replace->pattern, encoding, text->data, text->length, error);
    size_t done = 0;
    for (size_t i = 0; i < encoding->matches.count && status == SPT_OK; i++) {
        const struct spt_span match = encoding->matches.data[i];
        spt_text_append(&encoding->spare, text->data + done, match.begin - done);
        spt_text_append(&encoding->spare, replace->content, replace->length);
        if (match.begin == 0 && match.end > 0 && replace->length == 0) encoding->front = false;
        done = match.end;
        status = spt_encoding_check(encoding, &encoding->spare, error);
    }
    if (status == SPT_OK) spt_text_append(&encoding->spare, text->data + done, text->length - done);
    return status;
}

const struct spt_normalizer_kind spt_normalizer_replace = {.name = "Replace", .parse = parse, .apply = apply};
