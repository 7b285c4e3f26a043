/* Checkpoints written as trainers really write them: slowly, piece by piece, in every order.
 *
 *     writing = {run, pause}  ->  writing_find("preallocated")->write(&writing, &checkpoint) for each checkpoint
 *
 * A writer takes the time between its own changes: on a loaded machine a pause may become longer than it was meant to be, and a watch that
 * took the checkpoint for complete then did nothing wrong.
 */
#ifndef WRITING_H
#define WRITING_H

#include "tiny.h"

#include <stdbool.h>
#include <stddef.h>

struct writing {
    const char *run; /* folder, which is there */
    double pause;    /* seconds after each piece */
    double before;   /* when the latest change began */
    double longest;  /* from the beginning of a change to the end of the next, within one checkpoint */
    bool changed;
};

struct writing_mode {
    const char *name, *what;
    /* The whole checkpoint into run, with its pauses; longest is of this one. What cannot be done ends the program. */
    void (*write)(struct writing *writing, const struct tiny_checkpoint *checkpoint);
};

extern const struct writing_mode WRITING_MODES[];
extern const size_t WRITING_MODE_COUNT;

const struct writing_mode *writing_find(const char *name); /* NULL: none */

/* Removes a checkpoint as save_total_limit does: file by file, then the folder. */
void writing_remove(const char *run, const struct tiny_checkpoint *checkpoint);

#endif
