/* Text, the error and log lines built on it, and the edit distance. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoints/base/error.h"
#include "checkpoints/base/log.h"
#include "checkpoints/base/text.h"

static void appended_pieces_become_one_terminated_text(void **state) {
    (void)state;
    struct spt_text text = {0};
    spt_text_put(&text, "a");
    spt_text_append(&text, "bcd", 2);
    spt_text_format(&text, "-%d-%s", 42, "end");
    assert_string_equal(text.data, "abc-42-end");
    assert_int_equal(text.length, 10);
    spt_text_clear(&text);
    assert_string_equal(text.data, "");
    for (int i = 0; i < 1000; i++) spt_text_put(&text, "0123456789");
    assert_int_equal(text.length, 10000);
    assert_int_equal(strlen(text.data), 10000);
    spt_text_release(&text);
    assert_null(text.data);
}

static void numbers_read_back_to_the_same_bits(void **state) {
    (void)state;
    static const double VALUES[] = {0.1, 1.0 / 3.0, 1e-310, -0.0, 1.7976931348623157e308, 3, -1e22};
    for (size_t i = 0; i < sizeof VALUES / sizeof *VALUES; i++) {
        struct spt_text text = {0};
        spt_text_put_number(&text, VALUES[i]);
        const double back = strtod(text.data, NULL);
        assert_memory_equal(&back, &VALUES[i], sizeof back);
        spt_text_release(&text);
    }
}

static void nan_is_written_as_nothing(void **state) {
    (void)state;
    struct spt_text text = {0};
    spt_text_put_number(&text, NAN);
    assert_string_equal(text.data, "");
    spt_text_release(&text);
}

/* Escapes of RFC 8259, section 7. */
static void json_strings_are_escaped_and_mended(void **state) {
    (void)state;
    struct spt_text text = {0};
    spt_text_put_json(&text, "a\"b\\c\n\t\x01\xc3\xa9\xff");
    assert_string_equal(text.data, "\"a\\\"b\\\\c\\n\\t\\u0001\xc3\xa9\xef\xbf\xbd\"");
    spt_text_release(&text);
}

/* U+202E turns what follows it round, U+009B begins a terminal's commands, U+E0041 is seen by nobody. */
static void json_strings_hold_nothing_that_a_terminal_obeys(void **state) {
    (void)state;
    struct spt_text text = {0};
    spt_text_put_json(&text, "a\u202eb\xc2\x9b\U000e0041\u200b\u05d0\U0001f642");
    assert_string_equal(text.data, "\"a\\u202eb\\u009b\\udb40\\udc41\\u200b\u05d0\U0001f642\"");
    spt_text_release(&text);
}

static void distance_counts_edits_and_swaps(void **state) {
    (void)state;
    assert_int_equal(spt_text_distance("", ""), 0);
    assert_int_equal(spt_text_distance("abc", ""), 3);
    assert_int_equal(spt_text_distance("kitten", "sitting"), 3); /* Levenshtein's usual example */
    assert_int_equal(spt_text_distance("samlpes", "samples"), 1);
    assert_int_equal(spt_text_distance("ca", "abc"), 3); /* restricted: no edit inside a swap */
}

static void nearest_names_a_slip_of_the_keyboard_only(void **state) {
    (void)state;
    static const char *const KEYS[] = {"probe", "samples", "steps", "metrics"};
    assert_int_equal(spt_text_nearest("sampels", KEYS, 4), 1);
    assert_int_equal(spt_text_nearest("step", KEYS, 4), 2);
    assert_int_equal(spt_text_nearest("banana", KEYS, 4), 4);
    assert_int_equal(spt_text_nearest("metrics", KEYS, 4), 3);
    assert_int_equal(spt_text_nearest("x", KEYS, 0), 0);
}

static void messages_show_control_characters_and_bad_utf8_escaped(void **state) {
    (void)state;
    struct spt_error error;
    assert_int_equal(spt_fail(&error, SPT_INVALID, "a\nb", "found %s", "\x1b[31m\xff\xc3\xa9"), SPT_INVALID);
    assert_string_equal(error.message, "found \\x1b[31m\\xff\xc3\xa9");
    assert_string_equal(error.path, "a\\x0ab");
    assert_true(error.offset == SPT_NO_OFFSET);
}

static void messages_show_what_is_unseen_and_what_turns_a_line_round_escaped(void **state) {
    (void)state;
    struct spt_error error;
    spt_fail(&error, SPT_INVALID, "step\u202e0001\u2069", "\u2066\ufeff\u05d0\u00e9");
    assert_string_equal(error.path, "step\\xe2\\x80\\xae0001\\xe2\\x81\\xa9");
    assert_string_equal(error.message, "\\xe2\\x81\\xa6\\xef\\xbb\\xbf\u05d0\u00e9");
}

static void long_messages_end_in_dots_inside_their_room(void **state) {
    (void)state;
    char out[16];
    const size_t length = spt_text_printable(out, sizeof out, "abcdefghijklmnopqrstuvwxyz");
    assert_int_equal(length, strlen(out));
    assert_true(strlen(out) < sizeof out);
    assert_string_equal(out + strlen(out) - 3, "...");
    assert_memory_equal(out, "abcdefgh", 8);
}

