/* Every allocation of one module's work fails, one at a time: it says that memory is out, or goes on without; nothing is left behind.
 *
 *     module_allocations [MOST]    at most MOST (all) allocations of each piece of work, spread over it
 *
 * Each piece of work below is done in a child of its own, which ends without crashing, with the result of an undisturbed one or with
 * SPT_NOMEM and a message, and has freed all that it allocated. What the store does is held against SQLite's own view of the file in allocations.c.
 */
#include "analysis/analyze.h"
#include "analysis/forward/forward.h"
#include "checkpoints/checkpoint.h"
#include "checkpoints/model_config.h"
#include "checkpoints/model_config/neox.h"
#include "checkpoints/run.h"
#include "checkpoints/scan.h"
#include "checkpoints/tokenizer/tokenizer.h"
#include "program.h"
#include "scarce.h"
#include "scratch.h"
#include "shards.h"
#include "tiny.h"
#include "tracker/config/config.h"
#include "tracker/report/internal.h"
#include "tracker/series/series.h"
#include "tracker/store/store.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char CONFIG[] =
    "run: [run]\nmetrics: [sinks, loss]\nbootstrap: 10\nsteps: 0:100\nwatch:\n  quiet_period: 5s\n"
    "series:\n  - label: evaluation\n    file: evaluation.csv\n    step: step\n    value: value\n"
    "alerts:\n  - name: sink\n    metric: sink.first\n    above: 0.3\n    command: [cat, \"-\"]\n";

#define CHECKPOINT "run/checkpoint-10"

/* --- pieces of work; each does all of a life cycle, and leaves a number of what came of it --- */

static void mix(uint64_t *result, uint64_t value) {
    *result = (*result ^ value) * 0x100000001b3ULL; /* FNV-1a, a word at a time */
}

static enum spt_status read_config(const char *path, uint64_t *result, struct spt_error *error) {
    struct spt_config config;
    enum spt_status status = spt_config_init(&config, error);
    if (status != SPT_OK) return status;
    status = spt_config_read(&config, path, error);
    if (status == SPT_OK) status = spt_config_set(&config, "steps", "5:6", "--steps", error);
    if (status == SPT_OK) status = spt_config_set(&config, "metrics", "rmt,sinks", "--metrics", error);
    mix(result, config.metrics.count * 10 + config.alerts.count + config.series.count);
    mix(result, (uint64_t)config.steps.first);
    mix(result, (uint64_t)config.watch.quiet_period);
    spt_config_release(&config);
    return status;
}

static enum spt_status tokenize(const char *path, uint64_t *result, struct spt_error *error) {
    static const char TEXT[] = "Hello, w\xc3\xb6rld: 1234 <s> tokens\n";
    struct spt_tokenizer *tokenizer;
    struct spt_token_ids ids = {0};
    enum spt_status status = spt_tokenizer_open(path, &tokenizer, error);
    if (status != SPT_OK) return status;
    status = spt_tokenizer_encode(tokenizer, TEXT, sizeof(TEXT) - 1, SPT_BOS_AUTO, &ids, error);
    for (size_t i = 0; i < ids.count; i++) mix(result, (uint64_t)ids.ids[i]);
    spt_token_ids_release(&ids);
    spt_tokenizer_close(tokenizer);
    return status;
}

static void mix_run(uint64_t *result, const struct spt_run *run) {
    for (size_t i = 0; i < run->count; i++) {
        mix(result, (uint64_t)run->refs[i].step);
        mix(result, run->refs[i].fingerprint.low);
        mix(result, (run->refs[i].tokenizer ? 4U : 0U) + (run->refs[i].config ? 2U : 0U) +
                        (run->refs[i].trainer_state ? 1U : 0U));
    }
}

