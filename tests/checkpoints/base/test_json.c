/* JSON of good and bad files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoints/base/json.h"

static struct spt_json_document *parse(const char *text, bool allow_nan) {
    struct spt_json_document *document = NULL;
    struct spt_error error = {0};
    if (spt_json_parse(text, strlen(text), "t.json", 0, allow_nan, &document, &error) != SPT_OK)
        fail_msg("%s", error.message);
    return document;
}

static struct spt_error refuse(const char *bytes, size_t size, bool allow_nan) {
    struct spt_json_document *document = NULL;
    struct spt_error error = {0};
    assert_int_equal(spt_json_parse(bytes, size, "t.json", 100, allow_nan, &document, &error), SPT_INVALID);
    assert_null(document);
    return error;
}

static void a_document_is_walked(void **state) {
    (void)state;
    struct spt_json_document *document =
        parse("{\"b\": [1, 2.5, \"x\\u00e9\", null, true], \"a\": {\"deep\": -7}, \"c\": 1.0}", false);
    const struct spt_json *root = spt_json_root(document);
    const struct spt_json *array = spt_json_get(root, "b");
    assert_int_equal(spt_json_kind(root), SPT_JSON_OBJECT);
    assert_int_equal(spt_json_count(array), 5);
    assert_int_equal(spt_json_integer(spt_json_at(array, 0), -1), 1);
    assert_true(spt_json_number(spt_json_at(array, 1), 0) == 2.5);
    size_t length;
    assert_string_equal(spt_json_string(spt_json_at(array, 2), &length), "x\xc3\xa9");
    assert_int_equal(length, 3);
    assert_int_equal(spt_json_kind(spt_json_at(array, 3)), SPT_JSON_NULL);
    assert_true(spt_json_bool(spt_json_at(array, 4), false));
    assert_int_equal(spt_json_integer(spt_json_get(spt_json_get(root, "a"), "deep"), 0), -7);
    assert_int_equal(spt_json_integer(spt_json_get(root, "c"), -1), -1); /* a real is no integer */
    spt_json_free(document);
}

static void members_come_in_the_order_of_the_file(void **state) {
    (void)state;
    struct spt_json_document *document = parse("{\"z\": 0, \"a\": 1, \"m\": 2, \"b\": 3}", false);
    const struct spt_json *root = spt_json_root(document);
    char keys[8] = {0};
    size_t count = 0;
    for (struct spt_json_member *m = spt_json_first(root); m; m = spt_json_next(root, m)) {
        assert_int_equal(spt_json_integer(spt_json_value(m), -1), count);
        keys[count++] = spt_json_key(m)[0];
    }
    assert_string_equal(keys, "zamb");
    spt_json_free(document);
}

static void absent_nodes_give_the_fallback(void **state) {
    (void)state;
    struct spt_json_document *document = parse("[\"x\"]", false);
    const struct spt_json *root = spt_json_root(document);
    const struct spt_json *absent = spt_json_get(spt_json_get(root, "no"), "path");
    assert_null(absent);
    assert_int_equal(spt_json_kind(absent), SPT_JSON_ABSENT);
    assert_int_equal(spt_json_integer(absent, 5), 5);
    assert_true(spt_json_number(spt_json_at(root, 0), 1.5) == 1.5);
    assert_true(spt_json_bool(absent, true));
    assert_null(spt_json_string(root, NULL));
    assert_null(spt_json_at(root, 1));
    assert_null(spt_json_first(root));
    assert_int_equal(spt_json_count(absent), 0);
    assert_null(spt_json_root(NULL));
    spt_json_free(document);
    spt_json_free(NULL);
}

static void an_error_names_line_column_byte_and_what_was_found(void **state) {
    (void)state;
    const char text[] = "{\n  \"a\": 1,\n  \"b\" 2\n}";
    const struct spt_error error = refuse(text, sizeof text - 1, false);
    assert_non_null(strstr(error.message, "line 3, column"));
    assert_non_null(strstr(error.message, "near '2'"));
    assert_string_equal(error.path, "t.json");
    assert_int_equal(error.offset, 100 + (size_t)(strchr(text, '2') - text) + 1);
}

