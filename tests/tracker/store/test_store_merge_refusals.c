/* What is not merged, with its sentence, and that sources are only read. */
#include "merge_fixture.h"

#include "checkpoints/base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- refusals --- */

static void refuse(const char *into, const char *source, const char *path, const char *message) {
    struct spt_merge_report report;
    struct spt_error error = {0};
    assert_int_equal(merge_list(into, &source, 1, &report, &error), SPT_INVALID);
    assert_string_equal(error.path, path);
    assert_string_equal(error.message, message);
}

static void refuse_starting(const char *into, const char *source, const char *path, const char *start) {
    struct spt_merge_report report;
    struct spt_error error = {0};
    assert_int_equal(merge_list(into, &source, 1, &report, &error), SPT_INVALID);
    assert_string_equal(error.path, path);
    if (strncmp(error.message, start, strlen(start)) != 0) fail_msg("%s", error.message);
}

static void add_run(const char *path, struct spt_hash model, struct spt_hash probe, struct spt_hash plan,
                    const char *model_text, const char *probe_text, const char *plan_text) {
    struct spt_store *store = fixture_open(path, SPT_STORE_WRITE);
    struct spt_store_run run = {.name = (char *)"pythia",
                                .source = (char *)"/runs/pythia",
                                .mask = (char *)"causal",
                                .model = model,
                                .probe = probe,
                                .plan = plan,
                                .model_text = (char *)model_text,
                                .probe_text = (char *)probe_text,
                                .plan_text = (char *)plan_text};
    assert_int_equal(spt_store_find_or_add_run(store, &run, NULL), SPT_OK);
    spt_store_close(store);
}

static void runs_that_differ_are_refused_with_the_difference(void **state) {
    (void)state;
    static const struct spt_hash one = {1, 1}, two = {2, 2};
    static const char model[] = "model_type: gpt_neox\nhidden_size: 512\n",
                      other_model[] = "model_type: gpt_neox\nhidden_size: 768\n";
    static const char probe[] = "samples: 100\ntokens: 5000\ntoken ids: aa\n",
                      other_probe[] = "samples: 50\ntokens: 2500\ntoken ids: bb\n";
    static const char plan[] = "samples: 100\nbootstrap: 1000\n", other_plan[] = "samples: 50\nbootstrap: 10\n";
    clear("a.db");
    add_run("a.db", one, one, one, model, probe, plan);
    clear("b.db");
    add_run("b.db", two, one, one, other_model, probe, plan);
    refuse("a.db", "b.db", "b.db", "its run \"pythia\" is not that of a.db: model: hidden_size 768, not 512");
    clear("b.db");
    add_run("b.db", one, two, two, model, other_probe, other_plan);
    refuse("a.db", "b.db", "b.db",
           "its run \"pythia\" is not that of a.db: probe: 50 samples, not 100, 2500 tokens, not 5000; plan: bootstrap "
           "10, not 1000");
    clear("b.db");
    add_run("b.db", one, two, one, model, "samples: 100\ntokens: 5000\ntoken ids: bb\n", plan);
    refuse("a.db", "b.db", "b.db", "its run \"pythia\" is not that of a.db: probe: other token ids");
    clear("b.db");
    add_run("b.db", one, one, two, model, probe, plan);
    refuse("a.db", "b.db", "b.db",
           "its run \"pythia\" is not that of a.db: plan: another one, though its description is the same");
    clear("b.db");
    add_run("b.db", two, one, one, NULL, NULL, NULL);
    refuse("a.db", "b.db", "b.db",
           "its run \"pythia\" is not that of a.db: model: another one (one of the two has no description: an older "
           "version made it)");
    /* neither the target nor a third source is touched, and no target is made */
    struct spt_merge_report reports[2];
    struct spt_error error = {0};
    assert_int_equal(merge_list("new.db", (const char *const[]){"a.db", "b.db"}, 2, reports, &error), SPT_INVALID);
    assert_int_equal(access("new.db", F_OK), -1);
    assert_int_equal(access("new.db.lock", F_OK), -1);
    assert_query("a.db", "SELECT count(*) FROM run", "1");
}

static void runs_of_one_name_that_one_store_holds_are_known_apart(void **state) {
    (void)state;
    static const struct spt_hash one = {1, 1}, two = {2, 2};
    clear("a.db");
    add_run("a.db", one, one, one, NULL, NULL, NULL);
    clear("b.db");
    add_run("b.db", one, one, two, NULL, NULL, NULL);
    clear("ab.db");
    add_run("ab.db", one, one, one, NULL, NULL, NULL);
    add_run("ab.db", one, one, two, NULL, NULL, NULL);
    struct spt_merge_report reports[3];
    struct spt_error error = {0};
    clear("m.db");
    assert_int_equal(merge_list("m.db", (const char *const[]){"a.db", "b.db"}, 2, reports, &error), SPT_INVALID);
    assert_int_equal(merge_list("m.db", (const char *const[]){"a.db", "b.db", "ab.db"}, 3, reports, &error), SPT_OK);
    assert_query("m.db", "SELECT count(*) FROM run", "2");
}

