/* What says that a checkpoint's writer is not done yet. */
#include <stdio.h>
#include <string.h>

#include "fixture.h"

static void assert_awaits(struct fixture *f, const char *run_path, const char *uri, const char *expected) {
    struct spt_run *run = open_run(f, run_path, NULL);
    const struct spt_checkpoint_ref *ref = ref_of(run, uri);
    if (expected) {
        assert_non_null(ref->awaits);
        assert_string_equal(ref->awaits, expected);
    } else {
        assert_null(ref->awaits);
    }
    spt_run_close(run);
}

static void put_trainer_state(struct fixture *f, const char *path) {
    put_file(f, path, "{\"global_step\": 500}");
}

static void trainer_state_is_awaited_where_another_checkpoint_has_one(void **state) {
    struct fixture *f = *state;
    put_checkpoint(f, "run/checkpoint-500");
    put_trainer_state(f, "run/checkpoint-500/trainer_state.json");
    put_checkpoint(f, "run/checkpoint-1000");
    put_directory(f, "run/checkpoint-1500");
    put_checkpoint(f, "run/step7");
    put_checkpoint(f, "run"); /* as save_model leaves it at the end */
    assert_awaits(f, "run", "checkpoint-500", NULL);
    assert_awaits(f, "run", "checkpoint-1000", "trainer_state.json");
    assert_awaits(f, "run", "checkpoint-1500", "trainer_state.json");
    assert_awaits(f, "run", "step7", NULL);
    assert_awaits(f, "run", ".", NULL);
    /* One asked for by itself is the same checkpoint. */
    assert_awaits(f, "run/checkpoint-1000", "checkpoint-1000", "trainer_state.json");
    assert_awaits(f, "run/checkpoint-500", "checkpoint-500", NULL);
}

static void trainer_state_is_awaited_in_a_first_checkpoint_with_the_trainer_s_files(void **state) {
    struct fixture *f = *state;
    static const char *const FILES[] = {"training_args.bin", "optimizer.pt",  "scheduler.pt",
                                        "scaler.pt",         "rng_state.pth", "rng_state_0.pth"};
    put_checkpoint(f, "run/checkpoint-500");
    assert_awaits(f, "run", "checkpoint-500", NULL);
    for (size_t i = 0; i < sizeof FILES / sizeof *FILES; i++) {
        char path[256];
        (void)snprintf(path, sizeof path, "run/checkpoint-500/%s", FILES[i]);
        put_file(f, path, "");
        assert_awaits(f, "run", "checkpoint-500", "trainer_state.json");
        assert_awaits(f, "run/checkpoint-500", "checkpoint-500", "trainer_state.json");
        remove_file(f, path);
    }
    put_file(f, "run/checkpoint-500/optimizer.bin", "of HF Accelerate");
    assert_awaits(f, "run", "checkpoint-500", NULL);
    put_file(f, "run/checkpoint-500/optimizer.pt", "");
    put_trainer_state(f, "run/checkpoint-500/trainer_state.json");
    assert_awaits(f, "run", "checkpoint-500", NULL);
}

static void where_nobody_writes_trainer_state_it_is_not_awaited(void **state) {
    struct fixture *f = *state;
    /* As scripts before the Trainer left them: several folders with an optimizer and without trainer_state.json. */
    for (int i = 1; i <= 3; i++) {
        char path[256];
        (void)snprintf(path, sizeof path, "run/checkpoint-%d", 500 * i);
        put_checkpoint(f, path);
        (void)snprintf(path, sizeof path, "run/checkpoint-%d/optimizer.pt", 500 * i);
        put_file(f, path, "");
    }
    for (int i = 1; i <= 3; i++) {
        char uri[64], path[256];
        (void)snprintf(uri, sizeof uri, "checkpoint-%d", 500 * i);
        (void)snprintf(path, sizeof path, "run/%s", uri);
        assert_awaits(f, "run", uri, NULL);
        assert_awaits(f, path, uri, NULL);
    }
    put_checkpoint(f, "other/step500");
    put_file(f, "other/step500/training_args.bin", "");
    assert_awaits(f, "other", "step500", NULL);
    put_checkpoint(f, "model");
    put_file(f, "model/training_args.bin", "");
    assert_awaits(f, "model", ".", NULL);
}

