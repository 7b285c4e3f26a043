/* Numbers in words, and the tables that sentences come from. */
#include "analysis/metric.h"
#include "tracker/report/internal.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MINUS "\u2212"

static void assert_said(double value, double lo, double hi, const char *expected) {
    char said[SPT_SAID_MAX];
    spt_said_number(said, value, lo, hi);
    assert_string_equal(said, expected);
}

static void an_interval_says_how_many_digits_count(void **state) {
    (void)state;
    assert_said(0.15309, 0.1462, 0.1604, "0.153"); /* half of it 0.007 */
    assert_said(4.0018, 3.906, 4.107, "4.00");     /* 0.10: two digits, for the first is 1 */
    assert_said(10.836, 9.81, 11.87, "10.8");      /* 1.0 */
    assert_said(715675, 274, 715675, "715675");    /* no more than there are */
    assert_said(-0.00157, -0.002, -0.0012, MINUS "0.0016");
    assert_said(7.1660, 7.147, 7.185, "7.166");
}

static void without_one_three_digits_count(void **state) {
    (void)state;
    assert_said(0.32171, NAN, NAN, "0.322");
    assert_said(12.3456, NAN, NAN, "12.3");
    assert_said(1234.56, NAN, NAN, "1235");
    assert_said(0, NAN, NAN, "0");
    assert_said(1, NAN, NAN, "1.00");
    assert_said(-0.0321, NAN, NAN, MINUS "0.0321");
}

static void small_and_undefined_ones_are_written_as_people_do(void **state) {
    (void)state;
    assert_said(1.234e-9, NAN, NAN, "1.2 · 10⁻⁹");
    assert_said(-4.56e-12, NAN, NAN, MINUS "4.6 · 10⁻¹²");
    assert_said(-1e-9, -1, 1, "0.0"); /* nothing is left of the sign */
    assert_said(NAN, NAN, NAN, "undefined");
    assert_said(INFINITY, NAN, NAN, "undefined");
    assert_said(1.5728e11, NAN, NAN, "1.57 · 10¹¹");
    assert_said(1e308, NAN, NAN, "1.00 · 10³⁰⁸");
}

static void a_setting_is_read_whole_or_not_at_all(void **state) {
    (void)state;
    struct spt_text value = {0};
    assert_true(spt_told_setting("a: 1\nsamples: 100\nlong: 123456789\n", "samples", &value));
    assert_string_equal(value.data, "100");
    assert_false(spt_told_setting("a: 1\nsamples: 100\n", "sample", &value));
    assert_false(spt_told_setting(NULL, "long", &value));
    assert_string_equal(value.data, "100");
    char line[2000] = "long: ";
    memset(line + 6, 'x', sizeof line - 7);
    line[sizeof line - 1] = '\0';
    spt_text_clear(&value);
    assert_true(spt_told_setting(line, "long", &value));
    assert_string_equal(value.data, line + 6);
    spt_text_release(&value);
}

/* "(Gu et al. 2024)" in a definition: what stands before a year is the label of a work. */
static void every_work_that_a_definition_names_is_among_the_references(void **state) {
    (void)state;
    size_t count, found = 0;
    const struct spt_report_citation *citations = spt_reference_citations(&count);
    for (size_t i = 0; i < SPT_METRIC_COUNT; i++)
        for (const char *at = SPT_METRICS[i].definition; (at = strchr(at, '(')); at++) {
            const char *end = strchr(at, ')');
            if (!end || end - at < 6 || at[1] < 'A' || at[1] > 'Z' || strspn(end - 4, "0123456789") != 4) continue;
            char label[128];
            snprintf(label, sizeof label, "%.*s", (int)(end - at - 1), at + 1);
            size_t k = 0;
            while (k < count && strcmp(citations[k].label, label) != 0) k++;
            if (k == count)
                fail_msg("%s cites \"%s\", which is no work of the report's references", SPT_METRICS[i].name, label);
            found++;
        }
    assert_true(found > 20);
}

static void no_two_works_have_one_key_and_no_label_is_within_another(void **state) {
    (void)state;
    size_t count;
    const struct spt_report_citation *citations = spt_reference_citations(&count);
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < count; k++) {
            if (i == k) continue;
            assert_string_not_equal(citations[i].key, citations[k].key);
            assert_null(strstr(citations[i].label, citations[k].label));
        }
}

static void every_group_of_metrics_has_a_title(void **state) {
    (void)state;
    for (size_t i = 0; i < SPT_METRIC_GROUP_COUNT; i++)
        if (spt_told_group_title(SPT_METRIC_GROUPS[i]) == SPT_METRIC_GROUPS[i])
            fail_msg("the group %s has no title in the report", SPT_METRIC_GROUPS[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_interval_says_how_many_digits_count),
        cmocka_unit_test(without_one_three_digits_count),
        cmocka_unit_test(small_and_undefined_ones_are_written_as_people_do),
        cmocka_unit_test(a_setting_is_read_whole_or_not_at_all),
        cmocka_unit_test(every_work_that_a_definition_names_is_among_the_references),
        cmocka_unit_test(no_two_works_have_one_key_and_no_label_is_within_another),
        cmocka_unit_test(every_group_of_metrics_has_a_title),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
