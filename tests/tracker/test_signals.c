/* Signals as questions: sent by the process to itself. */
#include "tracker/signals.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

static int block(void **state) {
    (void)state;
    spt_signals_block();
    return 0;
}

static int unblock(void **state) {
    (void)state;
    while (spt_signals_take()) continue;
    spt_signals_unblock();
    return 0;
}

static void each_that_asks_to_end_is_pending_until_it_is_taken(void **state) {
    (void)state;
    static const int SIGNALS[] = {SIGINT, SIGTERM, SIGHUP};
    for (size_t i = 0; i < sizeof SIGNALS / sizeof *SIGNALS; i++) {
        assert_false(spt_signals_pending());
        assert_int_equal(kill(getpid(), SIGNALS[i]), 0);
        assert_true(spt_signals_pending());
        assert_true(spt_signals_pending());
        assert_int_equal(spt_signals_take(), SIGNALS[i]);
        assert_int_equal(spt_signals_take(), 0);
    }
}

static void a_second_one_of_the_same_number_is_told_from_the_first(void **state) {
    (void)state;
    struct spt_signals signals = {0};
    assert_int_equal(spt_signals_count(&signals), 0);
    assert_int_equal(kill(getpid(), SIGTERM), 0);
    assert_int_equal(spt_signals_count(&signals), 1);
    assert_int_equal(spt_signals_count(&signals), 1);
    assert_int_equal(kill(getpid(), SIGTERM), 0);
    assert_int_equal(spt_signals_count(&signals), 2);
}

static void two_of_different_numbers_are_two(void **state) {
    (void)state;
    struct spt_signals signals = {0};
    assert_int_equal(kill(getpid(), SIGTERM), 0);
    assert_int_equal(kill(getpid(), SIGINT), 0);
    assert_int_equal(spt_signals_count(&signals), 2);
}

static void one_that_nohup_ignores_stays_ignored(void **state) {
    (void)state;
    struct spt_signals signals = {0};
    spt_signals_unblock();
    assert_true(signal(SIGHUP, SIG_IGN) != SIG_ERR);
    spt_signals_block();
    assert_int_equal(kill(getpid(), SIGHUP), 0);
    assert_false(spt_signals_pending());
    assert_int_equal(spt_signals_count(&signals), 0);
    assert_true(signal(SIGHUP, SIG_DFL) != SIG_ERR);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_that_asks_to_end_is_pending_until_it_is_taken, block, unblock),
        cmocka_unit_test_setup_teardown(a_second_one_of_the_same_number_is_told_from_the_first, block, unblock),
        cmocka_unit_test_setup_teardown(two_of_different_numbers_are_two, block, unblock),
        cmocka_unit_test_setup_teardown(one_that_nohup_ignores_stays_ignored, block, unblock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
