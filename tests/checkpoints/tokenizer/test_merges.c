/* The queue of merges against the plain algorithm: look at all pairs, join the leftmost of the lowest rank, again. And
 * pieces of SentencePiece models, against SentencePiece 0.2.3. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "checkpoints/base/text.h"
#include "checkpoints/tokenizer/files.h"
#include "checkpoints/tokenizer/tokenizer.h"

enum { LETTERS = 4, TOKENS_MAX = 300, MERGES_MAX = 400, WORD_MAX = 200, TOKEN_LENGTH = 12 };

/* A made-up vocabulary: tokens over the letters a ... d, and merges between them in random order. */
struct plain {
    char tokens[TOKENS_MAX][TOKEN_LENGTH + 1];
    int token_count;
    int merges[MERGES_MAX][3]; /* left, right, joined; by rank */
    int merge_count;
    uint64_t random;
};

static unsigned draw(struct plain *p, unsigned below) { /* splitmix64 */
    uint64_t z = p->random += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (unsigned)((z ^ (z >> 31)) % below);
}

static int find_token(const struct plain *p, const char *text) {
    for (int i = 0; i < p->token_count; i++)
        if (strcmp(p->tokens[i], text) == 0) return i;
    return -1;
}

static bool has_merge(const struct plain *p, int left, int right) {
    for (int i = 0; i < p->merge_count; i++)
        if (p->merges[i][0] == left && p->merges[i][1] == right) return true;
    return false;
}

static void make(struct plain *p, uint64_t seed) {
    *p = (struct plain){.random = seed};
    for (int i = 0; i < LETTERS; i++) p->tokens[p->token_count++][0] = (char)('a' + i);
    for (int tries = 0; tries < 3000 && p->merge_count < MERGES_MAX; tries++) {
        const int left = (int)draw(p, (unsigned)p->token_count), right = (int)draw(p, (unsigned)p->token_count);
        char joined[2 * TOKEN_LENGTH + 1];
        strcpy(joined, p->tokens[left]);
        strcat(joined, p->tokens[right]);
        if (strlen(joined) > TOKEN_LENGTH || has_merge(p, left, right)) continue;
        int token = find_token(p, joined);
        if (token < 0 && p->token_count == TOKENS_MAX) continue;
        if (token < 0) strcpy(p->tokens[token = p->token_count++], joined);
        memcpy(p->merges[p->merge_count++], (const int[3]){left, right, token}, sizeof p->merges[0]);
    }
    for (int i = p->merge_count - 1; i > 0; i--) { /* any order of ranks is a valid file */
        const int k = (int)draw(p, (unsigned)i + 1);
        int swap[3];
        memcpy(swap, p->merges[i], sizeof swap);
        memcpy(p->merges[i], p->merges[k], sizeof swap);
        memcpy(p->merges[k], swap, sizeof swap);
    }
}

static struct spt_tokenizer *tokenizer_of(const struct plain *p) {
    struct spt_text json = {0};
    struct spt_tokenizer *tokenizer = NULL;
    struct spt_error error = {0};
    spt_text_put(&json, "{\"model\": {\"type\": \"BPE\", \"vocab\": {");
    for (int i = 0; i < p->token_count; i++) spt_text_format(&json, "%s\"%s\": %d", i ? ", " : "", p->tokens[i], i);
    spt_text_put(&json, "}, \"merges\": [");
    for (int i = 0; i < p->merge_count; i++)
        spt_text_format(&json, "%s[\"%s\", \"%s\"]", i ? ", " : "", p->tokens[p->merges[i][0]],
                        p->tokens[p->merges[i][1]]);
    spt_text_put(&json, "]}}");
    if (spt_tokenizer_parse(json.data, json.length, "plain", &tokenizer, &error) != SPT_OK)
        fail_msg("%s", error.message);
    spt_text_release(&json);
    return tokenizer;
}

/* ids [count] of word; returns their number. */
static size_t merge_plainly(const struct plain *p, const char *word, int32_t *ids) {
    size_t count = strlen(word);
    for (size_t i = 0; i < count; i++) ids[i] = word[i] - 'a';
    for (;;) {
        int best = p->merge_count;
        size_t at = 0;
        for (size_t i = 0; i + 1 < count; i++)
            for (int m = 0; m < best; m++)
                if (p->merges[m][0] == ids[i] && p->merges[m][1] == ids[i + 1]) best = m, at = i;
        if (best == p->merge_count) return count;
        ids[at] = p->merges[best][2];
        memmove(ids + at + 1, ids + at + 2, (count - at - 2) * sizeof *ids);
        count--;
    }
}

