/* Runs that are none, and names nobody would choose: one clear line each, and no crash. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"

static struct spt_error refused(struct fixture *f, const char *path, const char *pattern, enum spt_status expected) {
    const struct spt_run_options options = {.step_pattern = pattern, .log = &f->sink};
    char full[1024];
    struct spt_run *run = NULL;
    struct spt_error error = {0};
    assert_int_equal(spt_run_open(at(f, path, full), &options, &run, &error), expected);
    assert_null(run);
    assert_null(strchr(error.message, '\n'));
    return error;
}

static void a_run_that_does_not_exist_is_named(void **state) {
    struct fixture *f = *state;
    const struct spt_error error = refused(f, "absent", NULL, SPT_IO);
    assert_int_equal(error.system, ENOENT);
    assert_ends_with(error.path, "/absent");
    assert_says(error.message, "No such file or directory");
    assert_says(error.message, "expected a run's folder");
}

static void an_empty_folder_is_no_run(void **state) {
    struct fixture *f = *state;
    put_directory(f, "empty");
    const struct spt_error error = refused(f, "empty", NULL, SPT_INVALID);
    assert_ends_with(error.path, "/empty");
    assert_says(error.message, "found an empty folder");
    assert_says(error.message, "step512 (Pythia), checkpoint-500 (HF Trainer, CRFM Mistral)");
    assert_says(error.message, "epoch=0-step=500 (PyTorch Lightning)"); /* the list is whole */
}

static void a_folder_without_checkpoints_is_told_by_what_it_holds(void **state) {
    struct fixture *f = *state;
    put_directory(f, "papers/a");
    put_file(f, "papers/b.pdf", "");
    const struct spt_error few = refused(f, "papers", NULL, SPT_INVALID);
    assert_says(few.message, "no checkpoint: found a/, b.pdf; expected a weights file");
    for (int i = 0; i < 20; i++) {
        char path[64];
        (void)snprintf(path, sizeof path, "papers/c%d.txt", i);
        put_file(f, path, "");
    }
    const struct spt_error many = refused(f, "papers", NULL, SPT_INVALID);
    assert_says(many.message, "found a/, b.pdf, c0.txt, c1.txt, c10.txt, c11.txt and 16 more");
}

static void folders_of_models_without_steps_are_no_run(void **state) {
    struct fixture *f = *state;
    put_checkpoint(f, "models/a");
    put_checkpoint(f, "models/b");
    const struct spt_error error = refused(f, "models", NULL, SPT_INVALID);
    assert_says(error.message, "found a/, b/; expected");
}

static void a_pattern_that_matches_nothing_is_named(void **state) {
    struct fixture *f = *state;
    put_checkpoint(f, "run/step1");
    const struct spt_error error = refused(f, "run", "^epoch(?<step>\\d+)$", SPT_INVALID);
    assert_says(error.message, "found step1/; expected");
    assert_says(error.message, "names that match the step pattern \"^epoch(?<step>\\d+)$\"");
}

static void a_bad_pattern_is_refused_before_anything_is_read(void **state) {
    struct fixture *f = *state;
    assert_says(refused(f, "absent", "(", SPT_INVALID).message, "at offset 1");
    put_checkpoint(f, "run/111111111111111111111111111111111111111111111111");
    assert_says(refused(f, "run", "^(?<step>(\\d+)+)[xy]$", SPT_INVALID).message, "takes too long");
}

static void a_fifo_or_device_is_no_run(void **state) {
    struct fixture *f = *state;
    put_fifo(f, "fifo");
    assert_says(refused(f, "fifo", NULL, SPT_INVALID).message, "neither a folder nor a file");
    put_link(f, "null", "/dev/null");
    assert_says(refused(f, "null", NULL, SPT_INVALID).message, "neither a folder nor a file");
    put_link(f, "circle", "circle");
    assert_int_equal(refused(f, "circle", NULL, SPT_IO).system, ELOOP);
}

static void fifos_and_links_in_place_of_files_are_said(void **state) {
    struct fixture *f = *state;
    put_checkpoint(f, "run/step1");
    put_fifo(f, "run/step2/model.safetensors");
    put_link(f, "run/step3/model.safetensors", "model.safetensors");
    put_link(f, "run/step4/model.safetensors", "/dev/zero");
    put_directory(f, "run/step5/model.safetensors");
    put_fifo(f, "run/step1/trainer_state.json");
    put_fifo(f, "run/tokenizer.json");
    struct spt_run *run = open_run(f, "run", NULL);
    assert_labels(run, "step1 step2 step3 step4 step5");
    assert_null(run->refs[0].trainer_state);
    assert_null(run->refs[0].tokenizer);
    assert_says(f->log, "step1/trainer_state.json: skipped: no regular file");
    assert_says(f->log, "step2/model.safetensors: skipped: no regular file");
    assert_says(f->log, "step3/model.safetensors: skipped: Too many levels of symbolic links");
    assert_says(f->log, "step4/model.safetensors: skipped: no regular file");
    assert_says(f->log, "step5/model.safetensors: skipped: no regular file");
    spt_run_close(run);
}

