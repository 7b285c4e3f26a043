/* What the files of the check share. */
#ifndef SPT_CHECK_INTERNAL_H
#define SPT_CHECK_INTERNAL_H

#include "checkpoints/base/text.h"
#include "checkpoints/run.h"
#include "tracker/check.h"
#include "tracker/ledger.h"

/* Adds a finding; releases text and mend. mend NULL: a note. SPT_NOMEM. */
enum spt_status spt_check_add(struct spt_check *check, const char *kind, const struct spt_store_run *run,
                              struct spt_text *text, struct spt_text *mend, struct spt_error *error);

/* The command that sweeps the run, or its steps first .. last; options: further ones, "" or with a space behind. Without --metrics among
 * them, those that the run has. */
void spt_check_put_sweep(struct spt_check *check, const struct spt_store_run *run, const char *options, int64_t first,
                         int64_t last, struct spt_text *text);

/* Labels of checkpoints, the first few by name. */
struct spt_check_list {
    struct spt_text text;
    size_t count;
    int64_t first, last; /* least and greatest step of them */
};
void spt_check_list_put(struct spt_check_list *list, const char *label, int64_t step);
/* Ends it: "step8, step16 and 12 more". Empty afterwards as it was before. */
void spt_check_list_end(struct spt_check_list *list, struct spt_text *text);

/* The run's folder beside its rows. */
enum spt_status spt_check_files(struct spt_check *check, const struct spt_store_run *run,
                                const struct spt_ledger *ledger, const struct spt_run *disk, struct spt_error *error);

#endif
