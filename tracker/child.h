/* A user's command, run beside us: without a shell, with a time limit, and never left behind.
 *
 *     spt_child_start  ->  spt_child_wait (or spt_child_poll ... until it ended)  ->  spt_child_release
 *
 * The command is an argument vector, found in PATH unless it has a slash. It gets its own process group (so that all it started ends with
 * it), the signals we block unblocked and those we ignore at their defaults, no descriptor of ours, bytes on standard input, standard
 * output joined to standard error, whose last lines are kept for messages. SIGTERM at the time limit, SIGKILL 2 seconds later; the same
 * when it is stopped or released before its end. One thread at a time.
 */
#ifndef SPT_CHILD_H
#define SPT_CHILD_H

#include "checkpoints/base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct spt_child_options {
    const char *const *argv; /* [argc], argv[0] the program */
    size_t argc;
    const void *input; /* [input_size] copied; NULL: standard input is empty */
    size_t input_size;
    double time_limit; /* seconds; 0: none */
};

struct spt_child;

/* SPT_IO: no such program, or no process can be made (names argv[0]). */
enum spt_status spt_child_start(const struct spt_child_options *options, struct spt_child **child,
                                struct spt_error *error);

/* Moves bytes and time on without waiting. SPT_RETRY: it is still at work (error untouched). SPT_OK: it ended with status 0. SPT_IO: it
 * did not; the error says how ("ended with status 3", "was killed by signal 9", "took longer than 10 s") and its last line of output. */
enum spt_status spt_child_poll(struct spt_child *child, struct spt_error *error);

/* The same until it ended. stop (may be NULL) is asked ten times a second: true ends it, SPT_END. */
enum spt_status spt_child_wait(struct spt_child *child, bool (*stop)(void *context), void *context,
                               struct spt_error *error);

/* Ends it if it is still at work. NULL is fine. */
void spt_child_release(struct spt_child *child);

#endif
