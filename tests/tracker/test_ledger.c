/* Rows of a run are found by uri and fingerprint, whatever their order and number. */
#include "store/store_fixture.h"

#include "tracker/ledger.h"

#include <stdio.h>
#include <unistd.h>

enum { MANY = 10000 };

static int fresh_store(void **state) {
    (void)state;
    unlink("ledger.db");
    return 0;
}

static struct spt_ledger read_ledger(struct spt_store *store, int64_t run) {
    struct spt_ledger ledger = {0};
    struct spt_error error;
    if (spt_ledger_read(&ledger, store, run, &error) != SPT_OK) fail_msg("%s", error.message);
    return ledger;
}

static void put(struct spt_store *store, int64_t run, struct spt_store_checkpoint row) {
    struct spt_error error;
    if (spt_store_begin(store, run, &row, false, &error) != SPT_OK || spt_store_commit(store, &error) != SPT_OK)
        fail_msg("%s", error.message);
}

static void a_row_is_found_by_its_uri_and_files(void **state) {
    (void)state;
    struct spt_store *store = fixture_open("ledger.db", SPT_STORE_WRITE);
    const int64_t run = fixture_run(store);
    const char *const uris[] = {"step2", "step10", "step1", "step100"};
    for (size_t i = 0; i < 4; i++) fixture_analyse(store, run, fixture_row(uris[i], (int64_t)i, 1), 1);
    struct spt_ledger ledger = read_ledger(store, run);
    assert_int_equal(ledger.count, 4);
    for (size_t i = 0; i < 4; i++) {
        const struct spt_store_checkpoint *row =
            spt_ledger_find(&ledger, uris[i], fixture_row(uris[i], 0, 1).fingerprint);
        assert_non_null(row);
        assert_string_equal(row->uri, uris[i]);
        assert_int_equal(row->step, i);
        assert_ptr_equal(spt_ledger_find_uri(&ledger, uris[i]), row);
    }
    assert_null(spt_ledger_find(&ledger, "step1", fixture_row("step1", 0, 2).fingerprint)); /* other files */
    assert_null(spt_ledger_find_uri(&ledger, "step"));
    assert_null(spt_ledger_find_uri(&ledger, "step1000"));
    spt_ledger_release(&ledger);
    spt_store_close(store);
}

static void the_analysed_row_stands_for_a_uri_that_has_several(void **state) {
    (void)state;
    struct spt_store *store = fixture_open("ledger.db", SPT_STORE_WRITE);
    const int64_t run = fixture_run(store);
    const int64_t id = fixture_analyse(store, run, fixture_row("step1", 1, 5), 1);
    struct spt_store_checkpoint torn = fixture_row("step1", 1, 6);
    torn.state = SPT_STATE_INCOMPLETE;
    torn.reason = (char[]){"torn"};
    put(store, run, torn);
    struct spt_ledger ledger = read_ledger(store, run);
    assert_int_equal(ledger.count, 2);
    assert_int_equal(spt_ledger_find_uri(&ledger, "step1")->id, id);
    assert_int_equal(spt_ledger_find(&ledger, "step1", torn.fingerprint)->state, SPT_STATE_INCOMPLETE);
    spt_ledger_release(&ledger);
    spt_store_close(store);
}

static void what_a_row_has_is_told_with_it(void **state) {
    (void)state;
    struct spt_store *store = fixture_open("ledger.db", SPT_STORE_WRITE);
    const int64_t run = fixture_run(store);
    struct spt_store_checkpoint torn = fixture_row("step1", 1, 1);
    torn.state = SPT_STATE_INCOMPLETE;
    torn.reason = (char[]){"torn"};
    put(store, run, torn);
    fixture_analyse(store, run, fixture_row("step2", 2, 1), 1); /* has the loss and nothing else */
    struct spt_ledger ledger = read_ledger(store, run);
    const bool *of_torn = spt_ledger_present(&ledger, spt_ledger_find_uri(&ledger, "step1"));
    const bool *of_whole = spt_ledger_present(&ledger, spt_ledger_find_uri(&ledger, "step2"));
    const struct spt_metric *loss = fixture_metric("loss");
    for (size_t i = 0; i < SPT_METRIC_COUNT; i++) {
        assert_false(of_torn[i]);
        if (&SPT_METRICS[i] == loss) assert_true(of_whole[i]);
        if (SPT_METRICS[i].null) assert_false(of_whole[i]);
    }
    spt_ledger_release(&ledger);
    spt_store_close(store);
}

static void a_run_that_is_not_there_has_no_rows(void **state) {
    (void)state;
    struct spt_store *store = fixture_open("ledger.db", SPT_STORE_WRITE);
    struct spt_ledger ledger = read_ledger(store, 0);
    assert_int_equal(ledger.count, 0);
    assert_null(spt_ledger_find_uri(&ledger, "step1"));
    spt_ledger_release(&ledger);
    spt_store_close(store);
}

static void each_of_ten_thousand_is_found(void **state) {
    (void)state;
    struct spt_ledger ledger = {.count = MANY};
    static char uris[MANY][16]; /* too large for the stack */
    ledger.rows = test_calloc(MANY, sizeof *ledger.rows);
    ledger.by_uri = test_calloc(MANY, sizeof *ledger.by_uri);
    for (size_t i = 0; i < MANY; i++) {
        (void)snprintf(uris[i], sizeof uris[i], "step%05zu", i); /* sorted as text */
        ledger.rows[i] = (struct spt_store_checkpoint){.uri = uris[i], .fingerprint = {i, 1}};
        ledger.by_uri[i] = &ledger.rows[i];
    }
    for (size_t i = 0; i < MANY; i++)
        assert_ptr_equal(spt_ledger_find(&ledger, uris[i], (struct spt_hash){i, 1}), &ledger.rows[i]);
    test_free(ledger.rows);
    test_free(ledger.by_uri);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_row_is_found_by_its_uri_and_files, fresh_store),
        cmocka_unit_test_setup(the_analysed_row_stands_for_a_uri_that_has_several, fresh_store),
        cmocka_unit_test_setup(what_a_row_has_is_told_with_it, fresh_store),
        cmocka_unit_test_setup(a_run_that_is_not_there_has_no_rows, fresh_store),
        cmocka_unit_test(each_of_ten_thousand_is_found),
    };
    return cmocka_run_group_tests(tests, fixture_enter, fixture_leave);
}
