/* A transformer layer: attention and MLP with their norms and sums, put together as the family and the config say. */
#ifndef SPT_FORWARD_LAYER_H
#define SPT_FORWARD_LAYER_H

#include "analysis/forward/pass.h"

/* Floats for each token of a block that a layer keeps in pass->work. */
size_t spt_layer_work(const struct spt_model_config *config);

/* Runs a layer on pass->block's rows of the residual stream.
 *   w  [SPT_LAYER_ROLES] */
enum spt_status spt_layer_run(const struct spt_pass *pass, const struct spt_weight *w, struct spt_error *error);

#endif
