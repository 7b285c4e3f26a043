/* Caches of the Hugging Face hub, laid out as huggingface_hub's guide "Understand caching" shows them: blobs named by
 * their hash, snapshots of relative links into them, refs that hold a commit. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

static const char MAIN[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/* 40 digits that differ with n. */
static const char *commit_of(int n, char out[41]) {
    (void)snprintf(out, 41, "%040x", (unsigned)n * 2654435761u);
    return out;
}

static void put_ref(struct fixture *f, const char *cache, const char *revision, const char *commit) {
    char path[512];
    (void)snprintf(path, sizeof path, "%s/refs/%s", cache, revision);
    put_file(f, path, commit);
}

/* A file of a snapshot: the blob and the link to it. */
static void put_blob(struct fixture *f, const char *cache, const char *commit, const char *name) {
    char path[512], target[512];
    (void)snprintf(path, sizeof path, "%s/blobs/%s-%s", cache, commit, name);
    put_file(f, path, name);
    (void)snprintf(path, sizeof path, "%s/snapshots/%s/%s", cache, commit, name);
    (void)snprintf(target, sizeof target, "../../blobs/%s-%s", commit, name);
    put_link(f, path, target);
}

static void put_revision(struct fixture *f, const char *cache, const char *revision, const char *commit) {
    put_ref(f, cache, revision, commit);
    put_blob(f, cache, commit, "model.safetensors");
}

static const char CACHE[] = "hub/models--EleutherAI--pythia-70m";

/* step0, step512, step1000 with weights only; main with config and tokenizer only. */
static void put_pythia(struct fixture *f, const char *cache) {
    static const int STEPS[] = {1000, 0, 512};
    for (size_t i = 0; i < 3; i++) {
        char commit[41], revision[32];
        (void)snprintf(revision, sizeof revision, "step%d", STEPS[i]);
        put_revision(f, cache, revision, commit_of(STEPS[i] + 1, commit));
    }
    put_ref(f, cache, "main", MAIN);
    put_blob(f, cache, MAIN, "config.json");
    put_blob(f, cache, MAIN, "tokenizer.json");
}

static void steps_are_read_from_refs(void **state) {
    struct fixture *f = *state;
    put_pythia(f, CACHE);
    struct spt_run *run = open_run(f, CACHE, NULL);
    assert_string_equal(run->layout, "hub cache");
    assert_string_equal(run->name, "models--EleutherAI--pythia-70m");
    assert_labels(run, "step0 step512 step1000");
    const struct spt_checkpoint_ref *ref = ref_of(run, "refs/step512");
    assert_true(ref->step == 512);
    char commit[41], end[128];
    (void)snprintf(end, sizeof end, "/snapshots/%s", commit_of(513, commit));
    assert_ends_with(ref->path, end);
    assert_ends_with(ref->config, "/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/config.json");
    assert_ends_with(ref->tokenizer, "/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/tokenizer.json");
    assert_says(f->log, "revision main: skipped: no step's name and no weights");
    spt_run_close(run);
}

static void main_with_weights_comes_last_without_a_step(void **state) {
    struct fixture *f = *state;
    put_pythia(f, CACHE);
    put_blob(f, CACHE, MAIN, "model.safetensors");
    struct spt_run *run = open_run(f, CACHE, NULL);
    assert_labels(run, "step0 step512 step1000 main");
    assert_true(run->refs[3].step == SPT_NO_STEP);
    spt_run_close(run);
}

static void two_refs_of_one_commit_are_both_listed(void **state) {
    struct fixture *f = *state;
    put_pythia(f, CACHE);
    char commit[41];
    put_ref(f, CACHE, "step143000", commit_of(1001, commit));
    struct spt_run *run = open_run(f, CACHE, NULL);
    assert_labels(run, "step0 step512 step1000 step143000");
    assert_string_equal(run->refs[2].path, run->refs[3].path);
    assert_string_not_equal(run->refs[2].uri, run->refs[3].uri);
    assert_true(spt_hash_equal(run->refs[2].fingerprint, run->refs[3].fingerprint));
    spt_run_close(run);
}

