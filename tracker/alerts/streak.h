/* When a rule rings: pure, of one rule over one branch, checkpoint by checkpoint in step order.
 *
 *     spt_streak_init  ->  spt_streak_next for each checkpoint, spt_streak_end after the last one so far  ->  ...  ->  spt_streak_release
 *
 * A stretch is a row of consecutive checkpoints for each of which at least one level holds. It rings once, at the first checkpoint at which
 * some level has held in_a_row times without a break, unless an event that is known lies anywhere within it. Since a known event may
 * lie after that checkpoint (its predecessors came late), a stretch rings when it is over, or when no checkpoint is left to look at.
 */
#ifndef SPT_STREAK_H
#define SPT_STREAK_H

#include "checkpoints/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where a stretch rings. */
struct spt_ring {
    size_t position; /* as given to spt_streak_next */
    size_t level;
};

struct spt_streak {
    size_t levels;
    int64_t in_a_row;
    int64_t *length; /* [levels] checkpoints without a break, up to the last */
    bool told;       /* an event stands for it */
    bool due;        /* it rings at ring, unless an event turns up */
    struct spt_ring ring;
};

enum spt_status spt_streak_init(struct spt_streak *streak, size_t levels, int64_t in_a_row, struct spt_error *error);
void spt_streak_release(struct spt_streak *streak); /* zero-initialised ones too */

/* The next checkpoint. holds [levels]; known: an event of the rule is at this checkpoint. true: the stretch before it rings at *ring. */
bool spt_streak_next(struct spt_streak *streak, size_t position, const bool *holds, bool known, struct spt_ring *ring);
/* No checkpoint is left to look at. true: the stretch that is under way rings at *ring; it does not ring again when it goes on. */
bool spt_streak_end(struct spt_streak *streak, struct spt_ring *ring);

#endif
