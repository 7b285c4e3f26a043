/* Steps that a run lacks, told from those it never had. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tracker/check.h"

#include <stdio.h>

static void expect(const int64_t *steps, size_t count, const char *expected) {
    struct spt_text text = {0};
    int64_t first = -1, last = -1;
    const size_t gaps = spt_check_gaps(steps, count, &text, &first, &last);
    assert_string_equal(text.data ? text.data : "", expected);
    assert_int_equal(gaps > 0, *expected != '\0');
    assert_int_equal(first >= 0, *expected != '\0');
    spt_text_release(&text);
}

#define EXPECT(expected, ...)                                                                                          \
    expect((const int64_t[]){__VA_ARGS__}, sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t), expected)

static void a_step_missing_from_a_stride_is_named(void **state) {
    (void)state;
    EXPECT("3000 is missing between 2000 and 4000: steps come every 1000 there", 1000, 2000, 4000, 5000);
    EXPECT("3000, 4000 are missing between 2000 and 5000: steps come every 1000 there", 0, 1000, 2000, 5000, 6000);
    EXPECT("20 is missing between 10 and 30: steps come every 10 there; 40 is missing between 30 and 50: steps come "
           "every 10 there",
           0, 10, 30, 50, 60);
    EXPECT("2, 3, 4, 5, 6, 7, 8, 9 and 90 more are missing between 1 and 100: steps come every 1 there", 0, 1, 100,
           101);
}

/* EleutherAI/pythia: 0, 1, 2, 4 ... 512, then every 1000. */
static size_t pythia(int64_t *steps) {
    size_t count = 0;
    steps[count++] = 0;
    for (int64_t step = 1; step <= 512; step *= 2) steps[count++] = step;
    for (int64_t step = 1000; step <= 143000; step += 1000) steps[count++] = step;
    return count;
}

static void pythia_s_154_steps_lack_none(void **state) {
    (void)state;
    int64_t steps[200];
    assert_int_equal(pythia(steps), 154);
    expect(steps, 154, "");
}

static void any_step_that_is_taken_out_of_pythia_s_later_ones_is_found(void **state) {
    (void)state;
    int64_t steps[200], less[200];
    const size_t count = pythia(steps);
    for (size_t out = 12; out + 2 < count; out++) { /* from 2000 on: before 1000 there is no stride */
        char expected[128];
        size_t n = 0;
        for (size_t i = 0; i < count; i++)
            if (i != out) less[n++] = steps[i];
        (void)snprintf(expected, sizeof expected, "%lld is missing between %lld and %lld: steps come every 1000 there",
                       (long long)steps[out], (long long)steps[out - 1], (long long)steps[out + 1]);
        if (out > 12) expect(less, n, expected);
    }
}

static void schedules_that_change_lack_none(void **state) {
    (void)state;
    EXPECT("", 0);
    EXPECT("", 0, 1000);
    EXPECT("", 0, 1000, 5000);
    EXPECT("", 1, 2, 4, 8, 16, 32, 64, 128);
    EXPECT("", 10, 30, 100, 300, 1000, 3000);
    EXPECT("", 100, 200, 300, 400, 1000, 2000, 3000);     /* coarser later */
    EXPECT("", 1000, 2000, 3000, 3100, 3200, 3300);       /* finer later */
    EXPECT("", 500, 1000, 1500, 1713);                    /* the last step of a training */
    EXPECT("", 0, 16, 32, 64, 128, 256, 512, 1000, 2000); /* as the demo run has them */
    EXPECT("", 0, INT64_MAX);
    EXPECT("", 0, 1, 2, INT64_MAX - 1, INT64_MAX - 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_missing_from_a_stride_is_named),
        cmocka_unit_test(pythia_s_154_steps_lack_none),
        cmocka_unit_test(any_step_that_is_taken_out_of_pythia_s_later_ones_is_found),
        cmocka_unit_test(schedules_that_change_lack_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
