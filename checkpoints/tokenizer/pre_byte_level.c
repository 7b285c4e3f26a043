/* ByteLevel: words by the expression of GPT-2 (Radford et al. 2019, encoder.py), then every byte as a printable
 * character: itself when it is a visible character of Latin-1, else the next free one from U+0100. */
#include "checkpoints/tokenizer/parts.h"

#include "checkpoints/base/unicode.h"

#include <string.h>

static const char WORDS[] = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

struct byte_level {
    bool add_prefix_space;
    const struct spt_regex *words; /* NULL: every span is one word */
    unsigned char lengths[256];    /* of characters: 1 or 2 bytes */
    char characters[256][2];
};

static bool is_visible(unsigned byte) {
    return (byte >= '!' && byte <= '~') || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
}

static void fill_characters(struct byte_level *level) {
    unsigned next = 0x100;
    for (unsigned byte = 0; byte < 256; byte++) {
        const unsigned code = is_visible(byte) ? byte : next++;
        level->lengths[byte] = code < 0x80 ? 1 : 2;
        level->characters[byte][0] = (char)(code < 0x80 ? code : 0xc0 | code >> 6);
        level->characters[byte][1] = (char)(0x80 | (code & 0x3f));
    }
}

static enum spt_status parse(const struct spt_json *json, struct spt_tokenizer_source *source, const void **options,
                             struct spt_error *error) {
    const char *what = "the ByteLevel pre-tokenizer";
    struct byte_level *level = spt_tokenizer_options(source, sizeof *level, error);
    if (!level) return SPT_NOMEM;
    *options = level;
    fill_characters(level);
    bool use_regex = true;
    enum spt_status status =
        spt_part_bool(json, "add_prefix_space", NULL, what, source, &level->add_prefix_space, error);
    if (status == SPT_OK)
        status = spt_part_bool(json, "use_regex", &(const bool){true}, what, source, &use_regex, error);
    if (status != SPT_OK || !use_regex) return status;
    return spt_regex_own(source, WORDS, sizeof WORDS - 1, &level->words, error);
}

static void put_bytes(const struct byte_level *level, const char *bytes, size_t length, struct spt_text *out) {
    char characters[512];
    while (length) {
        size_t used = 0;
        const size_t chunk = length < sizeof characters / 2 ? length : sizeof characters / 2;
        for (size_t i = 0; i < chunk; i++) {
            const unsigned char byte = (unsigned char)bytes[i];
            memcpy(characters + used, level->characters[byte], 2);
            used += level->lengths[byte];
        }
        spt_text_append(out, characters, used);
        bytes += chunk;
        length -= chunk;
    }
}

static void put_word(const struct byte_level *level, const char *bytes, size_t length, struct spt_encoding *encoding) {
    const size_t begin = encoding->spare.length;
    put_bytes(level, bytes, length, &encoding->spare);
    spt_spans_add(&encoding->spare_spans, begin, encoding->spare.length);
}

static enum spt_status put_words(const struct byte_level *level, const char *text, size_t length,
                                 struct spt_encoding *encoding, struct spt_error *error) {
    size_t done = 0;
    while (level->words && done < length) {
        struct spt_span match;
        const enum spt_status status =
            spt_regex_find(level->words, &encoding->regex, text, length, done, &match, error);
        if (status == SPT_END) break;
        if (status != SPT_OK) return status;
        put_word(level, text + done, match.begin - done, encoding);
        put_word(level, text + match.begin, match.end - match.begin, encoding);
        done = match.end;
    }
    put_word(level, text + done, length - done, encoding);
    return SPT_OK;
}

static enum spt_status apply(const void *options, struct spt_encoding *encoding, struct spt_error *error) {
    const struct byte_level *level = options;
    enum spt_status status = SPT_OK;
    for (size_t i = 0; i < encoding->spans.count && status == SPT_OK; i++) {
        const struct spt_span span = encoding->spans.data[i];
        const char *text = encoding->text.data + span.begin;
        size_t length = span.end - span.begin;
        if (level->add_prefix_space && text[0] != ' ') {
            spt_text_clear(&encoding->work);
            spt_text_append(&encoding->work, " ", 1);
            spt_text_append(&encoding->work, text, length);
            if (encoding->work.failed) return spt_fail_memory(error, length, "the text to be tokenized");
            text = encoding->work.data;
            length++;
        }
        status = put_words(level, text, length, encoding, error);
        if (status == SPT_OK) status = spt_encoding_check(encoding, &encoding->spare, error);
    }
    return status;
}

/* The byte that code stands for; -1: none. */
static int byte_of(uint32_t code) {
    uint32_t next = 0x100;
    if (code < 0x100) return is_visible(code) ? (int)code : -1;
    for (unsigned byte = 0; byte < 256; byte++)
        if (!is_visible(byte) && next++ == code) return (int)byte;
    return -1;
}

void spt_byte_level_put(const char *token, struct spt_text *out) {
    size_t left = strlen(token), length;
    for (; left; token += length, left -= length) {
        uint32_t code = 0;
        length = spt_unicode_decode(token, left, &code);
        const int byte = length ? byte_of(code) : -1;
        if (!length) length = 1;
        if (byte < 0)
            spt_text_append(out, token, length);
        else
            spt_text_append(out, (const char[]){(char)byte}, 1);
    }
}

const struct spt_pre_tokenizer_kind spt_pre_tokenizer_byte_level = {
    .name = "ByteLevel", .rewrites = true, .parse = parse, .apply = apply};
