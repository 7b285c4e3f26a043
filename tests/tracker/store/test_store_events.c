/* Events: what they are of comes back, none is stored twice, and how a delivery goes on is kept. */
#include "store_fixture.h"

#include "tracker/store/internal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char PATH[] = "events.db";

static int fresh_store(void **state) {
    (void)state;
    unlink(PATH);
    return 0;
}

static struct spt_store_event alert(int64_t run, const char *key) {
    return (struct spt_store_event){
        .kind = (char *)"alert",
        .run = run,
        .step = 500,
        .branch = (char *)"stage2",
        .rule = (char *)"sink",
        .key = (char *)key,
        .text = (char *)"sink.first is 0.9 at step 500",
        .delivery = SPT_DELIVERY_PENDING,
    };
}

static void an_event_comes_back_with_all_it_is_of(void **state) {
    (void)state;
    struct spt_store *store = fixture_open(PATH, SPT_STORE_WRITE);
    const int64_t run = fixture_run(store);
    const int64_t checkpoint = fixture_analyse(store, run, fixture_row("step500", 500, 1), 1);
    struct spt_store_event event = alert(run, "sink/stage2/500"), bare = {.kind = (char *)"fetch", .text = (char *)"x"};
    event.checkpoint = checkpoint;
    event.time = (char *)"2024-01-02T03:04:05Z";
    bare.step = SPT_NO_STEP;
    assert_int_equal(spt_store_add_event(store, &event, NULL), SPT_OK);
    assert_int_equal(spt_store_add_event(store, &bare, NULL), SPT_OK);
    assert_true(event.id > 0 && bare.id > event.id);
    struct spt_store_event *events = NULL;
    size_t count = 0;
    assert_int_equal(spt_store_events(store, run, NULL, &events, &count, NULL), SPT_OK);
    assert_int_equal(count, 1);
    assert_true(events[0].id == event.id && events[0].run == run && events[0].checkpoint == checkpoint);
    assert_string_equal(events[0].time, "2024-01-02T03:04:05Z");
    assert_string_equal(events[0].kind, "alert");
    assert_int_equal(events[0].step, 500);
    assert_string_equal(events[0].branch, "stage2");
    assert_string_equal(events[0].rule, "sink");
    assert_string_equal(events[0].key, "sink/stage2/500");
    assert_string_equal(events[0].text, "sink.first is 0.9 at step 500");
    assert_int_equal(events[0].delivery, SPT_DELIVERY_PENDING);
    assert_null(events[0].outcome);
    spt_store_free_events(events, count);
    assert_int_equal(spt_store_events(store, 0, NULL, &events, &count, NULL), SPT_OK);
    assert_int_equal(count, 1);
    assert_true(events[0].run == 0 && events[0].checkpoint == 0 && events[0].step == SPT_NO_STEP);
    assert_string_equal(events[0].branch, "");
    assert_null(events[0].rule);
    assert_null(events[0].key);
    spt_store_free_events(events, count);
    assert_int_equal(spt_store_events(store, run, "fetch", &events, &count, NULL), SPT_OK);
    assert_int_equal(count, 0);
    spt_store_free_events(events, count);
    spt_store_close(store);
    assert_query(PATH, "SELECT count(*) FROM event WHERE abs(julianday(time) - julianday('now')) < 1", "1");
}

static void an_event_of_the_same_run_kind_and_key_is_there_once(void **state) {
    (void)state;
    struct spt_store *store = fixture_open(PATH, SPT_STORE_WRITE);
    const int64_t run = fixture_run(store);
    struct spt_store_event first = alert(run, "a"), again = alert(run, "a"), other = alert(run, "b");
    struct spt_store_event kind = alert(run, "a"), nobody = alert(0, "a"), twice = alert(0, "a");
    kind.kind = (char *)"fetch";
    assert_int_equal(spt_store_add_event(store, &first, NULL), SPT_OK);
    assert_int_equal(spt_store_add_event(store, &again, NULL), SPT_END);
    assert_int_equal(again.id, 0);
    assert_int_equal(spt_store_add_event(store, &other, NULL), SPT_OK);
    assert_int_equal(spt_store_add_event(store, &kind, NULL), SPT_OK);
    assert_int_equal(spt_store_add_event(store, &nobody, NULL), SPT_OK);
    assert_int_equal(spt_store_add_event(store, &twice, NULL), SPT_END);
    struct spt_store_event free_1 = alert(run, NULL), free_2 = alert(run, NULL);
    assert_int_equal(spt_store_add_event(store, &free_1, NULL), SPT_OK);
    assert_int_equal(spt_store_add_event(store, &free_2, NULL), SPT_OK);
    spt_store_close(store);
    assert_query(PATH, "SELECT count(*) FROM event", "6");
}

