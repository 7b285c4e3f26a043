/* Sleep that ends when something was written. Waits are long enough for any machine where they must be ended
 * early, and their length is looked at only from below. */
#include "tracker/watch/wake.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tracker/progress.h"
#include "tracker/signals.h"

enum { GENEROUS = 60 }; /* seconds */

/* --- the system's refusals, on demand --- */

struct refusal {
    int init, add; /* errno; 0: the system is asked */
    int adds;      /* calls of inotify_add_watch */
};
static struct refusal refusal;

int __real_inotify_init1(int flags);
int __real_inotify_add_watch(int fd, const char *path, uint32_t mask);
int __wrap_inotify_init1(int flags);
int __wrap_inotify_add_watch(int fd, const char *path, uint32_t mask);

int __wrap_inotify_init1(int flags) {
    errno = refusal.init;
    return refusal.init ? -1 : __real_inotify_init1(flags);
}

int __wrap_inotify_add_watch(int fd, const char *path, uint32_t mask) {
    refusal.adds++;
    errno = refusal.add;
    return refusal.add ? -1 : __real_inotify_add_watch(fd, path, mask);
}

/* --- a folder to follow --- */

struct fixture {
    char root[64];
    char log[4096];
    struct spt_log sink;
    struct spt_wake *wake;
};

static void keep_line(void *context, enum spt_log_level level, const char *text) {
    struct fixture *f = context;
    const size_t length = strlen(f->log);
    assert_int_equal(level, SPT_LOG_NOTE);
    (void)snprintf(f->log + length, sizeof f->log - length, "%s\n", text);
}

static void make_wake(struct fixture *f) {
    struct spt_error error;
    if (spt_wake_new(&f->sink, &f->wake, &error) != SPT_OK) fail_msg("%s", error.message);
    spt_wake_set_gaps(f->wake, 0.01, 0.01);
}

static int setup(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    if (!f) return -1;
    (void)snprintf(f->root, sizeof f->root, "/tmp/spectail-wake-XXXXXX");
    if (!mkdtemp(f->root)) return -1;
    f->sink = (struct spt_log){.emit = keep_line, .context = f};
    refusal = (struct refusal){0};
    spt_signals_block();
    *state = f;
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *walk) {
    (void)st, (void)kind, (void)walk;
    return remove(path);
}

static int teardown(void **state) {
    struct fixture *f = *state;
    spt_wake_free(f->wake);
    while (spt_signals_take()) continue;
    const int failed = nftw(f->root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(f);
    return failed;
}

static const char *at(const struct fixture *f, const char *path, char out[PATH_MAX]) {
    (void)snprintf(out, PATH_MAX, "%s%s%s", f->root, path[0] ? "/" : "", path);
    return out;
}

static void put_folder(const struct fixture *f, const char *path) {
    char full[PATH_MAX];
    if (mkdir(at(f, path, full), 0777) != 0) fail_msg("%s: %s", full, strerror(errno));
}

static void put_file(const struct fixture *f, const char *path) {
    char full[PATH_MAX];
    const int fd = open(at(f, path, full), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0 || write(fd, "x", 1) != 1 || close(fd) != 0) fail_msg("%s: %s", full, strerror(errno));
}

static void rename_in(const struct fixture *f, const char *from, const char *to) {
    char a[PATH_MAX], b[PATH_MAX];
    if (rename(at(f, from, a), at(f, to, b)) != 0) fail_msg("%s: %s", a, strerror(errno));
}

static void follow(struct fixture *f, const char *path) {
    char full[PATH_MAX];
    const char *const paths[] = {at(f, path, full)};
    struct spt_error error;
    if (spt_wake_follow(f->wake, paths, 1, &error) != SPT_OK) fail_msg("%s", error.message);
}

/* A folder that is followed anew ends one wait, and the look after it finds what came before it was followed. */
static void settle(struct fixture *f) {
    int ends = 0;
    while (spt_wake_wait(f->wake, 0.1) == SPT_WAKE_CHANGE)
        if (++ends > 10) fail_msg("it never comes to rest");
}

static void make_and_follow(struct fixture *f, const char *path) {
    make_wake(f);
    follow(f, path);
    settle(f);
}

static void assert_change(struct fixture *f) {
    assert_int_equal(spt_wake_wait(f->wake, GENEROUS), SPT_WAKE_CHANGE);
}

static void assert_no_change(struct fixture *f) {
    assert_int_equal(spt_wake_wait(f->wake, 0.1), SPT_WAKE_TIME);
}

/* --- the tests --- */

static void a_wait_lasts_as_long_as_it_is_asked_to(void **state) {
    struct fixture *f = *state;
    make_wake(f);
    const double started = spt_progress_now();
    assert_int_equal(spt_wake_wait(f->wake, 0.25), SPT_WAKE_TIME);
    assert_true(spt_progress_now() - started >= 0.25);
    assert_int_equal(spt_wake_wait(f->wake, 0), SPT_WAKE_TIME);
    assert_int_equal(spt_wake_wait(f->wake, -1), SPT_WAKE_TIME);
    assert_string_equal(f->log, "");
}

static void a_folder_that_comes_ends_it(void **state) {
    struct fixture *f = *state;
    make_and_follow(f, "");
    put_folder(f, "step1");
    assert_change(f);
    assert_no_change(f);
    put_folder(f, "staging");
    assert_change(f);
    rename_in(f, "staging", "step2");
    assert_change(f);
}

static void a_file_that_its_writer_closes_ends_it_and_one_at_work_does_not(void **state) {
    struct fixture *f = *state;
    char full[PATH_MAX];
    put_folder(f, "step1");
    put_file(f, "step1/model.safetensors");
    make_and_follow(f, "step1");
    const int fd = open(at(f, "step1/model.safetensors", full), O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "yy", 2), 2);
    assert_no_change(f);
    (void)close(fd);
    assert_change(f);
}

