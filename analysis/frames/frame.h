/* The reference frame of a head (Ruscio et al. 2025, arXiv 2508.02546): what its attention is anchored to over all
 * samples.
 *
 * In this order: none when max_k (c_k - u_k) < 1/n in more than half of the samples; bidirectional when every query
 * sees every key and first and last are both reference tokens in at least half; centralized when, positions ranked by
 * this head's c among the reference tokens and classed as first, last, other special, none of these, one class is on
 * top in at least 80 % of the samples that have references, and its mean c is at least twice the largest of another
 * class; distributed otherwise, and so where no sample has a reference.
 *
 * A class's mean c is over its reference tokens in all samples; a class without any has none. Of equal c the first
 * position is on top. Without a tokenizer no token is special. A sample in which a head of the layer is not finite
 * takes no part.
 */
#ifndef SPT_FRAME_H
#define SPT_FRAME_H

#include "analysis/bootstrap.h"
#include "analysis/measure.h"

/* O(tokens), from the layer's c and reference tokens. context->references must be there. */
enum spt_frame spt_frame_of(const struct spt_measure_context *context, size_t head);

/* The same when the samples are drawn anew: frames [bootstrap->draws] out, enum spt_frame each. SPT_NOMEM. */
enum spt_status spt_frame_of_draws(const struct spt_measure_context *context, size_t head,
                                   const struct spt_bootstrap *bootstrap, unsigned char *frames,
                                   struct spt_error *error);

#endif
