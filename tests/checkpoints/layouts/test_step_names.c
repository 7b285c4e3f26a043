/* Names of steps. The names are those the suites use in public (their repositories' branches and folders). */
#include "checkpoints/layouts/step_names.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fixture.h"

static struct spt_step_name match(const char *pattern, const char *text) {
    struct spt_step_names *names = NULL;
    struct spt_step_name name;
    struct spt_error error;
    if (spt_step_names_new(pattern, &names, &error) != SPT_OK) fail_msg("%s", error.message);
    if (spt_step_names_match(names, text, &name, &error) != SPT_OK) fail_msg("%s", error.message);
    spt_step_names_free(names);
    return name;
}

static void every_suite_s_names_are_read(void **state) {
    (void)state;
    static const struct {
        const char *name, *suite, *branch;
        int64_t step, tokens;
    } CASES[] = {
        {"step0", "Pythia", "", 0, SPT_NO_TOKENS},
        {"step1", "Pythia", "", 1, SPT_NO_TOKENS},
        {"step512", "Pythia", "", 512, SPT_NO_TOKENS},
        {"step143000", "Pythia", "", 143000, SPT_NO_TOKENS},
        {"checkpoint-0", "HF Trainer, CRFM Mistral", "", 0, SPT_NO_TOKENS},
        {"checkpoint-400000", "HF Trainer, CRFM Mistral", "", 400000, SPT_NO_TOKENS},
        {"checkpoint-500", "HF Trainer, CRFM Mistral", "", 500, SPT_NO_TOKENS},
        {"step20000-tokens84B", "OLMo", "", 20000, INT64_C(84000000000)},
        {"stage1-step928646-tokens3896B", "OLMo-2", "stage1", 928646, INT64_C(3896000000000)},
        {"stage2-ingredient1-step11931-tokens50B", "OLMo-2", "stage2-ingredient1", 11931, INT64_C(50000000000)},
        {"stage1-step5-tokens1B", "OLMo-2", "stage1", 5, INT64_C(1000000000)},
        {"stage1-step0", "OLMo-2", "stage1", 0, SPT_NO_TOKENS},
        {"step-160000", "SmolLM2", "", 160000, SPT_NO_TOKENS},
        {"step-001000-2BT", "FineWeb ablations", "", 1000, INT64_C(2000000000)},
        {"step-167000-350BT", "FineWeb ablations", "", 167000, INT64_C(350000000000)},
        {"ckpt_000", "LLM360 Amber", "", 0, SPT_NO_TOKENS},
        {"ckpt_001", "LLM360 Amber", "", 1, SPT_NO_TOKENS},
        {"ckpt_358", "LLM360 Amber", "", 358, SPT_NO_TOKENS},
        {"global_step1000", "BLOOM, GPT-NeoX, DeepSpeed", "", 1000, SPT_NO_TOKENS},
        {"global_step337250", "BLOOM, GPT-NeoX, DeepSpeed", "", 337250, SPT_NO_TOKENS},
        {"iter_0001000", "Megatron-LM", "", 1000, SPT_NO_TOKENS},
        {"step_500", "HF Accelerate", "", 500, SPT_NO_TOKENS},
        {"multiberts-seed_0-step_20k", "MultiBERTs", "multiberts-seed_0", 20000, SPT_NO_TOKENS},
        {"multiberts-seed_24-step_2000k", "MultiBERTs", "multiberts-seed_24", 2000000, SPT_NO_TOKENS},
        {"multiberts-seed_3-step_0k", "MultiBERTs", "multiberts-seed_3", 0, SPT_NO_TOKENS},
        {"epoch=0-step=500", "PyTorch Lightning", "", 500, SPT_NO_TOKENS},
        {"epoch=3-step=500-val_loss=2.31", "PyTorch Lightning", "", 500, SPT_NO_TOKENS},
        {"step=500", "PyTorch Lightning", "", 500, SPT_NO_TOKENS},
        {"epoch=12-step=500.ckpt", "PyTorch Lightning", "", 500, SPT_NO_TOKENS},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        const struct spt_step_name name = match(NULL, CASES[i].name);
        if (name.kind != SPT_STEP_NAME_STEP) fail_msg("%s is not read", CASES[i].name);
        assert_string_equal(name.suite, CASES[i].suite);
        assert_string_equal(name.branch, CASES[i].branch);
        assert_true(name.step == CASES[i].step);
        assert_true(name.tokens == CASES[i].tokens);
    }
}

