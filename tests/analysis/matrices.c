#include "tests/analysis/matrices.h"

#include "analysis/pairs.h"
#include "analysis/pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

void matrices_open(struct matrices *m, enum spt_mask_kind kind, size_t window, const size_t *lengths, size_t samples,
                   size_t heads) {
    struct spt_error error;
    *m = (struct matrices){.heads = heads, .offset = calloc(samples + 1, sizeof(size_t))};
    assert_non_null(m->offset);
    for (size_t i = 0; i < samples; i++) {
        m->offset[i + 1] = m->offset[i] + lengths[i];
        if (lengths[i] > m->probe.longest) m->probe.longest = lengths[i];
    }
    m->probe.samples = samples;
    m->probe.tokens = m->offset[samples];
    m->probe.offset = m->offset;
    spt_plan_init(&m->plan);
    assert_non_null(m->plan.metric);
    assert_int_equal(spt_selection_init(&m->selection, &m->plan, spt_mask_lacks(kind), &error), SPT_OK);
    assert_int_equal(spt_laws_new(&m->laws, &error), SPT_OK);
    assert_int_equal(spt_mask_set_init(&m->masks, kind, window, &m->probe, &error), SPT_OK);
    assert_int_equal(spt_layer_values_init(&m->values, &m->selection, &m->probe, heads, &error), SPT_OK);
    assert_int_equal(spt_measurer_new(&m->selection, &m->plan, m->probe.longest, &m->measurer, &error), SPT_OK);
    m->references =
        (struct spt_reference_tokens){.is_reference = calloc(m->probe.tokens, 1), .known = calloc(samples, 1)};
    assert_true(m->references.is_reference && m->references.known);
    m->context = (struct spt_measure_context){.selection = &m->selection,
                                              .plan = &m->plan,
                                              .probe = &m->probe,
                                              .laws = m->laws,
                                              .masks = &m->masks,
                                              .values = &m->values,
                                              .references = &m->references};
}

typedef enum spt_status look(struct spt_measurer *measurer, const struct spt_measure_context *context,
                             const struct spt_batch *batch, struct spt_error *error);

static void look_at(struct matrices *m, size_t sample, matrices_fill *fill, void *context, look *look_once) {
    struct spt_error error;
    const struct spt_mask *mask = spt_mask_set_of(&m->masks, m->offset[sample + 1] - m->offset[sample]);
    for (size_t first = 0; first < m->heads; first += SPT_HEAD_BATCH) {
        const size_t count = m->heads - first < SPT_HEAD_BATCH ? m->heads - first : SPT_HEAD_BATCH;
        const struct spt_batch batch = {.sample = sample,
                                        .first_head = first,
                                        .heads = count,
                                        .vectors = m->vectors ? m->vectors(context, sample, first) : NULL};
        for (size_t h = 0; h < count; h++) fill(context, sample, first + h, mask, spt_measurer_matrix(m->measurer, h));
        assert_int_equal(look_once(m->measurer, &m->context, &batch, &error), SPT_OK);
    }
}

void matrices_measure(struct matrices *m, matrices_fill *fill, void *context) {
    struct spt_error error;
    for (size_t i = 0; i < m->probe.samples; i++) {
        look_at(m, i, fill, context, spt_measure_batch);
        assert_int_equal(spt_measure_sample(m->measurer, &m->context, i, &error), SPT_OK);
        look_at(m, i, fill, context, spt_measure_again);
    }
    assert_int_equal(spt_measure_layer(m->measurer, &m->context, &error), SPT_OK);
}

void matrices_close(struct matrices *m) {
    spt_measurer_free(m->measurer);
    spt_layer_values_release(&m->values, &m->selection);
    spt_mask_set_release(&m->masks);
    spt_laws_free(m->laws);
    spt_selection_release(&m->selection);
    spt_plan_release(&m->plan);
    free(m->references.is_reference);
    free(m->references.known);
    free(m->offset);
}

static size_t place(const struct matrices *m, enum spt_metric_level level, const char *metric) {
    for (size_t i = 0; i < m->selection.count[level]; i++)
        if (strcmp(spt_selection_at(&m->selection, level, i)->name, metric) == 0) return i;
    fail_msg("no metric %s at this level", metric);
    return 0;
}

double matrices_value(const struct matrices *m, const char *metric, size_t head, size_t sample) {
    return m->values.value[(place(m, SPT_LEVEL_HEAD, metric) * m->heads + head) * m->probe.samples + sample];
}

double matrices_layer_value(const struct matrices *m, const char *metric, size_t sample) {
    return m->values.layer_value[place(m, SPT_LEVEL_LAYER, metric) * m->probe.samples + sample];
}

double matrices_pooled(const struct matrices *m, const char *metric, size_t head) {
    const struct spt_pool pool = spt_pool_of(&m->context, head, spt_measurer_density(m->measurer));
    return spt_selection_at(&m->selection, SPT_LEVEL_POOLED, place(m, SPT_LEVEL_POOLED, metric))->pooled(&pool);
}

double matrices_pairs(const struct matrices *m, const char *metric, size_t first, size_t heads) {
    const size_t row = place(m, SPT_LEVEL_PAIRS, metric);
    const struct spt_pairs pairs = spt_pairs_of(&m->context, row, first, heads);
    double value;
    assert_int_equal(
        spt_selection_at(&m->selection, SPT_LEVEL_PAIRS, row)->pooling->pool(&pairs, NULL, &value, NULL, NULL), SPT_OK);
    return value;
}

void fill_uniform(void *context, size_t sample, size_t head, const struct spt_mask *mask, double *a) {
    (void)context, (void)sample, (void)head;
    for (size_t i = 0; i < mask->n; i++)
        for (size_t k = 0; k < mask->n; k++)
            a[i * mask->n + k] = k >= mask->first[i] && k < mask->end[i] ? 1 / (double)mask->sees[i] : 0;
}

void fill_first(void *context, size_t sample, size_t head, const struct spt_mask *mask, double *a) {
    (void)context, (void)sample, (void)head;
    for (size_t i = 0; i < mask->n; i++)
        for (size_t k = 0; k < mask->n; k++) a[i * mask->n + k] = k == mask->first[i];
}
