/* A user's command beside us: how it ends, what it is given, what it finds, and that nothing of it is left. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "checkpoints/base/file.h"
#include "tracker/child.h"

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static const double LONG = 120; /* what a machine that is busy with other things may take */

/* Runs a line of shell to its end. */
static enum spt_status shell(const char *line, const void *input, size_t input_size, double time_limit,
                             struct spt_error *error) {
    const char *const argv[] = {"sh", "-c", line};
    const struct spt_child_options options = {argv, 3, input, input_size, time_limit};
    struct spt_child *child = NULL;
    *error = (struct spt_error){0};
    enum spt_status status = spt_child_start(&options, &child, error);
    if (status == SPT_OK) status = spt_child_wait(child, NULL, NULL, error);
    spt_child_release(child);
    return status;
}

static void the_status_of_a_command_is_said_with_its_last_words(void **state) {
    (void)state;
    static const struct {
        const char *line, *message;
    } cases[] = {
        {"exit 3", "ended with status 3"},
        {"echo one; echo two >&2; exit 1", "ended with status 1: two"},
        {"printf 'first\\nlast \\r\\n\\n'; exit 255", "ended with status 255: last"},
        {"printf 'a\\033[31mb'; exit 1", "ended with status 1: a\\x1b[31mb"},
        {"kill -9 $$", "was killed by signal 9"},
        {"echo dying; kill -SEGV $$", "was killed by signal 11: dying"},
        {"no-such-command-here", "ended with status 127: sh: 1: no-such-command-here: not found"},
    };
    struct spt_error error;
    assert_int_equal(shell("echo all is well", NULL, 0, 0, &error), SPT_OK);
    assert_string_equal(error.message, "");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(shell(cases[i].line, NULL, 0, 0, &error), SPT_IO);
        assert_string_equal(error.message, cases[i].message);
        assert_string_equal(error.path, "sh");
    }
}

static void a_command_that_is_not_there_is_named(void **state) {
    (void)state;
    static const char *const names[] = {"no-such-command-here", "./no-such-file", "/etc/passwd"};
    static const char *const reasons[] = {"cannot run the command: No such file or directory",
                                          "cannot run the command: No such file or directory",
                                          "cannot run the command: Permission denied"};
    for (size_t i = 0; i < 3; i++) {
        const struct spt_child_options options = {.argv = &names[i], .argc = 1};
        struct spt_child *child = NULL;
        struct spt_error error = {0};
        assert_int_equal(spt_child_start(&options, &child, &error), SPT_IO);
        assert_null(child);
        assert_string_equal(error.path, names[i]);
        assert_string_equal(error.message, reasons[i]);
    }
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no process was left */
    assert_int_equal(errno, ECHILD);
}

static void arguments_arrive_as_they_are_and_no_shell_sees_them(void **state) {
    (void)state;
    const char *const argv[] = {
        "sh", "-c", "test \"$1\" = '$(id) ; `ls` * \"' && test \"$2\" = 'b c'", "x", "$(id) ; `ls` * \"", "b c"};
    const struct spt_child_options options = {.argv = argv, .argc = 6};
    struct spt_child *child;
    assert_int_equal(spt_child_start(&options, &child, NULL), SPT_OK);
    assert_int_equal(spt_child_wait(child, NULL, NULL, NULL), SPT_OK);
    spt_child_release(child);
}

