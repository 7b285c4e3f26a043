/* How far a sweep is: one line that redraws on a terminal, one line a checkpoint otherwise. Writes to a stream the caller owns.
 *
 *     spt_progress_init  ->  begin / layer / end for each checkpoint  ->  spt_progress_finish
 */
#ifndef SPT_PROGRESS_H
#define SPT_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct spt_progress {
    FILE *stream; /* NULL: silent */
    bool terminal;
    size_t total, done, analysed;
    double started, analysing; /* seconds on the monotonic clock; spent in analysed checkpoints */
    double began, drawn;
    char label[64];
};

/* total: checkpoints that are to be analysed. quiet: nothing is written. */
void spt_progress_init(struct spt_progress *progress, FILE *stream, size_t total, bool quiet);
/* label: shown with what a terminal cannot show escaped. */
void spt_progress_begin(struct spt_progress *progress, const char *label);
void spt_progress_layer(struct spt_progress *progress, size_t layer, size_t layers);

/* outcome: one short line without the label: "loss 6.93, sink 0.01" or the reason why there is none. */
void spt_progress_end(struct spt_progress *progress, bool analysed, const char *outcome);
void spt_progress_finish(struct spt_progress *progress);

/* A line of its own, whatever is being drawn. */
void spt_progress_say(struct spt_progress *progress, const char *line);

double spt_progress_now(void); /* seconds on the monotonic clock */

#endif
