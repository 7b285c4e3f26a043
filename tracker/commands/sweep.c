#include "tracker/sweep.h"

#include "checkpoints/base/file.h"
#include "checkpoints/base/memory.h"
#include "checkpoints/base/text.h"
#include "tracker/commands/commands.h"
#include "tracker/external.h"
#include "tracker/fetch.h"
#include "tracker/fetched_run.h"
#include "tracker/metric_choice.h"
#include "tracker/network.h"
#include "tracker/priority.h"
#include "tracker/run_options.h"
#include "tracker/shard.h"
#include "tracker/signals.h"
#include "tracker/sweep_report.h"

#include <stdlib.h>
#include <unistd.h>

/* One run on its way through the command. */
struct job {
    struct spt_invocation *invocation;
    struct spt_log log;
    struct spt_run *run;
    /* Those that are asked for, on all machines: what the run's model and probe are read from, so that all shards agree. */
    const struct spt_checkpoint_ref **asked; /* [asked_count] */
    size_t asked_count;
    const struct spt_checkpoint_ref **refs; /* [ref_count] those of them that are this shard's */
    size_t ref_count;
    struct spt_session session;
    struct spt_session control; /* the run's, where one is asked for; else closed */
    struct spt_store *store;
    struct spt_run_options options;
    bool fetches;                /* the run is one that is fetched */
    struct spt_fetched *fetched; /* by this */
    struct spt_alerts *alerts;
    struct spt_progress progress;
    struct spt_sweep sweep;
};

static void job_release(struct job *job) {
    spt_sweep_release(&job->sweep);
    spt_fetched_free(job->fetched);
    spt_alerts_free(job->alerts);
    spt_session_release(&job->session);
    spt_session_release(&job->control);
    spt_store_close(job->store);
    free(job->refs);
    free(job->asked);
    spt_run_close(job->run);
}

static const char *name_of(const struct job *job) {
    const char *name = job->invocation->config.name;
    return name ? name : job->run->name;
}

static bool is_open(const struct job *job) {
    return job->session.name != NULL;
}

static bool has_control(const struct job *job) {
    return job->control.name != NULL;
}

static struct spt_sweep_report report_of(const struct job *job) {
    return (struct spt_sweep_report){
        .invocation = job->invocation, .name = name_of(job), .session = &job->session, .sweep = &job->sweep};
}

static struct spt_sweep_report report_of_control(const struct job *job) {
    return (struct spt_sweep_report){
        .invocation = job->invocation, .name = job->control.name, .session = &job->control, .sweep = &job->sweep};
}

/* --- before the store is touched --- */

/* Of the run's checkpoints those that are asked for, and of them this shard's. */
static enum spt_status choose(struct job *job, struct spt_error *error) {
    const struct spt_config *config = &job->invocation->config;
    job->asked = spt_alloc(job->run->count, sizeof *job->asked);
    job->refs = spt_alloc(job->run->count, sizeof *job->refs);
    if (!job->asked || !job->refs) return spt_fail_memory(error, job->run->count * sizeof *job->refs, "a run");
    for (size_t i = 0, within = 0; i < job->run->count; i++) {
        const struct spt_checkpoint_ref *ref = &job->run->refs[i];
        if (!spt_config_steps_has(config->steps, ref->step)) continue;
        if (within++ % (size_t)config->every == 0) job->asked[job->asked_count++] = ref;
    }
    for (size_t i = 0; i < job->asked_count; i++)
        if (spt_shard_has(config->shard, i)) job->refs[job->ref_count++] = job->asked[i];
    if (job->asked_count) return SPT_OK;
    return spt_config_reject(config, "steps", error, "none of the %zu checkpoints of %s has such a step",
                             job->run->count, job->run->root);
}

