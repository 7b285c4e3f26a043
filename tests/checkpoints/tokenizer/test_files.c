/* Tokenizers that lie as other files than tokenizer.json: golden sets by tests/peer/make_tokenizer_files.py, and
 * settings beside them. What is refused: tests/bad. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoints/base/file.h"
#include "checkpoints/base/text.h"
#include "checkpoints/tokenizer/files.h"
#include "tests/checkpoints/tokenizer/golden.h"

#define FILES "tokenizers/files/"

/* ---- golden ---- */

struct family {
    struct spt_tokenizer *tokenizer;
    const char *name;
};

static void check_line(const struct spt_json *line, void *context) {
    const struct family *family = context;
    golden_case(family->tokenizer, line, family->name);
}

static struct spt_tokenizer *open_data(const char *name) {
    char path[4096];
    struct spt_tokenizer *tokenizer = NULL;
    struct spt_error error = {0};
    (void)snprintf(path, sizeof path, "%s/" FILES "%s", SPT_TEST_DATA, name);
    if (spt_tokenizer_open(path, &tokenizer, &error) != SPT_OK) fail_msg("%s: %s", path, error.message);
    return tokenizer;
}

static void check_family(const char *folder, const char *file, size_t lines) {
    char name[256];
    (void)snprintf(name, sizeof name, "%s/%s", folder, file);
    struct family family = {.tokenizer = open_data(name), .name = folder};
    (void)snprintf(name, sizeof name, FILES "%s/golden.jsonl", folder);
    assert_int_equal(golden_lines(name, check_line, &family), lines);
    spt_tokenizer_close(family.tokenizer);
}

static void vocab_txt_is_what_bert_makes_of_it(void **state) {
    (void)state;
    check_family("bert_uncased", "vocab.txt", 123);
    check_family("bert_cased", "vocab.txt", 123);
}

static void vocab_json_and_merges_are_what_roberta_makes_of_them(void **state) {
    (void)state;
    check_family("roberta", "vocab.json", 123);
    check_family("roberta_map", "vocab.json", 123);
}

static void vocab_json_and_merges_are_what_gpt_2_and_opt_make_of_them(void **state) {
    (void)state;
    check_family("gpt2", "vocab.json", 123);
    check_family("opt", "vocab.json", 123);
}

static void vocab_json_and_merges_are_what_qwen_2_makes_of_them(void **state) {
    (void)state;
    check_family("qwen2", "vocab.json", 123);
}

static void a_listed_token_with_a_name_keeps_the_flags_it_is_listed_with(void **state) {
    (void)state;
    check_family("roberta_listed", "vocab.json", 123);
    check_family("bert_listed", "vocab.txt", 123);
}

static void a_sentencepiece_model_of_bpe_gives_its_ids(void **state) {
    (void)state;
    check_family("llama", "tokenizer.model", 122);
    check_family("gemma", "tokenizer.model", 122);
    check_family("bpe", "tokenizer.model", 122);
}

static void a_sentencepiece_model_of_unigram_gives_its_ids(void **state) {
    (void)state;
    check_family("xlm_roberta", "sentencepiece.bpe.model", 122);
    check_family("unigram", "tokenizer.model", 122);
}

static void expect_ids(const struct spt_tokenizer *tokenizer, const char *text, enum spt_bos bos, const int32_t *want,
                       size_t count) {
    struct spt_token_ids ids = {0};
    struct spt_error error = {0};
    if (spt_tokenizer_encode(tokenizer, text, strlen(text), bos, &ids, &error) != SPT_OK) fail_msg("%s", error.message);
    assert_int_equal(ids.count, count);
    if (count) assert_memory_equal(ids.ids, want, count * sizeof *want);
    spt_token_ids_release(&ids);
}

