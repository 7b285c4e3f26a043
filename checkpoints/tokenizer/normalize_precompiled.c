/* Precompiled: the character map of a SentencePiece model.
 *
 * As in the reference implementation a user-perceived character of fewer than 6 bytes is replaced whole by what the
 * first string it begins with becomes, and a longer one code point by code point.
 */
#include "checkpoints/base/unicode.h"
#include "checkpoints/tokenizer/charsmap.h"

enum { WHOLE_MAX = 6 };

struct precompiled {
    struct spt_charsmap map;
    struct spt_replacement ascii[128]; /* of single characters */
};

static enum spt_status parse(const struct spt_json *json, struct spt_tokenizer_source *source, const void **options,
                             struct spt_error *error) {
    struct precompiled *precompiled = spt_tokenizer_options(source, sizeof *precompiled, error);
    if (!precompiled) return SPT_NOMEM;
    *options = precompiled;
    enum spt_status status = spt_charsmap_parse(json, "the Precompiled normalizer", source, &precompiled->map, error);
    for (size_t i = 1; i < 128 && status == SPT_OK; i++) {
        const char key = (char)i;
        status = spt_charsmap_find(&precompiled->map, &key, 1, false, &precompiled->ascii[i], error);
    }
    return status;
}

static void put(const struct spt_replacement *replacement, const char *text, size_t length, struct spt_text *out) {
    if (replacement->found)
        spt_text_append(out, replacement->text, replacement->length);
    else
        spt_text_append(out, text, length);
}

static enum spt_status put_cluster(const struct spt_charsmap *map, const char *text, size_t length,
                                   struct spt_text *out, struct spt_error *error) {
    struct spt_replacement replacement = {0};
    enum spt_status status = SPT_OK;
    if (length < WHOLE_MAX) status = spt_charsmap_find(map, text, length, false, &replacement, error);
    if (replacement.found) return put(&replacement, text, length, out), SPT_OK;
    uint32_t code;
    for (size_t i = 0, step; i < length && status == SPT_OK; i += step) {
        step = spt_unicode_decode(text + i, length - i, &code);
        status = spt_charsmap_find(map, text + i, step, false, &replacement, error);
        if (status == SPT_OK) put(&replacement, text + i, step, out);
    }
    return status;
}

/* Whether the character at text[i] stands alone, which for ASCII is quickly seen. */
static bool is_lone_ascii(const char *text, size_t length, size_t i) {
    if ((unsigned char)text[i] >= 0x80) return false;
    return i + 1 == length || ((unsigned char)text[i + 1] < 0x80 && !(text[i] == '\r' && text[i + 1] == '\n'));
}

static enum spt_status apply(const void *options, struct spt_encoding *encoding, struct spt_error *error) {
    const struct precompiled *precompiled = options;
    const char *text = encoding->text.data;
    const size_t length = encoding->text.length;
    enum spt_status status = SPT_OK;
    for (size_t i = 0, step; i < length && status == SPT_OK; i += step) {
        step = 1;
        if (is_lone_ascii(text, length, i)) {
            put(&precompiled->ascii[(unsigned char)text[i]], text + i, 1, &encoding->spare);
        } else {
            step = spt_unicode_cluster(text + i, length - i);
            status = put_cluster(&precompiled->map, text + i, step, &encoding->spare, error);
        }
        if (status == SPT_OK) status = spt_encoding_check(encoding, &encoding->spare, error);
    }
    return status;
}

const struct spt_normalizer_kind spt_normalizer_precompiled = {.name = "Precompiled", .parse = parse, .apply = apply};
