/* Activations, softmax, norms, linear biases and rotary positions, each against its definition in double. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "analysis/forward/activation.h"
#include "analysis/forward/attention.h"
#include "analysis/forward/norm.h"
#include "analysis/forward/rotary.h"
#include "analysis/forward/softmax.h"
#include "analysis/forward/vector.h"
#include "checkpoints/base/memory.h"

#include <math.h>
#include <stdlib.h>

#define POINTS 2000001

static double gelu_erf(double x) {
    return x * 0.5 * erfc(-x / sqrt(2));
}
static double sigmoid(double x) {
    return x < 0 ? exp(x) / (1 + exp(x)) : 1 / (1 + exp(-x));
}
static double gelu_tanh(double x) {
    return x * sigmoid(2 * sqrt(2 / M_PI) * (x + 0.044715 * x * x * x));
}
static double silu(double x) {
    return x * sigmoid(x);
}
static double relu(double x) {
    return x > 0 ? x : 0;
}

/* Relative error at most relative for x >= from, absolute at most absolute below, on POINTS points of [-20, 20]. */
static void check_activation(enum spt_activation which, double (*exact)(double), double from, double relative,
                             double absolute) {
    float *x = spt_alloc(POINTS, sizeof(float)), *y = spt_alloc(POINTS, sizeof(float));
    for (size_t i = 0; i < POINTS; i++) x[i] = y[i] = (float)(-20 + 40 * (double)i / (POINTS - 1));
    spt_activation_of(which)(y, POINTS);
    for (size_t i = 0; i < POINTS; i++) {
        const double wanted = exact((double)x[i]), off = fabs((double)y[i] - wanted);
        const double allowed = (double)x[i] >= from ? relative * fabs(wanted) : absolute;
        if (!(off <= allowed)) fail_msg("f(%.9g) = %.9g, not %.9g", (double)x[i], (double)y[i], wanted);
    }
    free(x);
    free(y);
}

static void activations_are_within_the_stated_bounds(void **state) {
    (void)state;
    check_activation(SPT_GELU_ERF, gelu_erf, -5, 1e-6, 1e-11);
    check_activation(SPT_GELU_TANH, gelu_tanh, -3, 1e-6, 1e-8);
    check_activation(SPT_SILU, silu, -20, 1e-6, 0);
    check_activation(SPT_RELU, relu, -20, 0, 0);
}

static void activations_let_nan_and_infinity_through(void **state) {
    (void)state;
    for (enum spt_activation a = SPT_GELU_ERF; a <= SPT_SILU; a++) {
        float x[] = {NAN, INFINITY, 0};
        spt_activation_of(a)(x, 3);
        assert_true(isnan(x[0]));
        assert_true(x[1] == INFINITY);
        assert_true(x[2] == 0);
    }
}

static void exponential_is_within_two_ulp(void **state) {
    (void)state;
    for (size_t i = 0; i < POINTS; i++) {
        const float x = (float)(-87.3 * (double)i / (POINTS - 1));
        const double wanted = exp((double)x);
        if (!(fabs((double)spt_exp_nonpositive(x) - wanted) <= 1.3e-7 * wanted)) fail_msg("e^%.9g", (double)x);
    }
    assert_true(spt_exp_nonpositive(0) == 1);
    assert_true(spt_exp_nonpositive(-88) == 0);
    assert_true(spt_exp_nonpositive(-INFINITY) == 0);
    assert_true(isnan(spt_exp_nonpositive(NAN)));
}

static void softmax_equals_its_definition(void **state) {
    (void)state;
    for (size_t n = 1; n <= 70; n++) {
        float x[70];
        double exact[70], sum = 0, total = 0;
        for (size_t i = 0; i < n; i++) x[i] = 5 * sinf((float)(i * i + n));
        for (size_t i = 0; i < n; i++) sum += exact[i] = exp((double)x[i]);
        const double shifted = spt_softmax_sum(x, n, spt_softmax_max(x, n)) * exp((double)spt_softmax_max(x, n));
        assert_true(fabs(shifted / sum - 1) < 1e-6);
        spt_softmax_row(x, n);
        for (size_t i = 0; i < n; i++) {
            assert_true(fabs((double)x[i] - exact[i] / sum) < 2e-7);
            total += (double)x[i];
        }
        assert_true(fabs(total - 1) < 1e-6);
    }
}

