/* The user's own series: what a trainer logged (training loss, evaluations), read to be drawn beside the metrics.
 *
 * Files are read in pieces; a line may take 1 MiB and a file 64 MiB (beyond: SPT_UNSUPPORTED, both figures said). A
 * number that is not finite is NAN. Points come in the order of the file, a step perhaps twice: the store keeps the
 * last.
 */
#ifndef SPT_TRACKER_SERIES_H
#define SPT_TRACKER_SERIES_H

#include "checkpoints/base/tree.h"
#include "tracker/store/store.h"

#include <stddef.h>

/* Reads (step, value) from a file of JSON lines, or of comma or tab separated values with a header row (RFC 4180:
 * fields may be quoted and then hold separators and newlines). .csv, .tsv and .jsonl say which it is, else the contents
 * do. Keys of JSON lines reach into objects with dots: "train.loss" is the member of that name, else loss of train.
 * Lines that lack the step or the value (also empty fields) are passed over: trainers log different keys on different
 * lines. A last line without newline that is no JSON yet is being written, and is passed over too. SPT_INVALID: a
 * malformed line, by its number; a step that is no integer from 0; a value that is no number; no such column; no line
 * that has both (says which keys there are). SPT_IO, SPT_RETRY (became shorter). Caller frees *points. */
enum spt_status spt_series_read(const char *path, const char *step_key, const char *value_key,
                                struct spt_store_point **points, size_t *count, struct spt_error *error);

struct spt_series {
    char *name; /* "loss", "eval_loss", "learning_rate", "grad_norm" ... */
    struct spt_store_point *points;
    size_t count;
};

/* log_history of a trainer_state.json of HF Trainer: a series for every key with numbers but step and epoch, in the
 * order in which they first appear; none when nothing was logged. path lies in tree; NULL: on the disk. SPT_INVALID: no JSON, or no log_history. */
enum spt_status spt_series_read_trainer_state(struct spt_tree *tree, const char *path, struct spt_series **series,
                                              size_t *count, struct spt_error *error);
void spt_series_free(struct spt_series *series, size_t count);

#endif
