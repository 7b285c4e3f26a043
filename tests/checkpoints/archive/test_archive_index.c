/* The tree of names in an archive. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "checkpoints/archive/index.h"

struct row {
    const char *name;
    enum spt_archive_kind kind;
    const char *target;
};

static struct spt_archive_index index_of(const struct row *rows, size_t count) {
    struct spt_archive_index index = {.path = "a.tar"};
    struct spt_error error;
    spt_archive_index_limit(&index, 1 << 20);
    for (size_t i = 0; i < count; i++) {
        const struct spt_archive_member member = {
            .kind = rows[i].kind, .target = rows[i].target, .order = i, .size = i};
        if (spt_archive_index_add(&index, rows[i].name, strlen(rows[i].name), &member, &error) != SPT_OK)
            fail_msg("%s", error.message);
    }
    if (spt_archive_index_finish(&index, &error) != SPT_OK) fail_msg("%s", error.message);
    return index;
}

/* The size that add gave the member (its row), or -status. */
static int follow(const struct spt_archive_index *index, const char *path, bool links, struct spt_error *error) {
    struct spt_archive_member *member;
    const enum spt_status status = spt_archive_index_follow(index, path, links, path, &member, error);
    return status == SPT_OK ? (int)member->size : -(int)status;
}

static void names_have_one_form_and_folders_are_made_of_them(void **state) {
    (void)state;
    static const struct row ROWS[] = {
        {"./b/c-d", SPT_ARCHIVE_FILE, NULL}, {"b//c/./d", SPT_ARCHIVE_FILE, NULL}, {"./", SPT_ARCHIVE_FOLDER, NULL},
        {"a/", SPT_ARCHIVE_FOLDER, NULL},    {"b/", SPT_ARCHIVE_FOLDER, NULL},
    };
    static const char *const PATHS[] = {"", "a", "b", "b/c", "b/c/d", "b/c-d"}; /* in the order of the tree */
    static const size_t ENDS[] = {6, 2, 6, 5, 5, 6};
    struct spt_archive_index index = index_of(ROWS, 5);
    assert_int_equal(index.count, 6);
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(index.members[i].length, strlen(PATHS[i]));
        assert_memory_equal(index.members[i].path, PATHS[i], strlen(PATHS[i]));
        assert_int_equal(index.members[i].end, ENDS[i]);
        assert_ptr_equal(spt_archive_index_find(&index, PATHS[i], strlen(PATHS[i])), &index.members[i]);
    }
    assert_null(spt_archive_index_find(&index, "b/c/", 4));
    spt_archive_index_release(&index);
}

static void names_that_nobody_wants_are_refused(void **state) {
    (void)state;
    char deep[2 * 40 + 1], longest[SPT_ARCHIVE_NAME_MAX + 2];
    for (size_t i = 0; i < 40; i++) memcpy(deep + 2 * i, "d/", 3);
    memset(longest, 'n', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    const char *const names[] = {"",     "/etc/passwd", "..", "../x",  "a/../../x", "a/..",
                                 "a\nb", "\x1b[31mx",   deep, longest, "a/../b"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct spt_archive_index index = {.path = "a.tar"};
        struct spt_error error;
        const struct spt_archive_member member = {.kind = SPT_ARCHIVE_FILE};
        spt_archive_index_limit(&index, 1 << 20);
        assert_int_equal(spt_archive_index_add(&index, names[i], strlen(names[i]), &member, &error), SPT_INVALID);
        assert_string_equal(error.path, "a.tar");
        spt_archive_index_release(&index);
    }
}

static void a_name_is_a_file_or_a_folder(void **state) {
    (void)state;
    static const struct row BAD[][2] = {
        {{"a", SPT_ARCHIVE_FILE, NULL}, {"a/b", SPT_ARCHIVE_FILE, NULL}},
        {{"a/b", SPT_ARCHIVE_FILE, NULL}, {"a", SPT_ARCHIVE_SYMBOLIC, "c"}},
        {{"a", SPT_ARCHIVE_FOLDER, NULL}, {"a", SPT_ARCHIVE_OTHER, NULL}},
    };
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        struct spt_archive_index index = {.path = "a.tar"};
        struct spt_error error;
        spt_archive_index_limit(&index, 1 << 20);
        for (size_t k = 0; k < 2; k++) {
            const struct spt_archive_member member = {.kind = BAD[i][k].kind, .target = BAD[i][k].target, .order = k};
            assert_int_equal(spt_archive_index_add(&index, BAD[i][k].name, strlen(BAD[i][k].name), &member, NULL),
                             SPT_OK);
        }
        assert_int_equal(spt_archive_index_finish(&index, &error), SPT_INVALID);
        assert_string_equal(error.message, "\"a\" is both a folder and a file");
        spt_archive_index_release(&index);
    }
}

