/* A bad input is opened as the program opens it, in a process of its own that may not take more memory than it is
 * worth, and what came of it is told to the one that waits. */
#ifndef SPT_BAD_OPEN_H
#define SPT_BAD_OPEN_H

#include "manifest.h"

enum { BAD_NOTES = 16384 };

/* In memory that both processes see. */
struct bad_outcome {
    bool done;   /* the process came to its end by itself */
    bool hidden; /* it said something that is not fit for a terminal */
    int exit;
    struct spt_error error;
    size_t noted;
    char notes[BAD_NOTES]; /* what was logged, or what the program said */
};

/* In the process of its own: opens what row says, in the working directory. What a sweep stores goes into ../state, what
 * the program says into ../said. */
void bad_open(const struct bad_row *row, struct bad_outcome *outcome);

/* Whether outcome is what row expects; else why receives the difference. */
bool bad_is_expected(const struct bad_row *row, const struct bad_outcome *outcome, char *why, size_t capacity);

#endif
