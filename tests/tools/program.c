#include "program.h"

#include "seconds.h"
#include "shards.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int spectail_main(int argc, char **argv); /* tracker/main.c under another name */

static _Noreturn void be_the_program(const char *const *argv, const char *said, void (*in_child)(void *),
                                     void *context) {
    const int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
    const int out = open(said, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666);
    if (in < 0 || out < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0) shards_die(said);
    setenv("GOMP_SPINCOUNT", "1000", 1); /* else main starts itself anew to have it set */
    int argc = 0;
    while (argv[argc]) argc++;
    char **copy = calloc((size_t)argc + 1, sizeof(*copy));
    if (!copy) shards_die("memory");
    for (int i = 0; i < argc; i++)
        if (!(copy[i] = strdup(argv[i]))) shards_die("memory");
    if (in_child) in_child(context);
    const int status = spectail_main(argc, copy);
    for (int i = 0; i < argc; i++) free(copy[i]);
    free(copy);
    exit(status);
}

void program_start(struct program *program, const char *const *argv, const char *said, void (*in_child)(void *),
                   void *context) {
    fflush(NULL);
    program->pid = fork();
    if (program->pid < 0) shards_die("fork");
    if (program->pid == 0) be_the_program(argv, said, in_child, context);
    program->pidfd = (int)syscall(SYS_pidfd_open, program->pid, 0);
    if (program->pidfd < 0) shards_die("pidfd_open");
}

int program_wait(struct program *program, double seconds) {
    struct pollfd poll_fd = {.fd = program->pidfd, .events = POLLIN};
    const double end = seconds_now() + seconds;
    int ready = 0;
    do {
        const double left = end - seconds_now();
        ready = poll(&poll_fd, 1, left > 0 ? (int)(left * 1000) + 1 : 0);
    } while ((ready < 0 && errno == EINTR) || (ready == 0 && seconds_now() < end));
    if (ready == 0) kill(program->pid, SIGKILL);
    int status;
    while (waitpid(program->pid, &status, 0) < 0)
        if (errno != EINTR) shards_die("waitpid");
    close(program->pidfd);
    if (ready == 0) return PROGRAM_HUNG;
    return WIFEXITED(status) ? WEXITSTATUS(status) : PROGRAM_KILLED + WTERMSIG(status);
}

int program_run(const char *const *argv, const char *said) {
    struct program program;
    program_start(&program, argv, said, NULL, NULL);
    return program_wait(&program, 60);
}

const char *program_describe(int status, char buffer[64]) {
    if (status == PROGRAM_HUNG)
        snprintf(buffer, 64, "did not end in time");
    else if (status >= PROGRAM_KILLED)
        snprintf(buffer, 64, "signal %d (%s)", status - PROGRAM_KILLED, strsignal(status - PROGRAM_KILLED));
    else
        snprintf(buffer, 64, "exit %d", status);
    return buffer;
}

char *program_said(const char *path) {
    FILE *file = fopen(path, "rbe");
    char *text = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&text, &size);
    if (!memory) shards_die("memory");
    for (int c; file && (c = getc(file)) != EOF;) putc(c, memory);
    if (file) fclose(file);
    if (fclose(memory)) shards_die("memory");
    return text;
}
