/* The queue of a watch, by a made-up clock over made-up folders: nothing is read, nobody waits. */
#include "tracker/watch/queue.h"

#include "checkpoints/base/hash.h"
#include "checkpoints/base/memory.h"

#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static const struct spt_queue_times TIMES = {.quiet = 10, .deadline = 1800, .retry_first = 1, .retry_most = 300};

/* A run's folder as a scan would see it: the files of a checkpoint have a version, which each write counts up. */
struct made {
    char uri[32], marker[32];
    struct spt_checkpoint_ref ref;
    uint64_t version, seen_version;
    double since;
    bool there, was_there;
};

struct world {
    struct made *made; /* [count] */
    struct spt_sight *sights;
    size_t count, capacity;
    struct spt_queue *queue;
};

static char no_branch[] = "";

static void open_world(struct world *world, size_t capacity, const struct spt_queue_times *times) {
    *world = (struct world){
        .made = spt_alloc_zeroed(capacity, sizeof *world->made),
        .sights = spt_alloc_zeroed(capacity, sizeof *world->sights),
        .capacity = capacity,
    };
    assert_non_null(world->made);
    assert_non_null(world->sights);
    assert_int_equal(spt_queue_new(times, &world->queue, NULL), SPT_OK);
}

static void close_world(struct world *world) {
    spt_queue_free(world->queue);
    free(world->made);
    free(world->sights);
}

/* Of tests that need no times of their own. */
static int enter(void **state) {
    *state = spt_alloc_zeroed(1, sizeof(struct world));
    assert_non_null(*state);
    open_world(*state, 16, &TIMES);
    return 0;
}

static int leave(void **state) {
    close_world(*state);
    free(*state);
    return 0;
}

/* A checkpoint of a step appears, half written. */
static struct made *appear(struct world *world, int64_t step) {
    assert_true(world->count < world->capacity);
    struct made *made = &world->made[world->count++];
    (void)snprintf(made->uri, sizeof made->uri, "step%" PRId64, step);
    made->ref = (struct spt_checkpoint_ref){
        .uri = made->uri, .path = made->uri, .label = made->uri, .branch = no_branch, .step = step};
    made->version = 1;
    made->there = true;
    return made;
}

static void write_to(struct made *made) {
    made->version++;
}

static void look(struct world *world, double now) {
    size_t count = 0;
    for (size_t i = 0; i < world->count; i++) {
        struct made *made = &world->made[i];
        if (made->there && (!made->was_there || made->version != made->seen_version)) made->since = now;
        made->was_there = made->there;
        made->seen_version = made->version;
        if (!made->there) continue;
        made->ref.fingerprint = (struct spt_hash){made->version, 1};
        world->sights[count++] =
            (struct spt_sight){.ref = &made->ref, .state = {made->version, 2}, .since = made->since};
    }
    assert_int_equal(spt_queue_look(world->queue, world->sights, count, now, NULL), SPT_OK);
}

static void no_news(struct world *world) {
    while (spt_queue_news(world->queue) != SPT_QUEUE_NONE) {
    }
}

static const struct spt_queued *of(const struct world *world, const struct made *made) {
    const size_t index = spt_queue_find(world->queue, made->uri);
    assert_true(index != SPT_QUEUE_NONE);
    return spt_queue_item(world->queue, index);
}

/* The step of the one that would be analysed now; SPT_NO_STEP: none. */
static int64_t next_step(const struct world *world, double now) {
    const size_t index = spt_queue_take(world->queue, now);
    return index == SPT_QUEUE_NONE ? SPT_NO_STEP : spt_queue_item(world->queue, index)->kept.step;
}

static void analyse_next(struct world *world, double now, int64_t step) {
    assert_int_equal(next_step(world, now), step);
    spt_queue_analysed(world->queue, spt_queue_take(world->queue, now));
}

/* --- the quiet period --- */

static void a_checkpoint_is_taken_when_it_was_the_same_for_the_quiet_period(void **state) {
    struct world *world = *state;
    appear(world, 5);
    look(world, 100);
    assert_int_equal(next_step(world, 100), SPT_NO_STEP);
    look(world, 109.9);
    assert_int_equal(next_step(world, 109.9), SPT_NO_STEP);
    look(world, 110);
    assert_int_equal(next_step(world, 110), 5);
}

