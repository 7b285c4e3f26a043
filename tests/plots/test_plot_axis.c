/* The axis of steps, the choice of steps, and text as gnuplot reads it. */
#include "tests/plots/folder.h"

#include "plots/figures/series.h"
#include "tests/plots/fixture.h"

#include <math.h>

/* The settings of the axis of these steps. Released by the caller. */
static struct spt_text axis_of(const int64_t *steps, size_t count, size_t room, struct spt_axis *axis) {
    struct fixture fixture;
    struct spt_text text = {0};
    fixture_init(&fixture, 1, 1, steps, count);
    spt_axis_init(axis, &fixture.source);
    spt_axis_put(axis, room, &text);
    fixture_release(&fixture);
    assert_false(text.failed);
    return text;
}

static void step_zero_stands_before_a_break(void **state) {
    (void)state;
    const int64_t steps[] = {0, 1, 10, 100, 1000};
    struct spt_axis axis;
    struct spt_text text = axis_of(steps, 5, 7, &axis);
    assert_true(spt_axis_place(&axis, 0) < spt_axis_place(&axis, 1));
    assert_true(axis.min < spt_axis_place(&axis, 0));
    assert_true(spt_axis_place(&axis, 1) == 0 && spt_axis_place(&axis, 1000) == 3);
    assert_non_null(strstr(text.data, "step_tics = \"('0' -0.36 0, '1' 0 0, "));
    assert_non_null(strstr(text.data, "'10' 1 0, "));
    assert_non_null(strstr(text.data, "'1k' 3 0)"));
    assert_non_null(strstr(text.data, "break_at = -0.18\n"));
    assert_null(strstr(text.data, "break_half = 0\n"));
    spt_text_release(&text);
}

static void without_step_zero_the_axis_is_whole(void **state) {
    (void)state;
    const int64_t steps[] = {500, 1000, 2000, 4000};
    struct spt_axis axis;
    struct spt_text text = axis_of(steps, 4, 7, &axis);
    assert_true(isnan(spt_axis_place(&axis, 0)));
    assert_non_null(strstr(text.data, "break_half = 0\n"));
    assert_non_null(strstr(text.data, "'500' "));
    assert_non_null(strstr(text.data, "'2k' "));
    spt_text_release(&text);
}

static void a_negative_step_has_no_place(void **state) {
    (void)state;
    const int64_t steps[] = {0, 8};
    struct spt_axis axis;
    struct spt_text text = axis_of(steps, 2, 7, &axis);
    assert_true(isnan(spt_axis_place(&axis, -1)));
    spt_text_release(&text);
}

static void one_step_stands_in_the_middle(void **state) {
    (void)state;
    const int64_t cases[] = {0, 5000};
    for (size_t i = 0; i < 2; i++) {
        struct spt_axis axis;
        struct spt_text text = axis_of(&cases[i], 1, 7, &axis);
        double place = spt_axis_place(&axis, (double)cases[i]);
        assert_true(fabs(place - 0.5 * (axis.min + axis.max)) < 1e-12);
        assert_true(axis.max > axis.min);
        assert_non_null(strstr(text.data, i ? "('5k' " : "('0' "));
        spt_text_release(&text);
    }
}

/* Any run's tics: at least two names, in ascending order, inside the axis. */
static void tics_of_any_run_are_few_and_inside(void **state) {
    (void)state;
    const int64_t runs[][2] = {{1, 2},           {1, 143000}, {999, 1001},  {100000, 101500}, {3, 7},
                               {1, 10000000000}, {50, 60},    {1000, 9000}, {7, 1000000},     {123456, 123457}};
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
        for (size_t room = 3; room <= 9; room++) {
            struct spt_axis axis;
            struct spt_text text = axis_of(runs[i], 2, room, &axis);
            const char *tics = strstr(text.data, "step_tics"), *end = strchr(tics, '\n');
            size_t names = 0;
            double before = -INFINITY;
            for (const char *quote = strchr(tics, '\''); quote && quote < end; quote = strchr(quote, '\'')) {
                const char *close = strchr(quote + 1, '\'');
                names += close > quote + 1;
                double place = strtod(close + 1, NULL);
                assert_true(place >= before && place >= axis.min && place <= axis.max);
                before = place;
                quote = close + 1;
            }
            if (names < 2 || names > room) fail_msg("run %zu, room %zu: %zu names: %s", i, room, names, text.data);
            spt_text_release(&text);
        }
    }
}

