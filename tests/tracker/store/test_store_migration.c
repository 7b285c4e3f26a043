/* The way from older versions: from version 1 with a store that version 1 made, and from this one to versions that are
 * made up here. */
#include "store_fixture.h"

#include "checkpoints/base/file.h"
#include "tracker/store/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char EVERYTHING[] =
    "SELECT 'run', id, name, source, model_digest, probe_digest, plan_digest, layers, heads, samples, mask,"
    " spectail_version, created FROM run"
    " UNION ALL SELECT 'checkpoint', id, run, branch, step, label, uri, fingerprint, digest, state, reason,"
    " superseded, version FROM checkpoint"
    " UNION ALL SELECT 'measure', checkpoint, metric, layer, head, quote(mean), quote(sd), quote(lo), quote(hi), n,"
    " bad, NULL, NULL FROM measure"
    " UNION ALL SELECT 'curve', checkpoint, metric, layer, head, hex(\"values\"), NULL, NULL, NULL, NULL, NULL, NULL,"
    " NULL FROM curve"
    " UNION ALL SELECT 'probe_value', checkpoint, metric, layer, head, hex(\"values\"), NULL, NULL, NULL, NULL, NULL,"
    " NULL, NULL FROM probe_value"
    " UNION ALL SELECT 'null', run, metric, layer, quote(mean), quote(sd), draws, NULL, NULL, NULL, NULL, NULL, NULL"
    " FROM null_value";

/* A store as version 1 left it, from its dump. */
static void make_version_1(const char *path) {
    char *sql = NULL;
    size_t size = 0;
    struct spt_error error = {0};
    if (spt_file_read_all(SPT_TEST_DATA "/store/version1.sql", 1 << 20, &sql, &size, &error) != SPT_OK)
        fail_msg("%s: %s", error.path, error.message);
    fixture_exec(path, sql);
    free(sql);
}

static void version_1_is_brought_to_this_one_with_every_row(void **state) {
    (void)state;
    make_version_1("one.db");
    char *before = fixture_query("one.db", EVERYTHING);
    struct spt_store *store = NULL;
    struct spt_error error = {0};
    assert_int_equal(spt_store_open("one.db", SPT_STORE_READ, 0, &store, &error), SPT_INVALID);
    assert_string_equal(error.message,
                        "the store is of version 1: sweep once with this spectail, it brings the store to version 3");
    store = fixture_open("one.db", SPT_STORE_WRITE);
    struct spt_store_event *events = NULL;
    size_t count = 0;
    assert_int_equal(spt_store_events(store, 1, NULL, &events, &count, NULL), SPT_OK);
    assert_int_equal(count, 1); /* that of the checkpoint: its run, step and branch are known */
    assert_string_equal(events[0].text, "not readable");
    assert_int_equal(events[0].checkpoint, 2);
    assert_int_equal(events[0].step, 1);
    assert_string_equal(events[0].branch, "");
    assert_null(events[0].key);
    spt_store_free_events(events, count);
    assert_int_equal(spt_store_events(store, 0, "moved", &events, &count, NULL), SPT_OK);
    assert_int_equal(count, 1);
    assert_string_equal(events[0].text, "/elsewhere/demo");
    assert_true(events[0].step == SPT_NO_STEP && events[0].delivery == SPT_DELIVERY_NONE);
    spt_store_free_events(events, count);
    struct spt_store_run *runs = NULL;
    assert_int_equal(spt_store_runs(store, &runs, &count, NULL), SPT_OK);
    assert_int_equal(count, 1);
    assert_null(runs[0].model_text);
    assert_null(runs[0].plan_text);
    spt_store_free_runs(runs, count);
    spt_store_close(store);
    char *after = fixture_query("one.db", EVERYTHING);
    assert_string_equal(after, before);
    test_free(after);
    after = fixture_query("one.db.v1.bak", EVERYTHING);
    assert_string_equal(after, before);
    test_free(after);
    test_free(before);
    assert_query("one.db", "SELECT kind, text FROM event WHERE kind = 'migration'", "migration|from version 1 to 3");
    assert_query("one.db", "PRAGMA integrity_check", "ok");
    assert_query("one.db", "PRAGMA foreign_key_check", "");
    assert_query("one.db.v1.bak", "PRAGMA user_version", "1");
}

