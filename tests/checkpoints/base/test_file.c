/* Files that are, are not, and stop being what they were. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "checkpoints/base/file.h"

static char directory[64]; /* made anew for each test */

static int make_directory(void **state) {
    (void)state;
    (void)snprintf(directory, sizeof directory, "/tmp/spectail-test-XXXXXX");
    return mkdtemp(directory) ? chdir(directory) : -1;
}

static int remove_directory(void **state) {
    (void)state;
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf '%s'", directory);
    return chdir("/") || system(command);
}

static void put(const char *path, const char *text) {
    assert_int_equal(spt_file_write_all(path, text, strlen(text), NULL), SPT_OK);
}

static void what_is_written_is_read_back_with_a_nul(void **state) {
    (void)state;
    char *data;
    size_t size;
    put("a", "first, and longer");
    put("a", "second");
    assert_int_equal(spt_file_read_all("a", 6, &data, &size, NULL), SPT_OK);
    assert_int_equal(size, 6);
    assert_string_equal(data, "second");
    free(data);
    struct spt_error error;
    assert_int_equal(spt_file_read_all("a", 5, &data, &size, &error), SPT_UNSUPPORTED);
    assert_non_null(strstr(error.message, "6 bytes"));
}

static void writing_through_a_link_keeps_the_link(void **state) {
    (void)state;
    put("target", "old");
    assert_int_equal(symlink("target", "link"), 0);
    put("link", "new");
    char *data;
    size_t size;
    assert_int_equal(spt_file_read_all("target", 10, &data, &size, NULL), SPT_OK);
    assert_string_equal(data, "new");
    free(data);
    struct stat st;
    assert_int_equal(lstat("link", &st), 0);
    assert_true(S_ISLNK(st.st_mode));
}

static void a_failed_write_leaves_nothing_behind(void **state) {
    (void)state;
    struct spt_error error;
    assert_int_equal(spt_file_write_all("no/such/place", "x", 1, &error), SPT_IO);
    assert_int_equal(error.system, ENOENT);
    assert_int_equal(mkdir("d", 0777), 0);
    assert_int_equal(spt_file_write_all("d", "x", 1, &error), SPT_INVALID);
    assert_int_equal(rmdir("d"), 0);
    assert_int_equal(rmdir(directory), 0); /* empty again */
    assert_int_equal(mkdir(directory, 0777), 0);
}

static void a_draft_takes_its_place_when_it_is_committed(void **state) {
    (void)state;
    struct spt_file_draft draft;
    char *data;
    size_t size;
    put("whole", "old");
    assert_int_equal(spt_file_draft_begin(&draft, "whole", "other", NULL), SPT_OK);
    assert_int_equal(strncmp(draft.name, "other.", 6), 0);
    assert_int_equal(spt_file_draft_write(&draft, "ne", 2, NULL), SPT_OK);
    assert_int_equal(spt_file_draft_write(&draft, "w", 1, NULL), SPT_OK);
    assert_int_equal(spt_file_read_all("whole", 10, &data, &size, NULL), SPT_OK);
    assert_string_equal(data, "old");
    free(data);
    assert_int_equal(spt_file_draft_commit(&draft, NULL), SPT_OK);
    assert_int_equal(spt_file_read_all("whole", 10, &data, &size, NULL), SPT_OK);
    assert_string_equal(data, "new");
    free(data);
    spt_file_draft_abandon(&draft); /* of what was committed: nothing */
    assert_int_equal(unlink("whole"), 0);
}

static void an_abandoned_draft_leaves_nothing_behind(void **state) {
    (void)state;
    struct spt_file_draft draft = {0};
    spt_file_draft_abandon(&draft);
    assert_int_equal(spt_file_draft_begin(&draft, "abandoned", NULL, NULL), SPT_OK);
    assert_int_equal(spt_file_draft_write(&draft, "x", 1, NULL), SPT_OK);
    spt_file_draft_abandon(&draft);
    spt_file_draft_abandon(&draft);
    assert_int_equal(rmdir(directory), 0); /* empty */
    assert_int_equal(mkdir(directory, 0777), 0);
}

static void make_socket(const char *path) {
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(close(fd), 0);
}

