/* BPE (Sennrich, Haddow and Birch 2016): a word begins as its characters; of all neighbouring pairs that have a merge,
 * the one with the lowest rank is joined, the leftmost first, until none is left. A queue of candidates makes that O(n
 * log n) for a word of n characters.
 *
 * SentencePiece has no merges: any two neighbours are joined whose text is a piece, the one with the highest score
 * first. A character in a piece need be no piece itself, so that texts are looked up instead of pairs of tokens, and
 * what is left without a token is spelt at the end.
 */
#include "checkpoints/tokenizer/parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoints/base/unicode.h"

enum { SMALL_CODES = 0x250, NO_TOKEN = -1, NO_PIECE = -2, AFFIX_MAX = 256 };

#define NO_RANK UINT32_MAX

struct merge {
    int32_t left, right, joined; /* left NO_TOKEN: the slot is free */
    uint32_t rank;
};

struct piece {
    uint32_t rank, length;
};

struct bpe {
    const struct spt_vocabulary *vocabulary;
    struct merge *merges; /* [mask + 1], open addressing */
    size_t mask;
    uint64_t key;
    const struct piece *pieces;            /* SentencePiece's, by id; NULL: there are merges */
    size_t longest;                        /* of the pieces with a rank */
    const char *unknown, *prefix, *suffix; /* NULL: none */
    size_t prefix_length, suffix_length;
    int32_t unknown_id; /* NO_TOKEN when the vocabulary lacks it */
    bool fuse_unknown, byte_fallback, ignore_merges;
    int32_t bytes[256];         /* of <0x00> ... <0xFF>, or NO_TOKEN */
    int32_t small[SMALL_CODES]; /* ids of single characters; only without prefix and suffix */
};

/* ---- reading ---- */

static size_t slot_of(const struct bpe *bpe, int32_t left, int32_t right) {
    uint64_t hash = ((uint64_t)(uint32_t)left << 32 | (uint32_t)right) ^ bpe->key;
    hash = (hash ^ (hash >> 32)) * 0xd6e8feb86659fd93u;
    hash = (hash ^ (hash >> 32) ^ bpe->key) * 0x9e3779b97f4a7c15u;
    return (size_t)(hash ^ (hash >> 32)) & bpe->mask;
}

/* The slot of the pair, or the free one it would be put into. */
static struct merge *find_merge(const struct bpe *bpe, int32_t left, int32_t right) {
    size_t slot = slot_of(bpe, left, right);
    while (bpe->merges[slot].left != NO_TOKEN && (bpe->merges[slot].left != left || bpe->merges[slot].right != right))
        slot = (slot + 1) & bpe->mask;
    return &bpe->merges[slot];
}

struct pair {
    const char *left, *right;
    size_t left_length, right_length;
};

/* "a b" or ["a", "b"] */
static bool parse_pair(const struct spt_json *json, struct pair *pair) {
    if (spt_json_kind(json) == SPT_JSON_ARRAY) {
        pair->left = spt_json_string(spt_json_at(json, 0), &pair->left_length);
        pair->right = spt_json_string(spt_json_at(json, 1), &pair->right_length);
        return pair->left && pair->right && spt_json_count(json) == 2;
    }
    size_t length;
    pair->left = spt_json_string(json, &length);
    const char *space = pair->left ? strchr(pair->left, ' ') : NULL;
    if (!space || strchr(space + 1, ' ')) return false;
    pair->left_length = (size_t)(space - pair->left);
    pair->right = space + 1;
    pair->right_length = length - pair->left_length - 1;
    return true;
}

static enum spt_status unknown_in_merge(const struct spt_tokenizer_source *source, size_t i, const char *text,
                                        size_t length, struct spt_error *error) {
    return spt_fail(error, SPT_INVALID, source->path,
                    "merge %zu of the BPE model needs \"%.*s\", not in the vocabulary", i,
                    (int)(length < 100 ? length : 100), text);
}

