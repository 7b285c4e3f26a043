/* What to measure and how: everything but the model, the probe and the place that decides a figure.
 *
 * A plan is part of a run's identity (plan digest) except for its metrics and threads: those may change between sweeps.
 */
#ifndef SPT_PLAN_H
#define SPT_PLAN_H

#include "checkpoints/base/api.h"
#include "checkpoints/base/error.h"
#include "checkpoints/base/hash.h"
#include "checkpoints/base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

SPT_API_BEGIN

enum spt_references { SPT_REFERENCES_EXCESS, SPT_REFERENCES_PAPER };
enum spt_symmetrize { SPT_SYMMETRIZE_MAX, SPT_SYMMETRIZE_MEAN };

struct spt_plan {
    /* part of the plan's digest */
    size_t samples;                 /* of the probe; the digest holds the number that is used */
    enum spt_references references; /* sink.reference_*: with or without the condition on the excess */
    enum spt_symmetrize symmetrize; /* d = 1 - max(a, a^T) or 1 - mean */
    unsigned topology_dimension;    /* 1, or 2 */
    size_t bootstrap;               /* draws of an interval */
    size_t null_draws;
    uint64_t bootstrap_seed, null_seed;
    uint64_t shuffle_seed; /* of a control's tokens: part of the probe's digest, through them */
    /* not part of it */
    bool *metric;    /* [SPT_METRIC_COUNT] which rows of the table are measured; owned */
    bool keep_heads; /* give per-sample values and curves of single heads too */
    bool keep_draws; /* give the draws of figures that have no value per sample */
    size_t threads;  /* 0: all */
    bool no_read_ahead;
};

/* The metrics measured by default, 1000 draws with seed 1, 32 nulls with seed 2, tokens shuffled with seed 3,
 * dimension 1, nothing kept. NULL metric on SPT_NOMEM. */
void spt_plan_init(struct spt_plan *plan);
void spt_plan_release(struct spt_plan *plan);

/* Hash of what is part of it, and of the kernel back-end. SPT_NOMEM. */
enum spt_status spt_plan_digest(const struct spt_plan *plan, struct spt_hash *digest, struct spt_error *error);

/* Appends what is part of it, one "key: value" a line, by the names of the configuration where it has one. */
void spt_plan_describe(const struct spt_plan *plan, struct spt_text *text);

SPT_API_END

#endif