static void a_blob_that_changes_changes_the_fingerprint(void **state) {
    struct fixture *f = *state;
    put_pythia(f, CACHE);
    struct spt_run *run = open_run(f, CACHE, NULL);
    char commit[41], blob[256];
    (void)snprintf(blob, sizeof blob, "%s/blobs/%s-model.safetensors", CACHE, commit_of(513, commit));
    put_file(f, blob, "of another size");
    struct spt_hash now;
    assert_int_equal(spt_run_fingerprint(ref_of(run, "refs/step512"), &now, NULL), SPT_OK);
    assert_false(spt_hash_equal(now, ref_of(run, "refs/step512")->fingerprint));
    assert_int_equal(spt_run_fingerprint(ref_of(run, "refs/step0"), &now, NULL), SPT_OK);
    assert_true(spt_hash_equal(now, ref_of(run, "refs/step0")->fingerprint));
    spt_run_close(run);
}

static void a_revision_whose_download_has_not_begun_is_listed(void **state) {
    struct fixture *f = *state;
    put_pythia(f, CACHE);
    char commit[41];
    put_ref(f, CACHE, "step2000", commit_of(2001, commit));
    put_ref(f, CACHE, "step3000", commit_of(3001, commit));
    char path[256], target[256];
    (void)snprintf(path, sizeof path, "%s/snapshots/%s/model.safetensors", CACHE, commit);
    (void)snprintf(target, sizeof target, "../../blobs/not-there-yet");
    put_link(f, path, target);
    struct spt_run *run = open_run(f, CACHE, NULL);
    assert_labels(run, "step0 step512 step1000 step2000 step3000");
    assert_says(f->log, "revision step2000");
    assert_says(f->log, "model.safetensors: skipped: No such file or directory");
    const struct spt_hash before = run->refs[4].fingerprint;
    spt_run_close(run);
    (void)snprintf(path, sizeof path, "%s/blobs/not-there-yet", CACHE);
    put_file(f, path, "there");
    run = open_run(f, CACHE, NULL);
    assert_false(spt_hash_equal(before, run->refs[4].fingerprint));
    spt_run_close(run);
}

static void a_snapshot_without_a_ref_is_listed_by_its_commit(void **state) {
    struct fixture *f = *state;
    put_pythia(f, CACHE);
    put_blob(f, CACHE, "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", "model.safetensors");
    struct spt_run *run = open_run(f, CACHE, NULL);
    assert_labels(run, "step0 step512 step1000 bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb");
    assert_string_equal(run->refs[3].uri, "snapshots/bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb");
    spt_run_close(run);
}

static void refs_with_slashes_are_nested_folders(void **state) {
    struct fixture *f = *state;
    char commit[41];
    put_pythia(f, CACHE);
    put_revision(f, CACHE, "pr/3", commit_of(77, commit));
    struct spt_run *run = open_run(f, CACHE, NULL);
    assert_labels(run, "step0 step512 step1000 pr/3");
    assert_string_equal(run->refs[3].uri, "refs/pr/3");
    spt_run_close(run);
}

static void refs_that_are_no_commits_are_skipped_and_said(void **state) {
    struct fixture *f = *state;
    put_pythia(f, CACHE);
    put_ref(f, CACHE, "step7", "../../../etc");
    put_ref(f, CACHE, "step8", "");
    char commit[41];
    put_revision(f, CACHE, "step9", commit_of(9, commit));
    char with_newline[64];
    (void)snprintf(with_newline, sizeof with_newline, "%s\n", commit);
    put_ref(f, CACHE, "step9", with_newline);
    char path[256];
    (void)snprintf(path, sizeof path, "%s/refs/step10", CACHE);
    put_fifo(f, path);
    (void)snprintf(path, sizeof path, "%s/refs/step11", CACHE);
    put_sized(f, path, 1 << 20);
    (void)snprintf(path, sizeof path, "%s/refs/circle", CACHE);
    put_link(f, path, ".");
    struct spt_run *run = open_run(f, CACHE, NULL);
    assert_labels(run, "step0 step9 step512 step1000");
    assert_says(f->log, "refs/step7: skipped: \"../../../etc\" is no commit");
    assert_says(f->log, "refs/step8: skipped: \"\" is no commit");
    assert_says(f->log, "refs/step10: skipped: expected a file, found a FIFO");
    assert_says(f->log, "refs/step11: skipped: ");
    assert_says(f->log, "refs/circle: skipped: a link to a folder");
    spt_run_close(run);
}

