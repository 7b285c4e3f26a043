/* The page that shows the figures. */
#include "tests/plots/folder.h"

#include "plots/plot.h"
#include "tests/plots/fixture.h"

static size_t render_all(struct fixture *fixture, enum spt_plot_format format, const struct spt_figure **drawn) {
    const struct spt_plot_options options = {.format = format, .layer = -1, .head = -1};
    size_t count = 0;
    for (size_t i = 0; i < SPT_FIGURE_COUNT; i++) {
        if (SPT_FIGURES[i].compares) continue;
        assert_int_equal(spt_plot_render(&SPT_FIGURES[i], &fixture->source, &options, "out", NULL), SPT_OK);
        drawn[count++] = &SPT_FIGURES[i];
    }
    return count;
}

/* Every value of an href, src or data is a file beside the page. */
static void assert_links_lead_to_files(const char *page) {
    static const char *const ATTRIBUTES[] = {" href=\"", " src=\"", " data=\""};
    size_t links = 0;
    for (size_t a = 0; a < 3; a++)
        for (const char *at = strstr(page, ATTRIBUTES[a]); at; at = strstr(at + 1, ATTRIBUTES[a])) {
            const char *name = at + strlen(ATTRIBUTES[a]), *end = strchr(name, '"');
            char path[256];
            snprintf(path, sizeof path, "out/%.*s", (int)(end - name), name);
            if (access(path, R_OK) != 0) fail_msg("no file %s", path);
            links++;
        }
    size_t figures = 0;
    for (size_t i = 0; i < SPT_FIGURE_COUNT; i++) figures += SPT_FIGURES[i].compares ? 0 : 1;
    assert_true(links >= 4 * figures);
}

static void shows_every_figure_with_its_files(void **state) {
    (void)state;
    struct fixture fixture;
    assert_true(fixture_init_demo(&fixture));
    fixture.source.run = "demo-run";
    for (int format = 0; format < SPT_PLOT_TERM; format++) {
        const struct spt_figure *drawn[64];
        size_t count = render_all(&fixture, (enum spt_plot_format)format, drawn);
        assert_int_equal(spt_plot_index(drawn, count, &fixture.source, (enum spt_plot_format)format, "out", NULL),
                         SPT_OK);
        char *page = slurp("out/index.html", NULL);
        assert_non_null(strstr(
            page, "<h1>demo-run</h1>\n<p>17 checkpoints, steps 0 to 8000, 6 layers, 4 heads, 100 probe samples</p>"));
        for (size_t i = 0; i < count; i++) {
            assert_non_null(strstr(page, drawn[i]->title));
            assert_non_null(strstr(page, drawn[i]->name));
        }
        assert_links_lead_to_files(page);
        assert_null(strstr(page, "http:"));
        assert_null(strstr(page, "https:"));
        assert_null(strstr(page, "<script"));
        assert_non_null(strstr(page, "prefers-color-scheme:dark"));
        /* 3.35 inches at 96 pixels an inch, 1.7 times as large: in each format, to the pixel that each format rounds
         * to. */
        assert_true(strstr(page, " width=\"546\"") || strstr(page, " width=\"547\"") || strstr(page, " width=\"545\""));
        free(page);
        assert_int_equal(count_names("out"), (int)(3 * count + 1));
        assert_int_equal(system("rm -r out"), 0);
    }
    fixture_release(&fixture);
}

static void hostile_names_are_only_text(void **state) {
    (void)state;
    struct fixture fixture;
    const int64_t steps[] = {7};
    fixture_init(&fixture, 1, 1, steps, 1);
    fixture.source.run = "</h1><script>alert('x')</script>\n\xff\"&amp;";
    fixture.checkpoints[0].label = "<b onclick=\"x\">";
    fixture.checkpoints[0].duplicate = true;
    assert_int_equal(system("mkdir out"), 0);
    assert_int_equal(spt_plot_index(NULL, 0, &fixture.source, SPT_PLOT_SVG, "out", NULL), SPT_OK);
    char *page = slurp("out/index.html", NULL);
    assert_null(strstr(page, "<script"));
    assert_null(strstr(page, "<b "));
    assert_non_null(strstr(
        page, "<h1>&#60;/h1&#62;&#60;script&#62;alert(&#39;x&#39;)&#60;/script&#62; &#xFFFD;&#34;&#38;amp;</h1>"));
    assert_non_null(strstr(page, "<p>1 checkpoint, step 7, 1 layer, 1 head, 100 probe samples</p>"));
    assert_non_null(strstr(page, "another step's: &#60;b onclick=&#34;x&#34;&#62;</p>"));
    free(page);
    fixture_release(&fixture);
}

static void a_terminal_has_no_page_and_a_missing_folder_is_an_error(void **state) {
    (void)state;
    struct fixture fixture;
    const int64_t steps[] = {7};
    fixture_init(&fixture, 1, 1, steps, 1);
    struct spt_error error = {0};
    assert_int_equal(spt_plot_index(NULL, 0, &fixture.source, SPT_PLOT_TERM, "out", &error), SPT_INVALID);
    assert_int_equal(spt_plot_index(NULL, 0, &fixture.source, SPT_PLOT_SVG, "nowhere", &error), SPT_IO);
    assert_non_null(strstr(error.path, "nowhere"));
    fixture_release(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(shows_every_figure_with_its_files, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(hostile_names_are_only_text, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(a_terminal_has_no_page_and_a_missing_folder_is_an_error, enter_folder,
                                        leave_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
