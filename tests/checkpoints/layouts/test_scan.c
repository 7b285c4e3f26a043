/* A run that is looked at while it is being written. */
#include "checkpoints/scan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fixture.h"

/* A scan of root/run, and the time of its next look. */
struct watched {
    struct fixture *f;
    struct spt_run_options options;
    struct spt_scan *scan;
    double now;
};

static struct watched watch_run(struct fixture *f) {
    struct watched w = {.f = f, .options.log = &f->sink};
    char path[1024];
    struct spt_error error;
    if (spt_scan_new(at(f, "run", path), &w.options, &w.scan, &error) != SPT_OK) fail_msg("%s", error.message);
    return w;
}

static void look(struct watched *w) {
    struct spt_error error;
    w->now += 1;
    if (spt_scan_look(w->scan, w->now, &error) != SPT_OK) fail_msg("%s: %s", error.path, error.message);
}

static const struct spt_sight *find(const struct watched *w, const char *uri) {
    size_t count;
    const struct spt_sight *sights = spt_scan_sights(w->scan, &count);
    for (size_t i = 0; i < count; i++)
        if (strcmp(sights[i].ref->uri, uri) == 0) return &sights[i];
    return NULL;
}

static bool fresh(const struct watched *w, const char *uri) {
    const struct spt_sight *sight = find(w, uri);
    if (!sight) fail_msg("%s is not seen", uri);
    return sight->fresh;
}

/* Labels of what is seen, those that are fresh with a star. */
static void assert_seen(struct watched *w, const char *expected) {
    char text[4096] = "";
    size_t count, length = 0;
    look(w);
    const struct spt_sight *sights = spt_scan_sights(w->scan, &count);
    assert_int_equal(spt_scan_run(w->scan)->count, count);
    for (size_t i = 0; i < count; i++) {
        assert_ptr_equal(sights[i].ref, &spt_scan_run(w->scan)->refs[i]);
        length += (size_t)snprintf(text + length, sizeof text - length, "%s%s%s", i ? " " : "", sights[i].ref->label,
                                   sights[i].fresh ? "*" : "");
    }
    assert_string_equal(text, expected);
}

static void assert_nothing_yet(struct watched *w, const char *why) {
    struct spt_error error;
    size_t count;
    w->now += 1;
    assert_int_equal(spt_scan_look(w->scan, w->now, &error), SPT_END);
    assert_int_equal(error.status, SPT_END);
    assert_says(error.message, why);
    (void)spt_scan_sights(w->scan, &count);
    assert_int_equal(count, 0);
}

static void rename_in(struct fixture *f, const char *from, const char *to) {
    char a[1024], b[1024];
    if (rename(at(f, from, a), at(f, to, b)) != 0) fail_msg("%s: %s", a, strerror(errno));
}

static void remove_folder(struct fixture *f, const char *path) {
    char full[1024];
    if (rmdir(at(f, path, full)) != 0) fail_msg("%s: %s", full, strerror(errno));
}

static void a_run_that_is_not_there_yet_is_nothing_yet(void **state) {
    struct watched w = watch_run(*state);
    assert_nothing_yet(&w, "No such file");
    assert_null(spt_scan_run(w.scan));
    put_directory(w.f, "run");
    assert_nothing_yet(&w, "an empty folder");
    put_file(w.f, "run/events.log", "");
    assert_nothing_yet(&w, "events.log");
    assert_null(spt_scan_run(w.scan));
    put_checkpoint(w.f, "run/step1");
    assert_seen(&w, "step1*");
    spt_scan_free(w.scan);
}

static void a_run_whose_path_goes_through_a_file_is_nothing_yet(void **state) {
    struct watched w = watch_run(*state);
    struct spt_scan *scan;
    struct spt_error error;
    char path[1024];
    put_file(w.f, "file", "");
    assert_int_equal(spt_scan_new(at(w.f, "file/run", path), NULL, &scan, &error), SPT_OK);
    assert_int_equal(spt_scan_look(scan, 1, &error), SPT_END);
    spt_scan_free(scan);
    spt_scan_free(w.scan);
}

