#include "tests/plots/fixture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Where a metric begins, by how much it changes, and at which step. Magnitudes are those of the bundled run. */
struct shape {
    const char *metric, *unit;
    double start, change, turn;
    double null, null_sd; /* NAN: no null */
};

static const struct shape SHAPES[] = {
    {"sink.first", "", 0.11, 0.5, 1500, NAN, NAN},
    {"sink.first_excess", "", 0, 0.5, 1500, NAN, NAN},
    {"sink.share", "", 0, 0.7, 1500, NAN, NAN},
    {"loss", "nat", 7.2, -3.1, 60, NAN, NAN},
    {"rmt.gap", "", 0.59, 2.1, 1500, 0.605, 0.004},
    {"rmt.participation", "", 2.9, 8, 500, 2.42, 0.01},
    {"rmt.law_kl", "nat", 0.29, 0.1, 300, 0.012, 0.002},
    {"rmt.mp_kl", "nat", 0.75, -0.2, 700, 0.7, 0.01},
    {"topology.b0@0.025", "", 0.04, -0.012, 100, 0, 0},
    {"topology.b0@0.05", "", 0.21, -0.18, 100, 0, 0},
    {"topology.b0@0.1", "", 0.55, -0.5, 150, 0, 0},
    {"topology.b0@0.25", "", 0.88, -0.6, 300, 0, 0},
    {"topology.b0@0.5", "", 0.98, -0.4, 600, 0, 0},
    {"topology.b0@0.75", "", 1, -0.22, 900, 0, 0},
    {"topology.b1@0.025", "cycles", 514, -330, 300, 0, 0},
    {"topology.b1@0.05", "cycles", 158, -65, 800, 0, 0},
    {"topology.b1@0.1", "cycles", 31, 5, 300, 0, 0},
    {"topology.b1@0.25", "cycles", 1.2, 1.8, 400, 0, 0},
    {"topology.b1@0.5", "cycles", 0, 0, 1, 0, 0},
    {"topology.b1@0.75", "cycles", 0, 0, 1, 0, 0},
    {"topology.h0_mean", "", 0.87, -0.36, 500, 0, 0},
    {"topology.h1_persistence", "", 0.31, 0.8, 120, 0, 0},
    {"graph.fiedler@0", "", 0.49, -0.34, 300, 0.455, 0.002},
    {"graph.fiedler@0.001", "", 0.485, -0.335, 300, 0.452, 0.002},
    {"graph.fiedler@0.005", "", 0.45, -0.32, 300, 0.407, 0.002},
    {"graph.fiedler@0.01", "", 0.32, -0.21, 300, 0.324, 0.002},
    {"graph.fiedler@0.02", "", 0.12, -0.03, 300, 0.183, 0.002},
    {"graph.fiedler@0.05", "", 0.01, 0.04, 300, 0.027, 0.002},
    {"graph.fiedler@0.1", "", 0.001, 0.029, 300, 0.0001, 0.002},
    {"graph.fiedler_norm@0", "", 0.7105, -0.493, 300, 0.6597, 0.003},
    {"graph.fiedler_norm@0.001", "", 0.7032, -0.4857, 300, 0.6554, 0.003},
    {"graph.fiedler_norm@0.005", "", 0.6525, -0.464, 300, 0.5901, 0.003},
    {"graph.fiedler_norm@0.01", "", 0.464, -0.3045, 300, 0.4698, 0.003},
    {"graph.fiedler_norm@0.02", "", 0.174, -0.0435, 300, 0.2653, 0.003},
    {"graph.fiedler_norm@0.05", "", 0.0145, 0.058, 300, 0.03915, 0.003},
    {"graph.fiedler_norm@0.1", "", 0.00145, 0.04205, 300, 0.000145, 0.003},
    {"graph.fiedler_centralization@0.001", "", 0.02, -0.47, 300, 0.58, 0.07},
    {"graph.fiedler_centralization@0.005", "", -0.98, 1.25, 300, -0.4, 0.07},
    {"graph.fiedler_centralization@0.01", "", -0.96, 1.56, 300, -0.25, 0.07},
    {"graph.fiedler_centralization@0.02", "", -0.8, 1.57, 300, 0.33, 0.07},
    {"graph.fiedler_centralization@0.05", "", 0.2, 0.56, 300, 0.56, 0.07},
    {"graph.fiedler_centralization@0.1", "", 0.25, 0.24, 300, 0.16, 0.07},
    {"graph.fiedler_centralization_adjusted@0.001", "", -0.01, -0.41, 300, -0.05, 0.12},
    {"graph.fiedler_centralization_adjusted@0.005", "", -0.87, 1.22, 300, -0.05, 0.12},
    {"graph.fiedler_centralization_adjusted@0.01", "", -0.47, 1.09, 300, -0.05, 0.12},
    {"graph.fiedler_centralization_adjusted@0.02", "", -0.44, 1.15, 300, -0.05, 0.12},
    {"graph.fiedler_centralization_adjusted@0.05", "", -0.08, 0.78, 300, -0.05, 0.12},
    {"graph.fiedler_centralization_adjusted@0.1", "", -0.1, 0.52, 300, -0.05, 0.12},
    {"information.kl_uniform", "nat", 0.06, 3, 400, 0.38, 0.002},
    {"information.kl_no_sink", "nat", 0.06, 2.5, 400, NAN, NAN},
    {"information.kl_reduction", "", 0, 0.4, 700, NAN, NAN},
    {"value.direction", "", 0.5, 0.1, 30, NAN, NAN},
    {"value.share", "", 0.07, 0.4, 100, NAN, NAN},
    {"value.norm_ratio", "", 1, -0.7, 400, NAN, NAN},
    {"value.output_ratio", "", 1, -0.6, 400, NAN, NAN},
    {"key.norm_first", "", 0.94, 0.1, 200, NAN, NAN},
    {"key.cos_first", "", -0.05, 0.4, 900, NAN, NAN},
    {"hidden.norm_first", "", 1.2, 300, 900, NAN, NAN},
    {"hidden.max_ratio", "", 5.2, 4000, 900, NAN, NAN},
    {"frame.none", "", 1, -1, 100, NAN, NAN},
    {"frame.centralized", "", 0, 0.6, 100, NAN, NAN},
    {"frame.distributed", "", 0, 0.3, 100, NAN, NAN},
    {"frame.bidirectional", "", 0, 0.1, 100, NAN, NAN},
    {"ablate.loss", "nat", 0, 0.9, 900, NAN, NAN},
    {"ablate.kl", "nat", 0, 0.5, 900, NAN, NAN},
    {"ablate.entropy", "", 0, 0.1, 900, NAN, NAN},
    {"sink.reference_mass", "", 0, 0.6, 100, NAN, NAN},
    {"rmt.hidden.gap_ratio", "", 0.1, 0.7, 700, NAN, NAN},
    {"rmt.hidden.participation", "", 60, -50, 700, NAN, NAN},
    {"rmt.hidden.mp_ks", "", 0.05, 0.4, 700, NAN, NAN},
    {"rmt.hidden.spikes", "", 0, 400, 700, NAN, NAN},
    {"rmt.weight.query.alpha", "", 6, -3, 500, NAN, NAN},
    {"rmt.weight.key.alpha", "", 6, -2.5, 500, NAN, NAN},
    {"rmt.weight.value.alpha", "", 6, -1, 500, NAN, NAN},
    {"rmt.weight.output.alpha", "", 6, -1.5, 500, NAN, NAN},
    {"rmt.weight.mlp_gate.alpha", "", 6, -2, 500, NAN, NAN},
    {"rmt.weight.mlp_up.alpha", "", 6, -2.2, 500, NAN, NAN},
    {"rmt.weight.mlp_down.alpha", "", 6, -1.2, 500, NAN, NAN},
    {"constant", "", 0.5, 0, 1, NAN, NAN},
};

