/* What a run is analysed with, and what becomes of one checkpoint: on tiny runs, with a store of their own. */
#include "store/store_fixture.h"

#include "tiny.h"
#include "tracker/ingest.h"
#include "tracker/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A run of a few steps, listed, with a configuration that asks for little. */
struct world {
    struct spt_config config;
    struct spt_run *run;
    const struct spt_checkpoint_ref *refs[8];
    struct spt_session session;
    struct spt_store *store;
};

static void fail_with(const struct spt_error *error) {
    fail_msg("%s: %s", error->path, error->message);
}

static void write_step(const char *run, int64_t step) {
    struct tiny_checkpoint checkpoint;
    const struct tiny_kind kind = {.seed = 1};
    tiny_make(&checkpoint, &kind, step);
    tiny_write(&checkpoint, run);
    tiny_release(&checkpoint);
}

static void set(struct world *world, const char *key, const char *value) {
    struct spt_error error;
    if (spt_config_set(&world->config, key, value, key, &error) != SPT_OK) fail_with(&error);
}

static void list(struct world *world, const char *path) {
    struct spt_error error;
    spt_run_close(world->run);
    world->run = NULL;
    if (spt_run_open(path, NULL, &world->run, &error) != SPT_OK) fail_with(&error);
    assert_in_range(world->run->count, 1, 8);
    for (size_t i = 0; i < world->run->count; i++) world->refs[i] = &world->run->refs[i];
}

static enum spt_status try_open(struct world *world, struct spt_error *error) {
    return spt_session_open(&world->session, &world->config, NULL, world->run, world->refs, world->run->count, error);
}

static void open_session(struct world *world) {
    struct spt_error error;
    spt_session_release(&world->session);
    if (try_open(world, &error) != SPT_OK) fail_with(&error);
}

static void attach(struct world *world, bool add, bool force) {
    struct spt_error error;
    if (spt_session_attach(&world->session, world->store, add, force, &error) != SPT_OK) fail_with(&error);
}

static void configure(struct world *world) {
    struct spt_error error;
    spt_config_release(&world->config);
    if (spt_config_init(&world->config, &error) != SPT_OK) fail_with(&error);
    set(world, "ids", "ids.jsonl");
    set(world, "metrics", "sinks");
    set(world, "bootstrap", "10");
}

static int enter(void **state) {
    struct world *world = test_calloc(1, sizeof *world);
    assert_int_equal(system("rm -rf run other session.db* && mkdir run"), 0);
    for (int64_t step = 0; step < 3; step++) write_step("run", step);
    tiny_write_ids("ids.jsonl");
    configure(world);
    list(world, "run");
    open_session(world);
    world->store = fixture_open("session.db", SPT_STORE_WRITE);
    *state = world;
    return 0;
}

static int leave(void **state) {
    struct world *world = *state;
    spt_session_release(&world->session);
    spt_store_close(world->store);
    spt_run_close(world->run);
    spt_config_release(&world->config);
    test_free(world);
    return 0;
}

/* --- the session --- */

static void a_run_is_described_in_words(void **state) {
    struct world *world = *state;
    assert_string_equal(world->session.identity.model_text,
                        "model_type: gpt_neox\nnum_hidden_layers: 2\nhidden_size: 16\nnum_attention_heads: 2\n"
                        "head_dim: 8\nintermediate_size: 64\nvocab_size: 64\nmax_position_embeddings: 2048\n"
                        "rotated dimensions of a head: 2\nrope_theta: 10000\nlayer_norm_eps: 1e-05\nhidden_act: gelu\n"
                        "use_parallel_residual: 1\nattention_bias: 1\ntie_word_embeddings: 0\n");
    assert_string_equal(world->session.identity.plan_text,
                        "samples: 4\nreferences: excess\nsymmetrize: max\ntopology_dimension: 1\nbootstrap: 10\n"
                        "null_draws: 32\nbootstrap seed: 1\nnull seed: 2\nkernels: sgemm\n");
    const char *probe = world->session.identity.probe_text;
    assert_memory_equal(probe, "samples: 4\ntokens: ", strlen("samples: 4\ntokens: "));
    assert_non_null(strstr(probe, "\ntoken ids: "));
    assert_string_equal(strstr(probe, "\nids: "), "\nids: ids.jsonl\n"); /* the file's name, not where it lies */
}

