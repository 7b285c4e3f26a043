/* The control of a run: the same samples with their tokens in another order, as a run of its own beside the run. */
#include "store/store_fixture.h"

#include "tracker/control.h"
#include "tracker/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct world {
    struct spt_config config;
    struct spt_run *run;
    const struct spt_checkpoint_ref *refs[1];
    struct spt_session run_session, control;
};

static void set(struct world *world, const char *key, const char *value) {
    struct spt_error error;
    if (spt_config_set(&world->config, key, value, key, &error) != SPT_OK) fail_msg("%s", error.message);
}

static enum spt_status open_as(struct world *world, enum spt_control control, struct spt_session *session,
                               struct spt_error *error) {
    return spt_session_open_control(session, control, &world->config, NULL, world->run, world->refs, 1, error);
}

static void open_both(struct world *world) {
    struct spt_error error;
    spt_session_release(&world->run_session);
    spt_session_release(&world->control);
    if (open_as(world, SPT_CONTROL_NONE, &world->run_session, &error) != SPT_OK ||
        open_as(world, SPT_CONTROL_SHUFFLED, &world->control, &error) != SPT_OK)
        fail_msg("%s: %s", error.path, error.message);
}

static int enter(void **state) {
    struct world *world = test_calloc(1, sizeof *world);
    struct spt_error error;
    if (spt_config_init(&world->config, &error) != SPT_OK ||
        spt_run_open(SPT_TEST_DATA "/demo-run", NULL, &world->run, &error) != SPT_OK)
        fail_msg("%s: %s", error.path, error.message);
    world->refs[0] = &world->run->refs[0];
    set(world, "samples", "50");
    *state = world;
    return 0;
}

static int leave(void **state) {
    struct world *world = *state;
    spt_session_release(&world->run_session);
    spt_session_release(&world->control);
    spt_run_close(world->run);
    spt_config_release(&world->config);
    test_free(world);
    return 0;
}

static int compare_ids(const void *a, const void *b) {
    const int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return x < y ? -1 : x > y;
}

/* Whether both samples hold the same ids, each as often; sorts copies of them. */
static bool is_permutation(const int32_t *a, const int32_t *b, size_t n) {
    int32_t x[256], y[256];
    assert_in_range(n, 1, 256);
    memcpy(x, a, n * sizeof *x);
    memcpy(y, b, n * sizeof *y);
    qsort(x, n, sizeof *x, compare_ids);
    qsort(y, n, sizeof *y, compare_ids);
    return memcmp(x, y, n * sizeof *x) == 0;
}

static void its_samples_are_permutations_with_special_tokens_in_place(void **state) {
    struct world *world = *state;
    open_both(world);
    const struct spt_sample_set *a = &world->run_session.samples, *b = &world->control.samples;
    size_t moved = 0;
    assert_int_equal(b->probe.samples, 50);
    assert_int_equal(a->probe.tokens, b->probe.tokens);
    assert_true(a->special[0]); /* the tokenizer of this run puts <|endoftext|> in front */
    for (size_t i = 0; i < 50; i++) {
        const size_t first = a->offset[i], n = a->offset[i + 1] - first;
        assert_int_equal(first, b->offset[i]);
        assert_true(is_permutation(a->ids + first, b->ids + first, n));
        for (size_t k = first; k < first + n; k++) {
            assert_int_equal(a->special[k], b->special[k]);
            if (a->special[k]) assert_int_equal(a->ids[k], b->ids[k]);
            moved += a->ids[k] != b->ids[k];
        }
    }
    assert_true(moved > a->probe.tokens / 2);
}

static void it_is_a_run_of_its_own_with_the_runs_model_and_plan(void **state) {
    struct world *world = *state;
    char hex[SPT_HASH_HEX], line[128];
    open_both(world);
    const struct spt_store_run *a = &world->run_session.identity, *b = &world->control.identity;
    assert_string_equal(a->name, "demo-run");
    assert_string_equal(b->name, "demo-run (shuffled)");
    assert_true(spt_hash_equal(a->model, b->model) && spt_hash_equal(a->plan, b->plan));
    assert_false(spt_hash_equal(a->probe, b->probe));
    spt_hash_hex(a->probe, hex);
    snprintf(line, sizeof line, "\ncontrol: shuffled\ncontrol of: %s\nshuffle seed: 3\n", hex);
    assert_non_null(strstr(b->probe_text, line));
    assert_null(strstr(a->probe_text, "control"));
    assert_true(spt_control_is(b) && !spt_control_is(a));
}

static void a_control_names_its_run_and_no_other_run_loses_its_suffix(void **state) {
    struct world *world = *state;
    struct spt_text names = {0};
    open_both(world);
    struct spt_store_run alike = world->run_session.identity;
    alike.name = world->control.identity.name;
    spt_control_put_origin_name(&names, &world->control.identity);
    spt_text_put(&names, "\n");
    spt_control_put_origin_name(&names, &alike);
    assert_string_equal(names.data, "demo-run\ndemo-run (shuffled)");
    spt_text_release(&names);
}

