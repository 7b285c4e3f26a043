/* One function an architecture: reads the keys of its config.json (keys.h) into config, which is zeroed but for
 * model_type. Failures are left in keys->status. kv_heads and embedding_dim that are left at 0 become heads and
 * hidden. */
#ifndef SPT_MODEL_CONFIG_ARCHITECTURES_H
#define SPT_MODEL_CONFIG_ARCHITECTURES_H

#include "checkpoints/model_config/keys.h"

void spt_model_config_bert(struct spt_model_keys *keys, struct spt_model_config *config);
void spt_model_config_bloom(struct spt_model_keys *keys, struct spt_model_config *config);
void spt_model_config_gemma(struct spt_model_keys *keys, struct spt_model_config *config);
void spt_model_config_gpt2(struct spt_model_keys *keys, struct spt_model_config *config);
void spt_model_config_gpt_neox(struct spt_model_keys *keys, struct spt_model_config *config);
void spt_model_config_llama(struct spt_model_keys *keys, struct spt_model_config *config);
void spt_model_config_mistral(struct spt_model_keys *keys, struct spt_model_config *config);
void spt_model_config_olmo(struct spt_model_keys *keys, struct spt_model_config *config);
void spt_model_config_olmo2(struct spt_model_keys *keys, struct spt_model_config *config);
void spt_model_config_opt(struct spt_model_keys *keys, struct spt_model_config *config);
void spt_model_config_phi(struct spt_model_keys *keys, struct spt_model_config *config);
void spt_model_config_qwen2(struct spt_model_keys *keys, struct spt_model_config *config);
void spt_model_config_qwen3(struct spt_model_keys *keys, struct spt_model_config *config);
void spt_model_config_roberta(struct spt_model_keys *keys, struct spt_model_config *config);
void spt_model_config_xlm_roberta(struct spt_model_keys *keys, struct spt_model_config *config);

#endif
