/* What always holds in a store, broken one by one: each is found, and named with its checkpoint. */
#include "store_fixture.h"

#include "checkpoints/base/file.h"
#include "checkpoints/base/hash.h"
#include "tracker/store/audit.h"
#include "tracker/store/internal.h"

#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char PATH[] = "audit.db";

struct seen {
    char text[4096];
    size_t count;
};

static enum spt_status see(void *context, const struct spt_audit_row *row, struct spt_error *error) {
    (void)error;
    struct seen *seen = context;
    assert_non_null(row->text);
    assert_true(row->how != SPT_MEND_SAID || row->mend);
    const size_t length = strlen(seen->text);
    if (length < sizeof seen->text - 512)
        (void)snprintf(seen->text + length, sizeof seen->text - length, "%s%s: %s%s%.300s", seen->count ? "\n" : "",
                       row->kind, row->label ? row->label : "", row->label ? ": " : "", row->text);
    seen->count++;
    return SPT_OK;
}

static struct seen audit(const char *path, bool busy) {
    struct seen seen = {.count = 0};
    struct spt_error error = {0};
    struct spt_store *store = fixture_open(path, SPT_STORE_READ);
    assert_int_equal(spt_store_audit(store, busy, see, &seen, &error), SPT_OK);
    spt_store_close(store);
    return seen;
}

static void fill(const char *path) {
    (void)unlink(path);
    struct spt_store *store = fixture_open(path, SPT_STORE_WRITE);
    const int64_t run = fixture_run(store);
    static const float values[100] = {1};
    assert_int_equal(spt_sql_exec(store, "PRAGMA synchronous = OFF", "not wait for the disk", NULL), SPT_OK);
    for (int i = 0; i < 12; i++) {
        char uri[16];
        (void)snprintf(uri, sizeof uri, "step%d", i);
        struct spt_store_checkpoint row = fixture_row(uri, i, 1);
        row.digest = (struct spt_hash){1, (uint64_t)i + 1};
        assert_int_equal(spt_store_begin(store, run, &row, false, NULL), SPT_OK);
        for (int m = 0; m < 24; m++) {
            const struct spt_measure measure = {&SPT_METRICS[m % 2], m / 2 % 6, m / 12, m, 1, 1, 1, 100, 0};
            assert_int_equal(spt_store_put_measure(store, &measure, NULL), SPT_OK);
        }
        const struct spt_vector samples = {&SPT_METRICS[0], 0, -1, values, 100};
        const struct spt_vector curve = {fixture_metric("sink.received"), 0, -1, values, 64};
        assert_int_equal(spt_store_put_samples(store, &samples, NULL), SPT_OK);
        assert_int_equal(spt_store_put_curve(store, &curve, NULL), SPT_OK);
        const struct spt_vector draws = {fixture_metric("rmt.law_kl"), 0, -1, values, i % 2 ? 1 : 100};
        assert_int_equal(spt_store_put_draws(store, &draws, NULL), SPT_OK);
        assert_int_equal(spt_store_commit(store, NULL), SPT_OK);
    }
    struct spt_store_event event = {.kind = (char *)"alert",
                                    .run = run,
                                    .step = 1,
                                    .key = (char *)"k",
                                    .text = (char *)"a sink",
                                    .time = (char *)"T"};
    assert_int_equal(spt_store_add_event(store, &event, NULL), SPT_OK);
    spt_store_close(store);
}

static void a_store_as_it_should_be_has_nothing_wrong(void **state) {
    (void)state;
    fill(PATH);
    assert_int_equal(audit(PATH, false).count, 0);
    (void)unlink("empty.db");
    spt_store_close(fixture_open("empty.db", SPT_STORE_WRITE));
    assert_int_equal(audit("empty.db", false).count, 0);
}