static void standard_input_is_whole_and_then_at_its_end(void **state) {
    (void)state;
    const size_t size = 1 << 20;
    char *bytes = malloc(size);
    memset(bytes, 'x', size);
    struct spt_error error;
    assert_int_equal(shell("test $(wc -c) -eq 1048576", bytes, size, 0, &error), SPT_OK);
    assert_int_equal(shell("test $(tr -d x | wc -c) -eq 0", bytes, size, 0, &error), SPT_OK);
    assert_int_equal(shell("test \"$(cat /dev/stdin)\" = hello", "hello", 5, 0, &error), SPT_OK); /* opened by name */
    assert_int_equal(shell("! read line", NULL, 0, 0, &error), SPT_OK);                           /* empty */
    /* who does not read keeps nobody waiting, and SIGPIPE, at its default, kills nobody */
    assert_int_equal(shell("exit 0", bytes, size, 0, &error), SPT_OK);
    assert_int_equal(shell("exec 0<&-; exit 7", bytes, size, 0, &error), SPT_IO);
    assert_string_equal(error.message, "ended with status 7");
    free(bytes);
}

static void a_flood_of_output_is_read_and_its_end_kept(void **state) {
    (void)state;
    struct spt_error error;
    assert_int_equal(shell("head -c 20000000 /dev/zero; echo; echo the end; exit 1", NULL, 0, 0, &error), SPT_IO);
    assert_string_equal(error.message, "ended with status 1: the end");
    assert_int_equal(shell("yes | head -n 1000000; printf 'no newline'; exit 1", NULL, 0, 0, &error), SPT_IO);
    assert_string_equal(error.message, "ended with status 1: no newline");
    assert_int_equal(shell("head -c 100000 /dev/zero | tr '\\0' y; exit 1", NULL, 0, 0, &error), SPT_IO);
    assert_true(strlen(error.message) > 500); /* one endless line: its end, as much as a message holds */
}

static void the_time_limit_holds_against_a_flood_and_an_ignored_sigterm(void **state) {
    (void)state;
    struct spt_error error;
    double begun = now();
    assert_int_equal(shell("sleep 1000", NULL, 0, 0.2, &error), SPT_IO);
    assert_string_equal(error.message, "took longer than 0.2 s");
    assert_true(now() - begun < LONG);
    assert_int_equal(shell("yes", NULL, 0, 0.2, &error), SPT_IO);
    assert_string_equal(error.message, "took longer than 0.2 s: y");
    begun = now();
    assert_int_equal(shell("trap '' TERM; echo I stay; while :; do sleep 1; done", NULL, 0, 0.5, &error), SPT_IO);
    assert_string_equal(error.message, "took longer than 0.5 s: I stay");
    assert_true(now() - begun >= 2.5); /* two seconds between SIGTERM and SIGKILL */
    assert_true(now() - begun < LONG);
    assert_int_equal(shell("trap 'echo bye; exit 0' TERM; sleep 1000 & wait", NULL, 0, 0.5, &error), SPT_IO);
    assert_string_equal(error.message, "took longer than 0.5 s: bye"); /* late, however politely it ends */
    assert_int_equal(shell("kill -STOP $$", NULL, 0, 0.2, &error), SPT_IO);
    assert_string_equal(error.message, "took longer than 0.2 s");
}

/* The process whose number is in path is no more. */
static void assert_gone(const char *path) {
    char *text = NULL;
    size_t size;
    assert_int_equal(spt_file_read_all(path, 100, &text, &size, NULL), SPT_OK);
    const pid_t process = (pid_t)atoi(text);
    free(text);
    assert_true(process > 1);
    const double begun = now();
    while (kill(process, 0) == 0) { /* killed, and taken by init when it gets to it */
        char state = 'Z', stat[64];
        snprintf(stat, sizeof stat, "/proc/%d/stat", (int)process);
        FILE *file = fopen(stat, "re");
        if (file && fscanf(file, "%*d %*s %c", &state) != 1) state = '?';
        if (file) fclose(file);
        if (state == 'Z') return;
        assert_true(now() - begun < LONG);
        usleep(1000);
    }
}

