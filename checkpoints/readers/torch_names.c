#include "checkpoints/readers/torch_names.h"

#include <string.h>

enum { BYTES_PER_BYTE = 8, BYTES_AT_LEAST = 65536 };

/* The token embedding as HF transformers names it, longest first where one ends in another: what stands before it is
 * the prefix of a wrapper (Lightning's attribute, DistributedDataParallel's "module." ...). */
static const char *const EMBEDDINGS[] = {
    "gpt_neox.embed_in.weight",
    "model.decoder.embed_tokens.weight",
    "model.embed_tokens.weight",
    "transformer.word_embeddings.weight",
    "transformer.wte.weight",
    "bert.embeddings.word_embeddings.weight",
    "roberta.embeddings.word_embeddings.weight",
};

/* How the names of a state dict begin that holds more than one model, the likeliest first. */
static const char *const MODELS[] = {"state_dict.", "model.", "module.", "model_state_dict.", "app."};

/* Prefixes that mean nothing to anybody, for models whose embedding has another name. */
static const char *const WRAPPERS[] = {"module.", "_forward_module."};

/* Parts of names that FSDP, checkpointed activations and torch.compile put between those of the modules they wrap. */
static const char *const PARTS[] = {"_fsdp_wrapped_module.", "_checkpoint_wrapped_module.", "_orig_mod."};

/* What transformers 5 calls by another name in memory, and so in a state dict, than in the files that save_pretrained
 * writes; of the model that has the embedding. */
static const struct {
    const char *embedding, *in_memory, *in_files;
} RENAMED[] = {
    {"gpt_neox.embed_in.weight", "lm_head.weight", "embed_out.weight"},
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

struct spt_torch_names spt_torch_names_of(struct spt_contents *contents, const char *path,
                                          const struct spt_pickle *pickle) {
    return (struct spt_torch_names){
        .contents = contents, .path = path, .left = BYTES_AT_LEAST + (uint64_t)pickle->length * BYTES_PER_BYTE};
}

enum spt_status spt_torch_names_copy(struct spt_torch_names *names, const char *text, size_t length, const char **copy,
                                     struct spt_error *error) {
    const size_t cost = length + sizeof(struct spt_tensor);
    if (length > SPT_TORCH_NAME_MAX)
        return spt_fail(error, SPT_INVALID, names->path, "a tensor's name of %zu bytes; at most %d are read", length,
                        SPT_TORCH_NAME_MAX);
    if (cost > names->left)
        return spt_fail(error, SPT_INVALID, names->path,
                        "its pickle names more tensors, or by longer names, than its bytes are worth");
    names->left -= cost;
    *copy = spt_arena_copy(&names->contents->arena, text, length);
    if (!*copy) return spt_fail_memory(error, length, "a tensor's name");
    if (strlen(*copy) != length || !spt_contents_name_is_clean(*copy))
        return spt_fail(error, SPT_INVALID, names->path, "a tensor's name holds control characters or no UTF-8: \"%s\"",
                        *copy);
    return SPT_OK;
}

/* false: name is no embedding's. *length: of what stands before an embedding's own name. */
static bool find_prefix(const char *name, size_t *length) {
    const size_t whole = strlen(name);
    for (size_t i = 0; i < COUNT(EMBEDDINGS); i++) {
        const size_t own = strlen(EMBEDDINGS[i]);
        if (whole < own || strcmp(name + whole - own, EMBEDDINGS[i]) != 0) continue;
        *length = whole - own;
        if (*length == 0 || name[*length - 1] == '.') return true;
    }
    return false;
}

/* The place of name's first part in MODELS, COUNT(MODELS) when it is none of them. */
static size_t model_of(const char *name) {
    size_t i = 0;
    for (; i < COUNT(MODELS); i++)
        if (strncmp(name, MODELS[i], strlen(MODELS[i])) == 0) break;
    return i;
}

static void strip(struct spt_tensor *tensors, size_t count, const char *prefix, size_t length) {
    for (size_t i = 0; i < count; i++)
        if (strncmp(tensors[i].name, prefix, length) == 0) tensors[i].name += length;
}

/* Of several embeddings (a moving average of the weights beside them) the one counts that has nothing before its name,
 * else the first of MODELS. */
static bool strip_to_embedding(struct spt_tensor *tensors, size_t count) {
    const char *best = NULL;
    size_t best_length = 0, length;
    for (size_t i = 0; i < count; i++) {
        if (!find_prefix(tensors[i].name, &length)) continue;
        if (length == 0) return true;
        if (best && model_of(tensors[i].name) >= model_of(best)) continue;
        best = tensors[i].name;
        best_length = length;
    }
    if (best) strip(tensors, count, best, best_length);
    return best != NULL;
}

static void strip_wrappers(struct spt_tensor *tensors, size_t count) {
    for (size_t w = 0; w < COUNT(WRAPPERS); w++) {
        const size_t length = strlen(WRAPPERS[w]);
        size_t having = 0;
        while (having < count && strncmp(tensors[having].name, WRAPPERS[w], length) == 0 &&
               tensors[having].name[length])
            having++;
        if (having == count) strip(tensors, count, WRAPPERS[w], length);
    }
}

/* The first of PARTS in name from at on that is a part of it, with more behind; NULL: none. */
static const char *find_part(const char *name, const char *at, size_t *length) {
    const char *found = NULL;
    for (size_t p = 0; p < COUNT(PARTS); p++) {
        const size_t own = strlen(PARTS[p]);
        for (const char *next = at; (next = strstr(next, PARTS[p])) != NULL; next++) {
            if ((next != name && next[-1] != '.') || !next[own]) continue;
            if (!found || next < found) found = next, *length = own;
            break;
        }
    }
    return found;
}

/* Names without PARTS are left where they are. */
static enum spt_status drop_parts(struct spt_contents *contents, const char **name, struct spt_error *error) {
    size_t length = 0;
    const char *part = find_part(*name, *name, &length);
    if (!part) return SPT_OK;
    char *copy = spt_arena_copy(&contents->arena, *name, strlen(*name));
    if (!copy) return spt_fail_memory(error, strlen(*name), "a tensor's name");
    size_t at = (size_t)(part - *name);
    while (part) {
        memmove(copy + at, copy + at + length, strlen(copy + at + length) + 1);
        part = find_part(copy, copy + at, &length);
        if (part) at = (size_t)(part - copy);
    }
    *name = copy;
    return SPT_OK;
}

static struct spt_tensor *find(struct spt_tensor *tensors, size_t count, const char *name) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(tensors[i].name, name) == 0) return &tensors[i];
    return NULL;
}

static void rename_as_in_files(struct spt_tensor *tensors, size_t count) {
    for (size_t i = 0; i < COUNT(RENAMED); i++) {
        struct spt_tensor *tensor = find(tensors, count, RENAMED[i].in_memory);
        if (tensor && find(tensors, count, RENAMED[i].embedding) && !find(tensors, count, RENAMED[i].in_files))
            tensor->name = RENAMED[i].in_files;
    }
}

enum spt_status spt_torch_names_strip(struct spt_contents *contents, size_t first, struct spt_error *error) {
    struct spt_tensor *tensors = contents->tensors + first;
    const size_t count = contents->tensor_count - first;
    for (size_t i = 0; i < count; i++) {
        const enum spt_status status = drop_parts(contents, &tensors[i].name, error);
        if (status != SPT_OK) return status;
    }
    if (!strip_to_embedding(tensors, count)) strip_wrappers(tensors, count);
    rename_as_in_files(tensors, count);
    return SPT_OK;
}