static void a_session_outlives_the_list_it_was_made_from(void **state) {
    struct world *world = *state;
    spt_run_close(world->run);
    world->run = NULL;
    attach(world, true, false);
    assert_string_equal(world->session.identity.name, "run");
    assert_int_not_equal(world->session.identity.id, 0);
}

static void the_model_is_that_of_most_checkpoints(void **state) {
    struct world *world = *state;
    assert_int_equal(system("sed -i 's/\"hidden_size\": *16/\"hidden_size\": 32/' run/step0/config.json"), 0);
    list(world, "run");
    open_session(world);
    assert_int_equal(world->session.model.hidden, 16);
}

static void a_run_without_a_config_yet_is_tried_again(void **state) {
    struct world *world = *state;
    struct spt_error error;
    assert_int_equal(system("rm run/step*/config.json"), 0);
    list(world, "run");
    spt_session_release(&world->session);
    assert_int_equal(try_open(world, &error), SPT_RETRY);
    assert_non_null(strstr(error.message, "config.json"));
    assert_null(world->session.name); /* released */
}

static void a_run_without_a_tokenizer_yet_is_tried_again(void **state) {
    struct world *world = *state;
    struct spt_error error;
    spt_session_release(&world->session);
    struct spt_config bare;
    assert_int_equal(spt_config_init(&bare, &error), SPT_OK);
    assert_int_equal(spt_session_open(&world->session, &bare, NULL, world->run, world->refs, world->run->count, &error),
                     SPT_RETRY);
    assert_non_null(strstr(error.message, "tokenizer.json"));
    spt_config_release(&bare);
}

static void a_second_folder_of_the_same_run_is_refused_while_the_first_is_there(void **state) {
    struct world *world = *state;
    struct spt_error error;
    attach(world, true, false);
    assert_int_equal(system("mkdir other && cp -r run other/run"), 0);
    list(world, "other/run");
    open_session(world);
    assert_int_equal(spt_session_attach(&world->session, world->store, true, false, &error), SPT_INVALID);
    assert_true(world->session.taken);
    assert_non_null(strstr(error.message, "--name"));
}

static void a_run_that_moved_is_the_same_run(void **state) {
    struct world *world = *state;
    attach(world, true, false);
    const int64_t id = world->session.identity.id;
    assert_int_equal(system("mkdir other && mv run other/run"), 0);
    list(world, "other/run");
    open_session(world);
    attach(world, true, false);
    assert_int_equal(world->session.identity.id, id);
    assert_false(world->session.taken);
}

static void a_dry_run_makes_no_row(void **state) {
    struct world *world = *state;
    attach(world, false, false);
    assert_int_equal(world->session.identity.id, 0);
    assert_query("session.db", "SELECT count(*) FROM run", "0");
}

/* --- one checkpoint --- */

static bool stop_at_once(void *context) {
    (void)context;
    return true;
}

static struct spt_outcome ingest(struct world *world, size_t at, const struct spt_ingest *how) {
    struct spt_outcome outcome;
    struct spt_error error;
    struct spt_ingest whole = *how;
    whole.session = &world->session;
    if (spt_session_analysis(&world->session, NULL, NULL, &error) != SPT_OK) fail_with(&error);
    if (spt_ingest_checkpoint(&whole, world->refs[at], &outcome, &error) != SPT_OK) fail_with(&error);
    return outcome;
}

