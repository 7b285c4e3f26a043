/* Fiedler values: graphs whose values are known in closed form (Chung 1997; Brouwer and Haemers 2012), LAPACK's dsyev on
 * thousands of others, and that a lane is alone. */
#include "analysis/graph/fiedler_internal.h"
#include "analysis/mask.h"
#include "analysis/random.h"
#include "analysis/rmt/residual.h"
#include "checkpoints/base/memory.h"
#include "tests/analysis/kernels.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const double PI = 3.14159265358979323846;

#define BATCH 8

static double *zeros(size_t n) {
    double *w = spt_alloc_zeroed(n * n, sizeof *w);
    assert_non_null(w);
    return w;
}

static void join(double *w, size_t n, size_t i, size_t j, double weight) {
    if (i != j) w[i * n + j] = w[j * n + i] = weight;
}

static struct spt_fiedler *workspace_of(size_t n) {
    struct spt_fiedler *w;
    assert_int_equal(spt_fiedler_new(n, &w, NULL), SPT_OK);
    return w;
}

static double value_of(const double *weight, size_t n, bool normalised) {
    const struct spt_fiedler_problem problem = {weight, 0, normalised};
    struct spt_fiedler *w = workspace_of(n);
    double value;
    spt_fiedler_of(w, &problem, 1, n, &value);
    spt_fiedler_free(w);
    return value;
}

/* The largest degree, as a bound of the norm. */
static double scale_of(const struct spt_fiedler_problem *problem, size_t n) {
    double largest = 0;
    for (size_t i = 0; i < n && !problem->normalised; i++) {
        double degree = 0;
        for (size_t j = 0; j < n; j++) degree += problem->weight[i * n + j];
        largest = fmax(largest, degree);
    }
    return problem->normalised ? 1 : largest;
}

static void assert_values(const double *weight, size_t n, double plain, double normalised, const char *what) {
    const struct spt_fiedler_problem problem = {weight, 0, false};
    const double ours = value_of(weight, n, false), ours_normalised = value_of(weight, n, true);
    const double tolerance = 1e-14 + 3e-16 * (double)n;
    if (!(fabs(ours - plain) <= tolerance * scale_of(&problem, n)))
        fail_msg("%s, n = %zu: %.17g, expected %.17g", what, n, ours, plain);
    if (!(fabs(ours_normalised - normalised) <= tolerance))
        fail_msg("%s, n = %zu, normalised: %.17g, expected %.17g", what, n, ours_normalised, normalised);
}

/* --- closed forms --- */

static const size_t ORDERS[] = {2, 3, 4, 5, 8, 16, 33, 46, 56, 57, 128, 129, 200};
#define ORDER_COUNT (sizeof ORDERS / sizeof *ORDERS)

static void complete_graphs_have_n_times_the_weight(void **state) {
    (void)state;
    for (size_t o = 0; o < ORDER_COUNT; o++) {
        const size_t n = ORDERS[o];
        double *w = zeros(n);
        for (size_t i = 0; i < n * n; i++) join(w, n, i / n, i % n, 0.3);
        assert_values(w, n, 0.3 * (double)n, (double)n / (double)(n - 1), "complete");
        free(w);
    }
}

static void stars_have_the_weight(void **state) {
    (void)state;
    for (size_t o = 1; o < ORDER_COUNT; o++) {
        const size_t n = ORDERS[o], centres[] = {0, n / 2, n - 1};
        for (size_t c = 0; c < 3; c++) {
            double *w = zeros(n);
            for (size_t i = 0; i < n; i++) join(w, n, i, centres[c], 0.5);
            assert_values(w, n, 0.5, 1, "star");
            free(w);
        }
    }
}

static void paths_have_cosines(void **state) {
    (void)state;
    for (size_t o = 0; o < ORDER_COUNT; o++) {
        const size_t n = ORDERS[o];
        double *w = zeros(n);
        for (size_t i = 0; i + 1 < n; i++) join(w, n, i * 7 % n, (i + 1) * 7 % n, 0.5);
        if (n % 7) assert_values(w, n, 1 - cos(PI / (double)n), 1 - cos(PI / (double)(n - 1)), "path");
        free(w);
    }
}

