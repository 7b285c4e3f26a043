/* Unicode: normal forms against the examples of UAX 15 (figures 3 to 6) and the order of UAX 44's combining classes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <utf8proc.h>

#include "checkpoints/base/unicode.h"

static void expect(enum spt_unicode_form form, const char *bytes, const char *normal) {
    struct spt_text text = {0};
    spt_unicode_normalize(form, bytes, strlen(bytes), &text);
    assert_false(text.failed);
    assert_string_equal(text.data, normal);
    spt_text_release(&text);
}

static void the_four_forms_are_those_of_the_standard(void **state) {
    (void)state;
    expect(SPT_NFC, "plain", "plain");
    expect(SPT_NFD, "\u00c5\u212b\u00f4", "A\u030aA\u030ao\u0302");
    expect(SPT_NFC, "A\u030a\u212b\u1e69", "\u00c5\u00c5\u1e69");
    expect(SPT_NFC, "s\u0307\u0323 d\u0307", "\u1e69 \u1e0b"); /* dot below comes first */
    expect(SPT_NFD, "\u1e69", "s\u0323\u0307");
    expect(SPT_NFC, "\ufb01 2\u2075", "\ufb01 2\u2075");
    expect(SPT_NFKC, "\ufb01 2\u2075 \u1e9b\u0323", "fi 25 \u1e69");
    expect(SPT_NFKD, "\u1e9b\u0323", "s\u0323\u0307");
    expect(SPT_NFC, "\u1100\u1161\u11a8", "\uac01");
    expect(SPT_NFD, "\uac01", "\u1100\u1161\u11a8");
    expect(SPT_NFC, "e\u0301a e\u0301", "\u00e9a \u00e9");
}

static void many_marks_are_ordered_by_class_and_else_as_they_came(void **state) {
    (void)state;
    struct spt_text marks = {0}, ordered = {0};
    for (int i = 0; i < 20; i++) spt_text_put(&marks, "\u0301\u0316\u0300"); /* classes 230, 220, 230 */
    for (int i = 0; i < 20; i++) spt_text_put(&ordered, "\u0316");
    for (int i = 0; i < 20; i++) spt_text_put(&ordered, "\u0301\u0300");
    expect(SPT_NFD, marks.data, ordered.data);
    spt_text_release(&marks);
    spt_text_release(&ordered);
}

static void classes_of_characters_are_known(void **state) {
    (void)state;
    assert_true(spt_unicode_is_whitespace(0x3000) && spt_unicode_is_whitespace(0x85) && spt_unicode_is_whitespace(' '));
    assert_false(spt_unicode_is_whitespace(0x180e) || spt_unicode_is_whitespace(0x200b));
    assert_true(spt_unicode_is_number(0x2167) && spt_unicode_is_number(0xbd) && spt_unicode_is_number('7'));
    assert_false(spt_unicode_is_number('a'));
    assert_true(spt_unicode_is_punctuation(0x3002) && spt_unicode_is_punctuation('_'));
    assert_false(spt_unicode_is_punctuation('$'));
    assert_true(spt_unicode_is_mark(0x301) && spt_unicode_is_mark(0x20dd));
    assert_true(spt_unicode_is_word(0x24b6) && spt_unicode_is_word('_') && spt_unicode_is_word(0x301));
    assert_false(spt_unicode_is_word(0xbd) || spt_unicode_is_word('-'));
}

/* The whole property as utf8proc has it, which knows assigned characters only, and what is beside it. */
static void what_is_unseen_is_controls_the_default_ignorable_and_separators(void **state) {
    (void)state;
    for (uint32_t code = 0; code < 0x110000; code++) {
        const utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)code);
        if (category == UTF8PROC_CATEGORY_CN) continue;
        const bool annotates = code >= 0xfff9 && code <= 0xfffb;
        const bool unseen = category == UTF8PROC_CATEGORY_CC || category == UTF8PROC_CATEGORY_ZL ||
                            category == UTF8PROC_CATEGORY_ZP || annotates ||
                            utf8proc_get_property((utf8proc_int32_t)code)->ignorable;
        assert_int_equal(spt_unicode_is_unseen(code), unseen);
    }
    for (uint32_t code = 0x202a; code <= 0x202e; code++) assert_true(spt_unicode_is_unseen(code));
    for (uint32_t code = 0x2066; code <= 0x2069; code++) assert_true(spt_unicode_is_unseen(code));
    assert_true(spt_unicode_is_unseen(0x2065) && spt_unicode_is_unseen(0xfff0) && spt_unicode_is_unseen(0xe0fff));
    assert_false(spt_unicode_is_unseen(' ') || spt_unicode_is_unseen(0x600) || spt_unicode_is_unseen(0xe1000));
}

