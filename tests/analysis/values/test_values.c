/* Values, keys, hidden states and frames against NumPy on what HF transformers computes (tests/data/values.*, made by
 * tests/peer/make_values_fixture.py): rotary positions, GQA, one key for all heads, linear biases, a window, normed
 * queries, an encoder, matrices stored [in, out]. On the same float32 numbers to 1e-9; of whole passes to what float32
 * leaves of them. */
#include "analysis/values/output_gram.h"
#include "tests/analysis/computed.h"
#include "tests/analysis/fixture_pass.h"
#include "tests/analysis/matrices.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SAME 1e-9 /* relative, on the same numbers */
/* Of whole passes. Attention is within 1e-5 of HF's and vectors within 1e-5 of their lengths (test_parity.c); the means
 * and ratios here have derivatives of the order of 1 in both. */
#define PASS 1e-4

enum { MOST_SAMPLES = 4, MOST_HEADS = 8 };

static int open_fixture(void **state) {
    return computed_open(state, "values");
}

static const struct spt_json *cases_of(const struct fixture *f) {
    return spt_json_get(spt_json_root(f->expected), "cases");
}

static void assert_value(const char *where, const char *name, size_t sample, size_t head, double ours,
                         const struct spt_json *expected, double tolerance) {
    const double theirs = spt_json_number(expected, NAN);
    assert_int_not_equal(spt_json_kind(expected), SPT_JSON_ABSENT);
    if (isnan(theirs) ? isnan(ours) : fabs(ours - theirs) <= tolerance * fmax(1, fabs(theirs))) return;
    fail_msg("%s, sample %zu, head %zu: %s is %.17g, NumPy says %.17g", where, sample, head, name, ours, theirs);
}

/* --- one layer on the same numbers --- */

struct layer {
    const struct fixture *fixture;
    char name[32]; /* "llama.2" */
    size_t kv_heads;
    float *attention, *query, *key, *value; /* of the sample at hand, [heads, n, ...] */
    size_t sample;
    struct spt_vectors vectors[MOST_HEADS];
    struct matrices matrices;
};

/* A tensor of the fixture; shape out [3] (1 where there are fewer axes). The caller's to free. */
static float *read_tensor(const struct layer *l, const char *name, size_t *shape) {
    char full[64];
    struct spt_error error;
    snprintf(full, sizeof full, "%s.%s", l->name, name);
    const struct spt_tensor *tensor = spt_checkpoint_find(l->fixture->tensors, full);
    if (!tensor) fail_msg("%s is missing", full);
    for (size_t i = 0; i < 3; i++) shape[i] = i < tensor->rank ? tensor->shape[i] : 1;
    float *x = malloc(tensor->count * sizeof *x);
    assert_non_null(x);
    assert_int_equal(spt_checkpoint_read_f32(l->fixture->tensors, tensor, x, &error), SPT_OK);
    return x;
}

static float *read_of_sample(const struct layer *l, size_t sample, const char *what, size_t *shape) {
    char name[32];
    snprintf(name, sizeof name, "%zu.%s", sample, what);
    return read_tensor(l, name, shape);
}

static void forget_sample(struct layer *l) {
    free(l->attention);
    free(l->query);
    free(l->key);
    free(l->value);
    l->attention = l->query = l->key = l->value = NULL;
}

static void load_sample(struct layer *l, size_t sample) {
    size_t shape[3], heads;
    if (l->attention && l->sample == sample) return;
    forget_sample(l);
    l->sample = sample;
    l->attention = read_of_sample(l, sample, "attention", shape);
    l->query = read_of_sample(l, sample, "query", shape);
    heads = shape[0];
    l->key = read_of_sample(l, sample, "key", shape);
    l->value = read_of_sample(l, sample, "value", shape);
    for (size_t h = 0; h < heads; h++) {
        const size_t kv = h / (heads / l->kv_heads), cells = shape[1] * shape[2];
        l->vectors[h] = (struct spt_vectors){.query = l->query + h * cells,
                                             .key = l->key + kv * cells,
                                             .value = l->value + kv * cells,
                                             .dimension = shape[2],
                                             .query_stride = shape[2],
                                             .kv_stride = shape[2]};
    }
}

static void fill_attention(void *context, size_t sample, size_t head, const struct spt_mask *mask, double *a) {
    struct layer *l = context;
    load_sample(l, sample);
    for (size_t k = 0; k < mask->n * mask->n; k++) a[k] = (double)l->attention[head * mask->n * mask->n + k];
}

