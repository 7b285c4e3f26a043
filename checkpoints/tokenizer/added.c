#include "checkpoints/tokenizer/added.h"

#include <stdlib.h>
#include <string.h>

#include "checkpoints/base/unicode.h"

static enum spt_status parse_token(const struct spt_json *json, struct spt_tokenizer_source *source,
                                   struct spt_added_token *token, struct spt_error *error) {
    const char *what = "an added token";
    enum spt_status status = spt_part_string(json, "content", what, source, &token->content, &token->length, error);
    if (status == SPT_OK) status = spt_part_id(spt_json_get(json, "id"), what, source, &token->id, error);
    const struct {
        const char *key;
        bool *value;
    } flags[] = {
        {"single_word", &token->single_word}, {"lstrip", &token->lstrip},   {"rstrip", &token->rstrip},
        {"normalized", &token->normalized},   {"special", &token->special},
    };
    for (size_t i = 0; i < sizeof flags / sizeof *flags && status == SPT_OK; i++)
        status = spt_part_bool(json, flags[i].key, NULL, what, source, flags[i].value, error);
    if (status == SPT_OK && token->length > SPT_ADDED_MAX)
        return spt_fail(error, SPT_UNSUPPORTED, source->path, "an added token of %zu bytes, at most %d are supported",
                        token->length, SPT_ADDED_MAX);
    return status;
}

/* While the list is read. */
struct reading {
    struct spt_tokenizer_source *source;
    const struct spt_vocabulary *vocabulary;
    struct spt_vocabulary contents; /* content to its place in tokens */
    struct spt_added_token *tokens; /* [count], one for each content, with the flags stated last */
    size_t beyond;                  /* tokens that the vocabulary has not */
};

static enum spt_status give_id(struct reading *reading, struct spt_added_token *token, struct spt_error *error) {
    token->id = spt_vocabulary_id(reading->vocabulary, token->content, token->length);
    if (token->id >= 0) return SPT_OK;
    const size_t id = reading->vocabulary->count + reading->beyond++;
    if (id > INT32_MAX) return spt_fail(error, SPT_INVALID, reading->source->path, "no id is left for an added token");
    token->id = (int32_t)id;
    return SPT_OK;
}

static enum spt_status add_token(struct reading *reading, struct spt_added_token *token, struct spt_error *error) {
    if (token->length == 0) return SPT_OK;
    const int32_t known = spt_vocabulary_id(&reading->contents, token->content, token->length);
    if (known >= 0) {
        token->id = reading->tokens[known].id;
        reading->tokens[known] = *token;
        return SPT_OK;
    }
    const enum spt_status status = give_id(reading, token, error);
    if (status != SPT_OK) return status;
    const size_t place = reading->contents.count;
    reading->tokens[place] = *token;
    spt_vocabulary_add(&reading->contents, token->content, token->length, (int32_t)place);
    return SPT_OK;
}

static int compare_needles(const void *a, const void *b) {
    const struct spt_added_needle *x = a, *y = b;
    const int order = memcmp(x->text, y->text, x->length < y->length ? x->length : y->length);
    if (order) return order;
    if (x->length != y->length) return x->length < y->length ? -1 : 1;
    return x->token < y->token ? -1 : x->token > y->token; /* of equal ones the first counts */
}

static void finish_search(struct spt_added_search *search) {
    qsort(search->needles, search->count, sizeof *search->needles, compare_needles);
    size_t needle = 0;
    for (size_t byte = 0; byte <= 256; byte++) {
        while (needle < search->count && (unsigned char)search->needles[needle].text[0] < byte) needle++;
        search->first[byte] = needle;
    }
}

/* What to look for when token is looked for in normalized text. */
static enum spt_status normalized_needle(const struct spt_added_token *token, const struct spt_steps *normalizer,
                                         struct spt_tokenizer_source *source, struct spt_added_needle *needle,
                                         struct spt_error *error) {
    struct spt_encoding encoding = {.limit = 64 * SPT_ADDED_MAX};
    spt_text_append(&encoding.text, token->content, token->length);
    enum spt_status status = spt_encoding_check(&encoding, &encoding.text, error);
    if (status == SPT_OK) status = spt_normalizer_apply(normalizer, &encoding, error);
    if (status == SPT_OK && encoding.text.length == 0)
        status =
            spt_fail(error, SPT_UNSUPPORTED, source->path,
                     "the added token \"%s\" is empty after normalization, which is not supported", token->content);
    if (status == SPT_OK) {
        needle->length = encoding.text.length;
        needle->text = spt_arena_copy(&source->arena, encoding.text.data, encoding.text.length);
        if (!needle->text) status = spt_fail_memory(error, needle->length, "added tokens");
    }
    spt_encoding_release(&encoding);
    return status;
}

