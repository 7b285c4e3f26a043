/* On identical matrices, every metric equals NumPy's: tests/data/attention.* (made by
 * tests/peer/make_attention_fixture.py from HF transformers' attention, oracle.py and GUDHI), to 1e-9 relative, counts
 * exactly. */
#include "analysis/pool.h"
#include "tests/analysis/computed.h"
#include "tests/analysis/matrices.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define RELATIVE 1e-9

static int open_fixture(void **state) {
    return computed_open(state, "attention");
}

static bool is_count(const char *name) {
    return strcmp(name, "sink.share") == 0 || strcmp(name, "sink.max_first") == 0 || strcmp(name, "rmt.spikes") == 0 ||
           strcmp(name, "topology.h1_bars") == 0 || strcmp(name, "sink.reference_count") == 0 ||
           strncmp(name, "topology.b1@", 12) == 0;
}

static void check(const char *group, const char *name, size_t sample, size_t head, double ours,
                  const struct spt_json *expected) {
    const bool undefined = spt_json_kind(expected) == SPT_JSON_NULL;
    const double theirs = spt_json_number(expected, NAN);
    const double tolerance = is_count(name) ? 0 : RELATIVE * fabs(theirs) + 1e-12;
    if (undefined ? isnan(ours) : fabs(ours - theirs) <= tolerance) return;
    fail_msg("%s, sample %zu, head %zu: %s is %.17g, NumPy says %.17g", group, sample, head, name, ours, theirs);
}

/* One group of the fixture: a layer of some heads over some samples, under one mask. */
struct layer {
    const char *name;
    const struct spt_json *expected;
    struct fixture *fixture;
    struct matrices matrices;
    float *buffer; /* the sample at hand [heads, n, n] */
};

static const struct spt_tensor *tensor_of(const struct layer *l, size_t sample) {
    char name[128];
    snprintf(name, sizeof name, "%s.%zu", l->name, sample);
    const struct spt_tensor *tensor = spt_checkpoint_find(l->fixture->tensors, name);
    assert_non_null(tensor);
    assert_int_equal(tensor->rank, 3);
    return tensor;
}

static void fill_from_fixture(void *context, size_t sample, size_t head, const struct spt_mask *mask, double *a) {
    struct layer *l = context;
    struct spt_error error;
    if (head == 0)
        assert_int_equal(spt_checkpoint_read_f32(l->fixture->tensors, tensor_of(l, sample), l->buffer, &error), SPT_OK);
    const size_t cells = mask->n * mask->n;
    for (size_t k = 0; k < cells; k++) a[k] = (double)l->buffer[head * cells + k];
}

static void layer_open(struct layer *l, struct fixture *f, const struct spt_json *group) {
    enum { SAMPLES_MAX = 32 };
    size_t lengths[SAMPLES_MAX], most = 0;
    *l = (struct layer){.name = spt_json_string(spt_json_get(group, "name"), NULL), .expected = group, .fixture = f};
    const size_t samples = spt_json_count(spt_json_get(group, "samples"));
    assert_true(samples > 0 && samples <= SAMPLES_MAX);
    for (size_t i = 0; i < samples; i++) {
        lengths[i] = tensor_of(l, i)->shape[1];
        if (tensor_of(l, i)->count > most) most = tensor_of(l, i)->count;
    }
    l->buffer = malloc(most * sizeof *l->buffer);
    const size_t window = (size_t)spt_json_integer(spt_json_get(group, "window"), 0);
    const bool full = strcmp(spt_json_string(spt_json_get(group, "kind"), NULL), "full") == 0;
    const enum spt_mask_kind kind = full ? SPT_MASK_FULL : window ? SPT_MASK_WINDOW : SPT_MASK_CAUSAL;
    matrices_open(&l->matrices, kind, window, lengths, samples, tensor_of(l, 0)->shape[0]);
    matrices_measure(&l->matrices, fill_from_fixture, l);
}

static void layer_close(struct layer *l) {
    matrices_close(&l->matrices);
    free(l->buffer);
}

/* Compares every row of a level with the fixture, and tells how many figures the fixture had. */
static size_t check_samples(const struct layer *l) {
    const struct spt_json *samples = spt_json_get(l->expected, "samples");
    const struct matrices *m = &l->matrices;
    size_t compared = 0;
    for (size_t row = 0; row < m->selection.count[SPT_LEVEL_HEAD]; row++) {
        const char *name = spt_selection_at(&m->selection, SPT_LEVEL_HEAD, row)->name;
        for (size_t i = 0; i < m->probe.samples; i++) {
            const struct spt_json *heads = spt_json_get(spt_json_at(samples, i), name);
            for (size_t h = 0; heads && h < m->heads; h++, compared++)
                check(l->name, name, i, h, matrices_value(m, name, h, i), spt_json_at(heads, h));
        }
    }
    for (size_t row = 0; row < m->selection.count[SPT_LEVEL_LAYER]; row++) {
        char name[128];
        snprintf(name, sizeof name, "layer:%s", spt_selection_at(&m->selection, SPT_LEVEL_LAYER, row)->name);
        for (size_t i = 0; i < m->probe.samples; i++) {
            const struct spt_json *expected = spt_json_get(spt_json_at(samples, i), name);
            if (!expected) continue;
            check(l->name, name + 6, i, 0, matrices_layer_value(m, name + 6, i), expected);
            compared++;
        }
    }
    return compared;
}

