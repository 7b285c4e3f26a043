/* From the nodes of a torch file's pickle to named tensors: what its two containers, zip and the older one, share. */
#ifndef SPT_READERS_TORCH_STATE_H
#define SPT_READERS_TORCH_STATE_H

#include "checkpoints/readers/reader.h"
#include "checkpoints/readers/torch_globals.h"

/* A storage as the pickle names it: ("storage", type, key, location, elements, view). */
struct spt_torch_storage {
    const struct spt_torch_global *type;
    const char *key; /* [key_length], in the pickle */
    size_t key_length;
    uint64_t elements;
    bool view; /* of what is named by key: elements from view_first on, view_elements of them */
    uint64_t view_first, view_elements;
};

/* false: id is no storage. */
bool spt_torch_storage_of(const struct spt_pickle *pickle, spt_pickle_id id, struct spt_torch_storage *storage);

struct spt_torch_extent {
    uint64_t offset, bytes;
};

/* What is read. */
struct spt_torch_file {
    struct spt_contents *contents;
    size_t file;
    const struct spt_pickle *pickle;
    bool big_endian;
    const char *format; /* "torch zip" */
    /* Where a storage's bytes lie; false: nowhere. */
    bool (*find)(const struct spt_torch_file *file, const struct spt_torch_storage *storage,
                 struct spt_torch_extent *extent);
    const void *context; /* of find */
};

/* Adds the tensors of the state dict that the pickle holds: at its root, or under one of the names that trainers give
 * it ("state_dict" of Lightning ...), without the prefix that a wrapping module put in front of all names. Without
 * a state dict all tensors are added, named by their path: "state.0.exp_avg".
 *   SPT_INVALID      names what runs programs; tensors that reach out of their storages, storages of another size than
 *                    their record; a container that holds itself; no tensors
 *   SPT_UNSUPPORTED  a whole pickled object, or too many dimensions
 * Other objects are left alone; those of unknown globals are listed in contents->opaque. */
enum spt_status spt_torch_add_tensors(const struct spt_torch_file *file, struct spt_error *error);

/* Adds the one tensor that the pickle is, under name (in contents->arena); none when it is no plain array of numbers,
 * which is said through the log. SPT_INVALID as above, and for what is no tensor. */
enum spt_status spt_torch_add_one(const struct spt_torch_file *file, const char *name, struct spt_error *error);

/* spt_torch_add_one of what torch.save wrote into the bytes [begin, begin + size) of a file that holds more.
 *   crc_differs  set when the CRC of its pickle is missing or wrong; else left alone
 * SPT_RETRY: it does not end there as it must; SPT_UNSUPPORTED: compressed, or TorchScript. */
enum spt_status spt_torch_read_item(struct spt_contents *contents, size_t file, uint64_t begin, uint64_t size,
                                    const char *name, bool *crc_differs, struct spt_error *error);

#endif
