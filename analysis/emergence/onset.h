/* When does a quantity turn? The simple onset that every sweep prints.
 *
 * start = value at the first step; end = median of the last max(3, 10 %) checkpoints; the onset is the first step from
 * which all values lie beyond their midpoint. None for fewer than 6 checkpoints or |end - start| < 3 sqrt(se_start^2 +
 * se_end^2).
 */
#ifndef SPT_ONSET_H
#define SPT_ONSET_H

#include "checkpoints/base/api.h"
#include "checkpoints/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

SPT_API_BEGIN

struct spt_onset {
    bool found;
    int64_t step;      /* the onset, when found */
    double start, end; /* NAN for no values */
};

/*   step  [count] ascending
 *   mean  [count] NAN entries are left out
 *   se    [count] standard error of each mean; NAN counts as 0
 * se_end is the mean standard error of the last checkpoints. SPT_NOMEM. */
enum spt_status spt_onset_of(const int64_t *step, const double *mean, const double *se, size_t count,
                             struct spt_onset *onset, struct spt_error *error);

SPT_API_END

#endif