static enum spt_status fill_searches(const struct reading *reading, const struct spt_steps *normalizer,
                                     struct spt_added *added, struct spt_error *error) {
    for (size_t i = 0; i < reading->contents.count; i++) {
        const struct spt_added_token *token = &reading->tokens[i];
        struct spt_added_search *search = token->normalized ? &added->normalized : &added->given;
        struct spt_added_needle *needle = &search->needles[search->count++];
        *needle = (struct spt_added_needle){.text = token->content, .length = token->length, .token = token};
        if (!token->normalized) continue;
        const enum spt_status status = normalized_needle(token, normalizer, reading->source, needle, error);
        if (status != SPT_OK) return status;
    }
    finish_search(&added->given);
    finish_search(&added->normalized);
    return SPT_OK;
}

static int compare_ids(const void *a, const void *b) {
    const struct spt_added_token *x = a, *y = b;
    if (x->id != y->id) return x->id < y->id ? -1 : 1;
    return strcmp(x->content, y->content);
}

static enum spt_status read_all(const struct spt_json *json, struct reading *reading, struct spt_error *error) {
    const size_t count = spt_json_count(json);
    enum spt_status status = SPT_OK;
    for (size_t i = 0; i < count && status == SPT_OK; i++) {
        struct spt_added_token token = {0};
        status = parse_token(spt_json_at(json, i), reading->source, &token, error);
        if (status == SPT_OK) status = add_token(reading, &token, error);
    }
    return status;
}

enum spt_status spt_added_parse(const struct spt_json *json, struct spt_tokenizer_source *source,
                                const struct spt_vocabulary *vocabulary, const struct spt_steps *normalizer,
                                struct spt_added *added, struct spt_error *error) {
    const enum spt_json_kind kind = spt_json_kind(json);
    if (kind > SPT_JSON_NULL && kind != SPT_JSON_ARRAY)
        return spt_fail(error, SPT_INVALID, source->path, "\"added_tokens\" is %s, expected an array",
                        spt_json_kind_name(kind));
    const size_t count = spt_json_count(json);
    struct reading reading = {.source = source, .vocabulary = vocabulary};
    *added = (struct spt_added){0};
    reading.tokens = spt_arena_alloc(&source->arena, count, sizeof *reading.tokens);
    added->tokens = spt_arena_alloc(&source->arena, count, sizeof *added->tokens);
    added->given.needles = spt_arena_alloc(&source->arena, count, sizeof *added->given.needles);
    added->normalized.needles = spt_arena_alloc(&source->arena, count, sizeof *added->normalized.needles);
    if (!reading.tokens || !added->tokens || !added->given.needles || !added->normalized.needles ||
        !spt_vocabulary_reserve(&reading.contents, &source->arena, count))
        return spt_fail_memory(error, count * sizeof *added->tokens, "added tokens");
    enum spt_status status = read_all(json, &reading, error);
    if (status == SPT_OK) status = fill_searches(&reading, normalizer, added, error);
    if (status != SPT_OK) return status;
    added->count = reading.contents.count;
    if (added->count) memcpy(added->tokens, reading.tokens, added->count * sizeof *added->tokens);
    qsort(added->tokens, added->count, sizeof *added->tokens, compare_ids);
    return SPT_OK;
}