static enum spt_status list_run(const char *path, uint64_t *result, struct spt_error *error) {
    const struct spt_run_options options = {.step_pattern = "^checkpoint-(?<step>[0-9]+)$"};
    struct spt_run *run;
    const enum spt_status status = spt_run_open(path, &options, &run, error);
    if (status != SPT_OK) return status;
    mix_run(result, run);
    spt_run_close(run);
    return SPT_OK;
}

/* Listing it and reading what lies in it as it is. */
static enum spt_status read_archive(const char *path, uint64_t *result, struct spt_error *error) {
    struct spt_run *run = NULL;
    struct spt_checkpoint *checkpoint = NULL;
    enum spt_status status = spt_run_open(path, &(struct spt_run_options){0}, &run, error);
    if (status != SPT_OK) return status;
    mix_run(result, run);
    const struct spt_checkpoint_options options = {.tree = run->tree};
    status = spt_checkpoint_open(run->refs[0].path, &options, &checkpoint, error);
    if (status == SPT_OK) mix(result, spt_checkpoint_bytes(checkpoint));
    spt_checkpoint_close(checkpoint);
    spt_run_close(run);
    return status;
}

static enum spt_status scan_run(const char *path, uint64_t *result, struct spt_error *error) {
    struct spt_scan *scan;
    enum spt_status status = spt_scan_new(path, &(struct spt_run_options){0}, &scan, error);
    if (status != SPT_OK) return status;
    for (int i = 0; status == SPT_OK && i < 3; i++) status = spt_scan_look(scan, i, error);
    if (status == SPT_OK) mix_run(result, spt_scan_run(scan));
    spt_scan_free(scan);
    return status;
}

static enum spt_status read_tensors(struct spt_checkpoint *checkpoint, struct spt_error *error) {
    enum spt_status status = SPT_OK;
    for (size_t i = 0; status == SPT_OK && i < spt_checkpoint_tensor_count(checkpoint); i++) {
        const struct spt_tensor *tensor = spt_checkpoint_tensor(checkpoint, i);
        float *values = malloc(tensor->count * sizeof(*values));
        status = values ? spt_checkpoint_read_f32(checkpoint, tensor, values, error)
                        : spt_fail_memory(error, tensor->count * sizeof(*values), "a tensor");
        free(values);
    }
    return status;
}

static enum spt_status read_checkpoint(const char *path, uint64_t *result, struct spt_error *error) {
    struct spt_model_config model;
    struct spt_checkpoint *checkpoint;
    struct spt_hash digest = {0};
    enum spt_status status = spt_model_config_read(CHECKPOINT "/config.json", &model, error);
    if (status == SPT_OK) status = spt_checkpoint_open(path, NULL, &checkpoint, error);
    if (status != SPT_OK) return status;
    status = read_tensors(checkpoint, error);
    if (status == SPT_OK) status = spt_checkpoint_confirm(checkpoint, error);
    if (status == SPT_OK) status = spt_checkpoint_digest(checkpoint, &digest, error);
    mix(result, digest.low);
    spt_checkpoint_close(checkpoint);
    return status;
}

/* The bytes of all tensors of a torch file, in their own dtypes. */
static enum spt_status read_torch(const char *path, uint64_t *result, struct spt_error *error) {
    struct spt_checkpoint *checkpoint;
    struct spt_hash digest = {0};
    enum spt_status status = spt_checkpoint_open(path, NULL, &checkpoint, error);
    if (status != SPT_OK) return status;
    for (size_t i = 0; status == SPT_OK && i < spt_checkpoint_tensor_count(checkpoint); i++) {
        const struct spt_tensor *tensor = spt_checkpoint_tensor(checkpoint, i);
        status = spt_checkpoint_read(checkpoint, tensor, 0, tensor->count, NULL, error);
    }
    if (status == SPT_OK) status = spt_checkpoint_digest(checkpoint, &digest, error);
    mix(result, digest.low);
    spt_checkpoint_close(checkpoint);
    return status;
}

