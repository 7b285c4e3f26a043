/* What becomes of a command:
 *
 *      started --ended by itself--> ENDED
 *      AT_WORK --time limit, stop, release: SIGTERM to its group--> ASKED --2 s: SIGKILL to its group--> KILLED
 *         |                                                           |                                    |
 *         '-----------------------------------------------------------'------------------------------------'--> ENDED
 *
 * ENDED is when the command itself is gone, whoever still holds its pipe: what it left in its group is killed then, before its own process
 * number is given back (so that no other group can have come by it).
 */
#include "tracker/child.h"

#include "checkpoints/base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    TAIL_MAX = 2048,    /* of its output is kept, at least */
    READ_MAX = 1 << 20, /* is read at once: a command that never stops talking does not keep us from its time limit */
    TICK_MILLISECONDS = 100, /* between two questions whether to stop */
};

static const double GRACE = 2; /* seconds from SIGTERM to SIGKILL */

enum state { AT_WORK, ASKED, KILLED, ENDED };

struct spt_child {
    char *program;
    pid_t process; /* and its group */
    int watched;   /* readable when the process has ended; -1: this kernel has none */
    int output;    /* -1: closed by all who had it */
    enum state state;
    double time_limit;
    double deadline; /* the next signal's time, monotonic seconds; 0: none */
    bool late;       /* the time limit was reached */
    siginfo_t end;   /* of ENDED */
    char tail[2 * TAIL_MAX];
    size_t tail_length;
};

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void close_descriptor(int *descriptor) {
    if (*descriptor >= 0) close(*descriptor);
    *descriptor = -1;
}

/* --- start --- */
/* A file in memory rather than a pipe: nobody has to be there to write, and a command that does not read keeps nobody waiting. */
static int input_of(const struct spt_child_options *options) {
    if (!options->input || !options->input_size) return open("/dev/null", O_RDONLY | O_CLOEXEC);
    const int file = memfd_create("input", MFD_CLOEXEC);
    const char *bytes = options->input;
    for (size_t done = 0; file >= 0 && done < options->input_size;) {
        const ssize_t n = write(file, bytes + done, options->input_size - done);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) {
            const int failed = n < 0 ? errno : EIO;
            close(file);
            errno = failed;
            return -1;
        }
        done += (size_t)n;
    }
    if (file >= 0) lseek(file, 0, SEEK_SET);
    return file;
}

/* Sets up what the command finds, and starts it. Returns errno, 0 for none. */
static int spawn_with(const struct spt_child *child, char *const *argv, int input, int output, pid_t *process) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    int failed = posix_spawn_file_actions_init(&actions);
    if (failed) return failed;
    failed = posix_spawnattr_init(&attributes);
    if (failed) {
        posix_spawn_file_actions_destroy(&actions);
        return failed;
    }
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    failed = posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    if (!failed) failed = posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    if (!failed) failed = posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
    if (!failed) failed = posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
    if (!failed) failed = posix_spawnp(process, child->program, &actions, &attributes, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return failed;
}

/* A descriptor above those that the command gets, so that dup2 always makes a new one (which is not closed on exec). */
static int above_standard(int descriptor) {
    if (descriptor < 0 || descriptor > STDERR_FILENO) return descriptor;
    const int moved = fcntl(descriptor, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    const int failed = errno;
    close(descriptor);
    errno = failed;
    return moved;
}

static enum spt_status spawn(struct spt_child *child, const struct spt_child_options *options, char *const *argv,
                             struct spt_error *error) {
    int ends[2] = {-1, -1};
    int input = above_standard(input_of(options));
    if (input < 0) return spt_fail_system(error, errno, child->program, "make the command's standard input");
    if (pipe2(ends, O_CLOEXEC) != 0) {
        const int failed = errno;
        close(input);
        return spt_fail_system(error, failed, child->program, "make a pipe for the command's output");
    }
    int output = above_standard(ends[1]);
    int failed = output < 0 ? errno : 0;
    if (!failed) failed = spawn_with(child, argv, input, output, &child->process);
    close_descriptor(&output);
    close(input);
    child->output = ends[0];
    if (failed) return spt_fail_system(error, failed, child->program, "run the command");
    fcntl(child->output, F_SETFL, O_NONBLOCK);
    child->watched = pidfd_open(child->process, 0); /* closed on exec */
    child->deadline = child->time_limit > 0 ? now() + child->time_limit : 0;
    child->state = AT_WORK;
    return SPT_OK;
}

enum spt_status spt_child_start(const struct spt_child_options *options, struct spt_child **child,
                                struct spt_error *error) {
    struct spt_child *made = spt_alloc_zeroed(1, sizeof *made);
    char **argv = spt_alloc_zeroed(options->argc + 1, sizeof *argv);
    enum spt_status status = made && argv ? SPT_OK : spt_fail_memory(error, sizeof *made, "a command");
    if (status == SPT_OK) {
        *made = (struct spt_child){.state = ENDED,
                                   .watched = -1,
                                   .output = -1,
                                   .time_limit = options->time_limit,
                                   .program = spt_strdup(options->argv[0])};
        if (!made->program) status = spt_fail_memory(error, strlen(options->argv[0]), "a command");
    }
    if (status == SPT_OK) {
        /* posix_spawn takes them as char *, and writes to none */
        for (size_t i = 0; i < options->argc; i++) argv[i] = (char *)options->argv[i];
        status = spawn(made, options, argv, error);
    }
    free(argv);
    if (status != SPT_OK)
        spt_child_release(made);
    else
        *child = made;
    return status;
}

/* --- while it is at work --- */
static void keep_tail(struct spt_child *child, const char *bytes, size_t length) {
    if (length >= sizeof child->tail) {
        bytes += length - TAIL_MAX;
        length = TAIL_MAX;
        child->tail_length = 0;
    }
    if (child->tail_length + length > sizeof child->tail) {
        const size_t kept = child->tail_length < TAIL_MAX ? child->tail_length : TAIL_MAX;
        const size_t room = sizeof child->tail - length, n = kept < room ? kept : room;
        memmove(child->tail, child->tail + child->tail_length - n, n);
        child->tail_length = n;
    }
    memcpy(child->tail + child->tail_length, bytes, length);
    child->tail_length += length;
}

static void read_output(struct spt_child *child) {
    char bytes[65536];
    for (size_t done = 0; child->output >= 0 && done < READ_MAX;) {
        const ssize_t n = read(child->output, bytes, sizeof bytes);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) return;
        if (n <= 0) {
            close_descriptor(&child->output);
            return;
        }
        keep_tail(child, bytes, (size_t)n);
        done += (size_t)n;
    }
}