static void a_fold_may_be_three_characters(void **state) {
    (void)state;
    uint32_t fold[3];
    assert_int_equal(spt_unicode_fold(0xfb03, fold), 3); /* CaseFolding.txt: FB03; F; 0066 0066 0069 */
    assert_int_equal(fold[0], 'f');
    assert_int_equal(fold[1], 'f');
    assert_int_equal(fold[2], 'i');
    assert_int_equal(spt_unicode_fold(0x17f, fold), 1);
    assert_int_equal(fold[0], 's');
    size_t several = 0;
    for (uint32_t code = 0; code <= 0x110000; code++) several += spt_unicode_fold(code, fold) > 1;
    assert_int_equal(several, 104); /* its rows of status F */
}

static void lower_case_may_be_two_characters(void **state) {
    (void)state;
    uint32_t lower[2];
    assert_int_equal(spt_unicode_lower(0x130, lower), 2);
    assert_int_equal(lower[0], 'i');
    assert_int_equal(lower[1], 0x307);
    assert_int_equal(spt_unicode_lower(0x3a3, lower), 1);
    assert_int_equal(lower[0], 0x3c3);
    assert_int_equal(spt_unicode_lower(0xdf, lower), 1);
    assert_int_equal(lower[0], 0xdf);
}

static void what_is_encoded_is_decoded(void **state) {
    (void)state;
    static const uint32_t CODES[] = {0, 0x7f, 0x80, 0x7ff, 0x800, 0xffff, 0x10000, 0x10ffff};
    for (size_t i = 0; i < sizeof CODES / sizeof *CODES; i++) {
        char bytes[4];
        uint32_t code;
        const size_t length = spt_unicode_encode(CODES[i], bytes);
        assert_int_equal(length, 1 + (CODES[i] > 0x7f) + (CODES[i] > 0x7ff) + (CODES[i] > 0xffff));
        assert_int_equal(spt_unicode_decode(bytes, length, &code), length);
        assert_int_equal(code, CODES[i]);
    }
    char bytes[4];
    assert_int_equal(spt_unicode_encode(0xd800, bytes), 0);
    assert_int_equal(spt_unicode_encode(0x110000, bytes), 0);
}

/* UAX 11 and the tables of wcwidth: U+4E00 and U+1F600 are wide, U+FF21 fullwidth, U+0301 combines. */
static void the_width_in_a_terminal_is_that_of_the_standard(void **state) {
    (void)state;
    static const struct {
        uint32_t code;
        size_t width;
    } CODES[] = {{'a', 1}, {0xe9, 1}, {0x2588, 1}, {0x4e00, 2}, {0xff21, 2}, {0x1f600, 2}, {0x301, 0}, {0x1b, 0}};
    for (size_t i = 0; i < sizeof CODES / sizeof *CODES; i++)
        assert_int_equal(spt_unicode_width(CODES[i].code), CODES[i].width);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_four_forms_are_those_of_the_standard),
        cmocka_unit_test(many_marks_are_ordered_by_class_and_else_as_they_came),
        cmocka_unit_test(classes_of_characters_are_known),
        cmocka_unit_test(what_is_unseen_is_controls_the_default_ignorable_and_separators),
        cmocka_unit_test(lower_case_may_be_two_characters),
        cmocka_unit_test(a_fold_may_be_three_characters),
        cmocka_unit_test(what_is_encoded_is_decoded),
        cmocka_unit_test(the_width_in_a_terminal_is_that_of_the_standard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
