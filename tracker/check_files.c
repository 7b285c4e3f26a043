/* A run's folder beside its rows: what changed, what is not analysed, and whether the weights are still those that
 * were. */
#include "tracker/check_internal.h"

#include "analysis/forward/forward.h"
#include "checkpoints/base/memory.h"
#include "checkpoints/checkpoint.h"

#include <stdlib.h>

/* *same: the weights of ref are those with the digest that is expected. */
static enum spt_status read_weights(const struct spt_check *check, const struct spt_checkpoint_ref *ref,
                                    struct spt_hash expected, bool *same, struct spt_error *error) {
    const struct spt_checkpoint_options options = {.tree = ref->tree,
                                                   .header_limit = (uint64_t)check->config->header_limit};
    struct spt_checkpoint *checkpoint = NULL;
    struct spt_model_config model;
    struct spt_hash digest = {0}, headless = {0};
    *same = false;
    enum spt_status status = spt_checkpoint_open(ref->path, &options, &checkpoint, error);
    if (status == SPT_OK) status = spt_run_read_model_of(ref, checkpoint, &model, error);
    if (status == SPT_OK)
        status = spt_forward_digest(checkpoint, &model, check->stop, check->context, &digest, &headless, error);
    if (status == SPT_OK) status = spt_checkpoint_confirm(checkpoint, error);
    spt_checkpoint_close(checkpoint);
    *same = status == SPT_OK && (spt_hash_equal(digest, expected) || spt_hash_equal(headless, expected));
    return status;
}

static enum spt_status add_unreadable(struct spt_check *check, const struct spt_store_run *run,
                                      const struct spt_checkpoint_ref *ref, const struct spt_error *failure,
                                      struct spt_error *error) {
    struct spt_text text = {0}, mend = {0};
    spt_text_format(&text, "%s: its weights cannot be compared: %s%s%s", ref->label, failure->path,
                    failure->path[0] ? ": " : "", failure->message);
    spt_text_put(&mend, "bring its files anew from where they came; its figures in the store are not affected");
    return spt_check_add(check, "digest", run, &text, &mend, error);
}

/* Its files have the sizes and times they were analysed with. */
static enum spt_status add_damaged(struct spt_check *check, const struct spt_store_run *run,
                                   const struct spt_checkpoint_ref *ref, struct spt_error *error) {
    struct spt_text text = {0}, mend = {0};
    spt_text_format(&text,
                    "%s: its weights are not those that were analysed, though its files have the same sizes and times: "
                    "a disk or a copy may have damaged them",
                    ref->label);
    spt_text_put(&mend, "compare its files with another copy of them; if they are right, ");
    spt_check_put_sweep(check, run, "--force ", ref->step, ref->step, &mend);
    return spt_check_add(check, "digest", run, &text, &mend, error);
}

static enum spt_status add_changed(struct spt_check *check, const struct spt_store_run *run,
                                   const struct spt_checkpoint_ref *ref, const char *how, bool note,
                                   struct spt_error *error) {
    struct spt_text text = {0}, mend = {0};
    spt_text_format(&text, "%s: %s", ref->label, how);
    if (note) return spt_check_add(check, "files", run, &text, NULL, error);
    spt_check_put_sweep(check, run, "", ref->step, ref->step, &mend);
    return spt_check_add(check, "files", run, &text, &mend, error);
}

/* One that is analysed. */
static enum spt_status compare(struct spt_check *check, const struct spt_store_run *run,
                               const struct spt_store_checkpoint *row, const struct spt_checkpoint_ref *ref,
                               struct spt_error *error) {
    const bool touched = !spt_hash_equal(row->fingerprint, ref->fingerprint);
    struct spt_error failure = {0};
    bool same;
    check->files_compared++;
    if (check->quick) {
        if (!touched) return SPT_OK;
        return add_changed(check, run, ref, "its files have other sizes or times than when they were analysed", false,
                           error);
    }
    spt_progress_begin(check->progress, ref->label);
    const enum spt_status status = read_weights(check, ref, row->digest, &same, &failure);
    if (status == SPT_END) return SPT_END;
    if (status == SPT_NOMEM) {
        if (error) *error = failure;
        return status;
    }
    spt_progress_end(check->progress, true, same ? "as it was analysed" : "not as it was analysed");
    if (status != SPT_OK) return add_unreadable(check, run, ref, &failure, error);
    check->digests_compared++;
    if (same && touched)
        return add_changed(check, run, ref,
                           "its files were touched since they were analysed, with the same weights: the next sweep "
                           "reads them again",
                           true, error);
    if (touched) return add_changed(check, run, ref, "its files were rewritten since they were analysed", false, error);
    return same ? SPT_OK : add_damaged(check, run, ref, error);
}

