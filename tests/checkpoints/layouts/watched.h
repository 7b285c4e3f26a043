/* A run that is looked at while it is being written.
 *
 * What is remembered between looks depends on the file system and on how long ago a folder changed: tests are run in
 * several modes, in which the program is told other times and other kinds of file systems than there are.
 */
#ifndef SPT_TESTS_LAYOUTS_WATCHED_H
#define SPT_TESTS_LAYOUTS_WATCHED_H

#include "fixture.h"

#include "checkpoints/scan.h"

struct mode {
    const char *name;
    unsigned magic; /* of the file system; 0: its own */
    int older;      /* seconds that everything is older than it is */
    int pause;      /* seconds between any two questions for the time */
    bool coarse;    /* the times of folders are whole seconds */
    bool remembers; /* from the third look on, what did not change is not read again */
};

/* Whether each test passes in every mode, or in the one where all was written long ago: what main returns. */
int run_in_every_mode(const struct CMUnitTest *tests, size_t count);
int run_long_after(const struct CMUnitTest *tests, size_t count);
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

extern struct system_told {
    const struct mode *mode;
    int readings; /* of folders */
} system_told;

/* A scan of a run, and the time of its next look. */
struct watched {
    struct fixture *f;
    struct spt_run_options options;
    struct spt_scan *scan;
    double now;
};

void watch_path(struct watched *w, struct fixture *f, const char *path);
struct watched watch_run(struct fixture *f); /* root/run */
void look(struct watched *w);

const struct spt_sight *find(const struct watched *w, const char *uri); /* NULL: not seen */
bool fresh(const struct watched *w, const char *uri);

/* Looks: labels of what is seen, those that are fresh with a star. */
void assert_seen(struct watched *w, const char *expected);
void assert_nothing_yet(struct watched *w, const char *why);

void rename_in(struct fixture *f, const char *from, const char *to);
void remove_folder(struct fixture *f, const char *path);
void overwrite(struct fixture *f, const char *path, const char *text); /* in place, from the first byte on */

/* The clock of a file system stands still for some milliseconds at a time. */
void let_time_pass(void);

#endif