static void softmax_of_scores_below_a_hundred_thousand_is_no_mask(void **state) {
    (void)state;
    float x[] = {-250000.0f, -250001.0f, -250000.0f};
    assert_true(spt_softmax_row(x, 3) == -250000.0f);
    const double sum = 2 + exp(-1);
    assert_true(fabs((double)x[0] - 1 / sum) < 1e-7 && fabs((double)x[1] - exp(-1) / sum) < 1e-7 && x[2] == x[0]);
}

static void nan_in_a_row_makes_all_of_it_nan(void **state) {
    (void)state;
    for (size_t at = 0; at < 20; at++) {
        float x[20];
        for (size_t i = 0; i < 20; i++) x[i] = (float)i;
        x[at] = NAN;
        assert_true(isnan(spt_softmax_row(x, 20)));
        for (size_t i = 0; i < 20; i++) assert_true(isnan(x[i]));
    }
}

static void layer_norm_equals_its_definition(void **state) {
    (void)state;
    enum { TOKENS = 70, MOST = 37 };
    struct spt_team team;
    assert_int_equal(spt_team_init(&team, 2, 0, NULL), SPT_OK);
    for (size_t d = 1; d <= MOST; d++) {
        float x[TOKENS * MOST], y[TOKENS * MOST], weight[MOST], bias[MOST];
        for (size_t i = 0; i < TOKENS * d; i++) x[i] = 100 + 3 * sinf((float)(i * i));
        for (size_t i = 0; i < d; i++) weight[i] = cosf((float)i), bias[i] = sinf((float)i);
        const struct spt_norm norm = {
            .rows = TOKENS, .d = d, .x = x, .weight = weight, .bias = bias, .epsilon = 1e-5, .y = y};
        assert_int_equal(spt_norm_run(&team, &norm, NULL), SPT_OK);
        for (size_t t = 0; t < TOKENS; t++) {
            double mean = 0, variance = 0;
            for (size_t i = 0; i < d; i++) mean += (double)x[t * d + i] / (double)d;
            for (size_t i = 0; i < d; i++) variance += pow((double)x[t * d + i] - mean, 2) / (double)d;
            for (size_t i = 0; i < d; i++) {
                const double wanted =
                    ((double)x[t * d + i] - mean) / sqrt(variance + 1e-5) * (double)weight[i] + (double)bias[i];
                /* float32 keeps numbers near 100 to 4e-6, and the spread may be small where d is */
                assert_true(fabs((double)y[t * d + i] - wanted) < 2e-5 / sqrt(variance + 1e-5) + 1e-6);
            }
        }
    }
    spt_team_release(&team);
}

/* Zhang and Sennrich 2019, eq. 4 */
static void rms_norm_equals_its_definition(void **state) {
    (void)state;
    enum { ROWS = 40, D = 19 };
    struct spt_team team;
    float x[ROWS * D], y[ROWS * D], weight[D];
    assert_int_equal(spt_team_init(&team, 2, 0, NULL), SPT_OK);
    for (size_t i = 0; i < ROWS * D; i++) x[i] = 2 + 3 * sinf((float)(i * i));
    for (size_t i = 0; i < D; i++) weight[i] = cosf((float)i);
    for (int plus_one = 0; plus_one < 2; plus_one++) {
        const struct spt_norm norm = {.kind = plus_one ? SPT_NORM_RMS_PLUS_ONE : SPT_NORM_RMS,
                                      .rows = ROWS,
                                      .d = D,
                                      .x = x,
                                      .weight = weight,
                                      .epsilon = 1e-3,
                                      .y = y};
        assert_int_equal(spt_norm_run(&team, &norm, NULL), SPT_OK);
        for (size_t t = 0; t < ROWS; t++) {
            double squares = 0;
            for (size_t i = 0; i < D; i++) squares += pow((double)x[t * D + i], 2) / D;
            for (size_t i = 0; i < D; i++) {
                const double wanted = (double)x[t * D + i] / sqrt(squares + 1e-3) * (plus_one + (double)weight[i]);
                assert_true(fabs((double)y[t * D + i] - wanted) < 1e-6);
            }
        }
    }
    spt_team_release(&team);
}