static void hostile_names_are_shown_escaped(void **state) {
    struct fixture *f = *state;
    put_checkpoint(f, "run/step1");
    put_checkpoint(f, "run/evil\n\x1b[31mname");
    put_checkpoint(f, "run/\xff\xfe");
    put_checkpoint(f, "run/step2\n");
    put_directory(f, "run/%s%n%s");
    char name[256];
    memset(name, 'n', 255);
    name[255] = '\0';
    char folder[512];
    (void)snprintf(folder, sizeof folder, "run/%s", name);
    put_checkpoint(f, folder);
    struct spt_run *run = open_run(f, "run", NULL);
    assert_int_equal(run->count, 5);
    assert_string_equal(run->refs[0].label, "step1");
    for (size_t i = 0; i < run->count; i++)
        for (const char *c = run->refs[i].label; *c; c++) assert_true((unsigned char)*c >= 32 && *c != 127);
    assert_string_equal(ref_of(run, "step2\n")->label, "step2\\x0a");
    assert_string_equal(ref_of(run, "\xff\xfe")->label, "\\xff\\xfe");
    assert_true(ref_of(run, "step2\n")->step == SPT_NO_STEP);
    spt_run_close(run);
}

/* As another user when the tests run as root, who may read everything. */
static void folders_that_cannot_be_read_are_listed_and_said(void **state) {
    struct fixture *f = *state;
    put_checkpoint(f, "run/step1");
    put_checkpoint(f, "run/step2");
    put_checkpoint(f, "closed/step1");
    char path[1024];
    const bool root = geteuid() == 0;
    assert_int_equal(chmod(f->root, 0755), 0);
    assert_int_equal(chmod(at(f, "run/step2", path), 0), 0);
    assert_int_equal(chmod(at(f, "closed", path), 0), 0);
    if (root) assert_int_equal(seteuid(65534), 0);
    const struct spt_run_options options = {.log = &f->sink};
    struct spt_run *run = NULL, *closed = NULL;
    struct spt_error error = {0};
    const enum spt_status opened = spt_run_open(at(f, "run", path), &options, &run, NULL);
    const enum spt_status refusal = spt_run_open(at(f, "closed", path), &options, &closed, &error);
    if (root) assert_int_equal(seteuid(0), 0);
    assert_int_equal(chmod(at(f, "run/step2", path), 0700), 0);
    assert_int_equal(chmod(at(f, "closed", path), 0700), 0);
    assert_int_equal(opened, SPT_OK);
    assert_labels(run, "step1 step2");
    assert_says(f->log, "step2: Permission denied");
    assert_int_equal(refusal, SPT_IO);
    assert_int_equal(error.system, EACCES);
    assert_says(error.message, "Permission denied");
    spt_run_close(run);
}

static void circles_of_links_end(void **state) {
    struct fixture *f = *state;
    put_checkpoint(f, "run/step1");
    put_link(f, "run/step2", ".");
    put_link(f, "run/step3", "../run");
    put_link(f, "run/step1/step4", "..");
    struct spt_run *run = open_run(f, "run", NULL);
    assert_labels(run, "step1 step2 step3");
    spt_run_close(run);
}

static void paths_that_are_too_long_are_refused(void **state) {
    (void)state;
    char *path = malloc(100001);
    assert_non_null(path);
    memset(path, 'a', 100000);
    path[100000] = '\0';
    struct spt_run *run = NULL;
    struct spt_error error;
    assert_int_equal(spt_run_open(path, NULL, &run, &error), SPT_IO);
    assert_int_equal(error.system, ENAMETOOLONG);
    assert_int_equal(spt_run_open("", NULL, &run, &error), SPT_IO);
    assert_int_equal(error.system, ENOENT);
    free(path);
}

static void closing_nothing_is_nothing(void **state) {
    (void)state;
    spt_run_close(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_run_that_does_not_exist_is_named),
        TEST(an_empty_folder_is_no_run),
        TEST(a_folder_without_checkpoints_is_told_by_what_it_holds),
        TEST(folders_of_models_without_steps_are_no_run),
        TEST(a_pattern_that_matches_nothing_is_named),
        TEST(a_bad_pattern_is_refused_before_anything_is_read),
        TEST(a_fifo_or_device_is_no_run),
        TEST(fifos_and_links_in_place_of_files_are_said),
        TEST(hostile_names_are_shown_escaped),
        TEST(folders_that_cannot_be_read_are_listed_and_said),
        TEST(circles_of_links_end),
        TEST(paths_that_are_too_long_are_refused),
        cmocka_unit_test(closing_nothing_is_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
