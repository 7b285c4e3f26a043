#include "tracker/standing.h"

#include "checkpoints/base/file.h"
#include "checkpoints/base/memory.h"
#include "checkpoints/base/text.h"
#include "checkpoints/base/tree.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { RECENT_MAX = 20 }; /* checkpoints that the throughput is taken from */

static int compare_refs(const void *a, const void *b) {
    const struct spt_checkpoint_ref *const *x = a, *const *y = b;
    return strcmp((*x)->uri, (*y)->uri);
}

/* The disk's list, to be searched by uri. */
struct listing {
    const struct spt_checkpoint_ref **refs; /* [count] sorted */
    bool *told;                             /* [count] a row of the store stands for it */
    size_t count;
};

static enum spt_status list(struct listing *listing, const struct spt_run *disk, struct spt_error *error) {
    const size_t count = disk ? disk->count : 0;
    *listing = (struct listing){
        .refs = spt_alloc(count, sizeof *listing->refs),
        .told = spt_alloc_zeroed(count, sizeof *listing->told),
        .count = count,
    };
    if (!listing->refs || !listing->told)
        return spt_fail_memory(error, count * sizeof *listing->refs, "the checkpoints of a run");
    for (size_t i = 0; i < count; i++) listing->refs[i] = &disk->refs[i];
    if (count) qsort(listing->refs, count, sizeof *listing->refs, compare_refs);
    return SPT_OK;
}

static void unlist(struct listing *listing) {
    free(listing->refs);
    free(listing->told);
}

static int compare_uri(const void *uri, const void *ref) {
    const struct spt_checkpoint_ref *const *of = ref;
    return strcmp(uri, (*of)->uri);
}

/* count: there is none. */
static size_t find(const struct listing *listing, const char *uri) {
    const struct spt_checkpoint_ref **found =
        listing->count ? bsearch(uri, listing->refs, listing->count, sizeof *listing->refs, compare_uri) : NULL;
    return found ? (size_t)(found - listing->refs) : listing->count;
}

/* What another pattern of steps would not list is not gone. */
static bool is_there(const struct spt_run *disk, const char *uri) {
    char *path = spt_file_join(disk->root, uri);
    const bool there = !path || spt_tree_is_there(disk->tree, path);
    free(path);
    return there;
}

static enum spt_place place_of(const struct spt_run *disk, const struct listing *listing, size_t found,
                               const struct spt_store_checkpoint *row) {
    if (!disk) return SPT_PLACE_UNKNOWN;
    if (found == listing->count) return is_there(disk, row->uri) ? SPT_PLACE_UNKNOWN : SPT_PLACE_GONE;
    return spt_hash_equal(listing->refs[found]->fingerprint, row->fingerprint) ? SPT_PLACE_HERE : SPT_PLACE_CHANGED;
}

/* --- one checkpoint --- */

static enum spt_status say_what_it_was(struct spt_standing_item *item, const char *what, struct spt_error *error) {
    struct spt_text text = {0};
    spt_text_format(&text, "%s %s", what, spt_state_name(item->row->state));
    if (item->row->reason) spt_text_format(&text, ": %s", item->row->reason);
    if (text.failed) {
        spt_text_release(&text);
        return spt_fail_memory(error, strlen(what), "a reason");
    }
    item->reason = item->own = text.data;
    return SPT_OK;
}

static enum spt_status add_row(struct spt_standing *standing, struct listing *listing,
                               const struct spt_store_checkpoint *row, struct spt_error *error) {
    struct spt_standing_item *item = &standing->items[standing->count++];
    const size_t found = find(listing, row->uri);
    *item = (struct spt_standing_item){
        .branch = row->branch,
        .label = row->label,
        .step = row->step,
        .state = row->state,
        .reason = row->reason,
        .row = row,
        .place = place_of(standing->disk, listing, found, row),
    };
    if (item->place == SPT_PLACE_HERE) listing->told[found] = true;
    if (row->state == SPT_STATE_ANALYSED) {
        if (item->place == SPT_PLACE_GONE) standing->gone++;
        if (item->place == SPT_PLACE_CHANGED) item->reason = "of its files as they were before they changed";
        return SPT_OK;
    }
    if (item->place == SPT_PLACE_CHANGED) {
        listing->told[found] = true;
        if (row->state == SPT_STATE_WAITING) return SPT_OK; /* its writer goes on: a watch looks again */
        item->state = SPT_STATE_WAITING;
        return say_what_it_was(item, "its files changed since it was", error);
    }
    if (item->place != SPT_PLACE_GONE || row->state == SPT_STATE_VANISHED) return SPT_OK;
    item->state = SPT_STATE_VANISHED;
    return say_what_it_was(item, "its files are gone; it was", error);
}