/* A forward pass of a reference model. */
static enum spt_status compute(const char *path, uint64_t *result, struct spt_error *error) {
    static const size_t OFFSET[] = {0, 5, 23, 43};
    int32_t ids[43];
    double loss[3] = {0};
    char config_path[PATH_MAX];
    struct spt_model_config model;
    struct spt_checkpoint *checkpoint;
    for (size_t i = 0; i < 43; i++) ids[i] = (int32_t)(i * i % 60);
    const struct spt_probe probe = {.samples = 3, .tokens = 43, .longest = 20, .ids = ids, .offset = OFFSET};
    const struct spt_forward_options options = {.threads = 1};
    const struct spt_forward_output output = {.loss = loss};
    (void)snprintf(config_path, sizeof config_path, "%s/config.json", path);
    enum spt_status status = spt_model_config_read(config_path, &model, error);
    if (status == SPT_OK) status = spt_checkpoint_open(path, NULL, &checkpoint, error);
    if (status != SPT_OK) return status;
    status = spt_forward_run(checkpoint, &model, &probe, &options, NULL, &output, error);
    for (size_t i = 0; i < 3; i++) mix(result, (uint64_t)(loss[i] * 1e9));
    spt_checkpoint_close(checkpoint);
    return status;
}

static enum spt_status add_figure(void *context, const struct spt_measure *measure, struct spt_error *error) {
    (void)error;
    if (!isnan(measure->mean)) mix(context, (uint64_t)(int64_t)(measure->mean * 1e6));
    if (!isnan(measure->hi)) mix(context, (uint64_t)(int64_t)(measure->hi * 1e6));
    return SPT_OK;
}

static enum spt_status add_null(void *context, const struct spt_null *null, struct spt_error *error) {
    (void)error;
    if (!isnan(null->mean)) mix(context, (uint64_t)(int64_t)(null->mean * 1e6));
    return SPT_OK;
}

/* The graphs of a reference model's attention, their figures with intervals, and nulls. */
static enum spt_status analyse_graphs(const char *path, uint64_t *result, struct spt_error *error) {
    static const size_t OFFSET[] = {0, 5, 12, 16, 24};
    int32_t ids[24];
    char config_path[PATH_MAX];
    struct spt_model_config model;
    struct spt_plan plan;
    struct spt_analysis *analysis = NULL;
    struct spt_checkpoint *checkpoint;
    const struct spt_emit emit = {.context = result, .measure = add_figure, .null = add_null};
    for (size_t i = 0; i < 24; i++) ids[i] = (int32_t)(i * i % 60);
    const struct spt_probe probe = {.samples = 4, .tokens = 24, .longest = 8, .ids = ids, .offset = OFFSET};
    (void)snprintf(config_path, sizeof config_path, "%s/config.json", path);
    enum spt_status status = spt_model_config_read(config_path, &model, error);
    if (status == SPT_OK) status = spt_checkpoint_open(path, NULL, &checkpoint, error);
    if (status != SPT_OK) return status;
    spt_plan_init(&plan);
    plan.bootstrap = 20;
    plan.null_draws = 2;
    plan.threads = 1;
    if (!plan.metric) status = spt_fail_memory(error, SPT_METRIC_COUNT, "a plan");
    for (size_t i = 0; status == SPT_OK && i < SPT_METRIC_COUNT; i++)
        plan.metric[i] = strcmp(spt_metric_group(&SPT_METRICS[i]), "graph") == 0;
    if (status == SPT_OK) status = spt_analysis_new(&plan, &model, &probe, &analysis, error);
    if (status == SPT_OK) status = spt_analysis_nulls(analysis, &emit, error);
    if (status == SPT_OK) status = spt_analysis_checkpoint(analysis, checkpoint, &emit, error);
    spt_analysis_free(analysis);
    spt_plan_release(&plan);
    spt_checkpoint_close(checkpoint);
    return status;
}