/* What version 2 lacked is the table of draws. */
static void version_2_gets_draws_and_keeps_its_seals(void **state) {
    (void)state;
    struct spt_store *store = fixture_open("two.db", SPT_STORE_WRITE);
    const int64_t id = fixture_analyse(store, fixture_run(store), fixture_row("step1", 1, 1), 2);
    spt_store_close(store);
    fixture_exec("two.db", "DROP TABLE draw; PRAGMA user_version = 2");
    char *before = fixture_query("two.db", EVERYTHING);
    store = fixture_open("two.db", SPT_STORE_WRITE);
    struct spt_seal seal;
    assert_int_equal(spt_seal_look(store, id, &seal, NULL), SPT_OK);
    assert_true(seal.sealed && seal.row && seal.figures);
    spt_store_close(store);
    assert_query("two.db", EVERYTHING, before);
    assert_query("two.db", "SELECT count(*) FROM draw", "0");
    assert_query("two.db.v2.bak", "PRAGMA user_version", "2");
    test_free(before);
}

/* Whatever way a store came to this version, it is the same. */
static void a_migrated_store_has_the_tables_of_a_new_one(void **state) {
    (void)state;
    static const char TABLES[] =
        "SELECT t.name, t.wr, t.strict, c.cid, c.name, c.type, c.\"notnull\", c.pk FROM pragma_table_list t,"
        " pragma_table_xinfo(t.name) c WHERE t.schema = 'main' ORDER BY t.name, c.name";
    static const char INDICES[] = "SELECT name, sql FROM sqlite_schema WHERE type = 'index' ORDER BY name";
    make_version_1("migrated.db");
    spt_store_close(fixture_open("migrated.db", SPT_STORE_WRITE));
    spt_store_close(fixture_open("made.db", SPT_STORE_WRITE));
    static const char *const queries[] = {TABLES, INDICES};
    for (size_t i = 0; i < 2; i++) {
        char *made = fixture_query("made.db", queries[i]);
        assert_query("migrated.db", queries[i], made);
        test_free(made);
    }
}

static void a_run_without_texts_gets_them_and_keeps_those_it_has(void **state) {
    (void)state;
    make_version_1("texts.db");
    struct spt_store *store = fixture_open("texts.db", SPT_STORE_WRITE);
    struct spt_store_run *runs = NULL;
    size_t count = 0;
    assert_int_equal(spt_store_runs(store, &runs, &count, NULL), SPT_OK);
    struct spt_store_run run = runs[0];
    run.model_text = (char[]){"hidden_size: 32\n"};
    assert_int_equal(spt_store_find_or_add_run(store, &run, NULL), SPT_OK);
    run.model_text = (char[]){"hidden_size: 64\n"};
    run.plan_text = (char[]){"bootstrap: 10\n"};
    assert_int_equal(spt_store_find_or_add_run(store, &run, NULL), SPT_OK);
    assert_int_equal(run.id, 1);
    spt_store_free_runs(runs, count);
    spt_store_close(store);
    assert_query("texts.db", "SELECT model_text, probe_text, plan_text FROM run",
                 "hidden_size: 32\n|NULL|bootstrap: 10\n");
}

static enum spt_status add_note(struct spt_store *store, struct spt_error *error) {
    return spt_sql_exec(store, "ALTER TABLE run ADD COLUMN note TEXT; UPDATE run SET note = 'from 3'", "migrate",
                        error);
}
static enum spt_status extend_note(struct spt_store *store, struct spt_error *error) {
    return spt_sql_exec(store, "UPDATE run SET note = note || ' over 4'", "migrate", error);
}
static enum spt_status fail_half_way(struct spt_store *store, struct spt_error *error) {
    return spt_sql_exec(store, "DROP TABLE event; DROP TABLE absent", "migrate", error);
}