static void a_snapshot_is_the_checkpoint_it_is_in_its_cache(void **state) {
    struct fixture *f = *state;
    put_pythia(f, CACHE);
    char commit[41], path[256];
    put_ref(f, CACHE, "a-tag", commit_of(513, commit));
    for (int file = 0; file < 2; file++) {
        (void)snprintf(path, sizeof path, "%s/snapshots/%s%s", CACHE, commit, file ? "/model.safetensors" : "");
        struct spt_run *run = open_run(f, path, NULL);
        assert_int_equal(run->count, 1);
        assert_string_equal(run->layout, "single checkpoint");
        assert_string_equal(run->name, "models--EleutherAI--pythia-70m");
        assert_string_equal(run->refs[0].uri, "refs/step512");
        assert_true(run->refs[0].step == 512);
        assert_non_null(run->refs[0].config);
        spt_run_close(run);
    }
}

static void a_hub_folder_of_one_suite_is_that_run(void **state) {
    struct fixture *f = *state;
    put_pythia(f, CACHE);
    put_revision(f, "hub/models--google-bert--bert-base-uncased", "main", MAIN);
    put_file(f, "hub/version.txt", "1");
    put_directory(f, "hub/.locks/models--EleutherAI--pythia-70m");
    put_directory(f, "hub/datasets--x--y/snapshots");
    struct spt_run *run = open_run(f, "hub", NULL);
    assert_string_equal(run->layout, "hub cache");
    assert_labels(run, "step0 step512 step1000");
    assert_string_equal(run->refs[0].branch, "");
    assert_string_equal(run->refs[0].uri, "models--EleutherAI--pythia-70m/refs/step0");
    assert_says(f->log, "bert-base-uncased: skipped: none of its revisions is named as a step");
    spt_run_close(run);
}

static void several_suites_in_a_hub_folder_are_branches(void **state) {
    struct fixture *f = *state;
    put_pythia(f, CACHE);
    char commit[41];
    put_revision(f, "hub/models--allenai--OLMo-2-0425-1B", "stage1-step10000-tokens21B", commit_of(5, commit));
    struct spt_run *run = open_run(f, "hub", NULL);
    assert_labels(run, "step0 step512 step1000 stage1-step10000-tokens21B");
    assert_string_equal(run->refs[0].branch, "EleutherAI/pythia-70m");
    assert_string_equal(run->refs[3].branch, "allenai/OLMo-2-0425-1B:stage1");
    spt_run_close(run);
}

static void a_repository_a_step_is_one_run(void **state) {
    struct fixture *f = *state;
    static const char *const STEPS[] = {"200k", "0k", "20k"};
    for (size_t i = 0; i < 3; i++) {
        char cache[128], commit[41];
        (void)snprintf(cache, sizeof cache, "hub/models--google--multiberts-seed_0-step_%s", STEPS[i]);
        put_revision(f, cache, "main", commit_of((int)i + 1, commit));
    }
    struct spt_run *run = open_run(f, "hub", NULL);
    assert_labels(
        run, "google/multiberts-seed_0-step_0k google/multiberts-seed_0-step_20k google/multiberts-seed_0-step_200k");
    assert_true(run->refs[1].step == 20000);
    assert_string_equal(run->refs[1].branch, "multiberts-seed_0");
    spt_run_close(run);
}

/* from_pretrained("EleutherAI/pythia-70m", revision="step512", cache_dir="runs/step512"), as the suite's README does.
 */
static void a_step_s_folder_may_hold_a_cache(void **state) {
    struct fixture *f = *state;
    char commit[41];
    put_revision(f, "runs/step512/models--EleutherAI--pythia-70m", "step512", commit_of(1, commit));
    put_blob(f, "runs/step512/models--EleutherAI--pythia-70m", commit, "config.json");
    put_ref(f, "runs/step512/models--EleutherAI--pythia-70m", "main", MAIN);
    put_blob(f, "runs/step512/models--EleutherAI--pythia-70m", MAIN, "config.json");
    put_file(f, "runs/step512/tokenizer.json", "{}");
    put_revision(f, "runs/step1000/models--EleutherAI--pythia-70m", "main", commit_of(2, commit));
    put_directory(f, "runs/step2000/models--EleutherAI--pythia-70m");
    struct spt_run *run = open_run(f, "runs", NULL);
    assert_string_equal(run->layout, "step directories");
    assert_labels(run, "step512 step1000 step2000");
    char end[128];
    (void)snprintf(end, sizeof end, "/step512/models--EleutherAI--pythia-70m/snapshots/%s", commit_of(1, commit));
    const struct spt_checkpoint_ref *ref = ref_of(run, "step512");
    assert_ends_with(ref->path, end);
    assert_ends_with(ref->tokenizer, "/runs/step512/tokenizer.json");
    assert_memory_equal(ref->config, ref->path, strlen(ref->path));
    assert_true(ref_of(run, "step1000")->step == 1000);
    assert_ends_with(ref_of(run, "step2000")->path, "/runs/step2000");
    spt_run_close(run);
    run = open_run(f, "runs/step512", NULL);
    assert_labels(run, "step512");
    assert_string_equal(run->name, "runs");
    spt_run_close(run);
}

