#include "analysis/output_metrics.h"

#include "analysis/bootstrap.h"

#include <math.h>

double spt_output_loss(const struct spt_output *output, size_t sample) {
    return isfinite(output->loss[sample]) ? output->loss[sample] : NAN;
}

/* Predictions of a sample that has a loss; 0: it has none. */
static size_t predictions_of(const struct spt_output *output, size_t sample) {
    return isfinite(output->total_loss[sample]) ? output->length[sample] - 1 : 0;
}

double spt_output_loss_token(const struct spt_output *output) {
    double total = 0;
    size_t predictions = 0;
    for (size_t i = 0; i < output->samples; i++) {
        if (!predictions_of(output, i)) continue;
        total += output->total_loss[i];
        predictions += predictions_of(output, i);
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
            if (!predictions_of(output, i)) continue;
            total += drawn[i] * output->total_loss[i];
            predictions += drawn[i] * (double)predictions_of(output, i);
        }
        draws[d] = predictions > 0 ? total / predictions : NAN;
    }
    return SPT_OK;
}