static void a_run_that_goes_leaves_no_sight(void **state) {
    struct watched w = watch_run(*state);
    put_directory(w.f, "run/step1");
    assert_seen(&w, "step1*");
    remove_folder(w.f, "run/step1");
    assert_nothing_yet(&w, "an empty folder");
    remove_folder(w.f, "run");
    assert_nothing_yet(&w, "No such file");
    assert_string_equal(spt_scan_run(w.scan)->name, "run");
    put_directory(w.f, "run/step1");
    assert_seen(&w, "step1*");
    spt_scan_free(w.scan);
}

static void a_folder_that_cannot_be_listed_leaves_the_sights_as_they_were(void **state) {
    struct watched w = watch_run(*state);
    struct spt_error error;
    size_t count;
    put_checkpoint(w.f, "run/step1");
    assert_seen(&w, "step1*");
    rename_in(w.f, "run", "away");
    put_link(w.f, "run", "run"); /* ELOOP, whoever runs this */
    assert_int_equal(spt_scan_look(w.scan, 9, &error), SPT_IO);
    assert_int_equal(error.system, ELOOP);
    (void)spt_scan_sights(w.scan, &count);
    assert_int_equal(count, 1);
    remove_file(w.f, "run");
    rename_in(w.f, "away", "run");
    assert_seen(&w, "step1");
    spt_scan_free(w.scan);
}

static void a_bad_pattern_is_refused_at_once(void **state) {
    (void)state;
    struct spt_scan *scan;
    struct spt_error error;
    const struct spt_run_options options = {.step_pattern = "("};
    assert_int_equal(spt_scan_new("/tmp", &options, &scan, &error), SPT_INVALID);
}

static void the_time_of_a_state_is_that_of_the_look_that_saw_it_first(void **state) {
    struct watched w = watch_run(*state);
    put_checkpoint(w.f, "run/step1");
    look(&w);
    look(&w);
    look(&w);
    assert_false(fresh(&w, "step1"));
    assert_true(find(&w, "step1")->since == 1);
    put_file(w.f, "run/step1/model.safetensors", "longer weights");
    look(&w);
    assert_true(fresh(&w, "step1"));
    assert_true(find(&w, "step1")->since == 4);
    look(&w);
    assert_true(find(&w, "step1")->since == 4);
    spt_scan_free(w.scan);
}

static void a_folder_is_seen_while_it_is_empty_and_as_its_files_come(void **state) {
    struct watched w = watch_run(*state);
    put_directory(w.f, "run/step1");
    assert_seen(&w, "step1*");
    assert_true(find(&w, "step1")->newest == 0);
    assert_seen(&w, "step1");
    static const char *const FILES[] = {"config.json",
                                        "tokenizer.json",
                                        "model-00001-of-00002.safetensors",
                                        "model-00002-of-00002.safetensors",
                                        "model.safetensors.index.json",
                                        "training_args.bin"};
    for (size_t i = 0; i < sizeof FILES / sizeof *FILES; i++) {
        char path[1024];
        (void)snprintf(path, sizeof path, "run/step1/%s", FILES[i]);
        put_file(w.f, path, "x");
        assert_seen(&w, "step1*");
        assert_seen(&w, "step1");
    }
    put_file(w.f, "run/step1/notes.txt", "no part of it");
    assert_seen(&w, "step1");
    spt_scan_free(w.scan);
}

static void set_times(struct fixture *f, const char *path, struct timespec to) {
    const struct timespec times[2] = {to, to};
    char full[1024];
    if (utimensat(AT_FDCWD, at(f, path, full), times, 0) != 0) fail_msg("%s: %s", full, strerror(errno));
}

static void the_newest_time_is_the_last_of_its_files(void **state) {
    struct watched w = watch_run(*state);
    put_checkpoint(w.f, "run/step1");
    set_times(w.f, "run/step1/config.json", (struct timespec){.tv_sec = 1700000000, .tv_nsec = 999999999});
    set_times(w.f, "run/step1/model.safetensors", (struct timespec){.tv_sec = 1600000000});
    look(&w);
    assert_true(find(&w, "step1")->newest == 1700000000);
    set_times(w.f, "run/step1/config.json", (struct timespec){.tv_sec = -7, .tv_nsec = 500000000});
    set_times(w.f, "run/step1/model.safetensors", (struct timespec){.tv_sec = -9});
    look(&w);
    assert_true(find(&w, "step1")->newest == -7);
    spt_scan_free(w.scan);
}

