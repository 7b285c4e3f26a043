/* What SQLite itself finds wrong with a store. */
#ifndef SPT_STORE_INTEGRITY_H
#define SPT_STORE_INTEGRITY_H

#include "tracker/store/store.h"

/* The pages, and with quick unset the indices too: SPT_OK, or SPT_INVALID with the first thing that is wrong. */
enum spt_status spt_store_integrity(struct spt_store *store, bool quick, struct spt_error *error);

#endif
