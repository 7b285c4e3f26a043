/* Seals: what tells that a checkpoint's rows are those that were stored, long after, on whatever disk.
 *
 * checkpoint.figures is the sum of the hashes of its figures: so it does not depend on their order, and figures that
 * are added later are added to it without reading the others. checkpoint.seal is a hash of it and of the row's own
 * columns.
 * SQLite's pages have no checksums: a bit that flips in a number is a number still.
 */
#include "tracker/store/internal.h"

#include <math.h>
#include <string.h>

static const char READ[] = "read the store", WRITE[] = "write to the store";

enum { FIXED_MAX = 256 };

/* Numbers and short texts in a row, to be hashed at once. */
struct bytes {
    unsigned char data[FIXED_MAX];
    size_t size;
};

static void put_integer(struct bytes *bytes, int64_t value) {
    for (unsigned shift = 0; shift < 64; shift += 8)
        bytes->data[bytes->size++] = (unsigned char)((uint64_t)value >> shift);
}

/* As it comes back from SQLite: NAN is NULL, and zero has no sign. */
static void put_real(struct bytes *bytes, double value) {
    int64_t bits;
    if (isnan(value)) value = (double)NAN;
    if (value == 0) value = 0;
    memcpy(&bits, &value, sizeof bits);
    put_integer(bytes, isnan(value) ? INT64_MIN : bits);
}

/* Names of metrics are short; of a long one its hash does as well. */
static void put_name(struct bytes *bytes, const char *name) {
    const size_t length = strlen(name);
    const struct spt_hash hash = spt_hash_of(name, length);
    put_integer(bytes, (int64_t)hash.low);
    put_integer(bytes, (int64_t)length);
}

struct spt_hash spt_seal_of_measure(const char *metric, const struct spt_measure *measure) {
    struct bytes bytes = {.size = 0};
    put_integer(&bytes, 'm');
    put_name(&bytes, metric);
    put_integer(&bytes, measure->layer);
    put_integer(&bytes, measure->head);
    put_real(&bytes, measure->mean);
    put_real(&bytes, measure->sd);
    put_real(&bytes, measure->lo);
    put_real(&bytes, measure->hi);
    put_integer(&bytes, (int64_t)measure->n);
    put_integer(&bytes, (int64_t)measure->bad);
    return spt_hash_of(bytes.data, bytes.size);
}

struct spt_hash spt_seal_of_vector(char table, const char *metric, int layer, int head, const void *values,
                                   size_t size) {
    struct bytes bytes = {.size = 0};
    const struct spt_hash hash = spt_hash_of(values, size);
    put_integer(&bytes, table);
    put_name(&bytes, metric);
    put_integer(&bytes, layer);
    put_integer(&bytes, head);
    put_integer(&bytes, (int64_t)size);
    put_integer(&bytes, (int64_t)hash.low);
    put_integer(&bytes, (int64_t)hash.high);
    return spt_hash_of(bytes.data, bytes.size);
}

void spt_seal_add(struct spt_hash *sum, struct spt_hash figure) {
    sum->low += figure.low;
    sum->high += figure.high;
}

/* --- what stands in the file --- */

static const char *name_of(const struct spt_sql *sql) {
    const char *name = (const char *)sqlite3_column_text(sql->statement, 0);
    return name ? name : "";
}

static struct spt_hash hash_measure(const struct spt_sql *sql, char table) {
    (void)table;
    const struct spt_measure measure = {
        .layer = sqlite3_column_int(sql->statement, 1),
        .head = sqlite3_column_int(sql->statement, 2),
        .mean = spt_sql_column_real(sql, 3),
        .sd = spt_sql_column_real(sql, 4),
        .lo = spt_sql_column_real(sql, 5),
        .hi = spt_sql_column_real(sql, 6),
        .n = (size_t)sqlite3_column_int64(sql->statement, 7),
        .bad = (size_t)sqlite3_column_int64(sql->statement, 8),
    };
    return spt_seal_of_measure(name_of(sql), &measure);
}

static struct spt_hash hash_vector(const struct spt_sql *sql, char table) {
    const void *values = sqlite3_column_blob(sql->statement, 3);
    const size_t size = (size_t)sqlite3_column_bytes(sql->statement, 3);
    return spt_seal_of_vector(table, name_of(sql), sqlite3_column_int(sql->statement, 1),
                              sqlite3_column_int(sql->statement, 2), values ? values : "", values ? size : 0);
}

