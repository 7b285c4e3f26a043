#include "watched.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

static const struct mode MODES[] = {
    {"as it is", .magic = 0},
    {"by a clock that counts seconds", .magic = EXT4_SUPER_MAGIC, .coarse = true},
    {"on a server whose clock counts seconds", .magic = NFS_SUPER_MAGIC, .coarse = true},
    {"written long ago", .magic = TMPFS_MAGIC, .older = 10, .remembers = true},
    {"on a server, looked at from time to time", .magic = NFS_SUPER_MAGIC, .pause = 5, .remembers = true},
    {"on a file system that nothing is known of", .magic = FUSE_SUPER_MAGIC, .older = 10, .pause = 5},
};
enum { WRITTEN_LONG_AGO = 3, MODE_COUNT = sizeof MODES / sizeof *MODES };

struct system_told system_told;
static int questions;

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
    if (clock == CLOCK_MONOTONIC) out->tv_sec += questions++ * system_told.mode->pause;
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

void watch_path(struct watched *w, struct fixture *f, const char *path) {
    char full[1024];
    struct spt_error error;
    *w = (struct watched){.f = f, .options.log = &f->sink};
    if (spt_scan_new(at(f, path, full), &w->options, &w->scan, &error) != SPT_OK) fail_msg("%s", error.message);
}

struct watched watch_run(struct fixture *f) {
    struct watched w;
    watch_path(&w, f, "run");
    return w;
}

void look(struct watched *w) {
    struct spt_error error;
    w->now += 1;
    if (spt_scan_look(w->scan, w->now, &error) != SPT_OK) fail_msg("%s: %s", error.path, error.message);
    let_the_clock_tick();
}

const struct spt_sight *find(const struct watched *w, const char *uri) {
    size_t count;
    const struct spt_sight *sights = spt_scan_sights(w->scan, &count);
    for (size_t i = 0; i < count; i++)
        if (strcmp(sights[i].ref->uri, uri) == 0) return &sights[i];
    return NULL;
}

bool fresh(const struct watched *w, const char *uri) {
    const struct spt_sight *sight = find(w, uri);
    if (!sight) fail_msg("%s is not seen", uri);
    return sight->fresh;
}

void assert_seen(struct watched *w, const char *expected) {
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

void assert_nothing_yet(struct watched *w, const char *why) {
    struct spt_error error;
    size_t count;
    w->now += 1;
    assert_int_equal(spt_scan_look(w->scan, w->now, &error), SPT_END);
    assert_int_equal(error.status, SPT_END);
    assert_says(error.message, why);
    (void)spt_scan_sights(w->scan, &count);
    assert_int_equal(count, 0);
}

void rename_in(struct fixture *f, const char *from, const char *to) {
    char a[1024], b[1024];
    if (rename(at(f, from, a), at(f, to, b)) != 0) fail_msg("%s: %s", a, strerror(errno));
}

void remove_folder(struct fixture *f, const char *path) {
    char full[1024];
    if (rmdir(at(f, path, full)) != 0) fail_msg("%s: %s", full, strerror(errno));
}

void overwrite(struct fixture *f, const char *path, const char *text) {
    char full[1024];
    const int fd = open(at(f, path, full), O_WRONLY | O_CLOEXEC);
    if (fd < 0 || pwrite(fd, text, strlen(text), 0) != (ssize_t)strlen(text) || close(fd) != 0)
        fail_msg("%s: %s", full, strerror(errno));
}

void let_time_pass(void) {
    const struct timespec pause = {.tv_nsec = 30 * 1000 * 1000};
    (void)nanosleep(&pause, NULL);
}

static int run_in_mode(const struct mode *mode, const char *name, const struct CMUnitTest *tests, size_t count) {
    system_told.mode = mode;
    return _cmocka_run_group_tests(name, tests, count, NULL, NULL);
}

int run_in_every_mode(const struct CMUnitTest *tests, size_t count) {
    int failed = 0;
    for (size_t i = 0; i < MODE_COUNT; i++) failed += run_in_mode(&MODES[i], MODES[i].name, tests, count);
    return failed;
}

int run_long_after(const struct CMUnitTest *tests, size_t count) {
    return run_in_mode(&MODES[WRITTEN_LONG_AGO], "tests", tests, count);
}
