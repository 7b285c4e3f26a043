/* Attention matrices that are made, measured as those of a layer: what tests of the analysis share. */
#ifndef TESTS_MATRICES_H
#define TESTS_MATRICES_H

#include "analysis/measure.h"

#include <stdint.h>

/* A layer of heads over samples of given lengths under one mask, ready to be measured. */
struct matrices {
    size_t heads;
    size_t *offset;
    struct spt_probe probe;
    struct spt_plan plan;
    struct spt_selection selection;
    struct spt_laws *laws;
    struct spt_mask_set masks;
    struct spt_layer_values values;
    struct spt_measurer *measurer;
    struct spt_reference_tokens references;
    struct spt_measure_context context;
    /* What matrices first_head ... of a sample are made of; NULL: nothing is known. Set it before measuring. */
    const struct spt_vectors *(*vectors)(void *context, size_t sample, size_t first_head);
};

/* Fills a [n, n] for a head of a sample; context is the caller's. */
typedef void matrices_fill(void *context, size_t sample, size_t head, const struct spt_mask *mask, double *a);

void matrices_open(struct matrices *m, enum spt_mask_kind kind, size_t window, const size_t *lengths, size_t samples,
                   size_t heads);
void matrices_measure(struct matrices *m, matrices_fill *fill, void *context);
void matrices_close(struct matrices *m);

/* A metric's value of a head in a sample; fails the test when there is no such metric at head level. */
double matrices_value(const struct matrices *m, const char *metric, size_t head, size_t sample);
double matrices_layer_value(const struct matrices *m, const char *metric, size_t sample);

/* A pooled metric of a head. Uses up the head's points. */
double matrices_pooled(const struct matrices *m, const char *metric, size_t head);

/* A figure of pairs, of the heads first ... first + heads - 1. */
double matrices_pairs(const struct matrices *m, const char *metric, size_t first, size_t heads);

/* Uniform over what each query sees; all on the first key it sees. */
matrices_fill fill_uniform, fill_first;

#endif
