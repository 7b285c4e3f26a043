/* A checkpoint whose files are rewritten, replaced or linked to is seen anew. */
#include "watched.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

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
    look(&w);
    rename_in(w.f, "elsewhere/c", "elsewhere/b");
    assert_seen(&w, "step1* step2");
    spt_scan_free(w.scan);
}

static void what_a_link_leads_to_is_seen_when_it_comes(void **state) {
    struct watched w = watch_run(*state);
    put_file(w.f, "run/step1/config.json", "{}");
    put_link(w.f, "run/step1/model.safetensors", "../../elsewhere/weights");
    put_link(w.f, "run/step2", "../elsewhere/step2");
    put_directory(w.f, "elsewhere");
    assert_seen(&w, "step1*");
    assert_seen(&w, "step1");
    assert_seen(&w, "step1");
    put_file(w.f, "elsewhere/weights", "weights");
    assert_seen(&w, "step1*");
    assert_seen(&w, "step1");
    assert_seen(&w, "step1");
    put_directory(w.f, "elsewhere/step2");
    assert_seen(&w, "step1 step2*");
    spt_scan_free(w.scan);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(the_newest_time_is_the_last_of_its_files),
        TEST(a_file_rewritten_in_place_is_seen),
        TEST(a_file_rewritten_with_its_old_size_and_time_is_seen),
        TEST(a_file_renamed_over_another_is_seen),
        TEST(a_file_that_gets_a_second_name_is_seen),
        TEST(a_link_that_leads_elsewhere_is_seen),
        TEST(what_a_link_leads_to_is_seen_when_it_comes),
    };
    return run_in_every_mode(tests, sizeof tests / sizeof *tests);
}
