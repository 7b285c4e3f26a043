/* Which keys each query sees, and what uniform attention over them gives each key.
 *
 *     spt_mask_init(&mask, kind, window, n_max)  ->  read  ->  spt_mask_release
 *
 * Read-only once made; shared by all threads.
 */
#ifndef SPT_MASK_H
#define SPT_MASK_H

#include "checkpoints/base/api.h"
#include "checkpoints/base/error.h"

#include <stddef.h>

SPT_API_BEGIN

enum spt_mask_kind {
    SPT_MASK_CAUSAL, /* query i sees keys 0 .. i */
    SPT_MASK_FULL,   /* every query sees every key */
    SPT_MASK_WINDOW, /* query i sees keys i - window + 1 .. i: causal with window < n */
};

struct spt_mask {
    enum spt_mask_kind kind;
    size_t n;
    size_t *first;        /* [n] first key that query i sees */
    size_t *end;          /* [n] one past the last */
    size_t *sees;         /* [n] v(i) = end - first */
    size_t *seen;         /* [n] m(k): the number of queries that see k */
    double *uniform;      /* [n] u_k = (1/n) sum over i that see k of 1/v(i) */
    double uniform_first; /* h: mean over the queries that see key 0 of 1/v(i) */
};

/* window is read for SPT_MASK_WINDOW only; window >= n makes the mask causal. n >= 1. SPT_NOMEM. */
enum spt_status spt_mask_init(struct spt_mask *mask, enum spt_mask_kind kind, size_t window, size_t n,
                              struct spt_error *error);
void spt_mask_release(struct spt_mask *mask);

SPT_API_END

#endif
