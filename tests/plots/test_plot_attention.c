/* Figures of attention from made-up matrices: what is asked of the source, what is written, and that they are drawn
 * whatever the tokens are called. */
#include "tests/plots/folder.h"

#include "plots/plot.h"
#include "tests/plots/fixture.h"
#include "tests/plots/made_attention.h"

#include <math.h>

/* What tokens may be called once they are labels (tracker/token_label.h), and what no label should be. */
static const char *const HOSTILE[] = {
    "'",
    "''",
    "'quoted'",
    "\"",
    "\\",
    "\\n",
    "`ls`",
    "@x",
    "</text>",
    "&amp;",
    "%s%n",
    "$1",
    "#",
    "{/*9 x}",
    "^{2}_{1}",
    "",
    "\x1b[0m",
    "two\nlines",
    "\xff\xfe",
    "שלום",
    "\u202eabc",
    "é",
    "日本語",
    "😀",
    "·the",
    "t\xcc\x81",
    "<|endoftext|>",
    "--",
    "NaN",
    ";exit",
    "\\",
    "''''",
    "a token of two hundred letters a token of two hundred letters a token of two hundred letters a token of two hundred "
    "letters a token of two hundred letters a token of two hundred letters a token of two hundred letters",
};
#define HOSTILE_COUNT (sizeof HOSTILE / sizeof *HOSTILE)

struct drawn {
    struct fixture fixture;
    struct made_attention made;
    struct spt_plot_options options;
};

static void setup(struct drawn *drawn, size_t n) {
    static const int64_t STEPS[] = {0, 8, 512};
    fixture_init(&drawn->fixture, 3, 2, STEPS, 3);
    drawn->made = (struct made_attention){.n = n, .layers = 3, .heads = 2};
    drawn->options = (struct spt_plot_options){.format = SPT_PLOT_SVG, .layer = -1, .head = -1};
    made_attention_attach(&drawn->made, &drawn->fixture.source);
}

static char *draw(struct drawn *drawn, const char *name, const char *suffix) {
    struct spt_error error = {0};
    char path[64];
    if (spt_plot_render(spt_figure_find(name), &drawn->fixture.source, &drawn->options, "out", &error) != SPT_OK)
        fail_msg("%s: %s", name, error.message);
    snprintf(path, sizeof path, "out/%s.%s", name, suffix);
    return slurp(path, NULL);
}

/* The numbers of the line after "# name |" and the line of columns; that many lines further. */
static const char *line_of(const char *data, const char *name, size_t line) {
    char mark[64];
    snprintf(mark, sizeof mark, "# %s |\n", name);
    const char *at = strstr(data, mark);
    if (!at) fail_msg("no block %s", name);
    for (size_t i = 0; i < line + 2; i++) at = strchr(at, '\n') + 1;
    return at;
}

static void the_matrix_is_written_as_it_is_with_what_is_hidden_left_out(void **state) {
    (void)state;
    struct drawn drawn;
    setup(&drawn, 5);
    drawn.made.window = 3;
    drawn.options.layer = 1;
    char *data = draw(&drawn, "attention", "dat");
    assert_int_equal(drawn.made.looks, 1);
    assert_true(drawn.made.last.matrices);
    assert_int_equal(drawn.made.last.checkpoint, 2);
    assert_int_equal(drawn.made.last.layer, 1);
    assert_int_equal(drawn.made.last.head, -1);
    for (size_t panel = 0; panel < 2; panel++)
        for (size_t i = 0; i < 5; i++) {
            char name[32], *end;
            snprintf(name, sizeof name, "matrix %zu", panel + 1);
            const char *at = line_of(data, name, i);
            for (size_t k = 0; k < 5; k++, at = end) {
                const double value = strtod(at, &end);
                assert_true(end != at);
                if (k > i || (panel == 1 && i - k >= 3))
                    assert_true(value == -1);
                else
                    assert_true(fabs(value - made_attention_value(&drawn.made, panel, i, k)) <= 1e-5);
            }
            assert_int_equal(*end, '\n');
        }
    free(data);
    fixture_release(&drawn.fixture);
}

