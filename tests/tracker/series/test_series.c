/* The user's own series. Texts as trainers and spreadsheets write them: HF Trainer's log_history, wandb's and pandas'
 * CSV, RFC 4180. */
#include "tracker/series/series.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "checkpoints/base/file.h"
#include "checkpoints/base/text.h"

static char folder[] = "/tmp/spectail-series-XXXXXX";

static int setup(void **state) {
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int teardown(void **state) {
    (void)state;
    return rmdir(folder);
}

/* Writes bytes to a file of that name and reads it; the file is gone afterwards. */
static enum spt_status read_bytes(const char *name, const char *bytes, size_t size, const char *step, const char *value,
                                  struct spt_store_point **points, size_t *count, struct spt_error *error) {
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(spt_file_write_all(path, bytes, size, NULL), SPT_OK);
    *points = NULL;
    *count = 0;
    const enum spt_status status = spt_series_read(path, step, value, points, count, error);
    assert_int_equal(unlink(path), 0);
    return status;
}

static void assert_points(const char *name, const char *text, const char *step, const char *value,
                          const struct spt_store_point *expected, size_t expected_count) {
    struct spt_store_point *points;
    size_t count;
    struct spt_error error = {0};
    if (read_bytes(name, text, strlen(text), step, value, &points, &count, &error) != SPT_OK)
        fail_msg("%s: %s", name, error.message);
    assert_int_equal(count, expected_count);
    for (size_t i = 0; i < count; i++) {
        assert_true(points[i].step == expected[i].step);
        if (isnan(expected[i].value))
            assert_true(isnan(points[i].value));
        else
            assert_true(points[i].value == expected[i].value);
    }
    free(points);
}
#define POINTS(name, text, step, value, ...)                                                                           \
    assert_points(name, text, step, value, (const struct spt_store_point[]){__VA_ARGS__},                              \
                  sizeof((const struct spt_store_point[]){__VA_ARGS__}) / sizeof(struct spt_store_point))

static void assert_refused(const char *name, const char *text, const char *step, const char *value, const char *said) {
    struct spt_store_point *points;
    size_t count;
    struct spt_error error = {0};
    assert_int_equal(read_bytes(name, text, strlen(text), step, value, &points, &count, &error), SPT_INVALID);
    assert_null(points);
    if (!strstr(error.message, said)) fail_msg("\"%s\" is not in: %s", said, error.message);
    assert_non_null(strstr(error.path, name));
}

static void the_bundled_run_s_loss_is_read(void **state) {
    (void)state;
    struct spt_store_point *points;
    size_t count;
    assert_int_equal(spt_series_read(SPT_TEST_DATA "/demo-run/train.jsonl", "step", "loss", &points, &count, NULL),
                     SPT_OK);
    assert_int_equal(count, 170); /* wc -l */
    assert_true(points[0].step == 0 && points[0].value == 7.154814720153809);
    assert_true(points[2].step == 2 && points[2].value == 7.13808536529541);
    free(points);
}

static void lines_without_the_key_are_passed_over(void **state) {
    (void)state;
    POINTS("log.jsonl",
           "{\"step\": 1, \"loss\": 2.5}\n\n{\"step\": 1, \"eval_loss\": 9}\n{\"loss\": 4}\r\n"
           "{\"step\": null, \"loss\": 1}\n{\"step\": 2, \"loss\": 2}\n",
           "step", "loss", {1, 2.5}, {2, 2.0});
}

static void nan_is_kept(void **state) {
    (void)state;
    POINTS("log.jsonl",
           "{\"step\": 1, \"loss\": NaN}\n{\"step\": 2, \"loss\": -Infinity}\n{\"step\": 3, \"loss\": 1}\n", "step",
           "loss", {1, NAN}, {2, NAN}, {3, 1});
    POINTS("log.csv", "step,loss\n1,nan\n2,-inf\n3,1\n", "step", "loss", {1, NAN}, {2, NAN}, {3, 1});
}

static void dots_reach_into_objects(void **state) {
    (void)state;
    POINTS(
        "log.jsonl",
        "{\"train\": {\"loss\": 1, \"a.b\": 5}, \"global\": {\"step\": 7}}\n{\"train.loss\": 2, \"global.step\": 8}\n",
        "global.step", "train.loss", {7, 1}, {8, 2});
    POINTS("log.jsonl", "{\"s\": 1, \"train\": {\"a.b\": 5}}\n", "s", "train.a.b", {1, 5});
}

static void numbers_may_be_written_as_text_or_as_reals(void **state) {
    (void)state;
    POINTS("log.jsonl", "{\"step\": 100.0, \"loss\": \"2.25\"}\n{\"step\": \"200\", \"loss\": 1e-3}\n", "step", "loss",
           {100, 2.25}, {200, 1e-3});
    POINTS("log.csv", "loss,Step\n 2.25 ,100.0\n", "Step", "loss", {100, 2.25});
}

static void a_line_that_is_being_written_is_left_for_later(void **state) {
    (void)state;
    POINTS("log.jsonl", "{\"step\": 1, \"loss\": 2}\n{\"step\": 2, \"lo", "step", "loss", {1, 2});
    POINTS("log.jsonl", "{\"step\": 1, \"loss\": 2}\n{\"step\": 2, \"loss\": 3}", "step", "loss", {1, 2}, {2, 3});
    POINTS("log.csv", "step,x,loss\n1,0,2\n2,0", "step", "loss", {1, 2});
    POINTS("log.csv", "step,x,loss\n1,0,2\n2,0,3", "step", "loss", {1, 2}, {2, 3});
}

static void malformed_lines_are_refused_by_their_number(void **state) {
    (void)state;
    assert_refused("log.jsonl", "{\"step\": 1, \"loss\": 2}\n\n{\"step\": 2, \"loss\": }\n", "step", "loss",
                   "line 3: ");
    assert_refused("log.jsonl", "{\"step\": 1, \"loss\": 2}\n[1, 2]\n", "step", "loss",
                   "line 2: found an array, expected an object");
    assert_refused("log.jsonl", "{\"step\": 1.5, \"loss\": 2}\n", "step", "loss", "line 1: step is ");
    assert_refused("log.jsonl", "{\"step\": -1, \"loss\": 2}\n", "step", "loss", "no integer from 0");
    assert_refused("log.jsonl", "{\"step\": 1e300, \"loss\": 2}\n", "step", "loss", "no integer from 0");
    assert_refused("log.jsonl", "{\"step\": 1, \"loss\": [2]}\n", "step", "loss",
                   "line 1: loss is an array, expected a number");
    assert_refused("log.jsonl", "{\"step\": 1, \"loss\": \"bad\"}\n", "step", "loss", "expected a number");
    assert_refused("log.csv", "step,loss\n1,2\n\n3\n", "step", "loss", "line 4: 1 fields, expected 2 as in the header");
    assert_refused("log.csv", "step,loss\n1,abc\n", "step", "loss", "line 2: loss is \"abc\", expected a number");
    assert_refused("log.csv", "step,loss\nx,1\n", "step", "loss", "line 2: step is \"x\", expected an integer from 0");
    assert_refused("log.csv", "step,loss\n1,\"2\n3,4\n", "step", "loss", "line 2: a quote that is not closed");
    assert_refused("log.csv", "step,loss\n1,\"2\"x\n", "step", "loss", "line 2: text after a closing quote");
}

static void keys_that_are_nowhere_are_named_with_those_that_are(void **state) {
    (void)state;
    assert_refused("log.jsonl", "{\"iter\": 1, \"ppl\": 2}\n", "step", "loss",
                   "no line has both step and loss; the first has: iter, ppl");
    assert_refused("log.jsonl", "", "step", "loss", "no line has both step and loss; the first has: nothing");
    assert_refused("log.csv", "iter,ppl\n1,2\n", "step", "loss", "no column step, found: iter, ppl");
    assert_refused("log.csv", "", "step", "loss", "no column step, found: an empty first line");
    assert_refused("log.csv", "step,loss\n", "step", "loss", "no line has both step and loss");
}

static void quoted_fields_are_read_as_rfc_4180_has_them(void **state) {
    (void)state;
    POINTS("log.csv",
           "\"step\",\"a \"\"note\"\"\",\"train, loss\"\r\n1,\"two\nlines, and a comma\",\"2.5\"\r\n2,,3\r\n3,x,\r\n",
           "step", "train, loss", {1, 2.5}, {2, 3});
    assert_refused("log.csv", "step,loss\n1,\"\n\n2\"\nx,5\n", "step", "loss", "line 5: step is ");
    POINTS("log.csv", "\xef\xbb\xbfstep,loss\n1,2\n", "step", "loss", {1, 2});
}

static void the_format_is_told_by_extension_else_by_contents(void **state) {
    (void)state;
    POINTS("log.tsv", "step\tloss, total\n1\t2\n", "step", "loss, total", {1, 2});
    POINTS("log.txt", "step\tloss\n1\t2\n", "step", "loss", {1, 2});
    POINTS("log", "step,loss\n1,2\n", "step", "loss", {1, 2});
    POINTS("log", "\n {\"step\": 1, \"loss\": 2}\n", "step", "loss", {1, 2});
    POINTS("LOG.CSV", "step,loss\n1,2\n", "step", "loss", {1, 2});
}

static void long_files_are_read_piece_by_piece(void **state) {
    (void)state;
    struct spt_text lines = {0}, table = {0};
    spt_text_put(&table, "step,\"loss\"\n");
    for (int i = 0; i < 30000; i++) {
        spt_text_format(&lines, "{\"step\": %d, \"loss\": %d.5}\n", i, i);
        spt_text_format(&table, "%d,\"%d.5\"\n", i, i);
    }
    for (int form = 0; form < 2; form++) {
        const struct spt_text *text = form ? &table : &lines;
        struct spt_store_point *points;
        size_t count;
        assert_int_equal(
            read_bytes(form ? "l.csv" : "l.jsonl", text->data, text->length, "step", "loss", &points, &count, NULL),
            SPT_OK);
        assert_int_equal(count, 30000);
        for (int i = 0; i < 30000; i++) assert_true(points[i].step == i && points[i].value == i + 0.5);
        free(points);
    }
    spt_text_release(&lines);
    spt_text_release(&table);
}

static void what_is_too_large_is_unsupported(void **state) {
    (void)state;
    static const char *const NAMES[] = {"l.csv", "l.jsonl"};
    static const char *const BEGINNINGS[] = {"step,loss\n1,", "{\"step\": 0, \"loss\": 1}\n{\"step\": 1"};
    struct spt_store_point *points;
    size_t count;
    struct spt_error error = {0};
    for (size_t i = 0; i < 2; i++) {
        struct spt_text text = {0};
        spt_text_put(&text, BEGINNINGS[i]);
        while (text.length < 1200000) spt_text_put(&text, "1111111111111111");
        assert_int_equal(read_bytes(NAMES[i], text.data, text.length, "step", "loss", &points, &count, &error),
                         SPT_UNSUPPORTED);
        assert_string_equal(error.message, "line 2: more than 1048576 bytes, expected at most that");
        spt_text_release(&text);
    }
    char path[256];
    (void)snprintf(path, sizeof path, "%s/huge.jsonl", folder);
    assert_int_equal(spt_file_write_all(path, "{", 1, NULL), SPT_OK);
    assert_int_equal(truncate(path, (off_t)64 * 1024 * 1024 + 1), 0);
    assert_int_equal(spt_series_read(path, "step", "loss", &points, &count, &error), SPT_UNSUPPORTED);
    assert_string_equal(error.message, "67108865 bytes, expected a series of at most 67108864");
    assert_int_equal(unlink(path), 0);
}

static void bytes_that_are_no_text_are_refused(void **state) {
    (void)state;
    static const char NUL[] = "step,loss\n1,\0002\n";
    static const char *const NAMES[] = {"l.csv", "l.jsonl", "l"};
    struct spt_store_point *points;
    size_t count;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(read_bytes(NAMES[i], NUL, sizeof NUL - 1, "step", "loss", &points, &count, NULL), SPT_INVALID);
        assert_int_equal(read_bytes(NAMES[i], "\xff\xfe\n\xff", 4, "step", "loss", &points, &count, NULL), SPT_INVALID);
        assert_int_equal(read_bytes(NAMES[i], "\xef\xbb\xbf", 3, "step", "loss", &points, &count, NULL), SPT_INVALID);
    }
}