static enum spt_status add_merge(struct bpe *bpe, struct pair pair, size_t i, struct spt_tokenizer_source *source,
                                 struct spt_text *joined, struct spt_error *error) {
    const int32_t left = spt_vocabulary_id(bpe->vocabulary, pair.left, pair.left_length);
    if (left < 0) return unknown_in_merge(source, i, pair.left, pair.left_length, error);
    const int32_t right = spt_vocabulary_id(bpe->vocabulary, pair.right, pair.right_length);
    if (right < 0) return unknown_in_merge(source, i, pair.right, pair.right_length, error);
    if (pair.right_length < bpe->prefix_length)
        return spt_fail(error, SPT_INVALID, source->path,
                        "merge %zu of the BPE model joins \"%.*s\", which is shorter than continuing_subword_prefix", i,
                        (int)pair.right_length, pair.right);
    spt_text_clear(joined);
    spt_text_append(joined, pair.left, pair.left_length);
    spt_text_append(joined, pair.right + bpe->prefix_length, pair.right_length - bpe->prefix_length);
    if (joined->failed) return spt_fail_memory(error, pair.left_length + pair.right_length, "merges");
    const int32_t id = spt_vocabulary_id(bpe->vocabulary, joined->data, joined->length);
    if (id < 0) return unknown_in_merge(source, i, joined->data, joined->length, error);
    *find_merge(bpe, left, right) =
        (struct merge){.left = left, .right = right, .joined = id, .rank = (uint32_t)i}; /* the last of equals counts */
    return SPT_OK;
}

static bool make_table(struct bpe *bpe, size_t count, struct spt_arena *arena) {
    size_t slots = 16;
    while (slots < 2 * count) slots *= 2;
    bpe->mask = slots - 1;
    bpe->key = spt_hash_key();
    bpe->merges = spt_arena_alloc(arena, slots, sizeof *bpe->merges);
    if (!bpe->merges || count >= UINT32_MAX) return false;
    for (size_t i = 0; i < slots; i++) bpe->merges[i].left = NO_TOKEN;
    return true;
}

static enum spt_status parse_merges(const struct spt_json *json, struct spt_tokenizer_source *source, struct bpe *bpe,
                                    struct spt_error *error) {
    const struct spt_json *merges = spt_json_get(json, "merges");
    if (spt_json_kind(merges) != SPT_JSON_ARRAY)
        return spt_fail(error, SPT_INVALID, source->path, "\"merges\" of the BPE model is %s, expected an array",
                        spt_json_kind_name(spt_json_kind(merges)));
    const size_t count = spt_json_count(merges);
    if (!make_table(bpe, count, &source->arena)) return spt_fail_memory(error, count * sizeof *bpe->merges, "merges");
    struct spt_text joined = {0};
    enum spt_status status = SPT_OK;
    for (size_t i = 0; i < count && status == SPT_OK; i++) {
        const struct spt_json *merge = spt_json_at(merges, i);
        const char *line = spt_json_string(merge, NULL);
        struct pair pair;
        if (line && strncmp(line, "#version", 8) == 0) continue; /* the first line of a merges.txt */
        if (parse_pair(merge, &pair))
            status = add_merge(bpe, pair, i, source, &joined, error);
        else
            status = spt_fail(error, SPT_INVALID, source->path,
                              "merge %zu of the BPE model is neither \"a b\" nor [\"a\", \"b\"]", i);
    }
    spt_text_release(&joined);
    return status;
}

/* Floats in the order of integers: the highest score is the lowest rank, equal scores are one. */
static uint32_t rank_of_score(double score) {
    const float low = (float)-score;
    uint32_t bits;
    memcpy(&bits, &low, sizeof bits);
    return bits >> 31 ? ~bits : bits | UINT32_C(1) << 31;
}

/* [score or null, ...] by id, which are 0 ... of as many tokens. A token without a score is never joined. */
static enum spt_status parse_scores(const struct spt_json *json, struct spt_tokenizer_source *source, struct bpe *bpe,
                                    struct spt_error *error) {
    const struct spt_vocabulary *vocabulary = bpe->vocabulary;
    struct piece *pieces = spt_arena_alloc(&source->arena, vocabulary->count, sizeof *pieces);
    if (!pieces) return spt_fail_memory(error, vocabulary->count * sizeof *pieces, "scores");
    for (size_t i = 0; i < vocabulary->count; i++) {
        const struct spt_vocabulary_entry *entry = &vocabulary->entries[i];
        const double score = spt_json_number(spt_json_at(json, (size_t)entry->id), NAN);
        pieces[entry->id] =
            (struct piece){.rank = isnan(score) ? NO_RANK : rank_of_score(score), .length = (uint32_t)entry->length};
        if (!isnan(score) && entry->length > bpe->longest) bpe->longest = entry->length;
    }
    bpe->pieces = pieces;
    return SPT_OK;
}

