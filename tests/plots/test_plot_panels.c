/* Figures made of panels, and frames: their data and settings against values that a source of the test's own gives. */
#include "tests/plots/folder.h"

#include "plots/plot.h"

#include <math.h>

#define LAYERS 3
#define COUNT  3

static const struct spt_plot_checkpoint CHECKPOINTS[COUNT] = {
    {.step = 0, .label = "a"}, {.step = 10, .label = "b"}, {.step = 1000, .label = "c", .duplicate = true}};
static const struct spt_plot_options DEFAULTS = {.format = SPT_PLOT_SVG, .layer = -1};

/* Which metrics a source has: those whose name begins so. */
struct fake {
    const char *prefixes[4];
    struct spt_plot_source source;
};

static bool has(const struct fake *fake, const char *metric) {
    for (size_t i = 0; i < 4 && fake->prefixes[i]; i++)
        if (strncmp(metric, fake->prefixes[i], strlen(fake->prefixes[i])) == 0) return true;
    return false;
}

/* 2 + 10 thresholds + layer / 100 + checkpoint, with an interval of 0.25 below and 0.5 above; layer 1 has none at step
 * 10, and threshold 0.005 is defined nowhere. */
static enum spt_status series(void *context, const char *metric, int layer, int head, struct spt_plot_value **values,
                              struct spt_error *error) {
    (void)error;
    if (!has(context, metric) || head >= 0) return SPT_END;
    const char *at = strchr(metric, '@');
    *values = calloc(COUNT, sizeof **values);
    assert_non_null(*values);
    for (size_t i = 0; i < COUNT; i++) {
        double mean = 2 + (at ? 10 * atof(at + 1) : 0) + layer / 100.0 + (double)i;
        if ((layer == 1 && i == 1) || (at && strcmp(at, "@0.005") == 0)) mean = NAN;
        (*values)[i] = (struct spt_plot_value){mean, 0.2, mean - 0.25, mean + 0.5};
    }
    return SPT_OK;
}

/* Shares of frames: 0.5, 0.3 and 0.2 of the first three types, none at step 0 of layer 2. */
static enum spt_status shares(void *context, const char *metric, int layer, int head, struct spt_plot_value **values,
                              struct spt_error *error) {
    static const char *const NAMES[] = {"frame.none", "frame.centralized", "frame.distributed"};
    static const double SHARES[] = {0.5, 0.3, 0.2};
    (void)context;
    (void)error;
    for (size_t f = 0; f < 3; f++) {
        if (strcmp(metric, NAMES[f]) != 0 || head >= 0) continue;
        *values = calloc(COUNT, sizeof **values);
        assert_non_null(*values);
        for (size_t i = 0; i < COUNT; i++)
            (*values)[i] = (struct spt_plot_value){layer == 2 && i == 0 ? NAN : SHARES[f], NAN, NAN, NAN};
        return SPT_OK;
    }
    return SPT_END;
}

static enum spt_status null_of(void *context, const char *metric, int layer, double *mean, double *sd,
                               struct spt_error *error) {
    (void)context;
    (void)error;
    if (!strstr(metric, "@0.01") && strcmp(metric, "information.kl_uniform") != 0) return SPT_END;
    *mean = 5 + layer;
    *sd = 0.5;
    return SPT_OK;
}

static enum spt_status nothing(void *context, const char *metric, size_t i, int layer, int head,
                               struct spt_plot_point **points, size_t *n, struct spt_error *error) {
    (void)context, (void)metric, (void)i, (void)layer, (void)head, (void)points, (void)n, (void)error;
    return SPT_END;
}

static const char *text(void *context, const char *metric) {
    (void)context, (void)metric;
    return "";
}

static void fake_init(struct fake *fake, size_t layers) {
    *fake = (struct fake){0};
    fake->source = (struct spt_plot_source){
        .context = fake,
        .run = "a run",
        .layers = layers,
        .heads = 1,
        .samples = 4,
        .checkpoints = CHECKPOINTS,
        .count = COUNT,
        .series = series,
        .curve = nothing,
        .null = null_of,
        .unit = text,
        .definition = text,
    };
}

/* The figure's data and its script; both the caller's. */
static void draw(const char *name, const struct fake *fake, const struct spt_plot_options *options, char **data,
                 char **script) {
    struct spt_error error = {0};
    const enum spt_status status = spt_plot_render(spt_figure_find(name), &fake->source, options, "out", &error);
    if (status != SPT_OK) fail_msg("%s: %s %s", name, spt_status_name(status), error.message);
    char path[64];
    snprintf(path, sizeof path, "out/%s.dat", name);
    *data = slurp(path, NULL);
    snprintf(path, sizeof path, "out/%s.gp", name);
    *script = slurp(path, NULL);
}