static void merges_by_queue_are_those_of_the_plain_algorithm(void **state) {
    (void)state;
    static struct plain p;
    size_t merged = 0;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        make(&p, seed);
        struct spt_tokenizer *tokenizer = tokenizer_of(&p);
        for (int words = 0; words < 40; words++) {
            char word[WORD_MAX + 1];
            int32_t expected[WORD_MAX];
            const size_t length = 1 + draw(&p, WORD_MAX);
            const unsigned letters = 1 + draw(&p, LETTERS);
            for (size_t i = 0; i < length; i++) word[i] = (char)('a' + draw(&p, letters));
            word[length] = '\0';
            const size_t count = merge_plainly(&p, word, expected);
            struct spt_token_ids ids = {0};
            struct spt_error error = {0};
            assert_int_equal(spt_tokenizer_encode(tokenizer, word, length, SPT_BOS_AUTO, &ids, &error), SPT_OK);
            assert_int_equal(ids.count, count);
            assert_memory_equal(ids.ids, expected, count * sizeof *expected);
            spt_token_ids_release(&ids);
            merged += length - count;
        }
        spt_tokenizer_close(tokenizer);
    }
    assert_true(merged > 10000); /* the vocabularies are no idle ones */
}

/* Piece i has the score -i; the first is <unk>. */
static struct spt_tokenizer *model_of(const char *const *pieces, size_t count) {
    struct spt_text model = {0};
    for (size_t i = 0; i < count; i++) {
        const size_t length = strlen(pieces[i]);
        const float score = -(float)i;
        const char head[] = {0x0a, (char)(length + 9), 0x0a, (char)length}, kind[] = {0x18, i == 0 ? 2 : 1};
        spt_text_append(&model, head, sizeof head);
        spt_text_append(&model, pieces[i], length);
        spt_text_append(&model, "\x15", 1);
        spt_text_append(&model, (const char *)&score, sizeof score);
        spt_text_append(&model, kind, sizeof kind);
    }
    spt_text_append(&model, "\x12\2\x18\2", 4);
    const struct spt_tokenizer_files files = {.path = "tokenizer.model",
                                              .main = {.bytes = model.data, .size = model.length}};
    struct spt_tokenizer *tokenizer = NULL;
    struct spt_error error = {0};
    if (spt_tokenizer_assemble(&files, &tokenizer, &error) != SPT_OK) fail_msg("%s", error.message);
    spt_text_release(&model);
    return tokenizer;
}

static void expect(const struct spt_tokenizer *tokenizer, const char *text, const int32_t *expected, size_t count) {
    struct spt_token_ids ids = {0};
    struct spt_error error = {0};
    assert_int_equal(spt_tokenizer_encode(tokenizer, text, strlen(text), SPT_BOS_NEVER, &ids, &error), SPT_OK);
    assert_int_equal(ids.count, count);
    assert_memory_equal(ids.ids, expected, count * sizeof *expected);
    spt_token_ids_release(&ids);
}

/* Neither x nor y is a piece of its own. */
static void characters_that_are_no_pieces_are_joined_to_pieces(void **state) {
    (void)state;
    static const char *const PIECES[] = {"<unk>", "\u2581", "axy", "xy", "a", "b", "ab"};
    struct spt_tokenizer *tokenizer = model_of(PIECES, sizeof PIECES / sizeof *PIECES);
    expect(tokenizer, "xy", (const int32_t[]){1, 3}, 2);
    expect(tokenizer, "axy", (const int32_t[]){1, 2}, 2);
    expect(tokenizer, "ab", (const int32_t[]){1, 6}, 2);
    expect(tokenizer, "x yx xyxzzbx", (const int32_t[]){1, 0, 1, 0, 1, 3, 0, 5, 0}, 9);
    spt_tokenizer_close(tokenizer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(merges_by_queue_are_those_of_the_plain_algorithm),
        cmocka_unit_test(characters_that_are_no_pieces_are_joined_to_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
