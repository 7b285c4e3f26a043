/* Writes a made-up GPT-NeoX checkpoint with the shape of a public Pythia model and random f16 weights, as HF
 * transformers lays it out: config.json and model.safetensors, or shards and their index when there is more than a
 * shard holds.
 *
 *     make_model SHAPE DIR [SHARD_GB [LAYERS]]
 *
 * LAYERS fewer than the shape's leave peak memory and rate as they are, in less time and on less disk.
 * Memory stays below 20 MB whatever the shape. Weights are drawn from a block of 4 M values, from another place for
 * every tensor: no two tensors are the same, and writing is as fast as the disk.
 */
#include "neox.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define BLOCK ((size_t)4 << 20) /* values */

/* Biderman et al. 2023, table 1; vocabularies as in the public checkpoints. */
static const struct neox_shape SHAPES[] = {
    {"tiny", 2, 64, 4, 256, 1024},        {"70m", 6, 512, 8, 2048, 50304},      {"160m", 12, 768, 12, 3072, 50304},
    {"410m", 24, 1024, 16, 4096, 50304},  {"1b", 16, 2048, 8, 8192, 50304},     {"1.4b", 24, 2048, 16, 8192, 50304},
    {"2.8b", 32, 2560, 32, 10240, 50304}, {"6.9b", 32, 4096, 32, 16384, 50432}, {"12b", 36, 5120, 40, 20480, 50688},
};

#define SHAPE_COUNT (sizeof(SHAPES) / sizeof(SHAPES[0]))

static FILE *create(const char *directory, const char *name) {
    char path[4096];
    snprintf(path, sizeof(path), "%s/%s", directory, name);
    FILE *file = fopen(path, "wb");
    if (!file) neox_die(path);
    return file;
}

static void finish(FILE *file) {
    if (fflush(file) || ferror(file) || fclose(file)) neox_die("write");
}

static const struct neox_shape *find_shape(const char *name) {
    for (size_t i = 0; i < SHAPE_COUNT; i++)
        if (!strcmp(SHAPES[i].name, name)) return &SHAPES[i];
    return NULL;
}

int main(int argc, char **argv) {
    const struct neox_shape *named = argc > 2 ? find_shape(argv[1]) : NULL;
    const double gigabytes = argc > 3 ? strtod(argv[3], NULL) : 5; /* the default of HF transformers 4 */
    const size_t layers = argc > 4 ? strtoul(argv[4], NULL, 10) : named ? named->layers : 0;
    if (!named || !(gigabytes > 0) || !layers || layers > named->layers) {
        fprintf(stderr, "usage: make_model SHAPE DIR [SHARD_GB [LAYERS]]\nshapes:");
        for (size_t i = 0; i < SHAPE_COUNT; i++) fprintf(stderr, " %s", SHAPES[i].name);
        fprintf(stderr, "\n");
        return 2;
    }
    struct neox_model *model = malloc(sizeof(*model));
    if (!model) neox_die("memory");
    struct neox_shape shape = *named;
    shape.layers = layers;
    mkdir(argv[2], 0777); /* where it is there already, that is as well; creating files tells */
    neox_init(model, &shape, gigabytes * 1e9, BLOCK, 0.02, 0); /* as models are initialised */
    for (size_t i = 0; i < model->shards; i++) {
        char name[64];
        neox_shard_name(model, i, name);
        FILE *file = create(argv[2], name);
        neox_put_shard(model, i, file);
        finish(file);
    }
    if (model->shards > 1) {
        FILE *file = create(argv[2], "model.safetensors.index.json");
        neox_put_index(model, file);
        finish(file);
    }
    FILE *file = create(argv[2], "config.json");
    neox_put_config(model, file);
    finish(file);
    neox_release(model);
    free(model);
    return 0;
}
