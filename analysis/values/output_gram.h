/* How long a head's value vector is once it is written to the residual stream: |v W|, W [dimension, hidden] the head's
 * part of the output projection (Kobayashi et al. 2020, arXiv 2004.10102, without the attention weight).
 *
 * |v W|^2 = v (W W^T) v^T, so one symmetric matrix a head and layer serves all tokens: 2 hidden dimension^2 flops a
 * head, once a layer, then 2 dimension^2 a token and head, where v W itself would take 2 hidden dimension a token and
 * head. In double, W W^T keeps what the square root of the sum needs: |v W| is within 1e-7 |v| |W| of itself, and
 * exactly 0 for a projection of zeros.
 */
#ifndef SPT_OUTPUT_GRAM_H
#define SPT_OUTPUT_GRAM_H

#include "analysis/forward/gemm.h"

/* Bytes of a thread's scratch for heads of this dimension; SIZE_MAX when that overflows. */
size_t spt_output_gram_scratch(size_t dimension);

/* W W^T of every head of a layer. A task of the team is a head.
 *   team  with spt_output_gram_scratch(dimension) bytes of scratch a thread
 *   out   [hidden, heads * dimension], the output projection as it is stored
 *   gram  [heads, dimension, dimension] out */
enum spt_status spt_output_gram_of(const struct spt_team *team, const struct spt_matrix *out, size_t heads,
                                   double *gram, struct spt_error *error);

#endif