static void what_keys_receive_stands_beside_uniform_attention_and_the_mark_of_references(void **state) {
    (void)state;
    struct drawn drawn;
    setup(&drawn, 4);
    drawn.options.layer = 0;
    drawn.options.head = 1;
    char *data = draw(&drawn, "attention", "dat");
    double received = 0, uniform = 0;
    for (size_t i = 0; i < 4; i++) {
        received += made_attention_value(&drawn.made, 0, i, 0) / 4;
        uniform += 1 / (double)(i + 1) / 4;
    }
    unsigned key, reference;
    double a, b;
    assert_int_equal(sscanf(line_of(data, "received 1", 0), "%u %lf %lf %u", &key, &a, &b, &reference), 4);
    assert_int_equal(key, 0);
    assert_true(fabs(a - received) <= 1e-8);
    assert_true(fabs(b - uniform) <= 1e-8);
    assert_int_equal(reference, 1);
    assert_int_equal(sscanf(line_of(data, "received 1", 1), "%u %lf %lf %u", &key, &a, &b, &reference), 4);
    assert_int_equal(reference, 0);
    assert_null(strstr(data, "# matrix 2 |"));
    free(data);
    fixture_release(&drawn.fixture);
}

static void the_figure_names_run_step_layer_head_and_sample(void **state) {
    (void)state;
    static const int64_t STEPS[] = {8, 0}; /* the last of them */
    struct drawn drawn;
    setup(&drawn, 4);
    drawn.options.layer = 2;
    drawn.options.head = 1;
    drawn.options.steps = STEPS;
    drawn.options.step_count = 2;
    char *svg = draw(&drawn, "attention", "svg");
    assert_int_equal(drawn.made.last.checkpoint, 1);
    assert_non_null(strstr(svg, "step 8, layer 2, head 1, sample 0 (4 tokens)"));
    assert_non_null(strstr(svg, drawn.fixture.source.run));
    assert_non_null(strstr(svg, ">t3<"));
    free(svg);
    fixture_release(&drawn.fixture);
}

static void references_have_a_panel_for_each_step_and_ask_for_no_matrix(void **state) {
    (void)state;
    static const int64_t STEPS[] = {512, 0};
    struct drawn drawn;
    setup(&drawn, 6);
    drawn.options.steps = STEPS;
    drawn.options.step_count = 2;
    char *data = draw(&drawn, "references", "dat");
    assert_int_equal(drawn.made.looks, 2);
    assert_false(drawn.made.last.matrices);
    assert_int_equal(drawn.made.last.checkpoint, 2);
    assert_non_null(strstr(data, "# panel 2 |"));
    unsigned token, layer;
    assert_int_equal(sscanf(line_of(data, "panel 2", 6), "%u %u", &token, &layer), 2);
    assert_int_equal(token, 0);
    assert_int_equal(layer, 1);
    free(data);
    char *svg = draw(&drawn, "references", "svg");
    assert_non_null(strstr(svg, ">step 0<"));
    assert_non_null(strstr(svg, ">step 512<"));
    free(svg);
    fixture_release(&drawn.fixture);
}

static void tokens_of_any_name_are_labels_and_nothing_more(void **state) {
    (void)state;
    struct drawn drawn;
    setup(&drawn, HOSTILE_COUNT);
    drawn.made.tokens = HOSTILE;
    drawn.made.token_count = HOSTILE_COUNT;
    drawn.fixture.source.run = "'";
    drawn.options.layer = 1;
    drawn.options.head = 0;
    for (int format = 0; format < SPT_PLOT_TERM; format++) {
        drawn.options.format = (enum spt_plot_format)format;
        free(draw(&drawn, "attention", spt_plot_format_name(drawn.options.format)));
        free(draw(&drawn, "references", spt_plot_format_name(drawn.options.format)));
    }
    drawn.options.format = SPT_PLOT_SVG;
    char *svg = draw(&drawn, "attention", "svg");
    assert_non_null(strstr(svg, "&amp;amp;"));
    assert_null(strstr(svg, "</text></text>"));
    assert_null(strchr(svg, '\x1b'));
    assert_non_null(strstr(svg, "a token of tw…"));
    free(svg);
    fixture_release(&drawn.fixture);
}

