/* GPT-NeoX's own checkpoints, under DeepSpeed's names: a folder with a torch file for each layer of its pipeline,
 *
 *     layer_00-model_00-model_states.pt     the embedding
 *     layer_02-model_00 ...                 block 0, and so on (layer 1 has no weights)
 *     the last two                          the final norm, the output head (none of its own where it is the embedding)
 *
 * or, trained without a pipeline, one file with the layers' numbers in the tensors' names: sequential.2.attention ...
 * (gpt-neox: tools/ckpts/convert_neox_to_hf.py, megatron/model/gpt2_model.py.) Tensors get the names that the conversion
 * gives them; nothing else differs. A model that was cut for several model-parallel ranks is not put together.
 */
#include "checkpoints/readers/neox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoints/readers/folder_table.h"

enum { FIRST_BLOCK = 2, NAME_CAPACITY = 1200, NUMBER_DIGITS_MAX = 6 };

static const char SEQUENTIAL[] = "sequential.";

/* Outside the blocks, whatever the layer's number. */
static const struct {
    const char *neox, *hf;
} NAMES[] = {
    {"word_embeddings.weight", "gpt_neox.embed_in.weight"},
    {"norm.weight", "gpt_neox.final_layer_norm.weight"},
    {"norm.bias", "gpt_neox.final_layer_norm.bias"},
    {"final_linear.weight", "embed_out.weight"},
};

/* How names within a block begin. The MLP has had other names since 2024, and what NVIDIA's Transformer Engine makes of
 * a block has its own: they come first, longer before shorter. */