/* The value is a double one. */
static void cycles_have_cosines(void **state) {
    (void)state;
    for (size_t o = 1; o < ORDER_COUNT; o++) {
        const size_t n = ORDERS[o];
        double *w = zeros(n);
        for (size_t i = 0; i < n; i++) join(w, n, i, (i + 1) % n, 0.25);
        assert_values(w, n, 0.5 * (1 - cos(2 * PI / (double)n)), 1 - cos(2 * PI / (double)n), "cycle");
        free(w);
    }
}

/* K(a, b): the smaller side, many times over. */
static void complete_bipartite_graphs_have_their_smaller_side(void **state) {
    (void)state;
    for (size_t o = 2; o < ORDER_COUNT; o++)
        for (size_t a = 1; a <= ORDERS[o] / 2; a += 1 + ORDERS[o] / 5) {
            const size_t n = ORDERS[o];
            double *w = zeros(n);
            for (size_t i = 0; i < a; i++)
                for (size_t j = a; j < n; j++) join(w, n, i, j, 1);
            assert_values(w, n, (double)a, 1, "bipartite");
            free(w);
        }
}

/* 2 for the cube of any dimension, as often as it has dimensions. */
static void cubes_have_two(void **state) {
    (void)state;
    for (size_t dimension = 1; dimension <= 8; dimension++) {
        const size_t n = (size_t)1 << dimension;
        double *w = zeros(n);
        for (size_t i = 0; i < n; i++)
            for (size_t d = 0; d < dimension; d++) join(w, n, i, i ^ ((size_t)1 << d), 1);
        assert_values(w, n, 2, 2 / (double)dimension, "cube");
        free(w);
    }
}

/* Two complete graphs of m, of weight 1, joined at one vertex each by weight t: the antisymmetric vector gives
 * x^2 - (m + 2t) x + 2t = 0. */
static void weakly_joined_clusters_have_the_root_of_a_square(void **state) {
    (void)state;
    static const double WEIGHTS[] = {1, 1e-3, 1e-6, 1e-9, 1e-12, 1e-15, 1e-30, 1e-300};
    static const size_t SIZES[] = {2, 8, 23, 28, 64, 80};
    for (size_t s = 0; s < sizeof SIZES / sizeof *SIZES; s++)
        for (size_t k = 0; k < sizeof WEIGHTS / sizeof *WEIGHTS; k++) {
            const size_t m = SIZES[s], n = 2 * m;
            const double t = WEIGHTS[k], b = (double)m + 2 * t;
            double *w = zeros(n);
            for (size_t i = 0; i < m; i++)
                for (size_t j = 0; j < i; j++) {
                    join(w, n, i, j, 1);
                    join(w, n, m + i, m + j, 1);
                }
            join(w, n, 0, m, t);
            const double root = 4 * t / (b + sqrt(b * b - 8 * t)), found = value_of(w, n, false);
            if (!(found >= 0 && fabs(found - root) <= 2e-14 * (double)m))
                fail_msg("two of %zu joined by %g: %.17g, expected %.17g", m, t, found, root);
            free(w);
        }
}

/* --- LAPACK --- */

enum kind {
    RANDOM_CAUSAL,
    RANDOM_FULL,
    SOFT,      /* softmax of normal scores, in float32 as the forward pass has it */
    SHARP,     /* of 6 times these: weights down to nothing */
    SINK,      /* nearly all on the first key */
    UNIFORM,   /* causal: one of its values many times over */
    TREE,      /* random, and no edge more */
    SPARSE,    /* ... and a few more */
    QUANTISED, /* few different weights */
    CLUSTERS,  /* three, joined by 1e-8 */
    GRADED,    /* weights that fall from 1 to 1e-30 */
    KINDS
};

static void fill_attention(enum kind kind, struct spt_random *random, size_t n, double *w) {
    struct spt_mask mask;
    double *a = zeros(n);
    const double sharpness = kind == SHARP ? 6 : kind == UNIFORM ? 0 : 1, sink = kind == SINK ? 12 : 0;
    const bool full = kind == RANDOM_FULL;
    assert_int_equal(spt_mask_init(&mask, full ? SPT_MASK_FULL : SPT_MASK_CAUSAL, 0, n, NULL), SPT_OK);
    if (kind == RANDOM_CAUSAL || kind == RANDOM_FULL) spt_random_attention(random, &mask, a);
    for (size_t i = 0; i < n && kind >= SOFT; i++) {
        double sum = 0;
        for (size_t j = 0; j <= i; j++) sum += a[i * n + j] = exp(sharpness * draw_normal(random) + (j ? 0 : sink));
        for (size_t j = 0; j <= i; j++) a[i * n + j] = (double)(float)(a[i * n + j] / sum);
    }
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++) join(w, n, i, j, (a[i * n + j] + a[j * n + i]) / 2);
    spt_mask_release(&mask);
    free(a);
}