static void what_cannot_be_merged_is_refused_before_anything_is_changed(void **state) {
    (void)state;
    MAKE("a.db", {"step0", 0, 1, 10, SPT_STATE_ANALYSED, T0, 1});
    MAKE("b.db", {"step1", 1, 1, 11, SPT_STATE_ANALYSED, T0, 1});
    assert_int_equal(symlink("a.db", "link-a.db"), 0);
    refuse("a.db", "link-a.db", "link-a.db",
           "is the store that the others are merged into (--into a.db); leave it out of the sources");
    const char *const sources[] = {"b.db", "c.db"};
    struct spt_merge_report reports[2];
    struct spt_error error = {0};
    char *before = read_bytes("a.db");
    clear("c.db");
    assert_int_equal(merge_list("a.db", sources, 2, reports, &error), SPT_IO);
    assert_string_equal(error.path, "c.db");
    MAKE("c.db", {"step2", 2, 1, 12, SPT_STATE_ANALYSED, T0, 1});
    fixture_exec("c.db", "PRAGMA user_version = 1");
    assert_int_equal(merge_list("a.db", sources, 2, reports, &error), SPT_INVALID);
    assert_string_equal(error.message,
                        "the store is of version 1: sweep once with this spectail, it brings the store to version 3");
    fixture_exec("c.db", "PRAGMA user_version = 9");
    assert_int_equal(merge_list("a.db", sources, 2, reports, &error), SPT_INVALID);
    fixture_exec("c.db", "PRAGMA user_version = 3; PRAGMA writable_schema = ON;"
                         "UPDATE sqlite_schema SET rootpage = 3 WHERE name = 'measure'");
    assert_int_equal(merge_list("a.db", sources, 2, reports, &error), SPT_INVALID);
    assert_string_equal(error.path, "c.db");
    char *after = read_bytes("a.db");
    assert_string_equal(after, before);
    test_free(before);
    test_free(after);
}

static void values_of_a_spoilt_source_are_refused_whole(void **state) {
    (void)state;
    static const char *const damages[] = {
        "UPDATE checkpoint SET state = 'fine'",
        "UPDATE checkpoint SET fingerprint = 'xyz'",
        "PRAGMA foreign_keys = OFF; UPDATE measure SET metric = 77 WHERE metric = 2",
        "PRAGMA ignore_check_constraints = ON; PRAGMA writable_schema = ON;"
        "UPDATE sqlite_schema SET sql = replace(sql, 'STRICT', '') WHERE name = 'curve'; PRAGMA writable_schema = RESET;"
        "UPDATE curve SET \"values\" = 'text'",
    };
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
        MAKE("a.db", {"step0", 0, 1, 10, SPT_STATE_ANALYSED, T0, 1});
        MAKE("b.db", {"step1", 1, 1, 11, SPT_STATE_ANALYSED, T0, 7});
        fixture_exec("b.db", damages[i]);
        refuse_starting("a.db", "b.db", "b.db", "the store is damaged: ");
        assert_query("a.db", "SELECT count(*) FROM checkpoint", "1");
        assert_query("a.db", "SELECT count(*) FROM curve", "0");
    }
}

/* --- sources are only read --- */

static void damage_is_not_sealed_by_a_merge(void **state) {
    (void)state;
    MAKE("a.db", {"step0", 0, 1, 10, SPT_STATE_ANALYSED, T0, 1});
    MAKE("b.db", {"step0", 0, 1, 10, SPT_STATE_ANALYSED, T1, 2});
    fixture_exec("b.db", "UPDATE measure SET mean = 77");
    refuse("a.db", "b.db", "b.db",
           "the store is damaged: the figures of step0 are not those that were stored (see spectail check)");
    refuse("b.db", "a.db", "b.db",
           "the store is damaged: the figures of step0 are not those that were stored (see spectail check)");
    assert_query("a.db", "SELECT count(*) FROM measure", "1");
}

static void sources_stay_as_they_are(void **state) {
    (void)state;
    MAKE("a.db", {"step0", 0, 1, 10, SPT_STATE_ANALYSED, T0, 7});
    assert_int_equal(mkdir("media", 0777), 0);
    assert_int_equal(rename("a.db", "media/a.db"), 0);
    /* a folder where nothing can be made, as on read-only media: a link that leads nowhere stops SQLite the same way */
    assert_int_equal(symlink("nowhere/to/be/found", "media/a.db-shm"), 0);
    char *before = NULL, *after = NULL;
    size_t size = 0, size_after = 0;
    assert_int_equal(spt_file_read_all("media/a.db", 1 << 24, &before, &size, NULL), SPT_OK);
    clear("m.db");
    assert_int_equal(merge_one("m.db", "media/a.db").added, 1);
    assert_int_equal(spt_file_read_all("media/a.db", 1 << 24, &after, &size_after, NULL), SPT_OK);
    assert_true(size == size_after && memcmp(before, after, size) == 0);
    free(before);
    free(after);
}

static void a_source_that_is_being_written_gives_what_it_has(void **state) {
    (void)state;
    (void)unlink("live.db");
    struct spt_store *store = fixture_open("live.db", SPT_STORE_WRITE);
    const int64_t run = fixture_run(store);
    put(store, run, &(struct made){"step0", 0, 1, 10, SPT_STATE_ANALYSED, T0, 7});
    clear("m.db");
    struct spt_merge_report report = merge_one("m.db", "live.db");
    assert_true(report.written && report.added == 1);
    put(store, run, &(struct made){"step1", 1, 1, 11, SPT_STATE_ANALYSED, T0, 7});
    spt_store_close(store);
    report = merge_one("m.db", "live.db");
    assert_true(!report.written && report.added == 1 && report.known == 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_that_differ_are_refused_with_the_difference),
        cmocka_unit_test(runs_of_one_name_that_one_store_holds_are_known_apart),
        cmocka_unit_test(what_cannot_be_merged_is_refused_before_anything_is_changed),
        cmocka_unit_test(values_of_a_spoilt_source_are_refused_whole),
        cmocka_unit_test(damage_is_not_sealed_by_a_merge),
        cmocka_unit_test(sources_stay_as_they_are),
        cmocka_unit_test(a_source_that_is_being_written_gives_what_it_has),
    };
    return cmocka_run_group_tests(tests, fixture_enter, fixture_leave);
}
