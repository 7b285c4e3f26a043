/* GPT-NeoX's names of tensors. */
#ifndef SPT_READERS_NEOX_H
#define SPT_READERS_NEOX_H

#include "checkpoints/readers/reader.h"

/* HF transformers' names for the tensors from first on, where they are those of a GPT-NeoX model without a pipeline:
 * "sequential.2.attention.dense.bias". Others stay as they are. SPT_NOMEM. */
enum spt_status spt_neox_rename_sequential(struct spt_contents *contents, size_t first, struct spt_error *error);

#endif