static void a_seed_is_an_order_whatever_samples_come_behind(void **state) {
    struct world *world = *state;
    struct spt_session again = {0}, more = {0};
    open_both(world);
    const struct spt_sample_set *b = &world->control.samples;
    set(world, "threads", "3");
    assert_int_equal(open_as(world, SPT_CONTROL_SHUFFLED, &again, NULL), SPT_OK);
    assert_true(spt_hash_equal(again.samples.digest, b->digest));
    set(world, "samples", "60");
    assert_int_equal(open_as(world, SPT_CONTROL_SHUFFLED, &more, NULL), SPT_OK);
    assert_memory_equal(more.samples.ids, b->ids, b->probe.tokens * sizeof *b->ids);
    spt_session_release(&again);
    spt_session_release(&more);
}

static void another_seed_is_another_order(void **state) {
    struct world *world = *state;
    struct spt_error error;
    open_both(world);
    struct spt_sample_set *a = &world->run_session.samples;
    const struct spt_hash original = a->digest;
    assert_int_equal(spt_sample_set_shuffle(a, 4, &error), SPT_OK);
    assert_true(spt_hash_equal(a->original, original));
    assert_false(spt_hash_equal(a->digest, world->control.samples.digest));
    assert_true(is_permutation(a->ids, world->control.samples.ids, a->offset[1]));
}

static void write_ids(const char *text) {
    FILE *file = fopen("control.ids", "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

/* Of three tokens that may be moved each of the six orders comes as often as another: of 6000 samples a thousand, give or take 4.9 sd of a
 * count (28.9). */
static void every_order_is_as_likely_as_another(void **state) {
    struct world *world = *state;
    struct spt_text text = {0};
    size_t seen[6] = {0};
    for (size_t i = 0; i < 6000; i++) spt_text_put(&text, "[0, 1, 2, 3]\n");
    write_ids(text.data);
    spt_text_release(&text);
    set(world, "ids", "control.ids");
    set(world, "samples", "6000");
    open_both(world);
    const int32_t *ids = world->control.samples.ids;
    for (size_t i = 0; i < 6000; i++, ids += 4) {
        assert_int_equal(ids[0], 0);
        seen[2 * (ids[1] - 1) + (ids[2] > ids[3])]++;
    }
    for (size_t i = 0; i < 6; i++) assert_in_range(seen[i], 860, 1140);
}

/* Without a tokenizer nobody says which tokens are special. */
static void of_bare_ids_a_first_token_stays_where_all_samples_share_it(void **state) {
    struct world *world = *state;
    size_t moved = 0;
    set(world, "ids", "control.ids");
    write_ids("[7, 1, 2, 3, 4, 5]\n[7, 2, 3, 4, 5, 6]\n[7, 3, 4, 5, 6, 8]\n");
    open_both(world);
    for (size_t i = 0; i < 3; i++) assert_int_equal(world->control.samples.ids[6 * i], 7);
    write_ids("[7, 1, 2, 3, 4, 5]\n[8, 2, 3, 4, 5, 6]\n[7, 3, 4, 5, 6, 8]\n[1, 2, 3, 4, 5, 6]\n");
    open_both(world);
    for (size_t i = 0; i < 4; i++) moved += world->control.samples.ids[6 * i] != world->run_session.samples.ids[6 * i];
    assert_true(moved > 0);
}

static void samples_without_another_order_have_no_control(void **state) {
    struct world *world = *state;
    struct spt_error error;
    set(world, "ids", "control.ids");
    write_ids("[7, 1]\n[7, 2]\n[7, 3, 3, 3]\n[7]\n");
    assert_int_equal(open_as(world, SPT_CONTROL_SHUFFLED, &world->control, &error), SPT_INVALID);
    assert_non_null(strstr(error.path, "control.ids"));
    assert_non_null(strstr(error.message, "no other order"));
    assert_null(world->control.name); /* released */
}

static void a_control_is_found_for_its_run_alone(void **state) {
    struct world *world = *state;
    open_both(world);
    struct spt_store_run runs[] = {world->run_session.identity, world->control.identity, world->control.identity,
                                   world->run_session.identity};
    char other[] = "demo-run-2";
    runs[2].plan.low++;
    runs[3].name = other;
    assert_ptr_equal(spt_control_find(&runs[0], runs, 4), &runs[1]);
    assert_null(spt_control_find(&runs[1], runs, 4));
    assert_null(spt_control_find(&runs[3], runs, 4));
    runs[0].probe.low++;
    assert_null(spt_control_find(&runs[0], runs, 4));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(its_samples_are_permutations_with_special_tokens_in_place),
        TEST(it_is_a_run_of_its_own_with_the_runs_model_and_plan),
        TEST(a_control_names_its_run_and_no_other_run_loses_its_suffix),
        TEST(a_seed_is_an_order_whatever_samples_come_behind),
        TEST(another_seed_is_another_order),
        TEST(every_order_is_as_likely_as_another),
        TEST(of_bare_ids_a_first_token_stays_where_all_samples_share_it),
        TEST(samples_without_another_order_have_no_control),
        TEST(a_control_is_found_for_its_run_alone),
    };
    return cmocka_run_group_tests(tests, fixture_enter, fixture_leave);
}
