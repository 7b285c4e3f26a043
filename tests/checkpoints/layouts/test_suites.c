/* Every public suite, as its users' tools leave it on disk: tests/data/layouts, which
 * tests/peer/make_layout_fixtures.py and make_deepspeed_fixtures.py make. What is expected is what those scripts put there. */
#include <stdio.h>
#include <string.h>

#include "checkpoints/model_config.h"
#include "fixture.h"

#define BILLION INT64_C(1000000000)

enum { CHECKPOINTS_MAX = 5 };

struct expected {
    const char *label, *branch;
    int64_t step, tokens;
};

static const struct suite {
    const char *path, *layout;
    const char *tokenizer; /* its file's name */
    const char *says;      /* what is logged; NULL: nothing */
    struct expected checkpoints[CHECKPOINTS_MAX];
} SUITES[] = {
    {"pythia",
     "step directories",
     "tokenizer.json",
     NULL,
     {{"step0", "", 0, SPT_NO_TOKENS},
      {"step1", "", 1, SPT_NO_TOKENS},
      {"step512", "", 512, SPT_NO_TOKENS},
      {"step1000", "", 1000, SPT_NO_TOKENS},
      {"step143000", "", 143000, SPT_NO_TOKENS}}},
    {"pythia_hub/models--EleutherAI--pythia-160m",
     "hub cache",
     "tokenizer.json",
     NULL,
     {{"step1", "", 1, SPT_NO_TOKENS},
      {"step2", "", 2, SPT_NO_TOKENS},
      {"step143000", "", 143000, SPT_NO_TOKENS},
      {"main", "", SPT_NO_STEP, SPT_NO_TOKENS}}},
    {"pythia_hub",
     "hub cache",
     "tokenizer.json",
     NULL,
     {{"step1", "", 1, SPT_NO_TOKENS},
      {"step2", "", 2, SPT_NO_TOKENS},
      {"step143000", "", 143000, SPT_NO_TOKENS},
      {"main", "", SPT_NO_STEP, SPT_NO_TOKENS}}},
    {"pythia_cache_dirs",
     "step directories",
     "tokenizer.json",
     NULL,
     {{"step3000", "", 3000, SPT_NO_TOKENS}, {"step4000", "", 4000, SPT_NO_TOKENS}}},
    {"olmo2",
     "hub cache",
     "tokenizer.json",
     "revision main: skipped: no step's name and no weights\n",
     {{"stage1-step150-tokens1B", "stage1", 150, 1 * BILLION},
      {"stage1-step928646-tokens3896B", "stage1", 928646, 3896 * BILLION},
      {"stage2-ingredient1-step11931-tokens50B", "stage2-ingredient1", 11931, 50 * BILLION},
      {"stage2-ingredient2-step11931-tokens50B", "stage2-ingredient2", 11931, 50 * BILLION}}},
    {"olmo",
     "step directories",
     "tokenizer.json",
     NULL,
     {{"step1000-tokens4B", "", 1000, 4 * BILLION}, {"step20000-tokens84B", "", 20000, 84 * BILLION}}},
    {"amber",
     "step directories",
     "tokenizer.json",
     NULL,
     {{"ckpt_000", "", 0, SPT_NO_TOKENS}, {"ckpt_179", "", 179, SPT_NO_TOKENS}, {"ckpt_358", "", 358, SPT_NO_TOKENS}}},
    {"multiberts",
     "hub cache",
     "vocab.txt",
     NULL,
     {{"google/multiberts-seed_0-step_0k", "multiberts-seed_0", 0, SPT_NO_TOKENS},
      {"google/multiberts-seed_0-step_20k", "multiberts-seed_0", 20000, SPT_NO_TOKENS},
      {"google/multiberts-seed_0-step_2000k", "multiberts-seed_0", 2000000, SPT_NO_TOKENS},
      {"google/multiberts-seed_1-step_20k", "multiberts-seed_1", 20000, SPT_NO_TOKENS}}},
    {"crfm",
     "HF Trainer",
     "vocab.json",
     NULL,
     {{"checkpoint-100", "", 100, SPT_NO_TOKENS}, {"checkpoint-200", "", 200, SPT_NO_TOKENS}}},
    {"bloom",
     "step directories",
     "tokenizer.json",
     NULL,
     {{"global_step1000", "", 1000, SPT_NO_TOKENS}, {"global_step10000", "", 10000, SPT_NO_TOKENS}}},
    {"gpt_neox",
     "step directories",
     "20B_tokenizer.json",
     NULL,
     {{"global_step1000", "", 1000, SPT_NO_TOKENS}, {"global_step2000", "", 2000, SPT_NO_TOKENS}}},
    {"gpt_neox_sequential",
     "step directories",
     "tokenizer.json",
     NULL,
     {{"global_step500", "", 500, SPT_NO_TOKENS}, {"global_step1000", "", 1000, SPT_NO_TOKENS}}},
    {"deepspeed",
     "step directories",
     "tokenizer.json",
     NULL,
     {{"global_step100", "", 100, SPT_NO_TOKENS}, {"global_step200", "", 200, SPT_NO_TOKENS}}},
    {"smollm2",
     "hub cache",
     "tokenizer.json",
     NULL,
     {{"step-125000", "", 125000, SPT_NO_TOKENS}, {"step-160000", "", 160000, SPT_NO_TOKENS}}},
    {"fineweb",
     "step directories",
     "tokenizer.json",
     NULL,
     {{"step-001000-2BT", "", 1000, 2 * BILLION}, {"step-167000-350BT", "", 167000, 350 * BILLION}}},
    {"trainer",
     "HF Trainer",
     "tokenizer.json",
     NULL,
     {{"checkpoint-2", "", 2, SPT_NO_TOKENS}, {"checkpoint-4", "", 4, SPT_NO_TOKENS}}},
    {"lightning/checkpoints",
     "step files",
     "tokenizer.json",
     "last.ckpt: skipped: a link to another file of this run\n",
     {{"epoch=0-step=8.ckpt", "", 8, SPT_NO_TOKENS},
      {"epoch=0-step=16.ckpt", "", 16, SPT_NO_TOKENS},
      {"epoch=1-step=24.ckpt", "", 24, SPT_NO_TOKENS}}},
    {"lightning",
     "PyTorch Lightning",
     "tokenizer.json",
     "last.ckpt: skipped: a link to another file of this run\n",
     {{"epoch=0-step=8.ckpt", "", 8, SPT_NO_TOKENS},
      {"epoch=0-step=16.ckpt", "", 16, SPT_NO_TOKENS},
      {"epoch=1-step=24.ckpt", "", 24, SPT_NO_TOKENS}}},
    {"lightning_logger",
     "PyTorch Lightning",
     "tokenizer.json",
     NULL,
     {{"epoch=0-step=8.ckpt", "version_0", 8, SPT_NO_TOKENS},
      {"epoch=0-step=8.ckpt", "version_1", 8, SPT_NO_TOKENS},
      {"epoch=0-step=16.ckpt", "version_1", 16, SPT_NO_TOKENS}}},
    {"lightning_logger/lightning_logs",
     "PyTorch Lightning",
     "tokenizer.json",
     NULL,
     {{"epoch=0-step=8.ckpt", "version_0", 8, SPT_NO_TOKENS},
      {"epoch=0-step=8.ckpt", "version_1", 8, SPT_NO_TOKENS},
      {"epoch=0-step=16.ckpt", "version_1", 16, SPT_NO_TOKENS}}},
};

