/*
 *                    a level holds                 in_a_row reached
 *      OUTSIDE ------------------------> INSIDE ------------------------> DUE --(over, or nothing after it yet): rings--> TOLD
 *         ^                                |                               |                                          |
 *         |                                '------- known event -----------+------------------------------------> TOLD
 *         '---------------------------- no level holds ----------------------------------------------------------'
 */
#include "tracker/alerts/streak.h"

#include "checkpoints/base/memory.h"

#include <stdlib.h>

enum spt_status spt_streak_init(struct spt_streak *streak, size_t levels, int64_t in_a_row, struct spt_error *error) {
    *streak = (struct spt_streak){.levels = levels, .in_a_row = in_a_row};
    streak->length = spt_alloc_zeroed(levels, sizeof *streak->length);
    return streak->length ? SPT_OK : spt_fail_memory(error, levels * sizeof *streak->length, "a rule's state");
}

void spt_streak_release(struct spt_streak *streak) {
    free(streak->length);
    *streak = (struct spt_streak){0};
}

bool spt_streak_end(struct spt_streak *streak, struct spt_ring *ring) {
    if (!streak->due || streak->told) return false;
    streak->told = true;
    *ring = streak->ring;
    return true;
}

bool spt_streak_next(struct spt_streak *streak, size_t position, const bool *holds, bool known, struct spt_ring *ring) {
    bool any = false;
    for (size_t i = 0; i < streak->levels; i++) {
        streak->length[i] = holds[i] ? streak->length[i] + 1 : 0;
        any |= holds[i];
    }
    bool rings = false;
    if (!any) {
        rings = spt_streak_end(streak, ring);
        streak->told = streak->due = false;
        return rings;
    }
    streak->told |= known;
    for (size_t i = 0; i < streak->levels && !streak->due; i++) {
        if (streak->length[i] < streak->in_a_row) continue;
        streak->due = true;
        streak->ring = (struct spt_ring){position, i};
    }
    return rings;
}
