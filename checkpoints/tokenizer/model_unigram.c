/* Unigram (Kudo 2018): every token has a score, the logarithm of its probability; a piece is cut into the tokens whose
 * scores add up to most (Viterbi, from left to right; of equal sums the one found first). A character that no token
 * spells costs 10 more than the worst token; neighbours of that sort are one unknown, or their bytes. */
#include "checkpoints/tokenizer/parts.h"

#include <math.h>
#include <string.h>

#include "checkpoints/base/unicode.h"
#include "checkpoints/tokenizer/trie.h"

static const char WHAT[] = "the Unigram model";

enum { NO_TOKEN = -1, RESET = 100000 };

struct unigram {
    const struct spt_vocabulary *vocabulary;
    struct spt_trie trie;
    double *scores; /* [vocabulary], by id; NAN: no part of a text */
    double unknown_score;
    int32_t unknown_id; /* NO_TOKEN: there is none */
    bool byte_fallback;
    bool single;        /* sums are of single precision, as in SentencePiece itself */
    int32_t bytes[256]; /* of <0x00> ... <0xFF>, or NO_TOKEN */
};

/* ["token", score]; null for a token that is no part of a text. */
static enum spt_status parse_token(const struct spt_json *pair, size_t i, struct spt_tokenizer_source *source,
                                   struct spt_vocabulary *vocabulary, double *score, struct spt_error *error) {
    size_t length;
    const char *text = spt_json_string(spt_json_at(pair, 0), &length);
    const enum spt_json_kind kind = spt_json_kind(spt_json_at(pair, 1));
    const bool none = source->assembled && kind == SPT_JSON_NULL;
    *score = spt_json_number(spt_json_at(pair, 1), NAN);
    if (source->assembled) *score = (double)(float)*score; /* which decimals stand for */
    if (!text || spt_json_count(pair) != 2 || (isnan(*score) && !none))
        return spt_fail(error, SPT_INVALID, source->path, "token %zu of %s is not [\"token\", score]", i, WHAT);
    const char *copy = spt_arena_copy(&source->arena, text, length);
    if (!copy) return spt_fail_memory(error, length, "the vocabulary");
    spt_vocabulary_add(vocabulary, copy, length, (int32_t)i); /* of equal ones the last counts */
    return SPT_OK;
}

static enum spt_status parse_vocabulary(const struct spt_json *json, struct spt_tokenizer_source *source,
                                        struct spt_vocabulary *vocabulary, struct unigram *unigram,
                                        struct spt_error *error) {
    const struct spt_json *vocab = spt_json_get(json, "vocab");
    if (spt_json_kind(vocab) != SPT_JSON_ARRAY)
        return spt_fail(error, SPT_INVALID, source->path, "\"vocab\" of %s is %s, expected an array", WHAT,
                        spt_json_kind_name(spt_json_kind(vocab)));
    const size_t count = spt_json_count(vocab);
    unigram->scores = spt_arena_alloc(&source->arena, count, sizeof *unigram->scores);
    if (!unigram->scores || !spt_vocabulary_reserve(vocabulary, &source->arena, count))
        return spt_fail_memory(error, count * sizeof(struct spt_vocabulary_entry), "the vocabulary");
    double least = INFINITY;
    enum spt_status status = SPT_OK;
    for (size_t i = 0; i < count && status == SPT_OK; i++) {
        status = parse_token(spt_json_at(vocab, i), i, source, vocabulary, &unigram->scores[i], error);
        if (status == SPT_OK && unigram->scores[i] < least) least = unigram->scores[i];
    }
    unigram->unknown_score = least - 10;
    return status == SPT_OK ? spt_model_check_tokens(vocabulary, WHAT, source, error) : status;
}

static enum spt_status parse_unknown(const struct spt_json *json, const struct spt_tokenizer_source *source,
                                     struct unigram *unigram, struct spt_error *error) {
    const struct spt_json *node = spt_json_get(json, "unk_id");
    unigram->unknown_id = NO_TOKEN;
    if (spt_json_kind(node) <= SPT_JSON_NULL) return SPT_OK;
    const enum spt_status status = spt_part_id(node, "the unknown token", source, &unigram->unknown_id, error);
    if (status == SPT_OK && (size_t)unigram->unknown_id >= unigram->vocabulary->count)
        return spt_fail(error, SPT_INVALID, source->path, "\"unk_id\" of %s is %d, but it has %zu tokens", WHAT,
                        (int)unigram->unknown_id, unigram->vocabulary->count);
    return status;
}

static enum spt_status build_trie(struct unigram *unigram, struct spt_tokenizer_source *source,
                                  struct spt_error *error) {
    const struct spt_vocabulary *vocabulary = unigram->vocabulary;
    struct spt_vocabulary_entry *entries = spt_arena_alloc(&source->arena, vocabulary->count, sizeof *entries);
    if (!entries) return spt_fail_memory(error, vocabulary->count * sizeof *entries, "the vocabulary");
    size_t count = 0;
    for (size_t i = 0; i < vocabulary->count; i++)
        if (!isnan(unigram->scores[i])) entries[count++] = vocabulary->entries[i];
    if (!spt_trie_build(&unigram->trie, &source->arena, entries, count))
        return spt_fail_memory(error, vocabulary->count * sizeof *entries, "the vocabulary");
    return SPT_OK;
}

