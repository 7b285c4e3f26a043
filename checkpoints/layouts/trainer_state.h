/* trainer_state.json of HF Trainer: the step it stands at. */
#ifndef SPT_LAYOUTS_TRAINER_STATE_H
#define SPT_LAYOUTS_TRAINER_STATE_H

#include "checkpoints/base/tree.h"

#include <stdint.h>

/* global_step. HF writes its keys sorted, so that the step stands before the log of the whole training: mostly 4 KiB
 * are read, else the file. SPT_INVALID: no JSON, or no global_step that is an integer >= 0; SPT_UNSUPPORTED: beyond 64
 * MiB; SPT_RETRY; SPT_IO. */
enum spt_status spt_trainer_state_step(struct spt_tree *tree, const char *path, int64_t *step, struct spt_error *error);

#endif