static void what_is_no_file_is_refused(void **state) {
    (void)state;
    struct spt_store_point *points;
    size_t count;
    struct spt_error error;
    char path[256];
    (void)snprintf(path, sizeof path, "%s/absent.jsonl", folder);
    assert_int_equal(spt_series_read(path, "step", "loss", &points, &count, &error), SPT_IO);
    assert_string_equal(error.path, path);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(spt_series_read(path, "step", "loss", &points, &count, &error), SPT_INVALID);
    assert_int_equal(unlink(path), 0);
}

static enum spt_status read_state(const char *text, struct spt_series **series, size_t *count,
                                  struct spt_error *error) {
    char path[256];
    (void)snprintf(path, sizeof path, "%s/trainer_state.json", folder);
    assert_int_equal(spt_file_write_all(path, text, strlen(text), NULL), SPT_OK);
    *series = NULL;
    *count = 0;
    const enum spt_status status = spt_series_read_trainer_state(NULL, path, series, count, error);
    assert_int_equal(unlink(path), 0);
    return status;
}

static void log_history_becomes_a_series_a_key(void **state) {
    (void)state;
    struct spt_series *series;
    size_t count;
    assert_int_equal(
        read_state("{\"epoch\": 1.0, \"global_step\": 20, \"log_history\": ["
                   "{\"epoch\": 0.5, \"grad_norm\": NaN, \"learning_rate\": 5e-05, \"loss\": 2.5, \"step\": 10},"
                   "{\"epoch\": 0.5, \"eval_loss\": 2.25, \"eval_runtime\": 3, \"step\": 10, \"note\": \"text\", "
                   "\"flag\": true},"
                   "{\"epoch\": 1.0, \"loss\": 1.5, \"step\": 20, \"learning_rate\": 0},"
                   "{\"loss\": 7}, 3, null], \"max_steps\": 20}",
                   &series, &count, NULL),
        SPT_OK);
    static const char *const NAMES[] = {"grad_norm", "learning_rate", "loss", "eval_loss", "eval_runtime"};
    assert_int_equal(count, 5);
    for (size_t i = 0; i < count; i++) assert_string_equal(series[i].name, NAMES[i]);
    assert_int_equal(series[0].count, 1);
    assert_true(isnan(series[0].points[0].value));
    assert_int_equal(series[2].count, 2);
    assert_true(series[2].points[1].step == 20 && series[2].points[1].value == 1.5);
    assert_int_equal(series[3].count, 1);
    assert_true(series[3].points[0].step == 10 && series[3].points[0].value == 2.25);
    spt_series_free(series, count);
    spt_series_free(NULL, 0);
}

