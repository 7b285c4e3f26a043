/* From attention matrices to per-sample values: what happens inside the loop over (sample, heads).
 *
 *     spt_layer_values_init   once a plan: where one layer's values go
 *     spt_measurer_new        once a thread: all scratch; no call allocates after the first of a size
 *     spt_measurer_matrix     where the caller puts the matrices of a batch, as double
 *     spt_measure_batch       their values
 *     spt_measure_sample      once all heads of a sample are there: the layer's reference tokens
 *     spt_measure_again       the second look at a batch, with matrices put in place again: values that need those
 *     spt_measure_ablated     a batch of the ablated pass, which has no other look
 *     spt_measure_layer       once all samples of a layer are there: values of the layer
 *
 * Threads write to disjoint places of the same spt_layer_values, and nothing is summed across them: no figure depends
 * on their number.
 */
#ifndef SPT_MEASURE_H
#define SPT_MEASURE_H

#include "analysis/forward/forward.h"
#include "analysis/mask_set.h"
#include "analysis/probe.h"
#include "analysis/rmt/law.h"
#include "analysis/selection.h"
#include "analysis/values/hidden.h"

/* What one layer's heads gave, sample by sample. NAN where undefined. */
struct spt_layer_values {
    size_t heads, samples, tokens;
    double *value;        /* [head metrics, heads, samples] */
    double *layer_value;  /* [layer metrics, samples] */
    double *pair;         /* [pair metrics, 2, heads, samples] */
    double *part, *whole; /* [ratio metrics, heads, samples] */
    float **curve;        /* [curve metrics] each [heads, samples, points] */
    double *received;     /* [heads, tokens] c of every head */
    double *first;        /* [heads, samples] alpha_0 */
    double *law, *mp;     /* [heads, tokens] x of G and of A, those of a sample at its offset; NULL where not pooled */
    struct spt_hidden
        *hidden; /* [samples] of the stream after the layer; the caller's to fill before spt_measure_layer */
    size_t *law_count, *mp_count; /* [heads, samples] how many of them there are */
};

enum spt_status spt_layer_values_init(struct spt_layer_values *values, const struct spt_selection *selection,
                                      const struct spt_probe *probe, size_t heads, struct spt_error *error);
void spt_layer_values_release(struct spt_layer_values *values, const struct spt_selection *selection);

/* What all threads share while a layer is measured. Borrowed. */
struct spt_measure_context {
    const struct spt_selection *selection;
    const struct spt_plan *plan;
    const struct spt_probe *probe;
    const struct spt_laws *laws;
    const struct spt_mask_set *masks;
    struct spt_layer_values *values;
    const struct spt_reference_tokens *references; /* of the layer; NULL where no metric needs them */
    const double *gram;  /* [heads, dimension, dimension] of the output projection; NULL where no metric needs it */
    double *row_entropy; /* [heads, tokens] out: where those of the rows are kept; NULL: nowhere. With SPT_NEED_ROWS */
    const double *clean_entropy; /* [heads, samples] of the layer; in the ablated pass alone */
};

/* Heads first_head, first_head + 1 ... of a sample, whose matrices are in the measurer. */
struct spt_batch {
    size_t sample, first_head, heads;
    const float *max_logit;            /* [heads], or NULL where there are no scores */
    const struct spt_vectors *vectors; /* [heads], or NULL where there are none */
};

struct spt_measurer;

/* Scratch for matrices up to n_max x n_max, SPT_HEAD_BATCH of them at a time: about 45 n_max^2 doubles. Call from one
 * thread. SPT_NOMEM. */
enum spt_status spt_measurer_new(const struct spt_selection *selection, const struct spt_plan *plan, size_t n_max,
                                 struct spt_measurer **measurer, struct spt_error *error);
void spt_measurer_free(struct spt_measurer *measurer);

/* Room [n, n] for matrix i < SPT_HEAD_BATCH of the next batch, n <= n_max. */
double *spt_measurer_matrix(struct spt_measurer *measurer, size_t i);

/* Puts a batch of a pass into the measurer, as double. */
struct spt_batch spt_measurer_take(struct spt_measurer *measurer, const struct spt_attention *attention);

/* Measures the matrices 0 .. batch->heads - 1 of the measurer. A matrix that holds a NAN or an infinity has no values.
 * SPT_NOMEM. */
enum spt_status spt_measure_batch(struct spt_measurer *measurer, const struct spt_measure_context *context,
                                  const struct spt_batch *batch, struct spt_error *error);

/* Finds the layer's reference tokens in a sample once every batch of it is measured. SPT_NOMEM. */
enum spt_status spt_measure_sample(struct spt_measurer *measurer, const struct spt_measure_context *context,
                                   size_t sample, struct spt_error *error);

/* The second look at the same matrices, once the sample's reference tokens are found. Where they are unknown there are
 * no values. SPT_NOMEM. */
enum spt_status spt_measure_again(struct spt_measurer *measurer, const struct spt_measure_context *context,
                                  const struct spt_batch *batch, struct spt_error *error);

/* A batch of the ablated pass: its rows, and the metrics of heads that are made of them. Where the sample's reference
 * tokens are unknown there are no values. */
void spt_measure_ablated(struct spt_measurer *measurer, const struct spt_measure_context *context,
                         const struct spt_batch *batch);

/* Fills layer_value once every sample of the layer is done. One thread. SPT_NOMEM. */
enum spt_status spt_measure_layer(struct spt_measurer *measurer, const struct spt_measure_context *context,
                                  struct spt_error *error);

/* The density workspace of this thread's measurer, for pooled metrics. */
struct spt_density *spt_measurer_density(struct spt_measurer *measurer);

#endif