static enum spt_task_kind task_of(struct world *world, size_t at, bool force) {
    struct spt_store_checkpoint *rows;
    struct spt_error error;
    size_t count;
    enum spt_task_kind kind;
    if (spt_store_checkpoints(world->store, world->session.identity.id, &rows, &count, &error) != SPT_OK)
        fail_with(&error);
    const struct spt_store_checkpoint *row = NULL;
    for (size_t i = 0; i < count; i++)
        if (strcmp(rows[i].uri, world->refs[at]->uri) == 0) row = &rows[i];
    if (spt_session_task(&world->session, row, force, &kind, &error) != SPT_OK) fail_with(&error);
    spt_store_free_checkpoints(rows, count);
    return kind;
}

static void a_checkpoint_is_analysed_once(void **state) {
    struct world *world = *state;
    attach(world, true, false);
    assert_int_equal(task_of(world, 1, false), SPT_TASK_ANALYSE);
    struct spt_outcome outcome = ingest(world, 1, &(struct spt_ingest){.incomplete_as = SPT_STATE_INCOMPLETE});
    assert_int_equal(outcome.state, SPT_STATE_ANALYSED);
    assert_null(outcome.reason);
    assert_true(outcome.sink.measured);
    assert_false(outcome.loss.measured); /* not asked for */
    assert_int_not_equal(outcome.digest.low | outcome.digest.high, 0);
    spt_outcome_release(&outcome);
    assert_int_equal(task_of(world, 1, false), SPT_TASK_DONE);
    assert_int_equal(task_of(world, 1, true), SPT_TASK_ANALYSE);
    assert_query("session.db", "SELECT state, uri FROM checkpoint", "analysed|step1");
}

static void metrics_that_are_missing_are_left_to_do(void **state) {
    struct world *world = *state;
    attach(world, true, false);
    struct spt_outcome outcome = ingest(world, 0, &(struct spt_ingest){0});
    spt_outcome_release(&outcome);
    set(world, "metrics", "sinks,rmt");
    open_session(world);
    attach(world, true, false);
    assert_int_equal(task_of(world, 0, false), SPT_TASK_ANALYSE);
    set(world, "metrics", "sinks");
    set(world, "keep", "heads");
    open_session(world);
    attach(world, true, false);
    assert_int_equal(task_of(world, 0, false), SPT_TASK_ANALYSE);
}

static void force_asks_for_all_that_the_run_has(void **state) {
    struct world *world = *state;
    const size_t gap = (size_t)(fixture_metric("rmt.gap") - SPT_METRICS);
    set(world, "metrics", "rmt");
    open_session(world);
    attach(world, true, false);
    struct spt_outcome outcome = ingest(world, 0, &(struct spt_ingest){0});
    spt_outcome_release(&outcome);
    set(world, "metrics", "sinks");
    open_session(world);
    attach(world, true, false);
    assert_false(world->session.wanted[gap]);
    open_session(world);
    attach(world, true, true);
    assert_true(world->session.wanted[gap]);
}

static void analyse(struct world *world, size_t at, const struct spt_ingest *how) {
    struct spt_outcome outcome = ingest(world, at, how);
    assert_int_equal(outcome.state, SPT_STATE_ANALYSED);
    spt_outcome_release(&outcome);
}

static void reopen(struct world *world, const char *metrics, const char *keep, bool force) {
    set(world, "metrics", metrics);
    if (keep) set(world, "keep", keep);
    open_session(world);
    attach(world, true, force);
}

static const char WITH_HEADS[] = "SELECT group_concat(name, ' ') FROM (SELECT DISTINCT name FROM metric m JOIN (SELECT"
                                 " metric, head FROM probe_value UNION ALL SELECT metric, head FROM curve UNION ALL"
                                 " SELECT metric, head FROM draw) v ON v.metric = m.id WHERE head >= 0 ORDER BY name)";