/* A name of a folder is a step up to 2^63 - 1. How many names there are is no matter where doubles do not tell such steps apart. */
static void steps_as_large_as_there_are_have_an_axis(void **state) {
    (void)state;
    const int64_t runs[][2] = {{5000000000000000000, INT64_MAX},
                               {5000000000000000000, 9200000000000000000},
                               {1, INT64_MAX},
                               {INT64_MAX - 1, INT64_MAX},
                               {2, 9000000000000000000}};
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++)
        for (size_t room = 3; room <= 9; room++) {
            struct spt_axis axis;
            struct spt_text text = axis_of(runs[i], 2, room, &axis);
            assert_null(strstr(text.data, "nan"));
            assert_null(strstr(text.data, "inf"));
            assert_null(strchr(text.data, '-') ? strstr(text.data, "'-") : NULL);
            assert_true(text.length < 10000);
            assert_true(strstr(text.data, "step_tics = \"('") != NULL);
            spt_text_release(&text);
        }
}

/* Steps 0, 128 and 8000 in 1.25 inches: log10(1000) - log10(500) is a seventh of that, 0.18 inches, and a digit
 * of 7.5 points is 0.066 inches wide. */
static void names_of_neighbouring_tics_do_not_touch(void **state) {
    (void)state;
    const int64_t steps[] = {0, 128, 8000};
    struct spt_axis axis;
    struct spt_text text = axis_of(steps, 3, 6, &axis);
    const double inch = 1.25 / (axis.max - axis.min);
    double end = -INFINITY;
    char *line = strstr(text.data, "step_tics = ");
    assert_non_null(line);
    *strchr(line, '\n') = '\0';
    for (char *quote = strchr(line, '\''); quote; quote = strchr(quote, '\'')) {
        const char *close = strchr(quote + 1, '\'');
        const double place = strtod(close + 1, NULL) * inch, half = 0.033 * (double)(close - quote - 1);
        if (half > 0 && place - half < end + 0.02) fail_msg("%s", line);
        if (half > 0) end = place + half;
        quote = (char *)close + 1;
    }
    assert_true(end > 0);
    spt_text_release(&text);
}

static void steps_that_are_drawn_side_by_side_are_told_apart(void **state) {
    (void)state;
    for (size_t n = 2; n < 8; n++)
        for (size_t j = 0; j + 1 < n; j++)
            assert_true(spt_steps_shade(j + 1, n) - spt_steps_shade(j, n) > 0.99 / (double)(n - 1));
    assert_true(spt_steps_shade(0, 3) == 0 && spt_steps_shade(2, 3) == 1);
}

static void steps_are_named_exactly(void **state) {
    (void)state;
    static const struct {
        int64_t step;
        const char *name;
    } CASES[] = {{0, "0"},
                 {512, "512"},
                 {1000, "1k"},
                 {1500, "1500"},
                 {143000, "143k"},
                 {1000000, "1M"},
                 {1500000, "1.5M"},
                 {1234567, "1234567"},
                 {123456700000, "123456.7M"},
                 {300000000000, "300B"},
                 {1234567800, "1234567800"}};
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct spt_text text = {0};
        spt_step_put(&text, CASES[i].step);
        assert_string_equal(text.data, CASES[i].name);
        spt_text_release(&text);
    }
}

static struct spt_drawing drawing_of(struct fixture *fixture, struct spt_plot_options *options,
                                     struct spt_error *error) {
    struct spt_drawing drawing = {&fixture->source, options, {0}, NULL, NULL, error};
    spt_axis_init(&drawing.axis, &fixture->source);
    return drawing;
}