static void what_a_command_leaves_behind_ends_with_it(void **state) {
    (void)state;
    struct spt_error error;
    const double begun = now();
    /* it holds the pipe of the output and would do so for long */
    assert_int_equal(shell("sleep 1000 & echo $! > child.pid; exit 0", NULL, 0, 0, &error), SPT_OK);
    assert_gone("child.pid");
    assert_int_equal(
        shell("(trap '' TERM HUP; sleep 1000; sleep 1000) & echo $! > child.pid; exit 4", NULL, 0, 0, &error), SPT_IO);
    assert_string_equal(error.message, "ended with status 4");
    assert_gone("child.pid");
    assert_int_equal(shell("sleep 1000 & echo $! > child.pid; sleep 1000", NULL, 0, 0.5, &error), SPT_IO);
    assert_gone("child.pid");
    assert_true(now() - begun < LONG);
    unlink("child.pid");
}

static bool stop_at_third(void *context) {
    return ++*(int *)context >= 3;
}

static void who_waits_can_stop_it(void **state) {
    (void)state;
    const char *const argv[] = {"sleep", "1000"};
    const struct spt_child_options options = {.argv = argv, .argc = 2};
    struct spt_child *child;
    struct spt_error error = {0};
    int asked = 0;
    const double begun = now();
    assert_int_equal(spt_child_start(&options, &child, &error), SPT_OK);
    assert_int_equal(spt_child_wait(child, stop_at_third, &asked, &error), SPT_END);
    assert_int_equal(asked, 3);
    assert_true(now() - begun >= 0.19); /* ten times a second, no more often */
    assert_int_equal(error.status, SPT_OK);
    spt_child_release(child);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

static void polling_does_not_wait(void **state) {
    (void)state;
    const char *const argv[] = {"sh", "-c", "read line < fifo; test $line = go"};
    const struct spt_child_options options = {.argv = argv, .argc = 3};
    struct spt_child *child;
    struct spt_error error = {0};
    unlink("fifo");
    const char *const make[] = {"mkfifo", "fifo"};
    const struct spt_child_options making = {.argv = make, .argc = 2};
    assert_int_equal(spt_child_start(&making, &child, NULL), SPT_OK);
    assert_int_equal(spt_child_wait(child, NULL, NULL, NULL), SPT_OK);
    spt_child_release(child);

    assert_int_equal(spt_child_start(&options, &child, &error), SPT_OK);
    for (int i = 0; i < 10; i++) assert_int_equal(spt_child_poll(child, &error), SPT_RETRY);
    assert_int_equal(error.status, SPT_OK);
    const int fifo = open("fifo", O_WRONLY | O_CLOEXEC); /* the command has it open, or waits for this */
    assert_int_equal(write(fifo, "go\n", 3), 3);
    close(fifo);
    enum spt_status status;
    const double begun = now();
    while ((status = spt_child_poll(child, &error)) == SPT_RETRY) {
        assert_true(now() - begun < LONG);
        usleep(1000);
    }
    assert_int_equal(status, SPT_OK);
    assert_int_equal(spt_child_poll(child, &error), SPT_OK); /* and stays so */
    spt_child_release(child);
    unlink("fifo");
}

static void a_command_at_work_ends_when_it_is_released(void **state) {
    (void)state;
    const char *const argv[] = {"sleep", "1000"};
    const struct spt_child_options options = {.argv = argv, .argc = 2};
    struct spt_child *child;
    assert_int_equal(spt_child_start(&options, &child, NULL), SPT_OK);
    spt_child_release(child);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    spt_child_release(NULL);
}

static void it_finds_no_descriptor_and_no_blocked_signal_of_ours(void **state) {
    (void)state;
    sigset_t blocked, before;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigaddset(&blocked, SIGINT);
    sigaddset(&blocked, SIGUSR1);
    assert_int_equal(sigprocmask(SIG_BLOCK, &blocked, &before), 0);
    void (*const pipe_before)(int) = signal(SIGPIPE, SIG_IGN);
    const int leaky = open("/dev/null", O_RDONLY); /* as a library may have left it: not closed on exec */
    assert_true(leaky > 2);
    struct spt_error error;
    /* of /proc/self/fd, 3 is ls's own: the folder it lists */
    assert_int_equal(
        shell("fds=$(ls /proc/self/fd | tr '\\n' ' '); echo \"$fds\"; test \"$fds\" = '0 1 2 3 '", NULL, 0, 0, &error),
        SPT_OK);
    /* but for 32 and 33, which the C library keeps to itself and has ignored until it wants them */
    assert_int_equal(
        shell("! grep -E 'Sig(Blk|Ign):.*[1-9a-f]' /proc/self/status | grep -v 0000000180000000", "x", 1, 0, &error),
        SPT_OK);
    /* its own process group: a Ctrl-C at the terminal is ours to judge */
    assert_int_equal(shell("test \"$(cut -d ' ' -f 5 /proc/$$/stat)\" = $$", NULL, 0, 0, &error), SPT_OK);
    close(leaky);
    signal(SIGPIPE, pipe_before);
    assert_int_equal(sigprocmask(SIG_SETMASK, &before, NULL), 0);
}

/* Descriptors of this process. */
static size_t descriptors(void) {
    size_t count = 0;
    for (int i = 0; i < 256; i++) count += fcntl(i, F_GETFD) >= 0;
    return count;
}

static void nothing_stays_open_whatever_happens(void **state) {
    (void)state;
    struct spt_error error;
    const size_t before = descriptors();
    for (int i = 0; i < 20; i++) {
        assert_int_equal(shell("exit 1", "x", 1, 1, &error), SPT_IO);
        const char *const argv[] = {"no-such-command-here"};
        const struct spt_child_options options = {.argv = argv, .argc = 1};
        struct spt_child *child = NULL;
        assert_int_equal(spt_child_start(&options, &child, &error), SPT_IO);
    }
    assert_int_equal(descriptors(), before);
}

static void it_works_where_our_own_standard_streams_are_closed(void **state) {
    (void)state;
    const pid_t process = fork();
    if (process == 0) { /* as a supervisor may start us */
        for (int i = 0; i <= 2; i++) close(i);
        struct spt_error error;
        const bool right =
            shell("test \"$(cat)\" = in && echo out && echo err >&2 && exit 5", "in", 2, 0, &error) == SPT_IO &&
            strcmp(error.message, "ended with status 5: err") == 0;
        _exit(right ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(process, &status, 0), process);
    assert_int_equal(status, 0);
}

static void an_ignored_sigchld_does_not_keep_us_waiting(void **state) {
    (void)state;
    void (*const before)(int) = signal(SIGCHLD, SIG_IGN);
    struct spt_error error;
    assert_int_equal(shell("echo done", NULL, 0, 0, &error), SPT_IO);
    assert_string_equal(error.message, "ended; the system did not keep its status: done");
    signal(SIGCHLD, before);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_status_of_a_command_is_said_with_its_last_words),
        cmocka_unit_test(a_command_that_is_not_there_is_named),
        cmocka_unit_test(arguments_arrive_as_they_are_and_no_shell_sees_them),
        cmocka_unit_test(standard_input_is_whole_and_then_at_its_end),
        cmocka_unit_test(a_flood_of_output_is_read_and_its_end_kept),
        cmocka_unit_test(the_time_limit_holds_against_a_flood_and_an_ignored_sigterm),
        cmocka_unit_test(what_a_command_leaves_behind_ends_with_it),
        cmocka_unit_test(who_waits_can_stop_it),
        cmocka_unit_test(polling_does_not_wait),
        cmocka_unit_test(a_command_at_work_ends_when_it_is_released),
        cmocka_unit_test(it_finds_no_descriptor_and_no_blocked_signal_of_ours),
        cmocka_unit_test(nothing_stays_open_whatever_happens),
        cmocka_unit_test(it_works_where_our_own_standard_streams_are_closed),
        cmocka_unit_test(an_ignored_sigchld_does_not_keep_us_waiting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