static void overwrite(struct fixture *f, const char *path, const char *text) {
    char full[1024];
    const int fd = open(at(f, path, full), O_WRONLY | O_CLOEXEC);
    if (fd < 0 || pwrite(fd, text, strlen(text), 0) != (ssize_t)strlen(text) || close(fd) != 0)
        fail_msg("%s: %s", full, strerror(errno));
}

/* The clock of a file system stands still for some milliseconds at a time. */
static void let_time_pass(void) {
    const struct timespec pause = {.tv_nsec = 30 * 1000 * 1000};
    (void)nanosleep(&pause, NULL);
}

static void a_file_rewritten_in_place_is_seen(void **state) {
    struct watched w = watch_run(*state);
    put_checkpoint(w.f, "run/step1");
    put_checkpoint(w.f, "run/step2");
    assert_seen(&w, "step1* step2*");
    let_time_pass();
    overwrite(w.f, "run/step1/model.safetensors", "WEIGHTS");
    assert_seen(&w, "step1* step2");
    spt_scan_free(w.scan);
}

static void a_file_rewritten_with_its_old_size_and_time_is_seen(void **state) {
    struct watched w = watch_run(*state);
    put_checkpoint(w.f, "run/step1");
    set_times(w.f, "run/step1/model.safetensors", (struct timespec){.tv_sec = 1600000000});
    assert_seen(&w, "step1*");
    let_time_pass();
    overwrite(w.f, "run/step1/model.safetensors", "WEIGHTS");
    set_times(w.f, "run/step1/model.safetensors", (struct timespec){.tv_sec = 1600000000});
    assert_seen(&w, "step1*");
    assert_seen(&w, "step1");
    spt_scan_free(w.scan);
}

static void a_file_renamed_over_another_is_seen(void **state) {
    struct watched w = watch_run(*state);
    put_checkpoint(w.f, "run/step1");
    set_times(w.f, "run/step1/model.safetensors", (struct timespec){.tv_sec = 1600000000});
    put_file(w.f, "run/step1/model.safetensors.tmp", "weighty");
    set_times(w.f, "run/step1/model.safetensors.tmp", (struct timespec){.tv_sec = 1600000000});
    assert_seen(&w, "step1*");
    rename_in(w.f, "run/step1/model.safetensors.tmp", "run/step1/model.safetensors");
    assert_seen(&w, "step1*");
    spt_scan_free(w.scan);
}

static void a_file_that_gets_a_second_name_is_seen(void **state) {
    struct watched w = watch_run(*state);
    char from[1024], to[1024];
    put_checkpoint(w.f, "run/step1");
    assert_seen(&w, "step1*");
    let_time_pass();
    put_directory(w.f, "run/step2");
    assert_int_equal(link(at(w.f, "run/step1/model.safetensors", from), at(w.f, "run/step2/model.safetensors", to)), 0);
    /* Its ctime is no longer what it was. */
    assert_seen(&w, "step1* step2*");
    assert_seen(&w, "step1 step2");
    spt_scan_free(w.scan);
}

static void a_link_that_leads_elsewhere_is_seen(void **state) {
    struct watched w = watch_run(*state);
    put_checkpoint(w.f, "elsewhere/a");
    put_checkpoint(w.f, "elsewhere/b");
    put_directory(w.f, "run");
    put_link(w.f, "run/step1", "../elsewhere/a");
    put_file(w.f, "run/step2/config.json", "{}");
    put_link(w.f, "run/step2/model.safetensors", "../../elsewhere/a/model.safetensors");
    assert_seen(&w, "step1* step2*");
    remove_file(w.f, "run/step1");
    put_link(w.f, "run/step1", "../elsewhere/b");
    assert_seen(&w, "step1* step2");
    put_file(w.f, "elsewhere/a/model.safetensors", "other weights");
    assert_seen(&w, "step1 step2*");
    rename_in(w.f, "elsewhere/b", "elsewhere/c");
    assert_seen(&w, "step2");
    rename_in(w.f, "elsewhere/c", "elsewhere/b");
    assert_seen(&w, "step1* step2");
    spt_scan_free(w.scan);
}

