/* The output head over two streams of the same probe at once: how far their next-token distributions are apart, without
 * ever holding a row of logits. Rows of the vocabulary come in blocks; both streams' logits of a tile stand side by side
 * in the thread's scratch, and of each token are kept log sum exp of both and the sum that the divergence is made of:
 *
 *     KL(p || q) = sum_j p_j (x_j - y_j) - ln Z_x + ln Z_y,   p = e^x / Z_x, q = e^y / Z_y
 *
 * where sum_j e^(x_j - max) (x_j - y_j) is added up under the running maximum of x as Z_x is: one sweep, exact. Its
 * rounding error is some 1e-7 of the logits' difference (float32 logits); a KL below 0 by that is 0.
 *
 *     spt_output_pair_init  ->  spt_output_pair_add for each block of rows  ->  _losses, _divergence  ->  _release
 */
#ifndef SPT_FORWARD_OUTPUT_PAIR_H
#define SPT_FORWARD_OUTPUT_PAIR_H

#include "analysis/forward/output_head.h"

#define SPT_PAIR_SCRATCH (SPT_HEAD_SCRATCH + sizeof(float) * SPT_GEMM_TOKENS * SPT_GEMM_ROWS) /* bytes of a thread */

/* Of one token. */
struct spt_running_pair {
    struct spt_running_softmax p, q;
    double gap; /* sum of e^(x - p.max) (x - y) */
};

struct spt_output_pair {
    const struct spt_team *team;
    const struct spt_probe *probe;
    size_t hidden;
    const float *p, *q;               /* [N, hidden] borrowed */
    int32_t *target;                  /* [N] id of the next token; -1: a sample's last */
    float *logit_p, *logit_q;         /* [N] of the target */
    struct spt_running_pair *state;   /* [N] */
    struct spt_running_pair *partial; /* [tiles of SPT_HEAD_ROWS, N] */
};

/* The team needs SPT_PAIR_SCRATCH bytes. SPT_NOMEM. */
enum spt_status spt_output_pair_init(struct spt_output_pair *pair, const struct spt_team *team,
                                     const struct spt_probe *probe, const float *p, const float *q, size_t hidden,
                                     struct spt_error *error);
void spt_output_pair_release(struct spt_output_pair *pair);

/* The next rows of the head, as for spt_output_head_add. */
enum spt_status spt_output_pair_add(struct spt_output_pair *pair, const struct spt_matrix *rows, const float *bias,
                                    size_t first_row, struct spt_error *error);

/* After the last block, as spt_output_head_losses; of p or of q. */
void spt_output_pair_losses(const struct spt_output_pair *pair, bool of_p, double *total, double *mean);

/* After the last block, [samples] the mean over all tokens of KL(p || q) in nats; NAN where it is not finite. */
void spt_output_pair_divergence(const struct spt_output_pair *pair, double *divergence);

#endif