/* A string or null. */
static enum spt_status optional_string(const struct spt_json *json, const char *key,
                                       struct spt_tokenizer_source *source, const char **value, size_t *length,
                                       struct spt_error *error) {
    if (spt_json_kind(spt_json_get(json, key)) <= SPT_JSON_NULL) return SPT_OK;
    const enum spt_status status = spt_part_string(json, key, "the BPE model", source, value, length, error);
    if (status == SPT_OK && *length > AFFIX_MAX)
        return spt_fail(error, SPT_UNSUPPORTED, source->path,
                        "\"%s\" of the BPE model has %zu bytes, at most %d are supported", key, *length, AFFIX_MAX);
    return status;
}

static enum spt_status parse_options(const struct spt_json *json, struct spt_tokenizer_source *source, struct bpe *bpe,
                                     struct spt_error *error) {
    static const bool NO = false;
    const char *what = "the BPE model";
    const struct spt_json *dropout = spt_json_get(json, "dropout");
    size_t unknown_length = 0;
    if (spt_json_kind(dropout) > SPT_JSON_NULL && spt_json_number(dropout, 1) != 0)
        return spt_fail(error, SPT_UNSUPPORTED, source->path,
                        "\"dropout\" of the BPE model makes tokens random, only null and 0 are supported");
    enum spt_status status = spt_part_bool(json, "fuse_unk", &NO, what, source, &bpe->fuse_unknown, error);
    if (status == SPT_OK) status = spt_part_bool(json, "byte_fallback", &NO, what, source, &bpe->byte_fallback, error);
    if (status == SPT_OK) status = spt_part_bool(json, "ignore_merges", &NO, what, source, &bpe->ignore_merges, error);
    if (status == SPT_OK) status = optional_string(json, "unk_token", source, &bpe->unknown, &unknown_length, error);
    if (status == SPT_OK)
        status = optional_string(json, "continuing_subword_prefix", source, &bpe->prefix, &bpe->prefix_length, error);
    if (status == SPT_OK)
        status = optional_string(json, "end_of_word_suffix", source, &bpe->suffix, &bpe->suffix_length, error);
    bpe->unknown_id = bpe->unknown ? spt_vocabulary_id(bpe->vocabulary, bpe->unknown, unknown_length) : NO_TOKEN;
    return status;
}

static void fill_tables(struct bpe *bpe) {
    spt_vocabulary_bytes(bpe->vocabulary, bpe->bytes);
    for (uint32_t code = 0; code < SMALL_CODES; code++) {
        char bytes[4];
        bpe->small[code] = spt_vocabulary_id(bpe->vocabulary, bytes, spt_unicode_encode(code, bytes));
    }
}

static enum spt_status parse(const struct spt_json *json, struct spt_tokenizer_source *source,
                             struct spt_vocabulary *vocabulary, const void **options, struct spt_error *error) {
    struct bpe *bpe = spt_tokenizer_options(source, sizeof *bpe, error);
    if (!bpe) return SPT_NOMEM;
    *options = bpe;
    bpe->vocabulary = vocabulary;
    enum spt_status status = spt_model_read_vocabulary(json, "the BPE model", source, vocabulary, error);
    if (status == SPT_OK) status = parse_options(json, source, bpe, error);
    const struct spt_json *scores = source->assembled ? spt_json_get(json, "scores") : NULL;
    if (status == SPT_OK)
        status = scores ? parse_scores(scores, source, bpe, error) : parse_merges(json, source, bpe, error);
    if (status == SPT_OK) fill_tables(bpe);
    return status;
}

/* ---- encoding ---- */

