/* BertNormalizer: control characters go, every white space becomes a space, Chinese characters stand alone, accents are
 * stripped, letters become small: each as the file asks. */
#include "checkpoints/base/unicode.h"
#include "checkpoints/tokenizer/parts.h"

struct bert {
    bool clean, chinese, strip, lower;
};

static enum spt_status parse(const struct spt_json *json, struct spt_tokenizer_source *source, const void **options,
                             struct spt_error *error) {
    const char *what = "the BertNormalizer normalizer";
    struct bert *bert = spt_tokenizer_options(source, sizeof *bert, error);
    if (!bert) return SPT_NOMEM;
    *options = bert;
    enum spt_status status = spt_part_bool(json, "clean_text", NULL, what, source, &bert->clean, error);
    if (status == SPT_OK)
        status = spt_part_bool(json, "handle_chinese_chars", NULL, what, source, &bert->chinese, error);
    if (status == SPT_OK) status = spt_part_bool(json, "lowercase", NULL, what, source, &bert->lower, error);
    if (status == SPT_OK) /* as in the first BERT, small letters have no accents unless it is said */
        status = spt_part_bool(json, "strip_accents", &bert->lower, what, source, &bert->strip, error);
    return status;
}

/* The blocks of ideographs, as the reference implementation has them: without the first 256 of extension E. */
static bool is_chinese(uint32_t code) {
    return (code >= 0x3400 && code <= 0x4dbf) || (code >= 0x4e00 && code <= 0x9fff) ||
           (code >= 0xf900 && code <= 0xfaff) || (code >= 0x20000 && code <= 0x2a6df) ||
           (code >= 0x2a700 && code <= 0x2b81f) || (code >= 0x2b920 && code <= 0x2ceaf) ||
           (code >= 0x2f800 && code <= 0x2fa1f);
}

static bool is_space(uint32_t code) {
    return code == '\t' || code == '\n' || code == '\r' ||
           (code != 0x0b && code != 0x0c && code != 0x85 && spt_unicode_is_whitespace(code));
}

/* Cleans, sets Chinese characters apart and makes ASCII small, from text to spare. Returns whether all of it is ASCII.
 */
static bool first_pass(const struct bert *bert, struct spt_encoding *encoding) {
    const struct spt_text *text = &encoding->text;
    struct spt_text *out = &encoding->spare;
    bool ascii = true;
    uint32_t code;
    for (size_t i = 0, step; i < text->length; i += step) {
        step = spt_unicode_decode(text->data + i, text->length - i, &code);
        if (bert->clean && is_space(code)) {
            spt_text_append(out, " ", 1);
        } else if (bert->clean && (code == 0 || code == 0xfffd || spt_unicode_is_other(code))) {
            if (i == 0) encoding->front = false;
        } else if (code < 0x80) {
            const char small = (char)(bert->lower && code >= 'A' && code <= 'Z' ? code + 'a' - 'A' : code);
            spt_text_append(out, &small, 1);
        } else {
            const bool alone = bert->chinese && is_chinese(code);
            ascii = false;
            if (alone) spt_text_append(out, " ", 1);
            spt_text_append(out, text->data + i, step);
            if (alone) spt_text_append(out, " ", 1);
        }
    }
    return ascii;
}

/* Strips accents and makes letters small, from text (decomposed already) to out. */
static void second_pass(const struct bert *bert, struct spt_encoding *encoding, const struct spt_text *text,
                        struct spt_text *out) {
    uint32_t code;
    for (size_t i = 0, step; i < text->length; i += step) {
        step = spt_unicode_decode(text->data + i, text->length - i, &code);
        if (bert->strip && spt_unicode_is_nonspacing_mark(code)) {
            if (i == 0) encoding->front = false;
            continue;
        }
        if (!bert->lower) {
            spt_text_append(out, text->data + i, step);
            continue;
        }
        uint32_t lower[2];
        const size_t count = spt_unicode_lower(code, lower);
        for (size_t k = 0; k < count; k++) {
            char bytes[4];
            spt_text_append(out, bytes, spt_unicode_encode(lower[k], bytes));
        }
    }
}

static enum spt_status apply(const void *options, struct spt_encoding *encoding, struct spt_error *error) {
    const struct bert *bert = options;
    const bool ascii = first_pass(bert, encoding);
    if (ascii || !(bert->strip || bert->lower)) return SPT_OK;
    const enum spt_status status = spt_encoding_check(encoding, &encoding->spare, error);
    if (status != SPT_OK) return status;
    struct spt_text *work = &encoding->work;
    spt_text_clear(work);
    spt_text_append(work, "", 0);
    if (bert->strip)
        spt_unicode_normalize(SPT_NFD, encoding->spare.data, encoding->spare.length, work);
    else
        spt_text_append(work, encoding->spare.data, encoding->spare.length);
    spt_text_clear(&encoding->spare);
    second_pass(bert, encoding, work, &encoding->spare);
    return spt_encoding_check(encoding, work, error);
}

const struct spt_normalizer_kind spt_normalizer_bert = {.name = "BertNormalizer", .parse = parse, .apply = apply};