static enum spt_status parse(const struct spt_json *json, struct spt_tokenizer_source *source,
                             struct spt_vocabulary *vocabulary, const void **options, struct spt_error *error) {
    struct unigram *unigram = spt_tokenizer_options(source, sizeof *unigram, error);
    if (!unigram) return SPT_NOMEM;
    *options = unigram;
    unigram->vocabulary = vocabulary;
    enum spt_status status = parse_vocabulary(json, source, vocabulary, unigram, error);
    if (status == SPT_OK) status = parse_unknown(json, source, unigram, error);
    if (status == SPT_OK)
        status =
            spt_part_bool(json, "byte_fallback", &(const bool){false}, WHAT, source, &unigram->byte_fallback, error);
    if (status != SPT_OK) return status;
    spt_vocabulary_bytes(vocabulary, unigram->bytes);
    unigram->single = source->assembled;
    if (unigram->single) unigram->unknown_score = (double)(float)unigram->unknown_score;
    return build_trie(unigram, source, error);
}

/* The best way to spell a piece up to a place: its last token. */
struct best {
    double score;
    uint32_t begin;
    int32_t id; /* NO_TOKEN: the place has not been reached */
};

static void offer(const struct unigram *unigram, struct best *place, double score, size_t begin, int32_t id) {
    if (unigram->single) score = (double)(float)score;
    if (place->id == NO_TOKEN || score > place->score)
        *place = (struct best){.score = score, .begin = (uint32_t)begin, .id = id};
}

/* As SentencePiece does it, so that sums of single precision stay exact: they go on from 0 when they are large. */
static void reset_sums(struct best *place, size_t count) {
    const float offset = (float)place->score;
    place->score = 0;
    for (size_t i = 1; i < count; i++)
        if (place[i].id != NO_TOKEN) place[i].score = (double)((float)place[i].score - offset);
}

static enum spt_status no_unknown(uint32_t code, struct spt_error *error) {
    return spt_fail(error, SPT_INVALID, NULL, "U+%04X has no token, and the vocabulary has no unknown token",
                    (unsigned)code);
}

/*   best  [length + 1] out */
static enum spt_status find_best(const struct unigram *unigram, const char *text, size_t length, struct best *best,
                                 struct spt_error *error) {
    for (size_t i = 0; i <= length; i++) best[i].id = NO_TOKEN;
    best[0].score = 0;
    size_t reached = 0; /* the last place that has been */
    uint32_t code;
    for (size_t i = 0, step; i < length; i += step) {
        step = spt_unicode_decode(text + i, length - i, &code);
        if (unigram->single && fabs(best[i].score) > RESET) reset_sums(&best[i], reached - i + 1);
        const double score = best[i].score;
        bool spelt = false; /* the character alone */
        struct spt_trie_walk walk = spt_trie_begin(&unigram->trie, text + i, length - i);
        for (const struct spt_vocabulary_entry *entry; (entry = spt_trie_next(&walk)) != NULL;) {
            offer(unigram, &best[i + entry->length], unigram->scores[entry->id] + score, i, entry->id);
            if (i + entry->length > reached) reached = i + entry->length;
            spelt = spelt || entry->length == step;
        }
        if (spelt) continue;
        struct best *next = &best[i + step];
        const double unknown = unigram->unknown_score + score;
        if (unigram->unknown_id == NO_TOKEN && (next->id == NO_TOKEN || unknown > next->score))
            return no_unknown(code, error);
        offer(unigram, next, unknown, i, unigram->unknown_id);
        if (i + step > reached) reached = i + step;
    }
    return SPT_OK;
}

/* A stretch of unknown characters: the token that it happens to be, its bytes, or the unknown token. */
static bool put_unknown(const struct unigram *unigram, const char *text, size_t length, struct spt_token_ids *ids) {
    const int32_t whole = spt_vocabulary_id(unigram->vocabulary, text, length);
    if (whole >= 0) return spt_token_ids_add(ids, whole);
    bool bytes = unigram->byte_fallback;
    for (size_t i = 0; i < length && bytes; i++) bytes = unigram->bytes[(unsigned char)text[i]] != NO_TOKEN;
    if (!bytes) return spt_token_ids_add(ids, unigram->unknown_id);
    for (size_t i = 0; i < length; i++)
        if (!spt_token_ids_add(ids, unigram->bytes[(unsigned char)text[i]])) return false;
    return true;
}

static enum spt_status encode(const void *options, const char *text, size_t length, struct spt_encoding *encoding,
                              struct spt_token_ids *ids, struct spt_error *error) {
    const struct unigram *unigram = options;
    if (length >= UINT32_MAX)
        return spt_fail(error, SPT_UNSUPPORTED, NULL, "a word of %zu bytes is too long to be tokenized", length);
    struct best *best = spt_buffer_reserve(&encoding->model[0], length + 1, sizeof *best);
    uint32_t *ends = spt_buffer_reserve(&encoding->model[1], length + 1, sizeof *ends);
    if (!best || !ends) return spt_fail_memory(error, (length + 1) * sizeof *best, "a word");
    const enum spt_status status = find_best(unigram, text, length, best, error);
    if (status != SPT_OK) return status;
    size_t count = 0;
    for (size_t at = length; at > 0; at = best[at].begin) ends[count++] = (uint32_t)at;
    bool ok = true;
    for (size_t begin = 0; count > 0 && ok;) {
        size_t end = ends[--count];
        if (best[end].id != unigram->unknown_id) {
            ok = spt_token_ids_add(ids, best[end].id);
        } else {
            while (count > 0 && best[ends[count - 1]].id == unigram->unknown_id) end = ends[--count];
            ok = put_unknown(unigram, text + begin, end - begin, ids);
        }
        begin = end;
    }
    return ok ? SPT_OK : spt_fail_memory(error, length, "token ids");
}

const struct spt_model_kind spt_model_unigram = {.name = "Unigram", .sign = "unk_id", .parse = parse, .encode = encode};
