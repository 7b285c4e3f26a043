/* The figures of several runs: which there are, by what axis, in what order and colour. */
#include "tests/plots/folder.h"

#include "plots/plot.h"
#include "tests/plots/fixture.h"

#include <math.h>

enum { RUNS = 3, COUNT = 12 };
static const int64_t STEPS[COUNT] = {0, 1, 2, 4, 8, 64, 256, 1000, 4000, 16000, 64000, 143000};
static const struct spt_plot_options DEFAULTS = {.format = SPT_PLOT_SVG, .layer = -1, .head = -1};

struct several {
    struct fixture fixtures[RUNS];
    struct spt_plot_source others[RUNS - 1];
    struct spt_plot_source *first;
};

/* The loss turns at step 100 in every run, the sink at a tenth of the number of parameters, without an interval; nothing
 * else does. */
static enum spt_status midpoint(void *context, const char *metric, struct spt_plot_value *step,
                                struct spt_error *error) {
    (void)error;
    const struct fixture *fixture = context;
    if (strcmp(metric, "loss") == 0) return *step = (struct spt_plot_value){100, NAN, 90, 120}, SPT_OK;
    if (strcmp(metric, "sink.first_excess") != 0) return SPT_END;
    return *step = (struct spt_plot_value){fixture->source.parameters / 10, NAN, NAN, NAN}, SPT_OK;
}

static void several_init(struct several *s) {
    static const char *const NAMES[RUNS] = {"medium", "it's 'small' \\", "large"};
    static const double PARAMETERS[RUNS] = {20000, 5000, 1.2e6};
    for (size_t i = 0; i < RUNS; i++) {
        fixture_init(&s->fixtures[i], 2, 2, STEPS, COUNT);
        s->fixtures[i].source.run = NAMES[i];
        s->fixtures[i].source.parameters = PARAMETERS[i];
        s->fixtures[i].source.midpoint = midpoint;
        for (size_t c = 0; c < COUNT; c++) s->fixtures[i].checkpoints[c].tokens = STEPS[c] * 1000000 * (int64_t)(i + 1);
        if (i) s->others[i - 1] = s->fixtures[i].source;
    }
    s->first = &s->fixtures[0].source;
    s->first->others = s->others;
    s->first->other_count = RUNS - 1;
}

static void several_release(struct several *s) {
    for (size_t i = 0; i < RUNS; i++) fixture_release(&s->fixtures[i]);
}

static enum spt_status draw(const char *figure, struct several *s, const struct spt_plot_options *options) {
    struct spt_error error = {0};
    const enum spt_status status = spt_plot_render(spt_figure_find(figure), s->first, options, "out", &error);
    if (status != SPT_OK && status != SPT_END) fail_msg("%s: %s", figure, error.message);
    return status;
}

static void every_format_is_drawn(void **state) {
    (void)state;
    static const char *const FIGURES[] = {"runs", "sizes"};
    struct several s;
    several_init(&s);
    for (size_t f = 0; f < 2; f++)
        for (int format = 0; format < SPT_PLOT_TERM; format++)
            for (int axis = SPT_PLOT_STEPS; axis <= SPT_PLOT_TOKENS; axis++) {
                struct spt_plot_options options = DEFAULTS;
                options.format = (enum spt_plot_format)format;
                options.axis = (enum spt_plot_axis)axis;
                assert_int_equal(draw(FIGURES[f], &s, &options), SPT_OK);
                char path[64];
                size_t size;
                snprintf(path, sizeof path, "out/%s.%s", FIGURES[f], spt_plot_format_name(options.format));
                free(slurp(path, &size));
                assert_true(size > 1000);
            }
    several_release(&s);
}

static void runs_stand_by_size_under_their_names(void **state) {
    (void)state;
    struct several s;
    several_init(&s);
    assert_int_equal(draw("runs", &s, &DEFAULTS), SPT_OK);
    char *script = slurp("out/runs.gp", NULL), *svg = slurp("out/runs.svg", NULL), *data = slurp("out/runs.dat", NULL);
    assert_non_null(strstr(script, "run_shade[1] = 0.0000; run_name[1] = 'it''s ''small'' \\'"));
    assert_non_null(strstr(script, "run_shade[2] = 0.5000; run_name[2] = 'medium'"));
    assert_non_null(strstr(script, "run_shade[3] = 1.0000; run_name[3] = 'large'"));
    assert_non_null(strstr(svg, "small"));
    assert_non_null(strstr(svg, "training step"));
    assert_non_null(strstr(data, "# loss, run 3 |"));
    free(script);
    free(svg);
    free(data);
    several_release(&s);
}

static void seeds_of_one_size_have_a_shade_each(void **state) {
    (void)state;
    struct several s;
    several_init(&s);
    for (size_t i = 0; i < RUNS - 1; i++) s.others[i].parameters = s.first->parameters;
    assert_int_equal(draw("runs", &s, &DEFAULTS), SPT_OK);
    char *script = slurp("out/runs.gp", NULL);
    assert_non_null(strstr(script, "run_shade[1] = 0.0000;"));
    assert_non_null(strstr(script, "run_shade[2] = 0.5000;"));
    free(script);
    assert_int_equal(draw("sizes", &s, &DEFAULTS), SPT_END);
    several_release(&s);
}

