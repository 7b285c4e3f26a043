/* BPE (Sennrich, Haddow and Birch 2016): a word begins as its characters; of all neighbouring pairs that have a merge,
 * the one with the lowest rank is joined, the leftmost first, until none is left. A queue of candidates makes that O(n
 * log n) for a word of n characters.
 */
#include "checkpoints/tokenizer/parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoints/base/unicode.h"

enum { SMALL_CODES = 0x250, NO_TOKEN = -1, AFFIX_MAX = 256 };

struct merge {
    int32_t left, right, joined; /* left NO_TOKEN: the slot is free */
    uint32_t rank;
};

struct bpe {
    const struct spt_vocabulary *vocabulary;
    struct merge *merges; /* [mask + 1], open addressing */
    size_t mask;
    uint64_t key;
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

/* A pair of tokens whose texts joined are a token, and what that one's score makes of it. */
struct scored {
    struct merge merge;
    double score;
};

static int by_score(const void *a, const void *b) {
    const struct scored *x = a, *y = b;
    return x->score > y->score ? -1 : x->score < y->score;
}

struct scored_pairs {
    struct scored *data;
    size_t count, capacity;
};

static bool add_pairs(const struct bpe *bpe, const double *scores, const struct spt_vocabulary_entry *entry,
                      struct scored_pairs *pairs) {
    for (size_t i = 1; i < entry->length; i++) {
        if (((unsigned char)entry->text[i] & 0xc0) == 0x80) continue;
        const int32_t left = spt_vocabulary_id(bpe->vocabulary, entry->text, i);
        const int32_t right = spt_vocabulary_id(bpe->vocabulary, entry->text + i, entry->length - i);
        if (left < 0 || right < 0 || isnan(scores[left]) || isnan(scores[right])) continue;
        void *data = pairs->data;
        if (!spt_grow(&data, &pairs->capacity, pairs->count + 1, sizeof *pairs->data)) return false;
        pairs->data = data;
        pairs->data[pairs->count++] =
            (struct scored){.merge = {.left = left, .right = right, .joined = entry->id}, .score = scores[entry->id]};
    }
    return true;
}

/* SentencePiece has no merges: any two neighbours are joined whose texts are a piece, the one with the highest score
 * first. Equal scores are one rank. A piece without a score is no part of it.
 *   scores  [vocabulary], NAN: none */
static enum spt_status merges_of_scores(const double *scores, struct spt_tokenizer_source *source, struct bpe *bpe,
                                        struct spt_error *error) {
    const struct spt_vocabulary *vocabulary = bpe->vocabulary;
    struct scored_pairs pairs = {0};
    bool ok = true;
    for (size_t i = 0; i < vocabulary->count && ok; i++)
        if (!isnan(scores[vocabulary->entries[i].id])) ok = add_pairs(bpe, scores, &vocabulary->entries[i], &pairs);
    ok = ok && make_table(bpe, pairs.count, &source->arena);
    if (ok && pairs.count) qsort(pairs.data, pairs.count, sizeof *pairs.data, by_score);
    uint32_t rank = 0;
    for (size_t i = 0; i < pairs.count && ok; i++) {
        if (i && pairs.data[i].score != pairs.data[i - 1].score) rank++;
        struct merge *merge = find_merge(bpe, pairs.data[i].merge.left, pairs.data[i].merge.right);
        *merge = pairs.data[i].merge;
        merge->rank = rank;
    }
    free(pairs.data);
    return ok ? SPT_OK : spt_fail_memory(error, pairs.count * sizeof *pairs.data, "merges");
}

/* [score or null, ...] by id, which are 0 ... of as many tokens. */
static enum spt_status parse_scores(const struct spt_json *json, struct spt_tokenizer_source *source, struct bpe *bpe,
                                    struct spt_error *error) {
    const size_t count = bpe->vocabulary->count;
    double *scores = spt_arena_alloc(&source->arena, count, sizeof *scores);
    if (!scores) return spt_fail_memory(error, count * sizeof *scores, "scores");
    for (size_t i = 0; i < count; i++) scores[i] = spt_json_number(spt_json_at(json, i), NAN);
    return merges_of_scores(scores, source, bpe, error);
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
    int32_t id; /* NO_TOKEN: joined to the one on its left */
    int32_t previous, next;
};

struct candidate {
    uint32_t rank;
    int32_t place; /* of the left symbol */
    int32_t joined;
};

struct word {
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

/* The merge of the symbol at place with its right neighbour; NULL when there is none. */
static const struct merge *merge_at(const struct bpe *bpe, const struct word *word, int32_t place) {
    if (place < 0 || word->symbols[place].next < 0) return NULL;
    const int32_t right = word->symbols[word->symbols[place].next].id;
    const struct merge *merge = find_merge(bpe, word->symbols[place].id, right);
    return merge->left == NO_TOKEN ? NULL : merge;
}

static void consider(const struct bpe *bpe, struct word *word, int32_t place) {
    const struct merge *merge = merge_at(bpe, word, place);
    if (merge) push(word, (struct candidate){.rank = merge->rank, .place = place, .joined = merge->joined});
}

/* Every join takes a symbol away and makes at most two candidates: the queue never holds more than 3 a symbol. */
static void merge_word(const struct bpe *bpe, struct word *word) {
    for (size_t i = 0; i + 1 < word->count; i++) {
        const struct merge *merge = find_merge(bpe, word->symbols[i].id, word->symbols[i + 1].id);
        if (merge->left == NO_TOKEN) continue;
        word->queue[word->queued++] =
            (struct candidate){.rank = merge->rank, .place = (int32_t)i, .joined = merge->joined};
    }
    for (size_t i = word->queued / 2; i-- > 0;) sift_down(word, i);
    while (word->queued) {
        const struct candidate top = pop(word);
        struct symbol *left = &word->symbols[top.place];
        if (left->id == NO_TOKEN) continue;
        const struct merge *merge = merge_at(bpe, word, top.place);
        if (!merge || merge->joined != top.joined) continue; /* what it was made for is gone */
        struct symbol *right = &word->symbols[left->next];
        left->id = top.joined;
        left->next = right->next;
        right->id = NO_TOKEN;
        if (left->next >= 0) word->symbols[left->next].previous = top.place;
        consider(bpe, word, left->previous);
        consider(bpe, word, top.place);
    }
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
    struct word word = {.symbols = spt_buffer_reserve(&encoding->model[0], most, sizeof *word.symbols),
                        .queue = spt_buffer_reserve(&encoding->model[1], 3 * most, sizeof *word.queue)};
    if (!word.symbols || !word.queue) return spt_fail_memory(error, 3 * most * sizeof *word.queue, "a word");
    const enum spt_status status = split_word(bpe, piece, length, encoding, &word, error);
    if (status != SPT_OK) return status;
    merge_word(bpe, &word);
    for (size_t i = 0; i < word.count; i++)
        if (word.symbols[i].id != NO_TOKEN && !spt_token_ids_add(ids, word.symbols[i].id))
            return spt_fail_memory(error, word.count * sizeof *ids->ids, "token ids");
    return SPT_OK;
}

const struct spt_model_kind spt_model_bpe = {.name = "BPE", .sign = "merges", .parse = parse, .encode = encode};
