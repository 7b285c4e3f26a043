/* The page of a report: text stays text, works that are named are linked, blocks are whole. */
#include "plots/html.h"
#include "plots/report.h"
#include "plots/scripts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct spt_report_citation CITATIONS[] = {{"Gu et al. 2024", "gu2024"}, {"Bauer 2021", "bauer2021"}};

static void begin(struct spt_report *report) {
    assert_int_equal(spt_report_begin(report, CITATIONS, 2, NULL), SPT_OK);
}

static void whatever_is_given_is_only_text(void **state) {
    (void)state;
    static const char HOSTILE[] = "</p><script>alert('x')</script>\x01\xff\"&amp;";
    static const char HARMLESS[] =
        "&#60;/p&#62;&#60;script&#62;alert(&#39;x&#39;)&#60;/script&#62; &#xFFFD;&#34;&#38;amp;";
    struct spt_report report;
    begin(&report);
    const struct spt_report_column columns[] = {{HOSTILE, false}};
    void (*const puts[])(struct spt_report *, const char *) = {spt_report_text,     spt_report_strong,
                                                               spt_report_fold,     spt_report_fact,
                                                               spt_report_interval, spt_report_end_interval};
    for (size_t i = 0; i < sizeof puts / sizeof *puts; i++) {
        spt_text_clear(&report.body);
        puts[i](&report, HOSTILE);
        if (!strstr(report.body.data, HARMLESS)) fail_msg("%zu: %s", i, report.body.data);
    }
    spt_text_clear(&report.body);
    spt_report_value(&report, HOSTILE, 0.5, HOSTILE);
    spt_report_chapter(&report, "id", HOSTILE);
    spt_report_section(&report, "id2", HOSTILE);
    spt_report_table(&report, HOSTILE, columns, 1);
    spt_report_listing(&report, HOSTILE, HOSTILE);
    spt_report_figure(&report, "id3", HOSTILE, HOSTILE, "command", "<svg width=\"96\" height=\"96\"/>", 30);
    spt_report_code(&report, HOSTILE);
    spt_report_header(&report, HOSTILE, HOSTILE);
    assert_int_equal(spt_report_end(&report, HOSTILE, NULL), SPT_OK);
    assert_null(strstr(report.page.data, "<script"));
    assert_null(strstr(report.page.data, "</p><script"));
    assert_null(strchr(report.page.data, '\x01'));
    spt_report_release(&report);
}

static void a_work_that_is_named_is_linked_and_known_as_cited(void **state) {
    (void)state;
    struct spt_report report;
    begin(&report);
    spt_report_text(&report, "bars (Bauer 2021), again Bauer 2021, but not Bauer 2022 or Gu et al.");
    assert_string_equal(
        report.body.data,
        "bars (<a href=\"#ref-bauer2021\">Bauer 2021</a>), again <a href=\"#ref-bauer2021\">Bauer 2021</a>, but not "
        "Bauer 2022 or Gu et al.");
    assert_false(report.cited[0]);
    assert_true(report.cited[1]);
    spt_report_release(&report);
}

static void a_value_carries_all_its_digits(void **state) {
    (void)state;
    struct spt_report report;
    begin(&report);
    spt_report_value(&report, "0.333", 1.0 / 3, "sink.first, step 8: mean");
    assert_string_equal(report.body.data,
                        "<data value=\"0.33333333333333331\" title=\"sink.first, step 8: mean\">0.333</data>");
    spt_report_release(&report);
}