/* Lists the run at path, or the one that is fetched. A second call lists it anew. */
static enum spt_status open_run(struct job *job, const char *path, struct spt_error *error) {
    free(job->refs);
    free(job->asked);
    spt_run_close(job->run);
    job->refs = job->asked = NULL;
    job->ref_count = job->asked_count = 0;
    job->run = NULL;
    const enum spt_status status = job->fetches ? spt_fetched_list(&job->invocation->config, &job->run, error)
                                                : spt_run_open(path, &job->options, &job->run, error);
    return status == SPT_OK ? choose(job, error) : status;
}

static enum spt_status open_session(struct job *job, struct spt_error *error) {
    const struct spt_config *config = &job->invocation->config;
    const enum spt_control control = (enum spt_control)config->control;
    enum spt_status status =
        spt_session_open(&job->session, config, &job->log, job->run, job->asked, job->asked_count, error);
    if (status != SPT_OK || control == SPT_CONTROL_NONE) return status;
    status = spt_session_open_control(&job->control, control, config, &job->log, job->run, job->asked, job->asked_count,
                                      error);
    if (status != SPT_OK) spt_session_release(&job->session);
    return status;
}

/* Of a run that is fetched neither model nor tokenizer may be known yet: then the session stays closed, and that is no failure. */
static enum spt_status prepare(struct job *job, const char *path, struct spt_error *error) {
    const struct spt_config *config = &job->invocation->config;
    const bool dry = spt_invocation_value(job->invocation, "dry-run") != NULL;
    job->options = spt_run_options_of(config, &job->log);
    enum spt_status status = spt_metric_check_plots(config, error);
    if (status == SPT_OK) status = spt_alerts_check(config, error);
    if (status == SPT_OK && job->fetches) status = spt_fetch_check(config, error);
    if (status == SPT_OK && job->fetches && !dry) status = spt_file_make_directories(config->fetch_dir, error);
    if (status == SPT_OK) status = open_run(job, path, error);
    if (status != SPT_OK) return status;
    status = open_session(job, error);
    return job->fetches && status == SPT_RETRY ? SPT_OK : status;
}

/* --- the store --- */

static bool is_forced(const struct job *job) {
    return spt_invocation_value(job->invocation, "force") != NULL;
}

static int open_store(struct job *job) {
    struct spt_error error;
    double wait;
    const int waits = spt_invocation_wait(job->invocation, &wait);
    if (waits != SPT_EXIT_DONE) return waits;
    spt_network_warn(job->invocation->config.db, &job->log);
    if (spt_store_open(job->invocation->config.db, SPT_STORE_WRITE, wait, &job->store, &error) != SPT_OK)
        return spt_invocation_fail(job->invocation, SPT_EXIT_STORE, &error);
    return SPT_EXIT_DONE;
}

static int attach(struct job *job) {
    struct spt_error error;
    enum spt_status status = spt_session_attach(&job->session, job->store, true, is_forced(job), &error);
    if (status == SPT_OK && has_control(job))
        status = spt_session_attach(&job->control, job->store, true, is_forced(job), &error);
    if (status == SPT_OK) return SPT_EXIT_DONE;
    const bool taken = job->session.taken || job->control.taken;
    return spt_invocation_fail(job->invocation, taken ? SPT_EXIT_USAGE : SPT_EXIT_STORE, &error);
}

/* --- the command --- */

static bool stop_asked(void *context) {
    (void)context;
    return spt_signals_pending();
}

static enum spt_status plan_sweep(struct job *job, struct spt_error *error) {
    job->sweep = (struct spt_sweep){
        .refs = job->refs,
        .ref_count = job->ref_count,
        .session = &job->session,
        .control = has_control(job) ? &job->control : NULL,
        .force = is_forced(job),
        .fetches = job->fetches,
        .fetched = job->fetched,
        .progress = &job->progress,
        .stop = stop_asked,
    };
    return spt_sweep_plan(&job->sweep, error);
}