static void assert_has(const char *whole, const char *part) {
    if (!strstr(whole, part)) fail_msg("there is no\n%s\nin\n%.6000s", part, whole);
}

static void assert_has_not(const char *whole, const char *part) {
    if (strstr(whole, part)) fail_msg("there is\n%s\nin\n%.6000s", part, whole);
}

/* Measured at step 10 alone. */
static enum spt_status series_at_ten(void *context, const char *metric, int layer, int head,
                                     struct spt_plot_value **values, struct spt_error *error) {
    const enum spt_status status = series(context, metric, layer, head, values, error);
    if (status == SPT_OK) (*values)[0].mean = (*values)[2].mean = NAN;
    return status;
}

static void steps_without_a_value_are_not_chosen(void **state) {
    (void)state;
    struct fake fake;
    char *data, *script;
    fake_init(&fake, LAYERS);
    fake.prefixes[0] = "graph.";
    fake.source.series = series_at_ten;
    draw("fiedler", &fake, &DEFAULTS, &data, &script);
    assert_has(script, "title_of[3] = 'λ₂ by layer, step 10'");
    assert_has(script, "keys = 1\nkey_title = 'step'\n");
    assert_has(script, "key_text[1] = '10'");
    assert_has_not(data, "step 1000 |");
    free(data);
    free(script);
}

/* The series of a layer behind the first cannot be read. */
static enum spt_status broken_series(void *context, const char *metric, int layer, int head,
                                     struct spt_plot_value **values, struct spt_error *error) {
    if (layer > 0) return spt_fail(error, SPT_IO, NULL, "layer %d cannot be read", layer);
    return series(context, metric, layer, head, values, error);
}

static void a_layer_that_cannot_be_read_is_an_error_and_nothing_is_freed_twice(void **state) {
    (void)state;
    struct spt_error error = {0};
    struct fake fake;
    fake_init(&fake, LAYERS);
    fake.prefixes[0] = "";
    fake.source.series = broken_series;
    for (size_t i = 0; i < SPT_FIGURE_COUNT; i++) {
        if (SPT_FIGURES[i].compares || strcmp(SPT_FIGURES[i].script, "emergence.gp") != 0) continue;
        assert_int_equal(spt_plot_render(&SPT_FIGURES[i], &fake.source, &DEFAULTS, "out", &error), SPT_IO);
        assert_string_equal(error.message, "layer 1 cannot be read");
    }
}

/* log10 of the thresholds, and 0 before the break by 22 % of what they span: -3 - 0.22 * 2. */
static void thresholds_stand_on_their_axis_with_the_values_of_the_model(void **state) {
    (void)state;
    struct fake fake;
    char *data, *script;
    fake_init(&fake, LAYERS);
    fake.prefixes[0] = "graph.fiedler@";
    draw("fiedler", &fake, &DEFAULTS, &data, &script);
    assert_has(data, "\n# graph.fiedler@, step 10 |\n# label x mean lo hi mark alone\n"
                     "0 -3.44 2.99 2.74 3.49 1 1\n\n0.001 -3 3 2.75 3.5 1 1\n0.005 -2.30103 NaN NaN NaN 1 1\n"
                     "0.01 -2 3.09 2.84 3.59 1 0\n0.02 -1.69897 3.19 2.94 3.69 1 0\n");
    /* The null of the model; other thresholds have none. */
    assert_has(data, "\n# graph.fiedler@, null |\n");
    assert_has(data, "\n-2 4 3 5\n");
    /* One column a threshold, at the last step. */
    assert_has(data, "\n# graph.fiedler@, map |\n# column layer value\n0 0 4\n1 0 4.01\n3 0 4.1\n4 0 4.2\n");
    assert_has(data, "\n6 2 5.02\n");
    /* The normalised one is not there: two panels only. */
    assert_has_not(data, "graph.fiedler_norm");
    assert_has(script, "panels = 2; across = 2; down = 1;");
    assert_has(script, "title_of[2] = 'λ₂ by layer, step 1k'");
    assert_has(script, "key_title = 'step'");
    free(data);
    free(script);
}

