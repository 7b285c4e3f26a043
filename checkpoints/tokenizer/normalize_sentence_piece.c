/* SentencePiece: what a SentencePiece model does to a text before it is cut (normalizer.cc of that library): its
 * character map, always the longest string; one space for many, none at the ends; U+2581 for a space, and one in front.
 * Symbols of the user stay as they are. Only for models that come as such (files.h).
 */
#include "checkpoints/base/unicode.h"
#include "checkpoints/tokenizer/charsmap.h"
#include "checkpoints/tokenizer/trie.h"

#include <string.h>

static const char WHAT[] = "the SentencePiece normalizer";
static const char MARK[] = "\xe2\x96\x81";

struct sentence_piece {
    struct spt_charsmap map;
    struct spt_trie symbols;
    bool prefix, trim, escape;
};

static enum spt_status parse_symbols(const struct spt_json *json, struct spt_tokenizer_source *source,
                                     struct spt_trie *trie, struct spt_error *error) {
    const size_t count = spt_json_count(json);
    struct spt_vocabulary_entry *entries = spt_arena_alloc(&source->arena, count, sizeof *entries);
    if (!entries) return spt_fail_memory(error, count * sizeof *entries, "the tokenizer");
    for (size_t i = 0; i < count; i++) {
        size_t length;
        const char *text = spt_json_string(spt_json_at(json, i), &length);
        if (!text || length > SPT_TRIE_MAX)
            return spt_fail(error, SPT_INVALID, source->path, "symbol %zu of %s is no string that fits", i, WHAT);
        const char *copy = spt_arena_copy(&source->arena, text, length);
        if (!copy) return spt_fail_memory(error, length, "the tokenizer");
        entries[i] = (struct spt_vocabulary_entry){.text = copy, .length = length};
    }
    return spt_trie_build(trie, &source->arena, entries, count)
               ? SPT_OK
               : spt_fail_memory(error, count * sizeof *entries, "the tokenizer");
}

static enum spt_status parse(const struct spt_json *json, struct spt_tokenizer_source *source, const void **options,
                             struct spt_error *error) {
    struct sentence_piece *piece = spt_tokenizer_options(source, sizeof *piece, error);
    if (!piece) return SPT_NOMEM;
    *options = piece;
    if (!source->assembled)
        return spt_fail(error, SPT_UNSUPPORTED, source->path, "the normalizer \"SentencePiece\" is not supported");
    enum spt_status status = spt_charsmap_parse(json, WHAT, source, &piece->map, error);
    if (status == SPT_OK) status = spt_part_bool(json, "add_dummy_prefix", NULL, WHAT, source, &piece->prefix, error);
    if (status == SPT_OK)
        status = spt_part_bool(json, "remove_extra_whitespaces", NULL, WHAT, source, &piece->trim, error);
    if (status == SPT_OK) status = spt_part_bool(json, "escape_whitespaces", NULL, WHAT, source, &piece->escape, error);
    if (status == SPT_OK) status = parse_symbols(spt_json_get(json, "symbols"), source, &piece->symbols, error);
    return status;
}

/* A key of a broken map may end within a character; text goes on at the beginning of one, so that it is none. */
static bool ends_character(const char *text, size_t length, size_t end) {
    return end == length || ((unsigned char)text[end] & 0xc0) != 0x80;
}

/* What the text at text begins with, and what becomes of it. */
static enum spt_status next(const struct sentence_piece *piece, const char *text, size_t length,
                            struct spt_replacement *made, struct spt_error *error) {
    uint32_t code;
    const struct spt_vocabulary_entry *symbol = spt_trie_longest(&piece->symbols, text, length);
    const enum spt_status status = symbol ? SPT_OK : spt_charsmap_find(&piece->map, text, length, true, made, error);
    if (symbol)
        *made = (struct spt_replacement){.matched = symbol->length, .text = text, .length = symbol->length};
    else if (!made->found || !ends_character(text, length, made->matched)) {
        made->matched = made->length = spt_unicode_decode(text, length, &code);
        made->text = text;
    }
    return status;
}

static bool is_space(const struct spt_replacement *made) {
    return made->length == 1 && made->text[0] == ' ';
}

static void put(const struct sentence_piece *piece, const char *text, size_t length, struct spt_text *out) {
    for (size_t done = 0; done < length;) {
        const char *space = piece->escape ? memchr(text + done, ' ', length - done) : NULL;
        const size_t end = space ? (size_t)(space - text) : length;
        spt_text_append(out, text + done, end - done);
        if (space) spt_text_put(out, MARK);
        done = end + (space != NULL);
    }
}

static void trim_end(const struct sentence_piece *piece, struct spt_text *out) {
    const char *space = piece->escape ? MARK : " ";
    const size_t size = strlen(space);
    while (!out->failed && out->length >= size && memcmp(out->data + out->length - size, space, size) == 0)
        out->length -= size;
    if (!out->failed && out->data) out->data[out->length] = '\0';
}

static enum spt_status apply(const void *options, struct spt_encoding *encoding, struct spt_error *error) {
    const struct sentence_piece *piece = options;
    const char *text = encoding->text.data;
    const size_t length = encoding->text.length;
    struct spt_text *out = &encoding->spare;
    bool begun = false, after_space = piece->trim;
    for (size_t i = 0; i < length;) {
        struct spt_replacement made;
        enum spt_status status = next(piece, text + i, length - i, &made, error);
        if (status != SPT_OK) return status;
        i += made.matched;
        if (!begun && piece->trim && is_space(&made)) continue;
        if (!begun && piece->prefix && encoding->front) spt_text_put(out, piece->escape ? MARK : " ");
        begun = true;
        while (after_space && made.length && made.text[0] == ' ') made.text++, made.length--;
        put(piece, made.text, made.length, out);
        if (made.length) after_space = piece->trim && made.text[made.length - 1] == ' ';
        status = spt_encoding_check(encoding, out, error);
        if (status != SPT_OK) return status;
    }
    if (piece->trim) trim_end(piece, out);
    return SPT_OK;
}

const struct spt_normalizer_kind spt_normalizer_sentence_piece = {
    .name = "SentencePiece", .parse = parse, .apply = apply};
