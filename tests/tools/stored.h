/* What is in a store, as SQLite itself reads it: to be held against what an undisturbed sweep stored.
 *
 *     stored_read  ->  stored_is_part_of, stored_is  ->  stored_release
 *
 * A checkpoint is a text of all its figures with 17 digits and all its vectors, in key order; ids, times, tries and fingerprints are left
 * out, since they differ between two sweeps over one run. Problems are a sentence for people.
 */
#ifndef STORED_H
#define STORED_H

#include <stdbool.h>
#include <stddef.h>

struct stored_item {
    char *key;  /* run and uri */
    char *text; /* ledger row and figures */
};

struct stored {
    struct stored_item *items; /* [count] analysed and not superseded, by key */
    size_t count;
    char *nulls;       /* null_value, as text */
    char *series;      /* external, as text */
    size_t ledger;     /* rows of any state */
    size_t superseded; /* rows that a successor replaced */
};

#define STORED_PROBLEM 512

/* Opens the files beside path as they are: a store whose writer was killed is copied to <path>.copy first, so that what the next start meets
 * stays as it was left. A store that is not there is empty. false: SQLite refuses it, or PRAGMA integrity_check, foreign_key_check or the
 * rows of a checkpoint that is not analysed say that it is damaged. */
bool stored_read(const char *path, struct stored *stored, char problem[STORED_PROBLEM]);
/* The same of a store that another process may be writing, as any reader sees it. */
bool stored_look(const char *path, struct stored *stored, char problem[STORED_PROBLEM]);
void stored_release(struct stored *stored);

/* Every checkpoint of part is in whole, with the same text. */
bool stored_is_part_of(const struct stored *part, const struct stored *whole, char problem[STORED_PROBLEM]);
/* And the other way round, and the nulls too. */
bool stored_has_all(const struct stored *found, const struct stored *expected, char problem[STORED_PROBLEM]);
/* And the user's own series, which a sweep goes on without when they cannot be read. */
bool stored_is(const struct stored *found, const struct stored *expected, char problem[STORED_PROBLEM]);

/* The number that a query gives of a store that another process may be writing. -1: it cannot be read yet. */
long stored_ask(const char *path, const char *sql);

void stored_remove(const char *path); /* with what SQLite and the lock left beside it */

#endif