static const char *const MODELS[] = {
    "meta-llama--Llama-3.2-1B",
    "meta-llama--Llama-3.2-3B",
    "meta-llama--Llama-3.1-8B",
    "microsoft--phi-2",
    "Qwen--Qwen2.5-3B",
    "Qwen--Qwen2.5-7B",
    "google--gemma-7b",
    "mistralai--Mistral-7B-v0.1",
    "google-bert--bert-base-uncased",
    "FacebookAI--xlm-roberta-large",
};

static const char *last_part(const char *path) {
    const char *slash = path ? strrchr(path, '/') : NULL;
    return slash ? slash + 1 : path;
}

static struct spt_run *open_at(struct fixture *f, const char *path) {
    const struct spt_run_options options = {.log = &f->sink};
    struct spt_run *run = NULL;
    struct spt_error error;
    if (spt_run_open(path, &options, &run, &error) != SPT_OK) fail_msg("%s", error.message);
    return run;
}

static struct spt_run *open_data(struct fixture *f, const char *path) {
    char whole[512];
    (void)snprintf(whole, sizeof whole, SPT_TEST_DATA "/layouts/%s", path);
    return open_at(f, whole);
}

static void assert_companions(const struct spt_checkpoint_ref *ref, const char *tokenizer) {
    struct spt_model_config model;
    struct spt_error error;
    assert_non_null(ref->config);
    if (spt_run_read_model(ref, &model, &error) != SPT_OK) fail_msg("%s: %s", error.path, error.message);
    if (!strstr(ref->path, "/gpt_neox")) assert_string_equal(last_part(ref->config), "config.json");
    assert_int_equal(ref->tokenizer != NULL, tokenizer != NULL);
    if (tokenizer) assert_string_equal(last_part(ref->tokenizer), tokenizer);
    assert_null(ref->awaits);
}

