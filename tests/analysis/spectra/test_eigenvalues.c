/* The two largest eigenvalues by products against all of them by reduction, and all of them against matrices whose
 * eigenvalues are known. */
#include "analysis/forward/team.h"
#include "analysis/random.h"
#include "analysis/spectra/eigenvalues.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ORDER = 500 }; /* beyond the order up to which both are one */

struct matrix {
    size_t order;
    double *entries, *copy, *scratch;
    double leading[2];
};

static struct matrix matrix_new(size_t order) {
    struct matrix m = {.order = order,
                       .entries = calloc(order * order, 8),
                       .copy = calloc(order * order, 8),
                       .scratch = calloc(spt_eigenvalues_scratch(order), 8)};
    assert_true(m.entries && m.copy && m.scratch);
    return m;
}

static void matrix_free(struct matrix *m) {
    free(m->entries);
    free(m->copy);
    free(m->scratch);
}

static enum spt_status all_of(void *context, size_t task, size_t thread, struct spt_error *error) {
    struct matrix *m = context;
    (void)task;
    (void)thread;
    return spt_eigenvalues_of(m->copy, m->order, m->scratch, error);
}

static enum spt_status leading_of(void *context, size_t task, size_t thread, struct spt_error *error) {
    struct matrix *m = context;
    (void)task;
    (void)thread;
    return spt_eigenvalues_leading(m->copy, m->order, m->scratch, m->leading, error);
}

/* As a task of a team: LAPACK outside of one has threads of its own. */
static void run(struct matrix *m, spt_team_task *task) {
    struct spt_team team;
    memcpy(m->copy, m->entries, m->order * m->order * sizeof(double));
    assert_int_equal(spt_team_init(&team, 1, 0, NULL), SPT_OK);
    assert_int_equal(spt_team_run(&team, 1, task, m, NULL), SPT_OK);
    spt_team_release(&team);
}

static const double *all(struct matrix *m) {
    run(m, all_of);
    return m->scratch;
}

static void leading(struct matrix *m, double *two) {
    run(m, leading_of);
    memcpy(two, m->leading, sizeof m->leading);
}

static void add_product(struct matrix *m, const double *v, double weight) {
    for (size_t j = 0; j < m->order; j++)
        for (size_t i = j; i < m->order; i++) m->entries[j * m->order + i] += weight * v[i] * v[j];
}

/* H diag(values) H, H = 1 - 2 v v^T / |v|^2: full, and of these eigenvalues. */
static struct matrix matrix_of(const double *values, size_t order) {
    struct matrix m = matrix_new(order);
    double v[ORDER], square = 0;
    for (size_t i = 0; i < order; i++) {
        v[i] = cos(1.7 * (double)i);
        square += v[i] * v[i];
    }
    for (size_t j = 0; j < order; j++)
        for (size_t i = j; i < order; i++) {
            double sum = i == j ? values[i] : 0;
            sum -= 2 * v[i] * v[j] * (values[i] + values[j]) / square;
            m.entries[j * order + i] = sum;
        }
    double weighted = 0;
    for (size_t k = 0; k < order; k++) weighted += values[k] * v[k] * v[k];
    add_product(&m, v, 4 * weighted / (square * square));
    return m;
}

static void all_eigenvalues_of_a_turned_diagonal_are_its_own(void **state) {
    double values[ORDER];
    (void)state;
    for (size_t order = 1; order <= ORDER; order = order < 8 ? order + 1 : order * 3) {
        for (size_t i = 0; i < order; i++) values[i] = (double)(1 + i * i);
        struct matrix m = matrix_of(values, order);
        const double *found = all(&m);
        for (size_t i = 0; i < order; i++) assert_true(fabs(found[i] - values[i]) < 1e-12 * values[order - 1]);
        matrix_free(&m);
    }
}

static void check_leading(const double *values, size_t order, double tolerance) {
    double two[2];
    struct matrix m = matrix_of(values, order);
    leading(&m, two);
    if (!(fabs(two[0] - values[order - 1]) <= tolerance * values[order - 1]) ||
        !(fabs(two[1] - (order > 1 ? values[order - 2] : 0)) <= tolerance * values[order - 1]))
        fail_msg("order %zu: %.17g and %.17g", order, two[0], two[1]);
    matrix_free(&m);
}

static void the_two_largest_are_found_apart_close_and_equal(void **state) {
    double values[ORDER];
    (void)state;
    for (size_t i = 0; i < ORDER; i++) values[i] = 1 + (double)i / ORDER;
    check_leading(values, ORDER, 1e-9); /* as close as any */
    values[ORDER - 1] = 400;
    values[ORDER - 2] = 100;
    check_leading(values, ORDER, 1e-14);
    values[ORDER - 1] = values[ORDER - 2] = 7;
    check_leading(values, ORDER, 1e-12);
    values[ORDER - 1] = 7 * (1 + 1e-9);
    check_leading(values, ORDER, 1e-12);
    for (size_t i = 0; i < ORDER; i++) values[i] = 3; /* of which products say nothing new */
    check_leading(values, ORDER, 1e-13);
    for (size_t i = 0; i + 1 < ORDER; i++) values[i] = 0; /* rank 1 */
    check_leading(values, ORDER, 1e-13);
    for (size_t order = 1; order <= 6; order++) check_leading(values + ORDER - order, order, 1e-13);
}

/* W^T W of independent entries: the hardest, since its largest eigenvalues crowd at the edge. */
static void of_independent_entries_both_ways_agree(void **state) {
    struct spt_random random;
    struct matrix m = matrix_new(ORDER);
    double v[ORDER], two[2], again[2];
    (void)state;
    spt_random_seed(&random, 3);
    for (size_t k = 0; k < ORDER; k++) {
        for (size_t i = 0; i < ORDER; i++) v[i] = spt_random_uniform(&random) - 0.5;
        add_product(&m, v, 1);
    }
    leading(&m, two);
    leading(&m, again);
    assert_memory_equal(two, again, sizeof two);
    const double *values = all(&m);
    assert_true(fabs(two[0] - values[ORDER - 1]) < 1e-9 * two[0]);
    assert_true(fabs(two[1] - values[ORDER - 2]) < 1e-9 * two[0]);
    matrix_free(&m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_eigenvalues_of_a_turned_diagonal_are_its_own),
        cmocka_unit_test(the_two_largest_are_found_apart_close_and_equal),
        cmocka_unit_test(of_independent_entries_both_ways_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