static size_t check_pooled(const struct layer *l) {
    const struct spt_json *pooled = spt_json_get(l->expected, "pooled");
    const struct matrices *m = &l->matrices;
    size_t compared = 0;
    for (size_t h = 0; h < m->heads; h++) {
        const struct spt_pool pool = spt_pool_of(&m->context, h, spt_measurer_density(m->measurer));
        for (size_t row = 0; row < m->selection.count[SPT_LEVEL_POOLED]; row++) {
            const struct spt_metric *metric = spt_selection_at(&m->selection, SPT_LEVEL_POOLED, row);
            const struct spt_json *heads = spt_json_get(pooled, metric->name);
            if (!heads) continue;
            check(l->name, metric->name, 0, h, metric->pooled(&pool), spt_json_at(heads, h));
            compared++;
        }
    }
    return compared;
}

static size_t check_pairs(const struct layer *l) {
    const struct spt_json *pairs = spt_json_get(l->expected, "pairs");
    size_t compared = 0;
    for (struct spt_json_member *m = spt_json_first(pairs); m; m = spt_json_next(pairs, m), compared++) {
        const char *name = spt_json_key(m);
        check(l->name, name, 0, 0, matrices_pairs(&l->matrices, name, 0, l->matrices.heads), spt_json_get(pairs, name));
    }
    return compared;
}

/* Every metric that NumPy computed is one of ours: the comparison leaves nothing out. */
static void check_all_known(const struct layer *l) {
    const struct spt_json *sample = spt_json_at(spt_json_get(l->expected, "samples"), 0);
    for (struct spt_json_member *m = spt_json_first(sample); m; m = spt_json_next(sample, m)) {
        const char *name = spt_json_key(m);
        if (strncmp(name, "layer:", 6) == 0) name += 6;
        if (spt_metric_find(name) == SPT_METRIC_COUNT) fail_msg("no metric %s", name);
    }
}

static void every_metric_equals_numpy(void **state) {
    struct fixture *f = *state;
    const struct spt_json *groups = spt_json_get(spt_json_root(f->expected), "groups");
    assert_true(spt_json_count(groups) >= 11);
    for (size_t g = 0; g < spt_json_count(groups); g++) {
        struct layer l;
        layer_open(&l, f, spt_json_at(groups, g));
        check_all_known(&l);
        assert_true(check_samples(&l) > 60 * l.matrices.probe.samples);
        assert_true(check_pooled(&l) >= l.matrices.heads);
        assert_int_equal(check_pairs(&l), l.matrices.selection.count[SPT_LEVEL_PAIRS]);
        layer_close(&l);
    }
}

static void a_matrix_with_a_nan_has_no_values_and_spoils_no_other(void **state) {
    struct fixture *f = *state;
    const struct spt_json *group = spt_json_at(spt_json_get(spt_json_root(f->expected), "groups"), 0);
    struct layer l;
    struct spt_error error;
    layer_open(&l, f, group);
    struct matrices *m = &l.matrices;
    const size_t last = m->probe.samples - 1;
    spt_measurer_matrix(m->measurer, 1)[3] = NAN;
    const struct spt_batch batch = {.sample = last, .heads = m->heads};
    assert_int_equal(spt_measure_batch(m->measurer, &m->context, &batch, &error), SPT_OK);
    assert_int_equal(spt_measure_sample(m->measurer, &m->context, last, &error), SPT_OK);
    assert_int_equal(spt_measure_again(m->measurer, &m->context, &batch, &error), SPT_OK);
    assert_int_equal(spt_measure_layer(m->measurer, &m->context, &error), SPT_OK);
    for (size_t row = 0; row < m->selection.count[SPT_LEVEL_HEAD]; row++) {
        const char *name = spt_selection_at(&m->selection, SPT_LEVEL_HEAD, row)->name;
        const struct spt_json *heads = spt_json_get(spt_json_at(spt_json_get(group, "samples"), last), name);
        assert_true(isnan(matrices_value(m, name, 1, last)));
        /* The layer's reference tokens are those of all its heads. */
        if (spt_selection_at(&m->selection, SPT_LEVEL_HEAD, row)->needs & SPT_NEEDS_AGAIN)
            assert_true(isnan(matrices_value(m, name, 0, last)));
        else if (heads)
            check(l.name, name, last, 0, matrices_value(m, name, 0, last), spt_json_at(heads, 0));
    }
    assert_true(isnan(matrices_layer_value(m, "sink.reference_count", last)));
    layer_close(&l);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_metric_equals_numpy),
        cmocka_unit_test(a_matrix_with_a_nan_has_no_values_and_spoils_no_other),
    };
    return cmocka_run_group_tests(tests, open_fixture, computed_close);
}