static void several_models_in_a_step_s_folder_are_all_listed(void **state) {
    struct fixture *f = *state;
    static const char NEST[] = "runs/step512/models--EleutherAI--pythia-70m";
    char commit[41];
    put_revision(f, NEST, "one", commit_of(1, commit));
    put_ref(f, NEST, "the-same", commit);
    put_revision(f, NEST, "two", commit_of(2, commit));
    struct spt_run *run = open_run(f, "runs", NULL);
    assert_labels(run, "step512 step512");
    assert_string_not_equal(run->refs[0].uri, run->refs[1].uri);
    assert_string_not_equal(run->refs[0].path, run->refs[1].path);
    spt_run_close(run);
}

/* Of each cache its one revision is meant; the uris are what a store tells checkpoints apart by. */
static void caches_of_two_models_in_a_step_s_folder_are_branches(void **state) {
    struct fixture *f = *state;
    char commit[41];
    put_revision(f, "runs/step512/models--EleutherAI--pythia-70m", "step512", commit_of(1, commit));
    put_revision(f, "runs/step512/models--EleutherAI--pythia-160m", "step512", commit_of(2, commit));
    struct spt_run *run = open_run(f, "runs", NULL);
    assert_labels(run, "step512 step512");
    assert_string_equal(run->refs[0].uri, "step512/models--EleutherAI--pythia-160m");
    assert_string_equal(run->refs[0].branch, "EleutherAI/pythia-160m");
    assert_string_equal(run->refs[1].uri, "step512/models--EleutherAI--pythia-70m");
    assert_string_equal(run->refs[1].branch, "EleutherAI/pythia-70m");
    assert_string_not_equal(run->refs[0].path, run->refs[1].path);
    spt_run_close(run);
}

static void a_cache_of_a_tokenizer_in_a_step_s_folder_is_no_model(void **state) {
    struct fixture *f = *state;
    char commit[41];
    put_revision(f, "runs/step512/models--EleutherAI--pythia-70m", "step512", commit_of(1, commit));
    put_ref(f, "runs/step512/models--EleutherAI--gpt-neox-20b", "main", MAIN);
    put_blob(f, "runs/step512/models--EleutherAI--gpt-neox-20b", MAIN, "tokenizer.json");
    struct spt_run *run = open_run(f, "runs", NULL);
    assert_labels(run, "step512");
    assert_string_equal(run->refs[0].uri, "step512");
    assert_string_equal(run->refs[0].branch, "");
    assert_ends_with(run->refs[0].path, commit);
    spt_run_close(run);
}

/* Two downloads that have only begun: neither is the step's yet. */
static void caches_without_weights_leave_the_step_s_folder_itself(void **state) {
    struct fixture *f = *state;
    put_ref(f, "runs/step512/models--a--b", "main", MAIN);
    put_blob(f, "runs/step512/models--a--b", MAIN, "config.json");
    put_ref(f, "runs/step512/models--c--d", "main", MAIN);
    put_blob(f, "runs/step512/models--c--d", MAIN, "config.json");
    struct spt_run *run = open_run(f, "runs", NULL);
    assert_labels(run, "step512");
    assert_string_equal(run->refs[0].uri, "step512");
    assert_ends_with(run->refs[0].path, "/runs/step512");
    spt_run_close(run);
}

/* AutoTokenizer.from_pretrained without the revision: main's snapshot holds the tokenizer. */
static void a_nested_main_lends_config_and_tokenizer(void **state) {
    struct fixture *f = *state;
    static const char NEST[] = "runs/step512/models--EleutherAI--pythia-70m";
    char commit[41];
    put_revision(f, NEST, "step512", commit_of(1, commit));
    put_ref(f, NEST, "main", MAIN);
    put_blob(f, NEST, MAIN, "config.json");
    put_blob(f, NEST, MAIN, "tokenizer.json");
    struct spt_run *run = open_run(f, "runs", NULL);
    assert_labels(run, "step512");
    assert_says(run->refs[0].config, MAIN);
    assert_says(run->refs[0].tokenizer, MAIN);
    spt_run_close(run);
}

