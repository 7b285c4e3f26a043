#include "tracker/watch/redraw.h"

#include "checkpoints/base/file.h"
#include "checkpoints/base/hash.h"
#include "checkpoints/base/memory.h"
#include "checkpoints/base/text.h"
#include "tracker/figures.h"
#include "tracker/formats/names.h"
#include "tracker/plot_source.h"
#include "tracker/progress.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LEAST_PAUSE   10.0
#define COST_OF_DRAWS 0.1 /* of the time, at most, while there is something to analyse */

/* One run of the watch, by its place in it. */
struct drawn_run {
    int64_t id;             /* in the store; 0: not yet, or it is a control, which is drawn with its run */
    struct spt_hash source; /* of its folder: what its control has in common with it */
    bool stale;
    double drawn, cost; /* when it was drawn last, and how long that took */
};

struct spt_redraw {
    const struct spt_config *config;
    const struct spt_log *log;
    bool (*stop)(void *context);
    void *context;
    struct spt_figure_selection figures;
    struct drawn_run *runs; /* [count] */
    size_t count, capacity;
    bool several;         /* runs are drawn, each into a folder of its own */
    struct spt_text said; /* the failure that was said last */
};

enum spt_status spt_redraw_new(const struct spt_config *config, const struct spt_log *log, bool (*stop)(void *context),
                               void *context, struct spt_redraw **redraw, struct spt_error *error) {
    struct spt_redraw *made = calloc(1, sizeof *made);
    if (!made) return spt_fail_memory(error, sizeof *made, "figures of a watch");
    made->config = config;
    made->log = log;
    made->stop = stop;
    made->context = context;
    const enum spt_status status = spt_figures_choose(config, NULL, 0, &made->figures, error);
    if (status == SPT_OK)
        *redraw = made;
    else
        spt_redraw_free(made);
    return status;
}

void spt_redraw_free(struct spt_redraw *redraw) {
    if (!redraw) return;
    spt_figure_selection_release(&redraw->figures);
    spt_text_release(&redraw->said);
    free(redraw->runs);
    free(redraw);
}

/* --- drawing --- */

static void say_failure(struct spt_redraw *redraw, const struct spt_error *failure) {
    struct spt_text text = {0};
    if (failure->path[0]) spt_text_format(&text, "%s: ", failure->path);
    spt_text_put(&text, failure->message);
    if (!text.failed && (!redraw->said.data || strcmp(text.data, redraw->said.data) != 0)) {
        spt_log(redraw->log, SPT_LOG_WARNING, "%s: the figures are not drawn", text.data);
        spt_text_clear(&redraw->said);
        spt_text_append(&redraw->said, text.data, text.length);
    }
    spt_text_release(&text);
}

/* The folder of one run: the names that exports give them, which no two runs of a store have in common. */
static enum spt_status put_folder(const struct spt_redraw *redraw, const struct spt_store_run *all, size_t all_count,
                                  size_t index, struct spt_text *folder, struct spt_error *error) {
    spt_text_put(folder, redraw->config->watch.plots);
    if (redraw->several) {
        char **names = spt_run_names(all, all_count);
        if (!names) return spt_fail_memory(error, all_count * sizeof *names, "names of runs");
        spt_text_put(folder, "/");
        spt_name_put_file(folder, names[index]);
        spt_run_names_free(names, all_count);
    }
    return folder->failed ? spt_fail_memory(error, folder->length, "a path") : SPT_OK;
}

static bool is_stopped(const struct spt_redraw *redraw) {
    return redraw->stop && redraw->stop(redraw->context);
}

static bool on_figure(void *context, const struct spt_figure *figure, bool drawn) {
    (void)figure;
    (void)drawn;
    return is_stopped(context);
}

