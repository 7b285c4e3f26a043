/* GPT-NeoX's layout: any bytes are its config, one file or two, and any are the names of its layers' files and of the tensors
 * in them.
 *
 * The input is cut at its first NUL: what stands before it is one YAML file, what follows another. Both together, and each by itself, are
 * read as one config; what is accepted must be a config of HF's GPT-NeoX with the vocabulary that was asked for. Then
 * the first line of the input is the name of a file beside an embedding and a final norm, which must be refused or read as a
 * layer, and never end otherwise. */
#include "fuzz.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "checkpoints/base/memory.h"
#include "checkpoints/model_config/neox.h"
#include "checkpoints/readers/folder_table.h"
#include "checkpoints/readers/neox.h"

enum { TOKENS = 192, NAME_MAX_BYTES = 200 };

static void require_model(const struct spt_model_config *config) {
    require(strcmp(config->model_type, "gpt_neox") == 0 && config->vocabulary == TOKENS);
    require(config->layers >= 1 && config->layers <= SPT_MODEL_LAYERS_MAX && config->heads >= 1);
    require(config->hidden == config->heads * config->head_dim && config->intermediate >= 1);
    require(config->rotary_dim <= config->head_dim && config->positions >= 1);
    require(config->rotary_base >= 1 && config->norm_epsilon > 0 && config->kv_heads == config->heads);
}

static void parse(const struct spt_neox_file *files, size_t count) {
    struct spt_model_config config;
    struct spt_error error = {0};
    const enum spt_status status = spt_neox_config_parse(files, count, "configs", TOKENS, &config, &error);
    if (status == SPT_OK)
        require_model(&config);
    else
        require_told(status, &error);
    require(status == SPT_OK || status == SPT_INVALID || status == SPT_UNSUPPORTED);
}

/* A tensor's name in a model without a pipeline, beside the embedding's: a new name, clean where the old one was. */
static void rename_tensor(const char *name) {
    struct spt_contents contents;
    struct spt_error error = {0};
    spt_contents_init(&contents, NULL);
    const char *const names[] = {"sequential.0.word_embeddings.weight", name};
    for (size_t i = 0; i < 2; i++) {
        const struct spt_tensor tensor = {.name = spt_arena_copy(&contents.arena, names[i], strlen(names[i]))};
        require(tensor.name && spt_contents_add_tensor(&contents, &tensor, &error) == SPT_OK);
    }
    require(spt_neox_rename_sequential(&contents, 0, &error) == SPT_OK);
    require(strcmp(contents.tensors[0].name, "gpt_neox.embed_in.weight") == 0);
    if (strncmp(name, "sequential.", 11) != 0) require(strcmp(contents.tensors[1].name, name) == 0);
    require(strlen(contents.tensors[1].name) <= strlen(name) + 32);
    spt_contents_release(&contents);
}

/* A file of that name which is not there: its name alone decides that it is refused. */
static void read_layer(const char *name) {
    struct spt_contents contents;
    struct spt_error error = {0};
    spt_contents_init(&contents, NULL);
    const char *const names[] = {name};
    const enum spt_status status = spt_contents_read_layers(&contents, "/nonexistent", names, 1, &error);
    require(status == SPT_INVALID || status == SPT_UNSUPPORTED || status == SPT_IO);
    require_told(status, &error);
    (void)spt_weights_is_name(name);
    spt_contents_release(&contents);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *bytes = (const char *)data;
    const char *cut = size ? memchr(bytes, '\0', size) : NULL;
    const size_t first = cut ? (size_t)(cut - bytes) : size, second = cut ? size - first - 1 : 0;
    const struct spt_neox_file files[] = {
        {.path = "a.yml", .bytes = bytes, .size = first},
        {.path = "b.yml", .bytes = cut ? cut + 1 : bytes, .size = second},
    };
    parse(files, 1);
    if (cut) {
        parse(files, 2);
        parse(files + 1, 1);
    }
    char name[NAME_MAX_BYTES + 1];
    size_t length = 0;
    while (length < first && length < NAME_MAX_BYTES && bytes[length] != '\n') length++;
    memcpy(name, bytes, length);
    name[length] = '\0';
    rename_tensor(name);
    read_layer(name);
    return 0;
}