static void an_older_version_is_migrated_after_a_back_up(void **state) {
    (void)state;
    struct spt_store *store = fixture_open("old.db", SPT_STORE_WRITE);
    fixture_analyse(store, fixture_run(store), fixture_row("step1", 1, 1), 2);
    spt_store_close(store);
    spt_store_migration *const steps[] = {SPT_STORE_SCHEMA.migrations[0], SPT_STORE_SCHEMA.migrations[1], add_note,
                                          extend_note};
    struct spt_store_schema schema = SPT_STORE_SCHEMA;
    schema.version = 5;
    schema.migrations = steps;
    struct spt_error error = {0};
    assert_int_equal(spt_store_open_schema("old.db", SPT_STORE_READ, 0, &schema, &store, &error), SPT_INVALID);
    assert_string_equal(error.message,
                        "the store is of version 3: sweep once with this spectail, it brings the store to version 5");
    assert_int_equal(spt_store_open_schema("old.db", SPT_STORE_WRITE, 0, &schema, &store, &error), SPT_OK);
    spt_store_close(store);
    assert_query("old.db", "SELECT note FROM run", "from 3 over 4");
    assert_query("old.db", "PRAGMA user_version", "5");
    assert_query("old.db", "SELECT kind, text FROM event", "migration|from version 3 to 5");
    assert_query("old.db.v3.bak", "PRAGMA user_version", "3");
    assert_query("old.db.v3.bak", "SELECT count(*) FROM pragma_table_info('run') WHERE name = 'note'", "0");
    assert_query("old.db.v3.bak", "SELECT count(*) FROM measure", "2");
    spt_store_close(fixture_open("old.db.v3.bak", SPT_STORE_READ)); /* the back-up is a store */
    assert_int_equal(spt_store_open_schema("old.db", SPT_STORE_WRITE, 0, &schema, &store, &error), SPT_OK);
    spt_store_close(store);
    assert_query("old.db", "SELECT note FROM run", "from 3 over 4"); /* once only */
}

static void a_migration_that_fails_leaves_the_store_as_it_was(void **state) {
    (void)state;
    struct spt_store *store = fixture_open("fails.db", SPT_STORE_WRITE);
    fixture_run(store);
    spt_store_close(store);
    spt_store_migration *const steps[] = {SPT_STORE_SCHEMA.migrations[0], SPT_STORE_SCHEMA.migrations[1], add_note,
                                          fail_half_way};
    struct spt_store_schema schema = SPT_STORE_SCHEMA;
    schema.version = 5;
    schema.migrations = steps;
    struct spt_error error = {0};
    assert_int_equal(spt_store_open_schema("fails.db", SPT_STORE_WRITE, 0, &schema, &store, &error), SPT_INVALID);
    assert_string_equal(error.message, "cannot bring the store from version 4 to 5, it is left as it was: "
                                       "cannot migrate, the store is damaged: no such table: absent");
    assert_query("fails.db", "SELECT count(*) FROM pragma_table_info('run') WHERE name = 'note'", "0");
    spt_store_close(fixture_open("fails.db", SPT_STORE_WRITE)); /* still a whole store of this version */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(version_1_is_brought_to_this_one_with_every_row),
        cmocka_unit_test(version_2_gets_draws_and_keeps_its_seals),
        cmocka_unit_test(a_migrated_store_has_the_tables_of_a_new_one),
        cmocka_unit_test(a_run_without_texts_gets_them_and_keeps_those_it_has),
        cmocka_unit_test(an_older_version_is_migrated_after_a_back_up),
        cmocka_unit_test(a_migration_that_fails_leaves_the_store_as_it_was),
    };
    return cmocka_run_group_tests(tests, fixture_enter, fixture_leave);
}