static enum spt_status add_new(struct spt_check *check, const struct spt_store_run *run, struct spt_check_list *list,
                               struct spt_error *error) {
    struct spt_text text = {0}, mend = {0};
    const size_t count = list->count;
    const int64_t first = list->first, last = list->last;
    if (!count) return SPT_OK;
    spt_check_list_end(list, &text);
    spt_text_format(&text, " lie%s in the run's folder and %s not in the store", count > 1 ? "" : "s",
                    count > 1 ? "are" : "is");
    if (check->busy)
        return spt_check_add(check, "gap", run, &text, NULL, error); /* the writer may be on his way to it */
    spt_check_put_sweep(check, run, "", first, last, &mend);
    return spt_check_add(check, "gap", run, &text, &mend, error);
}

/* Analysed, and not in the folder any more: what a save_total_limit does. seen [ledger->count] */
static enum spt_status add_gone(struct spt_check *check, const struct spt_store_run *run,
                                const struct spt_ledger *ledger, const bool *seen, struct spt_error *error) {
    struct spt_check_list list = {0};
    struct spt_text text = {0};
    for (size_t i = 0; i < ledger->count; i++)
        if (!seen[i] && ledger->rows[i].state == SPT_STATE_ANALYSED)
            spt_check_list_put(&list, ledger->rows[i].label, ledger->rows[i].step);
    if (!list.count) return SPT_OK;
    const bool many = list.count > 1;
    spt_check_list_end(&list, &text);
    spt_text_format(&text, " %s not in the run's folder any more: %s files were not compared", many ? "are" : "is",
                    many ? "their" : "its");
    return spt_check_add(check, "files", run, &text, NULL, error);
}

/* seen [ledger->count] out: whose uri is in the folder */
static enum spt_status compare_all(struct spt_check *check, const struct spt_store_run *run,
                                   const struct spt_ledger *ledger, const struct spt_run *disk, bool *seen,
                                   struct spt_check_list *new, struct spt_error *error) {
    enum spt_status status = SPT_OK;
    for (size_t i = 0; i < disk->count && status == SPT_OK; i++) {
        const struct spt_checkpoint_ref *ref = &disk->refs[i];
        const struct spt_store_checkpoint *row = spt_ledger_find_uri(ledger, ref->uri);
        const struct spt_store_checkpoint *exact = spt_ledger_find(ledger, ref->uri, ref->fingerprint);
        if (check->stop && check->stop(check->context)) return SPT_END;
        if (row) seen[row - ledger->rows] = true;
        if (!row)
            spt_check_list_put(new, ref->label, ref->step);
        else if (row->state == SPT_STATE_ANALYSED && (!exact || exact == row))
            status = compare(check, run, row, ref, error); /* else its state is told, with the reason */
    }
    return status;
}

enum spt_status spt_check_files(struct spt_check *check, const struct spt_store_run *run,
                                const struct spt_ledger *ledger, const struct spt_run *disk, struct spt_error *error) {
    struct spt_check_list new = {0};
    bool *seen = spt_alloc_zeroed(ledger->count, sizeof *seen);
    if (!seen) return spt_fail_memory(error, ledger->count, "a check");
    enum spt_status status = compare_all(check, run, ledger, disk, seen, &new, error);
    if (status == SPT_OK) status = add_new(check, run, &new, error);
    if (status == SPT_OK) status = add_gone(check, run, ledger, seen, error);
    spt_text_release(&new.text);
    free(seen);
    return status;
}