static void one_layer_may_take_the_models_place(void **state) {
    (void)state;
    struct fake fake;
    char *data, *script;
    struct spt_plot_options options = DEFAULTS;
    const int64_t steps[] = {1000};
    fake_init(&fake, LAYERS);
    fake.prefixes[0] = "graph.fiedler";
    options.layer = 2;
    options.steps = steps;
    options.step_count = 1;
    draw("fiedler", &fake, &options, &data, &script);
    assert_has(data, "\n# graph.fiedler@, step 1000 |\n# label x mean lo hi mark alone\n0 -3.44 4.02 3.77 4.52 1 1\n");
    assert_has_not(data, "step 10 |");
    assert_has(data, "\n-2 7 6 8\n");
    assert_has(script, "key_title = 'layer 2, step'");
    free(data);
    free(script);
    struct spt_error error = {0};
    options.layer = 3;
    assert_int_equal(spt_plot_render(spt_figure_find("fiedler"), &fake.source, &options, "out", &error), SPT_INVALID);
    assert_string_equal(error.message, "there is no layer 3: the run's layers are 0 to 2");
    options.layer = -1;
    options.steps = (const int64_t[]){11};
    assert_int_equal(spt_plot_render(spt_figure_find("kl"), &fake.source, &options, "out", &error), SPT_INVALID);
    assert_string_equal(error.message, "no analysed checkpoint has step 11 (3 checkpoints, steps 0 to 1000)");
}

/* The value of a setting, "y_min[1] = ". */
static double setting(const char *script, const char *name) {
    const char *at = strstr(script, name);
    if (!at) fail_msg("there is no %s", name);
    return strtod(at + strlen(name), NULL);
}

static void correlations_raw_and_adjusted_have_one_axis_with_0_on_it(void **state) {
    (void)state;
    struct fake fake;
    char *data, *script;
    fake_init(&fake, LAYERS);
    fake.prefixes[0] = "graph.fiedler_centralization";
    draw("centralization", &fake, &DEFAULTS, &data, &script);
    assert_true(setting(script, "y_min[1] = ") < 0);
    assert_true(setting(script, "y_min[1] = ") == setting(script, "y_min[2] = "));
    assert_true(setting(script, "y_max[1] = ") == setting(script, "y_max[2] = "));
    /* Maps turn their colours at 0. */
    assert_true(setting(script, "y_min[3] = ") == -setting(script, "y_max[3] = "));
    assert_has(script, "has_zero[1] = 1");
    assert_has(data, "\n# graph.fiedler_centralization_adjusted@, map |\n# column layer value\n0 0 4.01\n2 0 4.1\n");
    free(data);
    free(script);
}

static void pairs_show_a_metric_over_steps_and_over_layers(void **state) {
    (void)state;
    struct fake fake;
    char *data, *script;
    fake_init(&fake, LAYERS);
    fake.prefixes[0] = "information.kl_uniform";
    fake.prefixes[1] = "information.kl_reduction";
    draw("kl", &fake, &DEFAULTS, &data, &script);
    /* Step 0 stands before the break and ends its line; the duplicate is hollow. */
    assert_has(data, "\n# information.kl_uniform |\n# step x mean lo hi mark alone\n0 0.76 1.99 1.74 2.49 1 1\n\n"
                     "10 1 2.99 2.74 3.49 1 0\n1000 3 3.99 3.74 4.49 2 0\n");
    assert_has(data, "\n# information.kl_uniform, layers |\n# layer step x mean\n0 0 0.76 2\n\n0 10 1 3\n0 1000 3 4\n");
    /* Layer 1 has no value at step 10: its neighbours are alone. */
    assert_has(data, "\n# information.kl_uniform, step 10 |\n# label x mean lo hi mark alone\n0 0 3 2.75 3.5 1 1\n"
                     "1 1 NaN NaN NaN 1 1\n2 2 3.02 2.77 3.52 1 1\n");
    assert_has(data, "\n# information.kl_uniform, null |\n");
    assert_has(data, "\n# information.kl_uniform, by layer, null |\n# x mean lo hi\n-0.3 5 4 6\n0 5 4 6\n1 6 5 7\n");
    /* What is not there takes no place. */
    assert_has(script, "panels = 4; across = 2; down = 2; paired = 1");
    assert_has(script, "metric[3] = 'information.kl_reduction'; over[3] = 'steps'");
    assert_has(script, "metric[4] = 'information.kl_reduction'; over[4] = 'layers'");
    assert_true(setting(script, "y_min[1] = ") == setting(script, "y_min[2] = "));
    assert_true(setting(script, "y_min[3] = ") == setting(script, "y_min[4] = "));
    free(data);
    free(script);
}