/* sink.first was measured with its heads; what came later was not: values of samples, a curve, draws. */
static void of_each_metric_what_is_kept_of_heads_is_left_to_do(void **state) {
    static const char *const LATER[] = {"sink.max", "sink.received", "rmt.law_kl"};
    struct world *world = *state;
    struct spt_error error;
    reopen(world, "sink.first", "heads", false);
    analyse(world, 0, &(struct spt_ingest){0});
    for (size_t i = 0; i < sizeof LATER / sizeof *LATER; i++) {
        char both[64];
        reopen(world, LATER[i], "layers", false);
        analyse(world, 0, &(struct spt_ingest){0});
        assert_int_equal(task_of(world, 0, false), SPT_TASK_DONE);
        assert_query("session.db", WITH_HEADS, "sink.first");
        snprintf(both, sizeof both, "sink.first,%s", LATER[i]);
        reopen(world, both, "heads", false);
        assert_int_equal(task_of(world, 0, false), SPT_TASK_ANALYSE);
        if (spt_session_analysis(&world->session, NULL, NULL, &error) != SPT_OK ||
            spt_session_narrow(&world->session, 1, &error) != SPT_OK)
            fail_with(&error);
        for (size_t m = 0; m < SPT_METRIC_COUNT; m++)
            assert_int_equal(world->session.narrow.metric[m], strcmp(SPT_METRICS[m].name, LATER[i]) == 0);
    }
    reopen(world, "sink.first,sink.max,sink.received,rmt.law_kl", "heads", false);
    analyse(world, 0, &(struct spt_ingest){0});
    assert_int_equal(task_of(world, 0, false), SPT_TASK_DONE);
    assert_query("session.db", WITH_HEADS, "rmt.law_kl sink.first sink.max sink.received");
}

static void force_keeps_what_is_kept_of_heads_unless_told(void **state) {
    struct world *world = *state;
    reopen(world, "sink.first", "heads", false);
    analyse(world, 0, &(struct spt_ingest){0});
    configure(world);
    reopen(world, "sink.first", NULL, true);
    analyse(world, 0, &(struct spt_ingest){.force = true});
    assert_query("session.db", WITH_HEADS, "sink.first");
    reopen(world, "sink.first", "layers", true);
    analyse(world, 0, &(struct spt_ingest){.force = true});
    assert_query("session.db", WITH_HEADS, "NULL");
    configure(world);
    reopen(world, "sink.first", NULL, true); /* where there is nothing of heads, nothing is added */
    assert_false(world->session.plan.keep_heads);
}

static void what_is_torn_is_recorded_as_the_caller_says(void **state) {
    struct world *world = *state;
    attach(world, true, false);
    assert_int_equal(truncate("run/step1/model.safetensors", 5000), 0);
    list(world, "run");
    struct spt_outcome outcome = ingest(world, 1, &(struct spt_ingest){.incomplete_as = SPT_STATE_WAITING});
    assert_int_equal(outcome.state, SPT_STATE_WAITING);
    assert_non_null(outcome.reason);
    spt_outcome_release(&outcome);
    assert_query("session.db", "SELECT state, tries, uri FROM checkpoint", "waiting|0|step1");
    outcome = ingest(world, 1, &(struct spt_ingest){.incomplete_as = SPT_STATE_INCOMPLETE});
    assert_int_equal(outcome.state, SPT_STATE_INCOMPLETE);
    spt_outcome_release(&outcome);
    assert_query("session.db", "SELECT state, tries, uri FROM checkpoint", "incomplete|1|step1");
    assert_int_equal(task_of(world, 1, false), SPT_TASK_ANALYSE);
}

static void another_models_checkpoint_is_refused_until_it_changes(void **state) {
    struct world *world = *state;
    attach(world, true, false);
    assert_int_equal(system("sed -i 's/\"hidden_size\": *16/\"hidden_size\": 32/' run/step2/config.json"), 0);
    list(world, "run");
    struct spt_outcome outcome = ingest(world, 2, &(struct spt_ingest){0});
    assert_int_equal(outcome.state, SPT_STATE_INVALID);
    assert_non_null(strstr(outcome.reason, "hidden_size 32 in place of 16"));
    spt_outcome_release(&outcome);
    assert_int_equal(task_of(world, 2, false), SPT_TASK_REFUSED);
}