static void add_ref(struct spt_standing *standing, const struct spt_checkpoint_ref *ref) {
    const struct spt_store_checkpoint *row = spt_ledger_find_uri(&standing->ledger, ref->uri);
    standing->items[standing->count++] = (struct spt_standing_item){
        .branch = ref->branch,
        .label = ref->label,
        .step = ref->step,
        .state = SPT_STATE_WAITING,
        .reason = row ? "its files changed since it was analysed" : NULL,
        .place = SPT_PLACE_HERE,
    };
}

static enum spt_status add_all(struct spt_standing *standing, struct listing *listing, struct spt_error *error) {
    const size_t most = standing->ledger.count + listing->count;
    standing->items = spt_alloc(most, sizeof *standing->items);
    if (!standing->items) return spt_fail_memory(error, most * sizeof *standing->items, "the checkpoints of a run");
    enum spt_status status = SPT_OK;
    for (size_t i = 0; i < standing->ledger.count && status == SPT_OK; i++)
        status = add_row(standing, listing, &standing->ledger.rows[i], error);
    for (size_t i = 0; i < listing->count && status == SPT_OK; i++) { /* in the disk's order, not by uri */
        const struct spt_checkpoint_ref *ref = &standing->disk->refs[i];
        if (!listing->told[find(listing, ref->uri)]) add_ref(standing, ref);
    }
    return status;
}

/* --- figures --- */

static int compare_times(const void *a, const void *b) {
    const time_t x = *(const time_t *)a, y = *(const time_t *)b;
    return x > y ? -1 : x < y;
}

static bool parse_time(const char *text, time_t *time) {
    struct tm parts = {0};
    const char *end = text ? strptime(text, "%Y-%m-%dT%H:%M:%SZ", &parts) : NULL;
    if (!end || *end) return false;
    *time = timegm(&parts);
    return true;
}

/* Intervals between the last checkpoints that were finished: what a run really gets through, waiting included. */
static enum spt_status measure_throughput(struct spt_standing *standing, struct spt_error *error) {
    time_t *finished = spt_alloc(standing->count, sizeof *finished);
    size_t count = 0, analysed = 0;
    double seconds = 0;
    if (!finished) return spt_fail_memory(error, standing->count * sizeof *finished, "times");
    for (size_t i = 0; i < standing->count; i++) {
        const struct spt_standing_item *item = &standing->items[i];
        if (item->state != SPT_STATE_ANALYSED) continue;
        seconds += item->row->seconds;
        analysed++;
        if (parse_time(item->row->finished, &finished[count])) count++;
    }
    if (count) qsort(finished, count, sizeof *finished, compare_times);
    if (count > RECENT_MAX) count = RECENT_MAX;
    standing->seconds = analysed ? seconds / (double)analysed : NAN;
    standing->hourly = NAN;
    if (count > 1 && finished[0] > finished[count - 1])
        standing->hourly = 3600 * (double)(count - 1) / difftime(finished[0], finished[count - 1]);
    standing->left = standing->seconds * (double)standing->states[SPT_STATE_WAITING];
    free(finished);
    return SPT_OK;
}

static void count_states(struct spt_standing *standing) {
    standing->newest = standing->analysed = standing->lag = SPT_NO_STEP; /* which is the least of all */
    for (size_t i = 0; i < standing->count; i++) {
        const struct spt_standing_item *item = &standing->items[i];
        standing->states[item->state]++;
        if (item->state == SPT_STATE_ANALYSED && item->step > standing->analysed) standing->analysed = item->step;
    }
    for (size_t i = 0; standing->disk && i < standing->disk->count; i++)
        if (standing->disk->refs[i].step > standing->newest) standing->newest = standing->disk->refs[i].step;
    if (standing->newest != SPT_NO_STEP && standing->analysed != SPT_NO_STEP)
        standing->lag = standing->newest > standing->analysed ? standing->newest - standing->analysed : 0;
}

enum spt_status spt_standing_read(struct spt_standing *standing, struct spt_store *store,
                                  const struct spt_store_run *run, const struct spt_run_options *options,
                                  struct spt_error *error) {
    struct listing listing = {0};
    enum spt_status status = spt_ledger_read(&standing->ledger, store, run->id, error);
    if (status == SPT_OK)
        status = spt_store_events(store, run->id, NULL, &standing->events, &standing->event_count, error);
    if (status == SPT_OK && options && spt_run_open(run->source, options, &standing->disk, NULL) != SPT_OK)
        standing->disk = NULL;
    if (status == SPT_OK) status = list(&listing, standing->disk, error);
    if (status == SPT_OK) status = add_all(standing, &listing, error);
    unlist(&listing);
    if (status == SPT_OK) {
        count_states(standing);
        status = measure_throughput(standing, error);
    }
    if (status != SPT_OK) spt_standing_release(standing);
    return status;
}

void spt_standing_release(struct spt_standing *standing) {
    for (size_t i = 0; i < standing->count; i++) free(standing->items[i].own);
    free(standing->items);
    spt_store_free_events(standing->events, standing->event_count);
    spt_run_close(standing->disk);
    spt_ledger_release(&standing->ledger);
    *standing = (struct spt_standing){0};
}