/* Sends what is due, and says when the next is. */
static void ask_to_end(struct spt_child *child) {
    const bool first = child->state == AT_WORK;
    kill(-child->process, first ? SIGTERM : SIGKILL);
    kill(-child->process, SIGCONT); /* one that was stopped would not hear of it */
    child->state = first ? ASKED : KILLED;
    child->deadline = first ? now() + GRACE : 0;
}

/* Where SIGCHLD is ignored, as some parents hand it down, the system keeps no status: nobody is there to ask about. */
static bool is_gone(struct spt_child *child) {
    child->end = (siginfo_t){0};
    const int asked = waitid(P_PID, (id_t)child->process, &child->end, WEXITED | WNOHANG | WNOWAIT);
    return asked == 0 ? child->end.si_pid == child->process : errno == ECHILD;
}

static void advance(struct spt_child *child) {
    if (child->state == ENDED) return;
    const bool gone = is_gone(child);
    read_output(child); /* after the look: all it wrote before it ended is there now */
    if (gone) {
        kill(-child->process, SIGKILL);
        while (waitid(P_PID, (id_t)child->process, &child->end, WEXITED) != 0 && errno == EINTR) {
        }
        child->state = ENDED;
        close_descriptor(&child->output);
        return;
    }
    if (child->deadline == 0 || now() < child->deadline) return;
    child->late |= child->state == AT_WORK;
    ask_to_end(child);
}

/* Until something happens, or for milliseconds. */
static void wait_for(const struct spt_child *child, int milliseconds) {
    struct pollfd sources[] = {{.fd = child->output, .events = POLLIN}, {.fd = child->watched, .events = POLLIN}};
    if (child->deadline > 0) {
        const double left = (child->deadline - now()) * 1000 + 1;
        if (left < milliseconds) milliseconds = left > 0 ? (int)left : 0;
    }
    if (child->watched < 0 && milliseconds > 10) milliseconds = 10;
    (void)poll(sources, 2, milliseconds);
}

/* --- the end --- */
/* Of what it wrote, the last line that says something; "" where there is none. */
static const char *last_line(struct spt_child *child) {
    size_t length = child->tail_length;
    while (length &&
           (child->tail[length - 1] == '\n' || child->tail[length - 1] == '\r' || child->tail[length - 1] == ' '))
        length--;
    if (length == sizeof child->tail) length--;
    child->tail[length] = '\0';
    size_t begin = length;
    while (begin && child->tail[begin - 1] != '\n') begin--;
    return child->tail + begin;
}

static enum spt_status judge(struct spt_child *child, struct spt_error *error) {
    const bool exited = child->end.si_code == CLD_EXITED;
    if (exited && child->end.si_status == 0 && !child->late) return SPT_OK;
    const char *line = last_line(child), *between = *line ? ": " : "";
    if (child->late)
        return spt_fail(error, SPT_IO, child->program, "took longer than %g s%s%s", child->time_limit, between, line);
    if (child->end.si_pid != child->process)
        return spt_fail(error, SPT_IO, child->program, "ended; the system did not keep its status%s%s", between, line);
    return spt_fail(error, SPT_IO, child->program, exited ? "ended with status %d%s%s" : "was killed by signal %d%s%s",
                    child->end.si_status, between, line);
}

enum spt_status spt_child_poll(struct spt_child *child, struct spt_error *error) {
    advance(child);
    return child->state == ENDED ? judge(child, error) : SPT_RETRY;
}

static void end(struct spt_child *child) {
    if (child->state == AT_WORK) ask_to_end(child);
    while (advance(child), child->state != ENDED) wait_for(child, TICK_MILLISECONDS);
}

enum spt_status spt_child_wait(struct spt_child *child, bool (*stop)(void *context), void *context,
                               struct spt_error *error) {
    double asked = 0;
    while (advance(child), child->state != ENDED) {
        const double time = now();
        if (stop && time - asked >= TICK_MILLISECONDS * 1e-3) {
            asked = time;
            if (stop(context)) {
                end(child);
                return SPT_END;
            }
        }
        wait_for(child, TICK_MILLISECONDS);
    }
    return judge(child, error);
}

void spt_child_release(struct spt_child *child) {
    if (!child) return;
    end(child);
    close_descriptor(&child->output);
    close_descriptor(&child->watched);
    free(child->program);
    free(child);
}
