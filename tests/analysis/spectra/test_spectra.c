/* Spectra of made-up matrices: what independent entries, planted spikes, heavy tails and degenerate matrices give. */
#include "analysis/random.h"
#include "analysis/spectra/eigenvalues.h"
#include "analysis/spectra/gram.h"
#include "analysis/spectra/spectra.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define EVERYTHING ((unsigned)(SPT_NEED_LEADING | SPT_NEED_BULK | SPT_NEED_TAIL))

static float normal(struct spt_random *random) {
    const double length = sqrt(2 * spt_random_exponential(random)),
                 turn = 6.283185307179586 * spt_random_uniform(random);
    return (float)(length * cos(turn));
}

struct job {
    double *gram, *scratch;
    size_t order, longer;
    unsigned needs;
    struct spt_layer_spectrum spectrum;
};

static enum spt_status look(void *context, size_t task, size_t thread, struct spt_error *error) {
    struct job *job = context;
    (void)task;
    (void)thread;
    return spt_layer_spectrum_of(job->gram, job->order, job->longer, job->needs, job->scratch, &job->spectrum, error);
}

static struct spt_layer_spectrum spectrum_of(const float *w, size_t rows, size_t columns, unsigned needs) {
    const size_t order = rows < columns ? rows : columns;
    const struct spt_matrix_rows all = {
        {.dtype = SPT_F32, .rows = rows, .columns = columns, .data = w}, .rows = rows, .run = rows, .stride = rows};
    struct job job = {.gram = malloc(order * order * sizeof(double)),
                      .scratch = malloc(spt_eigenvalues_scratch(order) * sizeof(double)),
                      .order = order,
                      .longer = rows < columns ? columns : rows,
                      .needs = needs};
    struct spt_team team;
    assert_true(job.gram && job.scratch);
    assert_int_equal(spt_team_init(&team, 1, spt_gram_scratch(), NULL), SPT_OK);
    assert_int_equal(spt_gram_of(&team, &all, NULL, job.gram, NULL), SPT_OK);
    assert_int_equal(spt_team_run(&team, 1, look, &job, NULL), SPT_OK);
    spt_team_release(&team);
    free(job.gram);
    free(job.scratch);
    return job.spectrum;
}

static float *independent(size_t rows, size_t columns, uint64_t seed) {
    struct spt_random random;
    float *w = malloc(rows * columns * sizeof *w);
    assert_non_null(w);
    spt_random_seed(&random, seed);
    for (size_t i = 0; i < rows * columns; i++) w[i] = 0.02f * normal(&random);
    return w;
}

static const size_t SHAPES[][2] = {{200, 200}, {200, 800}, {800, 200}, {150, 3000}};
enum { SHAPE_COUNT = sizeof SHAPES / sizeof *SHAPES };

static void independent_entries_follow_the_law_and_have_no_spikes(void **state) {
    (void)state;
    for (size_t s = 0; s < SHAPE_COUNT; s++) {
        float *w = independent(SHAPES[s][0], SHAPES[s][1], s + 1);
        const struct spt_layer_spectrum found = spectrum_of(w, SHAPES[s][0], SHAPES[s][1], EVERYTHING);
        /* Eigenvalues repel each other: sup |F_n - F| is of the order of 1 / n, not of 1 / sqrt(n). */
        assert_true(found.mp_ks > 0 && found.mp_ks < 4 / (double)found.order);
        assert_true(found.spikes == 0);
        assert_true(found.gap_ratio > 0 && found.gap_ratio < 0.1);
        free(w);
    }
}

/* Adds a direction of a given strength to entries of unit variance (times 0.02): theta u v^T of unit vectors. Of W / sqrt(longer)
 * it makes an eigenvalue beyond the edge just where theta^2 > sqrt(rows columns), Baik, Ben Arous and Peche (2005). */
static struct spt_layer_spectrum planted(size_t rows, size_t columns, double strength, uint64_t seed) {
    float *w = independent(rows, columns, seed);
    const double theta = strength * pow((double)(rows * columns), 0.25);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++) {
            const double u = (i % 2 ? 1 : -1) / sqrt((double)rows), v = (j % 3 ? 1 : -1) / sqrt((double)columns);
            w[i * columns + j] += (float)(0.02 * theta * u * v);
        }
    const struct spt_layer_spectrum found = spectrum_of(w, rows, columns, EVERYTHING);
    free(w);
    return found;
}

static void a_direction_above_the_threshold_is_a_spike_and_one_below_is_not(void **state) {
    (void)state;
    for (size_t s = 0; s < SHAPE_COUNT; s++) {
        assert_true(planted(SHAPES[s][0], SHAPES[s][1], 2, s + 1).spikes == 1);
        assert_true(planted(SHAPES[s][0], SHAPES[s][1], 0.5, s + 1).spikes == 0);
    }
}