static void whatever_does_not_hold_is_named(void **state) {
    (void)state;
    static const struct {
        const char *damage, *expected;
    } cases[] = {
        {"UPDATE checkpoint SET state = 'fine' WHERE id = 3",
         "ledger: step2: its state is \"fine\", which this version does not know\n"
         "figures: step2: it is fine, and has figures all the same"},
        {"UPDATE checkpoint SET fingerprint = 'xyz' WHERE id = 2",
         "ledger: step1: its fingerprint is \"xyz\", expected 32 hexadecimal digits"},
        {"UPDATE checkpoint SET digest = upper(digest) || 'G' WHERE id = 2",
         "ledger: step1: its digest is \"00000000000000020000000000000001G\", expected 32 hexadecimal digits"},
        {"UPDATE run SET plan_digest = 'xyz'",
         "ledger: the digests of run \"demo\" are not 32 hexadecimal digits each"},
        {"UPDATE checkpoint SET digest = NULL WHERE id = 1",
         "ledger: step0: it is analysed, but without digest or time"},
        {"UPDATE checkpoint SET superseded = 5 WHERE id = 1",
         "ledger: step0: it is superseded by row 5, which is not of the same checkpoint"},
        {"DELETE FROM measure WHERE checkpoint = 4; DELETE FROM curve WHERE checkpoint = 4",
         "figures: step3: it is analysed, but has no figures"},
        {"DELETE FROM measure WHERE checkpoint = 4 AND metric = 1 AND layer = 2",
         "figures: step3: of 1 of its metrics it has fewer figures than other checkpoints"},
        {"UPDATE probe_value SET \"values\" = x'00000000' WHERE checkpoint = 1",
         "figures: step0: 1 of its vectors of values do not have 100 numbers, one a sample"},
        {"UPDATE run SET plan_text = 'samples: 100' || char(10) || 'bootstrap: 100' || char(10) || 'bootstrap seed: 1';"
         " UPDATE draw SET \"values\" = x'0000000000000000' WHERE checkpoint = 1",
         "figures: step0: 1 of its vectors of draws have neither 100 numbers nor one"},
        {"UPDATE curve SET \"values\" = x'00000000' WHERE checkpoint = 1",
         "figures: step0: 1 of its curves have another number of points than those of other checkpoints"},
        {"UPDATE measure SET layer = 60 WHERE checkpoint = 1 AND layer = 5",
         "figures: step0: 4 of its figures are of layers or heads that the model has not"},
        {"UPDATE event SET delivery = 'shouted'",
         "event: event 1 has the delivery \"shouted\", which this version does not know"},
        {"UPDATE event SET delivery = 'pending'",
         "event: the event of T was not told yet (\"a sink\"): its command was never started"},
        {"UPDATE event SET delivery = 'started'",
         "event: whether the event of T was told is not known (\"a sink\"): nobody saw the end of its command"},
        {"DELETE FROM metric WHERE name = 'sink.received'",
         "store: 12 rows of table curve name a row of table metric that is not there"},
        {"DELETE FROM run", "store: 12 rows of table checkpoint name a row of table run that is not there\n"
                            "store: 1 rows of table event name a row of table run that is not there"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fill(PATH);
        fixture_exec(PATH, cases[i].damage);
        const struct seen seen = audit(PATH, false);
        if (strncmp(seen.text, cases[i].expected, strlen(cases[i].expected)) != 0) /* and the seal, last of all */
            assert_string_equal(seen.text, cases[i].expected);
    }
}

static void rows_that_supersede_each_other_in_a_ring_are_named(void **state) {
    (void)state;
    (void)unlink(PATH);
    struct spt_store *store = fixture_open(PATH, SPT_STORE_WRITE);
    const int64_t run = fixture_run(store);
    for (uint64_t i = 1; i <= 3; i++) (void)fixture_analyse(store, run, fixture_row("step0", 0, i), 1);
    spt_store_close(store);
    fixture_exec(PATH, "UPDATE checkpoint SET superseded = id % 3 + 1; UPDATE checkpoint SET digest = NULL");
    struct seen seen = audit(PATH, false);
    static const char ring[] = "ledger: step0: it is superseded by itself, over others\n"
                               "ledger: step0: it is superseded by itself, over others\n"
                               "ledger: step0: it is superseded by itself, over others";
    assert_non_null(strstr(seen.text, ring));
    fixture_exec(PATH, "UPDATE checkpoint SET superseded = NULL");
    seen = audit(PATH, false);
    assert_non_null(strstr(seen.text, "ledger: step0: 3 rows of it are analysed and none supersedes the other"));
}

/* Changes that break no rule and no page: only the seal tells. */
static void figures_and_rows_that_were_changed_are_told_by_their_seal(void **state) {
    (void)state;
    static const char *const figures[] = {
        "UPDATE measure SET mean = mean + 1e-12 WHERE checkpoint = 3 AND layer = 1 AND metric = 1 AND head = 0",
        "UPDATE measure SET sd = NULL WHERE checkpoint = 3 AND layer = 1 AND metric = 1 AND head = 0",
        "UPDATE measure SET bad = 1 WHERE checkpoint = 3 AND layer = 1 AND metric = 1 AND head = 0",
        "UPDATE probe_value SET \"values\" = zeroblob(400) WHERE checkpoint = 3",
        "UPDATE curve SET \"values\" = zeroblob(256) WHERE checkpoint = 3",
        "UPDATE curve SET layer = 1 WHERE checkpoint = 3",
    };
    static const char *const rows[] = {
        "UPDATE checkpoint SET step = 7 WHERE id = 3",
        "UPDATE checkpoint SET label = 'step7' WHERE id = 3",
        "UPDATE checkpoint SET branch = 'b' WHERE id = 3",
        "UPDATE checkpoint SET tokens = 1 WHERE id = 3",
        "UPDATE checkpoint SET bytes = 1 WHERE id = 3",
        "UPDATE checkpoint SET reason = 'x' WHERE id = 3",
        "UPDATE checkpoint SET seal = digest WHERE id = 3",
        "UPDATE checkpoint SET digest = '0123456789abcdef0123456789abcdef' WHERE id = 3",
    };
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
        fill(PATH);
        fixture_exec(PATH, figures[i]);
        const struct seen seen = audit(PATH, false);
        assert_string_equal(seen.text, "figures: step2: its figures are not those that were stored");
    }
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        fill(PATH);
        fixture_exec(PATH, rows[i]);
        const struct seen seen = audit(PATH, false);
        assert_non_null(strstr(seen.text, ": its row of the ledger is not what was stored"));
    }
}

