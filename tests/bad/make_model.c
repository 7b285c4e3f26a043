/* Whole models, in the folder model, whose weights or config make no sense together; and what is asked of them: ids.jsonl,
 * four good samples. */
#include "make.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shards.h"
#include "tiny.h"

enum { PREFIX = 8 };

static uint64_t header_length(const struct tiny_file *file) {
    uint64_t length = 0;
    for (size_t i = 0; i < PREFIX; i++) length |= (uint64_t)(unsigned char)file->bytes[i] << (8 * i);
    return length;
}

/* Every place of from in the file's first limit bytes becomes to, which is as long. */
static size_t replace(struct tiny_file *file, size_t limit, const char *from, const char *to) {
    const size_t length = strlen(from);
    size_t count = 0;
    for (size_t i = 0; i + length <= limit; i++)
        if (memcmp(file->bytes + i, from, length) == 0) {
            memcpy(file->bytes + i, to, length);
            count++;
        }
    return count;
}

static void put(const struct tiny_checkpoint *checkpoint) {
    for (size_t i = 0; i < checkpoint->count; i++) {
        char name[128];
        (void)snprintf(name, sizeof name, "model/%s", checkpoint->files[i].name);
        bad_put(name, checkpoint->files[i].bytes, checkpoint->files[i].size);
    }
    tiny_write_ids("ids.jsonl");
}

/* The first file is config.json, the second model.safetensors. */
static struct tiny_file *config_of(struct tiny_checkpoint *checkpoint) {
    return &checkpoint->files[0];
}
static struct tiny_file *weights_of(struct tiny_checkpoint *checkpoint) {
    return &checkpoint->files[1];
}

/* bytes: two bytes that every weight becomes (data 0), or the data-th only. */
static void write_weights(const struct bad_input *input) {
    struct tiny_checkpoint checkpoint;
    tiny_make(&checkpoint, &(struct tiny_kind){.seed = 1}, 0);
    struct tiny_file *weights = weights_of(&checkpoint);
    char *values = weights->bytes + PREFIX + header_length(weights);
    const size_t count = (weights->size - PREFIX - (size_t)header_length(weights)) / 2;
    for (size_t i = 0; i < count; i++)
        if (input->data == 0 || i == input->data) memcpy(values + 2 * i, input->bytes, 2);
    put(&checkpoint);
    tiny_release(&checkpoint);
}

/* bytes: what is replaced in the config, a NUL, by what. */
static void write_config(const struct bad_input *input) {
    struct tiny_checkpoint checkpoint;
    tiny_make(&checkpoint, &(struct tiny_kind){.seed = 1}, 0);
    struct tiny_file *config = config_of(&checkpoint);
    if (!replace(config, config->size, input->bytes, input->bytes + strlen(input->bytes) + 1)) shards_die(input->name);
    put(&checkpoint);
    tiny_release(&checkpoint);
}

/* The same in the header of the weights. */
static void write_header(const struct bad_input *input) {
    struct tiny_checkpoint checkpoint;
    tiny_make(&checkpoint, &(struct tiny_kind){.seed = 1}, 0);
    struct tiny_file *weights = weights_of(&checkpoint);
    if (!replace(weights, PREFIX + (size_t)header_length(weights), input->bytes,
                 input->bytes + strlen(input->bytes) + 1))
        shards_die(input->name);
    put(&checkpoint);
    tiny_release(&checkpoint);
}

#define WEIGHTS(row_name, value, place)                                                                                \
    { .name = "model/" row_name, .write = write_weights, .bytes = (value), .data = (place) }
#define CONFIG(row_name, from, to) BAD_ROW("model/" row_name, write_config, from "\0" to)
#define HEADER(row_name, from, to) BAD_ROW("model/" row_name, write_header, from "\0" to)

static const struct bad_input INPUTS[] = {
    WEIGHTS("all-nan", "\0\x7e", 0),
    WEIGHTS("all-infinite", "\0\x7c", 0),
    WEIGHTS("all-negative-infinite", "\0\xfc", 0),
    WEIGHTS("all-zero", "\0\0", 0),
    WEIGHTS("all-largest", "\xff\x7b", 0),
    WEIGHTS("one-nan", "\0\x7e", 3000),
    CONFIG("hidden-size-differs", "\"hidden_size\": 16", "\"hidden_size\": 32"),
    CONFIG("layers-differ", "\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3"),
    CONFIG("vocabulary-differs", "\"vocab_size\": 64", "\"vocab_size\": 99"),
    CONFIG("intermediate-differs", "\"intermediate_size\": 64", "\"intermediate_size\": 65"),
    HEADER("tensor-missing", "gpt_neox.layers.1.mlp.dense_h_to_4h.bias", "gpt_neox.layers.1.mlp.dense_h_to_4h.bies"),
    HEADER("weights-integer", "\"F16\"", "\"I16\""),
    HEADER("weights-unknown", "\"F16\"", "\"Q16\""),
};

const struct bad_table bad_models = BAD_TABLE(INPUTS);
