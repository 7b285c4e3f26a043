/* XLM-RoBERTa: RoBERTa, trained on a hundred languages. */
#include "checkpoints/model_config/architectures.h"

void spt_model_config_xlm_roberta(struct spt_model_keys *keys, struct spt_model_config *config) {
    spt_model_config_roberta(keys, config);
}
