/* Shards split every list without a gap and without an overlap. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tracker/shard.h"

enum { SHARDS_MAX = 9, LIST_MAX = 40 };

/* Counts, for each of length checkpoints, how many of the shards have it, and for each shard how many it has. */
static void split(size_t length, size_t shards, size_t *owners, size_t *sizes) {
    for (size_t s = 0; s < shards; s++) {
        const struct spt_config_shard shard = {.index = (int64_t)s + 1, .count = (int64_t)shards};
        sizes[s] = 0;
        for (size_t rank = 0; rank < length; rank++) {
            const bool has = spt_shard_has(shard, rank);
            owners[rank] += has;
            sizes[s] += has;
        }
    }
}

static void every_checkpoint_is_exactly_one_shards_however_long_the_list(void **state) {
    (void)state;
    for (size_t shards = 1; shards <= SHARDS_MAX; shards++)
        for (size_t length = 0; length <= LIST_MAX; length++) {
            size_t owners[LIST_MAX] = {0}, sizes[SHARDS_MAX];
            split(length, shards, owners, sizes);
            for (size_t rank = 0; rank < length; rank++) assert_int_equal(owners[rank], 1);
        }
}

static void shards_differ_by_at_most_one_checkpoint(void **state) {
    (void)state;
    for (size_t shards = 1; shards <= SHARDS_MAX; shards++)
        for (size_t length = 0; length <= LIST_MAX; length++) {
            size_t owners[LIST_MAX] = {0}, sizes[SHARDS_MAX];
            split(length, shards, owners, sizes);
            for (size_t s = 1; s < shards; s++) assert_in_range(sizes[0] - sizes[s], 0, 1);
        }
}

static void a_list_that_grows_at_its_end_takes_nothing_from_a_shard(void **state) {
    (void)state;
    const struct spt_config_shard shard = {.index = 2, .count = 3};
    const size_t before[] = {1, 4, 7}; /* of 10, counted by hand */
    for (size_t i = 0, rank = 0; rank < 10; rank++) {
        const bool has = i < 3 && before[i] == rank;
        assert_int_equal(spt_shard_has(shard, rank), has);
        i += has;
    }
    assert_true(spt_shard_has(shard, 10));
    assert_false(spt_shard_has(shard, 11));
}

static void no_shard_is_all(void **state) {
    (void)state;
    for (size_t rank = 0; rank < LIST_MAX; rank++) {
        assert_true(spt_shard_has((struct spt_config_shard){0, 0}, rank));
        assert_true(spt_shard_has((struct spt_config_shard){1, 1}, rank));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_checkpoint_is_exactly_one_shards_however_long_the_list),
        cmocka_unit_test(shards_differ_by_at_most_one_checkpoint),
        cmocka_unit_test(a_list_that_grows_at_its_end_takes_nothing_from_a_shard),
        cmocka_unit_test(no_shard_is_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