/* Shows what would be done; a store that does not exist yet is not made. */
static int dry_run(struct job *job) {
    struct spt_error error;
    enum spt_status status = SPT_OK;
    if (access(job->invocation->config.db, F_OK) == 0) {
        status = spt_store_open(job->invocation->config.db, SPT_STORE_READ, 0, &job->store, &error);
        if (status == SPT_OK && is_open(job))
            status = spt_session_attach(&job->session, job->store, false, false, &error);
        if (status == SPT_OK && has_control(job))
            status = spt_session_attach(&job->control, job->store, false, false, &error);
    }
    if (status == SPT_OK) status = plan_sweep(job, &error);
    if (status != SPT_OK) return spt_invocation_fail(job->invocation, SPT_EXIT_STORE, &error);
    const struct spt_sweep_report report = report_of(job), control = report_of_control(job);
    const int said = spt_sweep_report_tasks(&report);
    return said == SPT_EXIT_DONE && has_control(job) ? spt_sweep_report_tasks(&control) : said;
}

static void say(void *context, const char *line) {
    spt_progress_say(context, line);
}

static int stopped(const struct job *job, size_t todo) {
    const int signal = spt_signals_take();
    fprintf(stderr, "spectail sweep: stopped; %zu of %zu checkpoints are done%s, %s\n", job->sweep.analysed, todo,
            has_control(job) ? ", those of the control among them" : "",
            is_forced(job) ? "the same command does them all again; --steps names those that are left"
                           : "the same command goes on from there");
    return 128 + signal;
}

/* What is fetched anew has new files, and so a new row that takes the place of the old one: it has to hold all that the old one holds. */
static enum spt_status widen_for_fetched(struct job *job, struct spt_error *error) {
    bool again = false;
    for (size_t i = 0; i < job->sweep.task_count; i++)
        again |= job->sweep.tasks[i].kind == SPT_TASK_ANALYSE && job->sweep.tasks[i].state == SPT_STATE_ANALYSED;
    enum spt_status status = again ? spt_session_attach(&job->session, job->store, true, true, error) : SPT_OK;
    if (again && status == SPT_OK && has_control(job))
        status = spt_session_attach(&job->control, job->store, true, true, error);
    return status;
}

/* Random attention, and what the checkpoints are analysed with. Nulls also where nothing is left to analyse: a store of an earlier version
 * has fewer of them. */
static enum spt_status make_ready(struct job *job, struct spt_error *error) {
    struct spt_session *const sessions[] = {&job->session, &job->control};
    enum spt_status status = SPT_OK;
    for (size_t i = 0; status == SPT_OK && i < (has_control(job) ? 2 : 1); i++) {
        sessions[i]->say = say;
        sessions[i]->say_context = &job->progress;
        if (job->sweep.ref_count) status = spt_session_nulls(sessions[i], stop_asked, NULL, error);
        if (job->sweep.todo && status == SPT_OK) status = spt_session_analysis(sessions[i], stop_asked, NULL, error);
    }
    return status;
}

/* A failure while sweeping is the store's or the machine's: what is the checkpoint's own is recorded. */
static int do_sweep(struct job *job) {
    struct spt_error error;
    const struct spt_sweep_report report = report_of(job), control = report_of_control(job);
    enum spt_status status = plan_sweep(job, &error);
    if (status == SPT_OK && job->fetches) status = widen_for_fetched(job, &error);
    if (status != SPT_OK) return spt_invocation_fail(job->invocation, SPT_EXIT_STORE, &error);
    status =
        spt_external_store(job->store, job->session.identity.id, job->run, &job->invocation->config, &job->log, &error);
    /* What an earlier sweep did not live to tell is told now. A shard sees every N-th checkpoint only: whoever has the whole series judges. */
    if (status == SPT_OK && job->invocation->config.shard.count <= 1)
        status = spt_alerts_new(&job->invocation->config, &job->log, job->store, &job->session.identity, stop_asked,
                                stop_asked, NULL, &job->alerts, &error);
    job->sweep.alerts = job->alerts;
    if (status == SPT_INVALID) return spt_invocation_fail(job->invocation, SPT_EXIT_USAGE, &error);
    if (status != SPT_OK) return spt_invocation_fail(job->invocation, SPT_EXIT_STORE, &error);
    spt_sweep_report_plan(&report);
    if (has_control(job)) spt_sweep_report_plan(&control);
    spt_progress_init(&job->progress, stderr, job->sweep.todo, job->invocation->quiet);
    status = make_ready(job, &error);
    if (job->sweep.todo && status == SPT_OK) status = spt_sweep_run(&job->sweep, &error);
    if (status == SPT_END || job->sweep.stopped) return stopped(job, job->sweep.todo);
    if (status != SPT_OK)
        return spt_invocation_fail(job->invocation, job->sweep.fetch_failed ? SPT_EXIT_OUTPUT : SPT_EXIT_STORE, &error);
    const int said = spt_sweep_report_summary(&report);
    const size_t failed = spt_sweep_report_failures(&report);
    return said == SPT_EXIT_DONE && failed ? SPT_EXIT_PARTIAL : said;
}

