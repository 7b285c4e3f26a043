/* Zip files as torch.save writes them, made byte by byte, with what may be wrong in them. */
#ifndef TORCH_ZIP_H
#define TORCH_ZIP_H

#include <stddef.h>
#include <stdint.h>

enum { TORCH_ZIP_BYTES = 65536, TORCH_ZIP_MEMBERS = 8 };

struct torch_zip {
    unsigned char bytes[TORCH_ZIP_BYTES];
    size_t size;
    /* [count] offsets of each member's headers and data, its name and size */
    size_t local[TORCH_ZIP_MEMBERS], data[TORCH_ZIP_MEMBERS], row[TORCH_ZIP_MEMBERS], sizes[TORCH_ZIP_MEMBERS];
    const char *names[TORCH_ZIP_MEMBERS];
    size_t count;
    size_t directory, end; /* offsets of the central directory and of its end record */
};

void torch_zip_add(struct torch_zip *zip, const void *bytes, size_t size);
/* value in size bytes, little-endian, zeros behind the eighth: over what is at, or at the end. */
void torch_zip_set(struct torch_zip *zip, size_t at, uint64_t value, size_t size);
void torch_zip_add_number(struct torch_zip *zip, uint64_t value, size_t size);

void torch_zip_member(struct torch_zip *zip, const char *name, const void *bytes, size_t size); /* name is borrowed */
void torch_zip_directory(struct torch_zip *zip); /* of all members, and its end record */

/* The members of a state dict: data.pkl, byteorder, storage "0" of 16 bytes: 0, 1, 2 ... */
enum { TORCH_ZIP_PICKLE, TORCH_ZIP_ORDER, TORCH_ZIP_STORAGE };
void torch_zip_state_dict(struct torch_zip *zip, const void *pickle, size_t size);

/* What a data.pkl is made of. A state dict of one tensor "w" of four float32 in storage "0"; geometry: the pickled
 * offset, shape and strides. */
#define STORAGE_OF(elements)          "(X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\0000X\3\0\0\0cpu" elements "tQ"
#define TENSOR_OF(elements, geometry) "ctorch._utils\n_rebuild_tensor_v2\n(" STORAGE_OF(elements) geometry "\211}tR"
#define FOUR                          "K\4"
#define PLAIN                         "K\0K\4\205K\1\205"
#define GOOD_TENSOR                   TENSOR_OF(FOUR, PLAIN)
#define DICT(items)                   "\200\2}" items "."
#define W                             "X\1\0\0\0w"
#define GOOD_PICKLE                   DICT(W GOOD_TENSOR "s")
/* What nobody may run: a file would tell. */
#define OUCH "X\12\0\0\0touch ouch\205R"

#endif