/* A doubly linked list in an array: next and previous are places in it, or -1. */
struct symbol {
    int32_t id; /* NO_TOKEN: joined to the one on its left; NO_PIECE: a character that is none */
    int32_t previous, next;
    int32_t begin; /* in text; SentencePiece's alone */
};

struct candidate {
    uint32_t rank;
    int32_t place; /* of the left symbol */
    int32_t joined;
};

struct word {
    const char *text; /* [length], SentencePiece's alone */
    size_t length;
    struct symbol *symbols; /* [count] */
    size_t count;
    struct candidate *queue; /* [queued], a binary heap, lowest rank and then leftmost first */
    size_t queued;
};

static void add_symbol(struct word *word, int32_t id) {
    const int32_t place = (int32_t)word->count;
    if (place > 0) word->symbols[place - 1].next = place;
    word->symbols[word->count++] = (struct symbol){.id = id, .previous = place - 1, .next = -1};
}

/* The id of the character at piece[begin, end) as it stands in the vocabulary, with prefix and suffix; NO_TOKEN. *name
 * is how it is written there. */
static int32_t character_id(const struct bpe *bpe, const char *piece, size_t begin, size_t end, size_t length,
                            struct spt_encoding *encoding, struct spt_span *name) {
    const bool plain = (!bpe->prefix || begin == 0) && (!bpe->suffix || end < length);
    *name = (struct spt_span){.begin = begin, .end = end};
    if (plain) return spt_vocabulary_id(bpe->vocabulary, piece + begin, end - begin);
    spt_text_clear(&encoding->work);
    if (begin > 0 && bpe->prefix) spt_text_append(&encoding->work, bpe->prefix, bpe->prefix_length);
    spt_text_append(&encoding->work, piece + begin, end - begin);
    if (end == length && bpe->suffix) spt_text_append(&encoding->work, bpe->suffix, bpe->suffix_length);
    if (encoding->work.failed) return NO_TOKEN;
    return spt_vocabulary_id(bpe->vocabulary, encoding->work.data, encoding->work.length);
}

/* All bytes of text as <0x..> tokens, if there are such for all of them. */
static bool add_bytes(const struct bpe *bpe, const char *text, size_t length, struct word *word) {
    for (size_t i = 0; i < length; i++)
        if (bpe->bytes[(unsigned char)text[i]] == NO_TOKEN) return false;
    for (size_t i = 0; i < length; i++) add_symbol(word, bpe->bytes[(unsigned char)text[i]]);
    return true;
}

static enum spt_status no_unknown(const struct bpe *bpe, const char *text, struct spt_error *error) {
    uint32_t code = 0;
    spt_unicode_decode(text, 4, &code);
    return spt_fail(error, SPT_INVALID, NULL, "U+%04X has no token, and the vocabulary lacks the unknown token \"%s\"",
                    (unsigned)code, bpe->unknown);
}

/* The characters of a piece as symbols. An unknown one waits for the next known one (or the end, or the next unknown
 * one when they are not fused) before it is added; bytes do not end its waiting: so does the reference implementation.
 */
static enum spt_status split_word(const struct bpe *bpe, const char *piece, size_t length,
                                  struct spt_encoding *encoding, struct word *word, struct spt_error *error) {
    const bool simple = !bpe->prefix && !bpe->suffix;
    bool waiting = false;
    for (size_t i = 0, step; i < length; i += step) {
        uint32_t code;
        step = spt_unicode_decode(piece + i, length - i, &code);
        struct spt_span name = {.begin = i, .end = i + step};
        const int32_t id = simple && code < SMALL_CODES
                               ? bpe->small[code]
                               : character_id(bpe, piece, i, i + step, length, encoding, &name);
        if (encoding->work.failed) return spt_fail_memory(error, length, "the text to be tokenized");
        if (id != NO_TOKEN) {
            if (waiting) add_symbol(word, bpe->unknown_id);
            waiting = false;
            add_symbol(word, id);
            continue;
        }
        const bool composed = !simple && ((bpe->prefix && i > 0) || (bpe->suffix && i + step == length));
        if (bpe->byte_fallback &&
            add_bytes(bpe, composed ? encoding->work.data : piece + i, composed ? encoding->work.length : step, word))
            continue;
        if (!bpe->unknown) continue;
        if (bpe->unknown_id == NO_TOKEN) return no_unknown(bpe, piece + i, error);
        if (waiting && !bpe->fuse_unknown) add_symbol(word, bpe->unknown_id);
        waiting = true;
    }
    if (waiting) add_symbol(word, bpe->unknown_id);
    return SPT_OK;
}

