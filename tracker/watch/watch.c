#include "tracker/watch/watch.h"

#include "checkpoints/base/memory.h"
#include "checkpoints/base/tree.h"
#include "checkpoints/model_config.h"
#include "checkpoints/model_config/neox.h"
#include "checkpoints/tokenizer/tokenizer.h"
#include "tracker/alerts/alerts.h"
#include "tracker/config/probe_file.h"
#include "tracker/data_file.h"
#include "tracker/figures.h"
#include "tracker/metric_choice.h"
#include "tracker/progress.h"
#include "tracker/watch/tail.h"
#include "tracker/watch/wake.h"

#include "analysis/metric.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

/* Between two looks at least: for the processor's sake, and so that a look that takes long is not all that is done. */
#define LEAST_PAUSE   0.05
#define COST_OF_LOOKS 0.1 /* of the time, at most */

struct spt_watch {
    struct spt_watch_options options;
    struct spt_tail **tails; /* [count] */
    size_t *served;          /* [count] when each was served last, counted in checkpoints: who waited longest is next */
    size_t paths;            /* that were added: each has one, or one and its control */
    size_t count, tail_capacity, served_capacity, services;
    struct spt_watched_run *shown; /* [count] */
    size_t shown_capacity;
    const char **folders; /* those that are followed */
    size_t folder_capacity;
    struct spt_wake *wake;
    double began, looked, look_cost; /* began: with the first look */
    bool looked_once, users_failure;
};

/* --- what is wrong whatever the runs are --- */

static enum spt_status check_probe(const struct spt_config *config, struct spt_error *error) {
    enum spt_status status = SPT_OK;
    char *standard = NULL;
    if (config->ids) {
        struct spt_probe_ids ids;
        status = spt_probe_ids_read(config->ids, (size_t)config->samples, &ids, error);
        if (status == SPT_OK) spt_probe_ids_release(&ids);
        return status;
    }
    struct spt_probe_lines lines;
    if (!config->probe) status = spt_data_file("probes/stem-500.txt", &standard, error);
    if (status == SPT_OK)
        status = spt_probe_lines_read(standard ? standard : config->probe, (size_t)config->samples, &lines, error);
    if (status == SPT_OK) spt_probe_lines_release(&lines);
    free(standard);
    return status;
}

/* What lies below a file may be in a run's archive: its listing says whether it is. */
static bool is_on_disk(const char *path) {
    struct spt_look look;
    struct spt_error why = {0};
    return spt_tree_look(NULL, path, &look, &why) == SPT_OK || why.system != ENOTDIR;
}

static enum spt_status check_companions(const struct spt_config *config, struct spt_error *error) {
    struct spt_model_config model;
    struct spt_tokenizer *tokenizer;
    const char *path = config->model_config;
    enum spt_status status = SPT_OK;
    if (path && is_on_disk(path) && !spt_neox_config_is(NULL, path))
        status = spt_model_config_read(path, &model, error);
    if (status == SPT_OK && config->tokenizer && is_on_disk(config->tokenizer)) {
        status = spt_tokenizer_open(config->tokenizer, &tokenizer, error);
        if (status == SPT_OK) spt_tokenizer_close(tokenizer);
    }
    return status;
}

static enum spt_status check_names(const struct spt_config *config, struct spt_error *error) {
    struct spt_figure_selection figures = {0};
    bool *chosen = spt_alloc(SPT_METRIC_COUNT, sizeof *chosen);
    if (!chosen) return spt_fail_memory(error, SPT_METRIC_COUNT, "the metrics of a watch");
    enum spt_status status = spt_metric_choice(config, chosen, error);
    free(chosen);
    if (status == SPT_OK) status = spt_metric_check_plots(config, error);
    if (status == SPT_OK) status = spt_figures_choose(config, NULL, 0, &figures, error);
    spt_figure_selection_release(&figures);
    return status;
}

enum spt_status spt_watch_check(const struct spt_config *config, struct spt_error *error) {
    enum spt_status status = check_names(config, error);
    if (status == SPT_OK) status = spt_alerts_check(config, error);
    if (status == SPT_OK) status = check_probe(config, error);
    return status == SPT_OK ? check_companions(config, error) : status;
}

/* --- life --- */

enum spt_status spt_watch_new(const struct spt_watch_options *options, struct spt_watch **watch,
                              struct spt_error *error) {
    struct spt_watch *made = calloc(1, sizeof *made);
    if (!made) return spt_fail_memory(error, sizeof *made, "a watch");
    made->options = *options;
    const enum spt_status status = spt_wake_new(options->log, &made->wake, error);
    if (status == SPT_OK)
        *watch = made;
    else
        spt_watch_free(made);
    return status;
}

void spt_watch_free(struct spt_watch *watch) {
    if (!watch) return;
    for (size_t i = 0; i < watch->count; i++) spt_tail_free(watch->tails[i]);
    spt_wake_free(watch->wake);
    free(watch->tails);
    free(watch->served);
    free(watch->shown);
    free(watch->folders);
    free(watch);
}