static void what_is_awaited_is_no_failure_of_the_checkpoint(void **state) {
    struct fixture *f = *state;
    struct spt_error error;
    put_checkpoint(f, "run/checkpoint-500");
    put_file(f, "run/checkpoint-500/optimizer.pt", "");
    struct spt_run *run = open_run(f, "run", NULL);
    assert_int_equal(spt_run_check_marker(&run->refs[0], &error), SPT_RETRY);
    assert_string_equal(error.message, "trainer_state.json is not there yet: its trainer writes it last");
    assert_ends_with(error.path, "/run/checkpoint-500");
    spt_run_close(run);
    put_trainer_state(f, "run/checkpoint-500/trainer_state.json");
    run = open_run(f, "run", NULL);
    assert_int_equal(spt_run_check_marker(&run->refs[0], &error), SPT_OK);
    spt_run_close(run);
}

static void a_folder_marked_as_unfinished_is_skipped_and_said(void **state) {
    struct fixture *f = *state;
    put_checkpoint(f, "run/step1");
    put_checkpoint(f, "run/step2");
    put_file(f, "run/step2-unfinished", "");
    put_checkpoint(f, "run/step3");
    put_checkpoint(f, "run/step3-unfinished");
    struct spt_run *run = open_run(f, "run", NULL);
    assert_labels(run, "step1 step3");
    assert_says(f->log, "run/step2: skipped: still being written, as the file *-unfinished beside it says");
    assert_says(f->log, "run/step3-unfinished: skipped: still being written, as its name says");
    spt_run_close(run);
    remove_file(f, "run/step2-unfinished");
    run = open_run(f, "run", NULL);
    assert_labels(run, "step1 step2 step3");
    spt_run_close(run);
}

static void unfinished_names_are_told_apart_by_a_user_s_pattern_too(void **state) {
    struct fixture *f = *state;
    put_checkpoint(f, "run/save7");
    put_checkpoint(f, "run/save8-tmp");
    put_checkpoint(f, "run/tmp-save9");
    struct spt_run *run = open_run(f, "run", "save(?<step>\\d+)");
    assert_labels(run, "save7");
    assert_says(f->log, "save8-tmp: skipped: still being written");
    assert_says(f->log, "tmp-save9: skipped: still being written");
    spt_run_close(run);
}

static void hints_at_the_latest_checkpoint_are_none(void **state) {
    struct fixture *f = *state;
    put_checkpoint(f, "run/global_step10");
    put_file(f, "run/latest", "global_step20");
    put_file(f, "run/latest_checkpointed_iteration.txt", "20");
    put_link(f, "run/latest_link", "global_step10");
    struct spt_run *run = open_run(f, "run", NULL);
    assert_labels(run, "global_step10");
    assert_null(run->refs[0].awaits);
    spt_run_close(run);
}

static void blobs_that_are_still_downloaded_are_no_files_of_a_checkpoint(void **state) {
    struct fixture *f = *state;
    put_file(f, "models--me--tiny/refs/step1", "a1");
    put_file(f, "models--me--tiny/blobs/aa.incomplete", "wei");
    put_file(f, "models--me--tiny/blobs/bb", "{}");
    put_link(f, "models--me--tiny/snapshots/a1/config.json", "../../blobs/bb");
    struct spt_run *run = open_run(f, "models--me--tiny", NULL);
    assert_labels(run, "step1");
    const struct spt_hash before = run->refs[0].state;
    spt_run_close(run);
    put_file(f, "models--me--tiny/blobs/aa.incomplete", "weights");
    run = open_run(f, "models--me--tiny", NULL);
    assert_true(spt_hash_equal(run->refs[0].state, before));
    spt_run_close(run);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(trainer_state_is_awaited_where_another_checkpoint_has_one),
        TEST(trainer_state_is_awaited_in_a_first_checkpoint_with_the_trainer_s_files),
        TEST(where_nobody_writes_trainer_state_it_is_not_awaited),
        TEST(what_is_awaited_is_no_failure_of_the_checkpoint),
        TEST(a_folder_marked_as_unfinished_is_skipped_and_said),
        TEST(unfinished_names_are_told_apart_by_a_user_s_pattern_too),
        TEST(hints_at_the_latest_checkpoint_are_none),
        TEST(blobs_that_are_still_downloaded_are_no_files_of_a_checkpoint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