static void a_folder_that_is_not_there_yet_is_noticed_when_it_comes(void **state) {
    struct fixture *f = *state;
    make_and_follow(f, "a/b//c/");
    put_folder(f, "a");
    assert_no_change(f);
    put_folder(f, "a/b");
    put_folder(f, "a/other");
    assert_no_change(f);
    put_folder(f, "a/b/c");
    assert_change(f);
    put_folder(f, "a/b/c/step1");
    assert_change(f);
}

static void parents_that_come_at_once_with_the_folder_are_noticed(void **state) {
    struct fixture *f = *state;
    make_and_follow(f, "a/b/c");
    put_folder(f, "x");
    put_folder(f, "x/b");
    put_folder(f, "x/b/c");
    rename_in(f, "x", "a");
    assert_change(f);
}

static void a_folder_that_goes_and_comes_again_is_noticed_both_times(void **state) {
    struct fixture *f = *state;
    put_folder(f, "run");
    make_and_follow(f, "run");
    rename_in(f, "run", "away");
    assert_change(f);
    settle(f);
    put_file(f, "away/a");
    assert_no_change(f);
    put_folder(f, "run");
    assert_change(f);
    settle(f);
    char full[PATH_MAX];
    assert_int_equal(rmdir(at(f, "run", full)), 0);
    assert_change(f);
    settle(f);
    put_folder(f, "run");
    assert_change(f);
    put_folder(f, "run/step1");
    assert_change(f);
}

static void a_relative_path_is_followed_from_where_the_program_is(void **state) {
    struct fixture *f = *state;
    char here[PATH_MAX];
    assert_non_null(getcwd(here, sizeof here));
    assert_int_equal(chdir(f->root), 0);
    make_wake(f);
    const char *const paths[] = {"runs/one"};
    assert_int_equal(spt_wake_follow(f->wake, paths, 1, NULL), SPT_OK);
    settle(f);
    put_folder(f, "runs");
    put_folder(f, "runs/one");
    const enum spt_wake_reason reason = spt_wake_wait(f->wake, GENEROUS);
    assert_int_equal(chdir(here), 0);
    assert_int_equal(reason, SPT_WAKE_CHANGE);
}

static void what_is_no_longer_followed_ends_no_wait(void **state) {
    struct fixture *f = *state;
    put_folder(f, "one");
    put_folder(f, "two");
    make_and_follow(f, "one");
    follow(f, "two");
    settle(f);
    put_file(f, "one/file");
    assert_no_change(f);
    put_file(f, "two/file");
    assert_change(f);
    assert_int_equal(spt_wake_follow(f->wake, NULL, 0, NULL), SPT_OK);
    put_file(f, "two/another");
    assert_no_change(f);
}

static void two_folders_that_wait_in_one_parent_are_both_noticed(void **state) {
    struct fixture *f = *state;
    char one[PATH_MAX], two[PATH_MAX];
    make_wake(f);
    const char *const paths[] = {at(f, "one", one), at(f, "two", two), one};
    assert_int_equal(spt_wake_follow(f->wake, paths, 3, NULL), SPT_OK);
    settle(f);
    put_folder(f, "one");
    assert_change(f);
    settle(f);
    put_folder(f, "two");
    assert_change(f);
    settle(f);
    put_file(f, "one/file");
    assert_change(f);
}

static void what_happens_between_two_waits_counts(void **state) {
    struct fixture *f = *state;
    make_and_follow(f, "");
    put_folder(f, "step1");
    follow(f, "");
    assert_change(f);
}

