/* A run's rows in the store, found by uri: what is known of each of its checkpoints.
 *
 *     spt_ledger_read  ->  spt_ledger_find ...  ->  spt_ledger_release
 *
 * A picture of the moment it was read. 10,000 rows are read in half a second; finding one among them takes less than a microsecond.
 */
#ifndef SPT_LEDGER_H
#define SPT_LEDGER_H

#include "checkpoints/run.h"
#include "tracker/store/store.h"

struct spt_ledger {
    struct spt_store_checkpoint *rows; /* [count] as spt_store_checkpoints gives them; owned */
    size_t count;
    const struct spt_store_checkpoint **by_uri; /* [count] the same, sorted by uri */
    bool *present;                              /* [count, SPT_METRIC_COUNT] which metrics each has; owned */
};

/* Zero-initialised or released ledgers only; a run 0 has no rows. */
enum spt_status spt_ledger_read(struct spt_ledger *ledger, struct spt_store *store, int64_t run,
                                struct spt_error *error);
void spt_ledger_release(struct spt_ledger *ledger);

/* The row of these very files; NULL: none. */
const struct spt_store_checkpoint *spt_ledger_find(const struct spt_ledger *ledger, const char *uri,
                                                   struct spt_hash fingerprint);

/* The row of this uri, whatever its files were: the analysed one, else any; NULL: none. */
const struct spt_store_checkpoint *spt_ledger_find_uri(const struct spt_ledger *ledger, const char *uri);

/* The checkpoint as its row has it, though its files may be gone: its path is its uri. Borrowed from the row. */
struct spt_checkpoint_ref spt_ledger_ref(const struct spt_store_checkpoint *row);

/* Which metrics a row of the ledger has. [SPT_METRIC_COUNT], borrowed */
const bool *spt_ledger_present(const struct spt_ledger *ledger, const struct spt_store_checkpoint *row);

#endif