static enum spt_status read_history(const char *path, uint64_t *result, struct spt_error *error) {
    struct spt_series *series;
    size_t count;
    const enum spt_status status = spt_series_read_trainer_state(NULL, path, &series, &count, error);
    if (status != SPT_OK) return status;
    mix(result, count);
    spt_series_free(series, count);
    return SPT_OK;
}

static enum spt_status read_table(const char *path, uint64_t *result, struct spt_error *error) {
    struct spt_store_point *points;
    size_t count;
    const enum spt_status status = spt_series_read(path, "step", "value", &points, &count, error);
    if (status != SPT_OK) return status;
    mix(result, count);
    free(points);
    return SPT_OK;
}

/* --- the store --- */

static enum spt_status put_checkpoint(struct spt_store *store, int64_t run, struct spt_error *error) {
    static const float VALUES[] = {1, 2, 3};
    const struct spt_metric *loss = &SPT_METRICS[spt_metric_find("loss")];
    const struct spt_vector vector = {loss, -1, -1, VALUES, 3};
    struct spt_store_checkpoint row = {.branch = (char[]){""},
                                       .label = (char[]){"step10"},
                                       .uri = (char[]){"step10"},
                                       .step = 10,
                                       .tokens = SPT_NO_TOKENS,
                                       .fingerprint = {.low = 1, .high = 7},
                                       .state = SPT_STATE_ANALYSED};
    enum spt_status status = spt_store_begin(store, run, &row, false, error);
    if (status != SPT_OK) return status;
    for (int i = -1; i < 2 && status == SPT_OK; i++) {
        const struct spt_measure measure = {loss, i, -1, i + 0.5, NAN, NAN, NAN, 100, 0};
        status = spt_store_put_measure(store, &measure, error);
    }
    if (status == SPT_OK) status = spt_store_put_samples(store, &vector, error);
    if (status == SPT_OK) status = spt_store_put_curve(store, &vector, error);
    row.seconds = 1;
    if (status == SPT_OK) status = spt_store_amend(store, &row, error);
    if (status == SPT_OK) return spt_store_commit(store, error);
    spt_store_rollback(store);
    return status;
}

static struct spt_store_run make_identity(void) {
    static char name[] = "run", source[] = "/run", mask[] = "causal", text[] = "key: value\n";
    return (struct spt_store_run){.name = name,
                                  .source = source,
                                  .model = {.low = 1},
                                  .probe = {.low = 2},
                                  .plan = {.low = 3},
                                  .layers = 2,
                                  .heads = 2,
                                  .samples = 3,
                                  .mask = mask,
                                  .model_text = text,
                                  .probe_text = text,
                                  .plan_text = text};
}

static enum spt_status write_store(const char *path, uint64_t *result, struct spt_error *error) {
    struct spt_store *store;
    struct spt_store_run identity = make_identity();
    const struct spt_store_point points[] = {{0, 1.5}, {10, 1.25}};
    const struct spt_null null = {
        .metric = &SPT_METRICS[spt_metric_find("loss")], .layer = -1, .mean = 1, .sd = 2, .draws = 3};
    enum spt_status status = spt_store_open(path, SPT_STORE_WRITE, 0, &store, error);
    if (status != SPT_OK) return status;
    status = spt_store_find_or_add_run(store, &identity, error);
    if (status == SPT_OK) status = spt_store_put_nulls(store, identity.id, &null, 1, error);
    if (status == SPT_OK) status = spt_store_put_external(store, identity.id, "loss", points, 2, error);
    if (status == SPT_OK) status = put_checkpoint(store, identity.id, error);
    struct spt_store_event event = {
        .kind = (char[]){"alert"}, .run = identity.id, .step = 10, .text = (char[]){"a sink"}};
    if (status == SPT_OK) status = spt_store_add_event(store, &event, error);
    if (status == SPT_OK) status = spt_store_deliver(store, event.id, SPT_DELIVERY_DONE, "exit 0", error);
    mix(result, (uint64_t)identity.id);
    spt_store_close(store);
    return status;
}

