/* Commands that bring checkpoints, good and bad ones: shell scripts that say what they saw. */
#include "store/store_fixture.h"

#include "tracker/fetch.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const int64_t STEPS[] = {1, 2, 3};
enum { STEP_COUNT = sizeof STEPS / sizeof *STEPS, PATIENCE = 60 };

/* A fetch of three steps by sh -c SCRIPT sh STEP FOLDER. */
struct world {
    struct spt_config config;
    char *words[6], script[256];
    struct spt_fetch *fetch;
    atomic_bool stopping;
};

static void shell(const char *command) {
    if (system(command) != 0) fail_msg("%s", command);
}

static bool exists(const char *path) {
    struct stat st;
    return lstat(path, &st) == 0;
}

/* Waits until path is there, for a minute at most. */
static void await(const char *path) {
    const time_t until = time(NULL) + PATIENCE;
    while (!exists(path) && time(NULL) < until) nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    if (!exists(path)) fail_msg("%s never came", path);
}

static bool stop_asked(void *context) {
    struct world *world = context;
    return atomic_load(&world->stopping);
}

static int enter(void **state) {
    struct world *world = test_calloc(1, sizeof *world);
    shell("rm -rf run seen count outside");
    *state = world;
    return 0;
}

static int leave(void **state) {
    struct world *world = *state;
    spt_fetch_free(world->fetch);
    test_free(world);
    return 0;
}

static void begin(struct world *world, const char *script, int64_t tries) {
    static char step[] = "{step}", dir[] = "{dir}", name[] = "step{step}", run[] = "run", shell_name[] = "sh",
                option[] = "-c";
    struct spt_error error;
    world->words[0] = shell_name;
    world->words[1] = option;
    (void)snprintf(world->script, sizeof world->script, "%s", script);
    world->words[2] = world->script;
    world->words[3] = shell_name;
    world->words[4] = step;
    world->words[5] = dir;
    world->config.fetch = (struct spt_config_texts){.items = world->words, .count = 6};
    world->config.fetch_name = name;
    world->config.fetch_dir = run;
    world->config.fetch_tries = tries;
    if (spt_fetch_new(&world->config, NULL, STEPS, STEP_COUNT, stop_asked, world, &world->fetch, &error) != SPT_OK)
        fail_msg("%s: %s", error.path, error.message);
    spt_fetch_set_pause(world->fetch, 0.01);
}

static void expect(struct world *world, int64_t step) {
    struct spt_error error;
    const char *folder;
    int64_t found;
    if (spt_fetch_next(world->fetch, &found, &folder, &error) != SPT_OK) fail_msg("%s", error.message);
    assert_int_equal(found, step);
    assert_true(exists(folder));
}

static void done(struct world *world) {
    struct spt_error error;
    if (spt_fetch_done(world->fetch, &error) != SPT_OK) fail_msg("%s: %s", error.path, error.message);
}

/* What is given up on, and why. */
static void expect_failure(struct world *world, int64_t step, const char *message) {
    struct spt_error error;
    const char *folder;
    int64_t found;
    assert_int_equal(spt_fetch_next(world->fetch, &found, &folder, &error), SPT_IO);
    assert_int_equal(found, step);
    assert_string_equal(error.path, "");
    assert_string_equal(error.message, message);
}

static void expect_end(struct world *world) {
    struct spt_error error;
    const char *folder;
    int64_t step;
    assert_int_equal(spt_fetch_next(world->fetch, &step, &folder, &error), SPT_END);
}

static void assert_nothing_left(void) {
    assert_int_equal(system("test -z \"$(ls -A run)\""), 0);
}

/* --- commands that do --- */

static void each_step_comes_in_its_turn_and_goes_when_it_is_done(void **state) {
    struct world *world = *state;
    begin(world, "echo $1 > $2/file", 1);
    for (size_t i = 0; i < STEP_COUNT; i++) {
        char command[64];
        expect(world, STEPS[i]);
        (void)snprintf(command, sizeof command, "test $(cat run/step%d/file) = %d", (int)STEPS[i], (int)STEPS[i]);
        assert_int_equal(system(command), 0);
        done(world);
        (void)snprintf(command, sizeof command, "run/step%d", (int)STEPS[i]);
        assert_false(exists(command));
    }
    expect_end(world);
    assert_nothing_left();
}

