/* RoBERTa: BERT, with positions that begin behind the padding token's id. Keys and defaults:
 * transformers/models/roberta/configuration_roberta.py of transformers 4 and 5. */
#include "checkpoints/model_config/architectures.h"

void spt_model_config_roberta(struct spt_model_keys *keys, struct spt_model_config *config) {
    spt_model_config_bert(keys, config);
    config->position_offset = spt_model_keys_index_or(keys, "pad_token_id", SPT_MODEL_VOCAB_MAX, 1) + 1;
    if (keys->status) return;
    if (config->positions > config->position_offset)
        config->positions -= config->position_offset;
    else
        keys->status = spt_fail(keys->error, SPT_INVALID, keys->path,
                                "max_position_embeddings %zu leaves no position behind pad_token_id %zu",
                                config->positions, config->position_offset - 1);
}
