#include "merge_fixture.h"

#include "tracker/store/audit.h"
#include "tracker/store/internal.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

const char DUMP[] =
    "SELECT * FROM ("
    "SELECT 'run' AS t, name AS a, model_digest || probe_digest || plan_digest AS b, created AS c, model_text AS d,"
    " NULL AS e, NULL AS f, NULL AS g, NULL AS h FROM run"
    " UNION ALL SELECT 'checkpoint', r.name || substr(r.plan_digest, 1, 16), c.uri || ' ' || c.fingerprint, c.digest,"
    " c.state || COALESCE(c.reason, ''), CASE WHEN s.id IS NULL THEN 'live' ELSE 'superseded' END, c.finished, c.step, c.label"
    "  FROM checkpoint c JOIN run r ON r.id = c.run LEFT JOIN checkpoint s ON s.id = c.superseded"
    " UNION ALL SELECT 'measure', c.uri || ' ' || c.fingerprint, m.name, v.layer, v.head, quote(v.mean), quote(v.lo),"
    " v.n, v.bad FROM measure v JOIN checkpoint c ON c.id = v.checkpoint JOIN metric m ON m.id = v.metric"
    " UNION ALL SELECT 'samples', c.uri || ' ' || c.fingerprint, m.name, v.layer, v.head, hex(v.\"values\"), NULL, NULL,"
    " NULL FROM probe_value v JOIN checkpoint c ON c.id = v.checkpoint JOIN metric m ON m.id = v.metric"
    " UNION ALL SELECT 'curve', c.uri || ' ' || c.fingerprint, m.name, v.layer, v.head, hex(v.\"values\"), NULL, NULL,"
    " NULL FROM curve v JOIN checkpoint c ON c.id = v.checkpoint JOIN metric m ON m.id = v.metric"
    " UNION ALL SELECT 'draws', c.uri || ' ' || c.fingerprint, m.name, v.layer, v.head, hex(v.\"values\"), NULL, NULL,"
    " NULL FROM draw v JOIN checkpoint c ON c.id = v.checkpoint JOIN metric m ON m.id = v.metric"
    " UNION ALL SELECT 'null', m.name, v.layer, quote(v.mean), v.draws, NULL, NULL, NULL, NULL FROM null_value v"
    "  JOIN metric m ON m.id = v.metric"
    " UNION ALL SELECT 'external', name, step, quote(value), position, NULL, NULL, NULL, NULL FROM external"
    " UNION ALL SELECT 'event', e.time, e.kind, e.key, e.text, e.delivery, e.outcome, c.uri, e.step FROM event e"
    "  LEFT JOIN checkpoint c ON c.id = e.checkpoint) ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 9";

char *read_bytes(const char *path) {
    return fixture_query(path,
                         "SELECT 'run', id, name, source, created, NULL, NULL, NULL FROM run UNION ALL"
                         " SELECT 'checkpoint', id, run, uri, fingerprint, state, superseded, finished FROM"
                         " checkpoint UNION ALL SELECT 'measure', checkpoint, metric, layer, head, quote(mean), n,"
                         " bad FROM measure UNION ALL SELECT 'external', run, name, step, value, position, NULL,"
                         " NULL FROM external UNION ALL SELECT 'event', id, time, kind, run, checkpoint, delivery,"
                         " outcome FROM event");
}

enum spt_status merge_list(const char *into, const char *const *sources, size_t count, struct spt_merge_report *reports,
                           struct spt_error *error) {
    const struct spt_merge_options options = {.into = into, .sources = sources, .source_count = count};
    return spt_store_merge(&options, reports, error);
}

struct spt_merge_report merge_one(const char *into, const char *source) {
    struct spt_merge_report report;
    struct spt_error error = {0};
    if (merge_list(into, &source, 1, &report, &error) != SPT_OK) fail_msg("%s: %s", error.path, error.message);
    return report;
}

static const char *const METRICS[] = {"loss", "sink.first", "sink.received"};