static void an_event_within_a_checkpoint_shares_its_fate(void **state) {
    (void)state;
    struct spt_store *store = fixture_open(PATH, SPT_STORE_WRITE);
    const int64_t run = fixture_run(store);
    for (int kept = 0; kept < 2; kept++) {
        struct spt_store_checkpoint row = fixture_row("step1", 1, 1);
        struct spt_store_event event = alert(run, "k");
        assert_int_equal(spt_store_begin(store, run, &row, false, NULL), SPT_OK);
        event.checkpoint = row.id;
        assert_int_equal(spt_store_add_event(store, &event, NULL), SPT_OK);
        assert_int_equal(spt_store_deliver(store, event.id, SPT_DELIVERY_STARTED, NULL, NULL), SPT_OK);
        if (kept)
            assert_int_equal(spt_store_commit(store, NULL), SPT_OK);
        else
            spt_store_rollback(store);
        struct spt_store_event *events = NULL;
        size_t count = 0;
        assert_int_equal(spt_store_events(store, run, "alert", &events, &count, NULL), SPT_OK);
        assert_int_equal(count, kept);
        spt_store_free_events(events, count);
    }
    struct spt_store_checkpoint row = fixture_row("step2", 2, 1);
    struct spt_store_event event = alert(run, "lost");
    struct spt_error error = {0};
    assert_int_equal(spt_store_begin(store, run, &row, false, NULL), SPT_OK);
    assert_int_equal(spt_sql_exec(store, "ROLLBACK", "do what SQLite does after an I/O error", NULL), SPT_OK);
    assert_int_equal(spt_store_add_event(store, &event, &error), SPT_IO);
    assert_string_equal(error.message, "the checkpoint that was being written is lost: an earlier write failed");
    spt_store_rollback(store);
    spt_store_close(store);
}

static void a_delivery_goes_on_and_keeps_its_outcome(void **state) {
    (void)state;
    struct spt_store *store = fixture_open(PATH, SPT_STORE_WRITE);
    const int64_t run = fixture_run(store);
    struct spt_store_event event = alert(run, "k");
    assert_int_equal(spt_store_add_event(store, &event, NULL), SPT_OK);
    static const char *const names[] = {"none", "pending", "started", "done", "failed"};
    for (int d = 0; d < SPT_DELIVERY_COUNT; d++) {
        const char *outcome = d == SPT_DELIVERY_FAILED ? "ended with status 3" : NULL;
        assert_string_equal(spt_delivery_name((enum spt_delivery)d), names[d]);
        assert_int_equal(spt_store_deliver(store, event.id, (enum spt_delivery)d, outcome, NULL), SPT_OK);
        struct spt_store_event *events = NULL;
        size_t count = 0;
        assert_int_equal(spt_store_events(store, run, NULL, &events, &count, NULL), SPT_OK);
        assert_int_equal(count, 1);
        assert_int_equal(events[0].delivery, d);
        if (outcome)
            assert_string_equal(events[0].outcome, outcome);
        else
            assert_null(events[0].outcome);
        spt_store_free_events(events, count);
    }
    struct spt_error error = {0};
    assert_int_equal(spt_store_deliver(store, 77, SPT_DELIVERY_DONE, NULL, &error), SPT_INVALID);
    assert_string_equal(error.message, "the store has no event 77");
    spt_store_close(store);
}

static void events_come_by_time_and_by_step_within_a_second(void **state) {
    (void)state;
    struct spt_store *store = fixture_open(PATH, SPT_STORE_WRITE);
    const int64_t run = fixture_run(store);
    static const struct {
        const char *time;
        int64_t step;
    } in[] = {{"2024-01-02T00:00:01Z", 9}, {"2024-01-02T00:00:00Z", 10}, {"2024-01-02T00:00:00Z", 2}};
    for (size_t i = 0; i < sizeof in / sizeof *in; i++) {
        struct spt_store_event event = alert(run, NULL);
        event.time = (char *)in[i].time;
        event.step = in[i].step;
        assert_int_equal(spt_store_add_event(store, &event, NULL), SPT_OK);
    }
    struct spt_store_event *events = NULL;
    size_t count = 0;
    assert_int_equal(spt_store_events(store, run, NULL, &events, &count, NULL), SPT_OK);
    assert_int_equal(count, 3);
    assert_true(events[0].step == 2 && events[1].step == 10 && events[2].step == 9);
    spt_store_free_events(events, count);
    spt_store_close(store);
}

static void an_event_of_nothing_that_is_there_is_refused(void **state) {
    (void)state;
    struct spt_store *store = fixture_open(PATH, SPT_STORE_WRITE);
    struct spt_store_event event = alert(999, "k");
    assert_int_equal(spt_store_add_event(store, &event, NULL), SPT_INVALID);
    spt_store_close(store);
    assert_query(PATH, "SELECT count(*) FROM event", "0");
}

static void a_delivery_this_program_never_writes_is_named(void **state) {
    (void)state;
    struct spt_store *store = fixture_open(PATH, SPT_STORE_WRITE);
    struct spt_store_event event = alert(0, NULL);
    assert_int_equal(spt_store_add_event(store, &event, NULL), SPT_OK);
    spt_store_close(store);
    fixture_exec(PATH, "UPDATE event SET delivery = 'by hand'");
    store = fixture_open(PATH, SPT_STORE_READ);
    struct spt_store_event *events = NULL;
    size_t count = 0;
    struct spt_error error = {0};
    assert_int_equal(spt_store_events(store, 0, NULL, &events, &count, &error), SPT_INVALID);
    assert_string_equal(error.message, "the store is damaged: row 1 of table event has no valid delivery");
    spt_store_close(store);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(an_event_comes_back_with_all_it_is_of, fresh_store),
        cmocka_unit_test_setup(an_event_of_the_same_run_kind_and_key_is_there_once, fresh_store),
        cmocka_unit_test_setup(an_event_within_a_checkpoint_shares_its_fate, fresh_store),
        cmocka_unit_test_setup(a_delivery_goes_on_and_keeps_its_outcome, fresh_store),
        cmocka_unit_test_setup(events_come_by_time_and_by_step_within_a_second, fresh_store),
        cmocka_unit_test_setup(an_event_of_nothing_that_is_there_is_refused, fresh_store),
        cmocka_unit_test_setup(a_delivery_this_program_never_writes_is_named, fresh_store),
    };
    return cmocka_run_group_tests(tests, fixture_enter, fixture_leave);
}