static void other_names_are_no_steps(void **state) {
    (void)state;
    static const char *const NAMES[] = {
        "", "main", "final", "step", "step-", "steps12", "stepfather", "step12a", "xstep12", "step1000_backup",
        "step12\n", "\nstep12", "step 12", "Step12", "step+12", "step--12", "step1.5", "step\xc2\xb2", "\xff\xfe",
        "step\x1b[1m", "step1e3", "step0x10", "step1,000", "mystep-12", "step-1-2T3", "step-001000-2B",
        "step-001000-BT", "step-001000-2BT-old", "checkpoint-best", "checkpoint-last", "checkpoint-500-old",
        "checkpoint-500.bak", "checkpoint_500", "checkpoint500", "old-checkpoint-500", "step1-tokensB",
        "step1-tokens84", "step1-tokens1..5B", "step1-tokens.5B", "step1-tokens84B-unsharded", "tokens84B", "stage1",
        "stage1-step", "stage-step5-tokens1B", "stage1-tokens5B", "stage2-ingredient1", "ckpt_", "ckpt_last",
        "ckpt_000.old", "ckpt-000", "global_step", "global_step1000_optimizer", "global_steps1000", "iter_",
        "iter_0001000_release", "release", "step_20x", "multiberts-seed_0", "multiberts-seed_0-step_k",
        "multiberts-seed_x-step_20k", "multiberts-seed_0-step_20kk", "epoch=0", "epoch=0-step=", "epoch=0-step=500-v1",
        "epoch=0-step=500-val_loss", "epoch=3-val_loss=2.31", "epoch=0-step=500-v1.ckpt.part", "last.ckpt",
        /* models, versions, dates: numbers that count no steps */
        "1", "500", "1.5.0", "v0.1", "v1.5.0", "2024-01-15", "20240115", "2024-01-15T10:00:00", "run-3", "seed_0",
        "gpt2", "phi-2", "pythia-70m", "Llama-3.2-1B", "Qwen2.5-3B", "Mistral-7B-v0.1", "gemma-7b", "bert-base-uncased",
        "xlm-roberta-large", "OLMo-2-1124-7B", "pr/1"};
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
        if (match(NULL, NAMES[i]).kind != SPT_STEP_NAME_OTHER) fail_msg("%s is taken for a step", NAMES[i]);
}

static void padded_numbers_are_decimal(void **state) {
    (void)state;
    assert_int_equal(match(NULL, "step0000512").step, 512);
    assert_int_equal(match(NULL, "step010").step, 10);
    assert_int_equal(match(NULL, "step00000000000000000000000000000000007").step, 7);
}

static void numbers_beyond_63_bits_are_no_steps(void **state) {
    (void)state;
    assert_true(match(NULL, "step9223372036854775807").step == INT64_MAX);
    assert_int_equal(match(NULL, "step9223372036854775808").kind, SPT_STEP_NAME_TOO_LARGE);
    assert_int_equal(match(NULL, "step99999999999999999999999999999999").kind, SPT_STEP_NAME_TOO_LARGE);
    assert_int_equal(match(NULL, "multiberts-seed_0-step_9223372036854775807k").kind, SPT_STEP_NAME_TOO_LARGE);
    const struct spt_step_name name = match(NULL, "step5-tokens9999999999T");
    assert_int_equal(name.kind, SPT_STEP_NAME_STEP);
    assert_int_equal(name.tokens, SPT_NO_TOKENS);
}

static void fractions_of_a_unit_are_whole_numbers(void **state) {
    (void)state;
    assert_true(match(NULL, "step5-tokens1.5T").tokens == INT64_C(1500000000000));
    assert_true(match(NULL, "step5-tokens0.25B").tokens == 250000000);
    assert_true(match(NULL, "step5-tokens1.2345K").tokens == SPT_NO_TOKENS);
}

static void names_of_unfinished_steps_are_told_apart(void **state) {
    (void)state;
    assert_int_equal(match(NULL, "step500-tmp").kind, SPT_STEP_NAME_UNFINISHED);
    assert_int_equal(match(NULL, "step500-unfinished").kind, SPT_STEP_NAME_UNFINISHED);
    assert_int_equal(match(NULL, "tmp-checkpoint-500").kind, SPT_STEP_NAME_UNFINISHED);
    assert_int_equal(match(NULL, "-tmp").kind, SPT_STEP_NAME_OTHER);
    assert_int_equal(match("(?<step>[0-9]+)-tmp$", "run5-tmp").kind, SPT_STEP_NAME_STEP);
}

