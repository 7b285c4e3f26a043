#include "plots/gnuplot.h"

#include "checkpoints/base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

/* More than any figure on a terminal or any list of complaints: what comes after is read and dropped. */
#define CAPTURE_MAX (size_t)(4 << 20)

static bool is_program(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode) && access(path, X_OK) == 0;
}

static char *search_path(const char *program) {
    const char *entry = getenv("PATH");
    if (!entry) return NULL;
    struct spt_text candidate = {0};
    char *found = NULL;
    for (; !found; entry++) {
        size_t length = strcspn(entry, ":");
        spt_text_clear(&candidate);
        if (length == 0) spt_text_put(&candidate, "."); /* POSIX: an empty entry is the current folder */
        spt_text_append(&candidate, entry, length);
        spt_text_format(&candidate, "/%s", program);
        if (!candidate.failed && is_program(candidate.data)) found = realpath(candidate.data, NULL);
        entry += length;
        if (!*entry) break;
    }
    spt_text_release(&candidate);
    return found;
}

enum spt_status spt_gnuplot_find(const char *program, char **path, struct spt_error *error) {
    if (!program) program = "gnuplot";
    char *found = NULL;
    if (!strchr(program, '/'))
        found = search_path(program);
    else if (is_program(program))
        found = realpath(program, NULL);
    if (!found)
        return spt_fail(error, SPT_UNSUPPORTED, NULL,
                        "gnuplot is not installed: apt-get install gnuplot-nox (no program \"%s\")", program);
    *path = found;
    return SPT_OK;
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* The locale is fixed because gnuplot takes the encoding of its arguments and the look of numbers from it. */
static char **child_environment(struct spt_error *error) {
    size_t count = 0;
    while (environ[count]) count++;
    char **copy = spt_alloc(count + 2, sizeof *copy);
    if (!copy) {
        spt_fail_memory(error, (count + 2) * sizeof *copy, "gnuplot's environment");
        return NULL;
    }
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (strncmp(environ[i], "LC_ALL=", 7) != 0) copy[kept++] = environ[i];
    copy[kept++] = "LC_ALL=C.UTF-8";
    copy[kept] = NULL;
    return copy;
}

/* out and err are the child's ends of the pipes. */
static int spawn(const char *path, const char *directory, const char *script, int out, int err, char **environment,
                 pid_t *child) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int failed = posix_spawn_file_actions_init(&actions);
    if (failed) return failed;
    failed = posix_spawnattr_init(&attributes);
    if (failed) {
        posix_spawn_file_actions_destroy(&actions);
        return failed;
    }
    sigset_t none, defaults;
    sigemptyset(&none);
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setpgroup(&attributes, 0); /* so that what the script may have started ends with it */
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    if (!failed) failed = posix_spawn_file_actions_addchdir_np(&actions, directory);
    if (!failed) failed = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (!failed) failed = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    if (!failed) failed = posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
    char name[] = "gnuplot", defaults_only[] = "-d";
    char *script_name = spt_strdup(script);
    if (!script_name) failed = ENOMEM;
    if (!failed) {
        char *const arguments[] = {name, defaults_only, script_name, NULL};
        failed = posix_spawn(child, path, &actions, &attributes, arguments, environment);
    }
    free(script_name);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return failed;
}

/* Reads what is there; false at the end of the stream. */
static bool drain(int fd, struct spt_text *text) {
    char buffer[16384];
    ssize_t got = read(fd, buffer, sizeof buffer);
    if (got < 0) return errno == EINTR || errno == EAGAIN;
    if (got > 0 && text->length < CAPTURE_MAX) spt_text_append(text, buffer, (size_t)got);
    return got > 0;
}

/* Both streams to their ends; false when the deadline comes first. */
static bool listen_to(int out, int err, struct spt_text *output, struct spt_text *messages, double deadline) {
    struct pollfd streams[2] = {{.fd = out, .events = POLLIN}, {.fd = err, .events = POLLIN}};
    while (streams[0].fd >= 0 || streams[1].fd >= 0) {
        double left = deadline - now();
        if (left <= 0) return false;
        int ready = poll(streams, 2, (int)(left * 1000) + 1);
        if (ready < 0 && errno != EINTR) return false;
        if (ready <= 0) continue;
        if (streams[0].revents && !drain(out, output)) streams[0].fd = -1;
        if (streams[1].revents && !drain(err, messages)) streams[1].fd = -1;
    }
    return true;
}

/* A child may close its streams and stay: it is waited for until the deadline, too. */
static bool wait_for(pid_t child, int *status, double deadline) {
    for (;;) {
        pid_t gone = waitpid(child, status, WNOHANG);
        if (gone == child) return true;
        if ((gone < 0 && errno != EINTR) || now() > deadline) return false;
        nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    }
}

/* gnuplot shows the line, a caret under the word, and '"file" line N: what': one line of that, the last first, since a
 * message may be cut at its end. */
static void put_complaint(struct spt_text *text, const struct spt_text *messages) {
    const char *end = messages->data + messages->length;
    bool first = true;
    while (end > messages->data) {
        const char *start = end;
        while (start > messages->data && start[-1] != '\n') start--;
        const char *from = start, *to = end;
        while (from < to && strchr(" \t\r", *from)) from++;
        while (to > from && strchr(" \t\r", to[-1])) to--;
        if (to > from && !(to - from == 1 && *from == '^')) {
            if (!first) spt_text_put(text, " <- ");
            spt_text_append(text, from, (size_t)(to - from));
            first = false;
        }
        end = start > messages->data ? start - 1 : start;
    }
    if (first) spt_text_put(text, "no reason given");
}

static enum spt_status judge(int status, const struct spt_text *messages, struct spt_error *error) {
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return SPT_OK;
    if (WIFSIGNALED(status)) return spt_fail(error, SPT_IO, NULL, "gnuplot was killed by signal %d", WTERMSIG(status));
    struct spt_text complaint = {0};
    if (messages->data) put_complaint(&complaint, messages);
    enum spt_status result =
        spt_fail(error, SPT_INVALID, NULL, "gnuplot failed: %s", complaint.data ? complaint.data : "no reason given");
    spt_text_release(&complaint);
    return result;
}

static void close_pair(int pair[2]) {
    for (int i = 0; i < 2; i++)
        if (pair[i] >= 0) close(pair[i]);
}

enum spt_status spt_gnuplot_run(const char *path, const char *directory, const char *script, unsigned seconds,
                                struct spt_text *output, struct spt_text *messages, struct spt_error *error) {
    double deadline = now() + seconds;
    char **environment = child_environment(error);
    if (!environment) return SPT_NOMEM;
    int out[2] = {-1, -1}, err[2] = {-1, -1};
    pid_t child = -1;
    int failed = 0;
    if (pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0) failed = errno;
    if (!failed) failed = spawn(path, directory, script, out[1], err[1], environment, &child);
    free(environment);
    if (failed) {
        close_pair(out);
        close_pair(err);
        return spt_fail_system(error, failed, path, "run gnuplot");
    }
    close(out[1]);
    close(err[1]);
    out[1] = err[1] = -1;
    int status = 0;
    bool done = listen_to(out[0], err[0], output, messages, deadline) && wait_for(child, &status, deadline);
    if (!done) {
        kill(-child, SIGKILL);
        while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
        }
    }
    close_pair(out);
    close_pair(err);
    if (!done) return spt_fail(error, SPT_IO, NULL, "gnuplot did not finish within %u s", seconds);
    if (output->failed || messages->failed) return spt_fail_memory(error, CAPTURE_MAX, "gnuplot's output");
    return judge(status, messages, error);
}
