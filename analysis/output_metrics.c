#include "analysis/output_metrics.h"

#include <math.h>

double spt_output_loss(const struct spt_output *output, size_t sample) {
    return output->loss[sample];
}

double spt_output_loss_token(const struct spt_output *output) {
    double total = 0;
    size_t predictions = 0;
    for (size_t i = 0; i < output->samples; i++) {
        total += output->total_loss[i];
        predictions += output->length[i] - 1;
    }
    return predictions ? total / (double)predictions : NAN;
}
