/* The output head: next-token cross-entropy, with the softmax over the vocabulary run through in blocks of its rows.
 *
 *     spt_output_head_init
 *     spt_output_head_add      for each block of rows
 *     spt_output_head_losses
 *     spt_output_head_release
 *
 * No logit outlives its tile. What a tile leaves is its largest logit and the sum of exponentials relative to it; these
 * are put together in double, in the order of the vocabulary (Milakov and Gimelshein 2018, algorithm 3).
 */
#ifndef SPT_FORWARD_OUTPUT_HEAD_H
#define SPT_FORWARD_OUTPUT_HEAD_H

#include "analysis/forward/gemm.h"
#include "analysis/forward/softmax.h"
#include "analysis/probe.h"

#define SPT_HEAD_ROWS ((size_t)4096) /* at most in a block */

#define SPT_HEAD_SCRATCH (SPT_GEMM_SCRATCH + sizeof(float) * SPT_GEMM_TOKENS * SPT_GEMM_ROWS) /* bytes of a thread */

struct spt_output_head {
    const struct spt_team *team;
    const struct spt_probe *probe;
    size_t hidden;
    size_t targets;                      /* tokens that have a next one */
    float *x;                            /* [targets, hidden] borrowed; was [N, hidden] */
    int32_t *target;                     /* [targets] id of the next token */
    float *logit;                        /* [targets] of the target */
    struct spt_running_softmax *state;   /* [targets] */
    struct spt_running_softmax *partial; /* [tiles of SPT_HEAD_ROWS, targets] */
};

/* Moves the rows of x [N, hidden] that have a target to its front; the rest is lost. The team needs SPT_HEAD_SCRATCH
 * bytes. SPT_NOMEM. */
enum spt_status spt_output_head_init(struct spt_output_head *head, const struct spt_team *team,
                                     const struct spt_probe *probe, float *x, size_t hidden, struct spt_error *error);
void spt_output_head_release(struct spt_output_head *head);

/* The next rows of the head, from first_row of the vocabulary on; at most SPT_HEAD_ROWS.
 *   bias  [rows] of these; NULL: 0 */
enum spt_status spt_output_head_add(struct spt_output_head *head, const struct spt_matrix *rows, const float *bias,
                                    size_t first_row, struct spt_error *error);

/* After the last block, sums and means in nats: total [samples], mean [samples]; either may be NULL. */
void spt_output_head_losses(const struct spt_output_head *head, double *total, double *mean);

#endif
