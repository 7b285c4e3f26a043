/* What every tokenizer promises: bos, errors, long texts, threads. What is no tokenizer: tests/bad. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoints/base/text.h"
#include "tests/checkpoints/tokenizer/golden.h"

static struct spt_tokenizer *open_data(const char *name) {
    char path[4096];
    struct spt_tokenizer *tokenizer = NULL;
    struct spt_error error = {0};
    (void)snprintf(path, sizeof path, "%s/%s", SPT_TEST_DATA, name);
    if (spt_tokenizer_open(path, &tokenizer, &error) != SPT_OK) fail_msg("%s", error.message);
    return tokenizer;
}

static struct spt_tokenizer *parse(const char *json) {
    struct spt_tokenizer *tokenizer = NULL;
    struct spt_error error = {0};
    if (spt_tokenizer_parse(json, strlen(json), "t.json", &tokenizer, &error) != SPT_OK) fail_msg("%s", error.message);
    return tokenizer;
}

static struct spt_token_ids encode(const struct spt_tokenizer *tokenizer, const char *text, enum spt_bos bos) {
    struct spt_token_ids ids = {0};
    struct spt_error error = {0};
    if (spt_tokenizer_encode(tokenizer, text, strlen(text), bos, &ids, &error) != SPT_OK) fail_msg("%s", error.message);
    return ids;
}

#define MODEL "\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0, \"b\": 1, \"ab\": 2}, \"merges\": [\"a b\"]}"
#define TOKEN(content, special)                                                                                        \
    "{\"id\": 3, \"content\": \"" content "\", \"single_word\": false, \"lstrip\": false, \"rstrip\": false, "         \
    "\"normalized\": false, \"special\": " special "}"

/* ---- bos ---- */

static void bos_always_puts_the_token_in_front_when_the_file_does_not(void **state) {
    (void)state;
    struct spt_tokenizer *tokenizer = open_data("tokenizers/gpt_neox.json"); /* <|endoftext|> is 0 */
    struct spt_token_ids plain = encode(tokenizer, "Water boils.", SPT_BOS_AUTO);
    struct spt_token_ids always = encode(tokenizer, "Water boils.", SPT_BOS_ALWAYS);
    assert_int_equal(always.count, plain.count + 1);
    assert_int_equal(always.ids[0], 0);
    assert_memory_equal(always.ids + 1, plain.ids, plain.count * sizeof *plain.ids);
    spt_token_ids_release(&plain);
    spt_token_ids_release(&always);
    spt_tokenizer_close(tokenizer);
}

static void bos_always_adds_nothing_to_what_the_file_adds(void **state) {
    (void)state;
    struct spt_tokenizer *tokenizer = open_data("demo-run/tokenizer.json"); /* puts <|endoftext|>, 0, in front */
    struct spt_token_ids automatic = encode(tokenizer, "Water boils.", SPT_BOS_AUTO);
    struct spt_token_ids always = encode(tokenizer, "Water boils.", SPT_BOS_ALWAYS);
    assert_int_equal(always.count, automatic.count);
    assert_int_equal(always.ids[0], 0);
    assert_memory_equal(always.ids, automatic.ids, always.count * sizeof *always.ids);
    spt_token_ids_release(&automatic);
    spt_token_ids_release(&always);
    spt_tokenizer_close(tokenizer);
}

static void bos_never_keeps_special_tokens_that_are_in_the_text(void **state) {
    (void)state;
    struct spt_tokenizer *tokenizer = open_data("demo-run/tokenizer.json");
    struct spt_token_ids ids = encode(tokenizer, "<|endoftext|>", SPT_BOS_NEVER);
    assert_int_equal(ids.count, 1);
    assert_int_equal(ids.ids[0], 0);
    spt_token_ids_release(&ids);
    ids = encode(tokenizer, "<|endoftext|>", SPT_BOS_AUTO);
    assert_int_equal(ids.count, 2);
    spt_token_ids_release(&ids);
    spt_tokenizer_close(tokenizer);
}

static void bos_always_fails_when_there_is_no_such_token(void **state) {
    (void)state;
    struct spt_tokenizer *tokenizer = parse("{\"added_tokens\": [" TOKEN("<s>", "false") "], " MODEL "}");
    struct spt_token_ids ids = {0};
    struct spt_error error = {0};
    assert_int_equal(spt_tokenizer_encode(tokenizer, "ab", 2, SPT_BOS_ALWAYS, &ids, &error), SPT_INVALID);
    assert_non_null(strstr(error.message, "bos"));
    assert_int_equal(ids.count, 0);
    spt_tokenizer_close(tokenizer);
}

