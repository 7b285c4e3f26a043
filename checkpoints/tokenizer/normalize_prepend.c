/* Prepend: a string in front of every piece that is not empty. */
#include "checkpoints/tokenizer/parts.h"

struct prepend {
    const char *text;
    size_t length;
};

static enum spt_status parse(const struct spt_json *json, struct spt_tokenizer_source *source, const void **options,
                             struct spt_error *error) {
    struct prepend *prepend = spt_tokenizer_options(source, sizeof *prepend, error);
    if (!prepend) return SPT_NOMEM;
    *options = prepend;
    const enum spt_status status =
        spt_part_string(json, "prepend", "the Prepend normalizer", source, &prepend->text, &prepend->length, error);
    if (status == SPT_OK && prepend->length == 0) /* the reference implementation then doubles the first character */
        return spt_fail(error, SPT_UNSUPPORTED, source->path, "a Prepend normalizer of nothing is not supported");
    return status;
}

static enum spt_status apply(const void *options, struct spt_encoding *encoding, struct spt_error *error) {
    (void)error;
    const struct prepend *prepend = options;
    if (encoding->text.length == 0) return SPT_OK;
    spt_text_append(&encoding->spare, prepend->text, prepend->length);
    spt_text_append(&encoding->spare, encoding->text.data, encoding->text.length);
    return SPT_OK;
}

const struct spt_normalizer_kind spt_normalizer_prepend = {.name = "Prepend", .parse = parse, .apply = apply};