/* SentencePiece: every character, be it a piece or not. */
static void split_characters(const struct bpe *bpe, const char *piece, size_t length, struct word *word) {
    for (size_t i = 0, step; i < length; i += step) {
        uint32_t code;
        step = spt_unicode_decode(piece + i, length - i, &code);
        const int32_t id = code < SMALL_CODES ? bpe->small[code] : spt_vocabulary_id(bpe->vocabulary, piece + i, step);
        add_symbol(word, id == NO_TOKEN || id == bpe->unknown_id ? NO_PIECE : id);
        word->symbols[word->count - 1].begin = (int32_t)i;
    }
}

static bool before(struct candidate a, struct candidate b) {
    return a.rank != b.rank ? a.rank < b.rank : a.place < b.place;
}

static void sift_down(struct word *word, size_t i) {
    const struct candidate moved = word->queue[i];
    for (size_t child; (child = 2 * i + 1) < word->queued; i = child) {
        if (child + 1 < word->queued && before(word->queue[child + 1], word->queue[child])) child++;
        if (!before(word->queue[child], moved)) break;
        word->queue[i] = word->queue[child];
    }
    word->queue[i] = moved;
}

static void push(struct word *word, struct candidate candidate) {
    size_t i = word->queued++;
    for (; i > 0 && before(candidate, word->queue[(i - 1) / 2]); i = (i - 1) / 2)
        word->queue[i] = word->queue[(i - 1) / 2];
    word->queue[i] = candidate;
}

static struct candidate pop(struct word *word) {
    const struct candidate top = word->queue[0];
    word->queue[0] = word->queue[--word->queued];
    if (word->queued) sift_down(word, 0);
    return top;
}

static size_t end_of(const struct word *word, int32_t place) {
    const int32_t next = word->symbols[place].next;
    return next < 0 ? word->length : (size_t)word->symbols[next].begin;
}

/* What the symbol at place and its right neighbour are joined to; joined is NO_TOKEN when they are not. */
static struct candidate candidate_at(const struct bpe *bpe, const struct word *word, int32_t place) {
    struct candidate candidate = {.place = place, .joined = NO_TOKEN};
    const struct symbol *left = &word->symbols[place];
    if (left->next < 0) return candidate;
    if (bpe->pieces) {
        const size_t length = end_of(word, left->next) - (size_t)left->begin;
        if (length > bpe->longest) return candidate;
        candidate.joined = spt_vocabulary_id(bpe->vocabulary, word->text + left->begin, length);
        if (candidate.joined == NO_TOKEN) return candidate;
        candidate.rank = bpe->pieces[candidate.joined].rank;
        if (candidate.rank == NO_RANK) candidate.joined = NO_TOKEN;
        return candidate;
    }
    const struct merge *merge = find_merge(bpe, left->id, word->symbols[left->next].id);
    if (merge->left == NO_TOKEN) return candidate;
    return (struct candidate){.rank = merge->rank, .place = place, .joined = merge->joined};
}

/* Whether what a candidate was made for is still there. */
static bool stands(const struct bpe *bpe, const struct word *word, struct candidate candidate) {
    const struct symbol *left = &word->symbols[candidate.place];
    if (left->id == NO_TOKEN || left->next < 0) return false;
    if (!bpe->pieces) return candidate_at(bpe, word, candidate.place).joined == candidate.joined;
    return end_of(word, left->next) - (size_t)left->begin == bpe->pieces[candidate.joined].length;
}

static void consider(const struct bpe *bpe, struct word *word, int32_t place) {
    const struct candidate candidate = candidate_at(bpe, word, place);
    if (candidate.joined != NO_TOKEN) push(word, candidate);
}