static void time_that_no_look_saw_is_no_quiet(void **state) {
    struct world *world = *state;
    appear(world, 5);
    look(world, 100);
    assert_int_equal(next_step(world, 1000), SPT_NO_STEP);
}

static void a_quiet_period_of_nothing_takes_what_the_first_look_sees(void **state) {
    (void)state;
    struct spt_queue_times times = TIMES;
    struct world world;
    times.quiet = 0;
    open_world(&world, 1, &times);
    appear(&world, 5);
    look(&world, 100);
    assert_int_equal(next_step(&world, 100), 5);
    close_world(&world);
}

enum { TICKS = 15, QUIET_TICKS = 4 };

/* Writes happen in the ticks whose bits are set, the first in tick 0; a look follows in each tick. Files that were written in tick w are known
 * to be the same for the quiet period in tick w + QUIET_TICKS, unless another write comes first or in that tick. */
static size_t expected_takes(unsigned pattern) {
    size_t takes = 0;
    int last = 0;
    for (int tick = 1; tick < TICKS; tick++) {
        if (!(pattern >> tick & 1)) continue;
        takes += tick - last > QUIET_TICKS;
        last = tick;
    }
    return takes + (TICKS - last > QUIET_TICKS);
}

static void no_pause_shorter_than_the_quiet_period_is_mistaken_for_the_end_by_any_writer(void **state) {
    (void)state;
    const struct spt_queue_times times = {.quiet = QUIET_TICKS, .deadline = 1e9, .retry_first = 1, .retry_most = 2};
    for (unsigned pattern = 1; pattern < 1U << TICKS; pattern += 2) {
        struct world world;
        size_t takes = 0;
        open_world(&world, 1, &times);
        struct made *made = appear(&world, 1);
        for (int tick = 0, last = 0; tick < TICKS; tick++) {
            if (pattern >> tick & 1) {
                write_to(made);
                last = tick;
            }
            look(&world, tick);
            no_news(&world);
            const size_t taken = spt_queue_take(world.queue, tick);
            if (taken == SPT_QUEUE_NONE) continue;
            assert_true(tick - last >= QUIET_TICKS);
            spt_queue_analysed(world.queue, taken);
            takes++;
        }
        assert_int_equal(takes, expected_takes(pattern));
        close_world(&world);
    }
}

static void what_changes_after_it_was_analysed_is_analysed_again(void **state) {
    struct world *world = *state;
    struct made *made = appear(world, 5);
    look(world, 0);
    look(world, 10);
    analyse_next(world, 10, 5);
    assert_int_equal(of(world, made)->state, SPT_WATCHED_ANALYSED);
    look(world, 1000);
    assert_int_equal(next_step(world, 1000), SPT_NO_STEP);
    write_to(made);
    look(world, 1005);
    assert_int_equal(of(world, made)->state, SPT_WATCHED_CHANGING);
    look(world, 1015);
    analyse_next(world, 1015, 5);
}

/* --- which is next --- */

static void those_that_arrive_out_of_order_are_taken_in_the_order_of_steps(void **state) {
    struct world *world = *state;
    const int64_t arrivals[] = {64, 2, 512, SPT_NO_STEP, 1, 8};
    for (size_t i = 0; i < sizeof arrivals / sizeof *arrivals; i++) appear(world, arrivals[i]);
    look(world, 0);
    look(world, 10);
    const int64_t expected[] = {1, 2, 8, 64, 512, SPT_NO_STEP};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        const size_t taken = spt_queue_take(world->queue, 10);
        assert_true(taken != SPT_QUEUE_NONE);
        assert_int_equal(spt_queue_item(world->queue, taken)->kept.step, expected[i]);
        spt_queue_analysed(world->queue, taken);
    }
    assert_true(spt_queue_take(world->queue, 10) == SPT_QUEUE_NONE);
}