static void the_next_is_fetched_while_one_is_analysed_and_no_more_than_that(void **state) {
    struct world *world = *state;
    begin(world, "ls -d run/step* | wc -l >> seen; touch $2/file", 1);
    expect(world, 1);
    await("run/step2/file"); /* nobody asked for it yet */
    assert_false(exists("run/step3"));
    done(world);
    expect(world, 2);
    await("run/step3/file");
    done(world);
    expect(world, 3);
    done(world);
    expect_end(world);
    assert_int_equal(system("test $(sort -n seen | tail -n 1) = 2"), 0);
    assert_int_equal(system("test $(wc -l < seen) = 3"), 0);
}

static void step_and_folder_are_put_in_wherever_they_are_named(void **state) {
    struct world *world = *state;
    static char both[] = "at {dir}, {step} of {step}: {x} {";
    begin(world, "test -e seen || printf %s \"$1\" > seen; touch $2/file", 1);
    world->words[4] = both;
    expect(world, 1);
    assert_int_equal(system("test \"$(cat seen)\" = \"at $PWD/run/step1, 1 of 1: {x} {\""), 0);
    done(world);
}

static void nothing_is_taken_for_shell(void **state) {
    struct world *world = *state;
    static char hostile[] = "{step} $(touch outside) `touch outside` ; touch outside";
    begin(world, "touch $2/file", 1);
    world->words[4] = hostile;
    expect(world, 1);
    assert_false(exists("outside"));
    done(world);
}

static void a_folder_that_was_there_is_taken_without_the_command_and_stays(void **state) {
    struct world *world = *state;
    shell("mkdir -p run/step2 && touch run/step2/mine");
    begin(world, "echo $1 >> seen; touch $2/file", 1);
    for (size_t i = 0; i < STEP_COUNT; i++) {
        expect(world, STEPS[i]);
        done(world);
    }
    assert_int_equal(system("test \"$(cat seen | tr '\\n' ' ')\" = '1 3 '"), 0);
    assert_true(exists("run/step2/mine"));
}

/* --- commands that do not --- */

static void a_command_that_fails_twice_is_tried_again_in_an_empty_folder(void **state) {
    struct world *world = *state;
    begin(
        world,
        "touch $2/part$$; test $1 = 1 || exit 0; ls -A $2 | wc -l >> seen; echo x >> count; test $(wc -l < count) -gt 2 || exit 3",
        5);
    expect(world, 1);
    assert_int_equal(system("test \"$(tr -d ' \\n' < seen)\" = 111"), 0);
    done(world);
}

static void a_command_that_always_fails_is_given_up_and_the_next_step_comes(void **state) {
    struct world *world = *state;
    begin(world, "echo begun; touch $2/part; test $1 != 1 || { echo no such tape >&2; exit 1; }", 5);
    expect_failure(world, 1, "fetch failed 5 times: sh ended with status 1: no such tape");
    assert_false(exists("run/step1"));
    expect(world, 2);
    done(world);
}

static void a_program_that_is_not_there_is_named(void **state) {
    struct world *world = *state;
    static char none[] = "no-such-program";
    begin(world, "", 2);
    world->words[0] = none;
    expect_failure(world, 1, "fetch failed 2 times: no-such-program cannot run the command: No such file or directory");
}

static void a_command_that_hangs_is_ended_at_its_time_limit(void **state) {
    struct world *world = *state;
    world->config.fetch_time_limit = 0.2;
    begin(world, "test $1 != 1 || { echo $$ > seen; exec sleep 1000; }; touch $2/file", 1);
    expect_failure(world, 1, "fetch failed: sh took longer than 0.2 s");
    assert_int_equal(system("kill -0 $(cat seen) 2>&- && exit 1 || exit 0"), 0);
    expect(world, 2);
    done(world);
}

static void a_command_that_is_killed_is_said_to_be(void **state) {
    struct world *world = *state;
    begin(world, "kill -9 $$", 1);
    expect_failure(world, 1, "fetch failed: sh was killed by signal 9");
}

static void a_command_that_fills_another_folder_has_failed(void **state) {
    struct world *world = *state;
    begin(world, "mkdir -p outside; touch outside/file", 2);
    char message[2 * 4096], path[4096];
    assert_non_null(getcwd(path, sizeof path));
    (void)snprintf(message, sizeof message, "fetch failed 2 times: sh ended with status 0, but %s/run/step1 is empty",
                   path);
    expect_failure(world, 1, message);
    assert_true(exists("outside/file"));
}