/* Every join takes a symbol away and makes at most two candidates: the queue never holds more than 3 a symbol. */
static void merge_word(const struct bpe *bpe, struct word *word) {
    for (size_t i = 0; i + 1 < word->count; i++) {
        const struct candidate candidate = candidate_at(bpe, word, (int32_t)i);
        if (candidate.joined != NO_TOKEN) word->queue[word->queued++] = candidate;
    }
    for (size_t i = word->queued / 2; i-- > 0;) sift_down(word, i);
    while (word->queued) {
        const struct candidate top = pop(word);
        if (!stands(bpe, word, top)) continue;
        struct symbol *left = &word->symbols[top.place], *right = &word->symbols[left->next];
        left->id = top.joined;
        left->next = right->next;
        right->id = NO_TOKEN;
        if (left->next >= 0) word->symbols[left->next].previous = top.place;
        if (left->previous >= 0) consider(bpe, word, left->previous);
        consider(bpe, word, top.place);
    }
}

/* A character without a piece: its bytes, else the unknown token, which stands once for several in a row. */
static bool spell(const struct bpe *bpe, const char *text, size_t length, bool after_unknown, struct spt_token_ids *ids,
                  bool *unknown) {
    *unknown = !bpe->byte_fallback;
    for (size_t i = 0; i < length && !*unknown; i++) *unknown = bpe->bytes[(unsigned char)text[i]] == NO_TOKEN;
    if (*unknown) return after_unknown || spt_token_ids_add(ids, bpe->unknown_id);
    for (size_t i = 0; i < length; i++)
        if (!spt_token_ids_add(ids, bpe->bytes[(unsigned char)text[i]])) return false;
    return true;
}

static enum spt_status put_ids(const struct bpe *bpe, const struct word *word, struct spt_token_ids *ids,
                               struct spt_error *error) {
    bool unknown = false, ok = true;
    for (int32_t i = 0; i >= 0 && (size_t)i < word->count && ok; i = word->symbols[i].next) {
        const struct symbol *symbol = &word->symbols[i];
        if (symbol->id == NO_PIECE) {
            const size_t begin = (size_t)symbol->begin;
            ok = spell(bpe, word->text + begin, end_of(word, i) - begin, unknown, ids, &unknown);
        } else {
            ok = spt_token_ids_add(ids, symbol->id);
            unknown = false;
        }
    }
    return ok ? SPT_OK : spt_fail_memory(error, word->count * sizeof *ids->ids, "token ids");
}

static enum spt_status encode(const void *options, const char *piece, size_t length, struct spt_encoding *encoding,
                              struct spt_token_ids *ids, struct spt_error *error) {
    const struct bpe *bpe = options;
    if (bpe->ignore_merges) {
        const int32_t id = spt_vocabulary_id(bpe->vocabulary, piece, length);
        if (id >= 0) return spt_token_ids_add(ids, id) ? SPT_OK : spt_fail_memory(error, length, "token ids");
    }
    /* Bytes stand for characters at worst, with prefix and suffix around each of them. */
    const size_t most = length + (bpe->byte_fallback ? length * bpe->prefix_length + bpe->suffix_length : 0) + 1;
    if (most > INT32_MAX / 4)
        return spt_fail(error, SPT_UNSUPPORTED, NULL, "a word of %zu bytes is too long to be tokenized", length);
    struct word word = {.text = piece,
                        .length = length,
                        .symbols = spt_buffer_reserve(&encoding->model[0], most, sizeof *word.symbols),
                        .queue = spt_buffer_reserve(&encoding->model[1], 3 * most, sizeof *word.queue)};
    if (!word.symbols || !word.queue) return spt_fail_memory(error, 3 * most * sizeof *word.queue, "a word");
    if (bpe->pieces) {
        split_characters(bpe, piece, length, &word);
    } else {
        const enum spt_status status = split_word(bpe, piece, length, encoding, &word, error);
        if (status != SPT_OK) return status;
    }
    merge_word(bpe, &word);
    return put_ids(bpe, &word, ids, error);
}

const struct spt_model_kind spt_model_bpe = {.name = "BPE", .sign = "merges", .parse = parse, .encode = encode};
