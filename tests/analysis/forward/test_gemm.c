#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "analysis/forward/gemm.h"
#include "checkpoints/base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Multiples of 1/64 in [-2, 2): exact in every float format that is tried. */
static float made(size_t i) {
    return (float)((int)(i * 2654435761u % 256) - 128) / 64;
}

/* A half of a multiple of 1/64 below 2 in magnitude. */
static uint16_t half_of(float value) {
    int exponent;
    const float fraction = frexpf(fabsf(value), &exponent);
    if (value == 0) return 0;
    return (uint16_t)((value < 0 ? 0x8000 : 0) | ((exponent + 14) << 10) | (int)((fraction * 2 - 1) * 1024));
}

static void *stored(enum spt_dtype dtype, size_t count) {
    unsigned char *data = spt_alloc(count, 8);
    for (size_t i = 0; i < count; i++) {
        const float narrow = made(i);
        const double wide = (double)narrow;
        const uint16_t half = half_of(narrow);
        uint32_t bits;
        memcpy(&bits, &narrow, sizeof(bits));
        const uint16_t brain = (uint16_t)(bits >> 16);
        if (dtype == SPT_F64) memcpy(data + i * 8, &wide, 8);
        if (dtype == SPT_F32) memcpy(data + i * 4, &narrow, 4);
        if (dtype == SPT_F16) memcpy(data + i * 2, &half, 2);
        if (dtype == SPT_BF16) memcpy(data + i * 2, &brain, 2);
    }
    return data;
}

static void run(size_t threads, const struct spt_gemm *gemm) {
    struct spt_team team;
    assert_int_equal(spt_team_init(&team, threads, SPT_GEMM_SCRATCH, NULL), SPT_OK);
    assert_int_equal(spt_gemm_run(&team, gemm, NULL), SPT_OK);
    spt_team_release(&team);
}

/* [columns, rows] of what is stored [rows, columns]. */
static void *turned(const void *w, size_t rows, size_t columns, size_t size) {
    unsigned char *t = spt_alloc(rows * columns, size);
    for (size_t i = 0; i < rows; i++)
        for (size_t k = 0; k < columns; k++)
            memcpy(t + (k * rows + i) * size, (const unsigned char *)w + (i * columns + k) * size, size);
    return t;
}

/* y [tokens, rows] against the triple loop in double: sums of up to 1100 products of numbers below 2 are off by 1e-3 at
 * most in float32, and by far less in practice. */
static void check(enum spt_dtype dtype, size_t tokens, size_t rows, size_t columns, bool add, bool biased) {
    void *w = stored(dtype, rows * columns);
    float *x = spt_alloc(tokens * columns, sizeof(float)), *y = spt_alloc(tokens * rows, sizeof(float));
    float *bias = spt_alloc(rows, sizeof(float));
    for (size_t i = 0; i < tokens * columns; i++) x[i] = made(i * 7 + 3);
    for (size_t i = 0; i < tokens * rows; i++) y[i] = made(i + 11);
    for (size_t i = 0; i < rows; i++) bias[i] = made(i * 5);
    const struct spt_gemm gemm = {.weight = {.dtype = dtype, .rows = rows, .columns = columns, .data = w},
                                  .bias = biased ? bias : NULL,
                                  .tokens = tokens,
                                  .x = x,
                                  .x_stride = columns,
                                  .y = y,
                                  .y_stride = rows,
                                  .add = add};
    run(2, &gemm);
    if (!add) {
        /* The same numbers whichever way the matrix is stored, and times a third matrix. */
        void *w_turned = turned(w, rows, columns, spt_dtype_size(dtype));
        float *other = spt_alloc(tokens * rows, sizeof(float)), *times = spt_alloc(tokens * rows, sizeof(float));
        struct spt_gemm back = gemm;
        for (size_t i = 0; i < tokens * rows; i++) times[i] = made(i * 3 + 1);
        back.weight.data = w_turned;
        back.weight.transposed = true;
        back.times = times;
        back.y = other;
        run(2, &back);
        for (size_t i = 0; i < tokens * rows; i++)
            if (!(fabsf(other[i] - y[i] * times[i]) < 4e-4f))
                fail_msg("[%zu]: %g, not %g", i, (double)other[i], (double)(y[i] * times[i]));
        free(w_turned);
        free(other);
        free(times);
    }
    for (size_t i = 0; i < tokens; i++)
        for (size_t j = 0; j < rows; j++) {
            double sum = (add ? (double)made(i * rows + j + 11) : 0) + (biased ? (double)bias[j] : 0);
            for (size_t k = 0; k < columns; k++) sum += (double)x[i * columns + k] * (double)made(j * columns + k);
            if (!(fabs((double)y[i * rows + j] - sum) < 2e-4))
                fail_msg("[%zu, %zu]: %g, not %g", i, j, (double)y[i * rows + j], sum);
        }
    free(w);
    free(x);
    free(y);
    free(bias);
}