/* Not one checkpoint came, and nobody knows what the run is: there is no row to write that to but among the events. */
static int nothing_fetched(struct job *job, const struct spt_error *why) {
    struct spt_error error;
    struct spt_text sentence = {0};
    char name[256];
    spt_text_printable(name, sizeof name, name_of(job));
    spt_text_format(&sentence, "%s: none of %zu checkpoints can be fetched: %s%s%s", name, job->ref_count, why->path,
                    why->path[0] ? ": " : "", why->message);
    struct spt_store_event event = {
        .kind = (char[]){"fetch"}, .step = SPT_NO_STEP, .branch = (char[]){""}, .text = sentence.data};
    const enum spt_status status = sentence.failed ? spt_fail_memory(&error, sentence.length, "an event")
                                                   : spt_store_add_event(job->store, &event, &error);
    if (status == SPT_OK) fprintf(stderr, "spectail sweep: %s\n", sentence.data);
    spt_text_release(&sentence);
    return status == SPT_OK ? SPT_EXIT_PARTIAL : spt_invocation_fail(job->invocation, SPT_EXIT_STORE, &error);
}

/* Fetches what tells the run's model and probe, where neither the configuration nor an earlier sweep does. */
static int discover(struct job *job) {
    struct spt_error error;
    enum spt_status status =
        spt_fetched_new(&job->invocation->config, &job->log, &job->options, stop_asked, NULL, &job->fetched, &error);
    if (status == SPT_OK && is_open(job)) return SPT_EXIT_DONE;
    if (status == SPT_OK && job->ref_count == 0) {
        if (!job->invocation->quiet) fprintf(stderr, "%s: nothing to do: this shard has no checkpoint\n", name_of(job));
        return SPT_EXIT_DONE;
    }
    if (status == SPT_OK) status = spt_fetched_discover(job->fetched, job->refs, job->ref_count, &error);
    if (status == SPT_END) return stopped(job, job->ref_count);
    if (status == SPT_IO) return nothing_fetched(job, &error);
    if (status == SPT_OK) status = open_run(job, NULL, &error);
    if (status == SPT_OK) status = open_session(job, &error);
    return status == SPT_OK ? SPT_EXIT_DONE : spt_invocation_fail(job->invocation, SPT_EXIT_USAGE, &error);
}

/* path NULL: of a run that is fetched. */
static int sweep_run(struct spt_invocation *invocation, const char *path) {
    struct job job = {.invocation = invocation, .log = spt_invocation_log(invocation), .fetches = !path};
    struct spt_error error;
    int status = SPT_EXIT_DONE;
    if (prepare(&job, path, &error) != SPT_OK)
        status = spt_invocation_fail(invocation, SPT_EXIT_USAGE, &error);
    else if (spt_invocation_value(invocation, "dry-run"))
        status = dry_run(&job);
    else {
        status = open_store(&job);
        spt_signals_block(); /* not before: who waits for another writer may be interrupted */
        if (status == SPT_EXIT_DONE && job.fetches) status = discover(&job);
        if (status == SPT_EXIT_DONE && is_open(&job)) status = attach(&job);
        if (status == SPT_EXIT_DONE && is_open(&job)) status = do_sweep(&job);
        spt_signals_unblock();
    }
    job_release(&job);
    return status;
}

