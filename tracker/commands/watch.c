#include "tracker/watch/watch.h"

#include "plots/plot.h"
#include "tracker/commands/commands.h"
#include "tracker/formats/tensorboard.h"
#include "tracker/network.h"
#include "tracker/priority.h"
#include "tracker/signals.h"
#include "tracker/watch/heartbeat.h"
#include "tracker/watch/lines.h"
#include "tracker/watch/redraw.h"
#include "tracker/watch/textfile.h"
#include "tracker/watch/view.h"

#include <stdio.h>
#include <unistd.h>

/* Those who are told of the watch, and what they keep. */
enum { MOST_OBSERVERS = 8 };

struct job {
    struct spt_invocation *invocation;
    struct spt_log plain, log; /* log: the plain one, or the view's, which writes around what is drawn */
    struct spt_signals signals;
    struct spt_store *store;
    struct spt_view *view;
    struct spt_lines *lines;
    struct spt_heartbeat *heartbeat;
    struct spt_figure_choice scalars;
    struct spt_tensorboard_watch *tensorboard;
    struct spt_textfile *textfile;
    struct spt_redraw *redraw;
    struct spt_watch_observer observers[MOST_OBSERVERS];
    size_t observer_count;
};

/* The view leaves its last state before anything else is said. */
static void close_observers(struct job *job) {
    spt_redraw_free(job->redraw);
    spt_textfile_free(job->textfile);
    spt_tensorboard_watch_free(job->tensorboard);
    spt_heartbeat_free(job->heartbeat);
    spt_lines_free(job->lines);
    spt_view_free(job->view);
    job->redraw = NULL;
    job->textfile = NULL;
    job->tensorboard = NULL;
    job->heartbeat = NULL;
    job->lines = NULL;
    job->view = NULL;
    job->observer_count = 0;
}

/* --- signals: the first ends it between checkpoints, the second at once --- */

static bool is_stopped(void *context) {
    return spt_signals_count(&((struct job *)context)->signals) >= 1;
}

static bool is_urgent(void *context) {
    return spt_signals_count(&((struct job *)context)->signals) >= 2;
}

/* --- who is told --- */

static void add_observer(struct job *job, struct spt_watch_observer observer) {
    job->observers[job->observer_count++] = observer;
}

static enum spt_status show_on_terminal(struct job *job, struct spt_error *error) {
    const enum spt_status status = spt_view_new(STDERR_FILENO, &job->invocation->config, &job->view, error);
    if (status != SPT_OK) return status;
    job->log = spt_view_log(job->view, &job->plain);
    add_observer(job, spt_view_observer(job->view));
    return SPT_OK;
}

static enum spt_status show_in_lines(struct job *job, struct spt_error *error) {
    const enum spt_status status = spt_lines_new(stderr, &job->lines, error);
    if (status == SPT_OK) add_observer(job, spt_lines_observer(job->lines));
    return status;
}

static enum spt_status keep_heartbeat(struct job *job, struct spt_error *error) {
    const char *path = job->invocation->config.watch.heartbeat;
    const enum spt_status status = path ? spt_heartbeat_new(path, &job->log, &job->heartbeat, error) : SPT_OK;
    if (job->heartbeat) add_observer(job, spt_heartbeat_observer(job->heartbeat));
    return status;
}

static enum spt_status keep_scalars(struct job *job, struct spt_error *error) {
    const char *folder = job->invocation->config.watch.tensorboard;
    const enum spt_status status =
        folder ? spt_tensorboard_watch_new(folder, &job->scalars, &job->log, &job->tensorboard, error) : SPT_OK;
    if (job->tensorboard) add_observer(job, spt_tensorboard_watch_observer(job->tensorboard));
    return status;
}

static enum spt_status keep_textfile(struct job *job, struct spt_error *error) {
    const char *path = job->invocation->config.watch.prometheus;
    const enum spt_status status =
        path ? spt_textfile_new(path, &job->scalars, &job->log, &job->textfile, error) : SPT_OK;
    if (job->textfile) add_observer(job, spt_textfile_observer(job->textfile));
    return status;
}

static enum spt_status keep_figures(struct job *job, struct spt_error *error) {
    const struct spt_config *config = &job->invocation->config;
    const enum spt_status status =
        config->watch.plots ? spt_redraw_new(config, &job->log, is_urgent, job, &job->redraw, error) : SPT_OK;
    if (job->redraw) add_observer(job, spt_redraw_observer(job->redraw));
    return status;
}

/* What is written first is seen first: figures, which take longest, come last. */
static enum spt_status open_observers(struct job *job, struct spt_error *error) {
    enum spt_status status = SPT_OK;
    job->log = job->plain;
    if (!job->invocation->quiet)
        status = spt_view_possible(STDERR_FILENO) ? show_on_terminal(job, error) : show_in_lines(job, error);
    job->scalars.heads = job->invocation->config.keep != 0;
    if (status == SPT_OK) status = keep_heartbeat(job, error);
    if (status == SPT_OK) status = keep_scalars(job, error);
    if (status == SPT_OK) status = keep_textfile(job, error);
    return status == SPT_OK ? keep_figures(job, error) : status;
}

/* --- the command --- */