static enum spt_status look_at(void *context, const struct spt_store_measure *measure, struct spt_error *error) {
    (void)error;
    *(double *)context += measure->mean;
    return SPT_OK;
}

static enum spt_status read_run(struct spt_store *store, int64_t run, uint64_t *result, struct spt_error *error) {
    struct spt_store_checkpoint *rows = NULL;
    struct spt_store_event *events = NULL;
    size_t count = 0, event_count = 0;
    double sum = 0;
    enum spt_status status = spt_store_checkpoints(store, run, &rows, &count, error);
    if (status == SPT_OK) status = spt_store_each_measure(store, run, NULL, INT_MIN, INT_MIN, look_at, &sum, error);
    if (status == SPT_OK) status = spt_store_events(store, 0, NULL, &events, &event_count, error);
    mix(result, count);
    mix(result, event_count);
    mix(result, (uint64_t)(sum * 16));
    spt_store_free_events(events, event_count);
    spt_store_free_checkpoints(rows, count);
    return status;
}

static enum spt_status read_store(const char *path, uint64_t *result, struct spt_error *error) {
    struct spt_store *store;
    struct spt_store_run *runs = NULL;
    size_t count = 0;
    enum spt_status status = spt_store_open(path, SPT_STORE_READ, 0, &store, error);
    if (status != SPT_OK) return status;
    status = spt_store_runs(store, &runs, &count, error);
    for (size_t i = 0; status == SPT_OK && i < count; i++) status = read_run(store, runs[i].id, result, error);
    spt_store_free_runs(runs, count);
    spt_store_close(store);
    return status;
}

/* A report of a run whose checkpoints are gone: that is a caveat, which memory that is out is not. */
static enum spt_status tell_looks(const char *path, uint64_t *result, struct spt_error *error) {
    const struct spt_store_run run = {.name = "run", .source = (char *)path, .samples = 1};
    struct spt_told_run told = {.run = &run, .source = {.run = run}};
    struct spt_config config;
    struct spt_error why = {0};
    enum spt_status status = spt_config_init(&config, error);
    if (status != SPT_OK) return status;
    const struct spt_report_request request = {.config = &config};
    const struct spt_report_reading reading = {.request = &request, .runs = &told, .count = 1};
    struct spt_telling t = {.reading = &reading, .run = &told, .unseen = &why};
    status = spt_tell_looks(&t, error);
    for (const char *c = why.message; *c; c++) mix(result, (uint64_t)*c);
    spt_config_release(&config);
    return status;
}

static enum spt_status read_neox_config(const char *path, uint64_t *result, struct spt_error *error) {
    struct spt_model_config model;
    const enum spt_status status = spt_neox_config_read(NULL, path, 192, &model, error);
    if (status == SPT_OK) *result = spt_model_config_digest(&model).low;
    return status;
}

