/* The threads of a forward pass: one parallel loop that everything in it runs through.
 *
 *     spt_team_init  ->  spt_team_run(tasks) ...  ->  spt_team_release
 *
 * Tasks are handed out in ascending order, one at a time, so the largest should come first. A task must write only what
 * is its own; then results do not depend on the number of threads. BLAS and LAPACK called inside a task are
 * single-threaded, with one thread too.
 */
#ifndef SPT_FORWARD_TEAM_H
#define SPT_FORWARD_TEAM_H

#include "checkpoints/base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct spt_team {
    size_t threads;
    bool (*stop)(void *context); /* asked before each task; may be NULL */
    void *stop_context;
    unsigned char *scratch; /* [threads, scratch_size] bytes, aligned to 64 */
    size_t scratch_size;
};

typedef enum spt_status spt_team_task(void *context, size_t task, size_t thread, struct spt_error *error);

/* threads 0: omp_get_max_threads(). scratch_size bytes for each thread, rounded up to 64. SPT_NOMEM. */
enum spt_status spt_team_init(struct spt_team *team, size_t threads, size_t scratch_size, struct spt_error *error);
void spt_team_release(struct spt_team *team);

/* The thread's scratch; its contents are undefined at the start of a task. */
void *spt_team_scratch(const struct spt_team *team, size_t thread);

/* Calls run(context, task, thread, ...) for every task < tasks, on all threads. When tasks fail no new ones are begun,
 * and the error is that of the lowest task that failed, whatever the number of threads. SPT_END when stop() said so. */
enum spt_status spt_team_run(const struct spt_team *team, size_t tasks, spt_team_task *run, void *context,
                             struct spt_error *error);

#endif
