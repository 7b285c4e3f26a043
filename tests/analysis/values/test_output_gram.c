/* |v W| by way of W W^T is what multiplying v with W gives: every storage of the projection. */
#include "analysis/values/output_gram.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { HIDDEN = 300, HEADS = 3, D = 7, WIDTH = HEADS * D }; /* more rows than are converted at a time */

static float weight_of(size_t row, size_t column) {
    return (float)((int)((row * 131 + column * 37 + row * column) % 29) - 14) / 16;
}

static void measure(const struct spt_matrix *out, size_t threads, double *gram) {
    struct spt_team team;
    struct spt_error error;
    assert_int_equal(spt_team_init(&team, threads, spt_output_gram_scratch(D), &error), SPT_OK);
    assert_int_equal(spt_output_gram_of(&team, out, HEADS, gram, &error), SPT_OK);
    spt_team_release(&team);
}

static void assert_gram(const double *gram) {
    for (size_t h = 0; h < HEADS; h++)
        for (size_t i = 0; i < D; i++)
            for (size_t j = 0; j < D; j++) {
                double sum = 0;
                for (size_t r = 0; r < HIDDEN; r++)
                    sum += (double)weight_of(r, h * D + i) * (double)weight_of(r, h * D + j);
                assert_true(gram[(h * D + i) * D + j] == sum); /* sums of multiples of 2^-8: exact in any order */
            }
}

static void a_projection_is_read_as_it_is_stored(void **state) {
    static float plain[HIDDEN * WIDTH], turned[WIDTH * HIDDEN];
    static uint16_t halves[HIDDEN * WIDTH]; /* bf16: the upper half of a float; these weights have 5 bits */
    double gram[HEADS * D * D];
    (void)state;
    for (size_t r = 0; r < HIDDEN; r++)
        for (size_t c = 0; c < WIDTH; c++) {
            uint32_t bits;
            plain[r * WIDTH + c] = turned[c * HIDDEN + r] = weight_of(r, c);
            memcpy(&bits, &plain[r * WIDTH + c], sizeof bits);
            halves[r * WIDTH + c] = (uint16_t)(bits >> 16);
        }
    const struct spt_matrix stored[] = {
        {.dtype = SPT_F32, .rows = HIDDEN, .columns = WIDTH, .data = plain},
        {.dtype = SPT_F32, .rows = HIDDEN, .columns = WIDTH, .data = turned, .transposed = true},
        {.dtype = SPT_BF16, .rows = HIDDEN, .columns = WIDTH, .data = halves},
    };
    for (size_t i = 0; i < 3; i++)
        for (size_t threads = 1; threads <= 3; threads++) {
            measure(&stored[i], threads, gram);
            assert_gram(gram);
        }
}

static void scratch_that_cannot_be_is_said_to_be_too_large(void **state) {
    (void)state;
    assert_true(spt_output_gram_scratch(SIZE_MAX / 16) == SIZE_MAX);
    assert_true(spt_output_gram_scratch(D) >= 128 * D * sizeof(double));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_projection_is_read_as_it_is_stored),
        cmocka_unit_test(scratch_that_cannot_be_is_said_to_be_too_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
