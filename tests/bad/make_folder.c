/* Checkpoints of several files that are not whole or contradict each other: GPT-NeoX's files of layers, DeepSpeed's files
 * of ranks; and a torch distributed checkpoint that torch itself wrote, cut and altered. */
#include "make.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shards.h"
#include "torch_zip.h"

#define METADATA ".metadata"
#define ITEMS    "__0_0.distcp"
#define LAYER(n) "layer_0" n "-model_00-model_states.pt"
#define RANK0    "mp_rank_00_model_states.pt"

static void put_distributed(void) {
    bad_copy(METADATA, "distributed/wrapped/" METADATA);
    bad_copy(ITEMS, "distributed/wrapped/" ITEMS);
}

static void write_distributed(const struct bad_input *input) {
    (void)input;
    put_distributed();
}

static void write_hole(const struct bad_input *input) {
    put_distributed();
    bad_resize(input->bytes, input->data);
}

static void put_layers(void) {
    static const char *const FILES[] = {LAYER("0"), LAYER("2"), LAYER("3"), LAYER("5")};
    for (size_t i = 0; i < sizeof FILES / sizeof *FILES; i++) {
        char from[128];
        (void)snprintf(from, sizeof from, "torch/neox/%s", FILES[i]);
        bad_copy(FILES[i], from);
    }
}

static void write_layers(const struct bad_input *input) {
    (void)input;
    put_layers();
}

static void write_layers_without(const struct bad_input *input) {
    put_layers();
    if (unlink(input->bytes)) shards_die(input->bytes);
}

/* bytes: the name of one more file of a layer. */
static void write_layers_and(const struct bad_input *input) {
    put_layers();
    bad_put_text(input->bytes, "whatever it holds");
}

static void write_layer_cut(const struct bad_input *input) {
    put_layers();
    bad_resize(input->bytes, input->data);
}

static void write_layer_fifo(const struct bad_input *input) {
    write_layers_without(input);
    bad_fifo(input->bytes);
}

/* bytes: the pickle of a file of DeepSpeed's. */
static void write_deepspeed(const struct bad_input *input) {
    struct torch_zip *zip = malloc(sizeof *zip);
    if (!zip) shards_die("memory");
    torch_zip_state_dict(zip, input->bytes, input->size);
    torch_zip_directory(zip);
    bad_put(RANK0, zip->bytes, zip->size);
    free(zip);
}

static void write_two_ranks(const struct bad_input *input) {
    write_deepspeed(input);
    bad_put_text("mp_rank_01_model_states.pt", "whatever it holds");
}

#define MODULE(value)              "X\6\0\0\0module" value "s"
#define STEPS                      "X\14\0\0\0global_stepsK\7s"
#define RANKS(count)               "X\15\0\0\0mp_world_sizeK" count "s"
#define DEEPSPEED(row_name, items) BAD_ROW("folder/deepspeed-" row_name, write_deepspeed, DICT(items))

static const struct bad_input INPUTS[] = {
    /* torch distributed, as torch wrote it */
    {.name = "folder/distributed-items-of-1-tib", .write = write_hole, .bytes = ITEMS, .data = (size_t)1 << 40},
    {.name = "folder/distributed-metadata-of-1-tib", .write = write_hole, .bytes = METADATA, .data = (size_t)1 << 40},
    {.name = "folder/distributed-metadata-cut-anywhere", .write = write_distributed},
    {.name = "folder/distributed-metadata-any-byte-another", .write = write_distributed},
    {.name = "folder/distributed-items-any-byte-another", .write = write_distributed},
    /* files of layers */
    BAD_ROW("folder/layers-no-first", write_layers_without, LAYER("0")),
    BAD_ROW("folder/layers-one-missing", write_layers_without, LAYER("2")),
    BAD_ROW("folder/layers-no-last", write_layers_without, LAYER("5")),
    BAD_ROW("folder/layers-two-ranks", write_layers_and, "layer_02-model_01-model_states.pt"),
    BAD_ROW("folder/layers-no-number", write_layers_and, "layer_-model_00-model_states.pt"),
    BAD_ROW("folder/layers-hexadecimal", write_layers_and, "layer_0x-model_00-model_states.pt"),
    BAD_ROW("folder/layers-negative", write_layers_and, "layer_00-model_0-1-model_states.pt"),
    BAD_ROW("folder/layers-eight-digits", write_layers_and, "layer_00000000-model_00-model_states.pt"),
    {.name = "folder/layers-one-cut", .write = write_layer_cut, .bytes = LAYER("3"), .data = 1000},
    BAD_ROW("folder/layers-one-fifo", write_layer_fifo, LAYER("3")),
    {.name = "folder/layers-any-byte-another", .write = write_layers},
    /* DeepSpeed's files of ranks */
    DEEPSPEED("module-empty", MODULE("}") STEPS),
    DEEPSPEED("module-none", MODULE("N") STEPS),
    DEEPSPEED("module-number", MODULE("K\1") STEPS),
    DEEPSPEED("module-holds-itself", MODULE("}q\7" W "h\7s" W "h\7s") STEPS),
    DEEPSPEED("zero-stage-3", MODULE("}" W TENSOR_OF(FOUR, "K\0K\0\205K\1\205") "s") STEPS),
    DEEPSPEED("one-rank-of-two", MODULE("}" W GOOD_TENSOR "s") STEPS RANKS("\2")),
    DEEPSPEED("os-system", MODULE("}" W "cos\nsystem\n" OUCH "s") STEPS),
    BAD_ROW("folder/deepspeed-two-ranks", write_two_ranks, DICT(MODULE("}" W GOOD_TENSOR "s") STEPS)),
};

const struct bad_table bad_folders = BAD_TABLE(INPUTS);
