#include "tracker/sweep.h"

#include "checkpoints/base/memory.h"
#include "tracker/commands/commands.h"
#include "tracker/external.h"
#include "tracker/metric_choice.h"
#include "tracker/network.h"
#include "tracker/priority.h"
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
    struct spt_store *store;
    struct spt_progress progress;
    struct spt_sweep sweep;
};

static void job_release(struct job *job) {
    spt_sweep_release(&job->sweep);
    spt_session_release(&job->session);
    spt_store_close(job->store);
    free(job->refs);
    free(job->asked);
    spt_run_close(job->run);
}

static struct spt_sweep_report report_of(const struct job *job) {
    return (struct spt_sweep_report){.invocation = job->invocation, .session = &job->session, .sweep = &job->sweep};
}

/* --- before the store is touched --- */

static enum spt_status open_run(struct job *job, const char *path, struct spt_error *error) {
    const struct spt_config *config = &job->invocation->config;
    const struct spt_run_options options = {
        .step_pattern = config->step_pattern,
        .model_config = config->model_config,
        .tokenizer = config->tokenizer,
        .log = &job->log,
    };
    const enum spt_status status = spt_run_open(path, &options, &job->run, error);
    if (status != SPT_OK) return status;
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

static enum spt_status prepare(struct job *job, const char *path, struct spt_error *error) {
    const struct spt_config *config = &job->invocation->config;
    enum spt_status status = spt_metric_check_plots(config, error);
    if (status == SPT_OK) status = open_run(job, path, error);
    if (status == SPT_OK)
        status = spt_session_open(&job->session, config, &job->log, job->run, job->asked, job->asked_count, error);
    return status;
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
    enum spt_status status = spt_store_open(job->invocation->config.db, SPT_STORE_WRITE, wait, &job->store, &error);
    if (status == SPT_OK) status = spt_session_attach(&job->session, job->store, true, is_forced(job), &error);
    if (status == SPT_OK) return SPT_EXIT_DONE;
    return spt_invocation_fail(job->invocation, job->session.taken ? SPT_EXIT_USAGE : SPT_EXIT_STORE, &error);
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
        .force = is_forced(job),
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
        if (status == SPT_OK) status = spt_session_attach(&job->session, job->store, false, false, &error);
    }
    if (status == SPT_OK) status = plan_sweep(job, &error);
    if (status != SPT_OK) return spt_invocation_fail(job->invocation, SPT_EXIT_STORE, &error);
    const struct spt_sweep_report report = report_of(job);
    return spt_sweep_report_tasks(&report);
}

static void say(void *context, const char *line) {
    spt_progress_say(context, line);
}

/* A failure while sweeping is the store's or the machine's: what is the checkpoint's own is recorded. */
static int do_sweep(struct job *job) {
    struct spt_error error;
    const struct spt_sweep_report report = report_of(job);
    enum spt_status status = plan_sweep(job, &error);
    if (status != SPT_OK) return spt_invocation_fail(job->invocation, SPT_EXIT_STORE, &error);
    status =
        spt_external_store(job->store, job->session.identity.id, job->run, &job->invocation->config, &job->log, &error);
    if (status == SPT_INVALID) return spt_invocation_fail(job->invocation, SPT_EXIT_USAGE, &error);
    if (status != SPT_OK) return spt_invocation_fail(job->invocation, SPT_EXIT_STORE, &error);
    spt_sweep_report_plan(&report);
    spt_progress_init(&job->progress, stderr, job->sweep.todo, job->invocation->quiet);
    job->session.say = say;
    job->session.say_context = &job->progress;
    if (job->sweep.todo) status = spt_session_analysis(&job->session, stop_asked, NULL, &error);
    if (job->sweep.todo && status == SPT_OK) status = spt_sweep_run(&job->sweep, &error);
    if (status == SPT_END || job->sweep.stopped) {
        const int signal = spt_signals_take();
        fprintf(stderr,
                "spectail sweep: stopped; %zu of %zu checkpoints are done, the same command goes on from there\n",
                job->sweep.analysed, job->sweep.todo);
        return 128 + signal;
    }
    if (status != SPT_OK) return spt_invocation_fail(job->invocation, SPT_EXIT_STORE, &error);
    const int said = spt_sweep_report_summary(&report);
    const size_t failed = spt_sweep_report_failures(&report);
    return said == SPT_EXIT_DONE && failed ? SPT_EXIT_PARTIAL : said;
}

static int sweep_run(struct spt_invocation *invocation, const char *path) {
    struct job job = {.invocation = invocation, .log = spt_invocation_log(invocation)};
    struct spt_error error;
    int status = SPT_EXIT_DONE;
    if (prepare(&job, path, &error) != SPT_OK)
        status = spt_invocation_fail(invocation, SPT_EXIT_USAGE, &error);
    else if (spt_invocation_value(invocation, "dry-run"))
        status = dry_run(&job);
    else {
        status = open_store(&job);
        spt_signals_block(); /* not before: who waits for another writer may be interrupted */
        if (status == SPT_EXIT_DONE) status = do_sweep(&job);
        spt_signals_unblock();
    }
    job_release(&job);
    return status;
}

static int run(struct spt_invocation *invocation) {
    const struct spt_config_texts *configured = &invocation->config.run;
    const bool given = invocation->argument_count > 0;
    const char *const *paths = given ? invocation->arguments : (const char *const *)configured->items;
    const size_t count = given ? invocation->argument_count : configured->count;
    if (count == 0)
        return spt_invocation_usage(invocation, "which run? usage: spectail sweep RUN [options], or run: in --config");
    const struct spt_log log = spt_invocation_log(invocation);
    spt_priority_set(&invocation->config, &log);
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
    "db",         "name",         "probe",      "ids",        "samples",
    "steps",      "every",        "metrics",    "bos",        "model_config",
    "tokenizer",  "step_pattern", "references", "symmetrize", "topology_dimension",
    "bootstrap",  "null_draws",   "keep",       "threads",    "header_limit",
    "read_ahead", "priority",     "shard",
};

const struct spt_command SPT_COMMAND_SWEEP = {
    .name = "sweep",
    .summary = "analyse what of a run is not yet analysed",
    .arguments = "[RUN...]",
    .arguments_max = 1000,
    .description =
        "Runs one forward pass of the probe through each checkpoint of RUN that the store does not hold yet, measures every "
        "attention matrix, and stores the figures. RUN is a folder of checkpoints, an HF Trainer folder, a hub cache or a "
        "single checkpoint. It may be stopped at any time and goes on where it was; a group of metrics that is missing is "
        "added. A checkpoint that cannot be analysed is recorded with its reason, and the sweep goes on.",
    .example = "spectail sweep runs/pythia-70m --samples 100 --steps 0:1000 --metrics sinks,rmt\n"
               "spectail sweep --config configs/demo.yaml",
    .options = OPTIONS,
    .option_count = sizeof OPTIONS / sizeof *OPTIONS,
    .keys = KEYS,
    .key_count = sizeof KEYS / sizeof *KEYS,
    .run = run,
};
