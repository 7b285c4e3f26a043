/* Pairs of many layers and heads: each place's lie beside each other and are shown once. */
#include "checkpoints/base/memory.h"
#include "tracker/emergence/emergence.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { DRAWS = 4, NAMED = 4, HEADS = 1500, ROWS = NAMED * HEADS, PAIRS = NAMED * (NAMED - 1) / 2 };

static const char *const NAMES[NAMED] = {"loss", "sink.entropy", "sink.first", "sink.max"};
static const struct spt_emerged_view EVERYWHERE = {.layer = SPT_EVERY_LAYER, .head = SPT_EVERY_HEAD};

/* A row whose midpoint is the same in all draws. */
static struct spt_emerged_row row_of(const char *metric, int layer, int head, double t0) {
    struct spt_emerged_row row = {.metric = metric, .layer = layer, .head = head, .resampled = true};
    row.emergence.reason = SPT_EMERGENCE_FOUND;
    row.emergence.fit.t0 = t0;
    row.emergence.within = 5;
    row.t0 = spt_alloc(DRAWS, sizeof *row.t0);
    assert_non_null(row.t0);
    for (size_t i = 0; i < DRAWS; i++) row.t0[i] = t0;
    return row;
}

static size_t count_of(const char *text, const char *part) {
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, part)) != NULL; at++) count++;
    return count;
}

/* A model of 1,500 heads; its rows do not come head by head. */
static void pairs_of_many_heads_are_shown_head_by_head(void **state) {
    (void)state;
    struct spt_emerged e = {.rows = spt_alloc(ROWS, sizeof *e.rows), .count = ROWS, .draws = DRAWS};
    assert_non_null(e.rows);
    for (int i = 0; i < ROWS; i++) { /* not head by head */
        const int name = i / HEADS, head = i % HEADS;
        e.rows[i] = row_of(NAMES[name], 2, head, name + 1);
    }
    struct spt_error error;
    assert_int_equal(spt_emerged_pair_rows(&e, &error), SPT_OK);
    assert_int_equal(e.pair_count, PAIRS * HEADS);
    struct spt_text text = {0};
    spt_emerged_put_pairs(&text, &e, EVERYWHERE);
    assert_int_equal(count_of(text.data, "layer 2, head "), HEADS);
    for (int head = 0; head < HEADS; head += HEADS / 10) {
        char title[64];
        (void)snprintf(title, sizeof title, "layer 2, head %d:\n", head);
        const char *at = strstr(text.data, title);
        assert_non_null(at);
        at += strlen(title);
        for (size_t name = 0; name < NAMED; name++) {
            at = strchr(at, '\n') + 1;
            assert_memory_equal(at + 3, NAMES[name], strlen(NAMES[name]));
        }
    }
    spt_text_release(&text);
    free(e.rows);
    free(e.pairs);
}

/* In two layers by turns: rows of several runs come by their midpoints. */
static void pairs_of_several_runs_lie_layer_by_layer(void **state) {
    (void)state;
    struct spt_emerged_row rows[2 * NAMED];
    const struct spt_emerged_row *index[2 * NAMED];
    struct spt_compared_row compared[2 * NAMED];
    for (int i = 0; i < 2 * NAMED; i++) {
        const int layer = i % 2 ? 0 : 1;
        rows[i] = row_of(NAMES[i / 2], layer, SPT_WHOLE_LAYER, i);
        index[i / 2 * 2 + layer] = &rows[i]; /* by metric, then layer */
        compared[i] =
            (struct spt_compared_row){.metric = NAMES[i / 2], .layer = layer, .head = SPT_WHOLE_LAYER, .t0 = i};
    }
    struct spt_emerged e = {.rows = rows, .count = 2 * NAMED, .index = index, .draws = DRAWS};
    struct spt_error error;
    assert_int_equal(spt_emerged_pair_rows(&e, &error), SPT_OK);
    const struct spt_emerged *members[] = {&e, &e};
    struct spt_compared c = {.members = members, .member_count = 2, .rows = compared, .count = 2 * NAMED};
    assert_int_equal(spt_compared_pair_rows(&c, &error), SPT_OK);
    assert_int_equal(c.pair_count, 2 * PAIRS);
    for (size_t i = 0; i < c.pair_count; i++) {
        assert_int_equal(c.pairs[i].a->layer, i / PAIRS);
        assert_int_equal(c.pairs[i].b->layer, i / PAIRS);
        assert_true(c.pairs[i].a->t0 < c.pairs[i].b->t0);
        assert_int_equal(c.pairs[i].order.before, 2);
    }
    struct spt_text text = {0};
    spt_compared_put_pairs(&text, &c, EVERYWHERE);
    assert_int_equal(count_of(text.data, "layer 0:\n"), 1);
    assert_int_equal(count_of(text.data, "layer 1:\n"), 1);
    assert_int_equal(count_of(text.data, " 2/2"), 2 * PAIRS);
    spt_text_release(&text);
    free(c.pairs);
    free(e.pairs);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairs_of_many_heads_are_shown_head_by_head),
        cmocka_unit_test(pairs_of_several_runs_lie_layer_by_layer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
