/* GPT-NeoX's own checkpoints: a folder with a torch file for each layer of its pipeline, under DeepSpeed's names.
 *
 *     layer_00-model_00-model_states.pt     the embedding
 *     layer_02-model_00 ...                 block 0, and so on (layer 1 has no weights)
 *     the last two                          the final norm, the output head
 *
 * (gpt-neox, tools/ckpts/convert_neox_to_hf.py.) Tensors get the names that the conversion gives them; nothing else
 * differs. A model that was cut for several model-parallel ranks is not put together.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoints/readers/reader.h"

enum { FIRST_BLOCK = 2, NAME_CAPACITY = 1200, NUMBER_DIGITS_MAX = 6 };

static const struct {
    const char *neox, *hf;
} NAMES[] = {
    {"word_embeddings.weight", "gpt_neox.embed_in.weight"},
    {"norm.weight", "gpt_neox.final_layer_norm.weight"},
    {"norm.bias", "gpt_neox.final_layer_norm.bias"},
    {"final_linear.weight", "embed_out.weight"},
};

/* How names within a block begin. */
static const char *const BLOCK[] = {"input_layernorm.", "post_attention_layernorm.", "attention.", "mlp."};

#define COUNT(array) (sizeof(array) / sizeof *(array))

struct layer {
    unsigned number, rank;
    char name[64];
};

struct layers {
    struct layer *items;
    size_t count, capacity;
};

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

/* layer_02-model_00-model_states.pt */
static bool parse_name(const char *name, struct layer *layer) {
    const char *at = name;
    if (!skip(&at, "layer_") || !read_number(&at, &layer->number) || !skip(&at, "-model_") ||
        !read_number(&at, &layer->rank) || strcmp(at, "-model_states.pt") != 0 || strlen(name) >= sizeof layer->name)
        return false;
    memcpy(layer->name, name, strlen(name) + 1);
    return true;
}

static int by_number(const void *a, const void *b) {
    const struct layer *x = a, *y = b;
    if (x->number != y->number) return x->number < y->number ? -1 : 1;
    return (x->rank > y->rank) - (x->rank < y->rank);
}

static enum spt_status list_layers(struct spt_tree *tree, const char *directory, struct layers *layers,
                                   struct spt_error *error) {
    struct spt_tree_folder folder;
    struct spt_tree_entry entry;
    enum spt_status status = spt_tree_list(tree, directory, &folder, error);
    if (status != SPT_OK) return status;
    while ((status = spt_tree_next(&folder, &entry, error)) == SPT_OK) {
        struct layer layer;
        if (!parse_name(entry.name, &layer)) continue;
        void *items = layers->items;
        if (!spt_grow(&items, &layers->capacity, layers->count + 1, sizeof layer)) {
            status = spt_fail_memory(error, sizeof layer, "a list of layers");
            break;
        }
        layers->items = items;
        layers->items[layers->count++] = layer;
    }
    spt_tree_unlist(&folder);
    if (layers->count) qsort(layers->items, layers->count, sizeof *layers->items, by_number);
    return status == SPT_END ? SPT_OK : status;
}

/* name as HF transformers has it; what has no name there keeps its own, behind its layer's. */
static enum spt_status rename_tensor(struct spt_contents *contents, struct spt_tensor *tensor, unsigned layer,
                                     struct spt_error *error) {
    char name[NAME_CAPACITY];
    for (size_t i = 0; i < COUNT(NAMES); i++) {
        if (strcmp(tensor->name, NAMES[i].neox) != 0) continue;
        tensor->name = NAMES[i].hf;
        return SPT_OK;
    }
    bool in_block = false;
    for (size_t i = 0; i < COUNT(BLOCK); i++)
        in_block = in_block || strncmp(tensor->name, BLOCK[i], strlen(BLOCK[i])) == 0;
    const bool block = in_block && layer >= FIRST_BLOCK;
    (void)snprintf(name, sizeof name, block ? "gpt_neox.layers.%u.%s" : "layer_%u.%s",
                   block ? layer - FIRST_BLOCK : layer, tensor->name);
    tensor->name = spt_arena_copy(&contents->arena, name, strlen(name));
    return tensor->name ? SPT_OK : spt_fail_memory(error, strlen(name), "a tensor's name");
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

static enum spt_status read_layer(struct spt_contents *contents, const char *directory, const struct layer *layer,
                                  struct spt_error *error) {
    const size_t first = contents->tensor_count;
    if (layer->rank > 0)
        return spt_fail(error, SPT_UNSUPPORTED, directory,
                        "layers of GPT-NeoX for several model-parallel ranks (%s); one rank is read", layer->name);
    char *path = spt_file_join(directory, layer->name);
    if (!path) return spt_fail_memory(error, strlen(directory), "a path");
    enum spt_status status = spt_contents_read_path(contents, path, error);
    free(path);
    for (size_t i = first; i < contents->tensor_count && status == SPT_OK; i++)
        status = rename_tensor(contents, &contents->tensors[i], layer->number, error);
    return status;
}

enum spt_status spt_contents_read_layers(struct spt_contents *contents, const char *directory,
                                         struct spt_error *error) {
    struct layers layers = {0};
    const size_t first = contents->tensor_count;
    enum spt_status status = list_layers(contents->tree, directory, &layers, error);
    if (status == SPT_OK && layers.count == 0) status = SPT_END;
    contents->in_index = true;
    for (size_t i = 0; i < layers.count && status == SPT_OK; i++)
        status = read_layer(contents, directory, &layers.items[i], error);
    contents->in_index = false;
    if (status == SPT_OK) status = check_layers(contents, directory, first, error);
    if (status == SPT_OK)
        (void)snprintf(contents->format, sizeof contents->format, "GPT-NeoX, %zu files of layers", layers.count);
    free(layers.items);
    return status;
}