static void a_trainer_state_without_a_history_is_refused(void **state) {
    (void)state;
    struct spt_series *series;
    size_t count;
    struct spt_error error;
    assert_int_equal(read_state("{\"global_step\": 3}", &series, &count, &error), SPT_INVALID);
    assert_string_equal(error.message, "log_history is missing, expected an array");
    assert_int_equal(read_state("{\"log_history\": {}}", &series, &count, &error), SPT_INVALID);
    assert_int_equal(read_state("{", &series, &count, &error), SPT_INVALID);
    assert_int_equal(read_state("{\"log_history\": []}", &series, &count, &error), SPT_OK);
    assert_int_equal(count, 0);
    struct spt_text text = {0};
    spt_text_put(&text, "{\"log_history\": [{\"step\": 1");
    for (int i = 0; i < 600; i++) spt_text_format(&text, ", \"k%d\": 1", i);
    spt_text_put(&text, "}]}");
    assert_int_equal(read_state(text.data, &series, &count, &error), SPT_UNSUPPORTED);
    assert_null(series);
    spt_text_release(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_bundled_run_s_loss_is_read),
        cmocka_unit_test(lines_without_the_key_are_passed_over),
        cmocka_unit_test(nan_is_kept),
        cmocka_unit_test(dots_reach_into_objects),
        cmocka_unit_test(numbers_may_be_written_as_text_or_as_reals),
        cmocka_unit_test(a_line_that_is_being_written_is_left_for_later),
        cmocka_unit_test(malformed_lines_are_refused_by_their_number),
        cmocka_unit_test(keys_that_are_nowhere_are_named_with_those_that_are),
        cmocka_unit_test(quoted_fields_are_read_as_rfc_4180_has_them),
        cmocka_unit_test(the_format_is_told_by_extension_else_by_contents),
        cmocka_unit_test(long_files_are_read_piece_by_piece),
        cmocka_unit_test(what_is_too_large_is_unsupported),
        cmocka_unit_test(bytes_that_are_no_text_are_refused),
        cmocka_unit_test(what_is_no_file_is_refused),
        cmocka_unit_test(log_history_becomes_a_series_a_key),
        cmocka_unit_test(a_trainer_state_without_a_history_is_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