static const struct shape *find_shape(const struct fixture *fixture, const char *metric) {
    if (fixture->only && strncmp(metric, fixture->only, strlen(fixture->only)) != 0) return NULL;
    for (size_t i = 0; i < sizeof SHAPES / sizeof *SHAPES; i++)
        if (strcmp(SHAPES[i].metric, metric) == 0) return &SHAPES[i];
    return NULL;
}

static double made_up(const struct fixture *fixture, const struct shape *shape, size_t i, int layer, int head) {
    double layers = (double)fixture->source.layers, heads = (double)fixture->source.heads;
    double depth = layer < 0 ? 0.45 : (layer + 1) / layers;
    double place = head < 0 ? 0.5 : (head + 0.5) / heads;
    double strength = depth * depth * (0.6 + 0.8 * place);
    double time = log2(1 + (double)fixture->source.checkpoints[i].step) - log2(1 + shape->turn) + 2 * (place - 0.5);
    return shape->start + shape->change * strength / (1 + exp(-1.1 * time));
}

/* The oracle has not every metric: NULL. */
static const struct spt_json *oracle_node(const struct fixture *fixture, const char *metric, size_t i) {
    const struct spt_json *root = spt_json_root(fixture->oracle), *step = NULL;
    size_t index = 0;
    for (struct spt_json_member *m = spt_json_first(root); m && !step; m = spt_json_next(root, m), index++)
        if (index == i) step = spt_json_value(m);
    return spt_json_get(step, metric);
}