static void a_repository_s_step_is_its_main_revision(void **state) {
    struct fixture *f = *state;
    static const char SEED[] = "hub/models--google--multiberts-seed_0-step_20k",
                      OLD[] = "hub/models--google--multiberts-seed_0-step_40k";
    char commit[41];
    put_revision(f, SEED, "main", MAIN);
    put_revision(f, SEED, "refs/pr/1", commit_of(1, commit));
    put_revision(f, SEED, "a-tag", commit_of(2, commit));
    put_ref(f, OLD, "main", MAIN);
    put_blob(f, OLD, MAIN, "config.json");
    put_revision(f, OLD, "refs/pr/1", commit_of(3, commit));
    struct spt_run *run = open_run(f, "hub", NULL);
    assert_labels(run, "google/multiberts-seed_0-step_20k google/multiberts-seed_0-step_40k");
    assert_string_equal(run->refs[0].uri, "models--google--multiberts-seed_0-step_20k/refs/main");
    assert_string_equal(run->refs[1].uri, "models--google--multiberts-seed_0-step_40k/refs/refs/pr/1");
    assert_says(run->refs[1].config, MAIN);
    assert_says(f->log, "revision refs/pr/1: skipped: another revision is the repository's step");
    spt_run_close(run);
}

static void a_pattern_selects_revisions(void **state) {
    struct fixture *f = *state;
    put_pythia(f, CACHE);
    struct spt_run *run = open_run(f, CACHE, "^step(?<step>\\d{4,})$");
    assert_labels(run, "step1000");
    assert_says(f->log, "revision step512: skipped: does not match the step pattern");
    spt_run_close(run);
}

static void folders_of_steps_come_before_a_cache_beside_them(void **state) {
    struct fixture *f = *state;
    put_checkpoint(f, "run/step1");
    put_revision(f, "run/models--EleutherAI--pythia-70m", "main", MAIN);
    struct spt_run *run = open_run(f, "run", NULL);
    assert_string_equal(run->layout, "step directories");
    assert_labels(run, "step1");
    assert_says(f->log, "models--EleutherAI--pythia-70m: skipped: a hub cache beside folders of steps");
    spt_run_close(run);
}

static void a_number_in_a_model_s_name_is_no_step(void **state) {
    struct fixture *f = *state;
    put_pythia(f, CACHE);
    struct spt_run *run = open_run(f, "hub", "step(?<step>\\d+)");
    assert_string_equal(run->layout, "hub cache");
    spt_run_close(run);
    run = open_run(f, "hub", "(?<step>\\d+)$");
    assert_string_equal(run->layout, "hub cache");
    assert_labels(run, "step0 step512 step1000");
    spt_run_close(run);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(steps_are_read_from_refs),
        TEST(main_with_weights_comes_last_without_a_step),
        TEST(two_refs_of_one_commit_are_both_listed),
        TEST(a_blob_that_changes_changes_the_fingerprint),
        TEST(a_revision_whose_download_has_not_begun_is_listed),
        TEST(a_snapshot_without_a_ref_is_listed_by_its_commit),
        TEST(refs_with_slashes_are_nested_folders),
        TEST(refs_that_are_no_commits_are_skipped_and_said),
        TEST(a_snapshot_is_the_checkpoint_it_is_in_its_cache),
        TEST(a_hub_folder_of_one_suite_is_that_run),
        TEST(several_suites_in_a_hub_folder_are_branches),
        TEST(a_repository_a_step_is_one_run),
        TEST(a_step_s_folder_may_hold_a_cache),
        TEST(several_models_in_a_step_s_folder_are_all_listed),
        TEST(caches_of_two_models_in_a_step_s_folder_are_branches),
        TEST(a_cache_of_a_tokenizer_in_a_step_s_folder_is_no_model),
        TEST(caches_without_weights_leave_the_step_s_folder_itself),
        TEST(a_nested_main_lends_config_and_tokenizer),
        TEST(a_repository_s_step_is_its_main_revision),
        TEST(a_pattern_selects_revisions),
        TEST(folders_of_steps_come_before_a_cache_beside_them),
        TEST(a_number_in_a_model_s_name_is_no_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