static int run(struct spt_invocation *invocation) {
    size_t count;
    const char *const *paths = spt_invocation_runs(invocation, &count);
    const bool fetches = invocation->config.fetch.count && !invocation->argument_count;
    if (fetches && count)
        return spt_invocation_usage(invocation, "the configuration has both run and fetch, expected one of them");
    if (count == 0 && !fetches)
        return spt_invocation_usage(invocation, "which run? usage: spectail sweep RUN [options], or run: in --config");
    const struct spt_log log = spt_invocation_log(invocation);
    spt_priority_set(&invocation->config, &log);
    if (fetches) return sweep_run(invocation, NULL);
    int worst = SPT_EXIT_DONE;
    for (size_t i = 0; i < count && worst <= SPT_EXIT_PARTIAL; i++) {
        const int status = sweep_run(invocation, paths[i]);
        if (status > worst) worst = status;
    }
    return worst;
}

static const struct spt_option OPTIONS[] = {
    {"dry-run", 'n', NULL, "show what would be analysed, and do nothing"},
    {"force", 'f', NULL, "analyse again what is analysed or was refused, and replace its figures"},
    {"wait", 0, "SECONDS", "wait so long for another writer of the store (default 0)"},
};
static const char *const KEYS[] = {
    "db",          "name",         "probe",      "ids",         "samples",
    "steps",       "every",        "metrics",    "bos",         "model_config",
    "tokenizer",   "step_pattern", "references", "symmetrize",  "topology_dimension",
    "bootstrap",   "null_draws",   "control",    "keep",        "keep_draws",
    "threads",     "header_limit", "read_ahead", "priority",    "shard",
    "fetch_steps", "fetch_dir",    "tmpdir",     "spool_limit",
};

const struct spt_command SPT_COMMAND_SWEEP = {
    .name = "sweep",
    .summary = "analyse what of a run is not yet analysed",
    .arguments = "[RUN...]",
    .arguments_max = 1000,
    .description =
        "Runs one forward pass of the probe through each checkpoint of RUN that the store does not hold yet, measures every "
        "attention matrix, and stores the figures. RUN is a folder of checkpoints, an HF Trainer folder, a hub cache or a "
        "single checkpoint, or one of these in an archive (.tar, .tar.gz, .tar.zst, .tar.xz, .tar.bz2, .zip), of which nothing is "
        "extracted. It may be stopped at any time and goes on where it was; a group of metrics that is missing is "
        "added. A checkpoint that cannot be analysed is recorded with its reason, and the sweep goes on. A run larger than "
        "the disk is fetched, two checkpoints at a time, by a command that the configuration names (fetch); then no RUN is "
        "given. Many machines share a run by --shard, each with a store of its own.\n\n"
        "--control shuffled asks each checkpoint a second time, about the same samples with the tokens of each in another order "
        "(special tokens stay where they are; the order is the same for every checkpoint). What a figure owes to the order of "
        "the words, the run has and its control has not; what both have is owed to lengths and vocabulary. The control is a run "
        "of its own in the store, \"NAME (shuffled)\", which figures draw beside the run; a sweep without the option leaves it "
        "as it is.",
    .example = "spectail sweep runs/pythia-70m --samples 100 --steps 0:1000 --metrics sinks,rmt\n"
               "spectail sweep --config configs/demo.yaml\n"
               "spectail sweep --config configs/paper.yaml --db paper.db runs/pythia-70m\n"
               "spectail sweep runs/pythia-70m --shard 2/8 --db shard-2.db --priority low",
    .options = OPTIONS,
    .option_count = sizeof OPTIONS / sizeof *OPTIONS,
    .keys = KEYS,
    .key_count = sizeof KEYS / sizeof *KEYS,
    .run = run,
};