static void system_errors_carry_errno(void **state) {
    (void)state;
    struct spt_error error;
    assert_int_equal(spt_fail_system(&error, ENOENT, "x", "open"), SPT_IO);
    assert_int_equal(error.system, ENOENT);
    assert_string_equal(error.message, "cannot open: No such file or directory");
}

static void keep_line(void *context, enum spt_log_level level, const char *text) {
    assert_int_equal(level, SPT_LOG_WARNING);
    (void)strncpy(context, text, 63);
}

static void log_lines_are_one_line(void **state) {
    (void)state;
    char line[64] = {0};
    const struct spt_log log = {.emit = keep_line, .context = line};
    spt_log(&log, SPT_LOG_WARNING, "%s %d", "two\nlines", 7);
    assert_string_equal(line, "two\\x0alines 7");
    spt_log(NULL, SPT_LOG_WARNING, "nobody listens");
    spt_log(&(struct spt_log){0}, SPT_LOG_WARNING, "nobody listens");
}

static void formats_as_snprintf_does_at_every_length_of_what_is_there(void **state) {
    (void)state;
    for (int before = 0; before < 100; before++)
        for (int length = 0; length < 100; length++) {
            struct spt_text text = {0};
            char expected[256];
            (void)snprintf(expected, sizeof expected, "%*d|%0*d%s", before, 1, length, 2, "end");
            spt_text_format(&text, "%*d", before, 1);
            spt_text_format(&text, "|%0*d%s", length, 2, "end");
            assert_false(text.failed);
            assert_string_equal(text.data, expected);
            assert_int_equal(text.length, strlen(expected));
            spt_text_release(&text);
        }
}

/* A locale with a decimal comma is made here: a bare system has none. */
static void enter_comma_locale(const char *folder) {
    char path[256], command[1024];
    (void)snprintf(path, sizeof path, "%s/charmap", folder);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    fputs("<code_set_name> ASCII\n<comment_char> %\n<escape_char> /\n<mb_cur_min> 1\n<mb_cur_max> 1\nCHARMAP\n", file);
    for (unsigned i = 0; i < 128; i++) fprintf(file, "<U%04X> /x%02x\n", i, i);
    fputs("END CHARMAP\n", file);
    assert_int_equal(fclose(file), 0);
    (void)snprintf(path, sizeof path, "%s/source", folder);
    file = fopen(path, "we");
    assert_non_null(file);
    fputs(
        "LC_CTYPE\nEND LC_CTYPE\nLC_NUMERIC\ndecimal_point \"<U002C>\"\nthousands_sep \"\"\ngrouping -1\nEND LC_NUMERIC\n",
        file);
    assert_int_equal(fclose(file), 0);
    (void)snprintf(command, sizeof command, "localedef -c -i %s/source -f %s/charmap %s/comma >/dev/null 2>&1", folder,
                   folder, folder);
    (void)!system(command); /* it warns of the categories that are not there */
    assert_int_equal(setenv("LOCPATH", folder, 1), 0);
    assert_non_null(setlocale(LC_NUMERIC, "comma"));
}

static void numbers_have_a_point_in_any_locale(void **state) {
    (void)state;
    char folder[] = "/tmp/spectail-locale-XXXXXX", command[256];
    assert_non_null(mkdtemp(folder));
    enter_comma_locale(folder);
    struct spt_text text = {0};
    spt_text_format(&text, "%g ", 1.5);
    assert_string_equal(text.data, "1,5 "); /* the locale is in force */
    spt_text_put_real(&text, -0.25, 9);
    spt_text_put(&text, " ");
    spt_text_put_number(&text, 1e22);
    spt_text_put(&text, " ");
    spt_text_put_number(&text, -1.5e-300);
    spt_text_put(&text, " ");
    spt_text_put_number(&text, -INFINITY);
    char *end;
    const double read = spt_text_real("2.5e3,", &end);
    assert_non_null(setlocale(LC_NUMERIC, "C"));
    (void)snprintf(command, sizeof command, "rm -r %s", folder);
    assert_int_equal(system(command), 0);
    assert_string_equal(text.data, "1,5 -0.25 1e+22 -1.5000000000000001e-300 -inf");
    assert_true(read == 2500);
    assert_string_equal(end, ",");
    spt_text_release(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats_as_snprintf_does_at_every_length_of_what_is_there),
        cmocka_unit_test(appended_pieces_become_one_terminated_text),
        cmocka_unit_test(numbers_read_back_to_the_same_bits),
        cmocka_unit_test(numbers_have_a_point_in_any_locale),
        cmocka_unit_test(nan_is_written_as_nothing),
        cmocka_unit_test(json_strings_are_escaped_and_mended),
        cmocka_unit_test(json_strings_hold_nothing_that_a_terminal_obeys),
        cmocka_unit_test(distance_counts_edits_and_swaps),
        cmocka_unit_test(nearest_names_a_slip_of_the_keyboard_only),
        cmocka_unit_test(messages_show_control_characters_and_bad_utf8_escaped),
        cmocka_unit_test(messages_show_what_is_unseen_and_what_turns_a_line_round_escaped),
        cmocka_unit_test(long_messages_end_in_dots_inside_their_room),
        cmocka_unit_test(system_errors_carry_errno),
        cmocka_unit_test(log_lines_are_one_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
