/* A run that is looked at while it is being written.
 *
 * What is remembered between looks depends on the file system and on how long ago a folder changed: every test is
 * run in each of these MODES, in which the program is told other times and other kinds of file systems than there
 * are. */
#include "checkpoints/scan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "fixture.h"

static const struct mode {
    const char *name;
    unsigned magic; /* of the file system; 0: its own */
    int older;      /* seconds that everything is older than it is */
    int pause;      /* seconds between any two questions for the time */
    bool coarse;    /* the times of folders are whole seconds */
    bool remembers; /* from the third look on, what did not change is not read again */
} MODES[] = {
    {"as it is", .magic = 0},
    {"by a clock that counts seconds", .magic = EXT4_SUPER_MAGIC, .coarse = true},
    {"on a server whose clock counts seconds", .magic = NFS_SUPER_MAGIC, .coarse = true},
    {"written long ago", .magic = TMPFS_MAGIC, .older = 10, .remembers = true},
    {"on a server, looked at from time to time", .magic = NFS_SUPER_MAGIC, .pause = 5, .remembers = true},
    {"on a file system that nothing is known of", .magic = FUSE_SUPER_MAGIC, .older = 10, .pause = 5},
};
enum { WRITTEN_LONG_AGO = 3, MODE_COUNT = sizeof MODES / sizeof *MODES };

static struct {
    const struct mode *mode;
    int questions, readings;
} system_told;

int __real_clock_gettime(clockid_t clock, struct timespec *out);
int __real_statfs(const char *path, struct statfs *out);
DIR *__real_opendir(const char *path);
int __real_fstat(int fd, struct stat *st);
int __real_fstatat(int fd, const char *path, struct stat *st, int flags);
int __wrap_fstat(int fd, struct stat *st);
int __wrap_fstatat(int fd, const char *path, struct stat *st, int flags);
int __wrap_clock_gettime(clockid_t clock, struct timespec *out);
int __wrap_statfs(const char *path, struct statfs *out);
DIR *__wrap_opendir(const char *path);

int __wrap_clock_gettime(clockid_t clock, struct timespec *out) {
    const int failed = __real_clock_gettime(clock, out);
    if (clock == CLOCK_REALTIME) out->tv_sec += system_told.mode->older;
    if (clock == CLOCK_MONOTONIC) out->tv_sec += system_told.questions++ * system_told.mode->pause;
    return failed;
}

int __wrap_statfs(const char *path, struct statfs *out) {
    const int failed = __real_statfs(path, out);
    if (system_told.mode->magic) out->f_type = system_told.mode->magic;
    return failed;
}

DIR *__wrap_opendir(const char *path) {
    system_told.readings++;
    return __real_opendir(path);
}

static int coarsened(int failed, struct stat *st) {
    if (!failed && S_ISDIR(st->st_mode) && system_told.mode->coarse) st->st_mtim.tv_nsec = st->st_ctim.tv_nsec = 0;
    return failed;
}

int __wrap_fstat(int fd, struct stat *st) {
    return coarsened(__real_fstat(fd, st), st);
}

int __wrap_fstatat(int fd, const char *path, struct stat *st, int flags) {
    return coarsened(__real_fstatat(fd, path, st, flags), st);
}

/* Where everything is said to be old, what is done must not fall into the same tick of the file system's clock. */
static void let_the_clock_tick(void) {
    const struct timespec pause = {.tv_nsec = 12 * 1000 * 1000};
    if (system_told.mode->remembers) (void)nanosleep(&pause, NULL);
}

/* A scan of root/run, and the time of its next look. */
struct watched {
    struct fixture *f;
    struct spt_run_options options;
    struct spt_scan *scan;
    double now;
};

static void watch_path(struct watched *w, struct fixture *f, const char *path) {
    char full[1024];
    struct spt_error error;
    *w = (struct watched){.f = f, .options.log = &f->sink};
    if (spt_scan_new(at(f, path, full), &w->options, &w->scan, &error) != SPT_OK) fail_msg("%s", error.message);
}

static struct watched watch_run(struct fixture *f) {
    struct watched w;
    watch_path(&w, f, "run");
    return w;
}