static void what_is_not_needed_is_left_out_and_what_is_does_not_change(void **state) {
    float *w = independent(420, 500, 9); /* beyond the order up to which two eigenvalues take all of them */
    const struct spt_layer_spectrum all = spectrum_of(w, 420, 500, EVERYTHING), none = spectrum_of(w, 420, 500, 0);
    const struct spt_layer_spectrum two = spectrum_of(w, 420, 500, SPT_NEED_LEADING),
                                    bulk = spectrum_of(w, 420, 500, SPT_NEED_BULK);
    const struct spt_layer_spectrum tail = spectrum_of(w, 420, 500, SPT_NEED_TAIL);
    (void)state;
    assert_true(none.participation == all.participation && two.participation == all.participation);
    assert_true(isnan(none.gap_ratio) && isnan(none.mp_ks) && isnan(none.alpha) && isnan(bulk.alpha) &&
                isnan(bulk.gap_ratio));
    assert_true(bulk.mp_ks == all.mp_ks && bulk.spikes == all.spikes && isnan(tail.mp_ks) && isnan(tail.spikes));
    assert_true(tail.alpha == all.alpha && tail.alpha_ks == all.alpha_ks && tail.alpha_tail == all.alpha_tail);
    assert_true(fabs(two.gap_ratio - all.gap_ratio) < 1e-9 && isnan(two.mp_ks));
    free(w);
}

/* Small eigenvalues of a Gram matrix lose half of their digits. Of a square matrix, where the law is steepest, at 0: the
 * distance from the law is still that of the singular values themselves, to 1e-7. */
static void singular_values_of_1e_minus_7_of_the_largest_are_still_seen(void **state) {
    enum { N = 64 };
    float w[N * N] = {0};
    (void)state;
    for (size_t i = 0; i < N; i++) w[i * N + i] = ldexpf(1, -(int)(i * 23 / (N - 1))); /* 1 ... 1.2e-7 */
    const struct spt_layer_spectrum found = spectrum_of(w, N, N, EVERYTHING);
    double sum = 0, squares = 0;
    for (size_t i = 0; i < N; i++) {
        const double lambda = pow((double)w[i * N + i], 2);
        sum += lambda;
        squares += lambda * lambda;
    }
    assert_true(fabs(found.participation - sum * sum / squares) < 1e-13 * found.participation);
    assert_true(found.alpha > 1 && found.alpha_tail > 0 && found.mp_ks > 0.3);
}

static void assert_undefined(const struct spt_layer_spectrum *s) {
    assert_true(isnan(s->gap_ratio) && isnan(s->participation) && isnan(s->mp_ks) && isnan(s->spikes));
    assert_true(isnan(s->alpha) && isnan(s->alpha_ks) && isnan(s->alpha_tail));
}

static void zeros_nan_and_infinity_are_undefined(void **state) {
    enum { ROWS = 40, COLUMNS = 50 };
    const float bad[] = {0, NAN, INFINITY, -INFINITY};
    (void)state;
    for (size_t b = 0; b < 4; b++)
        for (int flat = 0; flat < 2; flat++) {
            float w[ROWS * COLUMNS] = {0};
            for (size_t i = 0; b && i < ROWS * COLUMNS; i++) w[i] = (float)(i % 7);
            w[ROWS * COLUMNS / 2 + 3] = bad[b];
            const struct spt_layer_spectrum found =
                spectrum_of(w, flat ? ROWS : COLUMNS, flat ? COLUMNS : ROWS, EVERYTHING);
            assert_undefined(&found);
        }
}

static void a_constant_matrix_has_one_direction_and_no_law(void **state) {
    float w[30 * 20];
    (void)state;
    for (size_t i = 0; i < 30 * 20; i++) w[i] = 0.25f;
    const struct spt_layer_spectrum found = spectrum_of(w, 30, 20, EVERYTHING);
    assert_true(fabs(found.gap_ratio - 1) < 1e-14 && fabs(found.participation - 1) < 1e-14);
    assert_true(isnan(found.mp_ks) && isnan(found.spikes) && isnan(found.alpha) && isnan(found.alpha_tail));
}

static void equal_singular_values_have_no_tail(void **state) {
    enum { N = 64 }; /* Hadamard's matrix: every singular value is 8 */
    float w[N * N];
    (void)state;
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < N; j++) w[i * N + j] = __builtin_parity((unsigned)(i & j)) ? -1 : 1;
    const struct spt_layer_spectrum found = spectrum_of(w, N, N, EVERYTHING);
    assert_true(fabs(found.participation - N) < 1e-12 && fabs(found.gap_ratio) < 1e-14);
    assert_true(found.mp_ks > 0.4 && isnan(found.alpha) && isnan(found.alpha_ks) && isnan(found.alpha_tail));
}

static void one_row_or_column_has_a_participation_alone(void **state) {
    const float w[] = {1, -2, 3};
    (void)state;
    for (size_t rows = 1; rows <= 3; rows += 2) {
        const struct spt_layer_spectrum found = spectrum_of(w, rows, 4 - rows, EVERYTHING);
        assert_true(found.order == 1 && found.participation == 1);
        assert_true(isnan(found.gap_ratio) && isnan(found.mp_ks) && isnan(found.alpha));
    }
    assert_true(spectrum_of(w, 1, 3, SPT_NEED_LEADING).order == 1);
    assert_true(isnan(spectrum_of(w, 1, 3, SPT_NEED_LEADING).gap_ratio));
}

