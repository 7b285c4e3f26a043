/* Graphs of attention: centralization and connection at every threshold, and that what is shared between thresholds is
 * what each alone would give. */
#include "analysis/graph/fiedler.h"
#include "analysis/graph/graph.h"
#include "analysis/graph/graph_metrics.h"
#include "analysis/mask.h"
#include "analysis/random.h"
#include "analysis/rmt/residual.h"
#include "checkpoints/base/memory.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LAST (SPT_TAU_COUNT - 1)

static double *zeros(size_t n) {
    double *a = spt_alloc_zeroed(n * n, sizeof *a);
    assert_non_null(a);
    return a;
}

static struct spt_graph graph_of(const double *a, size_t n) {
    struct spt_graphs *w;
    struct spt_graph graph;
    assert_int_equal(spt_graphs_new(n, true, &w, NULL), SPT_OK);
    spt_graphs_of(w, &a, 1, n, &graph);
    spt_graphs_free(w);
    return graph;
}

/* --- known graphs --- */

static void one_token_has_no_values(void **state) {
    (void)state;
    const double a = 1;
    const struct spt_graph graph = graph_of(&a, 1);
    for (size_t t = 0; t < SPT_TAU_COUNT; t++)
        assert_true(isnan(graph.fiedler[t]) && isnan(graph.fiedler_norm[t]) && isnan(graph.centralization[t]));
    assert_true(isnan(spt_graph_in_centralization(&(struct spt_head){.n = 1, .received = &a}, 0)));
}

/* Half of the attention of 0.04 is 0.02: more than each tau before .02, and not more than that. */
static void an_edge_is_kept_above_its_tau_only(void **state) {
    (void)state;
    const double a[4] = {1, 0, 0.04, 0.96};
    const struct spt_graph graph = graph_of(a, 2);
    for (size_t t = 0; t < SPT_TAU_COUNT; t++) {
        const bool kept = SPT_TAUS[t] < 0.02;
        assert_true(fabs(graph.fiedler[t] - (kept ? 0.04 : 0)) < 1e-16);
        assert_true(fabs(graph.fiedler_norm[t] - (kept ? 2 : 0)) < 1e-15);
        assert_true(isnan(graph.centralization[t]));
    }
}

/* All queries on the first key: a star of weight 1/2. */
static void a_full_sink_is_a_star(void **state) {
    (void)state;
    for (size_t n = 3; n <= 60; n += 19) {
        double *a = zeros(n), received[60] = {1};
        for (size_t i = 0; i < n; i++) a[i * n] = 1;
        const struct spt_graph graph = graph_of(a, n);
        for (size_t t = 0; t < SPT_TAU_COUNT; t++) {
            assert_true(graph.centralization[t] == 1);
            assert_true(fabs(graph.fiedler[t] - 0.5) < 1e-14 * (double)n && fabs(graph.fiedler_norm[t] - 1) < 1e-13);
        }
        assert_true(spt_graph_in_centralization(&(struct spt_head){.n = n, .received = received}, 0) == 1);
        free(a);
    }
}

/* Each on itself alone: no edge at all. */
static void no_edges_are_not_connected_and_not_central(void **state) {
    (void)state;
    double *a = zeros(20), received[20];
    for (size_t i = 0; i < 20; i++) {
        a[i * 20 + i] = 1;
        received[i] = 0.05;
    }
    const struct spt_graph graph = graph_of(a, 20);
    for (size_t t = 0; t < SPT_TAU_COUNT; t++)
        assert_true(graph.fiedler[t] == 0 && graph.fiedler_norm[t] == 0 && graph.centralization[t] == 0);
    assert_true(fabs(spt_graph_in_centralization(&(struct spt_head){.n = 20, .received = received}, 0)) < 1e-15);
    free(a);
}

/* Uniform attention over all n keys: a complete graph of weight 1/n, whose value is 1, until 1/n is not above tau. */
static void uniform_attention_over_all_is_complete(void **state) {
    (void)state;
    for (size_t n = 3; n <= 64; n += 7) {
        double *a = zeros(n);
        for (size_t i = 0; i < n * n; i++) a[i] = 1 / (double)n;
        const struct spt_graph graph = graph_of(a, n);
        for (size_t t = 0; t < SPT_TAU_COUNT; t++) {
            const double kept = 1 / (double)n > SPT_TAUS[t], order = (double)n;
            assert_true(graph.centralization[t] == 0);
            assert_true(fabs(graph.fiedler[t] - kept) < 1e-14 * order);
            assert_true(fabs(graph.fiedler_norm[t] - kept * order / (order - 1)) < 1e-13);
        }
        free(a);
    }
}

static void only_a_tau_of_the_list_has_a_value(void **state) {
    (void)state;
    const double a[9] = {1, 0, 0, 0.5, 0.5, 0, 0.2, 0.3, 0.5};
    const struct spt_graph graph = graph_of(a, 3);
    const struct spt_head head = {.n = 3, .graph = &graph};
    assert_true(spt_graph_fiedler(&head, 0.05) == graph.fiedler[5]);
    assert_true(spt_graph_fiedler_norm(&head, 0) == graph.fiedler_norm[0]);
    assert_true(spt_graph_centralization(&head, 0.1) == graph.centralization[LAST]);
    assert_true(isnan(spt_graph_fiedler(&head, 0.03)));
}

/* --- random ones --- */