static const struct spt_vectors *vectors_of(void *context, size_t sample, size_t first_head) {
    struct layer *l = context;
    load_sample(l, sample);
    return l->vectors + first_head;
}

static double *gram_of(const struct layer *l, size_t heads) {
    size_t shape[3];
    float *out = read_tensor(l, "out", shape);
    const size_t d = shape[1] / heads;
    const struct spt_matrix matrix = {.dtype = SPT_F32, .rows = shape[0], .columns = shape[1], .data = out};
    double *gram = malloc(heads * d * d * sizeof *gram);
    struct spt_team team;
    struct spt_error error;
    assert_int_equal(spt_team_init(&team, 1, spt_output_gram_scratch(d), &error), SPT_OK);
    assert_int_equal(spt_output_gram_of(&team, &matrix, heads, gram, &error), SPT_OK);
    spt_team_release(&team);
    free(out);
    return gram;
}

static void measure_streams(struct layer *l) {
    for (size_t i = 0; i < l->matrices.probe.samples; i++) {
        size_t shape[3];
        double norms[64];
        float *stream = read_of_sample(l, i, "stream", shape);
        assert_true(shape[0] <= 64);
        l->matrices.values.hidden[i] = spt_hidden_of(stream, shape[0], shape[1], norms);
        free(stream);
    }
}

static void check_references(const struct layer *l, const struct spt_json *expected, size_t sample) {
    const struct spt_json *wanted = spt_json_get(expected, "references");
    const unsigned char *found = l->matrices.references.is_reference + l->matrices.offset[sample];
    size_t count = 0;
    for (size_t i = 0; i < spt_json_count(wanted); i++)
        assert_true(found[spt_json_integer(spt_json_at(wanted, i), 0)] == 1);
    for (size_t k = 0; k < l->matrices.offset[sample + 1] - l->matrices.offset[sample]; k++) count += found[k];
    assert_int_equal(count, spt_json_count(wanted));
}

/* Every member of an expected sample but its references: an array is of heads, a number of the layer. */
static size_t check_sample(const struct layer *l, const struct spt_json *expected, size_t sample) {
    const struct matrices *m = &l->matrices;
    size_t compared = 0;
    check_references(l, expected, sample);
    for (struct spt_json_member *at = spt_json_first(expected); at; at = spt_json_next(expected, at)) {
        const char *name = spt_json_key(at);
        const struct spt_json *values = spt_json_get(expected, name);
        if (strcmp(name, "references") == 0) continue;
        if (spt_json_kind(values) != SPT_JSON_ARRAY)
            assert_value(l->name, name, sample, 0, matrices_layer_value(m, name, sample), values, SAME);
        else
            for (size_t h = 0; h < m->heads; h++)
                assert_value(l->name, name, sample, h, matrices_value(m, name, h, sample), spt_json_at(values, h),
                             SAME);
        compared++;
    }
    return compared;
}

static void check_layer(const struct fixture *f, const struct spt_json *model, const struct spt_json *expected) {
    const struct spt_json *samples = spt_json_get(expected, "samples");
    const size_t count = spt_json_count(samples), window = (size_t)spt_json_integer(spt_json_get(model, "window"), 0);
    const bool full = strcmp(spt_json_string(spt_json_get(model, "kind"), NULL), "full") == 0;
    struct layer l = {.fixture = f, .kv_heads = (size_t)spt_json_integer(spt_json_get(model, "kv_heads"), 0)};
    size_t lengths[MOST_SAMPLES], heads = 0;
    snprintf(l.name, sizeof l.name, "%s.%d", spt_json_string(spt_json_get(model, "name"), NULL),
             (int)spt_json_integer(spt_json_get(expected, "layer"), -1));
    assert_true(count <= MOST_SAMPLES);
    for (size_t i = 0; i < count; i++) {
        size_t shape[3];
        free(read_of_sample(&l, i, "attention", shape));
        heads = shape[0];
        lengths[i] = shape[1];
    }
    assert_true(heads <= MOST_HEADS);
    matrices_open(&l.matrices,
                  full     ? SPT_MASK_FULL
                  : window ? SPT_MASK_WINDOW
                           : SPT_MASK_CAUSAL,
                  window, lengths, count, heads);
    double *gram = gram_of(&l, heads);
    l.matrices.context.gram = gram;
    l.matrices.vectors = vectors_of;
    measure_streams(&l);
    matrices_measure(&l.matrices, fill_attention, &l);
    for (size_t i = 0; i < count; i++) assert_int_equal(check_sample(&l, spt_json_at(samples, i), i), 8);
    forget_sample(&l);
    matrices_close(&l.matrices);
    free(gram);
}

