/* One tensor of a torch file: the call that would make it, and what it says. */
#ifndef SPT_READERS_TORCH_TENSOR_H
#define SPT_READERS_TORCH_TENSOR_H

#include "checkpoints/readers/torch_state.h"

struct spt_torch_call {
    const struct spt_torch_global *maker; /* meaning TENSOR or OTHER */
    spt_pickle_id arguments;
};

/* Whether id would be a tensor; parameters and subclasses are followed to what they wrap. */
bool spt_torch_tensor_of(const struct spt_pickle *pickle, spt_pickle_id id, struct spt_torch_call *call);

/* Adds the tensor under name (in contents->arena). One that is no plain array of numbers is left out, with a
 * warning. Errors as spt_torch_add_tensors. */
enum spt_status spt_torch_add_tensor(const struct spt_torch_file *file, const struct spt_torch_call *call,
                                     const char *name, struct spt_error *error);

#endif
