/* Names of tensors in what torch wrote: copied within bounds, and without the prefixes of what wrapped the model. */
#ifndef SPT_READERS_TORCH_NAMES_H
#define SPT_READERS_TORCH_NAMES_H

#include "checkpoints/readers/pickle.h"
#include "checkpoints/readers/reader.h"

enum { SPT_TORCH_NAME_MAX = 1024 }; /* bytes */

/* What the tensors of one pickle and their names may take: its objects and strings can be used again and again, tensors
 * and names are made anew. */
struct spt_torch_names {
    struct spt_contents *contents;
    const char *path; /* for messages */
    uint64_t left;    /* bytes */
};

struct spt_torch_names spt_torch_names_of(struct spt_contents *contents, const char *path,
                                          const struct spt_pickle *pickle);

/* text [length] as a string in contents->arena. SPT_INVALID: it holds control characters or no UTF-8, is longer than
 * SPT_TORCH_NAME_MAX, or all tensors and names are more than the pickle is worth. */
enum spt_status spt_torch_names_copy(struct spt_torch_names *names, const char *text, size_t length, const char **copy,
                                     struct spt_error *error);

/* Makes the names of contents->tensors from first on those that HF transformers knows: without the parts that FSDP,
 * torch.compile and checkpointed activations put in, and without what stands before the token embedding's own name;
 * without an embedding, without what wrappers that mean nothing put in front of all names; and by the name that
 * save_pretrained writes where it is another one in memory. SPT_NOMEM. */
enum spt_status spt_torch_names_strip(struct spt_contents *contents, size_t first, struct spt_error *error);

#endif
