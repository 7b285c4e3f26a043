#include "analysis/ratio.h"

#include <math.h>

struct spt_ratio spt_ratio_sum(const struct spt_layer_values *values, size_t i) {
    const size_t cells = values->heads * values->samples;
    const double *part = values->part + i * cells, *whole = values->whole + i * cells;
    struct spt_ratio sums = {0};
    for (size_t sample = 0; sample < values->samples; sample++) {
        const size_t before = sums.pairs;
        for (size_t cell = sample; cell < cells; cell += values->samples) {
            if (isnan(part[cell])) continue;
            sums.part += part[cell];
            sums.whole += whole[cell];
            sums.pairs++;
        }
        sums.samples += sums.pairs > before;
    }
    return sums;
}

void spt_ratio_add(struct spt_ratio *ratio, const struct spt_ratio *other) {
    ratio->part += other->part;
    ratio->whole += other->whole;
    ratio->pairs += other->pairs;
    if (other->samples > ratio->samples) ratio->samples = other->samples;
}

double spt_ratio_value(const struct spt_metric *metric, const struct spt_ratio *ratio) {
    const bool defined = ratio->pairs && ratio->whole / (double)ratio->pairs >= metric->parameter;
    return defined ? ratio->part / ratio->whole : NAN;
}