/* Connected graphs. */
static double *graph_of(enum kind kind, struct spt_random *random, size_t n) {
    double *w = zeros(n);
    if (kind < TREE) fill_attention(kind, random, n, w);
    for (size_t i = 1; i < n && kind >= TREE; i++) {
        join(w, n, i, spt_random_index(random, i), 0.1 + spt_random_uniform(random));
        if (kind == SPARSE) join(w, n, i, spt_random_index(random, i), 0.1 + spt_random_uniform(random));
        for (size_t j = 0; j < i; j++) {
            if (kind == QUANTISED) join(w, n, i, j, (double)(1 + spt_random_index(random, 3)) / 4);
            if (kind == CLUSTERS) join(w, n, i, j, i % 3 == j % 3 ? spt_random_uniform(random) + 0.1 : 1e-8);
            if (kind == GRADED)
                join(w, n, i, j, pow(10, -30 * (double)i / (double)n) * (1 + spt_random_uniform(random)));
        }
    }
    return w;
}

/* All choices of kernels against dsyev, on count graphs of a kind and both Laplacians of each. */
static void compare_with_lapack(enum kind kind, struct spt_random *random, size_t n, size_t count) {
    struct kernel_choice choices[KERNEL_CHOICES];
    const size_t kernels = kernel_choices(choices);
    double *weight[BATCH], expected[2 * BATCH], values[2 * BATCH];
    struct spt_fiedler_problem problems[2 * BATCH];
    struct spt_fiedler *w = workspace_of(n);
    for (size_t i = 0; i < count; i++) weight[i] = graph_of(kind, random, n);
    for (size_t i = 0; i < 2 * count; i++) {
        problems[i] = (struct spt_fiedler_problem){weight[i / 2], 0, i % 2 == 1};
        assert_int_equal(spt_fiedler_by_lapack(&problems[i], n, &expected[i], NULL), SPT_OK);
    }
    for (size_t k = 0; k < kernels; k++) {
        spt_fiedler_use(w, choices[k].wide, choices[k].narrow);
        spt_fiedler_of(w, problems, 2 * count, n, values);
        for (size_t i = 0; i < 2 * count; i++)
            if (!(values[i] >= 0 && fabs(values[i] - expected[i]) <= 1e-13 * scale_of(&problems[i], n)))
                fail_msg("kind %d, n = %zu, kernel %zu, problem %zu: %.17g, dsyev says %.17g", (int)kind, n, k, i,
                         values[i], expected[i]);
    }
    spt_fiedler_free(w);
    for (size_t i = 0; i < count; i++) free(weight[i]);
}

static void thousands_of_graphs_equal_lapack(void **state) {
    (void)state;
    struct spt_random random;
    spt_random_seed(&random, 1);
    for (enum kind kind = 0; kind < KINDS; kind++) {
        for (size_t n = 2; n <= 64; n++) compare_with_lapack(kind, &random, n, 1 + n % BATCH);
        compare_with_lapack(kind, &random, 112, 3);
        compare_with_lapack(kind, &random, 128, 3);
    }
}

static void large_graphs_equal_lapack(void **state) {
    (void)state;
    struct spt_random random;
    spt_random_seed(&random, 2);
    for (enum kind kind = 0; kind < KINDS; kind++) compare_with_lapack(kind, &random, 129 + 13 * (size_t)kind, 1);
    compare_with_lapack(SINK, &random, 512, 1);
}

/* --- what holds of all graphs --- */

static bool same_bits(double a, double b) {
    return memcmp(&a, &b, sizeof a) == 0;
}

