/* What the names in a torch file stand for: a table of those that are known, and of those that nobody should meet. */
#ifndef SPT_READERS_TORCH_GLOBALS_H
#define SPT_READERS_TORCH_GLOBALS_H

#include "checkpoints/base/numbers.h"
#include "checkpoints/readers/pickle.h"
#include "checkpoints/readers/reader.h"

enum spt_torch_meaning {
    SPT_TORCH_UNKNOWN, /* in no row: what it makes is opaque */
    SPT_TORCH_REFUSED, /* runs programs or code: no weights file names it */
    SPT_TORCH_INERT,   /* known, and holds no tensors */
    SPT_TORCH_DICT,    /* makes a dict */
    SPT_TORCH_SIZE,    /* makes a tuple of its argument */
    SPT_TORCH_STORAGE, /* a type of storage: dtype of its elements */
    SPT_TORCH_DTYPE,
    SPT_TORCH_TENSOR,    /* makes a tensor of (storage, offset, size, stride, ...) */
    SPT_TORCH_WRAPPED,   /* makes a tensor that is its first argument, a tensor */
    SPT_TORCH_FROM_TYPE, /* (function, type, arguments, state): function(arguments) */
    SPT_TORCH_OTHER,     /* makes a tensor that is no plain array: sparse, quantised, without data */
    /* Of a distributed checkpoint's metadata: objects that are made empty, and whose state says what they hold. */
    SPT_TORCH_DCP_METADATA,
    SPT_TORCH_DCP_TENSOR,
    SPT_TORCH_DCP_BYTES, /* an item that is no tensor */
    SPT_TORCH_DCP_PROPERTIES,
    SPT_TORCH_DCP_CHUNK,
    SPT_TORCH_DCP_INDEX,
    SPT_TORCH_DCP_PLACE,
    SPT_TORCH_MEANING_COUNT,
};

struct spt_torch_global {
    const char *module, *name; /* name NULL: every name of module and of what is below it */
    enum spt_torch_meaning meaning;
    enum spt_dtype dtype;   /* of STORAGE and DTYPE */
    const char *dtype_name; /* as safetensors has it */
    size_t element;         /* bytes */
    /* Of TENSOR: index of the argument that is its dtype (0: its storage's), and of its conjugate and negative bits. */
    size_t dtype_at, bits_at;
};

/* What a node means: its row when it is a GLOBAL, else one of SPT_TORCH_UNKNOWN. Never NULL. */
const struct spt_torch_global *spt_torch_global_of(const struct spt_pickle *pickle, spt_pickle_id id);

/* Looks at every name that Python would have imported. SPT_INVALID: one of SPT_TORCH_REFUSED is among them. Unknown ones
 * are listed in contents->opaque. path is the file's, for messages. */
enum spt_status spt_torch_check_globals(struct spt_contents *contents, const char *path,
                                        const struct spt_pickle *pickle, struct spt_error *error);

#endif
