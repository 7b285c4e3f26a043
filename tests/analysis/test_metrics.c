/* On identical matrices, every metric equals NumPy's: tests/data/attention.* (made by
 * tests/peer/make_attention_fixture.py from HF transformers' attention, oracle.py and GUDHI), to 1e-9 relative, counts
 * exactly. */
#include "analysis/measure.h"
#include "analysis/pool.h"
#include "checkpoints/base/json.h"
#include "checkpoints/base/memory.h"
#include "checkpoints/checkpoint.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define RELATIVE 1e-9

struct fixture {
    struct spt_checkpoint *tensors;
    struct spt_json_document *expected;
};

static int open_fixture(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    struct spt_error error;
    if (!f || spt_checkpoint_open(SPT_TEST_DATA "/attention.safetensors", NULL, &f->tensors, &error) != SPT_OK ||
        spt_json_read_file(SPT_TEST_DATA "/attention.json", 1 << 26, false, &f->expected, &error) != SPT_OK)
        return -1;
    *state = f;
    return 0;
}

static int close_fixture(void **state) {
    struct fixture *f = *state;
    spt_checkpoint_close(f->tensors);
    spt_json_free(f->expected);
    free(f);
    return 0;
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
    size_t heads, samples;
    size_t *offset;
    struct spt_probe probe;
    struct spt_plan plan;
    struct spt_selection selection;
    struct spt_laws *laws;
    struct spt_mask_set masks;
    struct spt_layer_values values;
    struct spt_measurer *measurer;
    struct spt_measure_context context;
};

static const struct spt_tensor *tensor_of(const struct fixture *f, const char *group, size_t sample) {
    char name[128];
    snprintf(name, sizeof name, "%s.%zu", group, sample);
    const struct spt_tensor *tensor = spt_checkpoint_find(f->tensors, name);
    assert_non_null(tensor);
    assert_int_equal(tensor->rank, 3);
    return tensor;
}

static void layer_open(struct layer *l, const struct fixture *f, const struct spt_json *group) {
    struct spt_error error;
    *l = (struct layer){.name = spt_json_string(spt_json_get(group, "name"), NULL), .expected = group};
    l->samples = spt_json_count(spt_json_get(group, "samples"));
    assert_true(l->samples > 0);
    l->offset = calloc(l->samples + 1, sizeof *l->offset);
    for (size_t i = 0; i < l->samples; i++) {
        const struct spt_tensor *tensor = tensor_of(f, l->name, i);
        l->heads = tensor->shape[0];
        l->offset[i + 1] = l->offset[i] + tensor->shape[1];
        if (tensor->shape[1] > l->probe.longest) l->probe.longest = tensor->shape[1];
    }
    l->probe.samples = l->samples;
    l->probe.tokens = l->offset[l->samples];
    l->probe.offset = l->offset;
    const size_t window = (size_t)spt_json_integer(spt_json_get(group, "window"), 0);
    const bool full = strcmp(spt_json_string(spt_json_get(group, "kind"), NULL), "full") == 0;
    const enum spt_mask_kind kind = full ? SPT_MASK_FULL : window ? SPT_MASK_WINDOW : SPT_MASK_CAUSAL;
    spt_plan_init(&l->plan);
    assert_int_equal(spt_selection_init(&l->selection, &l->plan, full, &error), SPT_OK);
    assert_int_equal(spt_laws_new(&l->laws, &error), SPT_OK);
    assert_int_equal(spt_mask_set_init(&l->masks, kind, window, &l->probe, &error), SPT_OK);
    assert_int_equal(spt_layer_values_init(&l->values, &l->selection, &l->probe, l->heads, &error), SPT_OK);
    assert_int_equal(spt_measurer_new(&l->selection, &l->plan, l->probe.longest, &l->measurer, &error), SPT_OK);
    l->context = (struct spt_measure_context){&l->selection, &l->plan, &l->probe, l->laws, &l->masks, &l->values};
}

static void layer_close(struct layer *l) {
    spt_measurer_free(l->measurer);
    spt_layer_values_release(&l->values, &l->selection);
    spt_mask_set_release(&l->masks);
    spt_laws_free(l->laws);
    spt_selection_release(&l->selection);
    spt_plan_release(&l->plan);
    free(l->offset);
}

