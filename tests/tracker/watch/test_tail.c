/* A run that is tailed, by a clock of the test's own. */
#include "tracker/watch/tail.h"

#include "../store/store_fixture.h"
#include "tiny.h"
#include "tracker/store/internal.h"

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
    assert_int_equal(spt_tail_new(&bench->options, RUN, SPT_CONTROL_NONE, 0, &bench->tail, NULL), SPT_OK);
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

/* --- a full disk, as SQLite has it when its file may not grow --- */

struct disk {
    struct bench *bench;
    struct spt_watch_observer observer;
    bool full;
    size_t asked; /* whether to stop, since it is full */
};

static void limit_pages(const struct disk *disk, const char *sql) {
    assert_int_equal(sqlite3_exec(disk->bench->options.store->db, sql, NULL, NULL, NULL), SQLITE_OK);
}

/* When the analysis begins, the store may not grow by one page any more. */
static void fill_disk(void *context, const struct spt_watched_run *run, const struct spt_checkpoint_ref *ref) {
    struct disk *disk = context;
    (void)run;
    (void)ref;
    disk->full = true;
    limit_pages(disk, "PRAGMA max_page_count = 1");
}

static void free_disk(struct disk *disk) {
    disk->full = false;
    limit_pages(disk, "PRAGMA max_page_count = 1000000");
}

/* There is room from the third question on, whether to stop: within the first pause. */
static bool free_disk_soon(void *context) {
    struct disk *disk = context;
    if (disk->full && ++disk->asked == 3) free_disk(disk);
    return false;
}

static bool stop_when_full(void *context) {
    const struct disk *disk = context;
    return disk->full;
}

/* Step 100 is ready, and the disk will be full when it is analysed. */
static void begin_with_disk(struct bench *bench, struct disk *disk, bool (*stop)(void *context)) {
    begin(bench);
    *disk = (struct disk){.bench = bench, .observer = {.context = disk, .begin = fill_disk}};
    bench->options.observers = &disk->observer;
    bench->options.observer_count = 1;
    bench->options.context = disk;
    bench->options.stop = stop;
    look(bench, 0);
    look(bench, 11);
    assert_true(spt_tail_is_ready(bench->tail, 11));
}

static void what_found_no_room_in_the_store_is_analysed_again(void **state) {
    (void)state;
    struct bench b;
    struct disk disk;
    struct spt_error error = {0};
    begin_with_disk(&b, &disk, free_disk_soon);
    assert_int_equal(spt_tail_work(b.tail, 11, &error), SPT_OK);
    assert_query(db, "SELECT count(*) FROM measure", "0");
    assert_query(db, "SELECT state, tries FROM checkpoint", "waiting|0");
    free_disk(&disk);
    disk.observer.begin = NULL;
    look(&b, 30);
    assert_true(spt_tail_is_ready(b.tail, 30));
    assert_int_equal(spt_tail_work(b.tail, 30, &error), SPT_OK);
    assert_query(db, "SELECT state, tries FROM checkpoint", "analysed|1");
    end(&b);
}

static void a_record_waits_until_there_is_room(void **state) {
    (void)state;
    struct bench b;
    struct disk disk;
    begin_with_disk(&b, &disk, free_disk_soon);
    fill_disk(&disk, NULL, NULL);
    for (int step = 1000; step < 1100;
         step++) { /* they come, and go before they are analysed: more rows than a page holds */
        write_step(step, 0, NULL);
        look(&b, step);
        char command[64];
        (void)snprintf(command, sizeof command, "rm -r tailed/step%d", step);
        assert_int_equal(system(command), 0);
        look(&b, step + 0.5);
    }
    assert_int_equal(disk.asked, 3);
    assert_query(db, "SELECT count(*) FROM checkpoint WHERE state = 'vanished'", "100");
    end(&b);
}

static void a_watch_that_waits_for_room_can_be_told_to_stop(void **state) {
    (void)state;
    struct bench b;
    struct disk disk;
    struct spt_error error = {0};
    enum spt_tail_trouble trouble;
    begin_with_disk(&b, &disk, stop_when_full);
    fill_disk(&disk, NULL, NULL);
    enum spt_status status = SPT_OK;
    for (int step = 1000; status == SPT_OK && step < 1100; step++) {
        char command[64];
        write_step(step, 0, NULL);
        look(&b, step);
        (void)snprintf(command, sizeof command, "rm -r tailed/step%d", step);
        assert_int_equal(system(command), 0);
        status = spt_tail_look(b.tail, step + 0.5, true, true, &trouble, &error);
    }
    assert_int_equal(status, SPT_END);
    end(&b);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_stalls_when_nothing_is_written_for_so_long_and_once),
        cmocka_unit_test(what_is_no_larger_step_is_a_sign_of_life_too),
        cmocka_unit_test(what_found_no_room_in_the_store_is_analysed_again),
        cmocka_unit_test(a_record_waits_until_there_is_room),
        cmocka_unit_test(a_watch_that_waits_for_room_can_be_told_to_stop),
    };
    return cmocka_run_group_tests(tests, fixture_enter, fixture_leave);
}
