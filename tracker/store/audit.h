/* Looks a store through: its pages, and what always holds between its rows. */
#ifndef SPT_STORE_AUDIT_H
#define SPT_STORE_AUDIT_H

#include "checkpoints/base/text.h"
#include "tracker/store/store.h"

enum spt_audit_mend {
    SPT_MEND_RESTORE, /* only an earlier copy of the store helps */
    SPT_MEND_FORCE,   /* the checkpoint is to be analysed again */
    SPT_MEND_SAID,    /* as mend says */
};

/* Something that is wrong. Borrowed for the call. */
struct spt_audit_row {
    const char *kind;        /* "store", "ledger", "figures", "event" */
    int64_t run;             /* 0: of none */
    const char *label, *uri; /* of the checkpoint; NULL: of none */
    int64_t step;            /* SPT_NO_STEP: none */
    const char *text;        /* a sentence without its end: "its state is \"fine\", which no version knows" */
    enum spt_audit_mend how;
    const char *mend; /* SPT_MEND_SAID */
};
typedef enum spt_status spt_audit_fn(void *context, const struct spt_audit_row *row, struct spt_error *error);

/* Gives everything that is wrong, at most 20 of a kind; what cannot be read is one of them. busy: a writer is at work,
 * so that what he has not finished is not wrong. One snapshot. Reads the whole file, twice. SPT_NOMEM, and what found
 * returns. */
enum spt_status spt_store_audit(struct spt_store *store, bool busy, spt_audit_fn *found, void *context,
                                struct spt_error *error);

/* Appends the statements that make a SQLite database with the tables of a store one: its dump does not have them. */
void spt_store_put_marks(struct spt_text *text);

#endif
