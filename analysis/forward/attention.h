/* Attention of a block of whole samples: one loop over (sample, up to SPT_HEAD_BATCH heads), longest samples first. A
 * unit rotates its queries and keys, makes their scores, softmax and context vectors, and shows the matrices to the
 * observer before it forgets them. An observer that asks for them again has a loop over the samples, then one over the
 * same units, which make the same matrices from the rotated queries and keys.
 */
#ifndef SPT_FORWARD_ATTENTION_H
#define SPT_FORWARD_ATTENTION_H

#include "analysis/forward/forward.h"
#include "analysis/forward/rotary.h"
#include "analysis/forward/team.h"

/* Where the queries, keys and values of a block are: head h of token t at t * stride + h * head_stride of each pointer,
 * keys and values by strides of their own. */
struct spt_qkv {
    float *query, *key, *value; /* queries and keys are rotated in place */
    size_t query_stride, query_head_stride;
    size_t kv_stride, kv_head_stride;
};

struct spt_attend {
    const struct spt_team *team;
    const struct spt_probe *probe;
    const struct spt_forward_observer *observer; /* may be NULL */
    const struct spt_rotary *rotary;             /* NULL: positions are not rotated */
    struct spt_qkv qkv;
    float *context; /* [tokens of the block, heads * head_dim] out */
    size_t layer, heads, head_dim;
    size_t kv_heads; /* each serves heads / kv_heads neighbouring heads */
    float scale;     /* of the scores */
    bool alibi;      /* linear biases are added to the scores (Press et al. 2022) */
    enum spt_mask_kind mask;
    size_t window;               /* for SPT_MASK_WINDOW */
    const unsigned char *hidden; /* [N] keys that only their own query sees; NULL: none */
    size_t first_token;          /* of the block */
    const size_t *order;         /* [samples] samples of the block, longest first */
    size_t samples;
};

/* Bytes of scratch a thread needs for samples of up to longest tokens; SIZE_MAX when that overflows. */
size_t spt_attention_scratch(size_t longest, size_t heads);

/* The slope of a head's linear biases: 2^(-8 (h + 1) / heads) where heads is a power of two; else those of the next
 * smaller power, and every other one of the next larger. Rounded to float32 as in HF's BLOOM. */
float spt_alibi_slope(size_t heads, size_t head);

enum spt_status spt_attention_run(const struct spt_attend *attend, struct spt_error *error);

#endif
