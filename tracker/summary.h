/* What a sweep says at its end: the figures a person looks at first, and when they turned. */
#ifndef SPT_SUMMARY_H
#define SPT_SUMMARY_H

#include "checkpoints/base/text.h"
#include "tracker/plot_source.h"

/* A table over steps (about rows lines, evenly over the checkpoints; 0: all) and the onsets, as text. Nothing is measured anew. */
enum spt_status spt_summary_text(struct spt_run_source *source, size_t rows, struct spt_text *text,
                                 struct spt_error *error);

/* The same as one JSON object: {"run", "checkpoints": [{"step", "label", <metric>: mean ...}], "onsets": [{"metric", "layer", "head",
 * "step", "start", "end"}]}. */
enum spt_status spt_summary_json(struct spt_run_source *source, struct spt_text *text, struct spt_error *error);

/* The same where no analysed checkpoint has a step: a row for each, by its label, and no onsets. run: its id and name. */
enum spt_status spt_summary_labels_text(struct spt_store *store, int64_t run, const char *name, struct spt_text *text,
                                        struct spt_error *error);
enum spt_status spt_summary_labels_json(struct spt_store *store, int64_t run, const char *name, struct spt_text *text,
                                        struct spt_error *error);

#endif