static void duplicate_keys_are_refused_also_when_escaped(void **state) {
    (void)state;
    const char plain[] = "{\"a\": 1, \"a\": 2}", escaped[] = "{\"a\": 1, \"\\u0061\": 2}";
    assert_non_null(strstr(refuse(plain, sizeof plain - 1, false).message, "duplicate"));
    assert_non_null(strstr(refuse(escaped, sizeof escaped - 1, false).message, "duplicate"));
}

static void hostile_documents_are_refused(void **state) {
    (void)state;
    static const char *const BAD[] = {"",
                                      "{",
                                      "[1,]",
                                      "\"\xff\"",
                                      "{\"a\\u0000\": 1}",
                                      "\"\\ud800\"",
                                      "[1] x",
                                      "[NaN]",
                                      "[1e999]",
                                      "[99999999999999999999]",
                                      "\"\n\"",
                                      "[-Infinity]",
                                      "{\"a\": tru}",
                                      "\"\\u0000\""};
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) (void)refuse(BAD[i], strlen(BAD[i]), false);
    (void)refuse("[1\0]", 4, false);
    char *deep = malloc(200000);
    assert_non_null(deep);
    memset(deep, '[', 100000);
    memset(deep + 100000, ']', 100000);
    assert_non_null(strstr(refuse(deep, 200000, false).message, "depth"));
    free(deep);
}

static void nan_and_infinities_become_null_outside_strings_only(void **state) {
    (void)state;
    struct spt_json_document *document =
        parse("{\"loss\":NaN,\"NaN\":[Infinity,-Infinity, 1],\"s\":\"a\\\"NaN \\\\\",\"grad\":NaN}", true);
    const struct spt_json *root = spt_json_root(document);
    assert_int_equal(spt_json_kind(spt_json_get(root, "loss")), SPT_JSON_NULL);
    assert_int_equal(spt_json_kind(spt_json_at(spt_json_get(root, "NaN"), 0)), SPT_JSON_NULL);
    assert_int_equal(spt_json_kind(spt_json_at(spt_json_get(root, "NaN"), 1)), SPT_JSON_NULL);
    assert_int_equal(spt_json_integer(spt_json_at(spt_json_get(root, "NaN"), 2), 0), 1);
    assert_string_equal(spt_json_string(spt_json_get(root, "s"), NULL), "a\"NaN \\");
    spt_json_free(document);
}

static void positions_are_those_of_the_file_after_a_nan(void **state) {
    (void)state;
    const char text[] = "[NaN,NaN,Infinity,\n  x]";
    const struct spt_error error = refuse(text, sizeof text - 1, true);
    assert_non_null(strstr(error.message, "line 2, column"));
    assert_int_equal(error.offset, 100 + (size_t)(strchr(text, 'x') - text) + 1);
    (void)refuse("[NaNa]", 6, true);
    (void)refuse("[Na", 3, true);
    (void)refuse("\"NaN\\", 5, true);
}

/* Python's integers have no end: HF writes int(1e30) where a tokenizer has no limit. */
static void integers_beyond_64_bits_become_reals(void **state) {
    (void)state;
    static const char TEXT[] =
        "{\"model_max_length\":1000000000000000019884624838656,\"n\":[-9223372036854775809,"
        "9223372036854775808,9223372036854775807,-9223372036854775808,-1],"
        "\"s\":\"9999999999999999999999\",\"r\":9999999999999999999999.5,\"e\":99999999999999999999e1}";
    assert_non_null(strstr(refuse(TEXT, sizeof TEXT - 1, false).message, "too big integer"));
    struct spt_json_document *document = parse(TEXT, true);
    const struct spt_json *root = spt_json_root(document), *n = spt_json_get(root, "n");
    assert_int_equal(spt_json_kind(spt_json_get(root, "model_max_length")), SPT_JSON_REAL);
    assert_true(spt_json_number(spt_json_get(root, "model_max_length"), 0) == 1e30);
    assert_true(spt_json_number(spt_json_at(n, 0), 0) == -9223372036854775808.0);
    assert_true(spt_json_number(spt_json_at(n, 1), 0) == 9223372036854775808.0);
    assert_true(spt_json_integer(spt_json_at(n, 2), 0) == INT64_MAX);
    assert_true(spt_json_integer(spt_json_at(n, 3), 0) == INT64_MIN);
    assert_int_equal(spt_json_integer(spt_json_at(n, 4), 0), -1);
    assert_string_equal(spt_json_string(spt_json_get(root, "s"), NULL), "9999999999999999999999");
    assert_true(spt_json_number(spt_json_get(root, "r"), 0) == 1e22);
    assert_true(spt_json_number(spt_json_get(root, "e"), 0) == 1e21);
    spt_json_free(document);
    const char text[] = "[99999999999999999999,\n  x]";
    const struct spt_error error = refuse(text, sizeof text - 1, true);
    assert_non_null(strstr(error.message, "line 2, column"));
    assert_int_equal(error.offset, 100 + (size_t)(strchr(text, 'x') - text) + 1);
    (void)refuse("[-]", 3, true);
    (void)refuse("[099999999999999999999]", 23, true);
    (void)refuse("[9999999999999999999", 20, true);
}