static void a_command_that_leaves_a_link_has_failed_and_what_it_leads_to_stays(void **state) {
    struct world *world = *state;
    shell("mkdir outside && touch outside/file");
    begin(world, "rmdir $2 && ln -s $PWD/outside $2", 2);
    char message[2 * 4096], path[4096];
    assert_non_null(getcwd(path, sizeof path));
    (void)snprintf(message, sizeof message,
                   "fetch failed 2 times: sh ended with status 0, but %s/run/step1 is no folder any more", path);
    expect_failure(world, 1, message);
    assert_true(exists("outside/file"));
    spt_fetch_free(world->fetch);
    world->fetch = NULL;
    assert_nothing_left();
}

/* --- being stopped --- */

static void stop_when_seen(struct world *world) {
    await("seen");
    atomic_store(&world->stopping, true);
}

static void a_stop_while_the_next_is_fetched_ends_that_command(void **state) {
    struct world *world = *state;
    begin(world, "touch $2/part$$; test $1 = 1 || { echo $$ > seen.new; mv seen.new seen; exec sleep 1000; }", 5);
    expect(world, 1);
    stop_when_seen(world);
    done(world);
    expect_end(world);
    assert_int_equal(system("kill -0 $(cat seen) 2>&- && exit 1 || exit 0"), 0);
    spt_fetch_free(world->fetch);
    world->fetch = NULL;
    assert_nothing_left();
}

static void a_fetch_that_is_given_up_half_way_leaves_nothing(void **state) {
    struct world *world = *state;
    begin(world, "touch $2/file", 1);
    expect(world, 1);
    await("run/step2/file");
    spt_fetch_free(world->fetch); /* one taken, one here */
    world->fetch = NULL;
    assert_nothing_left();
}

static void a_stop_ends_the_wait_between_two_tries(void **state) {
    struct world *world = *state;
    begin(world, "test $1 = 1 && touch $2/file || { touch seen; exit 1; }", 1000);
    spt_fetch_set_pause(world->fetch, 3600);
    expect(world, 1);
    stop_when_seen(world);
    done(world);
    expect_end(world);
}

/* --- the configuration --- */

static void keys_that_do_not_fit_together_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *text, *complaint;
    } CASES[] = {
        {"fetch: [get, '{dir}']\nfetch_steps: 1\nfetch_dir: x\n", "no argument holds {step}"},
        {"fetch: [get, '{step}']\nfetch_dir: x\n", "expected fetch_steps with it"},
        {"fetch: [get, '{step}']\nfetch_steps: 1\n", "expected fetch_dir with it"},
        {"fetch: [get, '{step}']\nfetch_steps: 1\nfetch_dir: x\nfetch_name: same\n", "expected a name with {step}"},
        {"fetch: [get, '{step}']\nfetch_steps: 1\nfetch_dir: x\nfetch_name: ../{step}\n",
         "expected a name with {step}"},
        {"fetch: [get, '{step}']\nfetch_steps: 1\nfetch_dir: x\nfetch_name: .{step}\n", "expected a name with {step}"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct spt_config config;
        struct spt_error error;
        assert_int_equal(spt_config_init(&config, &error), SPT_OK);
        if (spt_config_parse(&config, CASES[i].text, strlen(CASES[i].text), "f.yaml", &error) != SPT_OK)
            fail_msg("%s", error.message);
        assert_int_equal(spt_fetch_check(&config, &error), SPT_INVALID);
        if (!strstr(error.message, CASES[i].complaint)) fail_msg("%s", error.message);
        spt_config_release(&config);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(each_step_comes_in_its_turn_and_goes_when_it_is_done),
        TEST(the_next_is_fetched_while_one_is_analysed_and_no_more_than_that),
        TEST(step_and_folder_are_put_in_wherever_they_are_named),
        TEST(nothing_is_taken_for_shell),
        TEST(a_folder_that_was_there_is_taken_without_the_command_and_stays),
        TEST(a_command_that_fails_twice_is_tried_again_in_an_empty_folder),
        TEST(a_command_that_always_fails_is_given_up_and_the_next_step_comes),
        TEST(a_program_that_is_not_there_is_named),
        TEST(a_command_that_hangs_is_ended_at_its_time_limit),
        TEST(a_command_that_is_killed_is_said_to_be),
        TEST(a_command_that_fills_another_folder_has_failed),
        TEST(a_command_that_leaves_a_link_has_failed_and_what_it_leads_to_stays),
        TEST(a_stop_while_the_next_is_fetched_ends_that_command),
        TEST(a_fetch_that_is_given_up_half_way_leaves_nothing),
        TEST(a_stop_ends_the_wait_between_two_tries),
        cmocka_unit_test(keys_that_do_not_fit_together_are_refused),
    };
    return cmocka_run_group_tests(tests, fixture_enter, fixture_leave);
}