static void samples_of_one_token_and_of_hundreds_windows_encoders_and_nan_are_drawn(void **state) {
    (void)state;
    static const struct made_attention CASES[] = {
        {.n = 1, .layers = 3, .heads = 2},
        {.n = 2, .layers = 1, .heads = 1},
        {.n = 50, .layers = 3, .heads = 2, .window = 8},
        {.n = 30, .layers = 3, .heads = 2, .bidirectional = true},
        {.n = 12, .layers = 3, .heads = 2, .broken = true},
        {.n = 4, .layers = 36, .heads = 16},
        {.n = 512, .layers = 1, .heads = 1},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct drawn drawn;
        setup(&drawn, 1);
        drawn.made = CASES[i];
        drawn.options.format = i % 2 ? SPT_PLOT_PNG : SPT_PLOT_SVG;
        const char *suffix = i % 2 ? "png" : "svg";
        char *every = draw(&drawn, "attention", suffix);
        if (CASES[i].broken) assert_non_null(strstr(every, "layer 1: NaN"));
        free(every);
        free(draw(&drawn, "references", suffix));
        drawn.options.layer = 0;
        free(draw(&drawn, "attention", suffix));
        drawn.options.head = 0;
        free(draw(&drawn, "attention", suffix));
        fixture_release(&drawn.fixture);
    }
}

static void a_reader_is_told_of_attention_that_is_not_finite(void **state) {
    (void)state;
    struct drawn drawn;
    setup(&drawn, 6);
    drawn.made.broken = true;
    char *svg = draw(&drawn, "references", "svg");
    assert_non_null(strstr(svg, "NaN or infinite"));
    free(svg);
    fixture_release(&drawn.fixture);
}

static void what_cannot_be_drawn_is_refused_in_words(void **state) {
    (void)state;
    static const int64_t MISSING[] = {9};
    struct drawn drawn;
    struct spt_error error;
    const struct spt_figure *attention = spt_figure_find("attention");
    setup(&drawn, 4);
    drawn.options.head = 1;
    assert_int_equal(spt_plot_render(attention, &drawn.fixture.source, &drawn.options, "out", &error), SPT_INVALID);
    assert_string_equal(error.message, "head 1 of which layer? --layer names it");
    drawn.options.head = -1;
    drawn.options.steps = MISSING;
    drawn.options.step_count = 1;
    assert_int_equal(spt_plot_render(attention, &drawn.fixture.source, &drawn.options, "out", &error), SPT_INVALID);
    drawn.options.steps = NULL;
    drawn.made.n = 2048;
    assert_int_equal(spt_plot_render(attention, &drawn.fixture.source, &drawn.options, "out", &error), SPT_INVALID);
    assert_string_equal(error.message,
                        "3 matrices of 2048 x 2048 are more than a figure holds: --layer and --head name one");
    drawn.fixture.source.attention = NULL;
    assert_int_equal(spt_plot_render(attention, &drawn.fixture.source, &drawn.options, "out", &error), SPT_END);
    assert_int_equal(drawn.made.looks, 1);
    fixture_release(&drawn.fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_matrix_is_written_as_it_is_with_what_is_hidden_left_out, enter_folder,
                                        leave_folder),
        cmocka_unit_test_setup_teardown(what_keys_receive_stands_beside_uniform_attention_and_the_mark_of_references,
                                        enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(the_figure_names_run_step_layer_head_and_sample, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(references_have_a_panel_for_each_step_and_ask_for_no_matrix, enter_folder,
                                        leave_folder),
        cmocka_unit_test_setup_teardown(tokens_of_any_name_are_labels_and_nothing_more, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(samples_of_one_token_and_of_hundreds_windows_encoders_and_nan_are_drawn,
                                        enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(a_reader_is_told_of_attention_that_is_not_finite, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(what_cannot_be_drawn_is_refused_in_words, enter_folder, leave_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
