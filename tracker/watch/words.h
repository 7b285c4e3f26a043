/* What all who tell of a watch have in common: how far it is behind, and the words for it. Everything here is printable
 * whatever the names of files are. */
#ifndef SPT_WATCH_WORDS_H
#define SPT_WATCH_WORDS_H

#include "checkpoints/base/text.h"
#include "tracker/watch/watch.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* What of a run is not analysed yet. */
struct spt_watch_lag {
    int64_t steps; /* newest on disk - newest analysed, >= 0; SPT_NO_STEP: nothing is analysed, or nothing has a step */
    size_t checkpoints; /* changing, quiet or waiting: those that will be analysed if all goes well */
    size_t ahead;       /* those of them that are newer than the newest analysed one */
    double since;       /* when the first of those ahead was seen, monotonic seconds; NAN: there is none */
};

struct spt_watch_lag spt_watch_lag_of(const struct spt_watched_run *run);

/* Whether the watch is about to rest, as its state tells: nothing is at work, and nothing is to be analysed at once. */
bool spt_watch_rests(const struct spt_watched_run *runs, size_t count, int current);

/* "waiting": the state of a watched checkpoint in a word. */
const char *spt_watched_state_name(enum spt_watched_state state);

/* "0:07", "4:05", "1:02:03", "3 d 04:05": rounded to seconds; "?" where it is not finite. */
void spt_words_duration(struct spt_text *out, double seconds);

/* UTC, ISO 8601: "2026-11-22T17:37:48Z", as the store has it. */
void spt_words_time(struct spt_text *out, time_t when);

/* The run's name, or its path while nothing is there. */
void spt_words_run(struct spt_text *out, const struct spt_watched_run *run);

/* The label, after its branch where the label does not say that itself. branch may be NULL. */
void spt_words_checkpoint(struct spt_text *out, const char *branch, const char *label);

/* Any text, in one line. */
void spt_words_put(struct spt_text *out, const char *text);

#endif
