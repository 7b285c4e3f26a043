#include "tiny.h"

#include "neox.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const struct neox_shape SHAPE = {2, 16, 2, 64, 64};

/* Of 18 kB of weights: the embedding; the first layer; the rest. */
enum { SHARD_BYTES = 7000, BLOCK = 4096 };

/* Attention that is neither uniform nor all on one token. */
static const double SPREAD = 0.5;

static FILE *begin(struct tiny_checkpoint *checkpoint, const char *name) {
    struct tiny_file *file = &checkpoint->files[checkpoint->count];
    snprintf(file->name, sizeof(file->name), "%s", name);
    FILE *memory = open_memstream(&file->bytes, &file->size);
    if (!memory) shards_die("memory");
    return memory;
}

static void end(struct tiny_checkpoint *checkpoint, FILE *memory) {
    if (fclose(memory)) shards_die("memory");
    checkpoint->count++;
}

static void add_weights(struct tiny_checkpoint *checkpoint, struct shards *model) {
    for (size_t i = 0; i < model->count; i++) {
        char name[64];
        shards_name(model, i, name);
        FILE *memory = begin(checkpoint, name);
        shards_put(model, i, memory);
        end(checkpoint, memory);
    }
    checkpoint->weights = model->count;
    if (model->count == 1) return;
    FILE *memory = begin(checkpoint, "model.safetensors.index.json");
    shards_put_index(model, memory);
    end(checkpoint, memory);
}

void tiny_make(struct tiny_checkpoint *checkpoint, const struct tiny_kind *kind, int64_t step) {
    struct shards model;
    *checkpoint = (struct tiny_checkpoint){0};
    snprintf(checkpoint->folder, sizeof(checkpoint->folder), kind->trainer ? "checkpoint-%" PRId64 : "step%" PRId64,
             step);
    neox_init(&model, &SHAPE, kind->sharded ? SHARD_BYTES : 1e9, BLOCK, SPREAD,
              kind->seed * 1000003 + (uint64_t)step + 1);
    FILE *memory = begin(checkpoint, "config.json");
    neox_put_config(&SHAPE, memory);
    end(checkpoint, memory);
    add_weights(checkpoint, &model);
    if (kind->trainer) {
        memory = begin(checkpoint, "trainer_state.json");
        fprintf(memory,
                "{\n  \"best_metric\": null,\n  \"epoch\": 1.0,\n  \"global_step\": %" PRId64 ",\n"
                "  \"is_world_process_zero\": true,\n  \"log_history\": [\n    {\"loss\": %.3f, \"step\": %" PRId64
                "}\n  ]\n}\n",
                step, 4 + 1 / (double)(step + 1), step);
        end(checkpoint, memory);
    }
    shards_release(&model);
}

void tiny_release(struct tiny_checkpoint *checkpoint) {
    for (size_t i = 0; i < checkpoint->count; i++) free(checkpoint->files[i].bytes);
}

void tiny_write(const struct tiny_checkpoint *checkpoint, const char *run) {
    char path[4096];
    snprintf(path, sizeof(path), "%s/%s", run, checkpoint->folder);
    mkdir(path, 0777); /* where it is there already, that is as well; creating files tells */
    for (size_t i = 0; i < checkpoint->count; i++) {
        const struct tiny_file *file = &checkpoint->files[i];
        snprintf(path, sizeof(path), "%s/%s/%s", run, checkpoint->folder, file->name);
        FILE *out = fopen(path, "wbe");
        if (!out || fwrite(file->bytes, 1, file->size, out) != file->size || fclose(out)) shards_die(path);
    }
}

void tiny_write_ids(const char *path) {
    static const size_t LENGTHS[] = {12, 9, 6, 11};
    FILE *out = fopen(path, "wbe");
    if (!out) shards_die(path);
    uint32_t random = 1;
    for (size_t i = 0; i < sizeof(LENGTHS) / sizeof(LENGTHS[0]); i++)
        for (size_t k = 0; k < LENGTHS[i]; k++) {
            random = random * 1664525 + 1013904223; /* Numerical Recipes' generator: the high bits are well mixed */
            fprintf(out, "%s%" PRIu32 "%s", k ? ", " : "[", random >> 26, k + 1 < LENGTHS[i] ? "" : "]\n");
        }
    if (fclose(out)) shards_die(path);
}