static void a_second_pass_a_forced_one_and_a_failed_one_keep_the_seal(void **state) {
    (void)state;
    fill(PATH);
    struct spt_store *store = fixture_open(PATH, SPT_STORE_WRITE);
    const struct spt_measure same = {&SPT_METRICS[0], 0, 0, 5, 5, 5, 5, 5, 0};
    const struct spt_measure more = {&SPT_METRICS[3], 0, 0, -0.0, NAN, INFINITY, 1e-320, 5, 0};
    for (int pass = 0; pass < 3; pass++) {
        struct spt_store_checkpoint row = fixture_row("step1", 1, 1);
        row.digest = (struct spt_hash){1, 2};
        row.state = pass == 2 ? SPT_STATE_UNREADABLE : SPT_STATE_ANALYSED;
        assert_int_equal(spt_store_begin(store, 1, &row, pass == 1, NULL), SPT_OK);
        if (pass < 2) {
            assert_int_equal(spt_store_put_measure(store, &same, NULL), SPT_OK);
            assert_int_equal(spt_store_put_measure(store, &more, NULL), SPT_OK);
        }
        assert_int_equal(spt_store_commit(store, NULL), SPT_OK);
    }
    spt_store_close(store);
    const struct seen seen = audit(PATH, false); /* after the forced pass it has fewer, which is all */
    assert_null(strstr(seen.text, "stored"));
}

static void what_version_1_stored_has_no_seal_and_is_not_blamed(void **state) {
    (void)state;
    char *sql = NULL;
    size_t size = 0;
    assert_int_equal(spt_file_read_all(SPT_TEST_DATA "/store/version1.sql", 1 << 20, &sql, &size, NULL), SPT_OK);
    fixture_exec("one.db", sql);
    free(sql);
    spt_store_close(fixture_open("one.db", SPT_STORE_WRITE));
    const struct seen seen = audit("one.db", false);
    assert_string_equal(seen.text, "");
    assert_query("one.db", "SELECT count(*) FROM checkpoint WHERE seal IS NULL", "4");
}

static void what_a_writer_has_not_finished_is_not_wrong(void **state) {
    (void)state;
    fill(PATH);
    fixture_exec(PATH, "UPDATE event SET delivery = 'started'");
    assert_int_equal(audit(PATH, true).count, 0);
    assert_int_equal(audit(PATH, false).count, 1);
}

/* A small generator of its own (xorshift): the same damage in every run of the test. */
static uint64_t next_random(uint64_t *seed) {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    return *seed ^= *seed << 17;
}

/* All that seals cover, as SQLite itself reads it; 0 where it cannot. */
static int add_row(void *context, int columns, char **values, char **names) {
    (void)names;
    for (int i = 0; i < columns; i++) spt_hash_add_text(context, values[i] ? values[i] : "NULL");
    return 0;
}

