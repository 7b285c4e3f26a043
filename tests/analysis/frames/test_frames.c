/* Heads whose frame is known by construction: every query gives the same to the first token, to one other, and the rest
 * evenly. */
#include "analysis/frames/frame.h"
#include "analysis/pool.h"
#include "tests/analysis/matrices.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SAMPLES = 5, HEADS = 4, N = 20 };

/* What a head gives in a sample. */
struct share {
    double first, other;
    size_t at; /* of other */
};

/* Samples [SAMPLES] of head 0; the other heads do the same, or are uniform. */
struct world {
    struct share share[SAMPLES];
    size_t heads; /* that do so */
    enum spt_mask_kind kind;
    unsigned char *special; /* [SAMPLES * N] or NULL */
    bool spoiled;           /* a head of every sample is not finite */
};

static void fill(void *context, size_t sample, size_t head, const struct spt_mask *mask, double *a) {
    const struct world *world = context;
    const struct share *share = &world->share[sample];
    fill_uniform(NULL, sample, head, mask, a);
    for (size_t i = 0; head < world->heads && i < mask->n; i++) {
        const double left = 1 - share->first - (share->at < mask->end[i] ? share->other : 0);
        for (size_t k = mask->first[i]; k < mask->end[i]; k++) a[i * mask->n + k] *= left;
        a[i * mask->n] += share->first;
        if (share->at < mask->end[i]) a[i * mask->n + share->at] += share->other;
    }
    if (world->spoiled && head == 3) a[0] = NAN;
}

static enum spt_frame frame_of(struct world *world, size_t head) {
    static const size_t lengths[SAMPLES] = {N, N, N, N, N};
    struct matrices m;
    matrices_open(&m, world->kind, 0, lengths, SAMPLES, HEADS);
    m.probe.special = world->special;
    matrices_measure(&m, fill, world);
    const enum spt_frame frame = spt_frame_of(&m.context, head);
    for (size_t i = 0; i < 4; i++) {
        static const char *const NAMES[] = {"frame.none", "frame.centralized", "frame.distributed",
                                            "frame.bidirectional"};
        const struct spt_pool pool = {.frame = frame};
        const double value = SPT_METRICS[spt_metric_find(NAMES[i])].pooled(&pool);
        assert_true(frame == SPT_FRAME_UNKNOWN ? value != value : value == (frame == (enum spt_frame)i));
    }
    matrices_close(&m);
    return frame;
}

/* The same share in every sample. */
static struct world world_of(enum spt_mask_kind kind, double first, double other, size_t at) {
    struct world world = {.kind = kind, .heads = HEADS};
    for (size_t i = 0; i < SAMPLES; i++) world.share[i] = (struct share){first, other, at};
    return world;
}

static void uniform_attention_has_no_frame(void **state) {
    struct world world = world_of(SPT_MASK_CAUSAL, 0, 0, 0);
    (void)state;
    assert_int_equal(frame_of(&world, 0), SPT_FRAME_NONE);
}

static void weak_in_half_of_the_samples_is_not_in_most_of_them(void **state) {
    struct world world = world_of(SPT_MASK_CAUSAL, 0.8, 0, 0);
    (void)state;
    world.share[0].first = world.share[1].first = 0;
    assert_int_equal(frame_of(&world, 0), SPT_FRAME_CENTRALIZED);
    world.share[2].first = 0;
    assert_int_equal(frame_of(&world, 0), SPT_FRAME_NONE);
}

static void a_sink_on_the_first_token_is_centralized_under_every_mask(void **state) {
    (void)state;
    for (enum spt_mask_kind kind = SPT_MASK_CAUSAL; kind <= SPT_MASK_FULL; kind++) {
        struct world world = world_of(kind, 0.8, 0, 0);
        assert_int_equal(frame_of(&world, 0), SPT_FRAME_CENTRALIZED);
    }
}

static void two_anchors_are_centralized_when_one_has_twice_the_other(void **state) {
    struct world twice = world_of(SPT_MASK_FULL, 0.6, 0.25, 7), less = world_of(SPT_MASK_FULL, 0.5, 0.3, 7);
    (void)state;
    assert_int_equal(frame_of(&twice, 0), SPT_FRAME_CENTRALIZED);
    assert_int_equal(frame_of(&less, 0), SPT_FRAME_DISTRIBUTED);
}

