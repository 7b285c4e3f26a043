/* A reader of event files that shares nothing with the writer: TFRecord framing, checks bit by bit, and the wire format
 * of protocol buffers by hand. Asserts that all of a file is well formed. */
#ifndef SPT_TEST_EVENT_FILE_H
#define SPT_TEST_EVENT_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SCALARS_MAX = 64, EVENTS_MAX = 64 };

struct read_scalar {
    char tag[96], plugin[32], description[256];
    float value;
};

struct read_event {
    double wall_time;
    int64_t step;
    char version[32], writer[32];
    int session; /* SessionLog.status; -1: none */
    struct read_scalar scalars[SCALARS_MAX];
    size_t count;
};

struct read_file {
    char name[256];
    struct read_event events[EVENTS_MAX];
    size_t count;
    size_t size;
};

/* The one file in folder with "tfevents" in its name that spectail wrote; asserts that there is one. The caller frees by test_free. */
struct read_file *read_board(const char *folder);

/* How many files folder holds, hidden ones too. */
size_t files_in(const char *folder);

/* The scalar of that tag, or NULL. */
const struct read_scalar *find_scalar(const struct read_event *event, const char *tag);

#endif
