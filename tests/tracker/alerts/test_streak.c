/* When a rule rings: stretches, levels, known events, and pieces of any size. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "tracker/alerts/streak.h"

enum { LEVELS_MAX = 4, ROWS_MAX = 64 };

/* A series as text: one string a level, '#' where it holds; known: 'x' where an event is. Rings are appended to rings as digits of their
 * positions; the whole is given in pieces of the size piece, each ended. */
static void play(const char *const *levels, size_t level_count, const char *known, int64_t in_a_row, size_t piece,
                 char *rings) {
    struct spt_streak streak;
    struct spt_ring ring;
    const size_t count = strlen(levels[0]);
    assert_int_equal(spt_streak_init(&streak, level_count, in_a_row, NULL), SPT_OK);
    *rings = '\0';
    for (size_t i = 0; i <= count; i++) {
        if ((i == count || i % piece == 0) && spt_streak_end(&streak, &ring))
            strncat(rings, &"0123456789abcdef"[ring.position], 1);
        if (i == count) break;
        bool holds[LEVELS_MAX];
        for (size_t l = 0; l < level_count; l++) holds[l] = levels[l][i] == '#';
        if (spt_streak_next(&streak, i, holds, known[i] == 'x', &ring))
            strncat(rings, &"0123456789abcdef"[ring.position], 1);
    }
    spt_streak_release(&streak);
}

static void a_stretch_rings_once_where_it_is_long_enough(void **state) {
    (void)state;
    static const struct {
        const char *series, *known;
        int64_t in_a_row;
        const char *rings;
    } cases[] = {
        {"..........", "..........", 1, ""},
        {"#.........", "..........", 1, "0"},
        {"..###..#..", "..........", 1, "27"},
        {"##########", "..........", 1, "0"},
        {"##########", "..........", 10, "9"},
        {"##########", "..........", 11, ""},
        {".##.###.##", "..........", 3, "6"},
        {".##.###.##", "..........", 2, "259"},
        {"..###.....", "..x.......", 1, ""},  /* told where it begins */
        {"..###.....", "....x.....", 1, ""},  /* or later in it: an earlier checkpoint came late */
        {"..###.....", ".x...x....", 1, "2"}, /* events beside it are of other stretches, which are no more */
        {"..###.###.", "....x.....", 1, "6"},
        {"#########.", "..x...x...", 3, ""}, /* two stretches that have grown together */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char rings[ROWS_MAX] = "";
        play(&cases[i].series, 1, cases[i].known, cases[i].in_a_row, 100, rings);
        if (strcmp(rings, cases[i].rings) != 0)
            fail_msg("%s %s: rings at %s, expected %s", cases[i].series, cases[i].known, rings, cases[i].rings);
    }
}

static void a_series_that_comes_in_pieces_rings_as_a_whole_one(void **state) {
    (void)state;
    static const char *const series[] = {"##########", "..###..#..", ".##.###.##", "#.##.###.#"};
    for (size_t i = 0; i < sizeof series / sizeof *series; i++)
        for (int64_t in_a_row = 1; in_a_row < 5; in_a_row++) {
            char whole[ROWS_MAX], pieces[ROWS_MAX];
            play(&series[i], 1, "..........", in_a_row, 100, whole);
            for (size_t piece = 1; piece < 6; piece++) {
                play(&series[i], 1, "..........", in_a_row, piece, pieces);
                assert_string_equal(pieces, whole);
            }
        }
}

static void in_a_row_counts_each_level_by_itself(void **state) {
    (void)state;
    char rings[ROWS_MAX];
    static const char *const turns[] = {"#.#.#.#.", ".#.#.#.#"}; /* one stretch, in which no level holds twice */
    play(turns, 2, "........", 2, 100, rings);
    assert_string_equal(rings, "");
    play(turns, 2, "........", 1, 100, rings);
    assert_string_equal(rings, "0");
    static const char *const overlap[] = {"##..####", ".###...."};
    play(overlap, 2, "........", 3, 100, rings);
    assert_string_equal(rings, "3"); /* the second level; that the first one does so too is the same stretch */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stretch_rings_once_where_it_is_long_enough),
        cmocka_unit_test(a_series_that_comes_in_pieces_rings_as_a_whole_one),
        cmocka_unit_test(in_a_row_counts_each_level_by_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