static void products_equal_the_triple_loop(void **state) {
    (void)state;
    check(SPT_F32, 1, 1, 1, false, false);
    check(SPT_F16, 5, 3, 7, false, true);
    check(SPT_BF16, 17, 130, 513, true, true);
    check(SPT_F64, 40, 129, 512, false, true);
    check(SPT_F32, 385, 257, 100, true, false);
    check(SPT_F16, 800, 140, 1030, false, true);
}

static void relu_is_applied_after_the_bias(void **state) {
    (void)state;
    const float w[2] = {1, -1}, bias[2] = {-3, 3}, x[2] = {1, 5};
    float y[4];
    const struct spt_gemm gemm = {.weight = {.dtype = SPT_F32, .rows = 2, .columns = 1, .data = w},
                                  .bias = bias,
                                  .activate = spt_activation_of(SPT_RELU),
                                  .tokens = 2,
                                  .x = x,
                                  .x_stride = 1,
                                  .y = y,
                                  .y_stride = 2};
    run(1, &gemm);
    const float expected[4] = {0, 2, 2, 0}; /* max(x w + b, 0), by hand */
    assert_memory_equal(y, expected, sizeof(expected));
}

static void strided_operands_leave_the_rest_alone(void **state) {
    (void)state;
    const float w[2] = {2, 3}, x[6] = {1, 10, 99, 4, 100, 99}; /* rows of 2, 3 apart */
    float y[6] = {-1, -1, -1, -1, -1, -1};
    const struct spt_gemm gemm = {.weight = {.dtype = SPT_F32, .rows = 1, .columns = 2, .data = w},
                                  .tokens = 2,
                                  .x = x,
                                  .x_stride = 3,
                                  .y = y,
                                  .y_stride = 3};
    run(1, &gemm);
    const float expected[6] = {32, -1, -1, 308, -1, -1};
    assert_memory_equal(y, expected, sizeof(expected));
}

static void any_number_of_threads_gives_the_same_bits(void **state) {
    (void)state;
    enum { TOKENS = 700, ROWS = 300, COLUMNS = 900 };
    void *w = stored(SPT_F16, ROWS * COLUMNS);
    float *x = spt_alloc(TOKENS * COLUMNS, sizeof(float)), *y[4];
    for (size_t i = 0; i < TOKENS * COLUMNS; i++) x[i] = sinf((float)i);
    for (size_t threads = 1; threads <= 4; threads++) {
        y[threads - 1] = spt_alloc(TOKENS * ROWS, sizeof(float));
        const struct spt_gemm gemm = {.weight = {.dtype = SPT_F16, .rows = ROWS, .columns = COLUMNS, .data = w},
                                      .tokens = TOKENS,
                                      .x = x,
                                      .x_stride = COLUMNS,
                                      .y = y[threads - 1],
                                      .y_stride = ROWS};
        run(threads, &gemm);
        assert_memory_equal(y[threads - 1], y[0], TOKENS * ROWS * sizeof(float));
    }
    for (size_t i = 0; i < 4; i++) free(y[i]);
    free(w);
    free(x);
}

static void tiles_are_equal_parts_in_sixteens(void **state) {
    (void)state;
    assert_int_equal(spt_gemm_tile(384, 384), 384);
    assert_int_equal(spt_gemm_tile(385, 384), 208); /* two parts of 193, rounded up */
    assert_int_equal(spt_gemm_tile(1, 384), 16);
    assert_int_equal(spt_gemm_tile(2300, 768), 768);
    assert_int_equal(spt_gemm_tile(0, 384), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_equal_the_triple_loop),
        cmocka_unit_test(relu_is_applied_after_the_bias),
        cmocka_unit_test(strided_operands_leave_the_rest_alone),
        cmocka_unit_test(any_number_of_threads_gives_the_same_bits),
        cmocka_unit_test(tiles_are_equal_parts_in_sixteens),
    };
    return cmocka_run_group_tests_name("gemm", tests, NULL, NULL);
}