static void layer_measure(struct layer *l, struct fixture *f) {
    struct spt_error error;
    for (size_t i = 0; i < l->samples; i++) {
        const struct spt_tensor *tensor = tensor_of(f, l->name, i);
        float *a = malloc(tensor->bytes);
        assert_int_equal(spt_checkpoint_read_f32(f->tensors, tensor, a, &error), SPT_OK);
        const size_t cells = tensor->shape[1] * tensor->shape[2];
        for (size_t h = 0; h < l->heads; h++)
            for (size_t k = 0; k < cells; k++) spt_measurer_matrix(l->measurer, h)[k] = (double)a[h * cells + k];
        assert_int_equal(spt_measure_batch(l->measurer, &l->context, i, 0, l->heads, NULL, &error), SPT_OK);
        free(a);
    }
    assert_int_equal(spt_measure_layer(l->measurer, &l->context, &error), SPT_OK);
}

/* Compares every row of a level with the fixture, and tells how many figures the fixture had. */
static size_t check_samples(const struct layer *l) {
    const struct spt_json *samples = spt_json_get(l->expected, "samples");
    size_t compared = 0;
    for (size_t m = 0; m < l->selection.count[SPT_LEVEL_HEAD]; m++) {
        const char *name = spt_selection_at(&l->selection, SPT_LEVEL_HEAD, m)->name;
        for (size_t i = 0; i < l->samples; i++) {
            const struct spt_json *heads = spt_json_get(spt_json_at(samples, i), name);
            for (size_t h = 0; heads && h < l->heads; h++, compared++)
                check(l->name, name, i, h, l->values.value[(m * l->heads + h) * l->samples + i], spt_json_at(heads, h));
        }
    }
    for (size_t m = 0; m < l->selection.count[SPT_LEVEL_LAYER]; m++) {
        char name[128];
        snprintf(name, sizeof name, "layer:%s", spt_selection_at(&l->selection, SPT_LEVEL_LAYER, m)->name);
        for (size_t i = 0; i < l->samples; i++, compared++)
            check(l->name, name + 6, i, 0, l->values.layer_value[m * l->samples + i],
                  spt_json_get(spt_json_at(samples, i), name));
    }
    return compared;
}

static size_t check_pooled(const struct layer *l, struct spt_density *density) {
    const struct spt_json *pooled = spt_json_get(l->expected, "pooled");
    size_t compared = 0;
    for (size_t h = 0; h < l->heads; h++) {
        const struct spt_pool pool = spt_pool_of(&l->context, h, density);
        for (size_t m = 0; m < l->selection.count[SPT_LEVEL_POOLED]; m++) {
            const struct spt_metric *metric = spt_selection_at(&l->selection, SPT_LEVEL_POOLED, m);
            const struct spt_json *heads = spt_json_get(pooled, metric->name);
            if (!heads) continue;
            check(l->name, metric->name, 0, h, metric->pooled(&pool), spt_json_at(heads, h));
            compared++;
        }
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
        layer_measure(&l, f);
        check_all_known(&l);
        assert_true(check_samples(&l) > 40 * l.samples);
        assert_true(check_pooled(&l, spt_measurer_density(l.measurer)) >= l.heads);
        layer_close(&l);
    }
}

static void a_matrix_with_a_nan_has_no_values_and_spoils_no_other(void **state) {
    struct fixture *f = *state;
    const struct spt_json *group = spt_json_at(spt_json_get(spt_json_root(f->expected), "groups"), 0);
    struct layer l;
    struct spt_error error;
    layer_open(&l, f, group);
    layer_measure(&l, f);
    const size_t last = l.samples - 1;
    spt_measurer_matrix(l.measurer, 1)[3] = NAN;
    assert_int_equal(spt_measure_batch(l.measurer, &l.context, last, 0, l.heads, NULL, &error), SPT_OK);
    assert_int_equal(spt_measure_layer(l.measurer, &l.context, &error), SPT_OK);
    for (size_t m = 0; m < l.selection.count[SPT_LEVEL_HEAD]; m++) {
        const struct spt_metric *metric = spt_selection_at(&l.selection, SPT_LEVEL_HEAD, m);
        const struct spt_json *heads = spt_json_get(spt_json_at(spt_json_get(group, "samples"), last), metric->name);
        assert_true(isnan(l.values.value[(m * l.heads + 1) * l.samples + last]));
        if (heads)
            check(l.name, metric->name, last, 0, l.values.value[m * l.heads * l.samples + last], spt_json_at(heads, 0));
    }
    assert_true(isnan(l.values.layer_value[last]));
    layer_close(&l);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_metric_equals_numpy),
        cmocka_unit_test(a_matrix_with_a_nan_has_no_values_and_spoils_no_other),
    };
    return cmocka_run_group_tests(tests, open_fixture, close_fixture);
}
