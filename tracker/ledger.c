#include "tracker/ledger.h"

#include "checkpoints/base/memory.h"

#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b) {
    const struct spt_store_checkpoint *const *x = a, *const *y = b;
    return strcmp((*x)->uri, (*y)->uri);
}

static enum spt_status index_rows(struct spt_ledger *ledger, struct spt_store *store, struct spt_error *error) {
    size_t cells;
    ledger->by_uri = spt_alloc(ledger->count, sizeof *ledger->by_uri);
    ledger->present =
        spt_multiply(ledger->count, SPT_METRIC_COUNT, &cells) ? spt_alloc(cells, sizeof *ledger->present) : NULL;
    if (!ledger->by_uri || !ledger->present)
        return spt_fail_memory(error, ledger->count * SPT_METRIC_COUNT, "the checkpoints of a run");
    for (size_t i = 0; i < ledger->count; i++) ledger->by_uri[i] = &ledger->rows[i];
    qsort(ledger->by_uri, ledger->count, sizeof *ledger->by_uri, compare);
    return spt_store_metrics_present_all(store, ledger->rows, ledger->count, ledger->present, error);
}

enum spt_status spt_ledger_read(struct spt_ledger *ledger, struct spt_store *store, int64_t run,
                                struct spt_error *error) {
    if (!run) return SPT_OK;
    enum spt_status status = spt_store_checkpoints(store, run, &ledger->rows, &ledger->count, error);
    if (status != SPT_OK) return status;
    status = index_rows(ledger, store, error);
    if (status != SPT_OK) spt_ledger_release(ledger);
    return status;
}

void spt_ledger_release(struct spt_ledger *ledger) {
    spt_store_free_checkpoints(ledger->rows, ledger->count);
    free(ledger->by_uri);
    free(ledger->present);
    *ledger = (struct spt_ledger){0};
}

/* Where the rows of uri begin: it may have several, one for each state its files were seen in. */
static size_t first_of(const struct spt_ledger *ledger, const char *uri) {
    size_t low = 0, high = ledger->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (strcmp(ledger->by_uri[middle]->uri, uri) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_of(const struct spt_ledger *ledger, size_t i, const char *uri) {
    return i < ledger->count && strcmp(ledger->by_uri[i]->uri, uri) == 0;
}

const struct spt_store_checkpoint *spt_ledger_find(const struct spt_ledger *ledger, const char *uri,
                                                   struct spt_hash fingerprint) {
    for (size_t i = first_of(ledger, uri); is_of(ledger, i, uri); i++)
        if (spt_hash_equal(ledger->by_uri[i]->fingerprint, fingerprint)) return ledger->by_uri[i];
    return NULL;
}

const struct spt_store_checkpoint *spt_ledger_find_uri(const struct spt_ledger *ledger, const char *uri) {
    const struct spt_store_checkpoint *found = NULL;
    for (size_t i = first_of(ledger, uri); is_of(ledger, i, uri); i++)
        if (!found || ledger->by_uri[i]->state == SPT_STATE_ANALYSED) found = ledger->by_uri[i];
    return found;
}

struct spt_checkpoint_ref spt_ledger_ref(const struct spt_store_checkpoint *row) {
    return (struct spt_checkpoint_ref){.uri = row->uri,
                                       .path = row->uri,
                                       .label = row->label,
                                       .branch = row->branch,
                                       .step = row->step,
                                       .tokens = row->tokens,
                                       .fingerprint = row->fingerprint};
}

const bool *spt_ledger_present(const struct spt_ledger *ledger, const struct spt_store_checkpoint *row) {
    return ledger->present + (size_t)(row - ledger->rows) * SPT_METRIC_COUNT;
}