/* Press et al. 2022: "for 8 heads the slopes are the geometric sequence 1/2, 1/4 .. 1/256"; for 12 heads, the 8 of 8
 * and four of 16: 2^-0.5, 2^-1.5, .. (their get_slopes). */
static void slopes_of_linear_biases_are_those_of_the_paper(void **state) {
    (void)state;
    for (size_t h = 0; h < 8; h++) {
        assert_true(spt_alibi_slope(8, h) == ldexpf(1, -(int)h - 1));
        assert_true(spt_alibi_slope(12, h) == ldexpf(1, -(int)h - 1));
    }
    for (size_t h = 0; h < 4; h++)
        assert_true(fabs((double)spt_alibi_slope(12, 8 + h) / pow(2, -0.5 - (double)h) - 1) < 3e-7);
    assert_true(spt_alibi_slope(1, 0) == ldexpf(1, -8));
}

static void rotary_turns_pairs_of_halves_and_leaves_the_rest(void **state) {
    (void)state;
    enum { N = 9, STRIDE = 10, DIM = 6 };
    const size_t offset[] = {0, N};
    const struct spt_probe probe = {.samples = 1, .tokens = N, .longest = N, .offset = offset};
    const struct spt_model_config config = {.rotary_dim = DIM, .rotary_base = 100};
    struct spt_rotary rotary;
    assert_int_equal(spt_rotary_init(&rotary, &config, &probe, NULL), SPT_OK);
    float x[N * STRIDE], before[N * STRIDE];
    for (size_t i = 0; i < N * STRIDE; i++) x[i] = before[i] = sinf((float)i);
    spt_rotary_turn(&rotary, x, N, STRIDE);
    for (size_t t = 0; t < N; t++) {
        for (size_t i = 0; i < DIM / 2; i++) {
            /* Su et al. 2021, eq. 34: the pair as a complex number times e^(i t theta_i) */
            const double angle = (double)t * pow(100, -2.0 * (double)i / DIM);
            const double a = (double)before[t * STRIDE + i], b = (double)before[t * STRIDE + DIM / 2 + i];
            assert_true(fabs((double)x[t * STRIDE + i] - (a * cos(angle) - b * sin(angle))) < 2e-6);
            assert_true(fabs((double)x[t * STRIDE + DIM / 2 + i] - (a * sin(angle) + b * cos(angle))) < 2e-6);
        }
        for (size_t i = DIM; i < STRIDE; i++) assert_true(x[t * STRIDE + i] == before[t * STRIDE + i]);
    }
    spt_rotary_release(&rotary);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(activations_are_within_the_stated_bounds),
        cmocka_unit_test(activations_let_nan_and_infinity_through),
        cmocka_unit_test(exponential_is_within_two_ulp),
        cmocka_unit_test(softmax_equals_its_definition),
        cmocka_unit_test(softmax_of_scores_below_a_hundred_thousand_is_no_mask),
        cmocka_unit_test(nan_in_a_row_makes_all_of_it_nan),
        cmocka_unit_test(layer_norm_equals_its_definition),
        cmocka_unit_test(rms_norm_equals_its_definition),
        cmocka_unit_test(slopes_of_linear_biases_are_those_of_the_paper),
        cmocka_unit_test(rotary_turns_pairs_of_halves_and_leaves_the_rest),
    };
    return cmocka_run_group_tests_name("elementwise", tests, NULL, NULL);
}
