/* Which runs of a store a reading command is about. */
#ifndef SPT_RUNS_OF_STORE_H
#define SPT_RUNS_OF_STORE_H

#include "tracker/cli.h"
#include "tracker/store/store.h"

struct spt_run_list {
    struct spt_store_run *runs; /* [count] those that are asked for */
    size_t count;
    struct spt_store_run *all; /* [all_count] of the store; runs points into it */
    size_t all_count;
};

/* Opens the configuration's store for reading and picks its latest run, the one called name (or of that number), or all of them. Says what
 * is wrong and returns an exit status other than SPT_EXIT_DONE when there is none; else the caller closes with spt_runs_close. */
int spt_runs_open(const struct spt_invocation *invocation, const char *name, bool all, struct spt_store **store,
                  struct spt_run_list *list);
/* The latest run so called, or of that number; NULL: none. */
struct spt_store_run *spt_runs_find(const struct spt_run_list *list, const char *name);
/* Says that there is no such run, and which there are: SPT_EXIT_USAGE. */
int spt_runs_say(const struct spt_invocation *invocation, const struct spt_run_list *list, const char *name);
void spt_runs_close(struct spt_store *store, struct spt_run_list *list);

#endif
