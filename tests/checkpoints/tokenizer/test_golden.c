/* Token ids against HF tokenizers: the golden sets were made with it, behaviours by
 * tests/peer/make_tokenizer_golden.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "checkpoints/base/text.h"
#include "tests/checkpoints/tokenizer/golden.h"

struct family {
    struct spt_tokenizer *tokenizer;
    const char *name;
};

static void check_line(const struct spt_json *line, void *context) {
    const struct family *family = context;
    golden_case(family->tokenizer, line, family->name);
}

static void check_family(const char *tokenizer, const char *golden, size_t lines) {
    char path[4096];
    struct family family = {.name = golden};
    struct spt_error error = {0};
    (void)snprintf(path, sizeof path, "%s/%s", SPT_TEST_DATA, tokenizer);
    if (spt_tokenizer_open(path, &family.tokenizer, &error) != SPT_OK) fail_msg("%s: %s", path, error.message);
    assert_int_equal(golden_lines(golden, check_line, &family), lines);
    spt_tokenizer_close(family.tokenizer);
}

static void ids_of_gpt_neox_are_those_of_the_reference(void **state) {
    (void)state;
    check_family("tokenizers/gpt_neox.json", "tokenizers/gpt_neox.golden.jsonl", 329);
}

static void ids_of_the_demo_run_are_those_of_the_reference(void **state) {
    (void)state;
    check_family("demo-run/tokenizer.json", "tokenizers/demo.golden.jsonl", 165);
}

static void ids_of_bloom_are_those_of_the_reference(void **state) {
    (void)state;
    check_family("tokenizers/bloom.json", "tokenizers/bloom.golden.jsonl", 329);
}

static void ids_of_roberta_are_those_of_the_reference(void **state) {
    (void)state;
    check_family("tokenizers/roberta.json", "tokenizers/roberta.golden.jsonl", 329);
}

static void ids_of_llama_3_are_those_of_the_reference(void **state) {
    (void)state;
    check_family("tokenizers/llama3.json", "tokenizers/llama3.golden.jsonl", 319);
}

static void ids_of_qwen_2_are_those_of_the_reference(void **state) {
    (void)state;
    check_family("tokenizers/qwen2.json", "tokenizers/qwen2.golden.jsonl", 324);
}

static void ids_of_llama_2_are_those_of_the_reference(void **state) {
    (void)state;
    check_family("tokenizers/llama2.json", "tokenizers/llama2.golden.jsonl", 324);
}

static void ids_of_gemma_are_those_of_the_reference(void **state) {
    (void)state;
    check_family("tokenizers/gemma.json", "tokenizers/gemma.golden.jsonl", 329);
}

static void ids_of_bert_cased_are_those_of_the_reference(void **state) {
    (void)state;
    check_family("tokenizers/bert_cased.json", "tokenizers/bert_cased.golden.jsonl", 329);
}

static void ids_of_bert_uncased_are_those_of_the_reference(void **state) {
    (void)state;
    check_family("tokenizers/bert_uncased.json", "tokenizers/bert_uncased.golden.jsonl", 329);
}

static void ids_of_xlm_roberta_are_those_of_the_reference(void **state) {
    (void)state;
    check_family("tokenizers/xlm_roberta.json", "tokenizers/xlm_roberta.golden.jsonl", 329);
}

/* The first line of behaviours has the model that the others share. */
static void check_behaviour(const struct spt_json *line, void *context) {
    struct spt_text *shared = context, json = {0};
    const char *model = spt_json_string(spt_json_get(line, "model"), NULL);
    const char *name = spt_json_string(spt_json_get(line, "name"), NULL);
    if (!name) {
        spt_text_put(shared, model);
        return;
    }
    struct spt_tokenizer *tokenizer;
    struct spt_error error = {0};
    spt_text_format(&json, "{\"model\": %s, %s}", model ? model : shared->data,
                    spt_json_string(spt_json_get(line, "parts"), NULL));
    if (spt_tokenizer_parse(json.data, json.length, "behaviours", &tokenizer, &error) != SPT_OK)
        fail_msg("%s: %s", name, error.message);
    const struct spt_json *cases = spt_json_get(line, "cases");
    assert_int_equal(spt_json_count(cases), 12);
    for (size_t i = 0; i < spt_json_count(cases); i++) golden_case(tokenizer, spt_json_at(cases, i), name);
    spt_tokenizer_close(tokenizer);
    spt_text_release(&json);
}

static void every_option_behaves_as_in_the_reference(void **state) {
    (void)state;
    struct spt_text shared = {0};
    assert_int_equal(golden_lines("tokenizers/behaviours.golden.jsonl", check_behaviour, &shared), 178);
    spt_text_release(&shared);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_of_gpt_neox_are_those_of_the_reference),
        cmocka_unit_test(ids_of_the_demo_run_are_those_of_the_reference),
        cmocka_unit_test(ids_of_bloom_are_those_of_the_reference),
        cmocka_unit_test(ids_of_roberta_are_those_of_the_reference),
        cmocka_unit_test(ids_of_llama_3_are_those_of_the_reference),
        cmocka_unit_test(ids_of_qwen_2_are_those_of_the_reference),
        cmocka_unit_test(ids_of_llama_2_are_those_of_the_reference),
        cmocka_unit_test(ids_of_gemma_are_those_of_the_reference),
        cmocka_unit_test(ids_of_bert_cased_are_those_of_the_reference),
        cmocka_unit_test(ids_of_bert_uncased_are_those_of_the_reference),
        cmocka_unit_test(ids_of_xlm_roberta_are_those_of_the_reference),
        cmocka_unit_test(every_option_behaves_as_in_the_reference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