static const struct work {
    const char *name;
    enum spt_status (*do_it)(const char *path, uint64_t *result, struct spt_error *error);
    const char *path;
    const char *fresh; /* a store that is not there when the work begins; NULL: none */
} WORKS[] = {
    {"config", read_config, "spectail.yaml", NULL},
    {"tokenizer, byte level", tokenize, SPT_TEST_DATA "/tokenizers/gpt_neox.json", NULL},
    {"tokenizer, sentence pieces", tokenize, SPT_TEST_DATA "/tokenizers/llama2.json", NULL},
    {"tokenizer, regular expressions", tokenize, SPT_TEST_DATA "/tokenizers/qwen2.json", NULL},
    {"tokenizer, word pieces", tokenize, SPT_TEST_DATA "/tokenizers/bert_uncased.json", NULL},
    {"tokenizer, unigram", tokenize, SPT_TEST_DATA "/tokenizers/xlm_roberta.json", NULL},
    {"tokenizer, vocab.txt", tokenize, SPT_TEST_DATA "/tokenizers/files/bert_cased/vocab.txt", NULL},
    {"tokenizer, vocab.json", tokenize, SPT_TEST_DATA "/tokenizers/files/gpt2/vocab.json", NULL},
    {"tokenizer, SentencePiece", tokenize, SPT_TEST_DATA "/tokenizers/files/unigram/tokenizer.model", NULL},
    {"tokenizer, SentencePiece's BPE", tokenize, SPT_TEST_DATA "/tokenizers/files/gemma/tokenizer.model", NULL},
    {"run", list_run, "run", NULL},
    {"run, torch distributed", list_run, SPT_TEST_DATA "/layouts/distributed/accelerate", NULL},
    {"scan", scan_run, "run", NULL},
    {"archive", read_archive, "run.zip", NULL},
    {"checkpoint", read_checkpoint, CHECKPOINT, NULL},
    {"checkpoint, torch zip", read_torch, SPT_TEST_DATA "/torch/lightning.ckpt", NULL},
    {"checkpoint, torch before 1.6", read_torch, SPT_TEST_DATA "/torch/old4.bin", NULL},
    {"checkpoint, torch distributed", read_torch, SPT_TEST_DATA "/distributed/sharded", NULL},
    {"checkpoint, names of wrappers", read_torch, SPT_TEST_DATA "/distributed/wrapped", NULL},
    {"checkpoint, shards", read_torch, SPT_TEST_DATA "/torch/sharded", NULL},
    {"checkpoint, GPT-NeoX", read_torch, SPT_TEST_DATA "/torch/neox", NULL},
    {"checkpoint, DeepSpeed", read_torch, SPT_TEST_DATA "/layouts/gpt_neox_sequential/global_step500", NULL},
    {"config, GPT-NeoX", read_neox_config, SPT_TEST_DATA "/layouts/gpt_neox_sequential", NULL},
    {"forward, angles by length", compute, SPT_TEST_DATA "/reference/llama_dynamic_ntk", NULL},
    {"forward, narrow embedding", compute, SPT_TEST_DATA "/reference/opt_after", NULL},
    {"graphs of attention", analyse_graphs, SPT_TEST_DATA "/reference/opt_after", NULL},
    {"history of a trainer", read_history, CHECKPOINT "/trainer_state.json", NULL},
    {"table of a series", read_table, "evaluation.csv", NULL},
    {"report, checkpoints that are gone", tell_looks, "no such run", NULL},
    {"store, new", write_store, "new.db", "new.db"},
    {"store, again", write_store, "old.db", NULL},
    {"store, read", read_store, "old.db", NULL},
};

/* --- one child for each allocation --- */

enum { GOOD, BAD_STATUS = 1, NO_MESSAGE = 2, LEAK = 3, WRONG = 4, OUTCOMES };

static _Noreturn void be_the_child(const struct work *work, struct scarce *scarce, uint64_t expected) {
    struct spt_error error = {0};
    uint64_t result = 0;
    alarm(20);
    scarce_arm(scarce);
    const enum spt_status status = work->do_it(work->path, &result, &error);
    scarce_disarm(scarce);
    if (status != SPT_OK && status != SPT_NOMEM) {
        fprintf(stderr, "  status %d, %s: %s\n", (int)status, error.path, error.message);
        _exit(BAD_STATUS);
    }
    if (status == SPT_NOMEM && (!*error.message || error.status != SPT_NOMEM)) _exit(NO_MESSAGE);
    if (status == SPT_OK && result != expected) _exit(WRONG);
    _exit(scarce->live ? LEAK : GOOD);
}

static void remove_store(const char *path) {
    static const char *const PARTS[] = {"", "-wal", "-shm", ".lock", "-journal"};
    char name[64];
    for (size_t i = 0; path && i < sizeof(PARTS) / sizeof(PARTS[0]); i++) {
        snprintf(name, sizeof(name), "%s%s", path, PARTS[i]);
        unlink(name);
    }
}