static void one_layer_has_no_panels_through_the_layers(void **state) {
    (void)state;
    struct fake fake;
    char *data, *script;
    fake_init(&fake, 1);
    fake.prefixes[0] = "information.kl_uniform";
    fake.prefixes[1] = "topology.";
    draw("kl", &fake, &DEFAULTS, &data, &script);
    assert_has(script, "panels = 1; across = 1; down = 1; paired = 0");
    assert_has_not(script, "\nkeys = ");
    assert_has_not(data, "step 10 |");
    assert_int_equal(spt_plot_render(spt_figure_find("betti_layers"), &fake.source, &DEFAULTS, "out", NULL), SPT_END);
    free(data);
    free(script);
    /* Titles of pairs are as wide as both: alone, each panel has all of the width. */
    fake.prefixes[0] = "information.";
    draw("kl", &fake, &DEFAULTS, &data, &script);
    assert_has(script, "panels = 3; across = 1; down = 3; paired = 0");
    free(data);
    free(script);
}

/* 2 ... 5 with their intervals: 1.7 to 4.5 is half a decade, named 2 and 5 at log10. */
static void ratios_stand_on_a_logarithmic_axis(void **state) {
    (void)state;
    struct fake fake;
    char *data, *script;
    fake_init(&fake, LAYERS);
    fake.prefixes[0] = "hidden.";
    draw("massive", &fake, &DEFAULTS, &data, &script);
    assert_has(script, "scale_of[1] = 'ratio'");
    assert_true(fabs(setting(script, "y_min[1] = ") - (log10(1.74) - 0.06 * log10(4.52 / 1.74))) < 1e-8);
    assert_true(fabs(setting(script, "y_max[1] = ") - (log10(4.52) + 0.06 * log10(4.52 / 1.74))) < 1e-8);
    assert_has(script, "y_tics[1] = \"('2' 0.301029996, '3' 0.477121255, '4' 0.602059991)\"");
    assert_has(script, "y_marks[1] = \"('' 0.301029996, '' 0.477121255, '' 0.602059991)\"");
    free(data);
    free(script);
}

static enum spt_status nearly_nothing(void *context, const char *metric, int layer, int head,
                                      struct spt_plot_value **values, struct spt_error *error) {
    (void)context, (void)layer, (void)error;
    if (strncmp(metric, "hidden.", 7) != 0 || head >= 0) return SPT_END;
    *values = calloc(COUNT, sizeof **values);
    assert_non_null(*values);
    for (size_t i = 0; i < COUNT; i++) (*values)[i] = (struct spt_plot_value){i % 2 ? 0 : 1e-322, NAN, NAN, NAN};
    return SPT_OK;
}

static void ratios_next_to_nothing_have_an_axis(void **state) {
    (void)state;
    struct fake fake;
    char *data, *script;
    fake_init(&fake, LAYERS);
    fake.prefixes[0] = "hidden.";
    fake.source.series = nearly_nothing;
    draw("massive", &fake, &DEFAULTS, &data, &script);
    assert_true(isfinite(setting(script, "y_min[1] = ")));
    assert_true(setting(script, "y_max[1] = ") > setting(script, "y_min[1] = "));
    free(data);
    free(script);
}

/* log10(1 + 2), log10(1 + 3) ...: 0, 1 and 10 lie beyond this axis, which has names all the same. */
static void counts_that_span_no_decade_are_named_too(void **state) {
    (void)state;
    struct fake fake;
    char *data, *script;
    fake_init(&fake, LAYERS);
    fake.prefixes[0] = "rmt.hidden.spikes";
    draw("hidden", &fake, &DEFAULTS, &data, &script);
    assert_has(script, "scale_of[1] = 'count'");
    assert_has(script, "y_tics[1] = \"('2' 0.477121255, '3' 0.602059991, '4' 0.698970004)\"");
    free(data);
    free(script);
}

static void what_stands_aside_makes_no_figure(void **state) {
    (void)state;
    struct fake fake;
    char *data, *script;
    fake_init(&fake, LAYERS);
    fake.prefixes[0] = "sink.reference_mass";
    assert_int_equal(spt_plot_render(spt_figure_find("ablation"), &fake.source, &DEFAULTS, "out", NULL), SPT_END);
    fake.prefixes[1] = "ablate.kl";
    draw("ablation", &fake, &DEFAULTS, &data, &script);
    assert_has(script, "metric[1] = 'ablate.kl'");
    assert_has(script, "metric[2] = 'sink.reference_mass'");
    free(data);
    free(script);
}

