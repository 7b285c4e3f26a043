/* From token ids to the residual stream: what is done to the embedding's rows, and what is added to them. */
#ifndef SPT_FORWARD_EMBEDDING_H
#define SPT_FORWARD_EMBEDDING_H

#include "analysis/forward/pass.h"

/* What the embedding's rows are multiplied with: 1, or the root of hidden rounded to the format they are stored in. */
float spt_embedding_scale(const struct spt_family *family, const struct spt_model_config *config, enum spt_dtype dtype);

/* pass->x (pass->narrow, where rows have another width) holds the rows of the probe's tokens: they are projected, and
 * get their positions, segments and norm.
 *   w  [SPT_EMBEDDING_ROLES] */
enum spt_status spt_embedding_finish(const struct spt_pass *pass, const struct spt_weight *w, struct spt_error *error);

#endif