static void a_folder_followed_anew_is_worth_another_look(void **state) {
    struct fixture *f = *state;
    put_folder(f, "step1");
    put_file(f, "step1/written-before-it-was-followed");
    make_wake(f);
    follow(f, "step1");
    assert_change(f);
    assert_no_change(f);
}

static void more_folders_than_are_followed_do_no_harm(void **state) {
    struct fixture *f = *state;
    enum { MANY = SPT_WAKE_MOST + 100 };
    char(*names)[PATH_MAX] = calloc(MANY, sizeof *names);
    const char **paths = calloc(MANY, sizeof *paths);
    assert_true(names && paths);
    for (int i = 0; i < MANY; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "step%d", i);
        put_folder(f, name);
        paths[i] = at(f, name, names[i]);
    }
    make_wake(f);
    for (int round = 0; round < 3; round++) assert_int_equal(spt_wake_follow(f->wake, paths, MANY, NULL), SPT_OK);
    settle(f);
    assert_true(refusal.adds <= 2 * SPT_WAKE_MOST);
    put_file(f, "step255/file");
    assert_change(f);
    assert_string_equal(f->log, "");
    free(names);
    free(paths);
}

/* Writes into the folder until it is told to stop. */
struct writer {
    const struct fixture *f;
    atomic_bool *stop;
};

static void *write_on(void *context) {
    const struct writer *writer = context;
    char full[PATH_MAX];
    at(writer->f, "busy", full);
    while (!atomic_load(writer->stop)) {
        const int fd = open(full, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
        if (fd >= 0) (void)close(fd);
        (void)unlink(full);
        const struct timespec pause = {.tv_nsec = 1000 * 1000}; /* or the queue of events would overflow */
        (void)nanosleep(&pause, NULL);
    }
    return NULL;
}

static int changes_in(struct fixture *f, double seconds) {
    int changes = 0;
    for (const double end = spt_progress_now() + seconds; spt_progress_now() < end;)
        changes += spt_wake_wait(f->wake, end - spt_progress_now()) == SPT_WAKE_CHANGE;
    return changes;
}

static double cpu_seconds(void) {
    struct timespec used;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

static void a_busy_writer_makes_no_busy_watch(void **state) {
    struct fixture *f = *state;
    atomic_bool stop = false;
    struct writer writer = {f, &stop};
    pthread_t thread;
    make_and_follow(f, "");
    spt_wake_set_gaps(f->wake, 0.2, 5);
    assert_int_equal(pthread_create(&thread, NULL, write_on, &writer), 0);
    const double before = cpu_seconds();
    /* At once, and then after 0.2, 0.4, 0.8 and 1.6 seconds at the earliest; one more if the first came late. */
    const int changes = changes_in(f, 2.5);
    const double used = cpu_seconds() - before;
    atomic_store(&stop, true);
    (void)pthread_join(thread, NULL);
    assert_in_range(changes, 1, 6);
    assert_true(used < 1);
}

static void a_busy_parent_makes_no_busy_watch(void **state) {
    struct fixture *f = *state;
    atomic_bool stop = false;
    struct writer writer = {f, &stop};
    pthread_t thread;
    make_and_follow(f, "run");
    spt_wake_set_gaps(f->wake, 0.2, 5);
    assert_int_equal(pthread_create(&thread, NULL, write_on, &writer), 0);
    const int before = refusal.adds;
    const int changes = changes_in(f, 1);
    atomic_store(&stop, true);
    (void)pthread_join(thread, NULL);
    assert_int_equal(changes, 0);
    assert_true(refusal.adds - before < 40); /* two a turn, five turns a second */
    put_folder(f, "run");
    assert_change(f);
}

static void *signal_soon(void *context) {
    (void)context;
    const struct timespec pause = {.tv_nsec = 200 * 1000 * 1000};
    (void)nanosleep(&pause, NULL);
    (void)kill(getpid(), SIGTERM);
    return NULL;
}

static void assert_signal_ends_it(struct fixture *f) {
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, signal_soon, NULL), 0);
    assert_int_equal(spt_wake_wait(f->wake, GENEROUS), SPT_WAKE_SIGNAL);
    (void)pthread_join(thread, NULL);
    /* It is still there for whoever honours it. */
    assert_int_equal(spt_wake_wait(f->wake, GENEROUS), SPT_WAKE_SIGNAL);
    assert_int_equal(spt_signals_take(), SIGTERM);
    assert_no_change(f);
}

static void a_signal_ends_it_and_stays_pending(void **state) {
    struct fixture *f = *state;
    make_and_follow(f, "");
    assert_signal_ends_it(f);
}