static int watch_runs(struct job *job, const char *const *paths, size_t count) {
    const struct spt_watch_options options = {
        .config = &job->invocation->config,
        .log = &job->log,
        .store = job->store,
        .observers = job->observers,
        .observer_count = job->observer_count,
        .once = spt_invocation_value(job->invocation, "once") != NULL,
        .stop = is_stopped,
        .urgent = is_urgent,
        .context = job,
    };
    struct spt_watch *watch = NULL;
    struct spt_error error;
    size_t failed = 0;
    enum spt_status status = spt_watch_new(&options, &watch, &error);
    bool user = false;
    for (size_t i = 0; status == SPT_OK && i < count; i++) {
        status = spt_watch_add(watch, paths[i], &error);
        user = status == SPT_INVALID;
    }
    if (status == SPT_OK) {
        status = spt_watch_run(watch, &failed, &error);
        user = spt_watch_is_users_failure(watch);
        if (job->redraw) spt_redraw_finish(job->redraw, job->store);
    }
    spt_watch_free(watch);
    spt_view_finish(job->view); /* before a failure is printed: it stands below what was drawn */
    if (status != SPT_OK) return spt_invocation_fail(job->invocation, user ? SPT_EXIT_USAGE : SPT_EXIT_STORE, &error);
    return options.once && failed ? SPT_EXIT_PARTIAL : SPT_EXIT_DONE;
}

static int watch(struct job *job, const char *const *paths, size_t count) {
    const struct spt_config *config = &job->invocation->config;
    struct spt_error error;
    double wait;
    const int waits = spt_invocation_wait(job->invocation, &wait);
    if (waits != SPT_EXIT_DONE) return waits;
    if (spt_watch_check(config, &error) != SPT_OK) return spt_invocation_fail(job->invocation, SPT_EXIT_USAGE, &error);
    spt_network_warn(config->db, &job->plain);
    if (spt_store_open(config->db, SPT_STORE_WRITE, wait, &job->store, &error) != SPT_OK)
        return spt_invocation_fail(job->invocation, SPT_EXIT_STORE, &error);
    spt_signals_block(); /* not before: who waits for another writer may be interrupted */
    const int status = open_observers(job, &error) == SPT_OK
                           ? watch_runs(job, paths, count)
                           : spt_invocation_fail(job->invocation, SPT_EXIT_OUTPUT, &error);
    close_observers(job);
    spt_store_close(job->store);
    spt_signals_unblock();
    return status;
}

static int run(struct spt_invocation *invocation) {
    size_t count;
    const char *const *paths = spt_invocation_runs(invocation, &count);
    if (count == 0)
        return spt_invocation_usage(invocation, "which run? usage: spectail watch DIR [options], or run: in --config");
    if (count > 1 && invocation->config.name)
        return spt_invocation_usage(invocation,
                                    "--name is the name of one run, and there are %zu; leave it out: each has "
                                    "its folder's",
                                    count);
    if (invocation->config.watch.plots && invocation->config.plots.format == SPT_PLOT_TERM)
        return spt_invocation_usage(invocation, "--format: found term, expected svg, png or pdf: --plots keeps files");
    struct job job = {.invocation = invocation, .plain = spt_invocation_log(invocation)};
    if (invocation->config.every > 1)
        spt_log(&job.plain, SPT_LOG_WARNING,
                "every is for sweeps, which know all steps: a watch analyses every checkpoint of --steps");
    spt_priority_set(&invocation->config, &job.plain);
    return watch(&job, paths, count);
}

static const struct spt_option OPTIONS[] = {
    {"once", '1', NULL, "end when all that is complete is analysed"},
    {"wait", 0, "SECONDS", "wait so long for another writer of the store (default 0)"},
};
static const char *const KEYS[] = {
    "db",
    "name",
    "watch.quiet_period",
    "watch.interval",
    "watch.deadline",
    "watch.plots",
    "watch.tensorboard",
    "watch.prometheus",
    "watch.heartbeat",
    "priority",
    "probe",
    "ids",
    "samples",
    "steps",
    "metrics",
    "bos",
    "model_config",
    "tokenizer",
    "step_pattern",
    "references",
    "symmetrize",
    "topology_dimension",
    "bootstrap",
    "null_draws",
    "control",
    "keep",
    "keep_draws",
    "plots.format",
    "plots.metric",
    "plots.layer",
    "threads",
    "header_limit",
    "tmpdir",
    "spool_limit",
    "read_ahead",
};

const struct spt_command SPT_COMMAND_WATCH = {
    .name = "watch",
    .summary = "tail training runs: analyse each checkpoint as it is written",
    .arguments = "[DIR...]",
    .arguments_max = 1000,
    .description =
        "Stays beside a training job and analyses every checkpoint of DIR as soon as it is complete: when its files were unchanged for "
        "the quiet period, the file that its trainer writes last is there, and the whole of it was read and found to be the same "
        "before and after. Checkpoints may come out of order, be renamed into place, overwritten (they are analysed again) or removed; "
        "DIR need not exist yet. What is not complete is tried again, longer apart each time, and recorded as incomplete after the "
        "deadline; a checkpoint that breaks its format is left alone until its files change. Several DIRs go into one store and take "
        "turns. A terminal shows how all runs stand, drawn anew in its place (without colours where NO_COLOR is set); elsewhere there is a "
        "line for each checkpoint, for each that begins to wait and each that is refused. SIGTERM or Ctrl-C ends it after the checkpoint at hand, a second one at once; no checkpoint is lost, the next start "
        "goes on. With --control shuffled each checkpoint is analysed for the run's control as well, next after the run. --once ends when all that is complete is analysed: for cron, or after the training.",
    .example = "spectail watch runs/pythia-70m --db pythia.db --plots figures --tensorboard logs\n"
               "spectail watch --config configs/tail.yaml --priority low",
    .options = OPTIONS,
    .option_count = sizeof OPTIONS / sizeof *OPTIONS,
    .keys = KEYS,
    .key_count = sizeof KEYS / sizeof *KEYS,
    .run = run,
};