static void an_earlier_step_that_comes_late_does_not_hold_up_a_later_one(void **state) {
    struct world *world = *state;
    appear(world, 20);
    look(world, 0);
    look(world, 9);
    appear(world, 10);
    look(world, 10);
    analyse_next(world, 10, 20);
    look(world, 20);
    analyse_next(world, 20, 10);
}

static void steps_of_all_branches_are_taken_together(void **state) {
    struct world *world = *state;
    static char other[] = "a-branch";
    appear(world, 2);
    appear(world, 3)->ref.branch = other;
    appear(world, 4);
    look(world, 0);
    look(world, 10);
    analyse_next(world, 10, 2);
    analyse_next(world, 10, 3);
    analyse_next(world, 10, 4);
}

static void a_step_that_becomes_known_late_finds_its_place(void **state) {
    struct world *world = *state;
    const struct spt_watched *items;
    size_t count, states[SPT_WATCHED_REFUSED + 1];
    appear(world, 5);
    struct made *late = appear(world, SPT_NO_STEP);
    appear(world, 7);
    look(world, 0);
    late->ref.step = 6;
    write_to(late);
    look(world, 1);
    assert_int_equal(spt_queue_show(world->queue, &items, &count, states, NULL), SPT_OK);
    assert_int_equal(count, 3);
    for (size_t i = 0; i < count; i++) assert_int_equal(items[i].step, 5 + (int64_t)i);
}

/* --- back-off --- */

static void back_off_doubles_from_a_second_to_five_minutes(void **state) {
    (void)state;
    struct spt_queue_times times = TIMES;
    struct world world;
    times.deadline = 1e9;
    open_world(&world, 1, &times);
    struct made *made = appear(&world, 5);
    look(&world, 0);
    look(&world, 10);
    double now = 10;
    const double expected[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        assert_int_equal(next_step(&world, now), 5);
        const size_t taken = spt_queue_take(world.queue, now);
        assert_int_equal(spt_queue_put_back(world.queue, taken, now, "torn", false, NULL), SPT_OK);
        assert_int_equal(of(&world, made)->state, SPT_WATCHED_WAITING);
        assert_string_equal(of(&world, made)->reason, "torn");
        now += expected[i];
        look(&world, now - 0.01);
        assert_int_equal(next_step(&world, now - 0.01), SPT_NO_STEP);
    }
    close_world(&world);
}

static void back_off_starts_anew_when_files_change(void **state) {
    struct world *world = *state;
    struct made *made = appear(world, 5);
    look(world, 0);
    look(world, 10);
    for (int i = 0; i < 3; i++) assert_int_equal(spt_queue_put_back(world->queue, 0, 10, "torn", false, NULL), SPT_OK);
    assert_true(of(world, made)->next == 14);
    write_to(made);
    look(world, 12);
    assert_null(of(world, made)->reason);
    look(world, 15);
    assert_int_equal(next_step(world, 15), SPT_NO_STEP); /* the quiet period counts from 12 */
    look(world, 22);
    assert_int_equal(next_step(world, 22), 5);
    assert_int_equal(spt_queue_put_back(world->queue, 0, 22, "torn", false, NULL), SPT_OK);
    assert_true(of(world, made)->next == 23);
}

static void one_that_is_tried_again_does_not_hold_up_the_others(void **state) {
    struct world *world = *state;
    appear(world, 1);
    appear(world, 2);
    look(world, 0);
    look(world, 10);
    assert_int_equal(next_step(world, 10), 1);
    assert_int_equal(spt_queue_put_back(world->queue, spt_queue_take(world->queue, 10), 10, "torn", false, NULL),
                     SPT_OK);
    analyse_next(world, 10, 2);
    look(world, 11);
    assert_int_equal(next_step(world, 11), 1);
}

/* --- the deadline --- */