static void other_signals_do_not_end_it(void **state) {
    struct fixture *f = *state;
    make_wake(f);
    (void)raise(SIGWINCH);
    assert_no_change(f);
}

static void without_inotify_it_waits_and_says_so_once(void **state) {
    struct fixture *f = *state;
    refusal.init = ENOSYS;
    make_wake(f);
    follow(f, "");
    follow(f, "step1");
    put_folder(f, "step1");
    assert_no_change(f);
    char expected[256];
    (void)snprintf(expected, sizeof expected,
                   "inotify is not available: %s: new checkpoints are found by looking from time to time\n",
                   strerror(ENOSYS));
    assert_string_equal(f->log, expected);
    assert_signal_ends_it(f);
}

static void without_watches_it_waits_and_says_so_once(void **state) {
    struct fixture *f = *state;
    char one[PATH_MAX], two[PATH_MAX];
    const char *const paths[] = {at(f, "one", one), at(f, "two", two)};
    put_folder(f, "one");
    put_folder(f, "two");
    refusal.add = ENOSPC;
    make_wake(f);
    assert_int_equal(spt_wake_follow(f->wake, paths, 2, NULL), SPT_OK);
    put_file(f, "one/file");
    assert_no_change(f);
    assert_string_equal(f->log, "inotify cannot follow a folder: No space left on device: new checkpoints are found by "
                                "looking from time to time\n");
    /* Once the user has raised the limit, it is of use again. */
    refusal.add = 0;
    settle(f);
    put_file(f, "two/file");
    assert_change(f);
}

static void without_any_file_descriptor_it_waits_and_hears_signals(void **state) {
    struct fixture *f = *state;
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    const struct rlimit none = {.rlim_cur = 0, .rlim_max = limit.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    make_wake(f);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_string_equal(f->log, "inotify is not available: Too many open files: new checkpoints are found by looking "
                                "from time to time\n");
    follow(f, "");
    put_folder(f, "step1");
    assert_no_change(f);
    assert_signal_ends_it(f);
}

static void lost_events_are_a_change_and_said_once(void **state) {
    struct fixture *f = *state;
    size_t most = 0;
    FILE *file = fopen("/proc/sys/fs/inotify/max_queued_events", "r");
    if (!file || fscanf(file, "%zu", &most) != 1) fail_msg("no limit of queued events");
    (void)fclose(file);
    make_and_follow(f, "");
    char a[PATH_MAX], b[PATH_MAX];
    at(f, "a", a), at(f, "b", b);
    put_file(f, "a");
    for (size_t i = 0; i <= most / 4; i++)
        if (rename(a, b) != 0 || rename(b, a) != 0) fail_msg("%s: %s", a, strerror(errno));
    assert_change(f);
    settle(f);
    assert_string_equal(f->log, "inotify has lost events: new checkpoints are found by looking from time to time\n");
    put_folder(f, "step1");
    assert_change(f);
}

static int open_files(void) {
    int count = 0;
    for (int fd = 0; fd < 1024; fd++) count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static void it_opens_two_files_and_closes_them(void **state) {
    struct fixture *f = *state;
    const int before = open_files();
    make_and_follow(f, "");
    assert_int_equal(open_files(), before + 2);
    spt_wake_free(f->wake);
    f->wake = NULL;
    assert_int_equal(open_files(), before);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_wait_lasts_as_long_as_it_is_asked_to),
        TEST(a_folder_that_comes_ends_it),
        TEST(a_file_that_its_writer_closes_ends_it_and_one_at_work_does_not),
        TEST(a_folder_that_is_not_there_yet_is_noticed_when_it_comes),
        TEST(parents_that_come_at_once_with_the_folder_are_noticed),
        TEST(a_folder_that_goes_and_comes_again_is_noticed_both_times),
        TEST(a_relative_path_is_followed_from_where_the_program_is),
        TEST(what_is_no_longer_followed_ends_no_wait),
        TEST(two_folders_that_wait_in_one_parent_are_both_noticed),
        TEST(what_happens_between_two_waits_counts),
        TEST(a_folder_followed_anew_is_worth_another_look),
        TEST(more_folders_than_are_followed_do_no_harm),
        TEST(a_busy_writer_makes_no_busy_watch),
        TEST(a_busy_parent_makes_no_busy_watch),
        TEST(a_signal_ends_it_and_stays_pending),
        TEST(other_signals_do_not_end_it),
        TEST(without_inotify_it_waits_and_says_so_once),
        TEST(without_watches_it_waits_and_says_so_once),
        TEST(without_any_file_descriptor_it_waits_and_hears_signals),
        TEST(lost_events_are_a_change_and_said_once),
        TEST(it_opens_two_files_and_closes_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