static void on_the_same_vectors_every_figure_equals_numpy(void **state) {
    const struct spt_json *cases = cases_of(*state);
    assert_int_equal(spt_json_count(cases), 8);
    for (size_t c = 0; c < spt_json_count(cases); c++) {
        const struct spt_json *model = spt_json_at(cases, c), *layers = spt_json_get(model, "layers");
        for (size_t l = 0; l < spt_json_count(layers); l++) check_layer(*state, model, spt_json_at(layers, l));
    }
}

/* --- whole passes --- */

struct pass {
    const struct spt_json *model;
    size_t compared, frames;
};

static const struct spt_json *layer_of(const struct spt_json *model, int layer) {
    const struct spt_json *layers = spt_json_get(model, "layers");
    for (size_t l = 0; l < spt_json_count(layers); l++)
        if (spt_json_integer(spt_json_get(spt_json_at(layers, l), "layer"), -1) == layer) return spt_json_at(layers, l);
    return NULL;
}

static enum spt_status see_samples(void *context, const struct spt_vector *seen, struct spt_error *error) {
    struct pass *pass = context;
    const struct spt_json *layer = layer_of(pass->model, seen->layer);
    const char *model = spt_json_string(spt_json_get(pass->model, "name"), NULL);
    (void)error;
    for (size_t i = 0; layer && i < seen->count; i++) {
        const struct spt_json *values =
            spt_json_get(spt_json_at(spt_json_get(layer, "samples"), i), seen->metric->name);
        const bool of_heads = spt_json_kind(values) == SPT_JSON_ARRAY;
        if (spt_json_kind(values) == SPT_JSON_ABSENT || of_heads != (seen->head >= 0)) continue;
        assert_value(model, seen->metric->name, i, of_heads ? (size_t)seen->head : 0, (double)seen->values[i],
                     of_heads ? spt_json_at(values, (size_t)seen->head) : values, PASS);
        pass->compared++;
    }
    return SPT_OK;
}

static enum spt_status see_figure(void *context, const struct spt_measure *seen, struct spt_error *error) {
    struct pass *pass = context;
    const struct spt_json *frames = spt_json_get(layer_of(pass->model, seen->layer), "frames");
    const size_t heads = spt_json_count(frames);
    size_t with = 0;
    (void)error;
    if (strncmp(seen->metric->name, "frame.", 6) != 0 || !heads) return SPT_OK;
    for (size_t h = 0; h < heads; h++)
        with += strcmp(spt_json_string(spt_json_at(frames, h), NULL), seen->metric->name + 6) == 0;
    if (!(fabs(seen->mean - (double)with / (double)heads) < 1e-12))
        fail_msg("%s, layer %d: %s is %g, NumPy says %zu of %zu heads",
                 spt_json_string(spt_json_get(pass->model, "name"), NULL), seen->layer, seen->metric->name, seen->mean,
                 with, heads);
    pass->frames++;
    return SPT_OK;
}

static void check_pass(const struct spt_json *model, size_t threads) {
    static const char *const GROUPS[] = {"values", "frames", NULL};
    struct pass pass = {.model = model};
    struct fixture_pass run;
    const struct spt_emit emit = {.context = &pass, .measure = see_figure, .samples = see_samples};
    fixture_pass_run(&run, model, GROUPS, threads, &emit);
    assert_int_equal(pass.compared, 2 * run.probe.samples * (6 * run.config.heads + 2));
    assert_int_equal(pass.frames, 2 * 4);
    fixture_pass_release(&run);
}

static void a_pass_over_each_kind_of_model_gives_numpys_figures_and_frames(void **state) {
    const struct spt_json *cases = cases_of(*state);
    for (size_t c = 0; c < spt_json_count(cases); c++)
        for (size_t threads = 1; threads <= 2; threads++) check_pass(spt_json_at(cases, c), threads);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(on_the_same_vectors_every_figure_equals_numpy),
        cmocka_unit_test(a_pass_over_each_kind_of_model_gives_numpys_figures_and_frames),
    };
    return cmocka_run_group_tests(tests, open_fixture, computed_close);
}