/* ---- texts ---- */

static void an_empty_text_has_only_the_tokens_of_the_file(void **state) {
    (void)state;
    struct spt_tokenizer *tokenizer = open_data("demo-run/tokenizer.json");
    struct spt_token_ids ids = encode(tokenizer, "", SPT_BOS_AUTO);
    assert_int_equal(ids.count, 1);
    spt_token_ids_release(&ids);
    ids = encode(tokenizer, "", SPT_BOS_NEVER);
    assert_int_equal(ids.count, 0);
    spt_token_ids_release(&ids);
    spt_tokenizer_close(tokenizer);
}

static void ids_are_appended(void **state) {
    (void)state;
    struct spt_tokenizer *tokenizer = parse("{" MODEL "}");
    struct spt_token_ids ids = encode(tokenizer, "aab", SPT_BOS_AUTO);
    struct spt_error error = {0};
    assert_int_equal(spt_tokenizer_encode(tokenizer, "ba", 2, SPT_BOS_AUTO, &ids, &error), SPT_OK);
    assert_int_equal(ids.count, 4);
    assert_memory_equal(ids.ids, ((const int32_t[]){0, 2, 1, 0}), 4 * sizeof(int32_t));
    spt_token_ids_release(&ids);
    spt_tokenizer_close(tokenizer);
}

static void invalid_utf8_is_refused_at_its_byte_and_ids_stay(void **state) {
    (void)state;
    static const struct {
        const char *text;
        uint64_t byte;
    } TEXTS[] = {{"ab\xff", 2}, {"\xc3", 0}, {"a\xed\xa0\x80", 1}, {"abc\xf4\x90\x80\x80", 3}, {"a\xc0\x80", 1}};
    struct spt_tokenizer *tokenizer = parse("{" MODEL "}");
    struct spt_token_ids ids = encode(tokenizer, "ab", SPT_BOS_AUTO);
    for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++) {
        struct spt_error error = {0};
        assert_int_equal(
            spt_tokenizer_encode(tokenizer, TEXTS[i].text, strlen(TEXTS[i].text), SPT_BOS_AUTO, &ids, &error),
            SPT_INVALID);
        assert_int_equal(error.offset, TEXTS[i].byte);
        assert_int_equal(ids.count, 1);
    }
    spt_token_ids_release(&ids);
    spt_tokenizer_close(tokenizer);
}

/* The tokens of ASCII text joined are the text, apart from the spaces, which byte-level BPE writes as U+0120. */
static void check_spelling(const struct spt_tokenizer *tokenizer, const struct spt_token_ids *ids, const char *text) {
    for (size_t i = 0; i < ids->count; i++) {
        for (const char *c = spt_tokenizer_token(tokenizer, ids->ids[i]); *c; c++, text++) {
            const bool space = c[0] == '\xc4' && c[1] == '\xa0';
            assert_int_equal(*text, space ? ' ' : *c);
            c += space;
        }
    }
    assert_int_equal(*text, '\0');
}

static void a_million_letters_are_one_word(void **state) {
    (void)state;
    struct spt_tokenizer *tokenizer = open_data("tokenizers/gpt_neox.json");
    char *text = malloc(1000001);
    memset(text, 'a', 1000000);
    text[1000000] = '\0';
    struct spt_token_ids ids = encode(tokenizer, text, SPT_BOS_AUTO);
    check_spelling(tokenizer, &ids, text);
    spt_token_ids_release(&ids);
    memset(text, ' ', 999999);
    ids = encode(tokenizer, text, SPT_BOS_AUTO);
    assert_true(ids.count >= 1000000 / 24); /* the longest token of spaces has 24 */
    spt_token_ids_release(&ids);
    free(text);
    spt_tokenizer_close(tokenizer);
}

static void a_million_letters_are_one_word_piece_of_unknown(void **state) {
    (void)state;
    struct spt_tokenizer *tokenizer = open_data("tokenizers/bert_uncased.json"); /* [UNK] is 1 */
    char *text = malloc(1000001);
    memset(text, 'a', 1000000);
    text[1000000] = '\0';
    struct spt_token_ids ids = encode(tokenizer, text, SPT_BOS_NEVER);
    assert_int_equal(ids.count, 1);
    assert_int_equal(ids.ids[0], 1);
    spt_token_ids_release(&ids);
    free(text);
    spt_tokenizer_close(tokenizer);
}

