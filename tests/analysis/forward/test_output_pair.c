/* The divergence of two streams' outputs by tiles of a vocabulary against its definition, row by row in double. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "analysis/forward/output_pair.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { D = 24, ROWS = 5003, SAMPLES = 3, TOKENS = 9, BLOCK = 4096 };

static const size_t OFFSET[SAMPLES + 1] = {0, 5, 6, 9};

struct made {
    float p[TOKENS * D], q[TOKENS * D], head[ROWS * D], bias[ROWS];
    int32_t ids[TOKENS];
    struct spt_probe probe;
    double loss_p[SAMPLES], loss_q[SAMPLES], divergence[SAMPLES];
};

/* In [-1, 1], one like any other (the mixer of SplitMix64). */
static float number(uint64_t i) {
    i = (i ^ (i >> 30)) * 0xbf58476d1ce4e5b9u;
    i = (i ^ (i >> 27)) * 0x94d049bb133111ebu;
    return (float)((i ^ (i >> 31)) >> 40) * 0x1p-23f - 1;
}

static struct made *make(void) {
    struct made *m = calloc(1, sizeof *m);
    assert_non_null(m);
    for (size_t i = 0; i < TOKENS * D; i++) {
        m->p[i] = number(i + 1);
        m->q[i] = m->p[i] + 0.3f * number(i + 1001);
    }
    for (size_t i = 0; i < ROWS * D; i++) m->head[i] = number(i + 1000001);
    for (size_t i = 0; i < ROWS; i++) m->bias[i] = number(i + 2000001);
    for (size_t i = 0; i < TOKENS; i++) m->ids[i] = (int32_t)(i * 1361 % ROWS);
    m->probe = (struct spt_probe){.samples = SAMPLES, .tokens = TOKENS, .longest = 5, .ids = m->ids, .offset = OFFSET};
    return m;
}

static void run(struct made *m, size_t threads) {
    struct spt_team team;
    struct spt_output_pair pair;
    assert_int_equal(spt_team_init(&team, threads, SPT_PAIR_SCRATCH, NULL), SPT_OK);
    assert_int_equal(spt_output_pair_init(&pair, &team, &m->probe, m->p, m->q, D, NULL), SPT_OK);
    for (size_t first = 0; first < ROWS; first += BLOCK) {
        const size_t rows = ROWS - first < BLOCK ? ROWS - first : BLOCK;
        const struct spt_matrix matrix = {.dtype = SPT_F32, .rows = rows, .columns = D, .data = m->head + first * D};
        assert_int_equal(spt_output_pair_add(&pair, &matrix, m->bias + first, first, NULL), SPT_OK);
    }
    spt_output_pair_losses(&pair, true, NULL, m->loss_p);
    spt_output_pair_losses(&pair, false, NULL, m->loss_q);
    spt_output_pair_divergence(&pair, m->divergence);
    spt_output_pair_release(&pair);
    spt_team_release(&team);
}

/* Log-probabilities of the token after t. */
static void log_softmax(const struct made *m, const float *x, size_t t, double *out /* [ROWS] */) {
    double sum = 0;
    for (size_t r = 0; r < ROWS; r++) {
        out[r] = (double)m->bias[r];
        for (size_t i = 0; i < D; i++) out[r] += (double)x[t * D + i] * (double)m->head[r * D + i];
    }
    for (size_t r = 0; r < ROWS; r++) sum += exp(out[r]);
    for (size_t r = 0; r < ROWS; r++) out[r] -= log(sum);
}

static void check(const struct made *m) {
    static double p[ROWS], q[ROWS];
    for (size_t s = 0; s < SAMPLES; s++) {
        const size_t n = OFFSET[s + 1] - OFFSET[s];
        double kl = 0, loss_p = 0, loss_q = 0;
        for (size_t t = OFFSET[s]; t < OFFSET[s + 1]; t++) {
            log_softmax(m, m->p, t, p);
            log_softmax(m, m->q, t, q);
            for (size_t r = 0; r < ROWS; r++)
                if (p[r] > -INFINITY) kl += exp(p[r]) * (p[r] - q[r]);
            if (t + 1 == OFFSET[s + 1]) continue;
            loss_p -= p[m->ids[t + 1]];
            loss_q -= q[m->ids[t + 1]];
        }
        assert_true(kl / (double)n > 0.05);
        assert_true(fabs(m->divergence[s] - kl / (double)n) < 2e-7);
        assert_true(n == 1 ? isnan(m->loss_p[s]) : fabs(m->loss_p[s] - loss_p / (double)(n - 1)) < 2e-6);
        assert_true(n == 1 ? isnan(m->loss_q[s]) : fabs(m->loss_q[s] - loss_q / (double)(n - 1)) < 2e-6);
    }
}

static void tiles_give_the_divergence_and_the_losses_of_whole_rows(void **state) {
    (void)state;
    struct made *m = make(), *more = make();
    run(m, 1);
    check(m);
    for (size_t threads = 2; threads <= 3; threads++) {
        run(more, threads);
        assert_memory_equal(m->divergence, more->divergence, sizeof m->divergence);
        assert_memory_equal(m->loss_q, more->loss_q, sizeof m->loss_q);
    }
    free(m);
    free(more);
}

/* A shift of all logits of a stream is none of its distribution. */
static void far_logits_lose_no_digits_that_matter(void **state) {
    (void)state;
    struct made *m = make();
    for (size_t r = 0; r < ROWS; r++) m->bias[r] += 40;
    run(m, 1);
    check(m);
    free(m);
}

static void a_token_that_neither_expects_adds_nothing(void **state) {
    (void)state;
    struct made *m = make();
    for (size_t r = 1000; r < 1300; r++) m->bias[r] = -INFINITY; /* whole tiles, and parts of two */
    for (size_t t = 0; t < TOKENS; t++)
        if (m->ids[t] >= 1000 && m->ids[t] < 1300) m->ids[t] = 7;
    run(m, 1);
    check(m);
    free(m);
}

static void the_same_stream_twice_diverges_by_exactly_nothing(void **state) {
    (void)state;
    struct made *m = make();
    memcpy(m->q, m->p, sizeof m->q);
    run(m, 2);
    for (size_t s = 0; s < SAMPLES; s++) assert_true(m->divergence[s] == 0);
    assert_memory_equal(m->loss_p, m->loss_q, sizeof m->loss_p);
    free(m);
}

static void what_is_not_finite_has_no_divergence(void **state) {
    (void)state;
    struct made *m = make();
    m->q[7 * D] = NAN; /* of the last sample */
    run(m, 1);
    assert_true(m->divergence[0] > 0 && m->divergence[1] > 0 && isnan(m->divergence[2]));
    assert_true(isnan(m->loss_q[2]) && !isnan(m->loss_p[2]));
    free(m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tiles_give_the_divergence_and_the_losses_of_whole_rows),
        cmocka_unit_test(far_logits_lose_no_digits_that_matter),
        cmocka_unit_test(a_token_that_neither_expects_adds_nothing),
        cmocka_unit_test(the_same_stream_twice_diverges_by_exactly_nothing),
        cmocka_unit_test(what_is_not_finite_has_no_divergence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
