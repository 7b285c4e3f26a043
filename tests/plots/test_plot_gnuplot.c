/* gnuplot as a child process: what it says, how long it may take, what happens without it. */
#include "tests/plots/folder.h"

#include "plots/gnuplot.h"

#include <sys/stat.h>
#include <time.h>

struct outcome {
    enum spt_status status;
    struct spt_error error;
    struct spt_text output, messages;
};

static struct outcome run(const char *program, const char *script, unsigned seconds) {
    struct outcome outcome = {0};
    char *path = NULL;
    outcome.status = spt_gnuplot_find(program, &path, &outcome.error);
    if (outcome.status == SPT_OK)
        outcome.status =
            spt_gnuplot_run(path, ".", script, seconds, &outcome.output, &outcome.messages, &outcome.error);
    free(path);
    return outcome;
}

static void release(struct outcome *outcome) {
    spt_text_release(&outcome->output);
    spt_text_release(&outcome->messages);
}

static void put(const char *path, const char *text, bool program) {
    assert_int_equal(spt_file_write_all(path, text, strlen(text), NULL), SPT_OK);
    assert_int_equal(chmod(path, program ? 0755 : 0644), 0);
}

static void its_output_and_its_messages_are_told_apart(void **state) {
    (void)state;
    put("a.gp", "set print '-'\nprint 'to output'\nset print\nprint 'to messages'\n", false);
    struct outcome outcome = run(NULL, "a.gp", 30);
    assert_int_equal(outcome.status, SPT_OK);
    assert_string_equal(outcome.output.data, "to output\n");
    assert_string_equal(outcome.messages.data, "to messages\n");
    release(&outcome);
}

static void a_refused_line_is_quoted_with_its_number(void **state) {
    (void)state;
    put("b.gp", "a = 1\nset nonsense a\n", false);
    struct outcome outcome = run(NULL, "b.gp", 30);
    assert_int_equal(outcome.status, SPT_INVALID);
    assert_non_null(strstr(outcome.error.message, "\"b.gp\" line 2: "));
    assert_non_null(strstr(outcome.error.message, "set nonsense a"));
    assert_null(strchr(outcome.error.message, '\n'));
    release(&outcome);
}

static void start_up_files_of_the_user_are_not_read(void **state) {
    (void)state;
    put(".gnuplot", "print 'read'\n", false);
    put("c.gp", "print 'drawn'\n", false);
    assert_int_equal(setenv("HOME", ".", 1), 0);
    struct outcome outcome = run(NULL, "c.gp", 30);
    assert_int_equal(outcome.status, SPT_OK);
    assert_string_equal(outcome.messages.data, "drawn\n");
    release(&outcome);
}

static void without_gnuplot_the_package_is_named(void **state) {
    (void)state;
    char *path = strdup(getenv("PATH"));
    assert_int_equal(setenv("PATH", "/nonexistent:.", 1), 0);
    struct outcome absent = run(NULL, "c.gp", 30);
    assert_int_equal(setenv("PATH", path, 1), 0);
    free(path);
    assert_int_equal(absent.status, SPT_UNSUPPORTED);
    assert_non_null(strstr(absent.error.message, "gnuplot is not installed: apt-get install gnuplot-nox"));
    struct outcome elsewhere = run("/nonexistent/gnuplot", "c.gp", 30);
    assert_int_equal(elsewhere.status, SPT_UNSUPPORTED);
    assert_non_null(strstr(elsewhere.error.message, "\"/nonexistent/gnuplot\""));
    put("no-program", "not executable", false);
    assert_int_equal(run("./no-program", "c.gp", 30).status, SPT_UNSUPPORTED);
    assert_int_equal(mkdir("folder", 0777), 0);
    assert_int_equal(run("./folder", "c.gp", 30).status, SPT_UNSUPPORTED);
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* A killed child is a zombie (Z) until init takes note of it. */
static bool is_running(const char *stat) {
    FILE *file = fopen(stat, "r");
    if (!file) return false;
    char state = 'Z';
    int got = fscanf(file, "%*d (%*[^)]) %c", &state);
    fclose(file);
    return got == 1 && state != 'Z';
}

static void one_that_does_not_end_is_killed_with_its_children(void **state) {
    (void)state;
    put("slow", "#!/bin/sh\nsleep 600 &\necho $! > child\nwait\n", true);
    double start = now();
    struct outcome outcome = run("./slow", "c.gp", 1);
    assert_true(now() - start < 20);
    assert_int_equal(outcome.status, SPT_IO);
    assert_string_equal(outcome.error.message, "gnuplot did not finish within 1 s");
    char *child = slurp("child", NULL);
    char stat[64];
    snprintf(stat, sizeof stat, "/proc/%d/stat", atoi(child));
    free(child);
    bool alive = true;
    for (int i = 0; i < 200 && alive; i++) {
        alive = is_running(stat);
        if (alive) nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    }
    assert_false(alive);
    release(&outcome);
}

static void one_that_closes_its_streams_and_stays_is_killed_too(void **state) {
    (void)state;
    put("quiet", "#!/bin/sh\nexec >&- 2>&-\nexec sleep 600\n", true);
    struct outcome outcome = run("./quiet", "c.gp", 1);
    assert_int_equal(outcome.status, SPT_IO);
    assert_string_equal(outcome.error.message, "gnuplot did not finish within 1 s");
    release(&outcome);
}

static void one_that_is_killed_says_by_what(void **state) {
    (void)state;
    put("dying", "#!/bin/sh\nkill -9 $$\n", true);
    struct outcome outcome = run("./dying", "c.gp", 30);
    assert_int_equal(outcome.status, SPT_IO);
    assert_string_equal(outcome.error.message, "gnuplot was killed by signal 9");
    release(&outcome);
}

static void one_that_talks_without_end_fills_no_memory(void **state) {
    (void)state;
    put("loud", "#!/bin/sh\nhead -c 20000000 /dev/zero | tr '\\0' x >&2\nexit 3\n", true);
    struct outcome outcome = run("./loud", "c.gp", 60);
    assert_int_equal(outcome.status, SPT_INVALID);
    assert_true(outcome.messages.length < (size_t)8 << 20);
    release(&outcome);
}

static void one_that_fails_in_silence_is_an_error(void **state) {
    (void)state;
    put("silent", "#!/bin/sh\nexit 1\n", true);
    struct outcome outcome = run("./silent", "c.gp", 30);
    assert_int_equal(outcome.status, SPT_INVALID);
    assert_string_equal(outcome.error.message, "gnuplot failed: no reason given");
    release(&outcome);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_output_and_its_messages_are_told_apart),
        cmocka_unit_test(a_refused_line_is_quoted_with_its_number),
        cmocka_unit_test(start_up_files_of_the_user_are_not_read),
        cmocka_unit_test(without_gnuplot_the_package_is_named),
        cmocka_unit_test(one_that_does_not_end_is_killed_with_its_children),
        cmocka_unit_test(one_that_closes_its_streams_and_stays_is_killed_too),
        cmocka_unit_test(one_that_is_killed_says_by_what),
        cmocka_unit_test(one_that_talks_without_end_fills_no_memory),
        cmocka_unit_test(one_that_fails_in_silence_is_an_error),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
