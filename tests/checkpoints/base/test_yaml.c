/* YAML of good and bad files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "checkpoints/base/text.h"
#include "checkpoints/base/yaml.h"

static struct spt_yaml_document *parse(const char *text) {
    struct spt_yaml_document *document = NULL;
    struct spt_error error = {0};
    if (spt_yaml_parse(text, strlen(text), "t.yml", &document, &error) != SPT_OK) fail_msg("%s", error.message);
    return document;
}

static void a_document_is_walked(void **state) {
    (void)state;
    struct spt_yaml_document *document = parse("\xef\xbb\xbf# GPT-NeoX's own style\n"
                                               "{\n  \"a\": 1, # of two\n  b: [x, 'y', ~],\n  \"c\": {d: \"\"},\n}\n");
    const struct spt_yaml *a = spt_yaml_first(spt_yaml_root(document));
    assert_int_equal(spt_yaml_kind(spt_yaml_root(document)), SPT_YAML_KEYS);
    assert_int_equal(spt_yaml_count(spt_yaml_root(document)), 3);
    assert_string_equal(spt_yaml_text(a), "a");
    assert_string_equal(spt_yaml_text(spt_yaml_value(a)), "1");
    assert_true(spt_yaml_is_quoted(a));
    assert_false(spt_yaml_is_quoted(spt_yaml_value(a)));
    const struct spt_yaml *b = spt_yaml_next(a), *list = spt_yaml_value(b), *item = spt_yaml_first(list);
    assert_int_equal(spt_yaml_kind(list), SPT_YAML_LIST);
    assert_int_equal(spt_yaml_count(list), 3);
    assert_string_equal(spt_yaml_text(item), "x");
    assert_true(spt_yaml_is_quoted(spt_yaml_next(item)));
    item = spt_yaml_next(spt_yaml_next(item));
    assert_int_equal(spt_yaml_kind(item), SPT_YAML_NOTHING);
    assert_string_equal(spt_yaml_text(item), "");
    assert_null(spt_yaml_next(item));
    assert_null(spt_yaml_text(list));
    const struct spt_yaml *c = spt_yaml_next(b);
    assert_int_equal(spt_yaml_line(c), 5);
    assert_int_equal(spt_yaml_column(c), 3);
    assert_null(spt_yaml_next(c));
    const struct spt_yaml *d = spt_yaml_first(spt_yaml_value(c));
    assert_int_equal(spt_yaml_kind(spt_yaml_value(d)), SPT_YAML_TEXT); /* "" is a text, however empty */
    spt_yaml_free(document);
}

static void what_is_left_out_is_nothing(void **state) {
    (void)state;
    struct spt_yaml_document *document = parse("a:\nb: null\n? c\n");
    for (const struct spt_yaml *key = spt_yaml_first(spt_yaml_root(document)); key; key = spt_yaml_next(key))
        assert_int_equal(spt_yaml_kind(spt_yaml_value(key)), SPT_YAML_NOTHING);
    spt_yaml_free(document);
    document = parse("# only this\n");
    assert_null(spt_yaml_root(document));
    spt_yaml_free(document);
}

static void no_node_has_no_members(void **state) {
    (void)state;
    assert_int_equal(spt_yaml_kind(NULL), SPT_YAML_ABSENT);
    assert_null(spt_yaml_text(NULL));
    assert_null(spt_yaml_first(NULL));
    assert_null(spt_yaml_value(NULL));
    assert_int_equal(spt_yaml_count(NULL), 0);
}

static void what_is_not_read_is_refused_with_its_place(void **state) {
    (void)state;
    static const struct {
        const char *text, *message;
    } BAD[] = {
        {"a: &x 1\n", "line 1, column 4: anchors (&name) are not read here"},
        {"a: *x\n", "line 1, column 4: aliases (*name) are not read here"},
        {"a: !!int 3\n", "line 1, column 4: tags (!name) are not read here"},
        {"a: 1\n---\nb: 2\n", "line 2, column 1: a second document begins, a config is one"},
        {"a: \"b\\0c\"\n", "line 1, column 4: the text holds a NUL"},
        {"[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]\n", "line 1, column 17: lists and keys are nested more than 16 deep"},
        {"a: [1\n", "line 2, column 1: while parsing a flow sequence: did not find expected ',' or ']'"},
        {"a: \xff\n", "byte 3: invalid leading UTF-8 octet"},
        {"a: \x01\n", "byte 3: control characters are not allowed"},
    };
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        struct spt_yaml_document *document = NULL;
        struct spt_error error = {0};
        assert_int_equal(spt_yaml_parse(BAD[i].text, strlen(BAD[i].text), "t.yml", &document, &error), SPT_INVALID);
        assert_null(document);
        assert_string_equal(error.message, BAD[i].message);
        assert_string_equal(error.path, "t.yml");
    }
}

static void a_file_too_large_is_not_read(void **state) {
    (void)state;
    char *bytes = calloc(1, SPT_YAML_SIZE_MAX + 1);
    struct spt_yaml_document *document = NULL;
    struct spt_error error = {0};
    assert_non_null(bytes);
    memset(bytes, '\n', SPT_YAML_SIZE_MAX + 1);
    assert_int_equal(spt_yaml_parse(bytes, SPT_YAML_SIZE_MAX + 1, "t.yml", &document, &error), SPT_UNSUPPORTED);
    assert_int_equal(spt_yaml_parse(bytes, SPT_YAML_SIZE_MAX, "t.yml", &document, &error), SPT_OK);
    spt_yaml_free(document);
    document = NULL;
    for (size_t i = 0; i + 2 < SPT_YAML_SIZE_MAX; i += 3) memcpy(bytes + i, "- \n", 3); /* some 350,000 values */
    assert_int_equal(spt_yaml_parse(bytes, SPT_YAML_SIZE_MAX - 3, "t.yml", &document, &error), SPT_INVALID);
    assert_string_equal(error.message, "line 100000, column 2: there are more than 100000 values");
    free(bytes);
}

/* libyaml takes 8 seconds for a megabyte of them. */
static void many_directives_are_refused_unread(void **state) {
    (void)state;
    struct spt_text text = {0};
    struct spt_yaml_document *document = NULL;
    struct spt_error error = {0};
    for (int i = 0; i < 16; i++) spt_text_format(&text, "%%TAG !x%d! b\n", i);
    spt_text_put(&text, "---\na: 1\n");
    assert_int_equal(spt_yaml_parse(text.data, text.length, "t.yml", &document, &error), SPT_OK);
    spt_yaml_free(document);
    spt_text_put(&text, "b: 50 %TAG\n");
    assert_int_equal(spt_yaml_parse(text.data, text.length, "t.yml", &document, &error), SPT_UNSUPPORTED);
    assert_string_equal(error.message, "more than 16 %TAG: tags are not read here");
    spt_text_release(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_document_is_walked),         cmocka_unit_test(what_is_left_out_is_nothing),
        cmocka_unit_test(no_node_has_no_members),       cmocka_unit_test(what_is_not_read_is_refused_with_its_place),
        cmocka_unit_test(a_file_too_large_is_not_read), cmocka_unit_test(many_directives_are_refused_unread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
