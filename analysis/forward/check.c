#include "analysis/forward/family.h"
#include "analysis/forward/forward.h"
#include "analysis/forward/weights.h"

enum spt_status spt_forward_check(const struct spt_checkpoint *checkpoint, const struct spt_model_config *config,
                                  struct spt_error *error) {
    const struct spt_family *family;
    struct spt_weights weights;
    enum spt_status status = spt_family_find(config->model_type, &family, error);
    if (status == SPT_OK) status = spt_weights_find(&weights, checkpoint, family, config, true, error);
    if (status == SPT_OK) spt_weights_release(&weights);
    return status;
}