/* 1000 steps of 2 million tokens. */
static void tokens_take_the_place_of_steps(void **state) {
    (void)state;
    struct several s;
    struct spt_plot_options options = DEFAULTS;
    several_init(&s);
    options.axis = SPT_PLOT_TOKENS;
    s.fixtures[0].checkpoints[5].tokens = 0; /* its name says none: no place on this axis */
    assert_int_equal(draw("runs", &s, &options), SPT_OK);
    char *svg = slurp("out/runs.svg", NULL), *data = slurp("out/runs.dat", NULL);
    assert_non_null(strstr(svg, "tokens seen"));
    const char *small = strstr(data, "# loss, run 1 |"), *medium = strstr(data, "# loss, run 2 |");
    assert_non_null(strstr(small, "\n2000000000 9.30103 "));
    assert_non_null(strstr(medium, "\n-1 NaN "));
    free(svg);
    free(data);
    several_release(&s);
}

/* The largest has a control, of two of its checkpoints: step 1000, 3000 million tokens, is the first. */
static void a_runs_control_is_drawn_beside_it_on_either_axis(void **state) {
    (void)state;
    struct several s;
    struct spt_plot_options options = DEFAULTS;
    several_init(&s);
    assert_int_equal(draw("runs", &s, &options), SPT_OK);
    char *script = slurp("out/runs.gp", NULL);
    assert_non_null(strstr(script, "control_key = 0;"));
    free(script);
    struct fixture other;
    fixture_init(&other, 2, 2, (const int64_t[]){1000, 143000}, 2);
    for (size_t i = 0; i < 2; i++) other.checkpoints[i].tokens = 3000000 * other.checkpoints[i].step;
    s.others[1].control = &other.source;
    static const char *const PLACES[] = {"\n3 ", "\n9.47712125 "}; /* log10 */
    for (int axis = SPT_PLOT_STEPS; axis <= SPT_PLOT_TOKENS; axis++) {
        options.axis = (enum spt_plot_axis)axis;
        assert_int_equal(draw("runs", &s, &options), SPT_OK);
        char *data = slurp("out/runs.dat", NULL);
        script = slurp("out/runs.gp", NULL);
        assert_non_null(strstr(script, "control_key = 1;"));
        const char *without = strstr(data, "# loss, run 2, control |\n# x mean mark\n"),
                   *with = strstr(data, "# loss, run 3, control |\n# x mean mark\n");
        assert_non_null(without);
        assert_non_null(with);
        assert_memory_equal(strstr(without, "mark\n") + 5, "NaN NaN", 7);
        assert_memory_equal(strstr(with, "mark\n") + 4, PLACES[axis], strlen(PLACES[axis]));
        free(data);
        free(script);
    }
    fixture_release(&other);
    several_release(&s);
}

static enum spt_status loss_alone(void *context, const char *metric, int layer, int head,
                                  struct spt_plot_value **values, struct spt_error *error) {
    (void)context, (void)layer, (void)head, (void)error;
    if (strcmp(metric, "loss") != 0) return SPT_END;
    *values = calloc(COUNT, sizeof **values);
    assert_non_null(*values);
    return SPT_OK;
}

/* Random attention of a metric that no run has is in no panel: the key does not name it. */
static void a_null_without_a_panel_is_not_in_the_key(void **state) {
    (void)state;
    struct several s;
    several_init(&s);
    s.first->series = s.others[0].series = s.others[1].series = loss_alone;
    assert_int_equal(draw("runs", &s, &DEFAULTS), SPT_OK);
    char *script = slurp("out/runs.gp", NULL);
    assert_non_null(strstr(script, "metric[1] = 'loss'"));
    assert_non_null(strstr(script, "panels = 1\n"));
    assert_null(strstr(script, "null_key = 1;"));
    free(script);
    several_release(&s);
}

static void midpoints_stand_over_the_sizes(void **state) {
    (void)state;
    struct several s;
    several_init(&s);
    assert_int_equal(draw("sizes", &s, &DEFAULTS), SPT_OK);
    char *data = slurp("out/sizes.dat", NULL), *script = slurp("out/sizes.gp", NULL),
         *svg = slurp("out/sizes.svg", NULL);
    const char *loss = strstr(data, "# loss |"), *sink = strstr(data, "# sink.first_excess |");
    assert_non_null(loss);
    assert_non_null(strstr(loss, "\n3.69897 2 1.95424251 2.07918125\n4.30103 2 "));
    assert_non_null(
        strstr(sink, "\n3.69897 2.69897 NaN NaN\n4.30103 3.30103 NaN NaN\n6.07918125 5.07918125 NaN NaN\n"));
    assert_non_null(strstr(script, "lines = 2\n"));
    assert_non_null(strstr(svg, ">1.2M<"));
    free(data);
    free(script);
    free(svg);
    several_release(&s);
}

static void one_run_alone_is_no_comparison(void **state) {
    (void)state;
    struct several s;
    several_init(&s);
    s.first->other_count = 0;
    assert_int_equal(draw("runs", &s, &DEFAULTS), SPT_END);
    assert_int_equal(draw("sizes", &s, &DEFAULTS), SPT_END);
    several_release(&s);
}

static void a_run_without_a_metric_leaves_its_place_empty(void **state) {
    (void)state;
    struct several s;
    several_init(&s);
    s.fixtures[1].only = "loss";
    assert_int_equal(draw("runs", &s, &DEFAULTS), SPT_OK);
    s.fixtures[0].only = s.fixtures[2].only = s.fixtures[1].only = "no such";
    assert_int_equal(draw("runs", &s, &DEFAULTS), SPT_END);
    several_release(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_format_is_drawn, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(runs_stand_by_size_under_their_names, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(seeds_of_one_size_have_a_shade_each, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(tokens_take_the_place_of_steps, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(a_runs_control_is_drawn_beside_it_on_either_axis, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(a_null_without_a_panel_is_not_in_the_key, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(midpoints_stand_over_the_sizes, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(one_run_alone_is_no_comparison, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(a_run_without_a_metric_leaves_its_place_empty, enter_folder, leave_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