static void first_and_last_together_are_bidirectional_only_where_all_is_seen(void **state) {
    struct world encoder = world_of(SPT_MASK_FULL, 0.45, 0.45, N - 1),
                 causal = world_of(SPT_MASK_CAUSAL, 0.45, 0.45, N - 1);
    (void)state;
    assert_int_equal(frame_of(&encoder, 0), SPT_FRAME_BIDIRECTIONAL);
    assert_int_equal(frame_of(&causal, 0), SPT_FRAME_CENTRALIZED);
    /* In two of five samples only. */
    for (size_t i = 0; i < 3; i++) encoder.share[i] = (struct share){0.8, 0, 0};
    assert_int_equal(frame_of(&encoder, 0), SPT_FRAME_DISTRIBUTED);
    encoder.share[0] = (struct share){0.45, 0.45, N - 1};
    assert_int_equal(frame_of(&encoder, 0), SPT_FRAME_BIDIRECTIONAL);
}

static void four_samples_of_five_make_an_anchor_and_three_do_not(void **state) {
    struct world world = world_of(SPT_MASK_FULL, 0.8, 0, 0);
    (void)state;
    world.share[4] = (struct share){0, 0.3, 7};
    assert_int_equal(frame_of(&world, 0), SPT_FRAME_CENTRALIZED);
    world.share[3] = (struct share){0, 0.3, 7};
    assert_int_equal(frame_of(&world, 0), SPT_FRAME_DISTRIBUTED);
}

/* Of these samples two have their sink on a special token, three on another. */
static void special_tokens_are_an_anchor_of_their_own(void **state) {
    unsigned char special[SAMPLES * N] = {0};
    struct world world = world_of(SPT_MASK_FULL, 0, 0.8, 7);
    (void)state;
    assert_int_equal(frame_of(&world, 0), SPT_FRAME_CENTRALIZED);
    world.special = special;
    assert_int_equal(frame_of(&world, 0), SPT_FRAME_CENTRALIZED);
    special[7] = special[N + 7] = 1;
    assert_int_equal(frame_of(&world, 0), SPT_FRAME_DISTRIBUTED);
    /* The first token is first before it is special. */
    for (size_t i = 0; i < SAMPLES; i++) {
        world.share[i] = (struct share){0.8, 0, 0};
        special[i * N] = i % 2;
    }
    assert_int_equal(frame_of(&world, 0), SPT_FRAME_CENTRALIZED);
}

static void a_head_alone_with_its_sink_has_no_reference_and_is_distributed(void **state) {
    struct world world = world_of(SPT_MASK_CAUSAL, 0.8, 0, 0);
    (void)state;
    world.heads = 1; /* of four: less than 30 % */
    assert_int_equal(frame_of(&world, 0), SPT_FRAME_DISTRIBUTED);
    assert_int_equal(frame_of(&world, 1), SPT_FRAME_NONE);
}

static void where_a_head_is_never_finite_no_frame_is_known(void **state) {
    struct world world = world_of(SPT_MASK_CAUSAL, 0.8, 0, 0);
    (void)state;
    world.spoiled = true;
    assert_int_equal(frame_of(&world, 0), SPT_FRAME_UNKNOWN);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uniform_attention_has_no_frame),
        cmocka_unit_test(weak_in_half_of_the_samples_is_not_in_most_of_them),
        cmocka_unit_test(a_sink_on_the_first_token_is_centralized_under_every_mask),
        cmocka_unit_test(two_anchors_are_centralized_when_one_has_twice_the_other),
        cmocka_unit_test(first_and_last_together_are_bidirectional_only_where_all_is_seen),
        cmocka_unit_test(four_samples_of_five_make_an_anchor_and_three_do_not),
        cmocka_unit_test(special_tokens_are_an_anchor_of_their_own),
        cmocka_unit_test(a_head_alone_with_its_sink_has_no_reference_and_is_distributed),
        cmocka_unit_test(where_a_head_is_never_finite_no_frame_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
