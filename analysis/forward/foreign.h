/* Tensors under the names of a trainer's own model, which nobody translated into those of HF transformers. */
#ifndef SPT_FORWARD_FOREIGN_H
#define SPT_FORWARD_FOREIGN_H

#include "checkpoints/checkpoint.h"

/* Whose names they are ("torchtitan's or Llama's own"), told by *tensor; NULL: nobody's. */
const char *spt_foreign_names_of(const struct spt_checkpoint *checkpoint, const struct spt_tensor **tensor);

#endif
