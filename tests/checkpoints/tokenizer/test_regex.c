/* Oniguruma's syntax in PCRE2's. What the translations match is proved by the golden behaviours; this is what is
 * refused, and the limits of matching. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "checkpoints/tokenizer/regex.h"

static void refuse(const char *pattern, enum spt_status status, const char *word) {
    struct spt_regex *regex = NULL;
    struct spt_error error = {0};
    const enum spt_status given = spt_regex_compile(pattern, strlen(pattern), "t.json", &regex, &error);
    if (given != status) fail_msg("%s: %s instead of %s", pattern, spt_status_name(given), spt_status_name(status));
    if (!strstr(error.message, word)) fail_msg("%s: \"%s\" does not name %s", pattern, error.message, word);
    assert_null(regex);
}

static void constructs_without_an_equal_are_named(void **state) {
    (void)state;
    refuse("[a-z&&[^b]]", SPT_UNSUPPORTED, "intersection");
    refuse("[a[^b]]", SPT_UNSUPPORTED, "negated class");
    refuse("[\\W]", SPT_UNSUPPORTED, "class");
    refuse("[[:punct:]]", SPT_UNSUPPORTED, "POSIX");
    refuse("(?<name>a)", SPT_UNSUPPORTED, "group");
    refuse("(?~a)", SPT_UNSUPPORTED, "group");
    refuse("(?x:a b)", SPT_UNSUPPORTED, "group");
    refuse("a(?i)b", SPT_UNSUPPORTED, "option");
    refuse("(?i:\\p{Lu})", SPT_UNSUPPORTED, "case");
    refuse("\\K", SPT_UNSUPPORTED, "\\K");
    refuse("\\X", SPT_UNSUPPORTED, "\\X");
    refuse("\\g<1>", SPT_UNSUPPORTED, "\\g");
    refuse("\\10", SPT_UNSUPPORTED, "\\1");
    refuse("\\xe9", SPT_UNSUPPORTED, "single byte");
    refuse("\\pL", SPT_UNSUPPORTED, "braces");
    refuse("\\p{Nonsense}", SPT_UNSUPPORTED, "property");
    refuse("a**", SPT_UNSUPPORTED, "quantifier");
    refuse("x{2}{3}", SPT_UNSUPPORTED, "quantifier");
    refuse("x+{2}", SPT_UNSUPPORTED, "quantifier");
    refuse("(?<=a+)s", SPT_UNSUPPORTED, "lookbehind");
}

/* Oniguruma compares by full case folding, by which ß is ss and one character of a class may be two of a text. */
static void folds_of_several_characters_are_named(void **state) {
    (void)state;
    static const char *const CHARACTERS[] = {"(?i:\u00df)",   "(?i:a|\u1e9e)",         "(?i)\u0149",
                                             "(?i:[\u00df])", "(?i:[^\u00d0-\u00ff])", "(?i:[\\x{df}])",
                                             "(?i:\\u00df)",  "(?i:[\u00d0-\uffff])"};
    for (size_t i = 0; i < sizeof CHARACTERS / sizeof *CHARACTERS; i++)
        refuse(CHARACTERS[i], SPT_UNSUPPORTED, "folds to several");
    static const char *const NEIGHBOURS[] = {
        "(?i:ss)",      "(?i:class)",  "(?i:Sſ)",         "(?i:first)",   "(?i:\u0565\u0582)",
        "(?i:i\u0307)", "(?i:s(?:s))", "(?i:i{1}\u0307)", "(?i:s(?#x)s)", "(?i:\u03b9\u0308\u0301)"};
    for (size_t i = 0; i < sizeof NEIGHBOURS / sizeof *NEIGHBOURS; i++)
        refuse(NEIGHBOURS[i], SPT_UNSUPPORTED, "neighbours");
    refuse("(?i:f{2})", SPT_UNSUPPORTED, "interval");
    refuse("(?i:(?:if){2})", SPT_UNSUPPORTED, "interval");
    refuse("(?i:(a)\\1)", SPT_UNSUPPORTED, "back reference");
    refuse("(?i:[\\p{L}])", SPT_UNSUPPORTED, "set of letters");
    refuse("(?i:[[:alpha:]])", SPT_UNSUPPORTED, "set of letters");
    refuse("(?i:[\\w])", SPT_UNSUPPORTED, "set of letters");
    static const char *const ACCEPTED[] = {"(?i:'s|'t|'re|'ve|'m|'ll|'d)", "(?i:s)s|ss|\u00df|[\u00df]",
                                           "(?i:s|s.s[a-z]s+s)", "(?i:[^\\p{L}][\\s\\d\\p{N}]\\p{L}a{2})"};
    for (size_t i = 0; i < sizeof ACCEPTED / sizeof *ACCEPTED; i++) {
        struct spt_regex *regex = NULL;
        struct spt_error error = {0};
        if (spt_regex_compile(ACCEPTED[i], strlen(ACCEPTED[i]), "t.json", &regex, &error) != SPT_OK)
            fail_msg("%s", error.message);
        spt_regex_free(regex);
    }
}

