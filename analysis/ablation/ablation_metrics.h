/* What a model loses without its sinks: the functions of the table's rows ablate.* .
 *
 * The ablated pass is a second forward pass over the probe in which each layer's reference tokens, those of the clean
 * pass, are no keys, in all layers at once; only a query at a reference token keeps its own key, so that every query
 * has one. All figures are ablated - clean, or of both passes together, for one sample (after Ruscio et al. 2025, arXiv
 * 2508.02546, who mask sinks to see what they carry):
 *
 *     ablate.loss     difference of loss; undefined where loss is
 *     ablate.kl       mean over all n tokens of KL(clean || ablated) of the next token's distribution; it has the last
 *                     token too, which has no loss, and is defined for n = 1
 *     ablate.entropy  difference of sink.entropy, of each head; the rows are those that keep more than one key:
 *                     mean over them of H(B[i]) / ln v'(i) - H(A[i]) / ln v(i)
 *
 * v'(i) counts what query i sees in the ablated pass, as v(i) does in the clean one: so uniform attention has the value
 * 1 in both, and the difference says how the pattern changes, not how many keys are gone. A row that keeps one key has
 * no entropy to compare, and is left out of both means: with the first token masked, the second token's is. (Left in
 * the clean mean alone, it would make a difference without any change of attention.)
 *
 * Without a reference token in any layer every figure of a sample is 0, exactly. Where the reference tokens of a layer
 * are unknown (attention that is not finite) the sample has no figure and counts as bad. An encoder has ablate.entropy
 * alone.
 */
#ifndef SPT_ABLATION_METRICS_H
#define SPT_ABLATION_METRICS_H

#include "analysis/metric.h"

double spt_ablate_loss(const struct spt_output *output, size_t sample);
double spt_ablate_kl(const struct spt_output *output, size_t sample);
double spt_ablate_entropy(const struct spt_head *head, double unused);

/* The mean over the rows that keep more than one key of their entropy over ln v(i), or over ln v'(i) where ablated. NAN
 * without such rows.
 *   entropy       [n] of each row
 *   is_reference  [n] 1 for the layer's reference tokens */
double spt_ablation_entropy(const double *entropy, const struct spt_mask *mask, const unsigned char *is_reference,
                            bool ablated);

#endif