static void every_suite_is_listed_by_its_own_names(void **state) {
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof SUITES / sizeof *SUITES; i++) {
        const struct suite *suite = &SUITES[i];
        size_t count = 0;
        while (count < CHECKPOINTS_MAX && suite->checkpoints[count].label) count++;
        print_message("%s\n", suite->path);
        struct spt_run *run = open_data(f, suite->path);
        assert_string_equal(run->layout, suite->layout);
        assert_int_equal(run->count, count);
        for (size_t k = 0; k < count; k++) {
            const struct spt_checkpoint_ref *ref = &run->refs[k];
            assert_string_equal(ref->label, suite->checkpoints[k].label);
            assert_string_equal(ref->branch, suite->checkpoints[k].branch);
            assert_true(ref->step == suite->checkpoints[k].step);
            assert_true(ref->tokens == suite->checkpoints[k].tokens);
            assert_companions(ref, suite->tokenizer);
            for (size_t other = 0; other < k; other++) assert_string_not_equal(ref->uri, run->refs[other].uri);
        }
        spt_run_close(run);
        if (suite->says)
            assert_ends_with(f->log, suite->says);
        else
            assert_string_equal(f->log, "");
        f->log[0] = '\0';
        f->logged = 0;
    }
}

/* Also without its name in refs/, by the path of the snapshot that from_pretrained prints. */
static void a_checkpoint_of_a_suite_is_asked_for_by_its_own_path(void **state) {
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof SUITES / sizeof *SUITES; i++) {
        const struct suite *suite = &SUITES[i];
        struct spt_run *run = open_data(f, suite->path);
        /* The cache of a hub folder is a run of its own, in which the uri is shorter. */
        const bool moves = strcmp(suite->layout, "hub cache") == 0 && !strstr(suite->path, "models--");
        /* A step whose folder holds a cache is asked for by that folder. */
        const bool nested = strstr(run->refs[0].path, "/snapshots/") && strcmp(suite->layout, "hub cache") != 0;
        /* A file of Lightning's belongs to the run that its folder is. */
        if (strcmp(suite->layout, "PyTorch Lightning") == 0) {
            spt_run_close(run);
            continue;
        }
        for (size_t k = 0; k < run->count && !nested; k++) {
            struct spt_run *one = open_at(f, run->refs[k].path);
            assert_int_equal(one->count, 1);
            assert_string_equal(one->layout, "single checkpoint");
            assert_string_equal(one->refs[0].label, run->refs[k].label);
            assert_string_equal(one->refs[0].branch, run->refs[k].branch);
            assert_true(one->refs[0].step == run->refs[k].step);
            if (!moves) assert_string_equal(one->refs[0].uri, run->refs[k].uri);
            assert_companions(&one->refs[0], suite->tokenizer);
            spt_run_close(one);
        }
        spt_run_close(run);
    }
}

static void models_that_are_no_run_open_as_one_checkpoint(void **state) {
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof MODELS / sizeof *MODELS; i++) {
        char path[256];
        (void)snprintf(path, sizeof path, "models/models--%s", MODELS[i]);
        struct spt_run *run = open_data(f, path);
        assert_int_equal(run->count, 1);
        assert_string_equal(run->refs[0].label, "main");
        assert_true(run->refs[0].step == SPT_NO_STEP);
        assert_companions(&run->refs[0], "tokenizer.json");
        struct spt_run *snapshot = open_at(f, run->refs[0].path);
        assert_int_equal(snapshot->count, 1);
        assert_string_equal(snapshot->refs[0].uri, run->refs[0].uri);
        spt_run_close(snapshot);
        spt_run_close(run);
    }
}

static void deepspeed_s_folder_in_a_checkpoint_is_no_step(void **state) {
    struct fixture *f = *state;
    struct spt_run *run = open_data(f, "crfm/checkpoint-200");
    assert_labels(run, "checkpoint-200");
    assert_ends_with(run->refs[0].path, "/crfm/checkpoint-200");
    assert_ends_with(run->refs[0].trainer_state, "/checkpoint-200/trainer_state.json");
    spt_run_close(run);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(every_suite_is_listed_by_its_own_names),
        TEST(a_checkpoint_of_a_suite_is_asked_for_by_its_own_path),
        TEST(models_that_are_no_run_open_as_one_checkpoint),
        TEST(deepspeed_s_folder_in_a_checkpoint_is_no_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
