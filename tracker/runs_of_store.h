/* Which runs of a store a reading command is about. */
#ifndef SPT_RUNS_OF_STORE_H
#define SPT_RUNS_OF_STORE_H

#include "tracker/cli.h"
#include "tracker/store/store.h"

struct spt_run_list {
    struct spt_store_run *runs; /* [count] those that are asked for: what they hold belongs to all */
    size_t count;
    struct spt_store_run *all; /* [all_count] of the store; runs points into it, unless it is named */
    size_t all_count;
    struct spt_store_run *named; /* [count] owned; NULL: not opened by names */
};

/* Opens the configuration's store for reading and picks its latest run (no control, where there are others: tracker/control.h), the one called name (or of that number, where none is called so), or all of them. Says what
 * is wrong and returns an exit status other than SPT_EXIT_DONE when there is none; else the caller closes with spt_runs_close. */
int spt_runs_open(const struct spt_invocation *invocation, const char *name, bool all, struct spt_store **store,
                  struct spt_run_list *list);
/* The same for an option that may be given several times: names, a line each; every run once, in the order they are
 * named. NULL: the latest; all: every run but controls, to be compared. */
int spt_runs_open_named(const struct spt_invocation *invocation, const char *names, bool all, struct spt_store **store,
                        struct spt_run_list *list);
void spt_runs_close(struct spt_store *store, struct spt_run_list *list);

#endif
