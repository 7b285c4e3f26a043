/* Spectra of weights and residual streams against NumPy's singular values and SciPy's quadrature (tests/data/spectra.*,
 * made by tests/peer/make_spectra_fixture.py): queries, keys and values fused in each way and apart, grouped, MLPs with
 * a gate and without, fewer tokens than the stream is wide and more. On the same numbers to 1e-9; of residual streams of
 * whole passes to what float32 leaves of them. */
#include "analysis/analyze.h"
#include "analysis/spectra/spectra.h"
#include "checkpoints/base/json.h"
#include "checkpoints/checkpoint.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SAME 1e-9 /* relative, on the same numbers */
#define PASS 2e-4 /* of what a pass computes in float32: its distance from the law moves with each eigenvalue */

enum { MOST_SAMPLES = 8, MOST_IDS = 256 };

static struct spt_json_document *expected;

static int open_fixture(void **state) {
    struct spt_error error;
    (void)state;
    return spt_json_read_file(SPT_TEST_DATA "/spectra.json", 1 << 24, false, &expected, &error) == SPT_OK ? 0 : -1;
}

static int close_fixture(void **state) {
    (void)state;
    spt_json_free(expected);
    return 0;
}

static const struct spt_json *cases(void) {
    return spt_json_get(spt_json_root(expected), "cases");
}

/* --- whole passes --- */

struct pass {
    const struct spt_json *model, *hidden; /* of the case, of the probe */
    size_t samples, layers, compared;
    double sum; /* of the layers of the metric at hand */
};

static const struct spt_json *expectation(const struct pass *pass, const struct spt_measure *measure) {
    char part[32];
    const char *name = measure->metric->name;
    const size_t layer = (size_t)measure->layer;
    if (strncmp(name, "rmt.hidden.", 11) == 0) return spt_json_get(spt_json_at(pass->hidden, layer), name + 11);
    const char *last = strrchr(name, '.');
    snprintf(part, sizeof part, "%.*s", (int)(last - name - 11), name + 11);
    const struct spt_json *weights = spt_json_at(spt_json_get(pass->model, "weights"), layer);
    return spt_json_get(spt_json_get(weights, part), last + 1);
}

static enum spt_status see(void *context, const struct spt_measure *measure, struct spt_error *error) {
    struct pass *pass = context;
    const char *name = measure->metric->name;
    const bool hidden = measure->metric->matrix == SPT_MATRIX_HIDDEN;
    (void)error;
    assert_true(measure->metric->level == SPT_LEVEL_SPECTRUM && measure->head == SPT_WHOLE_LAYER);
    assert_true(isnan(measure->sd) && isnan(measure->lo) && isnan(measure->hi));
    assert_int_equal(measure->n, hidden ? pass->samples : 1);
    assert_int_equal(measure->bad, 0);
    if (measure->layer == SPT_WHOLE_MODEL) {
        assert_true(fabs(measure->mean - pass->sum / (double)pass->layers) <= 1e-15 * fabs(measure->mean));
        pass->sum = 0;
        return SPT_OK;
    }
    pass->sum += measure->mean;
    if (hidden && !spt_json_count(pass->hidden)) return SPT_OK; /* weights alone */
    const double theirs = spt_json_number(expectation(pass, measure), NAN);
    const double tolerance = (hidden ? PASS : SAME) * fmax(1, fabs(theirs));
    if (!(fabs(measure->mean - theirs) <= tolerance))
        fail_msg("%s, layer %d: %s is %.17g, NumPy says %.17g",
                 spt_json_string(spt_json_get(pass->model, "name"), NULL), measure->layer, name, measure->mean, theirs);
    pass->compared++;
    return SPT_OK;
}

static struct spt_probe probe_of(const struct spt_json *probe, int32_t *ids, size_t *offset) {
    const struct spt_json *samples = spt_json_get(probe, "ids");
    struct spt_probe made = {.ids = ids, .offset = offset, .samples = spt_json_count(samples)};
    assert_true(made.samples < MOST_SAMPLES);
    offset[0] = 0;
    for (size_t i = 0; i < made.samples; i++) {
        const struct spt_json *sample = spt_json_at(samples, i);
        const size_t n = spt_json_count(sample);
        assert_true(offset[i] + n <= MOST_IDS);
        for (size_t k = 0; k < n; k++) ids[offset[i] + k] = (int32_t)spt_json_number(spt_json_at(sample, k), -1);
        offset[i + 1] = offset[i] + n;
        if (n > made.longest) made.longest = n;
    }
    made.tokens = offset[made.samples];
    return made;
}