static void look(struct watched *w) {
    struct spt_error error;
    w->now += 1;
    if (spt_scan_look(w->scan, w->now, &error) != SPT_OK) fail_msg("%s: %s", error.path, error.message);
    let_the_clock_tick();
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
    put_file(w.f, "run/step1/config.json", "{}");
    put_file(w.f, "run/step2/config.json", "{}");
    assert_seen(&w, "step1* step2*");
    let_time_pass();
    remove_file(w.f, "run/step1/config.json");
    remove_folder(w.f, "run/step1");
    put_file(w.f, "run/step1/config.json", "{}"); /* the folder and the file may have the numbers of those that went */
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

static void a_warning_is_said_again_when_it_comes_again(void **state) {
    struct watched w = watch_run(*state);
    put_checkpoint(w.f, "run/step1");
    for (int i = 0; i < 2; i++) {
        put_directory(w.f, "run/step2-tmp");
        look(&w);
        look(&w);
        remove_folder(w.f, "run/step2-tmp");
        look(&w);
    }
    const char *first = strstr(w.f->log, "step2-tmp: skipped");
    assert_non_null(first);
    const char *second = strstr(first + 1, "step2-tmp: skipped");
    assert_non_null(second);
    assert_null(strstr(second + 1, "step2-tmp: skipped"));
    spt_scan_free(w.scan);
}

static void a_trainer_s_last_file_is_awaited_and_taken(void **state) {
    struct watched w = watch_run(*state);
    put_checkpoint(w.f, "run/checkpoint-100");
    put_file(w.f, "run/checkpoint-100/training_args.bin", "");
    look(&w);
    assert_string_equal(find(&w, "checkpoint-100")->ref->awaits, "trainer_state.json");
    put_file(w.f, "run/checkpoint-100/trainer_state.json", "{\"global_step\": 7}");
    look(&w);
    assert_true(fresh(&w, "checkpoint-100"));
    assert_null(find(&w, "checkpoint-100")->ref->awaits);
    assert_true(find(&w, "checkpoint-100")->ref->step == 7);
    look(&w);
    assert_true(find(&w, "checkpoint-100")->ref->step == 7);
    overwrite(w.f, "run/checkpoint-100/trainer_state.json", "{\"global_step\": 8}");
    look(&w);
    assert_true(fresh(&w, "checkpoint-100"));
    assert_true(find(&w, "checkpoint-100")->ref->step == 8);
    /* Another one makes the Trainer known by its work. */
    put_checkpoint(w.f, "run/checkpoint-200");
    assert_seen(&w, "checkpoint-100 checkpoint-200*");
    assert_non_null(find(&w, "checkpoint-200")->ref->awaits);
    spt_scan_free(w.scan);
}

static void the_run_s_own_config_is_found_when_it_comes(void **state) {
    struct watched w = watch_run(*state);
    put_file(w.f, "run/step1/model.safetensors", "weights");
    look(&w);
    look(&w);
    assert_null(find(&w, "step1")->ref->config);
    put_file(w.f, "run/config.json", "{}");
    look(&w);
    assert_ends_with(find(&w, "step1")->ref->config, "/run/config.json");
    put_file(w.f, "run/step1/config.json", "{}");
    look(&w);
    assert_ends_with(find(&w, "step1")->ref->config, "/run/step1/config.json");
    remove_file(w.f, "run/step1/config.json");
    remove_file(w.f, "run/config.json");
    put_file(w.f, "tokenizer.json", "{}");
    look(&w);
    assert_null(find(&w, "step1")->ref->config);
    assert_non_null(find(&w, "step1")->ref->tokenizer);
    spt_scan_free(w.scan);
}

static void a_hub_cache_is_seen_as_it_grows(void **state) {
    struct watched w;
    watch_path(&w, *state, "models--me--tiny");
    put_directory(w.f, "models--me--tiny/blobs");
    assert_nothing_yet(&w, "blobs/");
    put_file(w.f, "models--me--tiny/blobs/aa.incomplete", "wei");
    put_directory(w.f, "models--me--tiny/snapshots/a1");
    put_file(w.f, "models--me--tiny/refs/step1", "a1");
    assert_seen(&w, "step1*");
    rename_in(w.f, "models--me--tiny/blobs/aa.incomplete", "models--me--tiny/blobs/aa");
    assert_seen(&w, "step1");
    put_link(w.f, "models--me--tiny/snapshots/a1/model.safetensors", "../../blobs/aa");
    assert_seen(&w, "step1*");
    assert_seen(&w, "step1");
    overwrite(w.f, "models--me--tiny/blobs/aa", "WEI");
    assert_seen(&w, "step1*");
    put_file(w.f, "models--me--tiny/refs/step2", "a1");
    assert_seen(&w, "step1 step2*");
    put_directory(w.f, "models--me--tiny/snapshots/b2");
    put_file(w.f, "models--me--tiny/refs/step1", "b2");
    assert_seen(&w, "step1* step2");
    remove_file(w.f, "models--me--tiny/refs/step2");
    assert_seen(&w, "step1 a1*"); /* the commit that no ref leads to has its own name */
    spt_scan_free(w.scan);
}

static void one_checkpoint_of_a_run_is_seen_as_it_is_written(void **state) {
    struct watched w;
    watch_path(&w, *state, "run/step1");
    put_checkpoint(w.f, "run/step2");
    assert_nothing_yet(&w, "No such file");
    put_checkpoint(w.f, "run/step1");
    assert_seen(&w, "step1*");
    assert_seen(&w, "step1");
    put_file(w.f, "run/step1/tokenizer.json", "{}");
    assert_seen(&w, "step1*");
    spt_scan_free(w.scan);
    watch_path(&w, *state, "files/step3.safetensors");
    assert_nothing_yet(&w, "No such file");
    put_file(w.f, "files/step3.safetensors", "weights");
    assert_seen(&w, "step3.safetensors*");
    let_time_pass();
    overwrite(w.f, "files/step3.safetensors", "WEIGHTS");
    assert_seen(&w, "step3.safetensors*");
    put_file(w.f, "files/step4.safetensors", "of no interest");
    assert_seen(&w, "step3.safetensors");
    spt_scan_free(w.scan);
    watch_path(&w, *state, "one");
    put_checkpoint(w.f, "one");
    assert_seen(&w, "one*");
    overwrite(w.f, "one/model.safetensors", "WEIGHTS");
    assert_seen(&w, "one*");
    assert_seen(&w, "one");
    spt_scan_free(w.scan);
}

static void names_of_any_bytes_are_seen(void **state) {
    struct watched w = watch_run(*state);
    put_checkpoint(w.f, "run/step1");
    put_checkpoint(w.f, "run/\xff\xfe\x1b[2J");
    put_checkpoint(w.f, "run/line\nbreak");
    put_checkpoint(w.f, "run/ step1");
    put_checkpoint(w.f, "run/step99999999999999999999999");
    char name[256];
    memset(name, '9', sizeof name - 1);
    name[255] = '\0';
    char path[512];
    (void)snprintf(path, sizeof path, "run/%s", name);
    put_checkpoint(w.f, path);
    put_file(w.f, "run/step1/\xff.safetensors", "x");
    look(&w);
    size_t count, before;
    (void)spt_scan_sights(w.scan, &before);
    look(&w);
    const struct spt_sight *sights = spt_scan_sights(w.scan, &count);
    assert_int_equal(count, before);
    for (size_t i = 0; i < count; i++) assert_false(sights[i].fresh);
    overwrite(w.f, "run/line\nbreak/model.safetensors", "WEIGHTS");
    look(&w);
    assert_true(fresh(&w, "line\nbreak"));
    assert_false(fresh(&w, "\xff\xfe\x1b[2J"));
    spt_scan_free(w.scan);
}

static void what_did_not_change_is_not_read_again(void **state) {
    struct watched w = watch_run(*state);
    char name[64];
    for (int i = 0; i < 20; i++) {
        (void)snprintf(name, sizeof name, "run/step%d", i);
        put_checkpoint(w.f, name);
    }
    for (int i = 0; i < 4; i++) look(&w);
    system_told.readings = 0;
    look(&w);
    if (!system_told.mode->remembers) {
        assert_true(system_told.readings > 20);
        spt_scan_free(w.scan);
        return;
    }
    assert_int_equal(system_told.readings, 0);
    overwrite(w.f, "run/step7/model.safetensors", "WEIGHTS");
    look(&w);
    assert_int_equal(system_told.readings, 1);
    spt_scan_free(w.scan);
}

/* --- anything, against the run as it is when it is opened anew --- */

static void assert_same_text(const char *seen, const char *opened) {
    if (!seen || !opened)
        assert_true(seen == opened);
    else
        assert_string_equal(seen, opened);
}

static void assert_as_when_opened(struct watched *w) {
    struct spt_run *run = open_run(w->f, "run", NULL);
    const struct spt_run *seen = spt_scan_run(w->scan);
    size_t count;
    (void)spt_scan_sights(w->scan, &count);
    assert_int_equal(count, run->count);
    assert_string_equal(seen->layout, run->layout);
    for (size_t i = 0; i < count; i++) {
        const struct spt_checkpoint_ref *a = &seen->refs[i], *b = &run->refs[i];
        assert_string_equal(a->uri, b->uri);
        assert_string_equal(a->path, b->path);
        assert_string_equal(a->label, b->label);
        assert_string_equal(a->branch, b->branch);
        assert_true(a->step == b->step);
        assert_same_text(a->config, b->config);
        assert_same_text(a->tokenizer, b->tokenizer);
        assert_same_text(a->trainer_state, b->trainer_state);
        assert_same_text(a->awaits, b->awaits);
        assert_true(spt_hash_equal(a->fingerprint, b->fingerprint));
        assert_true(spt_hash_equal(a->state, b->state));
        assert_true(a->newest == b->newest);
    }
    spt_run_close(run);
}

static uint32_t next_random(uint32_t *seed) {
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 16;
}

/* One thing that a writer, or a person, does to a run. What cannot be done is not done. */
static void do_anything(const struct fixture *f, uint32_t *seed) {
    static const char *const FOLDERS[] = {"checkpoint-1", "checkpoint-2", "step3", "step4-tmp", "step4", "final"};
    static const char *const FILES[] = {"model.safetensors",
                                        "config.json",
                                        "trainer_state.json",
                                        "training_args.bin",
                                        "model-00001-of-00002.safetensors",
                                        "notes.txt"};
    static const char *const TEXTS[] = {"{}", "{\"global_step\": 5}", "{\"global_step\": 6}", "x"};
    char folder[1024], other[1024], file[2048];
    at(f, "run", folder);
    const size_t length = strlen(folder);
    memcpy(other, folder, length);
    (void)snprintf(folder + length, sizeof folder - length, "/%s", FOLDERS[next_random(seed) % 6]);
    (void)snprintf(other + length, sizeof other - length, "/%s", FOLDERS[next_random(seed) % 6]);
    (void)snprintf(file, sizeof file, "%s/%s", folder, FILES[next_random(seed) % 6]);
    const char *text = TEXTS[next_random(seed) % 4];
    switch (next_random(seed) % 8) {
    case 0:
        (void)rename(folder, other);
        break;
    case 1:
        (void)unlink(file);
        break;
    case 2:
        (void)rmdir(folder);
        break;
    case 3:
        (void)symlink(other, folder);
        break;
    case 4:
        (void)unlink(folder);
        break;
    default: {
        (void)mkdir(folder, 0777);
        FILE *out = fopen(file, "w");
        if (out) (void)fputs(text, out);
        if (out) (void)fclose(out);
    }
    }
}

static void a_look_sees_what_opening_the_run_anew_sees(void **state) {
    struct watched w = watch_run(*state);
    uint32_t seed = 1;
    put_checkpoint(w.f, "run/step0");
    for (int i = 0; i < 100; i++) {
        do_anything(w.f, &seed);
        if (i % 3 == 0) do_anything(w.f, &seed);
        look(&w);
        assert_as_when_opened(&w);
    }
    spt_scan_free(w.scan);
}

static void many_looks_cost_no_more_memory_than_a_few(void **state) {
    struct watched w = watch_run(*state);
    struct spt_error error;
    char path[64];
    put_checkpoint(w.f, "run/step1");
    put_checkpoint(w.f, "run/step2-tmp");
    size_t after_some = 0;
    for (int i = 0; i < 1000; i++) {
        (void)snprintf(path, sizeof path, "run/step%d", 10 + i % 5);
        if (i % 10 < 5)
            put_directory(w.f, path);
        else
            remove_folder(w.f, path);
        assert_int_equal(spt_scan_look(w.scan, i, &error), SPT_OK);
        if (i == 199) after_some = mallinfo2().uordblks;
    }
    const size_t after_all = mallinfo2().uordblks;
    /* The smallest loss a look would be 800 x 32 bytes; what malloc keeps at hand counts as used, and varies. */
    if (after_all > after_some + 16 * 1024)
        fail_msg("%zu bytes after 200 looks, %zu after 1,000", after_some, after_all);
    spt_scan_free(w.scan);
}

static double cpu_seconds(void) {
    struct timespec used;
    (void)__real_clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

/* The best of some, in processor time, so that other programs do not count. */
static void a_look_at_10000_known_checkpoints_takes_less_than_100_ms(void **state) {
    enum { MANY = 10 * 1000, LOOKS = 4 };
    struct watched w = watch_run(*state);
    char name[64];
    for (int i = 0; i < MANY; i++) {
        (void)snprintf(name, sizeof name, "run/step%d", i);
        put_checkpoint(w.f, name);
    }
    look(&w);
    look(&w);
    double best = 1e9, best_of_new = 1e9, best_opened = 1e9;
    size_t count;
    for (int i = 0; i < LOOKS; i++) {
        double before = cpu_seconds();
        look(&w);
        best = fmin(best, cpu_seconds() - before);
        (void)snprintf(name, sizeof name, "run/step%d", MANY + i);
        put_checkpoint(w.f, name);
        before = cpu_seconds();
        look(&w);
        best_of_new = fmin(best_of_new, cpu_seconds() - before);
        before = cpu_seconds();
        spt_run_close(open_run(w.f, "run", NULL));
        best_opened = fmin(best_opened, cpu_seconds() - before);
    }
    (void)spt_scan_sights(w.scan, &count);
    assert_int_equal(count, MANY + LOOKS);
    print_message("10,000 checkpoints: a look %.1f ms, one that finds a new one %.1f ms, opening the run %.1f ms\n",
                  best * 1e3, best_of_new * 1e3, best_opened * 1e3);
#ifndef __SANITIZE_ADDRESS__
    assert_true(best < 0.1);
    assert_true(best < best_opened);
#endif
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
        TEST(what_a_link_leads_to_is_seen_when_it_comes),
        TEST(folders_may_come_in_any_order_and_go),
        TEST(a_folder_removed_and_made_again_is_seen),
        TEST(a_staging_folder_counts_once_it_is_renamed),
        TEST(what_is_skipped_is_said_once),
        TEST(a_warning_is_said_again_when_it_comes_again),
        TEST(a_trainer_s_last_file_is_awaited_and_taken),
        TEST(the_run_s_own_config_is_found_when_it_comes),
        TEST(a_hub_cache_is_seen_as_it_grows),
        TEST(one_checkpoint_of_a_run_is_seen_as_it_is_written),
        TEST(names_of_any_bytes_are_seen),
        TEST(what_did_not_change_is_not_read_again),
        TEST(a_look_sees_what_opening_the_run_anew_sees),
    };
    int failed = 0;
    for (size_t i = 0; i < MODE_COUNT; i++) {
        system_told.mode = &MODES[i];
        failed += cmocka_run_group_tests_name(MODES[i].name, tests, NULL, NULL);
    }
    const struct CMUnitTest many[] = {
        TEST(many_looks_cost_no_more_memory_than_a_few),
        TEST(a_look_at_10000_known_checkpoints_takes_less_than_100_ms),
    };
    system_told.mode = &MODES[WRITTEN_LONG_AGO];
    return failed + cmocka_run_group_tests(many, NULL, NULL);
}