/* The library lives in programs that may use jansson themselves. */
static void jansson_serves_others_in_the_process(void **state) {
    (void)state;
    struct spt_json_document *ours = parse("{\"a\": [1, 2]}", false);
    json_t *theirs = json_loads("{\"b\": [3, {\"c\": 4}]}", 0, NULL);
    assert_non_null(theirs);
    assert_int_equal(spt_json_count(spt_json_get(spt_json_root(ours), "a")), 2);
    assert_int_equal(json_array_size(json_object_get(theirs, "b")), 2);
    spt_json_free(ours);
    assert_int_equal(json_integer_value(json_array_get(json_object_get(theirs, "b"), 0)), 3);
    json_decref(theirs);
}

/* [unit,unit,...] of count units, parsed. */
static enum spt_status parse_many(const char *unit, size_t count, struct spt_error *error) {
    struct spt_json_document *many = NULL;
    const size_t length = strlen(unit), size = count * (length + 1) + 1;
    char *bytes = malloc(size + 1);
    assert_non_null(bytes);
    for (size_t i = 0; i < count; i++) {
        bytes[i * (length + 1)] = i ? ',' : '[';
        memcpy(bytes + i * (length + 1) + 1, unit, length);
    }
    bytes[size - 1] = ']';
    const enum spt_status status = spt_json_parse(bytes, size, "many.json", 8, false, &many, error);
    if (status == SPT_OK) assert_int_equal(spt_json_count(spt_json_root(many)), count);
    if (status == SPT_OK) spt_json_free(many);
    free(bytes);
    return status;
}

/* What real files are full of is read: merges of a tokenizer, a log's entries, numbers; one more of them than a list's
 * table held before it grew, which is when a list takes most. */
static void memory_out_of_proportion_is_refused(void **state) {
    (void)state;
    static const char *const NOTHINGS[] = {"{}", "[]", "{\"\":1}"};
    static const char *const REAL[] = {"[\"a\",\"b\"]", "{\"loss\":2.3,\"step\":1}", "1", "\"\""};
    struct spt_error error;
    for (size_t i = 0; i < sizeof NOTHINGS / sizeof *NOTHINGS; i++) {
        assert_int_equal(parse_many(NOTHINGS[i], 1000000, &error), SPT_INVALID);
        assert_non_null(strstr(error.message, "takes more than 32 times as much memory"));
        assert_string_equal(error.path, "many.json");
        assert_int_equal(error.offset, 8);
        assert_int_equal(parse_many(NOTHINGS[i], 10000, &error), SPT_OK);
    }
    for (size_t i = 0; i < sizeof REAL / sizeof *REAL; i++)
        assert_int_equal(parse_many(REAL[i], (1 << 20) + 1, &error), SPT_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_out_of_proportion_is_refused),
        cmocka_unit_test(a_document_is_walked),
        cmocka_unit_test(members_come_in_the_order_of_the_file),
        cmocka_unit_test(absent_nodes_give_the_fallback),
        cmocka_unit_test(an_error_names_line_column_byte_and_what_was_found),
        cmocka_unit_test(duplicate_keys_are_refused_also_when_escaped),
        cmocka_unit_test(hostile_documents_are_refused),
        cmocka_unit_test(nan_and_infinities_become_null_outside_strings_only),
        cmocka_unit_test(jansson_serves_others_in_the_process),
        cmocka_unit_test(integers_beyond_64_bits_become_reals),
        cmocka_unit_test(positions_are_those_of_the_file_after_a_nan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
