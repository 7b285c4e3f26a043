/* manifest.txt: what each bad input gets. Its first lines say how it reads. */
#ifndef SPT_BAD_MANIFEST_H
#define SPT_BAD_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>

#include "checkpoints/base/error.h"

enum bad_change { BAD_AS_IT_IS, BAD_CUT, BAD_FLIP };

struct bad_row {
    const char *name;
    enum bad_change change;
    bool nobody; /* opened by a user who owns nothing */
    const char *opener, *path;
    const char *changed; /* the file that is cut or altered: path, where nothing else is said */
    bool any;            /* any refusal, or none */
    bool is_program;     /* exit counts, not status */
    int exit;
    enum spt_status status;
    const char *says; /* "a ... b": both, in this order; "": nothing in particular */
    const char *what;
    double memory, seconds; /* MiB, of the processor; 0: the manifest's own rule */
};

struct bad_manifest {
    char *text; /* all rows point into it */
    struct bad_row *rows;
    size_t count;
};

/* Reads path; what is wrong with it ends the program. */
void bad_manifest_read(struct bad_manifest *manifest, const char *path);
void bad_manifest_release(struct bad_manifest *manifest);

#endif
