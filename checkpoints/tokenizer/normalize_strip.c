/* Strip: white space at the ends. StripAccents: combining marks anywhere. */
#include "checkpoints/base/unicode.h"
#include "checkpoints/tokenizer/parts.h"

struct strip {
    bool left, right;
};

static enum spt_status parse(const struct spt_json *json, struct spt_tokenizer_source *source, const void **options,
                             struct spt_error *error) {
    struct strip *strip = spt_tokenizer_options(source, sizeof *strip, error);
    if (!strip) return SPT_NOMEM;
    *options = strip;
    enum spt_status status =
        spt_part_bool(json, "strip_left", NULL, "the Strip normalizer", source, &strip->left, error);
    if (status == SPT_OK)
        status = spt_part_bool(json, "strip_right", NULL, "the Strip normalizer", source, &strip->right, error);
    return status;
}

static enum spt_status strip_ends(const void *options, struct spt_encoding *encoding, struct spt_error *error) {
    (void)error;
    const struct strip *strip = options;
    const struct spt_text *text = &encoding->text;
    size_t begin = 0, end = 0; /* of what stays: from the first to behind the last character that is no white space */
    bool inside = !strip->left;
    uint32_t code;
    for (size_t i = 0, step; i < text->length; i += step) {
        step = spt_unicode_decode(text->data + i, text->length - i, &code);
        if (spt_unicode_is_whitespace(code)) continue;
        if (!inside) begin = i;
        inside = true;
        end = i + step;
    }
    if (!strip->right) end = text->length;
    if (begin > 0) encoding->front = false;
    if (inside && end > begin) spt_text_append(&encoding->spare, text->data + begin, end - begin);
    return SPT_OK;
}

static enum spt_status strip_accents(const void *options, struct spt_encoding *encoding, struct spt_error *error) {
    (void)options, (void)error;
    const struct spt_text *text = &encoding->text;
    uint32_t code;
    for (size_t i = 0, step; i < text->length; i += step) {
        step = spt_unicode_decode(text->data + i, text->length - i, &code);
        if (!spt_unicode_is_mark(code))
            spt_text_append(&encoding->spare, text->data + i, step);
        else if (i == 0)
            encoding->front = false;
    }
    return SPT_OK;
}

const struct spt_normalizer_kind spt_normalizer_strip = {.name = "Strip", .parse = parse, .apply = strip_ends};
const struct spt_normalizer_kind spt_normalizer_strip_accents = {.name = "StripAccents", .apply = strip_accents};