static void what_is_no_expression_is_invalid(void **state) {
    (void)state;
    refuse("(a", SPT_INVALID, "without ')'");
    refuse("a)", SPT_INVALID, "without '('");
    refuse("[a", SPT_INVALID, "no end");
    refuse("a\\", SPT_INVALID, "backslash");
    refuse("(*UTF)a", SPT_INVALID, "repeat");
    refuse("{2}", SPT_INVALID, "repeat");
    refuse("*", SPT_INVALID, "repeat");
    refuse("a|+", SPT_INVALID, "repeat");
    refuse("(?:?)", SPT_INVALID, "repeat");
    refuse("^*", SPT_INVALID, "repeat");
    refuse("\\b+", SPT_INVALID, "repeat");
    refuse("a{70000}", SPT_INVALID, "65535");
    refuse("\\u12", SPT_INVALID, "\\u");
    refuse("\\x{110000}", SPT_INVALID, "\\x");
    refuse("\\x{d800}", SPT_INVALID, "\\x");
    refuse("((((a{1000}){1000}){1000}){1000})", SPT_INVALID, "too large");
}

static void depth_and_length_are_bounded(void **state) {
    (void)state;
    char *long_one = malloc(SPT_REGEX_MAX + 2);
    memset(long_one, 'a', SPT_REGEX_MAX + 1);
    long_one[SPT_REGEX_MAX + 1] = '\0';
    refuse(long_one, SPT_UNSUPPORTED, "65536");
    memset(long_one, '(', 1000);
    long_one[1000] = '\0';
    refuse(long_one, SPT_UNSUPPORTED, "groups");
    memset(long_one, '[', 1000);
    refuse(long_one, SPT_UNSUPPORTED, "nested");
    free(long_one);
}

static void matches_are_found_from_a_place_on(void **state) {
    (void)state;
    struct spt_regex *regex = NULL;
    struct spt_regex_scratch *scratch = NULL;
    struct spt_error error = {0};
    struct spt_span match;
    assert_int_equal(spt_regex_compile("(?<=a)b", 7, NULL, &regex, &error), SPT_OK);
    assert_int_equal(spt_regex_find(regex, &scratch, "abcab", 5, 0, &match, &error), SPT_OK);
    assert_int_equal(match.begin, 1);
    assert_int_equal(match.end, 2);
    assert_int_equal(spt_regex_find(regex, &scratch, "abcab", 5, 2, &match, &error), SPT_OK);
    assert_int_equal(match.begin, 4); /* the text before the place is seen */
    assert_int_equal(spt_regex_find(regex, &scratch, "abcab", 5, 5, &match, &error), SPT_END);
    spt_regex_scratch_free(scratch);
    spt_regex_free(regex);
}

/* 256 KiB need more than the 32 KiB that compiled matching has: the interpreter takes over. */
static void a_match_over_a_long_text_is_found(void **state) {
    (void)state;
    const size_t length = (size_t)1 << 18;
    char *text = malloc(length);
    memset(text, 'a', length);
    struct spt_regex *regex = NULL;
    struct spt_regex_scratch *scratch = NULL;
    struct spt_error error = {0};
    struct spt_span match;
    assert_int_equal(spt_regex_compile("(?:a|b)+", 8, NULL, &regex, &error), SPT_OK);
    assert_int_equal(spt_regex_find(regex, &scratch, text, length, 0, &match, &error), SPT_OK);
    assert_int_equal(match.end - match.begin, length);
    spt_regex_scratch_free(scratch);
    spt_regex_free(regex);
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(constructs_without_an_equal_are_named),
        cmocka_unit_test(folds_of_several_characters_are_named),
        cmocka_unit_test(what_is_no_expression_is_invalid),
        cmocka_unit_test(depth_and_length_are_bounded),
        cmocka_unit_test(matches_are_found_from_a_place_on),
        cmocka_unit_test(a_match_over_a_long_text_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
