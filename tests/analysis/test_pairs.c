/* Figures of pairs from what each layer gave: a layer's own, the model's as the mean over layers, draw by draw. */
#include "analysis/analyze.h"
#include "analysis/pairs.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

enum { LAYERS = 3, DRAWS = 5, SAMPLES = 10 };

/* Two metrics; of the second, layer 1 is undefined, and one draw of layer 0. */
static struct spt_pair_figures figures_open(const struct spt_selection *selection,
                                            const struct spt_bootstrap *bootstrap) {
    static const double VALUE[2 * LAYERS] = {9, 9, 9, 1, NAN, 4};
    static const size_t N[2 * LAYERS] = {10, 10, 10, 8, 0, 7};
    static const double DRAW[LAYERS][DRAWS] = {{0, 1, 2, NAN, 4}, {NAN, NAN, NAN, NAN, NAN}, {10, 20, 30, 40, 50}};
    struct spt_pair_figures f;
    assert_int_equal(spt_pair_figures_init(&f, selection, bootstrap, LAYERS, NULL), SPT_OK);
    for (size_t i = 0; i < 2 * LAYERS; i++) {
        f.value[i] = VALUE[i];
        f.n[i] = N[i];
        for (size_t d = 0; d < DRAWS; d++) f.draws[i * DRAWS + d] = i < LAYERS ? 9 : DRAW[i - LAYERS][d];
    }
    return f;
}

static void assert_figure(struct spt_pair_figures *f, int layer, double mean, double lo, double hi, size_t n) {
    const struct spt_summary found = spt_pair_figures_of(f, 1, layer);
    assert_true(isnan(mean) ? isnan(found.mean) : found.mean == mean);
    assert_true(isnan(lo) ? isnan(found.lo) && isnan(found.hi)
                          : fabs(found.lo - lo) < 1e-12 && fabs(found.hi - hi) < 1e-12);
    assert_true(isnan(found.sd) && found.n == n && found.bad == SAMPLES - n);
}

/* Percentiles by hand: of 0 1 2 4 at 3 q, of five draws at 4 q, q = 0.025 and 0.975. */
static void layers_have_their_own_and_the_model_the_mean_of_each_draw(void **state) {
    (void)state;
    struct spt_selection selection = {.total = 2};
    const struct spt_bootstrap bootstrap = {.draws = DRAWS, .samples = SAMPLES};
    selection.count[SPT_LEVEL_PAIRS] = 2;
    struct spt_pair_figures f = figures_open(&selection, &bootstrap);
    assert_figure(&f, 0, 1, 0.075, 3.85, 8);
    assert_figure(&f, 1, NAN, NAN, NAN, 0);
    assert_figure(&f, 2, 4, 11, 49, 7);
    /* 5, 10.5, 16, 40 (of layer 2 alone), 27 */
    assert_figure(&f, SPT_WHOLE_MODEL, 2.5, 5.55, 38.7, 8);
    spt_pair_figures_release(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layers_have_their_own_and_the_model_the_mean_of_each_draw),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