/* "a" and "aaa...ab" of 1024 bytes: at every place the longest token is tried in vain. */
static void a_token_nearly_found_everywhere_makes_no_square(void **state) {
    (void)state;
    static const char *const HEADS[] = {
        "{\"model\": {\"type\": \"WordPiece\", \"unk_token\": \"a\", \"continuing_subword_prefix\": \"\", "
        "\"max_input_chars_per_word\": 1000000, \"vocab\": {\"a\": 0, \"",
        "{\"model\": {\"type\": \"Unigram\", \"vocab\": [[\"a\", 0], [\"",
    };
    static const char *const TAILS[] = {"b\": 1}}}", "b\", 0]]}}"};
    char *text = malloc(300001);
    memset(text, 'a', 300000);
    text[300000] = '\0';
    for (size_t k = 0; k < 2; k++) {
        struct spt_text json = {0};
        spt_text_put(&json, HEADS[k]);
        spt_text_append(&json, text, 1023);
        spt_text_put(&json, TAILS[k]);
        struct spt_tokenizer *tokenizer = parse(json.data);
        struct spt_token_ids ids = encode(tokenizer, text, SPT_BOS_NEVER);
        assert_int_equal(ids.count, 300000);
        spt_token_ids_release(&ids);
        spt_tokenizer_close(tokenizer);
        spt_text_release(&json);
    }
    free(text);
}

static void a_line_of_100000_tokens_is_encoded(void **state) {
    (void)state;
    struct spt_tokenizer *tokenizer = open_data("tokenizers/gpt_neox.json");
    struct spt_text text = {0};
    while (text.length < 400000) spt_text_put(&text, "The quick brown fox jumps over 13 lazy dogs; it wasn't seen. ");
    assert_false(text.failed);
    struct spt_token_ids ids = encode(tokenizer, text.data, SPT_BOS_AUTO);
    assert_true(ids.count >= 100000);
    check_spelling(tokenizer, &ids, text.data);
    spt_token_ids_release(&ids);
    spt_text_release(&text);
    spt_tokenizer_close(tokenizer);
}

static void a_million_combining_marks_are_put_in_order(void **state) {
    (void)state;
    struct spt_tokenizer *tokenizer = open_data("tokenizers/gpt_neox.json"); /* normalizes to NFC */
    struct spt_text text = {0};
    for (size_t i = 0; i < 500000; i++) spt_text_put(&text, "\xcc\x81\xcc\x96");
    struct spt_token_ids ids = encode(tokenizer, text.data, SPT_BOS_AUTO);
    assert_true(ids.count > 0);
    spt_token_ids_release(&ids);
    spt_text_release(&text);
    spt_tokenizer_close(tokenizer);
}

struct worker {
    const struct spt_tokenizer *tokenizer;
    size_t lines;
};

static void check_line(const struct spt_json *line, void *context) {
    const struct worker *worker = context;
    golden_case(worker->tokenizer, line, "a thread");
}

static void *work(void *context) {
    struct worker *worker = context;
    worker->lines = golden_lines("tokenizers/gpt_neox.golden.jsonl", check_line, worker);
    return NULL;
}

static void threads_share_one_tokenizer(void **state) {
    (void)state;
    struct spt_tokenizer *tokenizer = open_data("tokenizers/gpt_neox.json");
    pthread_t threads[4];
    struct worker workers[4];
    for (size_t i = 0; i < 4; i++) {
        workers[i] = (struct worker){.tokenizer = tokenizer};
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(workers[i].lines, 329);
    }
    spt_tokenizer_close(tokenizer);
}

/* ---- vocabulary ---- */

static void tokens_have_names_and_added_ones_count(void **state) {
    (void)state;
    struct spt_tokenizer *tokenizer = open_data("tokenizers/gpt_neox.json"); /* 1500 tokens and 5 of spaces */
    assert_int_equal(spt_tokenizer_vocabulary(tokenizer), 1505);
    assert_string_equal(spt_tokenizer_token(tokenizer, 0), "<|endoftext|>");
    assert_string_equal(spt_tokenizer_token(tokenizer, 1504), "  ");
    assert_null(spt_tokenizer_token(tokenizer, 1505));
    assert_null(spt_tokenizer_token(tokenizer, -1));
    assert_true(spt_tokenizer_is_special(tokenizer, 0));
    assert_false(spt_tokenizer_is_special(tokenizer, 1504));
    assert_false(spt_tokenizer_is_special(tokenizer, 600));
    spt_tokenizer_close(tokenizer);
}

