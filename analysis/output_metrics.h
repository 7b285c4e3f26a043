/* What the model's output says: the functions of the rows loss and loss.token. A sample whose loss is not finite has
 * none: it counts in neither. */
#ifndef SPT_OUTPUT_METRICS_H
#define SPT_OUTPUT_METRICS_H

#include "analysis/metric.h"

double spt_output_loss(const struct spt_output *output, size_t sample);
double spt_output_loss_token(const struct spt_output *output); /* NAN without predictions */
enum spt_status spt_output_loss_token_draws(const struct spt_output *output, const struct spt_bootstrap *bootstrap,
                                            double *draws, struct spt_error *error);

#endif