static void marks_of_a_sentencepiece_model_are_found_in_a_text_as_transformers_finds_them(void **state) {
    (void)state;
    struct spt_tokenizer *tokenizer = open_data("llama/tokenizer.model"); /* <unk> <s> </s> are 0 1 2 */
    expect_ids(tokenizer, "</s><s>", SPT_BOS_AUTO, (const int32_t[]){1, 2, 1}, 3);
    expect_ids(tokenizer, "</s>", SPT_BOS_NEVER, (const int32_t[]){2}, 1);
    expect_ids(tokenizer, "", SPT_BOS_ALWAYS, (const int32_t[]){1}, 1);
    spt_tokenizer_close(tokenizer);
    tokenizer = open_data("xlm_roberta/sentencepiece.bpe.model"); /* <s> <pad> </s> <unk> are 0 1 2 3, <mask> is last */
    const int32_t mask = (int32_t)spt_tokenizer_vocabulary(tokenizer) - 1;
    expect_ids(tokenizer, "<mask>", SPT_BOS_AUTO, (const int32_t[]){0, mask, 2}, 3);
    assert_string_equal(spt_tokenizer_token(tokenizer, mask), "<mask>");
    spt_tokenizer_close(tokenizer);
}

/* ---- files made here ---- */

static struct spt_file_bytes bytes_of(const char *text) {
    return (struct spt_file_bytes){.bytes = text, .size = text ? strlen(text) : 0};
}

static struct spt_tokenizer *assemble(const struct spt_tokenizer_files *files) {
    struct spt_tokenizer *tokenizer = NULL;
    struct spt_error error = {0};
    if (spt_tokenizer_assemble(files, &tokenizer, &error) != SPT_OK) fail_msg("%s", error.message);
    return tokenizer;
}

static void refuse(const struct spt_tokenizer_files *files, enum spt_status status, const char *word) {
    struct spt_tokenizer *tokenizer = NULL;
    struct spt_error error = {0};
    const enum spt_status given = spt_tokenizer_assemble(files, &tokenizer, &error);
    if (given != status)
        fail_msg("%s (%s): %s, not %s", word, error.message, spt_status_name(given), spt_status_name(status));
    if (!strstr(error.message, word)) fail_msg("\"%s\" does not name %s", error.message, word);
    assert_null(tokenizer);
}

#define VOCAB "[UNK]\n[CLS]\n[SEP]\n[PAD]\n[MASK]\n"

static void of_equal_lines_the_last_counts_and_lines_may_end_as_windows_ends_them(void **state) {
    (void)state;
    struct spt_tokenizer *tokenizer =
        assemble(&(struct spt_tokenizer_files){.path = "d/vocab.txt", .main = bytes_of(VOCAB "a\r\nb \r\na")});
    expect_ids(tokenizer, "a B", SPT_BOS_AUTO, (const int32_t[]){1, 7, 6, 2}, 4);
    spt_tokenizer_close(tokenizer);
}

static void a_length_without_limit_as_transformers_writes_it_is_read(void **state) {
    (void)state;
    struct spt_tokenizer_files files = {.path = "vocab.txt", .main = bytes_of(VOCAB "a")};
    files.tokenizer_config = bytes_of("{\"model_max_length\": 1000000000000000019884624838656}");
    struct spt_tokenizer *tokenizer = assemble(&files);
    expect_ids(tokenizer, "a", SPT_BOS_AUTO, (const int32_t[]){1, 5, 2}, 3);
    spt_tokenizer_close(tokenizer);
}

static void settings_of_a_wrong_kind_are_named(void **state) {
    (void)state;
    struct spt_tokenizer_files files = {.path = "vocab.txt", .main = bytes_of(VOCAB)};
    files.tokenizer_config = bytes_of("{\"do_lower_case\": 1}");
    refuse(&files, SPT_INVALID, "do_lower_case");
    files.tokenizer_config = bytes_of("{\"unk_token\": 1}");
    refuse(&files, SPT_INVALID, "unk_token");
    files.tokenizer_config = bytes_of("[]");
    refuse(&files, SPT_INVALID, "an array");
    files.tokenizer_config = bytes_of("{\"added_tokens_decoder\": {\"9\": {}}}");
    refuse(&files, SPT_INVALID, "content");
    files.tokenizer_config = bytes_of("{\"cls_token\": null, \"sep_token\": null}");
    struct spt_tokenizer *tokenizer = assemble(&files);
    expect_ids(tokenizer, "z", SPT_BOS_AUTO, (const int32_t[]){0}, 1);
    spt_tokenizer_close(tokenizer);
}