static void what_is_gone_has_vanished(void **state) {
    struct world *world = *state;
    attach(world, true, false);
    assert_int_equal(system("rm -r run/step2"), 0);
    struct spt_outcome outcome = ingest(world, 2, &(struct spt_ingest){0});
    assert_int_equal(outcome.state, SPT_STATE_VANISHED);
    struct spt_text line = {0};
    spt_outcome_describe(&outcome, &line);
    assert_memory_equal(line.data, "vanished: ", strlen("vanished: "));
    spt_text_release(&line);
    spt_outcome_release(&outcome);
}

static void a_checkpoint_that_changed_since_it_was_listed_is_not_analysed(void **state) {
    struct world *world = *state;
    attach(world, true, false);
    write_step("run", 1); /* the same bytes, another time */
    assert_int_equal(system("touch -d 2001-01-01 run/step1/model.safetensors"), 0);
    struct spt_outcome outcome = ingest(world, 1, &(struct spt_ingest){.incomplete_as = SPT_STATE_WAITING});
    assert_int_equal(outcome.state, SPT_STATE_WAITING);
    spt_outcome_release(&outcome);
    assert_query("session.db", "SELECT count(*) FROM measure", "0");
}

static void a_stop_records_nothing(void **state) {
    struct world *world = *state;
    attach(world, true, false);
    struct spt_outcome outcome = ingest(world, 1, &(struct spt_ingest){.stop = stop_at_once});
    assert_true(outcome.stopped);
    assert_int_equal(outcome.id, 0);
    spt_outcome_release(&outcome);
    assert_query("session.db", "SELECT count(*) FROM checkpoint", "0");
}

static void a_reason_can_be_recorded_without_a_look(void **state) {
    struct world *world = *state;
    struct spt_outcome outcome;
    struct spt_error error;
    attach(world, true, false);
    const struct spt_ingest how = {.session = &world->session};
    if (spt_ingest_record(&how, world->refs[0], SPT_STATE_UNREADABLE, "no tape in the drive", &outcome, &error) !=
        SPT_OK)
        fail_with(&error);
    assert_int_not_equal(outcome.id, 0);
    spt_outcome_release(&outcome);
    assert_query("session.db", "SELECT state, reason FROM checkpoint", "unreadable|no tape in the drive");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_run_is_described_in_words),
        TEST(a_session_outlives_the_list_it_was_made_from),
        TEST(the_model_is_that_of_most_checkpoints),
        TEST(a_run_without_a_config_yet_is_tried_again),
        TEST(a_run_without_a_tokenizer_yet_is_tried_again),
        TEST(a_second_folder_of_the_same_run_is_refused_while_the_first_is_there),
        TEST(a_run_that_moved_is_the_same_run),
        TEST(a_dry_run_makes_no_row),
        TEST(a_checkpoint_is_analysed_once),
        TEST(metrics_that_are_missing_are_left_to_do),
        TEST(force_asks_for_all_that_the_run_has),
        TEST(of_each_metric_what_is_kept_of_heads_is_left_to_do),
        TEST(force_keeps_what_is_kept_of_heads_unless_told),
        TEST(what_is_torn_is_recorded_as_the_caller_says),
        TEST(another_models_checkpoint_is_refused_until_it_changes),
        TEST(what_is_gone_has_vanished),
        TEST(a_checkpoint_that_changed_since_it_was_listed_is_not_analysed),
        TEST(a_stop_records_nothing),
        TEST(a_reason_can_be_recorded_without_a_look),
    };
    return cmocka_run_group_tests(tests, fixture_enter, fixture_leave);
}
