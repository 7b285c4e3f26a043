/* Made-up weights as HF transformers lays them out: safetensors files, and their index when there is more than one.
 *
 *     shards_init  ->  shards_add for each tensor  ->  shards_cut  ->  shards_put for each of .count files, shards_put_index
 *                  ->  shards_release
 *
 * What is written depends on the arguments alone. Values are drawn from a block of them, from another place for every
 * tensor: no two tensors are the same, and writing is as fast as the disk; memory is 10 bytes a value of the block and
 * 2 more for each different centre and spread. Whatever cannot be done ends the program with a message.
 */
#ifndef SHARDS_H
#define SHARDS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum shards_dtype { SHARDS_F32, SHARDS_F16, SHARDS_BF16 };

/* Of how the values of a tensor are distributed: normally. */
struct shards_law {
    double centre, spread; /* mean and standard deviation */
};

struct shards_tensor {
    char name[128];
    size_t rows, columns; /* columns 0: a vector */
    struct shards_law law;
    size_t file;
};

#define SHARDS_LAWS 16 /* different ones, at most */

struct shards {
    enum shards_dtype dtype;
    struct shards_tensor *tensors;
    size_t tensor_count, capacity;
    size_t count;   /* files; after shards_cut */
    size_t block;   /* values */
    double *normal; /* [block] of mean 0 and standard deviation 1 */
    struct {
        struct shards_law law;
        void *values; /* [block] as they are stored */
    } drawn[SHARDS_LAWS];
    size_t drawn_count;
};

void shards_init(struct shards *shards, enum shards_dtype dtype, size_t block, uint64_t seed);
void shards_release(struct shards *shards);

void shards_add(struct shards *shards, const char *name, size_t rows, size_t columns, struct shards_law law);

/* Into files of at most so many bytes, or of one tensor where that is more. */
void shards_cut(struct shards *shards, double file_bytes);

/* "model.safetensors" where there is one file. */
void shards_name(const struct shards *shards, size_t file, char name[64]);
void shards_put(struct shards *shards, size_t file, FILE *out);
void shards_put_index(const struct shards *shards, FILE *out); /* model.safetensors.index.json */

uint64_t shards_bytes(const struct shards *shards); /* of all tensors */

/* perror, and the end. */
_Noreturn void shards_die(const char *what);

#endif
