#include "stored.h"

#include "shards.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A store is these files; the shared memory of the WAL is made anew from the log. */
static const char *const PARTS[] = {"", "-wal", "-journal"};

static bool say(char *problem, const char *what, const char *detail) {
    snprintf(problem, STORED_PROBLEM, "%s: %s", what, detail);
    return false;
}

static bool copy_file(const char *from, const char *to) {
    FILE *in = fopen(from, "rbe");
    unlink(to);
    if (!in) return false;
    FILE *out = fopen(to, "wbe");
    char buffer[65536];
    if (!out) shards_die(to);
    for (size_t n; (n = fread(buffer, 1, sizeof(buffer), in)) > 0;)
        if (fwrite(buffer, 1, n, out) != n) shards_die(to);
    fclose(in);
    if (fclose(out)) shards_die(to);
    return true;
}

/* Rows of a query as text, columns by '|', rows by '\n'. NULL: problem says why. */
static char *rows_of(sqlite3 *db, const char *sql, const char *bound, char *problem) {
    sqlite3_stmt *statement;
    char *text = NULL;
    size_t size = 0;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK) {
        say(problem, sql, sqlite3_errmsg(db));
        return NULL;
    }
    if (bound) sqlite3_bind_text(statement, 1, bound, -1, SQLITE_STATIC);
    FILE *memory = open_memstream(&text, &size);
    if (!memory) shards_die("memory");
    int status;
    while ((status = sqlite3_step(statement)) == SQLITE_ROW)
        for (int i = 0; i < sqlite3_column_count(statement); i++) {
            const unsigned char *value = sqlite3_column_text(statement, i);
            fprintf(memory, "%s%s", value ? (const char *)value : "NULL",
                    i + 1 < sqlite3_column_count(statement) ? "|" : "\n");
        }
    sqlite3_finalize(statement);
    if (fclose(memory)) shards_die("memory");
    if (status == SQLITE_DONE) return text;
    say(problem, sql, sqlite3_errmsg(db));
    free(text);
    return NULL;
}

static bool expect_rows(sqlite3 *db, const char *sql, const char *expected, char *problem) {
    char *found = rows_of(db, sql, NULL, problem);
    if (!found) return false;
    const bool as_expected = strcmp(found, expected) == 0;
    if (!as_expected) snprintf(problem, STORED_PROBLEM, "%s: %.300s", sql, found);
    free(found);
    return as_expected;
}

/* ?1: the checkpoint's id. Floats with 17 digits. */
static const char *const TEXTS[] = {
    "SELECT branch, step, tokens, label, uri, digest, bytes, state, reason, version FROM checkpoint WHERE id = ?1",
    "SELECT m.name, m.unit, layer, head, printf('%!.17g', mean), printf('%!.17g', sd), printf('%!.17g', lo),"
    " printf('%!.17g', hi), n, bad FROM measure v JOIN metric m ON m.id = v.metric WHERE checkpoint = ?1 ORDER BY 1, 3, 4",
    "SELECT 'value', m.name, layer, head, hex(\"values\") FROM probe_value v JOIN metric m ON m.id = v.metric"
    " WHERE checkpoint = ?1 ORDER BY 2, 3, 4",
    "SELECT 'curve', m.name, layer, head, hex(\"values\") FROM curve v JOIN metric m ON m.id = v.metric"
    " WHERE checkpoint = ?1 ORDER BY 2, 3, 4",
    "SELECT 'draws', m.name, layer, head, hex(\"values\") FROM draw v JOIN metric m ON m.id = v.metric"
    " WHERE checkpoint = ?1 ORDER BY 2, 3, 4",
};