static const struct {
    const char *neox, *hf;
} BLOCK[] = {
    {"mlp.linear1.", "mlp.dense_h_to_4h."},
    {"mlp.linear2.", "mlp.dense_4h_to_h."},
    {"mlp.fc1_", "mlp.dense_h_to_4h."},
    {"mlp.fc2_", "mlp.dense_4h_to_h."},
    {"mlp.layer_norm_", "post_attention_layernorm."},
    {"attention.qkv.", "attention.query_key_value."},
    {"attention.proj.", "attention.dense."},
    {"input_layernorm.", "input_layernorm."},
    {"post_attention_layernorm.", "post_attention_layernorm."},
    {"attention.", "attention."},
    {"mlp.", "mlp."},
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

static bool read_number(const char **text, unsigned *number) {
    size_t digits = 0;
    for (*number = 0; **text >= '0' && **text <= '9' && digits < NUMBER_DIGITS_MAX; digits++, ++*text)
        *number = *number * 10 + (unsigned)(**text - '0');
    return digits > 0;
}

static bool skip(const char **text, const char *expected) {
    const size_t length = strlen(expected);
    if (strncmp(*text, expected, length) != 0) return false;
    *text += length;
    return true;
}

/* name as HF transformers has it; what has no name there keeps its own, behind its layer's. */
static enum spt_status rename_tensor(struct spt_contents *contents, struct spt_tensor *tensor, const char *own,
                                     unsigned layer, struct spt_error *error) {
    for (size_t i = 0; i < COUNT(NAMES); i++) {
        if (strcmp(own, NAMES[i].neox) != 0) continue;
        tensor->name = NAMES[i].hf;
        return SPT_OK;
    }
    char name[NAME_CAPACITY];
    size_t row = 0;
    while (row < COUNT(BLOCK) && strncmp(own, BLOCK[row].neox, strlen(BLOCK[row].neox)) != 0) row++;
    if (row < COUNT(BLOCK) && layer >= FIRST_BLOCK)
        (void)snprintf(name, sizeof name, "gpt_neox.layers.%u.%s%s", layer - FIRST_BLOCK, BLOCK[row].hf,
                       own + strlen(BLOCK[row].neox));
    else
        (void)snprintf(name, sizeof name, "layer_%u.%s", layer, own);
    tensor->name = spt_arena_copy(&contents->arena, name, strlen(name));
    return tensor->name ? SPT_OK : spt_fail_memory(error, strlen(name), "a tensor's name");
}

/* --- without a pipeline --- */

/* What follows "sequential.2."; NULL: the name begins otherwise. */
static const char *name_in_layer(const char *name, unsigned *layer) {
    return skip(&name, SEQUENTIAL) && read_number(&name, layer) && skip(&name, ".") ? name : NULL;
}

enum spt_status spt_neox_rename_sequential(struct spt_contents *contents, size_t first, struct spt_error *error) {
    unsigned layer;
    bool embedding = false;
    for (size_t i = first; i < contents->tensor_count; i++) {
        const char *own = name_in_layer(contents->tensors[i].name, &layer);
        embedding = embedding || (own && strcmp(own, NAMES[0].neox) == 0);
    }
    if (!embedding) return SPT_OK; /* nn.Sequential is anybody's */
    enum spt_status status = SPT_OK;
    for (size_t i = first; i < contents->tensor_count && status == SPT_OK; i++) {
        const char *own = name_in_layer(contents->tensors[i].name, &layer);
        if (own) status = rename_tensor(contents, &contents->tensors[i], own, layer, error);
    }
    return status;
}

/* --- files of layers --- */

/* layer_02-model_00-model_states.pt */
static bool parse_name(const char *name, unsigned *layer, unsigned *rank) {
    return skip(&name, "layer_") && read_number(&name, layer) && skip(&name, "-model_") && read_number(&name, rank) &&
           strcmp(name, "-model_states.pt") == 0;
}

static bool has_tensor(const struct spt_contents *contents, size_t first, const char *name) {
    for (size_t i = first; i < contents->tensor_count; i++)
        if (strcmp(contents->tensors[i].name, name) == 0) return true;
    return false;
}

/* Files of layers are written one by one: those that are not there yet are missed, between others or at either end. */
static enum spt_status check_layers(const struct spt_contents *contents, const char *directory, size_t first,
                                    struct spt_error *error) {
    if (!has_tensor(contents, first, "gpt_neox.embed_in.weight"))
        return spt_fail(error, SPT_RETRY, directory, "layers of GPT-NeoX, but none with the embedding");
    if (!has_tensor(contents, first, "gpt_neox.final_layer_norm.weight"))
        return spt_fail(error, SPT_RETRY, directory, "layers of GPT-NeoX, but none with the final norm");
    unsigned blocks = 0, block;
    for (size_t i = first; i < contents->tensor_count; i++)
        if (sscanf(contents->tensors[i].name, "gpt_neox.layers.%6u.", &block) == 1 && block >= blocks)
            blocks = block + 1;
    for (block = 0; block < blocks; block++) {
        char name[64];
        (void)snprintf(name, sizeof name, "gpt_neox.layers.%u.input_layernorm.weight", block);
        if (!has_tensor(contents, first, name))
            return spt_fail(error, SPT_RETRY, directory, "layers of GPT-NeoX, but layer %u is not there",
                            block + FIRST_BLOCK);
    }
    return SPT_OK;
}

static enum spt_status read_layer(struct spt_contents *contents, const char *directory, const char *file,
                                  struct spt_error *error) {
    const size_t first = contents->tensor_count;
    unsigned layer, rank;
    if (!parse_name(file, &layer, &rank))
        return spt_fail(error, SPT_INVALID, directory,
                        "%.200s is no layer's name, expected one as in layer_02-model_00-model_states.pt", file);
    if (rank > 0)
        return spt_fail(error, SPT_UNSUPPORTED, directory,
                        "layers of GPT-NeoX for several model-parallel ranks (%s); one rank is read", file);
    char *path = spt_file_join(directory, file);
    if (!path) return spt_fail_memory(error, strlen(directory), "a path");
    enum spt_status status = spt_contents_read_path(contents, path, error);
    free(path);
    for (size_t i = first; i < contents->tensor_count && status == SPT_OK; i++)
        status = rename_tensor(contents, &contents->tensors[i], contents->tensors[i].name, layer, error);
    return status;
}

static enum spt_status expect_files(struct spt_contents *contents, const char *directory, const char *const *names,
                                    size_t count, struct spt_error *error) {
    struct spt_arena arena = {0};
    const char **paths = spt_alloc(count, sizeof *paths);
    bool memory = paths != NULL;
    for (size_t i = 0; i < count && memory; i++) {
        char *path = spt_file_join(directory, names[i]);
        memory = path && (paths[i] = spt_arena_copy(&arena, path, strlen(path))) != NULL;
        free(path);
    }
    const enum spt_status status = memory ? spt_tree_expect(contents->tree, paths, count, error)
                                          : spt_fail_memory(error, count * sizeof *paths, "paths");
    spt_arena_release(&arena);
    free(paths);
    return status;
}

enum spt_status spt_contents_read_layers(struct spt_contents *contents, const char *directory, const char *const *names,
                                         size_t count, struct spt_error *error) {
    const size_t first = contents->tensor_count;
    contents->in_index = contents->in_layers = true;
    enum spt_status status = expect_files(contents, directory, names, count, error);
    for (size_t i = 0; i < count && status == SPT_OK; i++) status = read_layer(contents, directory, names[i], error);
    contents->in_index = false;
    if (status == SPT_OK) status = check_layers(contents, directory, first, error);
    if (status == SPT_OK)
        (void)snprintf(contents->format, sizeof contents->format, "GPT-NeoX, %zu files of layers", count);
    return status;
}
