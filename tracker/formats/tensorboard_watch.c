#include "tracker/formats/tensorboard.h"

#include "checkpoints/base/memory.h"

#include <stdlib.h>

struct followed {
    int64_t run;
    struct spt_tensorboard *board; /* NULL: it failed, and is tried again at the next checkpoint */
};

struct spt_tensorboard_watch {
    const char *folder;
    const struct spt_figure_choice *choice;
    const struct spt_log *log;
    struct followed *runs; /* [count] */
    size_t count, capacity;
};

enum spt_status spt_tensorboard_watch_new(const char *folder, const struct spt_figure_choice *choice,
                                          const struct spt_log *log, struct spt_tensorboard_watch **watch,
                                          struct spt_error *error) {
    *watch = spt_alloc_zeroed(1, sizeof **watch);
    if (!*watch) return spt_fail_memory(error, sizeof **watch, "event files");
    **watch = (struct spt_tensorboard_watch){.folder = folder, .choice = choice, .log = log};
    return SPT_OK;
}

void spt_tensorboard_watch_free(struct spt_tensorboard_watch *watch) {
    if (!watch) return;
    for (size_t i = 0; i < watch->count; i++) spt_tensorboard_close(watch->runs[i].board);
    free(watch->runs);
    free(watch);
}

/* A watch goes on without its event files. */
static void say(const struct spt_tensorboard_watch *watch, enum spt_status status, const struct spt_error *error) {
    if (status != SPT_OK)
        spt_log(watch->log, SPT_LOG_WARNING, "%s%s%s: TensorBoard's files are behind until the next checkpoint",
                error->path, error->path[0] ? ": " : "", error->message);
}

static struct followed *find(struct spt_tensorboard_watch *watch, int64_t run) {
    for (size_t i = 0; i < watch->count; i++)
        if (watch->runs[i].run == run) return &watch->runs[i];
    return NULL;
}

static void open_board(struct spt_tensorboard_watch *watch, struct spt_store *store, struct followed *followed) {
    struct spt_error error;
    say(watch, spt_tensorboard_open(watch->folder, store, followed->run, watch->choice, &followed->board, NULL, &error),
        &error);
}

/* Writes the history of a run that is seen for the first time; NULL: no memory. */
static struct followed *follow(struct spt_tensorboard_watch *watch, struct spt_store *store, int64_t run) {
    struct spt_error error;
    if (!spt_grow((void **)&watch->runs, &watch->capacity, watch->count + 1, sizeof *watch->runs)) {
        say(watch, spt_fail_memory(&error, sizeof *watch->runs, "event files"), &error);
        return NULL;
    }
    struct followed *followed = &watch->runs[watch->count++];
    *followed = (struct followed){.run = run};
    open_board(watch, store, followed);
    return followed;
}

static void on_state(void *context, struct spt_store *store, const struct spt_watched_run *runs, size_t count,
                     int current) {
    struct spt_tensorboard_watch *watch = context;
    (void)current;
    for (size_t i = 0; i < count; i++)
        if (runs[i].run && !find(watch, runs[i].run->id)) follow(watch, store, runs[i].run->id);
}

static void on_end(void *context, struct spt_store *store, const struct spt_watched_run *run,
                   const struct spt_checkpoint_ref *ref, const struct spt_outcome *outcome) {
    struct spt_tensorboard_watch *watch = context;
    if (!run->run || outcome->stopped || outcome->state != SPT_STATE_ANALYSED) return;
    struct followed *followed = find(watch, run->run->id);
    if (!followed) {
        follow(watch, store, run->run->id); /* this checkpoint among the others */
        return;
    }
    if (!followed->board) {
        open_board(watch, store, followed);
        return;
    }
    struct spt_error error;
    const struct spt_store_checkpoint row = {
        .id = outcome->id, .branch = ref->branch, .label = ref->label, .uri = ref->uri, .step = ref->step};
    say(watch, spt_tensorboard_add(followed->board, store, &row, &error), &error);
}

struct spt_watch_observer spt_tensorboard_watch_observer(struct spt_tensorboard_watch *watch) {
    return (struct spt_watch_observer){.context = watch, .state = on_state, .end = on_end};
}