static void only_files_are_opened(void **state) {
    (void)state;
    assert_int_equal(mkfifo("fifo", 0600), 0);
    assert_int_equal(mkdir("directory", 0700), 0);
    assert_int_equal(symlink("/dev/zero", "device"), 0);
    make_socket("socket");
    static const char *const NAMES[] = {"fifo", "directory", "device", "socket"};
    static const char *const FOUND[] = {"a FIFO", "a directory", "a device", "a socket"};
    for (size_t i = 0; i < 4; i++) {
        struct spt_error error;
        int fd;
        assert_int_equal(spt_file_open(NAMES[i], &fd, NULL, &error), SPT_INVALID);
        assert_non_null(strstr(error.message, FOUND[i]));
    }
    assert_int_equal(symlink("loop", "loop"), 0);
    struct spt_error error;
    int fd;
    assert_int_equal(spt_file_open("loop", &fd, NULL, &error), SPT_IO);
    assert_int_equal(error.system, ELOOP);
    assert_int_equal(spt_file_open("absent", &fd, NULL, &error), SPT_IO);
    assert_int_equal(error.system, ENOENT);
}

static void a_file_that_ends_early_is_incomplete(void **state) {
    (void)state;
    put("a", "12345");
    int fd;
    struct spt_error error;
    char out[8] = {0};
    assert_int_equal(spt_file_open("a", &fd, NULL, NULL), SPT_OK);
    assert_int_equal(spt_file_read_at(fd, "a", 1, out, 4, NULL), SPT_OK);
    assert_string_equal(out, "2345");
    assert_int_equal(spt_file_read_at(fd, "a", 1, out, 5, &error), SPT_RETRY);
    assert_int_equal(error.offset, 5);
    assert_int_equal(spt_file_read_at(fd, "a", UINT64_MAX - 2, out, 8, &error), SPT_RETRY);
    assert_int_equal(close(fd), 0);
}

static void a_changed_replaced_or_removed_file_is_noticed(void **state) {
    (void)state;
    put("a", "12345");
    int fd;
    struct spt_file_identity identity;
    struct spt_error error;
    assert_int_equal(spt_file_open("a", &fd, &identity, NULL), SPT_OK);
    assert_int_equal(identity.size, 5);
    assert_int_equal(spt_file_confirm(fd, "a", &identity, NULL), SPT_OK);

    assert_int_equal(link("a", "b"), 0); /* a new link changes ctime */
    assert_int_equal(spt_file_confirm(fd, "a", &identity, &error), SPT_RETRY);
    assert_int_equal(close(fd), 0);

    assert_int_equal(spt_file_open("a", &fd, &identity, NULL), SPT_OK);
    put("a", "12345"); /* the same bytes in another file */
    assert_int_equal(spt_file_confirm(fd, "a", &identity, &error), SPT_RETRY);
    assert_int_equal(unlink("a"), 0);
    assert_int_equal(spt_file_confirm(fd, "a", &identity, &error), SPT_IO);
    assert_int_equal(error.system, ENOENT);
    assert_int_equal(close(fd), 0);

    assert_int_equal(spt_file_open("b", &fd, &identity, NULL), SPT_OK);
    assert_int_equal(truncate("b", 3), 0);
    assert_int_equal(spt_file_confirm(fd, "b", &identity, &error), SPT_RETRY);
    assert_int_equal(close(fd), 0);
}

static void paths_are_joined_with_one_slash(void **state) {
    (void)state;
    static const char *const CASES[][3] = {{"a", "b", "a/b"}, {"a/", "b", "a/b"}, {"", "b", "b"}, {"/", "b", "/b"}};
    for (size_t i = 0; i < 4; i++) {
        char *path = spt_file_join(CASES[i][0], CASES[i][1]);
        assert_string_equal(path, CASES[i][2]);
        free(path);
    }
}

static void missing_parents_are_made(void **state) {
    (void)state;
    assert_int_equal(spt_file_make_directories("x/y//z/", NULL), SPT_OK);
    assert_int_equal(spt_file_make_directories("x/y/z", NULL), SPT_OK);
    assert_true(spt_file_is_directory("x/y/z"));
    put("x/file", "");
    struct spt_error error;
    assert_int_equal(spt_file_make_directories("x/file/z", &error), SPT_IO);
    assert_false(spt_file_is_directory("x/file"));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make_directory, remove_directory)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(what_is_written_is_read_back_with_a_nul),  TEST(writing_through_a_link_keeps_the_link),
        TEST(a_failed_write_leaves_nothing_behind),     TEST(a_draft_takes_its_place_when_it_is_committed),
        TEST(an_abandoned_draft_leaves_nothing_behind), TEST(only_files_are_opened),
        TEST(a_file_that_ends_early_is_incomplete),     TEST(a_changed_replaced_or_removed_file_is_noticed),
        TEST(paths_are_joined_with_one_slash),          TEST(missing_parents_are_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
