#include "tracker/watch/textfile.h"

#include "checkpoints/base/file.h"
#include "checkpoints/base/memory.h"
#include "tracker/formats/names.h"
#include "tracker/formats/prometheus.h"
#include "tracker/progress.h"
#include "tracker/watch/words.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define REST_SECONDS 15.0 /* between two writes while nothing changes */
#define COST_SHARE   0.05 /* of the time, at most */

/* What a change is seen by. */
struct mark {
    int64_t run, newest, analysed;
    size_t states[SPT_WATCHED_REFUSED + 1];
};

struct spt_textfile {
    char *path;
    const struct spt_figure_choice *choice;
    const struct spt_log *log;
    struct mark *marks; /* [mark_count] of the last write */
    size_t mark_count, mark_capacity;
    bool dirty;           /* a checkpoint ended since */
    double written, cost; /* when the last write ended, and what it took */
    bool failed;          /* it did, and was told */
    struct spt_text text;
};

/* --- gauges of the watch --- */

/* One sample a run; NAN: none. */
struct run_gauge {
    const char *name, *help;
    double (*value)(const struct spt_watched_run *run, const struct spt_watch_lag *lag);
};

static double of_step(int64_t step) {
    return step == SPT_NO_STEP ? (double)NAN : (double)step;
}

static double newest_step(const struct spt_watched_run *run, const struct spt_watch_lag *lag) {
    (void)lag;
    return of_step(run->newest);
}

static double lag_steps(const struct spt_watched_run *run, const struct spt_watch_lag *lag) {
    (void)run;
    return of_step(lag->steps);
}

static double lag_checkpoints(const struct spt_watched_run *run, const struct spt_watch_lag *lag) {
    (void)run;
    return (double)lag->ahead;
}

static double lag_seconds(const struct spt_watched_run *run, const struct spt_watch_lag *lag) {
    (void)run;
    return lag->ahead ? spt_progress_now() - lag->since : 0;
}

static double checkpoint_seconds(const struct spt_watched_run *run, const struct spt_watch_lag *lag) {
    (void)lag;
    return run->done ? run->seconds / (double)run->done : (double)NAN;
}

static const struct run_gauge RUN_GAUGES[] = {
    {"spectail_watch_newest_step", "Largest step on disk.", newest_step},
    {"spectail_watch_lag_steps", "Steps from the largest analysed one to the largest on disk.", lag_steps},
    {"spectail_watch_lag_checkpoints", "Checkpoints that are newer than the newest analysed one.", lag_checkpoints},
    {"spectail_watch_lag_seconds",
     "Time since the first checkpoint was seen that is newer than the newest analysed one.", lag_seconds},
    {"spectail_watch_checkpoint_seconds", "What the analysis of a checkpoint took this process, on average.",
     checkpoint_seconds},
};

/* What a run goes by: its name among all of the store's, else its path. */
static const char *label_of(const struct spt_watched_run *run, const struct spt_store_run *all, char **names,
                            size_t count) {
    for (size_t i = 0; run->run && i < count; i++)
        if (all[i].id == run->run->id) return names[i];
    return run->path;
}

static void put_states(struct spt_text *out, const struct spt_watched_run *runs, const char *const *labels,
                       size_t count) {
    static const char NAME[] = "spectail_watch_checkpoints";
    spt_prometheus_put_gauge(out, NAME, "Checkpoints that the watch sees, in each state.");
    for (size_t i = 0; i < count; i++)
        for (size_t s = 0; labels[i] && s <= SPT_WATCHED_REFUSED; s++) {
            const struct spt_prometheus_label label[] = {{"run", labels[i]},
                                                         {"state", spt_watched_state_name((enum spt_watched_state)s)}};
            spt_prometheus_put_sample(out, NAME, label, 2, (double)runs[i].states[s]);
        }
}

static void put_gauge(struct spt_text *out, const struct run_gauge *gauge, const struct spt_watched_run *runs,
                      const char *const *labels, size_t count) {
    bool begun = false;
    for (size_t i = 0; i < count; i++) {
        const struct spt_watch_lag lag = spt_watch_lag_of(&runs[i]);
        const double value = gauge->value(&runs[i], &lag);
        if (isnan(value) || !labels[i]) continue;
        if (!begun) spt_prometheus_put_gauge(out, gauge->name, gauge->help);
        begun = true;
        spt_prometheus_put_sample(out, gauge->name, &(struct spt_prometheus_label){"run", labels[i]}, 1, value);
    }
}

/* labels [count] out, NULL for a run whose label another one has (a folder that is watched by two names): a sample that comes twice would
 * spoil the whole file. */
static void label_all(const struct spt_watched_run *runs, size_t count, const struct spt_store_run *all, char **names,
                      size_t all_count, const char **labels) {
    for (size_t i = 0; i < count; i++) {
        labels[i] = label_of(&runs[i], all, names, all_count);
        for (size_t k = 0; k < i; k++)
            if (labels[i] && labels[k] && strcmp(labels[i], labels[k]) == 0) labels[i] = NULL;
    }
}

