/* Made-up GPT-NeoX models with random f16 weights, as HF transformers lays them out: for benchmarks and tests.
 *
 *     neox_init(&model, &shape, ...)  ->  neox_put_shard for each shard, neox_put_index, neox_put_config  ->  neox_release
 *
 * What is written depends on the arguments alone. Whatever cannot be done ends the program with a message.
 */
#ifndef NEOX_H
#define NEOX_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct neox_shape {
    const char *name;
    size_t layers, hidden, heads, intermediate, vocabulary;
};

struct neox_tensor {
    char name[96];
    size_t rows, columns; /* columns 0: a vector */
    double centre;        /* 1 for the weights of norms */
    size_t shard;
};

#define NEOX_MOST_TENSORS 1024

struct neox_model {
    struct neox_shape shape;
    struct neox_tensor tensors[NEOX_MOST_TENSORS];
    size_t count, shards;
    size_t noise_count, ones_count;
    uint16_t *noise, *ones; /* [noise_count] around 0, [ones_count] around 1 */
};

/* Weights are drawn from a block of values, from another place for every tensor: no two tensors are the same, and writing is as fast as
 * the disk; 2 bytes a value of memory, whatever the shape. spread: their standard deviation. A shard holds shard_bytes, or one tensor
 * where that is more. */
void neox_init(struct neox_model *model, const struct neox_shape *shape, double shard_bytes, size_t block,
               double spread, uint64_t seed);
void neox_release(struct neox_model *model);

/* "model.safetensors" where there is one shard. */
void neox_shard_name(const struct neox_model *model, size_t shard, char name[64]);
void neox_put_shard(const struct neox_model *model, size_t shard, FILE *file);
void neox_put_index(const struct neox_model *model, FILE *file); /* model.safetensors.index.json */
void neox_put_config(const struct neox_model *model, FILE *file);

/* perror, and the end. */
_Noreturn void neox_die(const char *what);

#endif