static void bits_do_not_depend_on_the_batch_nor_on_the_width(void **state) {
    (void)state;
    static const size_t SIZES[] = {2, 7, 46, 60, 112};
    struct kernel_choice choices[KERNEL_CHOICES];
    const size_t kernels = kernel_choices(choices);
    struct spt_random random;
    spt_random_seed(&random, 3);
    for (size_t o = 0; o < sizeof SIZES / sizeof *SIZES; o++) {
        const size_t n = SIZES[o];
        double *weight[KINDS], alone[2 * KINDS], narrow[2 * KINDS];
        struct spt_fiedler_problem all[2 * KINDS], batch[2 * BATCH];
        struct spt_fiedler *w = workspace_of(n);
        for (size_t i = 0; i < KINDS; i++) weight[i] = graph_of((enum kind)i, &random, n);
        for (size_t i = 0; i < 2 * KINDS; i++) all[i] = (struct spt_fiedler_problem){weight[i / 2], 0, i % 2 == 1};
        for (size_t k = 0; k < kernels; k++) {
            spt_fiedler_use(w, choices[k].wide, choices[k].narrow);
            for (size_t i = 0; i < 2 * KINDS; i++) spt_fiedler_of(w, &all[i], 1, n, &alone[i]);
            spt_fiedler_of(w, all, 2 * KINDS, n, k == 1 ? narrow : alone);
            for (size_t i = 0; i < 2 * KINDS && k == 2; i++) assert_true(same_bits(alone[i], narrow[i]));
            for (size_t count = 1; count <= 2 * BATCH; count++) {
                double values[2 * BATCH];
                size_t which[2 * BATCH];
                for (size_t i = 0; i < count; i++) batch[i] = all[which[i] = spt_random_index(&random, 2 * KINDS)];
                spt_fiedler_of(w, batch, count, n, values);
                for (size_t i = 0; i < count; i++) assert_true(same_bits(values[i], alone[which[i]]));
            }
        }
        spt_fiedler_free(w);
        for (size_t i = 0; i < KINDS; i++) free(weight[i]);
    }
}

/* Dropped edges are no edges. */
static void a_threshold_is_a_graph_without_the_edges_below(void **state) {
    (void)state;
    enum { N = 40 };
    struct spt_random random;
    spt_random_seed(&random, 4);
    struct spt_fiedler *workspace = workspace_of(N);
    for (size_t trial = 0; trial < 50; trial++) {
        double *w = graph_of(RANDOM_FULL, &random, N), *kept = zeros(N), values[2];
        for (size_t i = 0; i < N * N; i++) kept[i] = w[i] > 0.01 ? w[i] : 0;
        for (size_t k = 0; k < 2; k++) {
            const struct spt_fiedler_problem problems[2] = {{w, 0.01, k == 1}, {kept, 0, k == 1}};
            spt_fiedler_of(workspace, problems, 2, N, values);
            assert_true(values[0] > 0 && same_bits(values[0], values[1]));
        }
        free(w);
        free(kept);
    }
    spt_fiedler_free(workspace);
}

static void scale_goes_through_and_normalisation_undoes_it(void **state) {
    (void)state;
    enum { N = 30 };
    static const int EXPONENTS[] = {-120, -40, 40, 120};
    struct spt_random random;
    spt_random_seed(&random, 5);
    double *w = graph_of(SOFT, &random, N), *scaled = zeros(N);
    const double plain = value_of(w, N, false), normalised = value_of(w, N, true);
    for (size_t k = 0; k < sizeof EXPONENTS / sizeof *EXPONENTS; k++) {
        for (size_t i = 0; i < N * N; i++) scaled[i] = ldexp(w[i], EXPONENTS[k]);
        assert_true(fabs(ldexp(value_of(scaled, N, false), -EXPONENTS[k]) - plain) <= 1e-13);
        assert_true(fabs(value_of(scaled, N, true) - normalised) <= 1e-13);
    }
    free(w);
    free(scaled);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(complete_graphs_have_n_times_the_weight),
        cmocka_unit_test(stars_have_the_weight),
        cmocka_unit_test(paths_have_cosines),
        cmocka_unit_test(cycles_have_cosines),
        cmocka_unit_test(complete_bipartite_graphs_have_their_smaller_side),
        cmocka_unit_test(cubes_have_two),
        cmocka_unit_test(weakly_joined_clusters_have_the_root_of_a_square),
        cmocka_unit_test(thousands_of_graphs_equal_lapack),
        cmocka_unit_test(large_graphs_equal_lapack),
        cmocka_unit_test(bits_do_not_depend_on_the_batch_nor_on_the_width),
        cmocka_unit_test(a_threshold_is_a_graph_without_the_edges_below),
        cmocka_unit_test(scale_goes_through_and_normalisation_undoes_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