void put(struct spt_store *store, int64_t run, const struct made *made) {
    struct spt_error error = {0};
    struct spt_store_checkpoint row = fixture_row(made->uri, made->step, made->files);
    row.digest = (struct spt_hash){made->weights, made->weights ? 1 : 0};
    row.state = made->state;
    row.reason = made->state == SPT_STATE_ANALYSED ? NULL : (char *)"cut";
    row.finished = (char *)made->finished;
    enum spt_status status = spt_store_begin(store, run, &row, false, &error);
    for (size_t i = 0; i < 3 && status == SPT_OK; i++) {
        if (!(made->metrics >> i & 1)) continue;
        const float values[] = {(float)made->weights, (float)i};
        const struct spt_measure measure = {
            fixture_metric(METRICS[i]), -1, -1, (double)made->weights + 0.25 * (double)i, NAN, 1, 2, 3, 0};
        const struct spt_vector vector = {fixture_metric(METRICS[i]), -1, -1, values, 2};
        status = spt_store_put_measure(store, &measure, &error);
        if (status == SPT_OK) status = spt_store_put_samples(store, &vector, &error);
        if (status == SPT_OK && i == 2) status = spt_store_put_curve(store, &vector, &error);
        if (status == SPT_OK && i == 1) status = spt_store_put_draws(store, &vector, &error);
    }
    if (status == SPT_OK) status = spt_store_commit(store, &error);
    if (status != SPT_OK) fail_msg("%s", error.message);
}

void make(const char *path, const struct made *made, size_t count) {
    (void)unlink(path);
    struct spt_store *store = fixture_open(path, SPT_STORE_WRITE);
    const int64_t run = fixture_run(store);
    assert_int_equal(spt_sql_exec(store, "PRAGMA synchronous = OFF", "not wait for the disk", NULL), SPT_OK);
    for (size_t i = 0; i < count; i++) put(store, run, &made[i]);
    spt_store_close(store);
    fixture_exec(path, "UPDATE run SET created = '2024-01-01T00:00:00Z', samples = 2");
}

void clear(const char *path) {
    (void)unlink(path);
}

static enum spt_status none_expected(void *context, const struct spt_audit_row *row, struct spt_error *error) {
    (void)context, (void)error;
    if (row->how != SPT_MEND_SAID) fail_msg("%s: %s", row->label ? row->label : "", row->text);
    return SPT_OK;
}

void assert_nothing_wrong(const char *path) {
    struct spt_store *store = fixture_open(path, SPT_STORE_READ);
    assert_int_equal(spt_store_audit(store, false, none_expected, NULL, NULL), SPT_OK);
    spt_store_close(store);
}

void assert_any_order(const char *const *sources, size_t count) {
    assert_true(count <= 4);
    char *expected = NULL;
    size_t orders = 1;
    for (size_t i = 2; i <= count; i++) orders *= i;
    for (size_t order = 0; order < orders; order++) {
        const char *left[4], *sorted[4];
        size_t number = order;
        memcpy(left, sources, count * sizeof *left);
        for (size_t i = 0; i < count; i++) {
            const size_t pick = number % (count - i);
            number /= count - i;
            sorted[i] = left[pick];
            memmove(left + pick, left + pick + 1, (count - i - pick - 1) * sizeof *left);
        }
        clear("order.db");
        for (size_t i = 0; i < count; i++) (void)merge_one("order.db", sorted[i]);
        char *once = fixture_query("order.db", DUMP), *bytes = read_bytes("order.db");
        if (!expected) expected = fixture_query("order.db", DUMP);
        assert_string_equal(once, expected);
        for (size_t i = 0; i < count; i++) {
            const struct spt_merge_report again = merge_one("order.db", sorted[i]);
            assert_int_equal(again.added + again.replaced + again.completed + again.superseded + again.events +
                                 again.points + again.nulls + again.runs_added,
                             0);
        }
        char *twice = read_bytes("order.db");
        assert_string_equal(twice, bytes);
        assert_nothing_wrong("order.db");
        test_free(once);
        test_free(twice);
        test_free(bytes);
    }
    test_free(expected);
}

void assert_two_orders(const char *a, const char *b) {
    assert_any_order((const char *const[]){a, b}, 2);
}
