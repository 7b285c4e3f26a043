/* The samples of a probe that have a reference token in any layer, as a probe of their own: in the others nothing is
 * masked, and an ablated pass would only repeat the clean one.
 *
 *     spt_chosen_init, once a plan  ->  spt_chosen_find after each clean pass  ->  ...  ->  spt_chosen_release
 */
#ifndef SPT_CHOSEN_H
#define SPT_CHOSEN_H

#include "analysis/metric.h"
#include "analysis/probe.h"

struct spt_chosen {
    const struct spt_probe *of; /* borrowed */
    size_t layers;
    unsigned char *known;         /* [of->samples] the references of all layers are; others are not chosen */
    struct spt_probe probe;       /* the chosen samples in their order; may be none */
    size_t *sample;               /* [probe.samples] which one of them each is */
    const unsigned char **hidden; /* [layers] each [probe.tokens] 1 for the layer's reference tokens */
    int32_t *ids;
    size_t *offset;
    unsigned char *references; /* [layers, of->tokens] */
};

/* SPT_NOMEM. */
enum spt_status spt_chosen_init(struct spt_chosen *chosen, const struct spt_probe *of, size_t layers,
                                struct spt_error *error);
void spt_chosen_release(struct spt_chosen *chosen);

/* references  [layers] of all samples */
void spt_chosen_find(struct spt_chosen *chosen, const struct spt_reference_tokens *references);

/* Moves the chosen samples' rows to the front.
 *   x  [of->tokens, width] -> [probe.tokens, width], the rest is lost */
void spt_chosen_gather(const struct spt_chosen *chosen, float *x, size_t width);

/* Moves the chosen samples' values to their places, and asks for those of the others.
 *   values  [probe.samples] -> [of->samples]
 *   other   [of->samples] what those that are known, but not chosen, have; NAN for the unknown */
void spt_chosen_spread(const struct spt_chosen *chosen, double *values, const double *other);

#endif