/* A type that no family has is read as the first family of the kind is, GPT-2: without <s> and </s> around. */
static void the_family_is_that_of_the_whole_model_type(void **state) {
    (void)state;
    static const char *const NO_TYPES[] = {" roberta", "roberta ", "robert", "oberta", "robertas", "opt phi", " ", ""};
    struct spt_tokenizer_files files = {.path = "vocab.json",
                                        .main = bytes_of("{\"a\": 0, \"<s>\": 1, \"</s>\": 2}"),
                                        .merges = bytes_of("#version: 0.2\n"),
                                        .config = bytes_of("{\"model_type\": \"roberta\"}")};
    struct spt_tokenizer *tokenizer = assemble(&files);
    expect_ids(tokenizer, "a", SPT_BOS_AUTO, (const int32_t[]){1, 0, 2}, 3);
    spt_tokenizer_close(tokenizer);
    for (size_t i = 0; i < sizeof NO_TYPES / sizeof *NO_TYPES; i++) {
        struct spt_text config = {0};
        spt_text_format(&config, "{\"model_type\": \"%s\"}", NO_TYPES[i]);
        files.config = (struct spt_file_bytes){.bytes = config.data, .size = config.length};
        tokenizer = assemble(&files);
        expect_ids(tokenizer, "a", SPT_BOS_AUTO, (const int32_t[]){0}, 1);
        spt_tokenizer_close(tokenizer);
        spt_text_release(&config);
    }
}

/* ---- models made here: protocol buffers of one-byte lengths ---- */

enum { NORMAL = 1, UNKNOWN = 2, CONTROL = 3 };

static void put_piece(struct spt_text *model, const char *piece, float score, char type) {
    const size_t length = strlen(piece);
    char score_bytes[4];
    memcpy(score_bytes, &score, 4);
    const char head[] = {0x0a, (char)(length + 9), 0x0a, (char)length};
    const char tail[] = {0x15, score_bytes[0], score_bytes[1], score_bytes[2], score_bytes[3], 0x18, type};
    spt_text_append(model, head, sizeof head);
    spt_text_append(model, piece, length);
    spt_text_append(model, tail, sizeof tail);
}

/* trainer_spec { model_type = type } */
static void put_type(struct spt_text *model, char type) {
    const char spec[] = {0x12, 2, 0x18, type};
    spt_text_append(model, spec, sizeof spec);
}

static struct spt_tokenizer_files files_of(const struct spt_text *model) {
    return (struct spt_tokenizer_files){.path = "tokenizer.model",
                                        .main = {.bytes = model->data, .size = model->length}};
}

/* "aa" and "aaa" both weigh the same: of equal merges the leftmost comes first, whatever the piece. */
static void equal_scores_are_joined_from_the_left(void **state) {
    (void)state;
    struct spt_text model = {0};
    put_piece(&model, "<unk>", 0, UNKNOWN);
    put_piece(&model, "a", -3, NORMAL);
    put_piece(&model, "aa", -1, NORMAL);
    put_piece(&model, "aaa", -1, NORMAL);
    put_type(&model, 2);
    const char no_prefix[] = {0x1a, 2, 0x18, 0}; /* normalizer_spec { add_dummy_prefix = false } */
    spt_text_append(&model, no_prefix, sizeof no_prefix);
    const struct spt_tokenizer_files files = files_of(&model);
    struct spt_tokenizer *tokenizer = assemble(&files);
    expect_ids(tokenizer, "aaaaa", SPT_BOS_NEVER, (const int32_t[]){3, 2}, 2);
    expect_ids(tokenizer, "azza", SPT_BOS_NEVER, (const int32_t[]){1, 0, 1}, 3);
    spt_tokenizer_close(tokenizer);
    spt_text_release(&model);
}