static void an_enormous_id_takes_no_memory(void **state) {
    (void)state;
    struct spt_tokenizer *tokenizer =
        parse("{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 2147483647, \"b\": 5}, \"merges\": []}}");
    assert_true(spt_tokenizer_vocabulary(tokenizer) == (size_t)2147483648u);
    assert_string_equal(spt_tokenizer_token(tokenizer, INT32_MAX), "a");
    assert_null(spt_tokenizer_token(tokenizer, 6));
    spt_tokenizer_close(tokenizer);
}

static void a_missing_file_is_an_error_of_the_system(void **state) {
    (void)state;
    struct spt_tokenizer *tokenizer = NULL;
    struct spt_error error = {0};
    assert_int_equal(spt_tokenizer_open(SPT_TEST_DATA "/no such tokenizer.json", &tokenizer, &error), SPT_IO);
    assert_null(tokenizer);
}

/* The reference implementation asks whether a part was the first of the text as it was given, spaces and all. */
static void a_metaspace_of_the_first_part_behind_a_rewriter_is_refused(void **state) {
    (void)state;
    static const char *const REWRITERS[] = {
        "{\"type\": \"Metaspace\", \"replacement\": \"_\", \"prepend_scheme\": \"never\", \"split\": false}",
        "{\"type\": \"ByteLevel\", \"add_prefix_space\": false, \"trim_offsets\": true}"};
    for (size_t i = 0; i < 2; i++) {
        struct spt_text json = {0};
        struct spt_tokenizer *tokenizer = NULL;
        struct spt_error error = {0};
        spt_text_format(&json,
                        "{\"pre_tokenizer\": {\"type\": \"Sequence\", \"pretokenizers\": [{\"type\": "
                        "\"WhitespaceSplit\"}, %s, {\"type\": \"Metaspace\", \"replacement\": \"_\", "
                        "\"prepend_scheme\": \"first\"}]}, " MODEL "}",
                        REWRITERS[i]);
        assert_int_equal(spt_tokenizer_parse(json.data, json.length, "t.json", &tokenizer, &error), SPT_UNSUPPORTED);
        assert_non_null(strstr(error.message, "Metaspace pre-tokenizer that asks for the first part"));
        spt_text_release(&json);
    }
}

/* ---- files that would do harm ---- */

static void expect_invalid_text(const char *json, const char *text, const char *word) {
    struct spt_tokenizer *tokenizer = parse(json);
    struct spt_token_ids ids = {0};
    struct spt_error error = {0};
    assert_int_equal(spt_tokenizer_encode(tokenizer, text, strlen(text), SPT_BOS_AUTO, &ids, &error), SPT_INVALID);
    if (!strstr(error.message, word)) fail_msg("\"%s\" does not name %s", error.message, word);
    assert_int_equal(ids.count, 0);
    spt_token_ids_release(&ids);
    spt_tokenizer_close(tokenizer);
}