static void folders_may_come_in_any_order_and_go(void **state) {
    struct watched w = watch_run(*state);
    put_checkpoint(w.f, "run/step30");
    assert_seen(&w, "step30*");
    put_checkpoint(w.f, "run/step10");
    assert_seen(&w, "step10* step30");
    put_checkpoint(w.f, "run/step20");
    put_checkpoint(w.f, "run/step5");
    assert_seen(&w, "step5* step10 step20* step30");
    remove_file(w.f, "run/step10/config.json");
    remove_file(w.f, "run/step10/model.safetensors");
    remove_folder(w.f, "run/step10");
    assert_seen(&w, "step5 step20 step30");
    rename_in(w.f, "run/step30", "run/step15");
    assert_seen(&w, "step5 step15* step20");
    rename_in(w.f, "run/step5", "run/step7");
    rename_in(w.f, "run/step20", "run/step5");
    assert_seen(&w, "step5* step7* step15");
    spt_scan_free(w.scan);
}

static void a_folder_removed_and_made_again_is_seen(void **state) {
    struct watched w = watch_run(*state);
    put_directory(w.f, "run/step1");
    put_directory(w.f, "run/step2");
    assert_seen(&w, "step1* step2*");
    put_directory(w.f, "other");
    remove_folder(w.f, "run/step1");
    put_directory(w.f, "another"); /* may take the number of the one that went */
    put_directory(w.f, "run/step1");
    assert_seen(&w, "step1* step2");
    spt_scan_free(w.scan);
}

static void a_staging_folder_counts_once_it_is_renamed(void **state) {
    struct watched w = watch_run(*state);
    put_checkpoint(w.f, "run/checkpoint-100");
    put_checkpoint(w.f, "run/tmp-checkpoint-200");
    put_checkpoint(w.f, "run/step300-tmp");
    put_checkpoint(w.f, "run/step400-unfinished");
    assert_seen(&w, "checkpoint-100*");
    rename_in(w.f, "run/tmp-checkpoint-200", "run/checkpoint-200");
    rename_in(w.f, "run/step300-tmp", "run/step300");
    rename_in(w.f, "run/step400-unfinished", "run/step400");
    assert_seen(&w, "checkpoint-100 checkpoint-200* step300* step400*");
    spt_scan_free(w.scan);
}

static void what_is_skipped_is_said_once(void **state) {
    struct watched w = watch_run(*state);
    put_checkpoint(w.f, "run/step1");
    put_checkpoint(w.f, "run/tmp-checkpoint-2");
    put_fifo(w.f, "run/step1/other.safetensors");
    put_link(w.f, "run/step1/model-2.safetensors", "nowhere");
    look(&w);
    assert_says(w.f->log, "run/tmp-checkpoint-2: skipped: still being written");
    assert_says(w.f->log, "step1/other.safetensors: skipped: no regular file");
    assert_says(w.f->log, "step1/model-2.safetensors: skipped: No such file");
    const size_t logged = w.f->logged;
    for (int i = 0; i < 5; i++) look(&w);
    put_checkpoint(w.f, "run/step3");
    for (int i = 0; i < 5; i++) look(&w);
    assert_int_equal(w.f->logged, logged);
    put_fifo(w.f, "run/step3/other.safetensors");
    look(&w);
    assert_says(w.f->log, "step3/other.safetensors: skipped: no regular file");
    assert_null(strstr(strstr(w.f->log, "step1/other") + 1, "step1/other"));
    spt_scan_free(w.scan);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_run_that_is_not_there_yet_is_nothing_yet),
        TEST(a_run_whose_path_goes_through_a_file_is_nothing_yet),
        TEST(a_run_that_goes_leaves_no_sight),
        TEST(a_folder_that_cannot_be_listed_leaves_the_sights_as_they_were),
        TEST(a_bad_pattern_is_refused_at_once),
        TEST(the_time_of_a_state_is_that_of_the_look_that_saw_it_first),
        TEST(a_folder_is_seen_while_it_is_empty_and_as_its_files_come),
        TEST(the_newest_time_is_the_last_of_its_files),
        TEST(a_file_rewritten_in_place_is_seen),
        TEST(a_file_rewritten_with_its_old_size_and_time_is_seen),
        TEST(a_file_renamed_over_another_is_seen),
        TEST(a_file_that_gets_a_second_name_is_seen),
        TEST(a_link_that_leads_elsewhere_is_seen),
        TEST(folders_may_come_in_any_order_and_go),
        TEST(a_folder_removed_and_made_again_is_seen),
        TEST(a_staging_folder_counts_once_it_is_renamed),
        TEST(what_is_skipped_is_said_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
