/* Lowercase: every character by its full lower-case mapping, whatever stands around it. */
#include "checkpoints/base/unicode.h"
#include "checkpoints/tokenizer/parts.h"

static enum spt_status apply(const void *options, struct spt_encoding *encoding, struct spt_error *error) {
    (void)options, (void)error;
    const struct spt_text *text = &encoding->text;
    uint32_t code;
    for (size_t i = 0, step; i < text->length; i += step) {
        step = spt_unicode_decode(text->data + i, text->length - i, &code);
        uint32_t lower[2];
        const size_t count = spt_unicode_lower(code, lower);
        for (size_t k = 0; k < count; k++) {
            char bytes[4];
            spt_text_append(&encoding->spare, bytes, spt_unicode_encode(lower[k], bytes));
        }
    }
    return SPT_OK;
}

const struct spt_normalizer_kind spt_normalizer_lowercase = {.name = "Lowercase", .apply = apply};
