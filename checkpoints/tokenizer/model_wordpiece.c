/* WordPiece (Schuster and Nakajima 2012, as BERT has it): a word is the longest token it begins with, then the longest
 * of the tokens that continue a word ("##ing"), and so on; a word that cannot be spelt so, or is too long, is unknown
 * as a whole. */
#include "checkpoints/tokenizer/parts.h"

#include <string.h>

#include "checkpoints/base/unicode.h"
#include "checkpoints/tokenizer/trie.h"

static const char WHAT[] = "the WordPiece model";

struct word_piece {
    struct spt_trie first, next; /* tokens; those that continue a word, without their prefix */
    const char *unknown;
    int32_t unknown_id; /* -1: the vocabulary lacks it */
    size_t characters_max;
};

static enum spt_status parse_longest(const struct spt_json *json, const struct spt_tokenizer_source *source,
                                     size_t *longest, struct spt_error *error) {
    const struct spt_json *node = spt_json_get(json, "max_input_chars_per_word");
    const int64_t value = spt_json_integer(node, -1);
    if (spt_json_kind(node) != SPT_JSON_INTEGER || value < 0)
        return spt_fail(error, SPT_INVALID, source->path,
                        "\"max_input_chars_per_word\" of %s is %s, expected an integer that is not negative", WHAT,
                        value < 0 && spt_json_kind(node) == SPT_JSON_INTEGER ? "negative"
                                                                             : spt_json_kind_name(spt_json_kind(node)));
    *longest = (size_t)value;
    return SPT_OK;
}

/* The tokens that begin with prefix, without it. */
static bool build_next(struct word_piece *piece, const struct spt_vocabulary *vocabulary, const char *prefix,
                       size_t length, struct spt_arena *arena) {
    struct spt_vocabulary_entry *entries = spt_arena_alloc(arena, vocabulary->count, sizeof *entries);
    if (!entries) return false;
    size_t count = 0;
    for (size_t i = 0; i < vocabulary->count; i++) {
        const struct spt_vocabulary_entry *entry = &vocabulary->entries[i];
        if (entry->length < length || memcmp(entry->text, prefix, length) != 0) continue;
        entries[count++] = (struct spt_vocabulary_entry){
            .text = entry->text + length, .length = entry->length - length, .id = entry->id};
    }
    return spt_trie_build(&piece->next, arena, entries, count);
}

static enum spt_status parse(const struct spt_json *json, struct spt_tokenizer_source *source,
                             struct spt_vocabulary *vocabulary, const void **options, struct spt_error *error) {
    struct word_piece *piece = spt_tokenizer_options(source, sizeof *piece, error);
    if (!piece) return SPT_NOMEM;
    *options = piece;
    const char *prefix = NULL;
    size_t unknown_length = 0, prefix_length = 0;
    enum spt_status status = spt_model_read_vocabulary(json, WHAT, source, vocabulary, error);
    if (status == SPT_OK) status = spt_model_check_tokens(vocabulary, WHAT, source, error);
    if (status == SPT_OK)
        status = spt_part_string(json, "unk_token", WHAT, source, &piece->unknown, &unknown_length, error);
    if (status == SPT_OK)
        status = spt_part_string(json, "continuing_subword_prefix", WHAT, source, &prefix, &prefix_length, error);
    if (status == SPT_OK) status = parse_longest(json, source, &piece->characters_max, error);
    if (status != SPT_OK) return status;
    piece->unknown_id = spt_vocabulary_id(vocabulary, piece->unknown, unknown_length);
    if (!spt_trie_build(&piece->first, &source->arena, vocabulary->entries, vocabulary->count) ||
        !build_next(piece, vocabulary, prefix, prefix_length, &source->arena))
        return spt_fail_memory(error, vocabulary->count * sizeof *vocabulary->entries, "the vocabulary");
    return SPT_OK;
}

/* The characters of a piece, counted no further than to one more than most. */
static bool is_longer(const char *text, size_t length, size_t most) {
    if (length <= most) return false;
    size_t count = 0;
    for (size_t i = 0; i < length && count <= most; i++) count += ((unsigned char)text[i] & 0xc0) != 0x80;
    return count > most;
}

static enum spt_status put_unknown(const struct word_piece *piece, struct spt_token_ids *ids, struct spt_error *error) {
    if (piece->unknown_id < 0)
        return spt_fail(error, SPT_INVALID, NULL,
                        "a word cannot be spelt, and the vocabulary lacks the unknown token \"%s\"", piece->unknown);
    return spt_token_ids_add(ids, piece->unknown_id) ? SPT_OK : spt_fail_memory(error, sizeof(int32_t), "token ids");
}

static enum spt_status encode(const void *options, const char *text, size_t length, struct spt_encoding *encoding,
                              struct spt_token_ids *ids, struct spt_error *error) {
    (void)encoding;
    const struct word_piece *piece = options;
    if (is_longer(text, length, piece->characters_max)) return put_unknown(piece, ids, error);
    const size_t before = ids->count;
    for (size_t done = 0; done < length;) {
        const struct spt_vocabulary_entry *entry =
            spt_trie_longest(done ? &piece->next : &piece->first, text + done, length - done);
        if (!entry) {
            ids->count = before;
            return put_unknown(piece, ids, error);
        }
        if (!spt_token_ids_add(ids, entry->id)) return spt_fail_memory(error, length, "token ids");
        done += entry->length;
    }
    return SPT_OK;
}

const struct spt_model_kind spt_model_word_piece = {
    .name = "WordPiece", .sign = "max_input_chars_per_word", .parse = parse, .encode = encode};