static bool read_item(sqlite3 *db, const char *id, struct stored_item *item, char *problem) {
    size_t size = 0;
    FILE *memory = open_memstream(&item->text, &size);
    if (!memory) shards_die("memory");
    bool good = true;
    for (size_t i = 0; good && i < sizeof(TEXTS) / sizeof(TEXTS[0]); i++) {
        char *rows = rows_of(db, TEXTS[i], id, problem);
        good = rows != NULL;
        if (rows) fputs(rows, memory);
        free(rows);
    }
    if (fclose(memory)) shards_die("memory");
    return good;
}

static bool read_items(sqlite3 *db, struct stored *stored, char *problem) {
    char *list = rows_of(db,
                         "SELECT c.id, r.name, c.uri FROM checkpoint c JOIN run r ON r.id = c.run WHERE"
                         " c.state = 'analysed' AND c.superseded IS NULL ORDER BY r.name, c.uri, c.id",
                         NULL, problem);
    bool good = list != NULL;
    char *rest = list;
    for (char *line; good && (line = strsep(&rest, "\n")) && *line;) {
        struct stored_item item = {0};
        const char *id = strsep(&line, "|");
        item.key = strdup(line);
        stored->items = realloc(stored->items, (stored->count + 1) * sizeof(*stored->items));
        if (!item.key || !stored->items) shards_die("memory");
        good = read_item(db, id, &item, problem);
        stored->items[stored->count++] = item;
    }
    free(list);
    return good;
}

static bool read_count(sqlite3 *db, const char *sql, size_t *count, char *problem) {
    char *rows = rows_of(db, sql, NULL, problem);
    if (rows) *count = strtoul(rows, NULL, 10);
    free(rows);
    return rows != NULL;
}

static bool read_store(sqlite3 *db, struct stored *stored, char *problem) {
    size_t tables = 0;
    if (!expect_rows(db, "PRAGMA integrity_check", "ok\n", problem) ||
        !expect_rows(db, "PRAGMA foreign_key_check", "", problem) ||
        !read_count(db, "SELECT count(*) FROM sqlite_schema", &tables, problem))
        return false;
    if (!tables) return true; /* killed before the tables were made */
    if (!expect_rows(db,
                     "SELECT id FROM checkpoint c WHERE state <> 'analysed' AND EXISTS(SELECT 1 FROM measure WHERE"
                     " checkpoint = c.id)",
                     "", problem) ||
        !read_count(db, "SELECT count(*) FROM checkpoint", &stored->ledger, problem) ||
        !read_count(db, "SELECT count(*) FROM checkpoint WHERE superseded IS NOT NULL", &stored->superseded, problem))
        return false;
    stored->nulls =
        rows_of(db,
                "SELECT m.name, layer, printf('%!.17g', mean), printf('%!.17g', sd), draws FROM null_value v"
                " JOIN metric m ON m.id = v.metric ORDER BY 1, 2",
                NULL, problem);
    stored->series =
        rows_of(db, "SELECT name, step, printf('%!.17g', value) FROM external ORDER BY 1, 2", NULL, problem);
    return stored->nulls && stored->series && read_items(db, stored, problem);
}

static bool read_file(const char *path, int flags, struct stored *stored, char *problem) {
    sqlite3 *db = NULL;
    const int opened = sqlite3_open_v2(path, &db, flags, NULL);
    sqlite3_busy_timeout(db, 10000);
    bool good = opened == SQLITE_OK || say(problem, path, sqlite3_errmsg(db));
    if (good && sqlite3_exec(db, "BEGIN", NULL, NULL, NULL) != SQLITE_OK) good = say(problem, path, sqlite3_errmsg(db));
    good = good && read_store(db, stored, problem);
    sqlite3_close(db);
    return good;
}

bool stored_look(const char *path, struct stored *stored, char problem[STORED_PROBLEM]) {
    *stored = (struct stored){0};
    return read_file(path, SQLITE_OPEN_READONLY, stored, problem);
}