static void a_regular_expression_that_never_ends_is_given_up(void **state) {
    (void)state;
    expect_invalid_text("{\"pre_tokenizer\": {\"type\": \"Split\", \"pattern\": {\"Regex\": \"(?:(?:a|aa)+)+$\"}, "
                        "\"behavior\": \"Isolated\", \"invert\": false}, " MODEL "}",
                        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", "match limit");
}

static void a_normalizer_that_blows_text_up_is_stopped(void **state) {
    (void)state;
    struct spt_text json = {0};
    spt_text_put(&json, "{\"normalizer\": {\"type\": \"Sequence\", \"normalizers\": [");
    for (int i = 0; i < 40; i++)
        spt_text_format(&json, "%s{\"type\": \"Replace\", \"pattern\": {\"String\": \"a\"}, \"content\": \"aa\"}",
                        i ? "," : "");
    spt_text_put(&json, "]}, " MODEL "}");
    expect_invalid_text(json.data, "aaaa", "blows the text up");
    spt_text_release(&json);
}

/* Each piece between two tokens grows to 2^15 times its size, which one of them may. */
static void pieces_of_a_text_share_what_it_may_grow_to(void **state) {
    (void)state;
    struct spt_text json = {0}, text = {0};
    spt_text_put(&json, "{\"added_tokens\": [" TOKEN("|", "false") "], \"normalizer\": {\"type\": \"Sequence\", "
                                                                   "\"normalizers\": [");
    for (int i = 0; i < 15; i++)
        spt_text_format(&json, "%s{\"type\": \"Replace\", \"pattern\": {\"String\": \"a\"}, \"content\": \"aa\"}",
                        i ? "," : "");
    spt_text_put(&json, "]}, " MODEL "}");
    struct spt_tokenizer *tokenizer = parse(json.data);
    struct spt_token_ids ids = encode(tokenizer, "a|", SPT_BOS_AUTO);
    assert_int_equal(ids.count, (1 << 15) + 1);
    spt_token_ids_release(&ids);
    spt_tokenizer_close(tokenizer);
    for (int i = 0; i < 100; i++) spt_text_put(&text, "a|");
    expect_invalid_text(json.data, text.data, "blows the text up");
    spt_text_release(&json);
    spt_text_release(&text);
}

#define WORD_PIECE "{\"model\": {\"type\": \"WordPiece\", \"continuing_subword_prefix\": \"##\", "

static void a_missing_unknown_token_is_named(void **state) {
    (void)state;
    expect_invalid_text(
        "{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0}, \"merges\": [], \"unk_token\": \"<u>\"}}", "az", "<u>");
    expect_invalid_text(WORD_PIECE "\"max_input_chars_per_word\": 9, \"vocab\": {\"a\": 0}, \"unk_token\": \"<u>\"}}",
                        "ab", "<u>");
    expect_invalid_text("{\"model\": {\"type\": \"Unigram\", \"vocab\": [[\"a\", 0]]}}", "az", "U+007A has no token");
}

static void expect_encoding(const char *json, const char *text, const int32_t *want, size_t count) {
    struct spt_tokenizer *tokenizer = parse(json);
    struct spt_token_ids ids = encode(tokenizer, text, SPT_BOS_AUTO);
    assert_int_equal(ids.count, count);
    assert_memory_equal(ids.ids, want, count * sizeof *want);
    spt_token_ids_release(&ids);
    spt_tokenizer_close(tokenizer);
}

/* tokenizers 0.23.3 gives these ids. The "a" of "xab" alone is no token, but none is needed for it. */
static void an_unknown_token_is_missed_only_where_it_would_be_the_best(void **state) {
    (void)state;
    expect_encoding("{\"model\": {\"type\": \"Unigram\", \"unk_id\": null, \"vocab\": [[\"x\", -1], [\"xa\", -1.5], "
                    "[\"b\", -1], [\"ab\", -9]]}}",
                    "xab", (const int32_t[]){1, 2}, 2);
}

/* tokenizers 0.23.3 gives these ids as well. */
static void new_added_tokens_are_numbered_from_the_size_of_a_vocabulary_with_holes(void **state) {
    (void)state;
    expect_encoding(
        "{\"added_tokens\": [" TOKEN("t", "false") "," TOKEN("X", "false") "," TOKEN(
            "Y", "false") "], "
                          "\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0, \"t\": 3, \"at\": 7}, \"merges\": []}}",
        "tYaX", (const int32_t[]){3, 4, 0, 3}, 4);
}

static void of_an_added_token_that_is_there_twice_the_last_flags_count(void **state) {
    (void)state;
    expect_encoding(
        "{\"added_tokens\": [" TOKEN(
            "AB", "true") ", {\"id\": 3, \"content\": \"AB\", \"single_word\": false, "
                          "\"lstrip\": false, \"rstrip\": true, \"normalized\": true, \"special\": false}], "
                          "\"normalizer\": {\"type\": \"Lowercase\"}, " MODEL "}",
        "ab AB Ab  aAB", (const int32_t[]){3, 3, 3, 0, 3}, 5);
}

/* The byte 0xc3 leads to a leaf whose value, that of its own unit, is no place in the strings, of which there are none.
 * */
static void a_character_map_that_points_nowhere_is_given_up(void **state) {
    (void)state;
    struct spt_text json = {0};
    unsigned char map[4 + 4 * 256] = {0, 4, 0, 0};
    map[4 + 4 * 0xc3] = 0xc3;
    map[4 + 4 * 0xc3 + 1] = 1;
    static const char DIGITS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    spt_text_put(&json, "{\"normalizer\": {\"type\": \"Precompiled\", \"precompiled_charsmap\": \"");
    for (size_t i = 0; i < sizeof map; i += 3) {
        const size_t last = sizeof map - i;
        const unsigned bits =
            (unsigned)map[i] << 16 | (last > 1 ? (unsigned)map[i + 1] << 8 : 0) | (last > 2 ? (unsigned)map[i + 2] : 0);
        const char four[] = {DIGITS[bits >> 18], DIGITS[bits >> 12 & 63], last > 1 ? DIGITS[bits >> 6 & 63] : '=',
                             last > 2 ? DIGITS[bits & 63] : '='};
        spt_text_append(&json, four, 4);
    }
    spt_text_put(&json, "\"}, " MODEL "}");
    expect_invalid_text(json.data, "\xc3\xa9", "beyond its strings");
    spt_text_release(&json);
}

/* All tokens of text, one behind the other. */
static void assert_put_text(const char *name, const char *text, const char *expected) {
    struct spt_tokenizer *tokenizer = open_data(name);
    struct spt_token_ids ids = encode(tokenizer, text, SPT_BOS_NEVER);
    struct spt_text all = {0};
    spt_text_put(&all, "");
    for (size_t i = 0; i < ids.count; i++) spt_tokenizer_put_text(tokenizer, ids.ids[i], &all);
    assert_string_equal(all.data, expected);
    spt_text_release(&all);
    spt_token_ids_release(&ids);
    spt_tokenizer_close(tokenizer);
}

static void the_texts_of_tokens_make_up_the_text(void **state) {
    (void)state;
    static const char TEXT[] = "A field's na\xc3\xafve \xe4\xb8\x96\xe7\x95\x8c\t\n\x01 \xf0\x9f\x98\x80.";
    assert_put_text("tokenizers/gpt_neox.json", TEXT, TEXT); /* bytes as characters */
    assert_put_text("tokenizers/llama3.json", TEXT, TEXT);
    assert_put_text("tokenizers/llama2.json", "A field is one.", " A field is one."); /* SentencePiece's space */
    assert_put_text("tokenizers/bert_uncased.json", "embeddings", "em##be##d##ding##s");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_texts_of_tokens_make_up_the_text),
        cmocka_unit_test(bos_always_puts_the_token_in_front_when_the_file_does_not),
        cmocka_unit_test(bos_always_adds_nothing_to_what_the_file_adds),
        cmocka_unit_test(bos_never_keeps_special_tokens_that_are_in_the_text),
        cmocka_unit_test(bos_always_fails_when_there_is_no_such_token),
        cmocka_unit_test(an_empty_text_has_only_the_tokens_of_the_file),
        cmocka_unit_test(ids_are_appended),
        cmocka_unit_test(invalid_utf8_is_refused_at_its_byte_and_ids_stay),
        cmocka_unit_test(a_million_letters_are_one_word),
        cmocka_unit_test(a_million_letters_are_one_word_piece_of_unknown),
        cmocka_unit_test(a_token_nearly_found_everywhere_makes_no_square),
        cmocka_unit_test(a_line_of_100000_tokens_is_encoded),
        cmocka_unit_test(a_million_combining_marks_are_put_in_order),
        cmocka_unit_test(threads_share_one_tokenizer),
        cmocka_unit_test(tokens_have_names_and_added_ones_count),
        cmocka_unit_test(an_enormous_id_takes_no_memory),
        cmocka_unit_test(a_missing_file_is_an_error_of_the_system),
        cmocka_unit_test(a_metaspace_of_the_first_part_behind_a_rewriter_is_refused),
        cmocka_unit_test(a_regular_expression_that_never_ends_is_given_up),
        cmocka_unit_test(a_normalizer_that_blows_text_up_is_stopped),
        cmocka_unit_test(pieces_of_a_text_share_what_it_may_grow_to),
        cmocka_unit_test(a_missing_unknown_token_is_named),
        cmocka_unit_test(an_unknown_token_is_missed_only_where_it_would_be_the_best),
        cmocka_unit_test(new_added_tokens_are_numbered_from_the_size_of_a_vocabulary_with_holes),
        cmocka_unit_test(of_an_added_token_that_is_there_twice_the_last_flags_count),
        cmocka_unit_test(a_character_map_that_points_nowhere_is_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
