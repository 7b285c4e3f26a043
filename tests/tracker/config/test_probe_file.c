/* The probe's files: sentences and token ids, good and bad. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "checkpoints/base/file.h"
#include "checkpoints/base/text.h"
#include "tracker/config/probe_file.h"

static char directory[64];

static int enter(void **state) {
    (void)state;
    (void)snprintf(directory, sizeof directory, "/tmp/spectail-test-XXXXXX");
    return mkdtemp(directory) ? chdir(directory) : -1;
}

static int leave(void **state) {
    (void)state;
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf '%s'", directory);
    return chdir("/") || system(command);
}

static void put(const char *bytes, size_t size) {
    assert_int_equal(spt_file_write_all("probe", bytes, size, NULL), SPT_OK);
}

static void the_first_samples_lines_are_read_without_their_ends(void **state) {
    (void)state;
    struct spt_probe_lines lines;
    put("one\nzwei \xc3\xa4\r\n three", strlen("one\nzwei \xc3\xa4\r\n three"));
    assert_int_equal(spt_probe_lines_read("probe", 100, &lines, NULL), SPT_OK);
    assert_int_equal(lines.count, 3);
    assert_memory_equal(lines.line[0], "one", lines.length[0]);
    assert_int_equal(lines.length[1], 7);
    assert_memory_equal(lines.line[1], "zwei \xc3\xa4", 7);
    assert_int_equal(lines.length[2], 6);
    assert_memory_equal(lines.line[2], " three", 6);
    spt_probe_lines_release(&lines);
    assert_int_equal(spt_probe_lines_read("probe", 2, &lines, NULL), SPT_OK);
    assert_int_equal(lines.count, 2);
    spt_probe_lines_release(&lines);
    put("\xef\xbb\xbfone\n", 7); /* a byte order mark is no part of the first sentence */
    assert_int_equal(spt_probe_lines_read("probe", 2, &lines, NULL), SPT_OK);
    assert_int_equal(lines.length[0], 3);
    spt_probe_lines_release(&lines);
}

static void many_and_long_lines_are_all_read(void **state) {
    (void)state;
    struct spt_text text = {0};
    struct spt_probe_lines lines;
    for (int i = 0; i < 3000; i++) spt_text_format(&text, "line %d\n", i);
    for (int i = 0; i < 100000; i++) spt_text_put(&text, "word ");
    put(text.data, text.length);
    assert_int_equal(spt_probe_lines_read("probe", 1000000, &lines, NULL), SPT_OK);
    assert_int_equal(lines.count, 3001);
    assert_memory_equal(lines.line[2999], "line 2999\n", lines.length[2999] + 1);
    assert_int_equal(lines.length[3000], 500000);
    spt_probe_lines_release(&lines);
    spt_text_release(&text);
}

static void a_bad_probe_names_line_and_byte(void **state) {
    (void)state;
    static const struct {
        const char *bytes, *message;
        uint64_t offset;
    } cases[] = {
        {"one\n\nthree\n", "line 2 is empty, expected a sentence on each line", 4},
        {"one\r\n\r\nthree\n", "line 2 is empty, expected a sentence on each line", 5},
        {"one\n \t\nthree\n", "line 2 is empty, expected a sentence on each line", 4},
        {"one\ntwo\n\n", "line 3 is empty, expected a sentence on each line", 8},
        {"one\nab\xff"
         "c\n",
         "line 2, byte 3: found 0xff, expected UTF-8", 6},
        {"one\nab\xc3\nc\n", "line 2, byte 3: found 0xc3, expected UTF-8", 6},
        {"\xff\xfeo\n", "line 1, byte 1: found 0xff, expected UTF-8", 0}, /* UTF-16 */
        {"", "it holds no line, expected a sentence on each", SPT_NO_OFFSET},
        {"\xef\xbb\xbf", "it holds no line, expected a sentence on each", SPT_NO_OFFSET},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct spt_probe_lines lines;
        struct spt_error error = {0};
        put(cases[i].bytes, strlen(cases[i].bytes));
        assert_int_equal(spt_probe_lines_read("probe", 100, &lines, &error), SPT_INVALID);
        assert_string_equal(error.message, cases[i].message);
        assert_string_equal(error.path, "probe");
        assert_true(error.offset == cases[i].offset);
    }
    struct spt_probe_lines lines;
    put("one\n\n\xff\n", 7);
    assert_int_equal(spt_probe_lines_read("probe", 1, &lines, NULL), SPT_OK); /* what is not used is not read */
    spt_probe_lines_release(&lines);
    assert_int_equal(spt_probe_lines_read("no such file", 1, &lines, NULL), SPT_IO);
}

