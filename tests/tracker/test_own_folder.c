/* Folders that are ours go, whatever is in them and whoever was killed; nothing else ever does. */
#include "store/store_fixture.h"

#include "tracker/own_folder.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* The parent of all folders, in the test's own directory. */
struct world {
    int parent;
    char path[4096];
};

static void shell(const char *command) {
    if (system(command) != 0) fail_msg("%s", command);
}

static bool exists(const char *path) {
    struct stat st;
    return lstat(path, &st) == 0;
}

static int enter(void **state) {
    struct world *world = test_calloc(1, sizeof *world);
    shell(
        "chmod -Rf u+rwx parent outside; rm -rf parent outside && mkdir parent outside && echo precious > outside/file");
    world->parent = open("parent", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    char *path = realpath("parent", NULL);
    (void)snprintf(world->path, sizeof world->path, "%s", path);
    free(path);
    *state = world;
    return world->parent < 0;
}

static int leave(void **state) {
    struct world *world = *state;
    close(world->parent);
    test_free(world);
    return 0;
}

static struct spt_own_folder make(const struct world *world, const char *name) {
    struct spt_own_folder folder;
    struct spt_error error;
    if (spt_own_folder_make(&folder, world->parent, world->path, name, &error) != SPT_OK)
        fail_msg("%s: %s", error.path, error.message);
    return folder;
}

static void remove_it(struct spt_own_folder *folder) {
    struct spt_error error;
    if (spt_own_folder_remove(folder, &error) != SPT_OK) fail_msg("%s: %s", error.path, error.message);
}

static void clean(const struct world *world) {
    struct spt_error error;
    if (spt_own_folder_clean(world->parent, world->path, NULL, &error) != SPT_OK)
        fail_msg("%s: %s", error.path, error.message);
}

static void assert_nothing_left(void) {
    assert_int_equal(system("test -z \"$(ls -A parent)\""), 0);
    assert_int_equal(system("grep -q precious outside/file"), 0);
}

/* A process that makes a folder, has command run, and is killed. */
static void leave_behind(const struct world *world, const char *name, const char *command) {
    const pid_t process = fork();
    if (process == 0) {
        struct spt_own_folder folder;
        const bool made = spt_own_folder_make(&folder, world->parent, world->path, name, NULL) == SPT_OK;
        if (made && system(command) == 0) raise(SIGKILL);
        _exit(1);
    }
    int status;
    assert_int_equal(waitpid(process, &status, 0), process);
    assert_true(WIFSIGNALED(status));
}

/* --- its life --- */

static void a_folder_is_made_empty_and_goes_with_all_that_is_in_it(void **state) {
    const struct world *world = *state;
    struct spt_own_folder folder = make(world, "step1");
    assert_true(folder.ours);
    assert_int_equal(system("test -d parent/step1 && test -z \"$(ls -A parent/step1)\""), 0);
    shell("mkdir -p parent/step1/a/b && touch parent/step1/x parent/step1/.y parent/step1/a/b/z");
    assert_int_equal(spt_own_folder_settle(&folder, NULL), SPT_OK);
    remove_it(&folder);
    assert_nothing_left();
}

static void a_folder_that_was_there_stays(void **state) {
    const struct world *world = *state;
    shell("mkdir parent/step1 && touch parent/step1/x");
    struct spt_own_folder folder = make(world, "step1");
    assert_false(folder.ours);
    assert_int_equal(spt_own_folder_settle(&folder, NULL), SPT_OK);
    remove_it(&folder);
    assert_true(exists("parent/step1/x"));
    clean(world);
    assert_true(exists("parent/step1/x"));
    assert_false(exists("parent/.spectail-fetch.step1"));
}

static void what_is_still_empty_is_not_settled(void **state) {
    const struct world *world = *state;
    struct spt_error error;
    struct spt_own_folder folder = make(world, "step1");
    assert_int_equal(spt_own_folder_settle(&folder, &error), SPT_RETRY);
    assert_string_equal(error.message, "is empty");
    remove_it(&folder);
    assert_nothing_left();
}

static void a_folder_that_was_made_anew_by_who_fills_it_is_ours(void **state) {
    const struct world *world = *state;
    struct spt_own_folder folder = make(world, "step1");
    shell("mkdir parent/other && touch parent/other/x && rm -r parent/step1 && mv parent/other parent/step1");
    assert_int_equal(spt_own_folder_settle(&folder, NULL), SPT_OK);
    remove_it(&folder);
    assert_nothing_left();
}

static void a_folder_that_is_gone_is_not_settled(void **state) {
    const struct world *world = *state;
    struct spt_own_folder folder = make(world, "step1");
    shell("rm -r parent/step1");
    assert_int_equal(spt_own_folder_settle(&folder, NULL), SPT_RETRY);
    remove_it(&folder);
    assert_nothing_left();
}

/* --- links, and what cannot be written --- */

static void links_in_it_go_and_what_they_lead_to_stays(void **state) {
    const struct world *world = *state;
    struct spt_own_folder folder = make(world, "step1");
    shell("ln -s ../../outside parent/step1/folder && ln -s ../../outside/file parent/step1/file && "
          "ln -s / parent/step1/root && ln -s . parent/step1/loop");
    remove_it(&folder);
    assert_nothing_left();
}

static void a_link_in_its_place_goes_and_what_it_leads_to_stays(void **state) {
    const struct world *world = *state;
    struct spt_own_folder folder = make(world, "step1");
    shell("rmdir parent/step1 && ln -s ../outside parent/step1");
    assert_int_equal(spt_own_folder_settle(&folder, NULL), SPT_RETRY);
    remove_it(&folder);
    assert_nothing_left();
}

static void read_only_folders_in_it_go(void **state) {
    const struct world *world = *state;
    struct spt_own_folder folder = make(world, "step1");
    shell(
        "mkdir -p parent/step1/a/b && touch parent/step1/a/b/x && chmod 500 parent/step1/a/b parent/step1/a parent/step1");
    remove_it(&folder);
    assert_nothing_left();
}

static void thousands_of_files_go(void **state) {
    const struct world *world = *state;
    struct spt_own_folder folder = make(world, "step1");
    shell("cd parent/step1 && seq -f file%g 3000 | xargs touch");
    remove_it(&folder);
    assert_nothing_left();
}

/* --- what killed processes leave --- */

static void what_a_killed_process_left_is_removed(void **state) {
    const struct world *world = *state;
    leave_behind(world, "step1", "mkdir parent/step1/a && touch parent/step1/a/x");
    leave_behind(world, "step2", "true");
    assert_true(exists("parent/step1/a/x"));
    clean(world);
    assert_nothing_left();
}

static void a_folder_that_a_killed_process_left_is_made_anew(void **state) {
    const struct world *world = *state;
    leave_behind(world, "step1", "touch parent/step1/x");
    struct spt_own_folder folder = make(world, "step1");
    assert_true(folder.ours);
    assert_false(exists("parent/step1/x"));
    remove_it(&folder);
    assert_nothing_left();
}

static void a_copy_of_what_was_left_stays(void **state) {
    const struct world *world = *state;
    leave_behind(world, "step1", "touch parent/step1/x");
    shell("cp -a parent/step1 parent/kept");
    clean(world);
    assert_false(exists("parent/step1"));
    assert_true(exists("parent/kept/x"));
}

static void what_a_user_put_in_the_place_of_what_was_left_stays(void **state) {
    const struct world *world = *state;
    leave_behind(world, "step1", "touch parent/step1/x");
    /* Several times, since a new folder is often given the inode that was just freed. */
    for (int i = 0; i < 5; i++) shell("rm -r parent/step1 && mkdir parent/step1 && touch parent/step1/mine");
    clean(world);
    assert_true(exists("parent/step1/mine"));
}

static void a_link_that_a_user_put_in_its_place_stays(void **state) {
    const struct world *world = *state;
    leave_behind(world, "step1", "true");
    shell("rmdir parent/step1 && ln -s ../outside parent/step1");
    clean(world);
    assert_true(exists("parent/step1"));
    assert_true(exists("outside/file"));
}

static void a_process_killed_before_it_had_named_its_folder_leaves_nothing(void **state) {
    const struct world *world = *state;
    shell("touch parent/.spectail-fetch.step1 parent/.spectail-fetch.step2 parent/.spectail-fetch.step3 && "
          "mkdir parent/step2 parent/step3 && touch parent/step3/mine");
    clean(world);
    assert_false(exists("parent/step2"));
    assert_true(exists("parent/step3/mine")); /* not empty: nobody says that it is ours */
    shell("rm -r parent/step3");
    assert_nothing_left();
}

static void a_mark_with_nonsense_in_it_removes_nothing(void **state) {
    const struct world *world = *state;
    shell("mkdir parent/step1 && touch parent/step1/mine && head -c 5000 /dev/zero > parent/.spectail-fetch.step1 && "
          "mkdir parent/step2 && touch parent/step2/mine && "
          "echo 'spectail made and removes the folder 1 2' > parent/.spectail-fetch.step2");
    clean(world);
    assert_true(exists("parent/step1/mine"));
    assert_true(exists("parent/step2/mine"));
}

static void a_mark_that_is_a_link_is_not_followed(void **state) {
    const struct world *world = *state;
    struct spt_own_folder folder;
    shell("ln -s ../outside/file parent/.spectail-fetch.step1");
    assert_int_equal(spt_own_folder_make(&folder, world->parent, world->path, "step1", NULL), SPT_IO);
    assert_int_equal(system("grep -q precious outside/file"), 0);
}

/* --- others at work --- */

static void what_a_living_process_is_at_is_left_alone(void **state) {
    const struct world *world = *state;
    struct spt_own_folder folder = make(world, "step1");
    shell("touch parent/step1/x");
    const pid_t other = fork(); /* a lock of its own on the same file: what it opens itself */
    if (other == 0) {
        struct spt_own_folder same;
        struct spt_error error;
        const bool cleaned = spt_own_folder_clean(world->parent, world->path, NULL, &error) == SPT_OK;
        const enum spt_status made = spt_own_folder_make(&same, world->parent, world->path, "step1", &error);
        _exit(cleaned && made == SPT_RETRY ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(other, &status, 0), other);
    assert_int_equal(status, 0);
    assert_true(exists("parent/step1/x"));
    remove_it(&folder);
    assert_nothing_left();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_folder_is_made_empty_and_goes_with_all_that_is_in_it),
        TEST(a_folder_that_was_there_stays),
        TEST(what_is_still_empty_is_not_settled),
        TEST(a_folder_that_was_made_anew_by_who_fills_it_is_ours),
        TEST(a_folder_that_is_gone_is_not_settled),
        TEST(links_in_it_go_and_what_they_lead_to_stays),
        TEST(a_link_in_its_place_goes_and_what_it_leads_to_stays),
        TEST(read_only_folders_in_it_go),
        TEST(thousands_of_files_go),
        TEST(what_a_killed_process_left_is_removed),
        TEST(a_folder_that_a_killed_process_left_is_made_anew),
        TEST(a_copy_of_what_was_left_stays),
        TEST(what_a_user_put_in_the_place_of_what_was_left_stays),
        TEST(a_link_that_a_user_put_in_its_place_stays),
        TEST(a_process_killed_before_it_had_named_its_folder_leaves_nothing),
        TEST(a_mark_with_nonsense_in_it_removes_nothing),
        TEST(a_mark_that_is_a_link_is_not_followed),
        TEST(what_a_living_process_is_at_is_left_alone),
    };
    return cmocka_run_group_tests(tests, fixture_enter, fixture_leave);
}
