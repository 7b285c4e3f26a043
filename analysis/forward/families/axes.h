/* The sides of tensors that most architectures have, by the keys that most configs have for them, and when an optional
 * tensor is there. Where a config calls a side otherwise, its family makes an axis of its own. */
#ifndef SPT_FORWARD_AXES_H
#define SPT_FORWARD_AXES_H

#include "analysis/forward/family.h"

size_t spt_size_hidden(const struct spt_model_config *config);
size_t spt_size_intermediate(const struct spt_model_config *config);
size_t spt_size_queries(const struct spt_model_config *config);   /* of all heads */
size_t spt_size_keys(const struct spt_model_config *config);      /* of all heads; values too */
size_t spt_size_fused(const struct spt_model_config *config);     /* both, and values */
size_t spt_size_positions(const struct spt_model_config *config); /* with those in front of the first */

extern const struct spt_axis SPT_HIDDEN;       /* hidden_size */
extern const struct spt_axis SPT_INTERMEDIATE; /* intermediate_size */
extern const struct spt_axis SPT_VOCABULARY;   /* vocab_size or more */
extern const struct spt_axis SPT_EMBEDDING;    /* word_embed_proj_dim */
extern const struct spt_axis SPT_QUERIES;      /* num_attention_heads * head_dim */
extern const struct spt_axis SPT_KEYS;         /* num_key_value_heads * head_dim */
extern const struct spt_axis SPT_FUSED;        /* 3 * hidden_size */
extern const struct spt_axis SPT_HEAD;         /* head_dim */
extern const struct spt_axis SPT_TYPES;        /* type_vocab_size */

bool spt_has_attention_bias(const struct spt_model_config *config);
bool spt_has_mlp_bias(const struct spt_model_config *config);
bool spt_has_qk_norm(const struct spt_model_config *config);

#endif
