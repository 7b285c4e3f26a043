#include "analysis/forward/team.h"

#include "checkpoints/base/memory.h"

#include <omp.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

enum spt_status spt_team_init(struct spt_team *team, size_t threads, size_t scratch_size, struct spt_error *error) {
    const size_t line = 64;
    *team = (struct spt_team){.threads = threads ? threads : (size_t)omp_get_max_threads()};
    if (scratch_size > SIZE_MAX - line) return spt_fail_memory(error, scratch_size, "the scratch of a thread");
    team->scratch_size = (scratch_size + line - 1) / line * line;
    team->scratch = spt_alloc(team->threads, team->scratch_size);
    if (!team->scratch) return spt_fail_memory(error, team->threads * team->scratch_size, "the scratch of the threads");
    return SPT_OK;
}

void spt_team_release(struct spt_team *team) {
    free(team->scratch);
    *team = (struct spt_team){0};
}

void *spt_team_scratch(const struct spt_team *team, size_t thread) {
    return team->scratch + thread * team->scratch_size;
}

/* What the loop ends with: the failure of the lowest task. Tasks below it had all begun, so it is the same in any
 * order. */
struct outcome {
    atomic_bool ended;
    size_t task; /* that failed; SIZE_MAX: none */
    enum spt_status status;
    struct spt_error error;
};

static void record(struct outcome *outcome, size_t task, enum spt_status status, const struct spt_error *failure) {
#pragma omp critical(spt_team_record)
    if (task < outcome->task) {
        outcome->task = task;
        outcome->status = status;
        outcome->error = *failure;
    }
    atomic_store(&outcome->ended, true);
}

static void run_one(const struct spt_team *team, size_t task, spt_team_task *run, void *context,
                    struct outcome *outcome) {
    if (atomic_load_explicit(&outcome->ended, memory_order_relaxed)) return;
    if (team->stop && team->stop(team->stop_context)) {
        atomic_store(&outcome->ended, true);
        return;
    }
    struct spt_error failure = {.status = SPT_OK};
    const enum spt_status status = run(context, task, (size_t)omp_get_thread_num(), &failure);
    if (status != SPT_OK) record(outcome, task, status, &failure);
}

enum spt_status spt_team_run(const struct spt_team *team, size_t tasks, spt_team_task *run, void *context,
                             struct spt_error *error) {
    struct outcome outcome = {.task = SIZE_MAX, .status = SPT_END};
#pragma omp parallel num_threads((int)team->threads)
    {
        /* In a team of one the region is not active, and OpenBLAS would start threads of its own. */
        omp_set_num_threads(1);
#pragma omp for schedule(dynamic, 1)
        for (size_t task = 0; task < tasks; task++) run_one(team, task, run, context, &outcome);
    }
    if (!atomic_load(&outcome.ended)) return SPT_OK;
    if (outcome.status != SPT_END && error) *error = outcome.error;
    return outcome.status;
}
