/* A run that is tailed, by a clock of the test's own. */
#include "tracker/watch/tail.h"

#include "../store/store_fixture.h"
#include "tiny.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char db[] = "tail.db", RUN[] = "tailed";

struct bench {
    struct spt_config config;
    struct spt_log log;
    struct spt_watch_options options;
    struct spt_tail *tail;
};

static void write_step(int64_t step, uint64_t seed, const char *as) {
    struct tiny_checkpoint checkpoint;
    tiny_make(&checkpoint, &(struct tiny_kind){.seed = seed}, step);
    if (as) (void)snprintf(checkpoint.folder, sizeof checkpoint.folder, "%s", as);
    tiny_write(&checkpoint, RUN);
    tiny_release(&checkpoint);
}

static void hear_nothing(void *context, enum spt_log_level level, const char *text) {
    (void)context;
    (void)level;
    (void)text;
}

/* The watch begins at 0, and finds step 100. */
static void begin(struct bench *bench) {
    static const char YAML[] = "ids: tail.ids\nalerts: [{name: stuck, when: stalled, after: 100}]\n";
    struct spt_error error = {0};
    assert_int_equal(system("rm -rf tail.db* tailed"), 0);
    assert_int_equal(mkdir(RUN, 0777), 0);
    tiny_write_ids("tail.ids");
    *bench = (struct bench){.log = {hear_nothing, NULL}};
    assert_int_equal(spt_config_init(&bench->config, NULL), SPT_OK);
    if (spt_config_parse(&bench->config, YAML, strlen(YAML), "c.yaml", &error) != SPT_OK) fail_msg("%s", error.message);
    bench->options = (struct spt_watch_options){
        .config = &bench->config, .log = &bench->log, .store = fixture_open(db, SPT_STORE_WRITE)};
    assert_int_equal(spt_tail_new(&bench->options, RUN, 0, &bench->tail, NULL), SPT_OK);
    write_step(100, 0, NULL);
}

static void look(struct bench *bench, double now) {
    struct spt_error error = {0};
    enum spt_tail_trouble trouble;
    if (spt_tail_look(bench->tail, now, true, true, &trouble, &error) != SPT_OK)
        fail_msg("%s: %s", error.path, error.message);
    assert_true(spt_tail_is_attached(bench->tail));
}

static void assert_alerts(const char *steps) {
    assert_query(db, "SELECT step FROM event WHERE kind = 'alert' ORDER BY id", steps);
}

static void end(struct bench *bench) {
    spt_tail_free(bench->tail);
    spt_store_close(bench->options.store);
    spt_config_release(&bench->config);
}

static void a_run_stalls_when_nothing_is_written_for_so_long_and_once(void **state) {
    (void)state;
    struct bench b;
    begin(&b);
    look(&b, 0);
    look(&b, 99);
    assert_alerts("");
    look(&b, 101);
    look(&b, 102);
    assert_alerts("100");
    write_step(200, 0, NULL);
    look(&b, 150);
    look(&b, 249);
    assert_alerts("100");
    look(&b, 251);
    assert_alerts("100\n200");
    end(&b);
}

static void what_is_no_larger_step_is_a_sign_of_life_too(void **state) {
    (void)state;
    struct bench b;
    begin(&b);
    look(&b, 0);
    write_step(50, 0, NULL); /* a trainer that was set back */
    look(&b, 80);
    write_step(50, 1, NULL); /* and writes anew what it wrote before */
    look(&b, 160);
    write_step(1, 0, "stage2-ingredient1-step10-tokens1B"); /* another branch begins */
    look(&b, 240);
    write_step(1, 1, "best"); /* without a step */
    look(&b, 320);
    look(&b, 400);
    assert_alerts("");
    look(&b, 421);
    assert_alerts("100");
    end(&b);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_stalls_when_nothing_is_written_for_so_long_and_once),
        cmocka_unit_test(what_is_no_larger_step_is_a_sign_of_life_too),
    };
    return cmocka_run_group_tests(tests, fixture_enter, fixture_leave);
}
