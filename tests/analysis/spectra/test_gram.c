/* Gram matrices of tensors in every way they are stored, against plain sums. */
#include "analysis/random.h"
#include "analysis/spectra/gram.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A matrix of numbers that a bfloat16 holds. */
static float number(struct spt_random *random) {
    return (float)((int)spt_random_index(random, 255) - 127) / 64;
}

static struct spt_team team_of(size_t threads) {
    struct spt_team team;
    assert_int_equal(spt_team_init(&team, threads, spt_gram_scratch(), NULL), SPT_OK);
    return team;
}

/* What the rows say, entry by entry. */
static double entry(const struct spt_matrix_rows *w, const float *stored, const double *mean, size_t i, size_t j) {
    const size_t row = w->first + i / w->run * w->stride + i % w->run;
    const struct spt_matrix *m = &w->matrix;
    return (double)stored[m->transposed ? j * m->rows + row : row * m->columns + j] - (mean ? mean[j] : 0);
}

static void check(const struct spt_matrix_rows *w, const float *stored, const double *mean) {
    const size_t rows = w->rows, columns = w->matrix.columns, order = rows < columns ? rows : columns;
    double *gram = calloc(order * order, sizeof *gram), *again = calloc(order * order, sizeof *gram);
    struct spt_team one = team_of(1), three = team_of(3);
    assert_true(gram && again);
    assert_int_equal(spt_gram_of(&one, w, mean, gram, NULL), SPT_OK);
    assert_int_equal(spt_gram_of(&three, w, mean, again, NULL), SPT_OK);
    assert_memory_equal(gram, again, order * order * sizeof *gram);
    for (size_t i = 0; i < order; i++)
        for (size_t j = i; j < order; j += 1 + order / 40) {
            double sum = 0;
            for (size_t k = 0; k < (rows < columns ? columns : rows); k++)
                sum += rows <= columns ? entry(w, stored, mean, i, k) * entry(w, stored, mean, j, k)
                                       : entry(w, stored, mean, k, i) * entry(w, stored, mean, k, j);
            if (!(fabs(sum - gram[i * order + j]) <= 1e-10))
                fail_msg("%zu, %zu: %.17g for %.17g", i, j, gram[i * order + j], sum);
        }
    spt_team_release(&one);
    spt_team_release(&three);
    free(gram);
    free(again);
}

static const size_t SHAPES[][2] = {{1, 1},     {1, 7},     {7, 1},    {30, 70},  {70, 30},
                                   {300, 500}, {500, 300}, {64, 900}, {600, 257}};

static void all_rows_stored_either_way_with_and_without_means(void **state) {
    (void)state;
    for (size_t s = 0; s < sizeof SHAPES / sizeof *SHAPES; s++) {
        const size_t rows = SHAPES[s][0], columns = SHAPES[s][1];
        struct spt_random random;
        float *stored = malloc(rows * columns * sizeof *stored);
        double *mean = malloc(columns * sizeof *mean);
        assert_true(stored && mean);
        spt_random_seed(&random, s);
        for (size_t i = 0; i < rows * columns; i++) stored[i] = number(&random);
        for (size_t j = 0; j < columns; j++) mean[j] = spt_random_uniform(&random);
        struct spt_matrix_rows w = {{.dtype = SPT_F32, .rows = rows, .columns = columns, .data = stored},
                                    .rows = rows,
                                    .run = rows,
                                    .stride = rows};
        check(&w, stored, NULL);
        check(&w, stored, mean);
        w.matrix.transposed = true;
        check(&w, stored, NULL);
        free(stored);
        free(mean);
    }
}

static void rows_of_every_third_head_stored_either_way(void **state) {
    enum { HEADS = 5, HEAD = 24, COLUMNS = 90, ROWS = 3 * HEADS * HEAD };
    struct spt_random random;
    float *stored = malloc(ROWS * COLUMNS * sizeof *stored);
    (void)state;
    assert_non_null(stored);
    spt_random_seed(&random, 5);
    for (size_t i = 0; i < ROWS * COLUMNS; i++) stored[i] = number(&random);
    for (size_t kind = 0; kind < 3; kind++)
        for (int transposed = 0; transposed < 2; transposed++) {
            const struct spt_matrix matrix = {
                .dtype = SPT_F32, .rows = ROWS, .columns = COLUMNS, .data = stored, .transposed = transposed};
            const struct spt_matrix_rows by_head = {matrix, .rows = HEADS * HEAD, .first = kind * HEAD, .run = HEAD,
                                                    .stride = 3 * HEAD};
            const struct spt_matrix_rows few = {matrix, .rows = 2 * HEAD, .first = kind * HEAD, .run = HEAD,
                                                .stride = 3 * HEAD};
            const struct spt_matrix_rows by_kind = {matrix, .rows = HEADS * HEAD, .first = kind * HEADS * HEAD,
                                                    .run = HEADS * HEAD, .stride = HEADS * HEAD};
            check(&by_head, stored, NULL);
            check(&few, stored, NULL);
            check(&by_kind, stored, NULL);
        }
    free(stored);
}

static void bfloat16_and_float64_give_what_float32_does(void **state) {
    enum { ROWS = 60, COLUMNS = 130 };
    struct spt_random random;
    float stored[ROWS * COLUMNS];
    uint16_t half[ROWS * COLUMNS];
    double wide[ROWS * COLUMNS];
    (void)state;
    spt_random_seed(&random, 6);
    for (size_t i = 0; i < ROWS * COLUMNS; i++) {
        uint32_t bits;
        stored[i] = number(&random);
        wide[i] = (double)stored[i];
        memcpy(&bits, &stored[i], sizeof bits);
        half[i] = (uint16_t)(bits >> 16);
    }
    struct spt_matrix_rows w = {
        {.dtype = SPT_BF16, .rows = ROWS, .columns = COLUMNS, .data = half}, .rows = ROWS, .run = ROWS, .stride = ROWS};
    check(&w, stored, NULL);
    w.matrix.dtype = SPT_F64;
    w.matrix.data = wide;
    check(&w, stored, NULL);
}

static void means_are_of_columns_and_exact_for_equal_rows(void **state) {
    enum { ROWS = 501, COLUMNS = 700 };
    float *x = malloc(ROWS * COLUMNS * sizeof *x);
    double mean[COLUMNS];
    struct spt_team team = team_of(2);
    (void)state;
    assert_non_null(x);
    for (size_t i = 0; i < ROWS; i++)
        for (size_t j = 0; j < COLUMNS; j++) x[i * COLUMNS + j] = 0.1f * (float)j;
    assert_int_equal(spt_column_means(&team, x, ROWS, COLUMNS, mean, NULL), SPT_OK);
    for (size_t j = 0; j < COLUMNS; j++) assert_true(mean[j] == (double)x[j]);
    spt_team_release(&team);
    free(x);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_rows_stored_either_way_with_and_without_means),
        cmocka_unit_test(rows_of_every_third_head_stored_either_way),
        cmocka_unit_test(bfloat16_and_float64_give_what_float32_does),
        cmocka_unit_test(means_are_of_columns_and_exact_for_equal_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