/* Attention of an average sharpness that grows with the trial: from nearly uniform to one key a row. */
static double *attention_of(struct spt_random *random, size_t n, size_t trial) {
    const double sharpness = 0.6 * (double)(trial % 16);
    double *a = zeros(n);
    for (size_t i = 0; i < n; i++) {
        double sum = 0;
        for (size_t j = 0; j <= i; j++) sum += a[i * n + j] = pow(spt_random_exponential(random), sharpness);
        for (size_t j = 0; j <= i; j++) a[i * n + j] = (double)(float)(a[i * n + j] / sum);
    }
    return a;
}

/* Components by going over the edges until nothing changes. */
static bool is_connected(const double *w, size_t n, double tau) {
    unsigned char *reached = spt_alloc_zeroed(n, 1);
    size_t count = 1;
    assert_non_null(reached);
    reached[0] = 1;
    for (bool more = true; more;) {
        more = false;
        for (size_t k = 0; k < n * n; k++)
            if (reached[k / n] && !reached[k % n] && w[k] > tau) {
                reached[k % n] = 1;
                count++;
                more = true;
            }
    }
    free(reached);
    return count == n;
}

static double centralization_of(const double *w, size_t n, double tau) {
    double largest = 0, sum = 0;
    for (size_t i = 0; i < n; i++) {
        double degree = 0;
        for (size_t j = 0; j < n; j++) degree += w[i * n + j] > tau;
        largest = fmax(largest, degree);
        sum += degree;
    }
    return ((double)n * largest - sum) / (double)((n - 1) * (n - 2));
}

static void check_graph(const double *a, size_t n, const struct spt_graph *graph, size_t *connected) {
    double *w = zeros(n);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) w[i * n + j] = i == j ? 0 : (a[i * n + j] + a[j * n + i]) / 2;
    for (size_t t = 0; t < SPT_TAU_COUNT; t++) {
        const double ours[2] = {graph->fiedler[t], graph->fiedler_norm[t]};
        const bool whole = is_connected(w, n, SPT_TAUS[t]);
        *connected += whole;
        assert_true(fabs(graph->centralization[t] - centralization_of(w, n, SPT_TAUS[t])) < 1e-15);
        for (size_t k = 0; k < 2; k++) {
            const struct spt_fiedler_problem problem = {w, SPT_TAUS[t], k == 1};
            double expected = 0;
            if (whole) assert_int_equal(spt_fiedler_by_lapack(&problem, n, &expected, NULL), SPT_OK);
            if (!(fabs(ours[k] - expected) <= 1e-14 * (double)n && (whole || ours[k] == 0)))
                fail_msg("n = %zu, tau %g: %.17g, expected %.17g", n, SPT_TAUS[t], ours[k], expected);
        }
        assert_true(t == 0 || graph->fiedler[t] <= graph->fiedler[t - 1] + 1e-13); /* with fewer edges no larger */
    }
    free(w);
}

static void batches_equal_each_threshold_alone(void **state) {
    (void)state;
    struct spt_random random;
    struct spt_graphs *workspace;
    size_t connected = 0, all = 0;
    spt_random_seed(&random, 1);
    assert_int_equal(spt_graphs_new(64, true, &workspace, NULL), SPT_OK);
    for (size_t n = 3; n <= 64; n++) {
        const size_t count = 1 + n % SPT_GRAPH_BATCH;
        double *a[SPT_GRAPH_BATCH];
        struct spt_graph graph[SPT_GRAPH_BATCH];
        for (size_t i = 0; i < count; i++, all += SPT_TAU_COUNT) a[i] = attention_of(&random, n, n + i);
        spt_graphs_of(workspace, (const double *const *)a, count, n, graph);
        for (size_t i = 0; i < count; i++) {
            const struct spt_graph alone = graph_of(a[i], n);
            assert_memory_equal(&alone, &graph[i], sizeof alone);
            check_graph(a[i], n, &graph[i], &connected);
        }
        for (size_t i = 0; i < count; i++) free(a[i]);
    }
    assert_true(connected > all / 5 && all - connected > all / 10);
    spt_graphs_free(workspace);
}

static void without_fiedler_values_only_degrees_are_counted(void **state) {
    (void)state;
    struct spt_random random;
    struct spt_graphs *workspace;
    struct spt_graph graph;
    spt_random_seed(&random, 2);
    double *a = attention_of(&random, 30, 2);
    const struct spt_graph whole = graph_of(a, 30);
    assert_int_equal(spt_graphs_new(30, false, &workspace, NULL), SPT_OK);
    spt_graphs_of(workspace, (const double *const *)&a, 1, 30, &graph);
    assert_memory_equal(graph.centralization, whole.centralization, sizeof whole.centralization);
    for (size_t t = 0; t < SPT_TAU_COUNT; t++) assert_true(isnan(graph.fiedler[t]) && isnan(graph.fiedler_norm[t]));
    spt_graphs_free(workspace);
    free(a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_token_has_no_values),
        cmocka_unit_test(an_edge_is_kept_above_its_tau_only),
        cmocka_unit_test(a_full_sink_is_a_star),
        cmocka_unit_test(no_edges_are_not_connected_and_not_central),
        cmocka_unit_test(uniform_attention_over_all_is_complete),
        cmocka_unit_test(only_a_tau_of_the_list_has_a_value),
        cmocka_unit_test(batches_equal_each_threshold_alone),
        cmocka_unit_test(without_fiedler_values_only_degrees_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