/* The square of an entry of 1e-30 is nothing in single precision, and that of 1e30 infinite. */
static void scale_does_not_matter(void **state) {
    float *w = independent(60, 90, 4);
    const struct spt_layer_spectrum plain = spectrum_of(w, 60, 90, EVERYTHING);
    const int exponents[] = {-90, 120};
    (void)state;
    for (size_t e = 0; e < 2; e++) {
        float *scaled = malloc(60 * 90 * sizeof *scaled);
        assert_non_null(scaled);
        for (size_t i = 0; i < 60 * 90; i++) scaled[i] = ldexpf(w[i], exponents[e]);
        const struct spt_layer_spectrum found = spectrum_of(scaled, 60, 90, EVERYTHING);
        assert_true(fabs(found.gap_ratio - plain.gap_ratio) < 1e-12 &&
                    fabs(found.participation - plain.participation) < 1e-9);
        assert_true(fabs(found.mp_ks - plain.mp_ks) < 1e-11 && found.spikes == plain.spikes);
        assert_true(fabs(found.alpha - plain.alpha) < 1e-9 && found.alpha_tail == plain.alpha_tail);
        free(scaled);
    }
    free(w);
}

/* --- one checkpoint after another --- */

/* [24, 6] in which column i has scale[i]. */
static void fill_stream(float *x, const double *scale, uint64_t seed) {
    struct spt_random random;
    spt_random_seed(&random, seed);
    for (size_t i = 0; i < 24 * 6; i++) x[i] = normal(&random) * (float)scale[i % 6];
}

static void what_waited_in_a_stopped_checkpoint_is_not_measured_in_the_next(void **state) {
    static const double EVEN[6] = {1, 1, 1, 1, 1, 1}, LED[6] = {9, 1, 1, 1, 1, 1};
    const struct spt_model_config config = {.model_type = "llama", .layers = 2, .hidden = 6};
    const struct spt_probe probe = {.tokens = 24};
    float even[24 * 6], led[24 * 6];
    struct spt_plan plan;
    struct spt_selection selection;
    struct spt_team team;
    struct spt_spectra *spectra;
    (void)state;
    fill_stream(even, EVEN, 1);
    fill_stream(led, LED, 2);
    spt_plan_init(&plan);
    assert_non_null(plan.metric);
    for (size_t i = 0; i < SPT_METRIC_COUNT; i++)
        plan.metric[i] = SPT_METRICS[i].level == SPT_LEVEL_SPECTRUM && SPT_METRICS[i].matrix == SPT_MATRIX_HIDDEN;
    assert_int_equal(spt_selection_init(&selection, &plan, 0, NULL), SPT_OK);
    assert_int_equal(spt_team_init(&team, 2, spt_spectra_scratch(&selection), NULL), SPT_OK);
    assert_int_equal(spt_spectra_new(&selection, &config, &probe, &team, &spectra, NULL), SPT_OK);
    const struct spt_layer_spectrum *second = &spt_spectra_layers(spectra)[SPT_LAYER_MATRICES + SPT_MATRIX_HIDDEN];

    spt_spectra_start(spectra);
    assert_int_equal(spt_spectra_hidden(spectra, 0, even, NULL), SPT_OK);
    assert_int_equal(spt_spectra_hidden(spectra, 1, even, NULL), SPT_OK);
    assert_int_equal(spt_spectra_finish(spectra, NULL), SPT_OK);
    const struct spt_layer_spectrum before = *second;
    assert_true(before.participation > 4);

    spt_spectra_start(spectra);
    assert_int_equal(spt_spectra_hidden(spectra, 1, led, NULL), SPT_OK); /* and here it stops */
    spt_spectra_start(spectra);
    assert_int_equal(spt_spectra_hidden(spectra, 0, led, NULL), SPT_OK);
    assert_int_equal(spt_spectra_finish(spectra, NULL), SPT_OK);
    assert_true(spt_spectra_layers(spectra)[SPT_MATRIX_HIDDEN].participation < 2);
    assert_true(second->participation == before.participation);

    spt_spectra_free(spectra);
    spt_team_release(&team);
    spt_selection_release(&selection);
    spt_plan_release(&plan);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(independent_entries_follow_the_law_and_have_no_spikes),
        cmocka_unit_test(a_direction_above_the_threshold_is_a_spike_and_one_below_is_not),
        cmocka_unit_test(what_is_not_needed_is_left_out_and_what_is_does_not_change),
        cmocka_unit_test(singular_values_of_1e_minus_7_of_the_largest_are_still_seen),
        cmocka_unit_test(zeros_nan_and_infinity_are_undefined),
        cmocka_unit_test(a_constant_matrix_has_one_direction_and_no_law),
        cmocka_unit_test(equal_singular_values_have_no_tail),
        cmocka_unit_test(one_row_or_column_has_a_participation_alone),
        cmocka_unit_test(scale_does_not_matter),
        cmocka_unit_test(what_waited_in_a_stopped_checkpoint_is_not_measured_in_the_next),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