static void what_waits_is_overdue_after_the_deadline_and_not_before(void **state) {
    struct world *world = *state;
    struct made *made = appear(world, 5);
    appear(world, 6);
    look(world, 0);
    look(world, 10);
    assert_int_equal(spt_queue_put_back(world->queue, 0, 10, "torn", false, NULL), SPT_OK);
    spt_queue_analysed(world->queue, 1);
    look(world, 1799);
    assert_true(spt_queue_overdue(world->queue, 1799) == SPT_QUEUE_NONE);
    look(world, 1800);
    assert_int_equal(spt_queue_overdue(world->queue, 1800), 0);
    assert_int_equal(spt_queue_refuse(world->queue, 0, "torn", NULL), SPT_OK);
    assert_true(spt_queue_overdue(world->queue, 1e6) == SPT_QUEUE_NONE);
    assert_int_equal(next_step(world, 1e6), SPT_NO_STEP);
    assert_int_equal(of(world, made)->state, SPT_WATCHED_REFUSED);
}

static void what_the_system_refuses_to_read_has_no_deadline(void **state) {
    struct world *world = *state;
    appear(world, 5);
    look(world, 0);
    look(world, 10);
    assert_int_equal(spt_queue_put_back(world->queue, 0, 10, "permission denied", true, NULL), SPT_OK);
    look(world, 1e6);
    assert_true(spt_queue_overdue(world->queue, 1e6) == SPT_QUEUE_NONE);
    assert_int_equal(next_step(world, 1e6), 5);
}

static void what_is_refused_is_tried_again_when_its_files_change(void **state) {
    struct world *world = *state;
    struct made *made = appear(world, 5);
    look(world, 0);
    look(world, 10);
    assert_int_equal(spt_queue_refuse(world->queue, 0, "no safetensors file", NULL), SPT_OK);
    look(world, 5000);
    assert_int_equal(next_step(world, 5000), SPT_NO_STEP);
    write_to(made);
    look(world, 6000);
    look(world, 6010);
    analyse_next(world, 6010, 5);
}

static void a_writer_that_goes_on_moves_the_deadline(void **state) {
    struct world *world = *state;
    struct made *made = appear(world, 5);
    for (int i = 0; i < 1000; i++) {
        write_to(made);
        look(world, 9.0 * i);
        assert_int_equal(next_step(world, 9.0 * i), SPT_NO_STEP);
        assert_true(spt_queue_overdue(world->queue, 9.0 * i) == SPT_QUEUE_NONE);
    }
}

/* --- markers --- */

static void without_its_marker_it_waits_however_quiet_it_is(void **state) {
    struct world *world = *state;
    struct made *made = appear(world, 5);
    (void)snprintf(made->marker, sizeof made->marker, "trainer_state.json");
    made->ref.awaits = made->marker;
    look(world, 0);
    no_news(world);
    assert_int_equal(of(world, made)->state, SPT_WATCHED_CHANGING);
    look(world, 10);
    assert_int_equal(spt_queue_news(world->queue), 0);
    assert_int_equal(of(world, made)->state, SPT_WATCHED_WAITING);
    assert_true(of(world, made)->awaits);
    assert_non_null(strstr(of(world, made)->reason, "trainer_state.json"));
    look(world, 1000);
    assert_int_equal(spt_queue_news(world->queue), SPT_QUEUE_NONE);
    assert_int_equal(next_step(world, 1000), SPT_NO_STEP);
    made->ref.awaits = NULL;
    write_to(made);
    look(world, 1001);
    assert_int_equal(of(world, made)->state, SPT_WATCHED_CHANGING);
    look(world, 1011);
    analyse_next(world, 1011, 5);
}

static void a_marker_that_comes_elsewhere_lets_a_quiet_checkpoint_go(void **state) {
    struct world *world = *state;
    struct made *made = appear(world, 5);
    (void)snprintf(made->marker, sizeof made->marker, ".metadata");
    made->ref.awaits = made->marker;
    look(world, 0);
    look(world, 1900);
    assert_int_equal(spt_queue_overdue(world->queue, 1900), 0);
    assert_int_equal(spt_queue_refuse(world->queue, 0, "no .metadata", NULL), SPT_OK);
    made->ref.awaits = NULL;
    look(world, 1905);
    analyse_next(world, 1905, 5);
    assert_null(of(world, made)->reason);
}

/* --- gone, and back --- */

