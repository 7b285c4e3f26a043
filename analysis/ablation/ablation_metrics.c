#include "analysis/ablation/ablation_metrics.h"

#include "analysis/information/rows.h"

#include <math.h>

double spt_ablate_loss(const struct spt_output *output, size_t sample) {
    const double difference = output->ablated_loss[sample] - output->loss[sample];
    return isfinite(difference) ? difference : NAN;
}

double spt_ablate_kl(const struct spt_output *output, size_t sample) {
    return output->divergence[sample];
}

double spt_ablate_entropy(const struct spt_head *head, double unused) {
    (void)unused;
    return spt_ablation_entropy(head->rows->entropy, head->mask, head->is_reference, true) - head->clean_entropy;
}

/* What a query sees is an interval whose ends only go up with it: the references in it are counted as it moves. */
double spt_ablation_entropy(const double *entropy, const struct spt_mask *mask, const unsigned char *is_reference,
                            bool ablated) {
    double sum = 0;
    size_t rows = 0, first = 0, end = 0, references = 0;
    for (size_t i = 0; i < mask->n; i++) {
        while (end < mask->end[i]) references += is_reference[end++];
        while (first < mask->first[i]) references -= is_reference[first++];
        const size_t left = mask->sees[i] - references + is_reference[i]; /* its own key stays */
        if (left < 2) continue;
        sum += entropy[i] / log((double)(ablated ? left : mask->sees[i]));
        rows++;
    }
    return rows ? sum / (double)rows : NAN;
}