static const struct {
    enum spt_sql_id id;
    char table;
    struct spt_hash (*hash)(const struct spt_sql *sql, char table);
} TABLES[] = {
    {SPT_SQL_MEASURE_ALL, 'm', hash_measure},
    {SPT_SQL_SAMPLES_ALL, SPT_SEAL_SAMPLES, hash_vector},
    {SPT_SQL_CURVE_ALL, SPT_SEAL_CURVE, hash_vector},
    {SPT_SQL_DRAWS_ALL, SPT_SEAL_DRAWS, hash_vector},
};

static enum spt_status sum_figures(struct spt_store *store, int64_t checkpoint, struct spt_hash *sum,
                                   struct spt_error *error) {
    enum spt_status status = SPT_END;
    *sum = (struct spt_hash){0};
    for (size_t i = 0; i < sizeof TABLES / sizeof *TABLES && status == SPT_END; i++) {
        struct spt_sql sql = spt_sql_start(store, TABLES[i].id);
        spt_sql_integer(&sql, checkpoint);
        while ((status = spt_sql_next(&sql, READ, error)) == SPT_OK)
            spt_seal_add(sum, TABLES[i].hash(&sql, TABLES[i].table));
        spt_sql_end(&sql);
    }
    return status == SPT_END ? SPT_OK : status;
}

/* The row's own columns that a merge and a second pass leave as they are, or seal anew. */
static enum spt_status hash_row(struct spt_sql *sql, struct spt_hash figures, struct spt_hash *seal,
                                struct spt_error *error) {
    struct spt_hash_stream *stream = spt_hash_new();
    if (!stream) return spt_fail_memory(error, 0, "a seal");
    for (int column = 2; column < sqlite3_column_count(sql->statement); column++) {
        const int type = sqlite3_column_type(sql->statement, column); /* before the text, which converts the value */
        const char *text = (const char *)sqlite3_column_text(sql->statement, column);
        if (!text && type != SQLITE_NULL) {
            spt_hash_free(stream);
            return spt_fail_memory(error, 0, "a seal");
        }
        spt_hash_add_u64(stream, (uint64_t)type);
        spt_hash_add_text(stream, text ? text : "");
    }
    spt_hash_add_u64(stream, figures.low);
    spt_hash_add_u64(stream, figures.high);
    *seal = spt_hash_value(stream);
    spt_hash_free(stream);
    return SPT_OK;
}

enum spt_status spt_seal_write(struct spt_store *store, int64_t checkpoint, struct spt_hash figures,
                               struct spt_error *error) {
    struct spt_hash seal = {0};
    struct spt_sql sql = spt_sql_start(store, SPT_SQL_SEAL_ROW);
    spt_sql_integer(&sql, checkpoint);
    enum spt_status status = spt_sql_next(&sql, READ, error);
    if (status == SPT_OK) status = hash_row(&sql, figures, &seal, error);
    spt_sql_end(&sql);
    if (status != SPT_OK)
        return status == SPT_END ? spt_store_damaged(store, "checkpoint", checkpoint, "place in it", error) : status;
    sql = spt_sql_start(store, SPT_SQL_SEAL_WRITE);
    spt_sql_hash(&sql, figures);
    spt_sql_hash(&sql, seal);
    spt_sql_integer(&sql, checkpoint);
    return spt_sql_finish(&sql, WRITE, error);
}

enum spt_status spt_seal_look(struct spt_store *store, int64_t checkpoint, struct spt_seal *found,
                              struct spt_error *error) {
    struct spt_hash figures = {0}, stored = {0}, seal = {0}, stored_seal = {0};
    *found = (struct spt_seal){0};
    struct spt_sql sql = spt_sql_start(store, SPT_SQL_SEAL_ROW);
    spt_sql_integer(&sql, checkpoint);
    enum spt_status status = spt_sql_next(&sql, READ, error);
    if (status == SPT_OK) {
        found->sealed = sqlite3_column_type(sql.statement, 0) != SQLITE_NULL;
        const bool whole = spt_sql_column_hash(&sql, 0, &stored) && spt_sql_column_hash(&sql, 1, &stored_seal);
        status = hash_row(&sql, stored, &seal, error);
        found->row = whole && spt_hash_equal(seal, stored_seal);
    }
    spt_sql_end(&sql);
    if (status == SPT_OK && found->sealed) status = sum_figures(store, checkpoint, &figures, error);
    if (status == SPT_OK) found->figures = spt_hash_equal(figures, stored);
    found->sum = figures;
    return status;
}