static enum spt_status add_tail(struct spt_watch *watch, const char *path, enum spt_control control,
                                struct spt_error *error) {
    const size_t need = watch->count + 1;
    if (!spt_grow((void **)&watch->tails, &watch->tail_capacity, need, sizeof *watch->tails) ||
        !spt_grow((void **)&watch->served, &watch->served_capacity, need, sizeof *watch->served) ||
        !spt_grow((void **)&watch->shown, &watch->shown_capacity, need, sizeof *watch->shown))
        return spt_fail_memory(error, need * sizeof *watch->shown, "the runs of a watch");
    const enum spt_status status =
        spt_tail_new(&watch->options, path, control, spt_progress_now(), &watch->tails[watch->count], error);
    if (status != SPT_OK) return status;
    watch->served[watch->count++] = 0;
    return SPT_OK;
}

enum spt_status spt_watch_add(struct spt_watch *watch, const char *path, struct spt_error *error) {
    const enum spt_control control = (enum spt_control)watch->options.config->control;
    enum spt_status status = add_tail(watch, path, SPT_CONTROL_NONE, error);
    if (status == SPT_OK && control != SPT_CONTROL_NONE) status = add_tail(watch, path, control, error);
    watch->paths++;
    return status;
}

bool spt_watch_is_users_failure(const struct spt_watch *watch) {
    return watch->users_failure;
}

/* --- telling --- */

static bool is_stopped(const struct spt_watch *watch) {
    return watch->options.stop && watch->options.stop(watch->options.context);
}

/* How all runs stand, to all observers. */
static enum spt_status tell_state(struct spt_watch *watch, int current, struct spt_error *error) {
    enum spt_status status = SPT_OK;
    for (size_t i = 0; status == SPT_OK && i < watch->count; i++)
        status = spt_tail_show(watch->tails[i], &watch->shown[i], error);
    for (size_t i = 0; status == SPT_OK && i < watch->options.observer_count; i++) {
        const struct spt_watch_observer *observer = &watch->options.observers[i];
        if (observer->state)
            observer->state(observer->context, watch->options.store, watch->shown, watch->count, current);
    }
    return status;
}

/* --- looking --- */

static bool is_any_attached(const struct spt_watch *watch) {
    for (size_t i = 0; i < watch->count; i++)
        if (spt_tail_is_attached(watch->tails[i])) return true;
    return false;
}

/* The runs' folders first, then those of what still changes. */
static enum spt_status follow(struct spt_watch *watch, struct spt_error *error) {
    size_t count = 0;
    if (!spt_grow((void **)&watch->folders, &watch->folder_capacity, watch->count + SPT_WAKE_MOST,
                  sizeof *watch->folders))
        return spt_fail_memory(error, SPT_WAKE_MOST * sizeof *watch->folders, "the folders of a watch");
    for (size_t i = 0; i < watch->count; i++) watch->folders[count++] = spt_tail_folder(watch->tails[i]);
    for (size_t i = 0; i < watch->count; i++) {
        const char *folder;
        for (size_t from = 0; count < SPT_WAKE_MOST && (folder = spt_tail_changing(watch->tails[i], &from));)
            watch->folders[count++] = folder;
    }
    return spt_wake_follow(watch->wake, watch->folders, count, error);
}

/* Two paths may lead to one run: it is watched by the first of them. */
static void part_twins(struct spt_watch *watch, size_t index) {
    const int64_t id = spt_tail_id(watch->tails[index]);
    for (size_t i = 0; id && i < watch->count; i++)
        if (i != index && spt_tail_id(watch->tails[i]) == id) {
            spt_tail_detach(watch->tails[index], spt_tail_path(watch->tails[i]));
            return;
        }
}

static enum spt_status look(struct spt_watch *watch, struct spt_error *error) {
    const double now = spt_progress_now();
    enum spt_status status = SPT_OK;
    for (size_t i = 0; status == SPT_OK && i < watch->count; i++) {
        enum spt_tail_trouble trouble;
        const bool attached = spt_tail_is_attached(watch->tails[i]);
        status = spt_tail_look(watch->tails[i], now, !is_any_attached(watch), watch->paths == 1, &trouble, error);
        if (status == SPT_OK && !attached) part_twins(watch, i);
        watch->users_failure = status != SPT_OK && trouble == SPT_TAIL_USER;
    }
    if (status == SPT_OK) status = follow(watch, error);
    if (!watch->looked_once) watch->began = now;
    watch->looked = now;
    watch->looked_once = true;
    watch->look_cost = spt_progress_now() - now;
    return status == SPT_OK ? tell_state(watch, -1, error) : status;
}

/* Half the quiet period, so that it is known well when it began; at most the interval. */
static double period(const struct spt_watch *watch) {
    const double quiet = watch->options.config->watch.quiet_period, interval = watch->options.config->watch.interval;
    return fmax(LEAST_PAUSE, quiet > 0 ? fmin(interval, quiet / 2) : interval);
}