static void a_user_s_pattern_replaces_the_table(void **state) {
    (void)state;
    const struct spt_step_name name =
        match("^(?<branch>[a-z]+)_at(?<step>\\d+k?)(?:_(?<tokens>\\d+B))?", "warm_at20k_3B");
    assert_int_equal(name.kind, SPT_STEP_NAME_STEP);
    assert_true(name.step == 20000);
    assert_true(name.tokens == INT64_C(3000000000));
    assert_string_equal(name.branch, "warm");
    assert_int_equal(match("^at(?<step>\\d+)$", "step512").kind, SPT_STEP_NAME_OTHER);
    assert_int_equal(match("(?<step>\\d+)", "anywhere 17 in it").step, 17);
    assert_int_equal(match("(?J)a(?<step>\\d+)|b(?<step>\\d+)", "b17").step, 17);
    assert_int_equal(match("x(?<step>\\d+)?", "x").kind, SPT_STEP_NAME_OTHER);
    assert_int_equal(match("x(?<step>[a-z]+)", "xyz").kind, SPT_STEP_NAME_OTHER);
    assert_int_equal(match("(?<step>\\d+)", "\xff\xfe 9").step, 9);
}

static void a_pattern_that_does_not_compile_is_refused_with_its_offset(void **state) {
    (void)state;
    struct spt_step_names *names = NULL;
    struct spt_error error;
    assert_int_equal(spt_step_names_new("step(?<step>\\d+", &names, &error), SPT_INVALID);
    /* PCRE2's own words (pcre2test says the same of this pattern) */
    assert_string_equal(error.message, "step pattern \"step(?<step>\\d+\": missing closing parenthesis at offset 15");
    assert_null(names);
}

static void a_pattern_without_a_step_is_refused(void **state) {
    (void)state;
    struct spt_step_names *names = NULL;
    struct spt_error error;
    assert_int_equal(spt_step_names_new("^step(\\d+)$", &names, &error), SPT_INVALID);
    assert_says(error.message, "no group named step");
    assert_null(names);
}

static void a_pattern_of_absurd_size_is_refused(void **state) {
    (void)state;
    struct spt_step_names *names = NULL;
    struct spt_error error;
    char *pattern = malloc(100001);
    assert_non_null(pattern);
    memset(pattern, '(', 100000);
    pattern[100000] = '\0';
    assert_int_equal(spt_step_names_new(pattern, &names, &error), SPT_INVALID);
    free(pattern);
    assert_int_equal(spt_step_names_new("(?<step>(((a{1000}){1000}){1000}))", &names, &error), SPT_INVALID);
}

static void a_pattern_that_backtracks_without_end_is_stopped(void **state) {
    (void)state;
    struct spt_step_names *names = NULL;
    struct spt_step_name name;
    struct spt_error error;
    assert_int_equal(spt_step_names_new("^(?<step>(\\d+)+)[xy]$", &names, &error), SPT_OK);
    struct timespec begin, end;
    assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &begin), 0);
    assert_int_equal(spt_step_names_match(names, "1111111111111111111111111111111111111111111111", &name, &error),
                     SPT_INVALID);
    assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &end), 0);
    assert_true(end.tv_sec - begin.tv_sec < 5);
    assert_says(error.message, "takes too long on the name \"1111");
    spt_step_names_free(names);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_suite_s_names_are_read),
        cmocka_unit_test(other_names_are_no_steps),
        cmocka_unit_test(padded_numbers_are_decimal),
        cmocka_unit_test(numbers_beyond_63_bits_are_no_steps),
        cmocka_unit_test(fractions_of_a_unit_are_whole_numbers),
        cmocka_unit_test(names_of_unfinished_steps_are_told_apart),
        cmocka_unit_test(a_user_s_pattern_replaces_the_table),
        cmocka_unit_test(a_pattern_that_does_not_compile_is_refused_with_its_offset),
        cmocka_unit_test(a_pattern_without_a_step_is_refused),
        cmocka_unit_test(a_pattern_of_absurd_size_is_refused),
        cmocka_unit_test(a_pattern_that_backtracks_without_end_is_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
