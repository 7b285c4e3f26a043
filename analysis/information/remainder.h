/* What of a head's attention has to do with the layer's reference tokens, and what is left without them. Part of the
 * second look: the references are those of all heads of the layer together.
 */
#ifndef SPT_REMAINDER_H
#define SPT_REMAINDER_H

#include "analysis/mask.h"

/* Kept rows: those of queries that see at least two keys which are no references and give them at least 1e-12 of their
 * attention. */
struct spt_remainder {
    double kl_same; /* mean over the kept rows of KL(row || uniform over what the query sees); NAN without such rows */
    double kl_no_sink;  /* the same of their remainders, renormalised, and uniform over what is left */
    double fisher_sink; /* sum 2 s (1 - s) / sum (1 - sum a^2) over rows that see two keys or more; NAN for 0 below */
};

/* Nothing is allocated. About 2 ns a visible entry.
 *   attention     [n, n] row-major, finite, n = mask->n
 *   is_reference  [n] 0 or 1
 *   scratch       [n] */
struct spt_remainder spt_remainder_of(const double *attention, const struct spt_mask *mask,
                                      const unsigned char *is_reference, double *scratch);

#endif
