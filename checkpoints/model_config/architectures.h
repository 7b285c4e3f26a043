/* One function an architecture: reads the keys of its config.json (keys.h) into config, which is zeroed but for
 * model_type. Failures are left in keys->status. */
#ifndef SPT_MODEL_CONFIG_ARCHITECTURES_H
#define SPT_MODEL_CONFIG_ARCHITECTURES_H

#include "checkpoints/model_config/keys.h"

void spt_model_config_gpt_neox(struct spt_model_keys *keys, struct spt_model_config *config);

#endif