static enum spt_status draw(struct spt_redraw *redraw, struct spt_store *store, const struct spt_store_run *all,
                            size_t all_count, size_t index, struct spt_error *error) {
    struct spt_text folder = {0};
    struct spt_run_source source;
    size_t drawn;
    enum spt_status status = put_folder(redraw, all, all_count, index, &folder, error);
    if (status == SPT_OK) status = spt_run_source_open(store, &all[index], NULL, &source, error);
    if (status == SPT_OK) {
        status = spt_figures_check(redraw->config, &source.source, error);
        if (status == SPT_OK)
            status = spt_figures_draw(&redraw->figures, redraw->config, &source.source, folder.data, on_figure, redraw,
                                      &drawn, error);
        spt_run_source_close(&source);
    }
    spt_text_release(&folder);
    return status;
}

/* SPT_END is no failure: nothing to draw yet, or told to stop. */
static void draw_run(struct spt_redraw *redraw, struct spt_store *store, struct drawn_run *run) {
    struct spt_store_run *all;
    size_t count;
    struct spt_error error;
    const double began = spt_progress_now();
    enum spt_status status = spt_store_runs(store, &all, &count, &error);
    if (status == SPT_OK) {
        size_t index = 0;
        while (index < count && all[index].id != run->id) index++;
        if (index < count) status = draw(redraw, store, all, count, index, &error);
        spt_store_free_runs(all, count);
    }
    run->stale = false;
    run->drawn = spt_progress_now();
    run->cost = run->drawn - began;
    if (status == SPT_OK) spt_text_clear(&redraw->said);
    if (status != SPT_OK && status != SPT_END) say_failure(redraw, &error);
}

/* busy: there is something to analyse. */
static bool is_due(const struct drawn_run *run, bool busy) {
    const double pause = busy ? fmax(LEAST_PAUSE, run->cost / COST_OF_DRAWS) : LEAST_PAUSE;
    return run->stale && spt_progress_now() - run->drawn >= pause;
}

void spt_redraw_finish(struct spt_redraw *redraw, struct spt_store *store) {
    for (size_t i = 0; i < redraw->count; i++)
        if (redraw->runs[i].stale && !is_stopped(redraw)) draw_run(redraw, store, &redraw->runs[i]);
}

/* --- what is observed --- */

static struct spt_hash source_of(const struct spt_watched_run *run) {
    return spt_hash_of(run->run->source, strlen(run->run->source));
}

static void on_state(void *context, struct spt_store *store, const struct spt_watched_run *runs, size_t count,
                     int current) {
    struct spt_redraw *redraw = context;
    bool busy = false;
    if (!spt_grow((void **)&redraw->runs, &redraw->capacity, count, sizeof *redraw->runs)) return;
    for (; redraw->count < count; redraw->count++) redraw->runs[redraw->count] = (struct drawn_run){.drawn = -INFINITY};
    size_t drawn = 0;
    for (size_t i = 0; i < count; i++) drawn += !runs[i].control;
    redraw->several = drawn > 1;
    for (size_t i = 0; i < count; i++) {
        struct drawn_run *run = &redraw->runs[i];
        if (runs[i].run && !run->id && !runs[i].control) { /* what an earlier watch left undrawn */
            run->id = runs[i].run->id;
            run->source = source_of(&runs[i]);
            run->stale = runs[i].analysed != SPT_NO_STEP;
        }
        busy = busy || runs[i].states[SPT_WATCHED_QUIET] > 0;
    }
    for (size_t i = 0; current < 0 && i < redraw->count; i++)
        if (is_due(&redraw->runs[i], busy) && !is_stopped(redraw)) draw_run(redraw, store, &redraw->runs[i]);
}

static void on_end(void *context, struct spt_store *store, const struct spt_watched_run *run,
                   const struct spt_checkpoint_ref *ref, const struct spt_outcome *outcome) {
    (void)store;
    (void)ref;
    struct spt_redraw *redraw = context;
    if (outcome->stopped || outcome->state != SPT_STATE_ANALYSED || !run->run) return;
    for (size_t i = 0; i < redraw->count; i++) {
        const bool same = run->control ? redraw->runs[i].id && spt_hash_equal(redraw->runs[i].source, source_of(run))
                                       : redraw->runs[i].id == run->run->id;
        if (same) redraw->runs[i].stale = true;
    }
}

struct spt_watch_observer spt_redraw_observer(struct spt_redraw *redraw) {
    return (struct spt_watch_observer){.context = redraw, .state = on_state, .end = on_end};
}
