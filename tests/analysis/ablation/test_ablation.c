/* The ablated pass against HF transformers under the same mask (tests/data/ablation.json, made by
 * tests/peer/make_ablation_fixture.py): the reference tokens, the loss, the KL and every head's entropy, for each kind
 * of attention, windows, linear biases, an encoder, an output narrower than the stream. */
#include "tests/analysis/fixture_pass.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* Of differences of figures of whole passes, whose logits and attention are each within 1e-5 of HF's
 * (test_parity.c). */
#define NATS    5e-6
#define ENTROPY 5e-6

struct seen {
    const struct spt_json *model;
    size_t entropies, losses, divergences;
};

static int open_fixture(void **state) {
    struct spt_error error;
    struct spt_json_document *document;
    if (spt_json_read_file(SPT_TEST_DATA "/ablation.json", 1 << 20, false, &document, &error) != SPT_OK) return -1;
    *state = document;
    return 0;
}

static int close_fixture(void **state) {
    spt_json_free(*state);
    return 0;
}

static bool has_references(const struct seen *seen, size_t sample) {
    const struct spt_json *layers =
        spt_json_get(spt_json_at(spt_json_get(seen->model, "samples"), sample), "references");
    size_t count = 0;
    for (size_t l = 0; l < spt_json_count(layers); l++) count += spt_json_count(spt_json_at(layers, l));
    return count > 0;
}

/* A sample without any reference token has differences of 0, exactly. */
static void assert_value(const struct seen *seen, const struct spt_vector *vector, size_t sample,
                         const struct spt_json *expected, double tolerance) {
    const double theirs = spt_json_number(expected, NAN), ours = (double)vector->values[sample];
    if (!has_references(seen, sample)) tolerance = 0;
    assert_int_not_equal(spt_json_kind(expected), SPT_JSON_ABSENT);
    if (isnan(theirs) ? isnan(ours) : fabs(ours - theirs) <= tolerance * fmax(1, fabs(theirs))) return;
    fail_msg("%s, layer %d, head %d, sample %zu: %s is %.9g, HF under the same mask gives %.9g",
             spt_json_string(spt_json_get(seen->model, "name"), NULL), vector->layer, vector->head, sample,
             vector->metric->name, ours, theirs);
}

static enum spt_status see_samples(void *context, const struct spt_vector *vector, struct spt_error *error) {
    struct seen *seen = context;
    const struct spt_json *samples = spt_json_get(seen->model, "samples");
    (void)error;
    assert_int_equal(vector->count, spt_json_count(samples));
    for (size_t i = 0; i < vector->count; i++) {
        const struct spt_json *sample = spt_json_at(samples, i);
        if (strcmp(vector->metric->name, "ablate.entropy") == 0 && vector->head >= 0) {
            const struct spt_json *heads = spt_json_at(spt_json_get(sample, "entropy"), (size_t)vector->layer);
            assert_value(seen, vector, i, spt_json_at(heads, (size_t)vector->head), ENTROPY);
            seen->entropies++;
        } else if (strcmp(vector->metric->name, "ablate.loss") == 0) {
            assert_value(seen, vector, i, spt_json_get(sample, "loss"), NATS);
            seen->losses++;
        } else if (strcmp(vector->metric->name, "ablate.kl") == 0) {
            assert_value(seen, vector, i, spt_json_get(sample, "kl"), NATS);
            seen->divergences++;
        }
    }
    return SPT_OK;
}

static void check_references(const struct spt_json *model, const struct spt_probe *probe,
                             const struct spt_analysis *analysis, size_t layers) {
    for (size_t i = 0; i < probe->samples; i++)
        for (size_t l = 0; l < layers; l++) {
            const struct spt_json *sample = spt_json_at(spt_json_get(model, "samples"), i);
            const struct spt_json *wanted = spt_json_at(spt_json_get(sample, "references"), l);
            const struct spt_reference_tokens *found = spt_analysis_references(analysis, l);
            size_t count = 0;
            for (size_t k = probe->offset[i]; k < probe->offset[i + 1]; k++) count += found->is_reference[k];
            assert_true(found->known[i]);
            assert_int_equal(count, spt_json_count(wanted));
            for (size_t r = 0; r < count; r++)
                assert_int_equal(
                    found->is_reference[probe->offset[i] + (size_t)spt_json_integer(spt_json_at(wanted, r), 0)], 1);
        }
}

static void check_model(const struct spt_json *model) {
    static const char *const GROUPS[] = {"ablate", NULL};
    struct seen seen = {.model = model};
    struct fixture_pass pass;
    const struct spt_emit emit = {.context = &seen, .samples = see_samples};
    fixture_pass_run(&pass, model, GROUPS, 1, &emit);
    check_references(model, &pass.probe, pass.analysis, pass.config.layers);
    assert_int_equal(seen.entropies, pass.config.layers * pass.config.heads * pass.probe.samples);
    assert_int_equal(seen.losses, pass.config.bidirectional ? 0 : pass.probe.samples);
    assert_int_equal(seen.divergences, seen.losses);
    fixture_pass_release(&pass);
}

static void a_model_without_its_references_is_hfs_under_the_same_mask(void **state) {
    const struct spt_json *cases = spt_json_get(spt_json_root(*state), "cases");
    assert_int_equal(spt_json_count(cases), 12);
    for (size_t c = 0; c < spt_json_count(cases); c++) check_model(spt_json_at(cases, c));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_model_without_its_references_is_hfs_under_the_same_mask),
    };
    return cmocka_run_group_tests(tests, open_fixture, close_fixture);
}
