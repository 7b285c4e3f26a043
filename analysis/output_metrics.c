#include "analysis/output_metrics.h"

#include "analysis/bootstrap.h"

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

enum spt_status spt_output_loss_token_draws(const struct spt_output *output, const struct spt_bootstrap *bootstrap,
                                            double *draws, struct spt_error *error) {
    (void)error;
    for (size_t d = 0; d < bootstrap->draws; d++) {
        const double *drawn = bootstrap->counts + d * bootstrap->samples;
        double total = 0, predictions = 0;
        for (size_t i = 0; i < output->samples; i++) {
            total += drawn[i] * output->total_loss[i];
            predictions += drawn[i] * (double)(output->length[i] - 1);
        }
        draws[d] = predictions > 0 ? total / predictions : NAN;
    }
    return SPT_OK;
}