static void check_ids(const char *text, size_t samples) {
    struct spt_probe_ids ids;
    struct spt_error error = {0};
    put(text, strlen(text));
    if (spt_probe_ids_read("probe", samples, &ids, &error) != SPT_OK) fail_msg("%s: %s", text, error.message);
    assert_int_equal(ids.samples, 2);
    assert_int_equal(ids.tokens, 4);
    const int32_t expected[] = {0, 5, 2147483647, 7};
    assert_memory_equal(ids.ids, expected, sizeof expected);
    assert_int_equal(ids.offset[0], 0);
    assert_int_equal(ids.offset[1], 3);
    assert_int_equal(ids.offset[2], 4);
    spt_probe_ids_release(&ids);
}

static void ids_are_a_list_of_lists_or_one_list_a_line(void **state) {
    (void)state;
    check_ids("[[0, 5, 2147483647], [7]]", 10);
    check_ids(" [\n  [0, 5, 2147483647],\n  [7],\n  [8]\n]\n", 2);
    check_ids("[0, 5, 2147483647]\n[7]\n", 10);
    check_ids("[0, 5, 2147483647]\r\n[7]\n[\"not read\"]\n", 2);
    check_ids("\xef\xbb\xbf[0,5,2147483647]\n[7]", 2);
}

static void bad_ids_name_sample_and_position(void **state) {
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"[[1, 2], [3, -1]]", "sample 2, position 2: found -1, expected a token id from 0 to 2147483647"},
        {"[[1, 2], [2147483648]]", "sample 2, position 1: found 2147483648, expected a token id from 0 to 2147483647"},
        {"[[1, 2], [1.5]]", "sample 2, position 1: found a number, expected a token id"},
        {"[[1, 2], []]", "sample 2 is empty, expected at least one token id"},
        {"[[1, 2], 3]", "sample 2: found an integer, expected a list of token ids"},
        {"{\"ids\": [1]}", "sample 1: found an object, expected a list of token ids"},
        {"[1]\n\n[2]\n", "line 2 is empty, expected a list of token ids on each line"},
        {"[]", "sample 1 is empty, expected at least one token id"},
        {"", "it holds no sample, expected lists of token ids"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct spt_probe_ids ids;
        struct spt_error error = {0};
        put(cases[i].text, strlen(cases[i].text));
        assert_int_equal(spt_probe_ids_read("probe", 100, &ids, &error), SPT_INVALID);
        assert_string_equal(error.message, cases[i].message);
        assert_string_equal(error.path, "probe");
    }
    struct spt_probe_ids ids;
    struct spt_error error = {0};
    put("[1]\n[2\n", 7);
    assert_int_equal(spt_probe_ids_read("probe", 100, &ids, &error), SPT_INVALID);
    assert_non_null(strstr(error.message, "list in line 2: bad JSON"));
    put("[[1], [2]", 9);
    assert_int_equal(spt_probe_ids_read("probe", 100, &ids, &error), SPT_INVALID);
    put("[[[[[[[[", 8);
    assert_int_equal(spt_probe_ids_read("probe", 100, &ids, &error), SPT_INVALID);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_samples_lines_are_read_without_their_ends),
        cmocka_unit_test(many_and_long_lines_are_all_read),
        cmocka_unit_test(a_bad_probe_names_line_and_byte),
        cmocka_unit_test(ids_are_a_list_of_lists_or_one_list_a_line),
        cmocka_unit_test(bad_ids_name_sample_and_position),
    };
    return cmocka_run_group_tests(tests, enter, leave);
}