static double oracle_value(const struct spt_json *node, int layer, int head) {
    if (layer < 0) return spt_json_number(spt_json_get(node, "model"), NAN);
    if (head < 0) return spt_json_number(spt_json_at(spt_json_get(node, "layer"), (size_t)layer), NAN);
    return spt_json_number(spt_json_at(spt_json_at(spt_json_get(node, "head"), (size_t)layer), (size_t)head), NAN);
}

static enum spt_status series(void *context, const char *metric, int layer, int head, struct spt_plot_value **values,
                              struct spt_error *error) {
    struct fixture *fixture = context;
    const struct shape *shape = find_shape(fixture, metric);
    if (!shape || (layer >= 0 && strcmp(metric, "loss") == 0)) return SPT_END;
    struct spt_plot_value *result = calloc(fixture->source.count, sizeof *result);
    if (!result) return spt_fail_memory(error, fixture->source.count * sizeof *result, "a series");
    for (size_t i = 0; i < fixture->source.count; i++) {
        const struct spt_json *node = fixture->oracle ? oracle_node(fixture, metric, i) : NULL;
        double mean = node ? oracle_value(node, layer, head) : made_up(fixture, shape, i, layer, head);
        if (fixture->gaps && (i % 7 == 3 || i % 11 == 6) && layer < 1) mean = NAN;
        double half = fixture->bare ? NAN : 0.02 * fabs(shape->change) + 0.02 * fabs(mean);
        result[i] = (struct spt_plot_value){mean, half, mean - half, mean + 0.8 * half};
    }
    *values = result;
    return SPT_OK;
}

static enum spt_status control_series(void *context, const char *metric, int layer, int head,
                                      struct spt_plot_value **values, struct spt_error *error) {
    const struct fixture *fixture = context;
    const enum spt_status status = series(context, metric, layer, head, values, error);
    for (size_t i = fixture->control.count; status == SPT_OK && i-- > 0;)
        (*values)[i].mean = 0.5 * ((*values)[0].mean + (*values)[i].mean);
    return status;
}

/* Distribution function of the causal law of no structure (Dykema and Haagerup 2004): x^2 = 2 (sin t / t) exp(t cot t),
 * F = 1 - t/pi
 * + sin^2 t / (pi t), t from pi down to 0. */
static double law_cdf(double x) {
    const double pi = acos(-1);
    double low = 1e-9, high = pi - 1e-9;
    if (x * x >= 2 * exp(1)) return 1;
    for (int i = 0; i < 60; i++) {
        double t = 0.5 * (low + high);
        if (2 * sin(t) / t * exp(t / tan(t)) > x * x)
            low = t;
        else
            high = t;
    }
    return 1 - low / pi + sin(low) * sin(low) / (pi * low);
}

static double law_density(double x) {
    return (law_cdf(x + 0.05) - law_cdf(fmax(x - 0.05, 0))) / (0.05 + fmin(x, 0.05));
}

static enum spt_status curve(void *context, const char *metric, size_t i, int layer, int head,
                             struct spt_plot_point **points, size_t *n, struct spt_error *error) {
    struct fixture *fixture = context;
    if (fixture->bare && head < 0) return SPT_END;
    if (fixture->only && strncmp(metric, fixture->only, strlen(fixture->only)) != 0) return SPT_END;
    bool density = strcmp(metric, "rmt.law_density") == 0;
    size_t count = density ? 1024 : 65;
    struct spt_plot_point *result = calloc(count, sizeof *result);
    if (!result) return spt_fail_memory(error, count * sizeof *result, "a curve");
    double late = 1 / (1 + exp(-(log2(1 + (double)fixture->source.checkpoints[i].step) - 9)));
    if (layer >= 0) late *= (layer + 1.0) / (double)fixture->source.layers;
    for (size_t k = 0; k < count; k++) {
        double x = density ? ((double)k + 0.5) * 8 / 1024 : exp2(-(double)k / 4), y;
        double k0 = 13 - 8 * late;
        if (density)
            y = (1 - late) * law_density(x) + late * (4 * exp(-5 * x) + 0.25 * exp(-0.9 * x)) / 1.08;
        else if (strcmp(metric, "topology.betti1") == 0)
            y = 14 * (1 - 0.7 * late) * exp(-0.09 * ((double)k - k0 - 4) * ((double)k - k0 - 4));
        else
            y = 0.03 + 0.97 / (1 + exp(0.8 * ((double)k - k0)));
        result[k] = (struct spt_plot_point){x, y};
    }
    *points = result;
    *n = count;
    return SPT_OK;
}

static enum spt_status null_of(void *context, const char *metric, int layer, double *mean, double *sd,
                               struct spt_error *error) {
    (void)layer;
    (void)error;
    struct fixture *fixture = context;
    const struct shape *shape = find_shape(fixture, metric);
    if (fixture->bare || !shape || isnan(shape->null)) return SPT_END;
    *mean = shape->null;
    *sd = shape->null_sd;
    return SPT_OK;
}