static void chapters_hold_sections_and_both_are_among_the_contents(void **state) {
    (void)state;
    struct spt_report report;
    begin(&report);
    spt_report_header(&report, "Title", "line");
    spt_report_chapter(&report, "a", "First");
    spt_report_section(&report, "b", "Inner");
    spt_report_chapter(&report, "c", "Second");
    assert_int_equal(spt_report_end(&report, "Title", NULL), SPT_OK);
    const char *page = report.page.data;
    assert_non_null(strstr(page, "<li><a href=\"#a\">First</a><ol><li><a href=\"#b\">Inner</a></li>\n</ol></li>\n"
                                 "<li><a href=\"#c\">Second</a></li>\n</ol>\n</nav>"));
    assert_non_null(strstr(page, "<section>\n<h2 id=\"a\">First</h2>\n<h3 id=\"b\">Inner</h3>\n</section>\n<section>\n"
                                 "<h2 id=\"c\">Second</h2>\n</section>\n</main>"));
    assert_non_null(strstr(page, "<h1>Title</h1>"));
    assert_ptr_equal(strstr(page, "<!DOCTYPE html>"), page);
    spt_report_release(&report);
}

/* RFC 4648, section 10. */
static void figures_stand_in_the_page_in_base64(void **state) {
    (void)state;
    static const char *const VECTORS[][2] = {{"", ""},
                                             {"f", "Zg=="},
                                             {"fo", "Zm8="},
                                             {"foo", "Zm9v"},
                                             {"foob", "Zm9vYg=="},
                                             {"fooba", "Zm9vYmE="},
                                             {"foobar", "Zm9vYmFy"}};
    for (size_t i = 0; i < sizeof VECTORS / sizeof *VECTORS; i++) {
        struct spt_text text = {0};
        spt_html_put_svg(&text, VECTORS[i][0], strlen(VECTORS[i][0]));
        assert_string_equal(text.data + strlen("data:image/svg+xml;base64,"), VECTORS[i][1]);
        spt_text_release(&text);
    }
}

static void text_is_neither_markup_nor_turns_round_what_follows(void **state) {
    (void)state;
    struct spt_text text = {0};
    spt_html_put(&text, "<b>&\x1b\u202ec\u2066\u05d0\xff");
    assert_string_equal(text.data, "&#60;b&#62;&#38;  c \u05d0&#xFFFD;");
    spt_text_release(&text);
}

static void a_long_name_may_break_behind_what_joins_its_parts(void **state) {
    (void)state;
    struct spt_report report;
    begin(&report);
    spt_report_code(&report, "graph.fiedler_norm@0.01");
    spt_report_code(&report, "sink.first_excess");
    assert_string_equal(report.body.data,
                        "<code>graph.<wbr>fiedler_<wbr>norm@0.01</code><code>sink.first_excess</code>");
    spt_report_release(&report);
}

static void a_whisker_stays_on_its_scale(void **state) {
    (void)state;
    struct spt_report report;
    begin(&report);
    spt_report_whisker(&report, -3, 0.5, 7, 0.25);
    assert_non_null(strstr(report.body.data, "M5.0 8H139.0"));
    assert_non_null(strstr(report.body.data, "cx=\"72.0\""));
    spt_report_release(&report);
}

static void the_style_asks_for_nothing_from_elsewhere(void **state) {
    (void)state;
    const char *style = spt_plot_script_find("report.css");
    assert_non_null(style);
    assert_null(strstr(style, "url("));
    assert_null(strstr(style, "@import"));
    assert_non_null(strstr(style, "@media print"));
    assert_null(spt_plot_script_find("none.css"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_is_given_is_only_text),
        cmocka_unit_test(a_work_that_is_named_is_linked_and_known_as_cited),
        cmocka_unit_test(a_value_carries_all_its_digits),
        cmocka_unit_test(chapters_hold_sections_and_both_are_among_the_contents),
        cmocka_unit_test(figures_stand_in_the_page_in_base64),
        cmocka_unit_test(text_is_neither_markup_nor_turns_round_what_follows),
        cmocka_unit_test(a_long_name_may_break_behind_what_joins_its_parts),
        cmocka_unit_test(a_whisker_stays_on_its_scale),
        cmocka_unit_test(the_style_asks_for_nothing_from_elsewhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