static double least_pause(const struct spt_watch *watch) {
    return fmax(LEAST_PAUSE, watch->look_cost / COST_OF_LOOKS);
}

/* When to look again if nothing wakes us. What was due when we looked last, and is still, waits for the next look as all else does. */
static double next_look(const struct spt_watch *watch) {
    double due = watch->looked + period(watch);
    for (size_t i = 0; i < watch->count; i++) {
        const double next = spt_tail_due(watch->tails[i], watch->looked);
        if (next > watch->looked) due = fmin(due, next);
    }
    return fmax(due, watch->looked + least_pause(watch));
}

/* --- working --- */

/* Who has something to do and waited longest; count: nobody. */
static size_t choose(const struct spt_watch *watch, double now) {
    size_t best = watch->count;
    for (size_t i = 0; i < watch->count; i++)
        if (spt_tail_is_ready(watch->tails[i], now) && (best == watch->count || watch->served[i] < watch->served[best]))
            best = i;
    return best;
}

static enum spt_status refresh(struct spt_watch *watch, bool rest, struct spt_error *error) {
    enum spt_status status = SPT_OK;
    for (size_t i = 0; status == SPT_OK && i < watch->count; i++)
        status = spt_tail_refresh(watch->tails[i], spt_progress_now(), rest, error);
    return status;
}

static enum spt_status work(struct spt_watch *watch, size_t index, struct spt_error *error) {
    enum spt_status status = tell_state(watch, (int)index, error);
    if (status != SPT_OK) return status;
    watch->served[index] = ++watch->services;
    status = spt_tail_work(watch->tails[index], spt_progress_now(), error);
    if (status == SPT_OK) status = refresh(watch, choose(watch, spt_progress_now()) == watch->count, error);
    return status == SPT_OK ? tell_state(watch, -1, error) : status;
}

/* Once: the quiet period is waited out while anything may come of it. */
static bool is_done(const struct spt_watch *watch) {
    bool open = false;
    for (size_t i = 0; i < watch->count; i++) open = open || spt_tail_is_open(watch->tails[i]);
    return !open || watch->looked - watch->began >= watch->options.config->watch.quiet_period;
}

static enum spt_status go_on(struct spt_watch *watch, bool *done, struct spt_error *error) {
    const double now = spt_progress_now();
    if (!watch->looked_once || now >= watch->looked + fmax(period(watch), least_pause(watch)))
        return look(watch, error);
    const size_t index = choose(watch, now);
    if (index < watch->count) return work(watch, index, error);
    *done = watch->options.once && is_done(watch);
    if (*done) return SPT_OK;
    const double pause = next_look(watch) - now;
    if (pause > 0) spt_wake_wait(watch->wake, pause);
    return is_stopped(watch) ? SPT_OK : look(watch, error);
}

/* --- the end --- */

/* Names each checkpoint that is there and has no figures, those that were known to be so as well. */
static void say_failures(const struct spt_watch *watch, const struct spt_watched_run *run) {
    for (size_t i = 0; i < run->count; i++) {
        const struct spt_watched *item = &run->items[i];
        if (item->state != SPT_WATCHED_REFUSED && item->state != SPT_WATCHED_WAITING) continue;
        spt_log(watch->options.log, SPT_LOG_WARNING, "%s: %s is not analysed: %s", run->name, item->label,
                item->reason);
    }
}

static enum spt_status sum_up(struct spt_watch *watch, size_t *failed, struct spt_error *error) {
    const struct spt_watched_run *idle = NULL;
    if (!watch->options.once) return SPT_OK;
    for (size_t i = 0; i < watch->count; i++) {
        const enum spt_status status = spt_tail_show(watch->tails[i], &watch->shown[i], error);
        if (status != SPT_OK) return status;
        say_failures(watch, &watch->shown[i]);
        *failed += watch->shown[i].states[SPT_WATCHED_REFUSED] + watch->shown[i].states[SPT_WATCHED_WAITING];
        if (!spt_tail_is_attached(watch->tails[i]) && !idle) idle = &watch->shown[i];
    }
    if (!idle) return SPT_OK;
    watch->users_failure = true;
    return spt_fail(error, SPT_INVALID, idle->path, "%s",
                    idle->reason ? idle->reason : "none of its checkpoints has such a step");
}

enum spt_status spt_watch_run(struct spt_watch *watch, size_t *failed, struct spt_error *error) {
    bool done = false, stopped = false;
    enum spt_status status = SPT_OK;
    *failed = 0;
    while (status == SPT_OK && !done) {
        stopped = is_stopped(watch);
        if (stopped) break;
        status = go_on(watch, &done, error);
    }
    if (status == SPT_END) { /* a second signal, or one while random attention was measured */
        stopped = true;
        status = SPT_OK;
    }
    if (status == SPT_OK) status = refresh(watch, true, error);
    if (status == SPT_OK && !stopped) status = sum_up(watch, failed, error);
    return status;
}