const struct spt_added_token *spt_added_find(const struct spt_added *added, int32_t id) {
    size_t low = 0, high = added->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (added->tokens[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < added->count && added->tokens[low].id == id ? &added->tokens[low] : NULL;
}

/* Narrows needles[*low, *high), which agree in their first depth bytes, to those whose next byte is byte. */
static void narrow(const struct spt_added_search *search, size_t depth, unsigned char byte, size_t *low, size_t *high) {
    size_t a = *low, b = *high;
    while (a < b) { /* the first with a byte that is not less; one that ends here comes before all */
        const size_t middle = a + (b - a) / 2;
        const struct spt_added_needle *needle = &search->needles[middle];
        if (needle->length == depth || (unsigned char)needle->text[depth] < byte)
            a = middle + 1;
        else
            b = middle;
    }
    *low = a;
    b = *high;
    while (a < b) {
        const size_t middle = a + (b - a) / 2;
        if ((unsigned char)search->needles[middle].text[depth] <= byte)
            a = middle + 1;
        else
            b = middle;
    }
    *high = a;
}

/* The longest needle at text[at]. */
static const struct spt_added_needle *longest_at(const struct spt_added_search *search, const char *text, size_t length,
                                                 size_t at) {
    const unsigned char byte = (unsigned char)text[at];
    size_t low = search->first[byte], high = search->first[byte + 1];
    const struct spt_added_needle *best = NULL;
    for (size_t depth = 1; low < high; depth++) {
        if (search->needles[low].length == depth) best = &search->needles[low];
        if (at + depth == length) break;
        narrow(search, depth, (unsigned char)text[at + depth], &low, &high);
    }
    return best;
}

static const struct spt_added_needle *find_next(struct spt_added_scan *scan, struct spt_span *match) {
    for (; scan->search->count && scan->at < scan->length; scan->at++) {
        const struct spt_added_needle *needle = longest_at(scan->search, scan->text, scan->length, scan->at);
        if (!needle) continue;
        *match = (struct spt_span){.begin = scan->at, .end = scan->at + needle->length};
        scan->at = match->end;
        return needle;
    }
    return NULL;
}

/* The character that ends at end > floor, and where it begins. */
static size_t character_before(const char *text, size_t end, uint32_t *code) {
    size_t begin = end - 1;
    while (begin > 0 && ((unsigned char)text[begin] & 0xc0) == 0x80) begin--;
    spt_unicode_decode(text + begin, end - begin, code);
    return begin;
}

static bool is_single_word(const struct spt_added_scan *scan, struct spt_span match) {
    uint32_t code;
    if (match.begin > 0) {
        character_before(scan->text, match.begin, &code);
        if (spt_unicode_is_word(code)) return false;
    }
    if (match.end == scan->length) return true;
    spt_unicode_decode(scan->text + match.end, scan->length - match.end, &code);
    return !spt_unicode_is_word(code);
}

/* Where the white space before begin begins, but not before what has been given out. */
static size_t space_before(const struct spt_added_scan *scan, size_t begin) {
    uint32_t code;
    size_t at = begin;
    while (at > scan->done) {
        const size_t before = character_before(scan->text, at, &code);
        if (!spt_unicode_is_whitespace(code)) break;
        at = before;
    }
    return at > scan->done ? at : scan->done;
}

/* Where the white space from end on ends. The last stretch is remembered: tokens made of spaces ask for it again. */
static size_t space_after(struct spt_added_scan *scan, size_t end) {
    if (end >= scan->space.begin && end < scan->space.end) return scan->space.end;
    uint32_t code;
    size_t at = end;
    while (at < scan->length) {
        const size_t step = spt_unicode_decode(scan->text + at, scan->length - at, &code);
        if (!spt_unicode_is_whitespace(code)) break;
        at += step;
    }
    scan->space = (struct spt_span){.begin = end, .end = at};
    return at;
}

/* The next match that counts, with its white space. It may begin before what an earlier one stripped has ended: then
 * both count, as in the reference implementation. */
static const struct spt_added_token *next_token(struct spt_added_scan *scan, struct spt_span *match) {
    const struct spt_added_needle *needle;
    while ((needle = find_next(scan, match)) != NULL) {
        const struct spt_added_token *token = needle->token;
        if (token->single_word && !is_single_word(scan, *match)) continue;
        if (token->lstrip) match->begin = space_before(scan, match->begin);
        if (token->rstrip) match->end = space_after(scan, match->end);
        return token;
    }
    return NULL;
}

bool spt_added_next(struct spt_added_scan *scan, struct spt_span *part, const struct spt_added_token **token) {
    for (;;) {
        if (scan->pending_token) {
            *part = scan->pending;
            *token = scan->pending_token;
            scan->pending_token = NULL;
            scan->done = part->end;
            if (part->begin < part->end) return true;
        }
        scan->pending_token = next_token(scan, &scan->pending);
        const size_t end = scan->pending_token ? scan->pending.begin : scan->length;
        if (scan->done < end) {
            *part = (struct spt_span){.begin = scan->done, .end = end};
            *token = NULL;
            scan->done = end;
            return true;
        }
        if (!scan->pending_token) return false;
    }
}