static void chosen_steps_span_the_run_and_leave_duplicates_out(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_init_pythia(&fixture, 1, 1);
    struct spt_plot_options options = {0};
    struct spt_error error = {0};
    for (size_t i = 5; i < 150; i += 5) fixture.checkpoints[i].duplicate = true;
    struct spt_drawing drawing = drawing_of(&fixture, &options, &error);
    for (size_t most = 1; most < 9; most++) {
        size_t *index = NULL, n = 0;
        assert_int_equal(spt_steps_choose(&drawing, NULL, most, &index, &n), SPT_OK);
        assert_int_equal(n, most);
        assert_int_equal(index[n - 1], 153);
        if (most > 1) assert_int_equal(index[0], 0);
        for (size_t j = 0; j < n; j++) {
            assert_false(fixture.checkpoints[index[j]].duplicate);
            if (j) assert_true(index[j] > index[j - 1]);
        }
        free(index);
    }
    fixture_release(&fixture);
}

static void steps_asked_for_are_taken_or_refused(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_init_pythia(&fixture, 1, 1);
    int64_t wanted[] = {143000, 0, 64};
    struct spt_plot_options options = {.steps = wanted, .step_count = 3};
    struct spt_error error = {0};
    struct spt_drawing drawing = drawing_of(&fixture, &options, &error);
    size_t *index = NULL, n = 0;
    assert_int_equal(spt_steps_choose(&drawing, NULL, 2, &index, &n), SPT_OK);
    assert_int_equal(n, 3);
    assert_int_equal(index[0], 0);
    assert_int_equal(index[1], 7);
    assert_int_equal(index[2], 153);
    free(index);
    wanted[1] = 65;
    assert_int_equal(spt_steps_choose(&drawing, NULL, 2, &index, &n), SPT_INVALID);
    assert_string_equal(error.message, "no analysed checkpoint has step 65 (154 checkpoints, steps 0 to 143000)");
    fixture_release(&fixture);
}

static void quoted_text_holds_nothing_that_gnuplot_reads(void **state) {
    (void)state;
    struct spt_text text = {0};
    spt_quoted_put(&text, "a'b\"c\n\x01`touch x`\xff\\");
    assert_string_equal(text.data, "'a''b\"c  `touch x`\xEF\xBF\xBD\\'");
    spt_text_clear(&text);
    spt_quoted_put(&text, "a\u202eb\u2066\u05d0");
    assert_string_equal(text.data, "'a b \u05d0'");
    spt_text_release(&text);
}

static void tics_of_a_range_are_round(void **state) {
    (void)state;
    const double cases[][3] = {{0, 1, 0.2}, {-0.036, 0.636, 0.2}, {4, 7.3, 1}, {0, 550, 100}, {0.1100, 0.1104, 0.0001}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double step = spt_range_step((struct spt_range){cases[i][0], cases[i][1]}, 6);
        assert_true(fabs(step / cases[i][2] - 1) < 1e-12);
    }
}

static void a_range_of_one_value_can_be_drawn(void **state) {
    (void)state;
    const double values[] = {0, 1, -3, 1e-12, 1e9};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        struct spt_range range = SPT_RANGE_EMPTY;
        spt_range_include(&range, values[i]);
        spt_range_include(&range, NAN);
        range = spt_range_padded(range);
        assert_true(range.lo < values[i] && values[i] < range.hi);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(step_zero_stands_before_a_break),
        cmocka_unit_test(without_step_zero_the_axis_is_whole),
        cmocka_unit_test(a_negative_step_has_no_place),
        cmocka_unit_test(one_step_stands_in_the_middle),
        cmocka_unit_test(tics_of_any_run_are_few_and_inside),
        cmocka_unit_test(steps_as_large_as_there_are_have_an_axis),
        cmocka_unit_test(names_of_neighbouring_tics_do_not_touch),
        cmocka_unit_test(steps_that_are_drawn_side_by_side_are_told_apart),
        cmocka_unit_test(steps_are_named_exactly),
        cmocka_unit_test(chosen_steps_span_the_run_and_leave_duplicates_out),
        cmocka_unit_test(steps_asked_for_are_taken_or_refused),
        cmocka_unit_test(quoted_text_holds_nothing_that_gnuplot_reads),
        cmocka_unit_test(tics_of_a_range_are_round),
        cmocka_unit_test(a_range_of_one_value_can_be_drawn),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
