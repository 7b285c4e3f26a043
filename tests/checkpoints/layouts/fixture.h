/* Runs built in a temporary directory, and what the tests say about them. Every failure of the fixture itself fails the
 * test. */
#ifndef SPT_TESTS_LAYOUTS_FIXTURE_H
#define SPT_TESTS_LAYOUTS_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "checkpoints/run.h"

struct fixture {
    char root[64];
    char log[64 * 1024]; /* every line that was logged, in order */
    size_t logged;
    struct spt_log sink;
};

int fixture_setup(void **state);    /* *state is a struct fixture */
int fixture_teardown(void **state); /* removes root and all below */

/* Paths are relative to root; parents are made. */
void put_directory(struct fixture *f, const char *path);
void put_file(struct fixture *f, const char *path, const char *text);
void put_link(struct fixture *f, const char *path, const char *target);
void put_fifo(struct fixture *f, const char *path);
void put_sized(struct fixture *f, const char *path, size_t size); /* zeros */
void remove_file(struct fixture *f, const char *path);
const char *at(const struct fixture *f, const char *path, char out[1024]); /* root/path */

/* A file model.safetensors and a config.json in the folder. */
void put_checkpoint(struct fixture *f, const char *folder);

/* Opens root/path with the fixture's log; a failure fails the test. */
struct spt_run *open_run(struct fixture *f, const char *path, const char *step_pattern);

/* Labels in order, joined by spaces. */
void assert_labels(const struct spt_run *run, const char *expected);
void assert_ends_with(const char *text, const char *end);
void assert_says(const char *text, const char *part);

/* The ref of that uri; none fails the test. */
const struct spt_checkpoint_ref *ref_of(const struct spt_run *run, const char *uri);

#endif