static void check_pass(const struct spt_json *model, const struct spt_json *probe_json, size_t threads) {
    int32_t ids[MOST_IDS];
    size_t offset[MOST_SAMPLES];
    const struct spt_probe probe = probe_of(probe_json, ids, offset);
    const char *folder = spt_json_string(spt_json_get(model, "path"), NULL);
    struct pass pass = {.model = model, .hidden = spt_json_get(probe_json, "hidden"), .samples = probe.samples};
    char path[512];
    struct spt_plan plan;
    struct spt_model_config config;
    struct spt_checkpoint *checkpoint;
    struct spt_analysis *analysis = NULL;
    struct spt_error error = {.status = SPT_OK};
    const struct spt_emit emit = {.context = &pass, .measure = see};
    spt_plan_init(&plan);
    assert_non_null(plan.metric);
    plan.threads = threads;
    for (size_t i = 0; i < SPT_METRIC_COUNT; i++) plan.metric[i] = SPT_METRICS[i].level == SPT_LEVEL_SPECTRUM;
    snprintf(path, sizeof path, SPT_TEST_DATA "/%s/config.json", folder);
    assert_int_equal(spt_model_config_read(path, &config, &error), SPT_OK);
    snprintf(path, sizeof path, SPT_TEST_DATA "/%s", folder);
    assert_int_equal(spt_checkpoint_open(path, NULL, &checkpoint, &error), SPT_OK);
    pass.layers = config.layers;
    if (spt_analysis_new(&plan, &config, &probe, &analysis, &error) != SPT_OK ||
        spt_analysis_checkpoint(analysis, checkpoint, &emit, &error) != SPT_OK)
        fail_msg("%s: %s", folder, error.message);
    const size_t matrices = spt_json_count(spt_json_at(spt_json_get(model, "weights"), 0));
    assert_true(matrices == 6 || matrices == 7);
    const size_t of_stream = spt_json_count(pass.hidden) ? 5 : 0;
    assert_int_equal(pass.compared, config.layers * (of_stream + 8 * matrices)); /* none of a gate that is not there */
    spt_analysis_free(analysis);
    spt_checkpoint_close(checkpoint);
    spt_plan_release(&plan);
}

static void a_pass_gives_numpys_figures_of_every_weight_and_residual_stream(void **state) {
    (void)state;
    assert_true(spt_json_count(cases()) >= 8);
    for (size_t c = 0; c < spt_json_count(cases()); c++) {
        const struct spt_json *model = spt_json_at(cases(), c), *probes = spt_json_get(model, "probes");
        assert_int_equal(spt_json_count(probes), 2);
        for (size_t p = 0; p < 2; p++) check_pass(model, spt_json_at(probes, p), p + 1);
    }
}

/* --- the residual stream on the same numbers --- */

static void check_stream(struct spt_checkpoint *streams, const struct spt_json *model, size_t which) {
    const struct spt_json *probe_json = spt_json_at(spt_json_get(model, "probes"), which);
    const struct spt_json *layers = spt_json_get(probe_json, "hidden");
    const struct spt_json *last = spt_json_at(layers, spt_json_count(layers) - 1);
    const char *name = spt_json_string(spt_json_get(model, "name"), NULL);
    char key[64];
    struct spt_error error;
    snprintf(key, sizeof key, "%s.%s", name, spt_json_string(spt_json_get(probe_json, "name"), NULL));
    const struct spt_tensor *tensor = spt_checkpoint_find(streams, key);
    assert_non_null(tensor);
    float *x = malloc(tensor->count * sizeof *x);
    assert_non_null(x);
    assert_int_equal(spt_checkpoint_read_f32(streams, tensor, x, &error), SPT_OK);

    struct spt_plan plan;
    struct spt_selection selection;
    struct spt_team team;
    struct spt_spectra *spectra;
    const struct spt_model_config config = {.model_type = "llama", .layers = 1, .hidden = tensor->shape[1]};
    const struct spt_probe probe = {.tokens = tensor->shape[0]};
    spt_plan_init(&plan);
    for (size_t i = 0; i < SPT_METRIC_COUNT; i++) plan.metric[i] = strncmp(SPT_METRICS[i].name, "rmt.hidden.", 11) == 0;
    assert_int_equal(spt_selection_init(&selection, &plan, 0, &error), SPT_OK);
    assert_int_equal(selection.count[SPT_LEVEL_SPECTRUM], 5);
    assert_int_equal(spt_team_init(&team, 2, spt_spectra_scratch(&selection), &error), SPT_OK);
    assert_int_equal(spt_spectra_new(&selection, &config, &probe, &team, &spectra, &error), SPT_OK);
    assert_true(spt_spectra_of_hidden(spectra) && !spt_spectra_of_weights(spectra));
    assert_int_equal(spt_spectra_hidden(spectra, 0, x, &error), SPT_OK);
    assert_int_equal(spt_spectra_finish(spectra, &error), SPT_OK);
    for (size_t i = 0; i < 5; i++) {
        const struct spt_metric *metric = spt_selection_at(&selection, SPT_LEVEL_SPECTRUM, i);
        const double ours = metric->spectrum(&spt_spectra_layers(spectra)[SPT_MATRIX_HIDDEN]);
        const double theirs = spt_json_number(spt_json_get(last, metric->name + 11), NAN);
        if (!(fabs(ours - theirs) <= SAME * fmax(1, fabs(theirs))))
            fail_msg("%s: %s is %.17g, NumPy says %.17g", key, metric->name, ours, theirs);
    }
    spt_spectra_free(spectra);
    spt_team_release(&team);
    spt_selection_release(&selection);
    spt_plan_release(&plan);
    free(x);
}

static void on_the_same_stream_every_figure_equals_numpy(void **state) {
    struct spt_checkpoint *streams;
    struct spt_error error;
    size_t checked = 0;
    (void)state;
    assert_int_equal(spt_checkpoint_open(SPT_TEST_DATA "/spectra.safetensors", NULL, &streams, &error), SPT_OK);
    for (size_t c = 0; c < spt_json_count(cases()); c++) {
        const char *name = spt_json_string(spt_json_get(spt_json_at(cases(), c), "name"), NULL);
        if (strcmp(name, "llama") != 0 && strcmp(name, "bert") != 0) continue;
        for (size_t p = 0; p < 2; p++, checked++) check_stream(streams, spt_json_at(cases(), c), p);
    }
    assert_int_equal(checked, 4);
    spt_checkpoint_close(streams);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pass_gives_numpys_figures_of_every_weight_and_residual_stream),
        cmocka_unit_test(on_the_same_stream_every_figure_equals_numpy),
    };
    return cmocka_run_group_tests(tests, open_fixture, close_fixture);
}