static bool fail_one(const struct work *work, struct scarce *scarce, uint64_t expected, size_t at) {
    static const char *const WHAT[] = {[BAD_STATUS] = "neither done nor out of memory",
                                       [NO_MESSAGE] = "no message",
                                       [LEAK] = "something is left",
                                       [WRONG] = "done, and the result is another"};
    char where[1024];
    int status;
    scarce->fail_at = at;
    remove_store(work->fresh);
    fflush(NULL);
    const pid_t pid = fork();
    if (pid < 0) shards_die("fork");
    if (pid == 0) be_the_child(work, scarce, expected);
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR) shards_die("waitpid");
    if (WIFEXITED(status) && WEXITSTATUS(status) == GOOD) return true;
    fprintf(stderr, "FAILED: %s, allocation %zu (%s): ", work->name, at, scarce_where(scarce, where, sizeof(where)));
    if (WIFSIGNALED(status))
        fprintf(stderr, "signal %d (%s)\n", WTERMSIG(status), strsignal(WTERMSIG(status)));
    else
        fprintf(stderr, "%s\n", WEXITSTATUS(status) < OUTCOMES ? WHAT[WEXITSTATUS(status)] : "it ended the process");
    for (size_t i = 0; WIFEXITED(status) && WEXITSTATUS(status) == LEAK && i < scarce->live && i < SCARCE_LEAKS; i++) {
        const struct scarce maker = {.frames = {scarce->leaks[i]}};
        fprintf(stderr, "  %zu bytes of %s\n", scarce->leak_sizes[i], scarce_where(&maker, where, sizeof(where)));
    }
    return false;
}

static size_t fail_all(const struct work *work, struct scarce *scarce, size_t most) {
    struct spt_error error = {0};
    uint64_t expected = 0;
    size_t failed = 0, done = 0;
    if (work->do_it(work->path, &expected, &error) != SPT_OK) { /* what libraries set up once is there from here on */
        fprintf(stderr, "FAILED: %s, undisturbed: %s: %s\n", work->name, error.path, error.message);
        return 1;
    }
    scarce->fail_at = SIZE_MAX;
    if (!fail_one(work, scarce, expected, SIZE_MAX)) return 1;
    const size_t count = scarce->count;
    const size_t stride = most && count > most ? (count + most - 1) / most : 1;
    for (size_t at = 0; at < count; at += stride, done++) failed += !fail_one(work, scarce, expected, at);
    printf("%s: %zu of %zu allocations failed\n", work->name, done, count);
    if (!count) fprintf(stderr, "FAILED: %s allocates nothing\n", work->name);
    return failed + !count;
}

static void write_text(const char *path, const char *text) {
    FILE *file = fopen(path, "wbe");
    if (!file || fputs(text, file) < 0 || fclose(file)) shards_die(path);
}

static void make_run(void) {
    struct tiny_checkpoint checkpoint;
    if (mkdir("run", 0777)) shards_die("run");
    for (int64_t step = 10; step <= 20; step += 10) {
        tiny_make(&checkpoint, &(struct tiny_kind){.trainer = true, .sharded = step == 10}, step);
        tiny_write(&checkpoint, "run");
        tiny_release(&checkpoint);
    }
    if (system("zip -q0r run.zip run"))
        shards_die("run.zip"); /* libarchive, which others need, ends the process itself */
    write_text("spectail.yaml", CONFIG);
    write_text("evaluation.csv", "step,value\n0,1.5\n10,1.25\n");
}

int main(int argc, char **argv) {
    const size_t most = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
    struct scarce *scarce = scarce_new();
    size_t failed = 0;
    scratch_enter();
    make_run();
    for (size_t i = 0; i < sizeof(WORKS) / sizeof(WORKS[0]); i++) failed += fail_all(&WORKS[i], scarce, most);
    scratch_leave();
    scarce_free(scarce);
    return failed ? 1 : 0;
}