static void matrices_are_small_multiples_on_one_axis(void **state) {
    (void)state;
    struct fake fake;
    char *data, *script;
    fake_init(&fake, LAYERS);
    fake.prefixes[0] = "rmt.weight.query";
    fake.prefixes[1] = "rmt.weight.mlp_up";
    fake.prefixes[2] = "rmt.weight.mlp_down";
    draw("weights", &fake, &DEFAULTS, &data, &script);
    assert_has(script, "panels = 3; across = 2; down = 2; paired = 0; like = 1");
    for (size_t p = 2; p <= 3; p++) {
        char name[32];
        snprintf(name, sizeof name, "y_max[%zu] = ", p);
        assert_true(setting(script, "y_max[1] = ") == setting(script, name));
    }
    free(data);
    free(script);
}

/* The same weights are asked about other tokens: a line of the control would be the run's own. */
static void weights_have_no_control(void **state) {
    (void)state;
    struct fake fake, control;
    char *data, *script;
    fake_init(&fake, LAYERS);
    fake_init(&control, LAYERS);
    fake.prefixes[0] = control.prefixes[0] = "rmt.weight.query";
    fake.source.control = &control.source;
    draw("weights", &fake, &DEFAULTS, &data, &script);
    assert_has(script, "control_key = 0;");
    assert_has(data, "\n# rmt.weight.query.alpha, control |\n# x mean mark\nNaN NaN");
    free(data);
    free(script);
}

/* Bars meet half way between checkpoints: 1 and 3 on the axis. The bar of step 0 ends before the break. */
static void frames_are_stacked_to_their_sum(void **state) {
    (void)state;
    struct fake fake;
    char *data, *script;
    fake_init(&fake, LAYERS);
    fake.source.series = shares;
    draw("frames", &fake, &DEFAULTS, &data, &script);
    assert_has(data, "\n# model |\n# step x left right none centralized distributed bidirectional\n"
                     "0 0.76 0.7 0.832 0.5 0.8 1 1\n10 1 0.928 2 0.5 0.8 1 1\n1000 3 2 3.06 0.5 0.8 1 1\n");
    assert_has(data, "\n# layers, step 0 |\n# layer none centralized distributed bidirectional\n0 0.5 0.8 1 1\n"
                     "1 0.5 0.8 1 1\n\n\n# layers, step 10 |\n");
    /* A type that no head has is not in the key; the duplicate is marked. */
    assert_has(script, "keys = 3\n");
    assert_has(script, "\ntwins = '3'\n");
    free(data);
    free(script);
    fake.source.series = series;
    assert_int_equal(spt_plot_render(spt_figure_find("frames"), &fake.source, &DEFAULTS, "out", NULL), SPT_END);
}

/* The control run has two of three steps; what it has at the last of them is not drawn at another. */
static void a_control_is_drawn_where_it_has_the_step(void **state) {
    (void)state;
    struct fake fake, control;
    char *data, *script;
    fake_init(&fake, LAYERS);
    fake_init(&control, LAYERS);
    fake.prefixes[0] = control.prefixes[0] = "graph.fiedler@";
    control.source.count = 2;
    fake.source.control = &control.source;
    draw("fiedler", &fake, &DEFAULTS, &data, &script);
    assert_has(data, "\n# graph.fiedler@, control |\n# x mean mark\nNaN NaN");
    assert_has(script, "control_key = 0;");
    free(data);
    free(script);
    struct spt_plot_options options = DEFAULTS;
    options.steps = (const int64_t[]){0, 10};
    options.step_count = 2;
    draw("fiedler", &fake, &options, &data, &script);
    assert_has(data, "\n# graph.fiedler@, control |\n# x mean mark\n-3.44 2.99 1\n\n-3 3 1\n-2 3.09 1\n");
    assert_has(script, "control_key = 1;");
    free(data);
    free(script);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_layer_that_cannot_be_read_is_an_error_and_nothing_is_freed_twice,
                                        enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(thresholds_stand_on_their_axis_with_the_values_of_the_model, enter_folder,
                                        leave_folder),
        cmocka_unit_test_setup_teardown(one_layer_may_take_the_models_place, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(correlations_raw_and_adjusted_have_one_axis_with_0_on_it, enter_folder,
                                        leave_folder),
        cmocka_unit_test_setup_teardown(pairs_show_a_metric_over_steps_and_over_layers, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(one_layer_has_no_panels_through_the_layers, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(ratios_next_to_nothing_have_an_axis, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(ratios_stand_on_a_logarithmic_axis, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(counts_that_span_no_decade_are_named_too, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(what_stands_aside_makes_no_figure, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(matrices_are_small_multiples_on_one_axis, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(steps_without_a_value_are_not_chosen, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(weights_have_no_control, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(frames_are_stacked_to_their_sum, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(a_control_is_drawn_where_it_has_the_step, enter_folder, leave_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
