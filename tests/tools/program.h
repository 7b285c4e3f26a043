/* The program under test in a child of the test: forked, not executed, so that it starts in a millisecond.
 *
 *     program_start  ->  program_wait, or kill and program_wait
 *
 * The test links the program whole; the child calls its main with what is in argv. What cannot be done ends the test.
 */
#ifndef PROGRAM_H
#define PROGRAM_H

#include <stdbool.h>
#include <sys/types.h>

struct program {
    pid_t pid;
    int pidfd;
};

/* stdout and stderr go into the file said, which is made anew. in_child may be NULL; it is called before main. */
void program_start(struct program *program, const char *const *argv /* NULL-terminated */, const char *said,
                   void (*in_child)(void *context), void *context);

enum { PROGRAM_HUNG = -1, PROGRAM_KILLED = 1000 };

/* Its exit status; PROGRAM_KILLED + the signal that ended it; PROGRAM_HUNG when it did not end within seconds (it is killed then). */
int program_wait(struct program *program, double seconds);

/* Both. */
int program_run(const char *const *argv, const char *said);

/* "exit 3", "signal 11 (Segmentation fault)" ... Borrowed from buffer. */
const char *program_describe(int status, char buffer[64]);

/* A file's contents as text; caller frees. Empty when there is none. */
char *program_said(const char *path);

#endif