static void what_goes_before_it_was_analysed_is_news_and_never_taken(void **state) {
    struct world *world = *state;
    const struct spt_watched *items;
    size_t count, states[SPT_WATCHED_REFUSED + 1];
    struct made *made = appear(world, 5);
    look(world, 0);
    look(world, 10);
    no_news(world);
    made->there = false;
    look(world, 12);
    assert_int_equal(spt_queue_news(world->queue), 0);
    assert_null(of(world, made)->ref);
    assert_false(of(world, made)->analysed);
    assert_string_equal(of(world, made)->kept.label, "step5"); /* what is recorded of it */
    assert_int_equal(of(world, made)->kept.fingerprint.low, 1);
    assert_int_equal(next_step(world, 100), SPT_NO_STEP);
    assert_int_equal(spt_queue_show(world->queue, &items, &count, states, NULL), SPT_OK);
    assert_int_equal(count, 0);
}

static void what_comes_back_is_taken_up_again_from_the_beginning(void **state) {
    struct world *world = *state;
    struct made *made = appear(world, 5);
    look(world, 0);
    look(world, 10);
    made->there = false;
    look(world, 12);
    no_news(world);
    made->there = true;
    look(world, 15);
    assert_int_equal(spt_queue_news(world->queue), 0);
    assert_int_equal(next_step(world, 15), SPT_NO_STEP);
    look(world, 25);
    analyse_next(world, 25, 5);
}

static void what_was_analysed_stays_so_when_it_goes(void **state) {
    struct world *world = *state;
    const struct spt_watched *items;
    size_t count, states[SPT_WATCHED_REFUSED + 1];
    struct made *made = appear(world, 5);
    look(world, 0);
    look(world, 10);
    analyse_next(world, 10, 5);
    write_to(made); /* a folder is removed file by file */
    look(world, 20);
    assert_int_equal(of(world, made)->state, SPT_WATCHED_CHANGING);
    made->there = false;
    look(world, 21);
    assert_true(of(world, made)->analysed);
    assert_int_equal(spt_queue_show(world->queue, &items, &count, states, NULL), SPT_OK);
    assert_int_equal(count, 1);
    assert_int_equal(states[SPT_WATCHED_ANALYSED], 1);
}

static void what_an_earlier_watch_analysed_is_shown_though_it_is_gone_and_known_when_it_is_seen(void **state) {
    struct world *world = *state;
    const struct spt_watched *items;
    size_t index, count, states[SPT_WATCHED_REFUSED + 1];
    struct made *made = appear(world, 5);
    made->there = false;
    look(world, 0);
    assert_int_equal(spt_queue_remember(world->queue, &made->ref, &index, NULL), SPT_OK);
    assert_int_equal(spt_queue_show(world->queue, &items, &count, states, NULL), SPT_OK);
    assert_int_equal(states[SPT_WATCHED_ANALYSED], 1);
    made->there = true;
    look(world, 5);
    assert_int_equal(spt_queue_news(world->queue), (int)index);
    assert_int_equal(spt_queue_count(world->queue), 1);
    spt_queue_analysed(world->queue, index); /* its files are those that were analysed */
    look(world, 100);
    assert_int_equal(next_step(world, 100), SPT_NO_STEP);
}

/* --- when to look again --- */

static void the_next_time_that_matters_is_the_earliest_of_all(void **state) {
    struct world *world = *state;
    assert_true(isinf(spt_queue_due(world->queue, 0)));
    appear(world, 1);
    look(world, 0);
    assert_true(spt_queue_due(world->queue, 3) == 10); /* the end of the quiet period */
    appear(world, 2);
    look(world, 4);
    look(world, 10);
    assert_true(spt_queue_due(world->queue, 10) == 10); /* at once */
    assert_int_equal(spt_queue_put_back(world->queue, 0, 13, "torn", false, NULL), SPT_OK);
    assert_true(spt_queue_due(world->queue, 13) == 14); /* the back-off, and the end of the other's quiet period */
    look(world, 14);
    spt_queue_analysed(world->queue, 1);
    for (int i = 0; i < 20; i++)
        assert_int_equal(spt_queue_put_back(world->queue, 0, 1700, "torn", false, NULL), SPT_OK);
    assert_true(spt_queue_due(world->queue, 1700) == 1800); /* the deadline comes before the next try */
    assert_int_equal(spt_queue_refuse(world->queue, 0, "torn", NULL), SPT_OK);
    assert_true(isinf(spt_queue_due(world->queue, 1800)));
}

