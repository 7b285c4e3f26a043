/* Events: what happened, whom it was told to, and how that went. */
#include "tracker/store/internal.h"

#include "checkpoints/base/memory.h"

#include <stdlib.h>
#include <string.h>

static const char READ[] = "read the store", WRITE[] = "write to the store";

static const char *const DELIVERIES[SPT_DELIVERY_COUNT] = {
    [SPT_DELIVERY_NONE] = "none", [SPT_DELIVERY_PENDING] = "pending", [SPT_DELIVERY_STARTED] = "started",
    [SPT_DELIVERY_DONE] = "done", [SPT_DELIVERY_FAILED] = "failed",
};

const char *spt_delivery_name(enum spt_delivery delivery) {
    return (unsigned)delivery < SPT_DELIVERY_COUNT ? DELIVERIES[delivery] : "unknown";
}

static bool find_delivery(const char *name, enum spt_delivery *delivery) {
    for (int i = 0; name && i < SPT_DELIVERY_COUNT; i++) {
        if (strcmp(name, DELIVERIES[i]) != 0) continue;
        *delivery = (enum spt_delivery)i;
        return true;
    }
    return false;
}

enum spt_status spt_store_add_event(struct spt_store *store, struct spt_store_event *event, struct spt_error *error) {
    enum spt_status status = spt_store_require_write(store, error);
    if (status != SPT_OK) return status;
    char now[SPT_STORE_TIME_MAX];
    spt_store_now(now);
    struct spt_sql sql = spt_sql_start(store, SPT_SQL_EVENT_ADD);
    spt_sql_text(&sql, event->time ? event->time : now);
    spt_sql_text(&sql, event->kind);
    spt_sql_integer_or_null(&sql, event->run, 0);
    spt_sql_integer_or_null(&sql, event->checkpoint, 0);
    spt_sql_integer_or_null(&sql, event->step, SPT_NO_STEP);
    spt_sql_text(&sql, event->branch ? event->branch : "");
    spt_sql_text(&sql, event->rule);
    spt_sql_text(&sql, event->key);
    spt_sql_text(&sql, event->text);
    spt_sql_text(&sql, spt_delivery_name(event->delivery));
    spt_sql_text(&sql, event->outcome);
    status = spt_sql_next(&sql, WRITE, error); /* SPT_END: the key is taken, no row came back */
    if (status == SPT_OK) {
        event->id = sqlite3_column_int64(sql.statement, 0);
        status = spt_sql_next(&sql, WRITE, error); /* to the end: only then the row is written */
        status = status == SPT_END ? SPT_OK : status;
    }
    spt_sql_end(&sql);
    return status;
}

enum spt_status spt_store_deliver(struct spt_store *store, int64_t event, enum spt_delivery delivery,
                                  const char *outcome, struct spt_error *error) {
    enum spt_status status = spt_store_require_write(store, error);
    if (status != SPT_OK) return status;
    struct spt_sql sql = spt_sql_start(store, SPT_SQL_EVENT_DELIVER);
    spt_sql_text(&sql, spt_delivery_name(delivery));
    spt_sql_text(&sql, outcome);
    spt_sql_integer(&sql, event);
    status = spt_sql_next(&sql, WRITE, error);
    if (status == SPT_END) {
        status = spt_fail(error, SPT_INVALID, store->path, "the store has no event %lld", (long long)event);
    } else if (status == SPT_OK) {
        status = spt_sql_next(&sql, WRITE, error);
        status = status == SPT_END ? SPT_OK : status;
    }
    spt_sql_end(&sql);
    return status;
}

static void release_event(struct spt_store_event *event) {
    free(event->time);
    free(event->kind);
    free(event->branch);
    free(event->rule);
    free(event->key);
    free(event->text);
    free(event->outcome);
}

void spt_store_free_events(struct spt_store_event *events, size_t count) {
    for (size_t i = 0; events && i < count; i++) release_event(&events[i]);
    free(events);
}

static enum spt_status read_event(const struct spt_sql *sql, struct spt_store_event *event, struct spt_error *error) {
    bool failed = false;
    *event = (struct spt_store_event){
        .id = spt_sql_column_integer(sql, 0, 0),
        .time = spt_sql_column_text(sql, 1, &failed),
        .kind = spt_sql_column_text(sql, 2, &failed),
        .run = spt_sql_column_integer(sql, 3, 0),
        .checkpoint = spt_sql_column_integer(sql, 4, 0),
        .step = spt_sql_column_integer(sql, 5, SPT_NO_STEP),
        .branch = spt_sql_column_text(sql, 6, &failed),
        .rule = spt_sql_column_text(sql, 7, &failed),
        .key = spt_sql_column_text(sql, 8, &failed),
        .text = spt_sql_column_text(sql, 9, &failed),
        .outcome = spt_sql_column_text(sql, 11, &failed),
    };
    if (failed) return spt_fail_memory(error, sizeof *event, "an event");
    if (!event->time || !event->kind || !event->branch || !event->text)
        return spt_store_damaged(sql->store, "event", event->id, "time, kind, branch and text", error);
    if (!find_delivery((const char *)sqlite3_column_text(sql->statement, 10), &event->delivery))
        return spt_store_damaged(sql->store, "event", event->id, "delivery", error);
    return SPT_OK;
}

enum spt_status spt_store_events(struct spt_store *store, int64_t run, const char *kind,
                                 struct spt_store_event **events, size_t *count, struct spt_error *error) {
    struct spt_store_event *list = NULL;
    size_t length = 0, capacity = 0;
    struct spt_sql sql = spt_sql_start(store, SPT_SQL_EVENT_LIST);
    spt_sql_integer_or_null(&sql, run, 0);
    spt_sql_text(&sql, kind);
    enum spt_status status;
    while ((status = spt_sql_next(&sql, READ, error)) == SPT_OK) {
        if (!spt_grow((void **)&list, &capacity, length + 1, sizeof *list)) {
            status = spt_fail_memory(error, sizeof *list, "the list of events");
            break;
        }
        status = read_event(&sql, &list[length++], error);
        if (status != SPT_OK) break;
    }
    spt_sql_end(&sql);
    if (status != SPT_END) {
        spt_store_free_events(list, length);
        return status;
    }
    *events = list;
    *count = length;
    return SPT_OK;
}
