/* Made-up GPT-NeoX models with random f16 weights, for tests.
 *
 *     neox_init  ->  what shards.h does  ->  shards_release
 */
#ifndef NEOX_H
#define NEOX_H

#include "shards.h"

struct neox_shape {
    size_t layers, hidden, heads, intermediate, vocabulary;
};

/* The tensors of such a model, cut into files. spread: standard deviation of the weights. */
void neox_init(struct shards *model, const struct neox_shape *shape, double file_bytes, size_t block, double spread,
               uint64_t seed);

void neox_put_config(const struct neox_shape *shape, FILE *file);

#endif