/* --- size --- */

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Arrivals one at a time, each look over all: what a long run does, some 10 ms a look at most even with sanitizers. */
static void ten_thousand_checkpoints_are_cheap(void **state) {
    (void)state;
    enum { COUNT = 10000, LOOKS = 20 };
    struct world world;
    open_world(&world, COUNT, &TIMES);
    for (size_t i = 0; i < COUNT; i++) appear(&world, (int64_t)(i * 7919 % COUNT)); /* each step once, in no order */
    const double started = seconds();
    look(&world, 0);
    look(&world, 10);
    for (int64_t i = 0; i < 1000; i++) analyse_next(&world, 10, i);
    for (int i = 0; i < LOOKS; i++) look(&world, 20 + i);
    const double spent = seconds() - started;
    assert_int_equal(spt_queue_count(world.queue), COUNT);
    assert_true(spent < 5);
    close_world(&world);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_checkpoint_is_taken_when_it_was_the_same_for_the_quiet_period, enter, leave),
        cmocka_unit_test_setup_teardown(time_that_no_look_saw_is_no_quiet, enter, leave),
        cmocka_unit_test(a_quiet_period_of_nothing_takes_what_the_first_look_sees),
        cmocka_unit_test(no_pause_shorter_than_the_quiet_period_is_mistaken_for_the_end_by_any_writer),
        cmocka_unit_test_setup_teardown(what_changes_after_it_was_analysed_is_analysed_again, enter, leave),
        cmocka_unit_test_setup_teardown(those_that_arrive_out_of_order_are_taken_in_the_order_of_steps, enter, leave),
        cmocka_unit_test_setup_teardown(an_earlier_step_that_comes_late_does_not_hold_up_a_later_one, enter, leave),
        cmocka_unit_test_setup_teardown(steps_of_all_branches_are_taken_together, enter, leave),
        cmocka_unit_test_setup_teardown(a_step_that_becomes_known_late_finds_its_place, enter, leave),
        cmocka_unit_test(back_off_doubles_from_a_second_to_five_minutes),
        cmocka_unit_test_setup_teardown(back_off_starts_anew_when_files_change, enter, leave),
        cmocka_unit_test_setup_teardown(one_that_is_tried_again_does_not_hold_up_the_others, enter, leave),
        cmocka_unit_test_setup_teardown(what_waits_is_overdue_after_the_deadline_and_not_before, enter, leave),
        cmocka_unit_test_setup_teardown(what_the_system_refuses_to_read_has_no_deadline, enter, leave),
        cmocka_unit_test_setup_teardown(what_is_refused_is_tried_again_when_its_files_change, enter, leave),
        cmocka_unit_test_setup_teardown(a_writer_that_goes_on_moves_the_deadline, enter, leave),
        cmocka_unit_test_setup_teardown(without_its_marker_it_waits_however_quiet_it_is, enter, leave),
        cmocka_unit_test_setup_teardown(a_marker_that_comes_elsewhere_lets_a_quiet_checkpoint_go, enter, leave),
        cmocka_unit_test_setup_teardown(what_goes_before_it_was_analysed_is_news_and_never_taken, enter, leave),
        cmocka_unit_test_setup_teardown(what_comes_back_is_taken_up_again_from_the_beginning, enter, leave),
        cmocka_unit_test_setup_teardown(what_was_analysed_stays_so_when_it_goes, enter, leave),
        cmocka_unit_test_setup_teardown(
            what_an_earlier_watch_analysed_is_shown_though_it_is_gone_and_known_when_it_is_seen, enter, leave),
        cmocka_unit_test_setup_teardown(the_next_time_that_matters_is_the_earliest_of_all, enter, leave),
        cmocka_unit_test(ten_thousand_checkpoints_are_cheap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