/* As transformers has it: what lists a token says how it is found, what only names it does not. */
static void a_mark_of_the_model_is_found_as_it_is_listed_not_as_it_is_named(void **state) {
    (void)state;
    struct spt_text model = {0};
    put_piece(&model, "<unk>", 0, UNKNOWN);
    put_piece(&model, "<s>", 0, CONTROL);
    put_piece(&model, "a", -1, NORMAL);
    put_piece(&model, "\xe2\x96\x81", -2, NORMAL);
    put_type(&model, 2);
    const char keep_spaces[] = {0x1a, 2, 0x20, 0}; /* normalizer_spec { remove_extra_whitespaces = false } */
    spt_text_append(&model, keep_spaces, sizeof keep_spaces);
    struct spt_tokenizer_files files = files_of(&model);
    files.special_tokens_map =
        bytes_of("{\"bos_token\": {\"content\": \"<s>\", \"lstrip\": true, \"normalized\": true}}");
    struct spt_tokenizer *tokenizer = assemble(&files);
    expect_ids(tokenizer, "a <s>a", SPT_BOS_NEVER, (const int32_t[]){3, 2, 3, 1, 2}, 5);
    spt_tokenizer_close(tokenizer);
    files.tokenizer_config = bytes_of("{\"added_tokens_decoder\": {\"1\": {\"content\": \"<s>\", \"lstrip\": true, "
                                      "\"normalized\": false, \"special\": true}}}");
    tokenizer = assemble(&files);
    expect_ids(tokenizer, "a <s>a", SPT_BOS_NEVER, (const int32_t[]){3, 2, 1, 2}, 4);
    spt_tokenizer_close(tokenizer);
    spt_text_release(&model);
}

static void a_million_letters_are_joined_by_scores(void **state) {
    (void)state;
    struct spt_tokenizer *tokenizer = open_data("llama/tokenizer.model");
    char *text = malloc(1000001);
    memset(text, 'a', 1000000);
    text[1000000] = '\0';
    struct spt_token_ids ids = {0};
    struct spt_error error = {0};
    assert_int_equal(spt_tokenizer_encode(tokenizer, text, 1000000, SPT_BOS_NEVER, &ids, &error), SPT_OK);
    assert_true(ids.count > 1000000 / 48);
    spt_token_ids_release(&ids);
    free(text);
    spt_tokenizer_close(tokenizer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vocab_txt_is_what_bert_makes_of_it),
        cmocka_unit_test(vocab_json_and_merges_are_what_roberta_makes_of_them),
        cmocka_unit_test(vocab_json_and_merges_are_what_gpt_2_and_opt_make_of_them),
        cmocka_unit_test(vocab_json_and_merges_are_what_qwen_2_makes_of_them),
        cmocka_unit_test(a_listed_token_with_a_name_keeps_the_flags_it_is_listed_with),
        cmocka_unit_test(a_sentencepiece_model_of_bpe_gives_its_ids),
        cmocka_unit_test(a_sentencepiece_model_of_unigram_gives_its_ids),
        cmocka_unit_test(marks_of_a_sentencepiece_model_are_found_in_a_text_as_transformers_finds_them),
        cmocka_unit_test(of_equal_lines_the_last_counts_and_lines_may_end_as_windows_ends_them),
        cmocka_unit_test(a_length_without_limit_as_transformers_writes_it_is_read),
        cmocka_unit_test(settings_of_a_wrong_kind_are_named),
        cmocka_unit_test(the_family_is_that_of_the_whole_model_type),
        cmocka_unit_test(equal_scores_are_joined_from_the_left),
        cmocka_unit_test(a_mark_of_the_model_is_found_as_it_is_listed_not_as_it_is_named),
        cmocka_unit_test(a_million_letters_are_joined_by_scores),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