static enum spt_status external(void *context, const char *name, struct spt_plot_point **points, size_t *n,
                                struct spt_error *error) {
    struct fixture *fixture = context;
    if (fixture->bare || fixture->only || name) return SPT_END;
    double last = (double)fixture->source.checkpoints[fixture->source.count - 1].step;
    size_t count = last < 2000 ? (size_t)last + 1 : 2001;
    struct spt_plot_point *result = calloc(count, sizeof *result);
    if (!result) return spt_fail_memory(error, count * sizeof *result, "a series");
    for (size_t i = 0; i < count; i++) {
        double x = count > 1 ? floor(last * (double)i / (double)(count - 1)) : last;
        double noise = sin(12.9898 * (double)i) * 43758.5453;
        result[i] = (struct spt_plot_point){x, 7.2 - 3.1 / (1 + exp(-0.9 * (log2(1 + x) - 6))) +
                                                   0.3 * (noise - floor(noise)) - 0.2};
    }
    *points = result;
    *n = count;
    return SPT_OK;
}

static enum spt_status law(void *context, struct spt_plot_point **points, size_t *n, struct spt_error *error) {
    struct fixture *fixture = context;
    if (fixture->bare) return SPT_END;
    struct spt_plot_point *result = calloc(1024, sizeof *result);
    if (!result) return spt_fail_memory(error, 1024 * sizeof *result, "the law");
    for (size_t k = 0; k < 1024; k++) {
        double x = ((double)k + 0.5) * 8 / 1024;
        result[k] = (struct spt_plot_point){x, law_density(x)};
    }
    *points = result;
    *n = 1024;
    return SPT_OK;
}

static const char *unit(void *context, const char *metric) {
    const struct shape *shape = find_shape(context, metric);
    const struct fixture *fixture = context;
    return !shape ? NULL : fixture->unit ? fixture->unit : shape->unit;
}

static const char *definition(void *context, const char *metric) {
    return find_shape(context, metric) ? "made up" : NULL;
}

static enum spt_status onset(void *context, const char *metric, int64_t *step, struct spt_error *error) {
    (void)error;
    struct fixture *fixture = context;
    const struct shape *shape = find_shape(fixture, metric);
    if (fixture->bare || !shape || fixture->source.count < 6) return SPT_END;
    for (size_t i = 0; i < fixture->source.count; i++)
        if ((double)fixture->source.checkpoints[i].step >= shape->turn) {
            *step = fixture->source.checkpoints[i].step;
            return SPT_OK;
        }
    return SPT_END;
}

void fixture_init(struct fixture *fixture, size_t layers, size_t heads, const int64_t *steps, size_t count) {
    *fixture = (struct fixture){0};
    fixture->checkpoints = calloc(count, sizeof *fixture->checkpoints);
    if (!fixture->checkpoints) abort();
    for (size_t i = 0; i < count; i++)
        fixture->checkpoints[i] = (struct spt_plot_checkpoint){.step = steps[i], .label = "checkpoint"};
    fixture->source = (struct spt_plot_source){
        .context = fixture,
        .run = "a run",
        .layers = layers,
        .heads = heads,
        .samples = 100,
        .checkpoints = fixture->checkpoints,
        .count = count,
        .series = series,
        .curve = curve,
        .null = null_of,
        .external = external,
        .law = law,
        .unit = unit,
        .definition = definition,
        .onset = onset,
    };
    fixture->attention = (struct made_attention){.n = 9, .layers = layers, .heads = heads, .window = 4};
    made_attention_attach(&fixture->attention, &fixture->source);
    fixture->control = fixture->source;
    fixture->control.run = "a run (shuffled)";
    fixture->control.series = control_series;
    fixture->control.count = count > 4 ? count - 2 : count; /* a sweep that was stopped */
}

bool fixture_init_demo(struct fixture *fixture) {
    static const int64_t STEPS[] = {0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1000, 2000, 3000, 4000, 6000, 8000};
    fixture_init(fixture, 6, 4, STEPS, sizeof STEPS / sizeof *STEPS);
    return spt_json_read_file(SPT_TEST_DATA "/demo-run.oracle.json", (size_t)1 << 24, false, &fixture->oracle, NULL) ==
           SPT_OK;
}

void fixture_init_pythia(struct fixture *fixture, size_t layers, size_t heads) {
    int64_t steps[154] = {0};
    for (size_t i = 1; i < 154; i++) steps[i] = i <= 10 ? (int64_t)1 << (i - 1) : (int64_t)(i - 10) * 1000;
    fixture_init(fixture, layers, heads, steps, 154);
}

void fixture_release(struct fixture *fixture) {
    free(fixture->checkpoints);
    spt_json_free(fixture->oracle);
    *fixture = (struct fixture){0};
}