static struct spt_hash contents(const char *path) {
    static const char SQL[] =
        "SELECT id, run, branch, step, tokens, label, uri, fingerprint, digest, bytes, state, reason FROM checkpoint"
        " ORDER BY id;"
        "SELECT v.checkpoint, m.name, v.layer, v.head, quote(mean), quote(sd), quote(lo), quote(hi), n, bad FROM measure v"
        " JOIN metric m ON m.id = v.metric ORDER BY 1, 2, 3, 4;"
        "SELECT v.checkpoint, m.name, v.layer, v.head, hex(\"values\") FROM probe_value v JOIN metric m ON m.id = v.metric"
        " ORDER BY 1, 2, 3, 4;"
        "SELECT v.checkpoint, m.name, v.layer, v.head, hex(\"values\") FROM curve v JOIN metric m ON m.id = v.metric"
        " ORDER BY 1, 2, 3, 4;";
    sqlite3 *db = NULL;
    struct spt_hash_stream *stream = spt_hash_new();
    struct spt_hash hash = {0};
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
        sqlite3_exec(db, SQL, add_row, stream, NULL) == SQLITE_OK)
        hash = spt_hash_value(stream);
    spt_hash_free(stream);
    sqlite3_close(db);
    return hash;
}

/* The whole of page, header and all, is struck at random: what is read of the store is what was stored, or something
 * is found. */
static void bytes_that_are_wrong_anywhere_are_found_and_take_nothing_down(void **state) {
    (void)state;
    char *good = NULL;
    size_t size = 0, refused = 0, found = 0, harmless = 0;
    uint64_t seed = 7;
    fill(PATH);
    const struct spt_hash stored = contents(PATH);
    assert_int_equal(spt_file_read_all(PATH, 1 << 24, &good, &size, NULL), SPT_OK);
    char *bad = test_malloc(size);
    for (size_t page = 0; page < size / 4096; page++) {
        for (size_t trial = 0; trial < 16; trial++) {
            static const size_t spans[] = {12, 128, 4096, 3584}, lengths[] = {1, 2, 4, 512};
            struct spt_store *store = NULL;
            struct spt_error error = {0};
            struct seen seen = {.count = 0};
            memcpy(bad, good, size);
            const size_t start = page * 4096 + next_random(&seed) % spans[trial % 4];
            for (size_t i = 0; i < lengths[trial % 4] && start + i < size; i++)
                bad[start + i] = (char)next_random(&seed);
            assert_int_equal(spt_file_write_all("bad.db", bad, size, NULL), SPT_OK);
            const bool right = spt_hash_equal(contents("bad.db"), stored);
            if (spt_store_open("bad.db", SPT_STORE_READ, 0, &store, &error) != SPT_OK) {
                assert_true(strlen(error.message) > 10);
                refused++;
            } else {
                assert_int_equal(spt_store_audit(store, false, see, &seen, &error), SPT_OK);
                if (!right && !seen.count) fail_msg("page %zu, byte %zu: not found", page, start % 4096);
                found += seen.count > 0;
                harmless += seen.count == 0;
            }
            spt_store_close(store);
            (void)unlink("bad.db-wal");
            (void)unlink("bad.db-shm");
        }
    }
    print_message("damaged stores: %zu refused, %zu with findings, %zu harmless (where nothing is kept)\n", refused,
                  found, harmless);
    assert_true(refused > 5 && found > 50);
    test_free(bad);
    free(good);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_store_as_it_should_be_has_nothing_wrong),
        cmocka_unit_test(whatever_does_not_hold_is_named),
        cmocka_unit_test(rows_that_supersede_each_other_in_a_ring_are_named),
        cmocka_unit_test(what_a_writer_has_not_finished_is_not_wrong),
        cmocka_unit_test(figures_and_rows_that_were_changed_are_told_by_their_seal),
        cmocka_unit_test(a_second_pass_a_forced_one_and_a_failed_one_keep_the_seal),
        cmocka_unit_test(what_version_1_stored_has_no_seal_and_is_not_blamed),
        cmocka_unit_test(bytes_that_are_wrong_anywhere_are_found_and_take_nothing_down),
    };
    return cmocka_run_group_tests(tests, fixture_enter, fixture_leave);
}