static enum spt_status put_watch(struct spt_text *out, struct spt_store *store, const struct spt_watched_run *runs,
                                 size_t count, struct spt_error *error) {
    static const char LOOK[] = "spectail_watch_last_look_timestamp_seconds";
    struct spt_store_run *all = NULL;
    size_t all_count = 0;
    enum spt_status status = spt_store_runs(store, &all, &all_count, error);
    if (status != SPT_OK) return status;
    char **names = spt_run_names(all, all_count);
    const char **labels = spt_alloc(count, sizeof *labels);
    if (!names || !labels) status = spt_fail_memory(error, count * sizeof *labels, "the names of runs");
    if (status == SPT_OK) {
        label_all(runs, count, all, names, all_count, labels);
        spt_prometheus_put_gauge(out, LOOK, "When the watch last looked at its runs.");
        spt_prometheus_put_sample(out, LOOK, NULL, 0, (double)time(NULL));
        put_states(out, runs, labels, count);
        for (size_t g = 0; g < sizeof RUN_GAUGES / sizeof *RUN_GAUGES; g++)
            put_gauge(out, &RUN_GAUGES[g], runs, labels, count);
    }
    free(labels);
    if (names) spt_run_names_free(names, all_count);
    spt_store_free_runs(all, all_count);
    return status;
}

/* --- the file --- */

static enum spt_status put_all(struct spt_textfile *textfile, struct spt_store *store,
                               const struct spt_watched_run *runs, size_t count, struct spt_error *error) {
    int64_t *ids = spt_alloc(count, sizeof *ids);
    size_t known = 0;
    if (!ids) return spt_fail_memory(error, count * sizeof *ids, "the runs of a watch");
    for (size_t i = 0; i < count; i++)
        if (runs[i].run) ids[known++] = runs[i].run->id;
    enum spt_status status = spt_prometheus_put(&textfile->text, store, ids, known, textfile->choice, error);
    free(ids);
    if (status == SPT_OK) status = put_watch(&textfile->text, store, runs, count, error);
    if (status == SPT_OK && textfile->text.failed)
        status = spt_fail_memory(error, textfile->text.length, "a text for Prometheus");
    return status;
}

static void write_file(struct spt_textfile *textfile, struct spt_store *store, const struct spt_watched_run *runs,
                       size_t count) {
    struct spt_error error = {0};
    const double began = spt_progress_now();
    spt_text_clear(&textfile->text);
    textfile->text.failed = false;
    enum spt_status status = put_all(textfile, store, runs, count, &error);
    if (status == SPT_OK)
        status = spt_file_write_fleeting(textfile->path, textfile->text.data, textfile->text.length, &error);
    if (status != SPT_OK && !textfile->failed)
        spt_log(textfile->log, SPT_LOG_WARNING, "%s: %s; the watch goes on, and writes it as soon as it can",
                textfile->path, error.message);
    textfile->failed = status != SPT_OK;
    textfile->written = spt_progress_now();
    textfile->cost = textfile->written - began;
}

/* Remembers how the runs stand. false: as they did. */
static bool mark_changes(struct spt_textfile *textfile, const struct spt_watched_run *runs, size_t count) {
    bool changed = count != textfile->mark_count;
    if (!spt_grow((void **)&textfile->marks, &textfile->mark_capacity, count, sizeof *textfile->marks)) return true;
    for (size_t i = 0; i < count; i++) {
        struct mark mark;
        memset(&mark, 0, sizeof mark);
        mark.run = runs[i].run ? runs[i].run->id : 0;
        mark.newest = runs[i].newest;
        mark.analysed = runs[i].analysed;
        memcpy(mark.states, runs[i].states, sizeof mark.states);
        changed = changed || i >= textfile->mark_count || memcmp(&textfile->marks[i], &mark, sizeof mark) != 0;
        textfile->marks[i] = mark;
    }
    textfile->mark_count = count;
    return changed;
}

static void on_state(void *context, struct spt_store *store, const struct spt_watched_run *runs, size_t count,
                     int current) {
    struct spt_textfile *textfile = context;
    const double rest = spt_progress_now() - textfile->written;
    if (mark_changes(textfile, runs, count)) textfile->dirty = true;
    const bool often = !spt_watch_rests(runs, count, current) && rest < textfile->cost / COST_SHARE;
    if (textfile->dirty ? often : rest < REST_SECONDS) return;
    write_file(textfile, store, runs, count);
    textfile->dirty = false;
}

static void on_end(void *context, struct spt_store *store, const struct spt_watched_run *run,
                   const struct spt_checkpoint_ref *ref, const struct spt_outcome *outcome) {
    struct spt_textfile *textfile = context;
    (void)store, (void)run, (void)ref;
    if (!outcome->stopped) textfile->dirty = true; /* the look that follows writes: it knows all runs */
}

/* --- life --- */

enum spt_status spt_textfile_new(const char *path, const struct spt_figure_choice *choice, const struct spt_log *log,
                                 struct spt_textfile **textfile, struct spt_error *error) {
    struct spt_textfile *made = calloc(1, sizeof *made);
    if (!made || !(made->path = spt_strdup(path))) {
        free(made);
        return spt_fail_memory(error, sizeof *made, "a text file");
    }
    made->choice = choice;
    made->log = log;
    made->written = -INFINITY;
    const enum spt_status status = spt_file_write_fleeting(path, "", 0, error);
    if (status != SPT_OK) {
        spt_textfile_free(made);
        return status;
    }
    *textfile = made;
    return SPT_OK;
}

void spt_textfile_free(struct spt_textfile *textfile) {
    if (!textfile) return;
    free(textfile->marks);
    free(textfile->path);
    spt_text_release(&textfile->text);
    free(textfile);
}

struct spt_watch_observer spt_textfile_observer(struct spt_textfile *textfile) {
    return (struct spt_watch_observer){.context = textfile, .state = on_state, .end = on_end};
}
