/* Attention of a block of whole samples: one loop over (sample, up to SPT_HEAD_BATCH heads), longest samples first. A
 * unit rotates its queries and keys, makes their scores, softmax and context vectors, and shows the matrices to the
 * observer before it forgets them.
 */
#ifndef SPT_FORWARD_ATTENTION_H
#define SPT_FORWARD_ATTENTION_H

#include "analysis/forward/forward.h"
#include "analysis/forward/rotary.h"
#include "analysis/forward/team.h"

/* Where the queries, keys and values of a block are: head h of token t at t * token_stride + h * head_stride of each
 * pointer. */
struct spt_qkv {
    float *query, *key, *value; /* queries and keys are rotated in place */
    size_t token_stride, head_stride;
};

struct spt_attend {
    const struct spt_team *team;
    const struct spt_probe *probe;
    const struct spt_forward_observer *observer; /* may be NULL */
    const struct spt_rotary *rotary;             /* NULL: positions are not rotated */
    struct spt_qkv qkv;
    float *context; /* [tokens of the block, heads * head_dim] out */
    size_t layer, heads, head_dim;
    float scale; /* of the scores */
    enum spt_mask_kind mask;
    size_t window;       /* for SPT_MASK_WINDOW */
    size_t first_token;  /* of the block */
    const size_t *order; /* [samples] samples of the block, longest first */
    size_t samples;
};

/* Bytes of scratch a thread needs for samples of up to longest tokens; SIZE_MAX when that overflows. */
size_t spt_attention_scratch(size_t longest, size_t heads);

enum spt_status spt_attention_run(const struct spt_attend *attend, struct spt_error *error);

#endif
