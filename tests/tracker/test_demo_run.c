/* The bundled run, end to end: what `spectail sweep` stored equals an independent NumPy implementation on HF transformers
 * (tests/data/demo-run.oracle.json, made by tests/peer/oracle.py: all steps, the first 100 probe sentences) to 1e-4 relative or 1e-6 absolute.
 * What is counted above a threshold may differ in 0.1 % of (sample, head): float32 attention is not the same to the bit.
 *
 * usage: test_demo_run STORE.db   (made by the test that sweeps; its absence is a failure) */
#include "analysis/metric.h"
#include "checkpoints/base/json.h"
#include "tracker/store/store.h"

#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define RELATIVE  1e-4
#define ABSOLUTE  1e-6
#define THRESHOLD 1e-3 /* share of (sample, head) that may differ */
#define STEPS     17

/* Which metrics count what lies above a threshold, sum over what does, or correlate what is counted. */
static bool is_thresholded(const char *name) {
    static const char *const NAMES[] = {"sink.share",           "sink.full_heads",     "sink.max_first",
                                        "sink.reference_count", "sink.reference_mass", "sink.reference_excess",
                                        "rmt.spikes",           "topology.h1_bars"};
    static const char *const PREFIXES[] = {"topology.b0@", "topology.b1@", "graph.centralization@",
                                           "graph.fiedler_centralization"};
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
        if (strcmp(NAMES[i], name) == 0) return true;
    for (size_t i = 0; i < sizeof PREFIXES / sizeof *PREFIXES; i++)
        if (strncmp(PREFIXES[i], name, strlen(PREFIXES[i])) == 0) return true;
    return false;
}

struct comparison {
    const struct spt_json *oracle;
    size_t compared, differ;
    double flips, values; /* of thresholded metrics: sum of |difference| and number, over heads */
    double worst;
    char worst_name[128];
};

/* The oracle's value for a row: null and absent are told apart by *known. */
static double expected(const struct comparison *c, const struct spt_store_measure *m, bool *known) {
    char step[32];
    snprintf(step, sizeof step, "%lld", (long long)m->checkpoint->step);
    const struct spt_json *metric = spt_json_get(spt_json_get(c->oracle, step), m->metric);
    const struct spt_json *value = NULL;
    if (m->layer < 0)
        value = spt_json_get(metric, "model");
    else if (m->head < 0)
        value = spt_json_at(spt_json_get(metric, "layer"), (size_t)m->layer);
    else
        value = spt_json_at(spt_json_at(spt_json_get(metric, "head"), (size_t)m->layer), (size_t)m->head);
    *known = spt_json_kind(value) != SPT_JSON_ABSENT;
    return spt_json_number(value, NAN);
}

static enum spt_status compare(void *context, const struct spt_store_measure *m, struct spt_error *error) {
    struct comparison *c = context;
    bool known;
    const double theirs = expected(c, m, &known);
    (void)error;
    if (!known) return SPT_OK;
    c->compared++;
    const double difference = isnan(theirs) && isnan(m->mean) ? 0 : fabs(m->mean - theirs);
    if (is_thresholded(m->metric)) {
        c->flips += difference;
        c->values++;
        return SPT_OK;
    }
    const double excess = difference / fmax(ABSOLUTE, RELATIVE * fabs(theirs));
    if (!(excess <= 1)) {
        c->differ++;
        print_error("step %lld, layer %d, head %d: %s is %.9g, NumPy says %.9g\n", (long long)m->checkpoint->step,
                    m->layer, m->head, m->metric, m->mean, theirs);
    }
    if (!(excess <= c->worst)) {
        c->worst = excess;
        snprintf(c->worst_name, sizeof c->worst_name, "%s", m->metric);
    }
    return SPT_OK;
}

struct opened {
    struct spt_store *store;
    struct spt_store_run *runs;
    size_t count;
    struct spt_json_document *oracle;
};

static const char *store_path;

static int open_all(void **state) {
    struct opened *o = calloc(1, sizeof *o);
    struct spt_error error;
    if (!o || spt_store_open(store_path, SPT_STORE_READ, 0, &o->store, &error) != SPT_OK ||
        spt_store_runs(o->store, &o->runs, &o->count, &error) != SPT_OK ||
        spt_json_read_file(SPT_TEST_DATA "/demo-run.oracle.json", 1 << 26, false, &o->oracle, &error) != SPT_OK)
        return -1;
    *state = o;
    return 0;
}

static int close_all(void **state) {
    struct opened *o = *state;
    spt_store_free_runs(o->runs, o->count);
    spt_store_close(o->store);
    spt_json_free(o->oracle);
    free(o);
    return 0;
}

static void every_checkpoint_is_analysed(void **state) {
    const struct opened *o = *state;
    struct spt_store_checkpoint *rows;
    struct spt_error error;
    size_t count;
    assert_int_equal(o->count, 1);
    assert_int_equal(spt_store_checkpoints(o->store, o->runs[0].id, &rows, &count, &error), SPT_OK);
    assert_int_equal(count, STEPS);
    for (size_t i = 0; i < count; i++) assert_int_equal(rows[i].state, SPT_STATE_ANALYSED);
    spt_store_free_checkpoints(rows, count);
}

/* Every figure of the oracle is compared: metric by metric, so that none is forgotten. */
static void every_figure_equals_numpy(void **state) {
    const struct opened *o = *state;
    const struct spt_json *first = spt_json_get(spt_json_root(o->oracle), "0");
    size_t metrics = 0;
    for (struct spt_json_member *m = spt_json_first(first); m; m = spt_json_next(first, m)) {
        struct comparison c = {.oracle = spt_json_root(o->oracle)};
        struct spt_error error;
        const char *name = spt_json_key(m);
        assert_int_equal(spt_store_each_measure(o->store, o->runs[0].id, name, INT_MIN, INT_MIN, compare, &c, &error),
                         SPT_OK);
        if (c.compared < STEPS) fail_msg("%s: %zu figures to compare", name, c.compared);
        if (c.differ) fail_msg("%s: %zu of %zu figures differ", name, c.differ, c.compared);
        if (!(c.flips <= THRESHOLD * c.values))
            fail_msg("%s: the mean difference is %g, %g allowed", name, c.flips / c.values, THRESHOLD);
        metrics++;
    }
    assert_int_equal(metrics, 83);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_checkpoint_is_analysed),
        cmocka_unit_test(every_figure_equals_numpy),
    };
    if (argc != 2) {
        fprintf(stderr, "usage: %s STORE.db\n", argv[0]);
        return 2;
    }
    store_path = argv[1];
    return cmocka_run_group_tests(tests, open_all, close_all);
}