static void links_are_followed_within_the_archive_only(void **state) {
    (void)state;
    static const struct row ROWS[] = {
        {"run/step1/w", SPT_ARCHIVE_FILE, NULL},             /* 0 */
        {"run/latest", SPT_ARCHIVE_SYMBOLIC, "step1"},       /* 1 */
        {"run/last", SPT_ARCHIVE_SYMBOLIC, "./latest/"},     /* 2 */
        {"run/step2/w", SPT_ARCHIVE_SYMBOLIC, "../step1/w"}, /* 3 */
        {"run/step3/w", SPT_ARCHIVE_HARD, "./run/step2/w"},  /* 4: of a link */
        {"out", SPT_ARCHIVE_SYMBOLIC, "../etc"},             /* 5 */
        {"absolute", SPT_ARCHIVE_SYMBOLIC, "/run/step1/w"},  /* 6 */
        {"nowhere", SPT_ARCHIVE_HARD, "run/step9/w"},        /* 7 */
        {"circle", SPT_ARCHIVE_SYMBOLIC, "run/circle"},      /* 8 */
        {"run/circle", SPT_ARCHIVE_SYMBOLIC, "../circle"},   /* 9 */
        {"self", SPT_ARCHIVE_HARD, "self"},                  /* 10 */
        {"hard_out", SPT_ARCHIVE_HARD, "../x"},              /* 11 */
        {"run/through", SPT_ARCHIVE_SYMBOLIC, "step1/w/x"},  /* 12: below a file */
        {"run/step1/here", SPT_ARCHIVE_SYMBOLIC, "."},       /* 13 */
        {"run/empty", SPT_ARCHIVE_SYMBOLIC, ""},             /* 14 */
    };
    struct spt_archive_index index = index_of(ROWS, sizeof ROWS / sizeof *ROWS);
    struct spt_error error;
    assert_int_equal(follow(&index, "run/latest/w", true, NULL), 0);
    assert_int_equal(follow(&index, "run/last/../latest/./w", true, NULL), 0);
    assert_int_equal(follow(&index, "run/step2/w", true, NULL), 0);
    assert_int_equal(follow(&index, "run/step2/w", false, NULL), 3);
    assert_int_equal(follow(&index, "run/step3/w", true, NULL), 0);
    assert_int_equal(follow(&index, "run/step3/w", false, NULL), 3);
    assert_int_equal(follow(&index, "out", false, NULL), 5);
    struct spt_archive_member *member;
    assert_int_equal(spt_archive_index_follow(&index, "run/step1/here", true, "", &member, NULL), SPT_OK);
    assert_ptr_equal(member, spt_archive_index_find(&index, "run/step1", 9));
    static const char *const REFUSED[] = {"out",      "out/passwd",  "absolute",   "nowhere",  "self",
                                          "hard_out", "run/through", "run/circle", "run/empty"};
    for (size_t i = 0; i < sizeof REFUSED / sizeof *REFUSED; i++) {
        assert_int_equal(follow(&index, REFUSED[i], true, &error), -SPT_INVALID);
        assert_non_null(strstr(error.message, "is a link"));
        assert_string_equal(error.path, REFUSED[i]);
    }
    static const struct {
        const char *path;
        int why;
    } MISSING[] = {{"run/step9", ENOENT},   {"run/step1/w/x", ENOTDIR}, {"..", ENOENT},
                   {"run/../../x", ENOENT}, {"run/last/x", ENOENT},     {"run/latest/here/x/y", ENOENT}};
    for (size_t i = 0; i < sizeof MISSING / sizeof *MISSING; i++) {
        assert_int_equal(follow(&index, MISSING[i].path, true, &error), -SPT_IO);
        assert_int_equal(error.system, MISSING[i].why);
    }
    spt_archive_index_release(&index);
}

/* Tar files are added to at their end: what an earlier name meant is not guessed. */
static void a_name_that_comes_twice_is_marked(void **state) {
    (void)state;
    static const struct row ROWS[] = {{"a", SPT_ARCHIVE_FILE, NULL},
                                      {"b", SPT_ARCHIVE_FILE, NULL},
                                      {"./a", SPT_ARCHIVE_FILE, NULL},
                                      {"a", SPT_ARCHIVE_FILE, NULL}};
    struct spt_archive_index index = index_of(ROWS, 4);
    assert_int_equal(index.count, 3);
    assert_true(spt_archive_index_find(&index, "a", 1)->twice);
    assert_int_equal(spt_archive_index_find(&index, "a", 1)->size, 3);
    assert_false(spt_archive_index_find(&index, "b", 1)->twice);
    spt_archive_index_release(&index);
}

static void no_archive_names_more_than_its_size_allows(void **state) {
    (void)state;
    struct spt_archive_index index = {.path = "a.tar"};
    struct spt_error error;
    const struct spt_archive_member member = {.kind = SPT_ARCHIVE_FILE};
    enum spt_status status = SPT_OK;
    char name[SPT_ARCHIVE_NAME_MAX + 1];
    spt_archive_index_limit(&index, 1000);
    size_t count = 0;
    for (; status == SPT_OK; count++) {
        (void)snprintf(name, sizeof name, "%zu", count);
        status = spt_archive_index_add(&index, name, strlen(name), &member, &error);
    }
    assert_int_equal(status, SPT_INVALID);
    assert_non_null(strstr(error.message, "out of proportion"));
    assert_in_range(count, 65536, 65600);
    spt_archive_index_release(&index);

    index = (struct spt_archive_index){.path = "a.tar"};
    spt_archive_index_limit(&index, 1000);
    memset(name, 'n', sizeof name);
    for (count = 0, status = SPT_OK; status == SPT_OK; count++) {
        const int digits = snprintf(name, 16, "%08zu", count);
        name[digits] = 'n';
        status = spt_archive_index_add(&index, name, sizeof name - 1, &member, &error);
    }
    assert_int_equal(status, SPT_INVALID);
    assert_non_null(strstr(error.message, "bytes of names"));
    assert_in_range(count, 4000, 4200);
    spt_archive_index_release(&index);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_have_one_form_and_folders_are_made_of_them),
        cmocka_unit_test(names_that_nobody_wants_are_refused),
        cmocka_unit_test(a_name_is_a_file_or_a_folder),
        cmocka_unit_test(links_are_followed_within_the_archive_only),
        cmocka_unit_test(a_name_that_comes_twice_is_marked),
        cmocka_unit_test(no_archive_names_more_than_its_size_allows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