bool stored_read(const char *path, struct stored *stored, char problem[STORED_PROBLEM]) {
    *stored = (struct stored){0};
    char copy[4096], from[4200], to[4200];
    snprintf(copy, sizeof(copy), "%s.copy", path);
    for (size_t i = 0; i < sizeof(PARTS) / sizeof(PARTS[0]); i++) {
        snprintf(from, sizeof(from), "%s%s", path, PARTS[i]);
        snprintf(to, sizeof(to), "%s%s", copy, PARTS[i]);
        if (!copy_file(from, to) && i == 0) return true;
    }
    const bool good = read_file(copy, SQLITE_OPEN_READWRITE, stored, problem);
    stored_remove(copy);
    return good;
}

void stored_release(struct stored *stored) {
    for (size_t i = 0; i < stored->count; i++) {
        free(stored->items[i].key);
        free(stored->items[i].text);
    }
    free(stored->items);
    free(stored->nulls);
    free(stored->series);
    *stored = (struct stored){0};
}

static const struct stored_item *find(const struct stored *stored, const char *key) {
    for (size_t i = 0; i < stored->count; i++)
        if (strcmp(stored->items[i].key, key) == 0) return &stored->items[i];
    return NULL;
}

static int length_shown(const char *line) {
    const size_t length = strcspn(line, "\n");
    return length < 160 ? (int)length : 160;
}

/* The first line in which two texts differ. */
static bool say_difference(char *problem, const char *key, const char *found, const char *expected) {
    while (*found && *expected) {
        const size_t a = strcspn(found, "\n"), b = strcspn(expected, "\n");
        if (a != b || memcmp(found, expected, a) != 0) break;
        found += a + (found[a] == '\n');
        expected += b + (expected[b] == '\n');
    }
    snprintf(problem, STORED_PROBLEM, "%s: stored \"%.*s\", expected \"%.*s\"", key, length_shown(found), found,
             length_shown(expected), expected);
    return false;
}

bool stored_is_part_of(const struct stored *part, const struct stored *whole, char problem[STORED_PROBLEM]) {
    for (size_t i = 0; i < part->count; i++) {
        const struct stored_item *item = &part->items[i], *expected = find(whole, item->key);
        if (i && strcmp(item->key, part->items[i - 1].key) == 0) return say(problem, item->key, "is stored twice");
        if (!expected) return say(problem, item->key, "is stored, and is not among those expected");
        if (strcmp(item->text, expected->text) != 0)
            return say_difference(problem, item->key, item->text, expected->text);
    }
    return true;
}

static bool is_text(const char *what, const char *found, const char *expected, char *problem) {
    if (strcmp(found ? found : "", expected ? expected : "") == 0) return true;
    return say_difference(problem, what, found ? found : "", expected ? expected : "");
}

bool stored_has_all(const struct stored *found, const struct stored *expected, char problem[STORED_PROBLEM]) {
    if (!stored_is_part_of(found, expected, problem)) return false;
    for (size_t i = 0; i < expected->count; i++)
        if (!find(found, expected->items[i].key)) return say(problem, expected->items[i].key, "is not stored");
    return is_text("nulls", found->nulls, expected->nulls, problem);
}

bool stored_is(const struct stored *found, const struct stored *expected, char problem[STORED_PROBLEM]) {
    return stored_has_all(found, expected, problem) && is_text("series", found->series, expected->series, problem);
}

long stored_ask(const char *path, const char *sql) {
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    long answer = -1;
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK) {
        sqlite3_busy_timeout(db, 10000);
        if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW)
            answer = (long)sqlite3_column_int64(statement, 0);
        sqlite3_finalize(statement);
    }
    sqlite3_close(db);
    return answer;
}

void stored_remove(const char *path) {
    static const char *const LEFT[] = {"", "-wal", "-journal", "-shm", ".lock"};
    char name[4200];
    for (size_t i = 0; i < sizeof(LEFT) / sizeof(LEFT[0]); i++) {
        snprintf(name, sizeof(name), "%s%s", path, LEFT[i]);
        unlink(name);
    }
}
