#include "checkpoints/readers/torch_state.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoints/base/text.h"
#include "checkpoints/readers/neox.h"
#include "checkpoints/readers/torch_tensor.h"

enum {
    DEPTH_MAX = 32,
    NAME_MAX_BYTES = 1024,
    NAMES_PER_BYTE = 8, /* bytes of names for a byte of pickle: strings can be used again, names are made anew */
    NAMES_AT_LEAST = 65536,
};

/* Under what names trainers put the state dict. */
static const char *const STATE_DICTS[] = {"state_dict", "model_state_dict", "model", "module"};

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

/* Prefixes that mean nothing to anybody, for models whose embedding has another name. */
static const char *const WRAPPERS[] = {"module.", "_orig_mod.", "_forward_module."};

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum mark { UNSEEN, ON_PATH, DONE };

struct walk {
    const struct spt_torch_file *file;
    const struct spt_pickle *pickle;
    const char *path;
    unsigned char *marks; /* [node_count] enum mark */
    struct spt_text name;
    uint64_t names_left; /* bytes */
    size_t depth;
};

static bool is_container(const struct spt_pickle *pickle, spt_pickle_id id) {
    const enum spt_pickle_kind kind = spt_pickle_kind(pickle, id);
    return kind >= SPT_PICKLE_TUPLE && kind <= SPT_PICKLE_CALL;
}

static enum spt_status add_tensor(struct walk *w, const struct spt_torch_call *call, struct spt_error *error) {
    const char *name = w->depth ? w->name.data : "tensor";
    const bool holds_nul = w->depth && strlen(name) != w->name.length;
    if (holds_nul || !spt_contents_name_is_clean(name))
        return spt_fail(error, SPT_INVALID, w->path, "a tensor's name holds control characters or no UTF-8: \"%s\"",
                        name);
    const size_t length = strlen(name);
    if (length > NAME_MAX_BYTES || length > w->names_left)
        return spt_fail(
            error, SPT_INVALID, w->path,
            "a tensor's name of %zu bytes; at most %d are read, and of all names no more than the pickle is worth",
            length, NAME_MAX_BYTES);
    w->names_left -= length;
    const char *copy = spt_arena_copy(&w->file->contents->arena, name, length);
    if (!copy) return spt_fail_memory(error, length, "a tensor's name");
    return spt_torch_add_tensor(w->file, call, copy, error);
}

/* Appends a key or index to the path; false: it is of a kind that names nothing. */
static bool put_key(struct walk *w, const struct spt_pickle_item *item, size_t index) {
    size_t length;
    int64_t number = (int64_t)index;
    const char *text = spt_pickle_text(w->pickle, item->key, &length);
    if (!text && item->key != SPT_PICKLE_NOTHING && !spt_pickle_integer(w->pickle, item->key, &number)) return false;
    if (w->depth > 1) spt_text_put(&w->name, ".");
    if (!text)
        spt_text_format(&w->name, "%" PRId64, number);
    else /* longer is refused when a tensor has it */
        spt_text_append(&w->name, text, length > NAME_MAX_BYTES ? NAME_MAX_BYTES + 1 : length);
    return true;
}

static void cut_name(struct walk *w, size_t length) {
    w->name.length = length;
    if (w->name.data) w->name.data[length] = '\0';
}

/* The tensors of node and of what it holds, depth first; a container that is met twice counts where it was first. */
static enum spt_status visit(struct walk *w, spt_pickle_id id, struct spt_error *error) {
    struct spt_torch_call call;
    if (spt_torch_tensor_of(w->pickle, id, &call)) return add_tensor(w, &call, error);
    if (!is_container(w->pickle, id) || w->marks[id] == DONE) return SPT_OK;
    if (w->marks[id] == ON_PATH)
        return spt_fail(error, SPT_INVALID, w->path, "\"%s\" holds itself", w->name.data ? w->name.data : "");
    if (w->depth == DEPTH_MAX)
        return spt_fail(error, SPT_INVALID, w->path, "\"%s\" is nested deeper than %d", w->name.data, DEPTH_MAX);
    w->marks[id] = ON_PATH;
    w->depth++;
    const size_t length = w->name.length;
    enum spt_status status = SPT_OK;
    size_t index = 0;
    for (const struct spt_pickle_item *i = spt_pickle_first(w->pickle, id); i && status == SPT_OK;
         i = spt_pickle_next(w->pickle, i), index++) {
        if (!put_key(w, i, index)) continue;
        if (w->name.failed) status = spt_fail_memory(error, length, "a tensor's name");
        if (status == SPT_OK) status = visit(w, i->value, error);
        cut_name(w, length);
    }
    w->depth--;
    w->marks[id] = DONE;
    return status;
}

static bool has_tensors(const struct spt_pickle *pickle, spt_pickle_id id) {
    struct spt_torch_call call;
    for (const struct spt_pickle_item *i = spt_pickle_first(pickle, id); i; i = spt_pickle_next(pickle, i))
        if (spt_torch_tensor_of(pickle, i->value, &call)) return true;
    return false;
}

/* The value of the last pair with that key. */
static spt_pickle_id value_of(const struct spt_pickle *pickle, spt_pickle_id dict, const char *key) {
    spt_pickle_id value = SPT_PICKLE_NOTHING;
    for (const struct spt_pickle_item *i = spt_pickle_first(pickle, dict); i; i = spt_pickle_next(pickle, i))
        if (i->key != SPT_PICKLE_NOTHING && spt_pickle_text_is(pickle, i->key, key)) value = i->value;
    return value;
}

/* Asked for before the root's own tensors: a trainer puts the state of its random numbers beside the state dict. */
static spt_pickle_id find_state_dict(const struct spt_pickle *pickle) {
    if (!is_container(pickle, pickle->root)) return pickle->root;
    for (size_t i = 0; i < COUNT(STATE_DICTS); i++) {
        const spt_pickle_id id = value_of(pickle, pickle->root, STATE_DICTS[i]);
        if (id != SPT_PICKLE_NOTHING && is_container(pickle, id) && has_tensors(pickle, id)) return id;
    }
    return pickle->root;
}

/* DeepSpeed's file of a rank, whatever else its trainer put into it. */
static bool is_deepspeed(const struct spt_pickle *pickle) {
    return value_of(pickle, pickle->root, "module") != SPT_PICKLE_NOTHING &&
           value_of(pickle, pickle->root, "global_steps") != SPT_PICKLE_NOTHING;
}

/* What of a DeepSpeed file's own account of itself keeps it from being read. */
static enum spt_status check_deepspeed(const struct walk *w, struct spt_error *error) {
    int64_t ranks = 1;
    if (!is_deepspeed(w->pickle)) return SPT_OK;
    if (spt_pickle_integer(w->pickle, value_of(w->pickle, w->pickle->root, "mp_world_size"), &ranks) && ranks > 1)
        return spt_fail(error, SPT_UNSUPPORTED, w->path,
                        "DeepSpeed's states of one of %" PRId64 " model-parallel ranks; one rank is read", ranks);
    if (find_state_dict(w->pickle) != w->pickle->root) return SPT_OK;
    return spt_fail(error, SPT_UNSUPPORTED, w->path,
                    "DeepSpeed's states without a model: its module is empty, and the weights are in other files (of "
                    "layers, or of ranks under ZeRO stage 3)");
}

/* Length of what stands before an embedding's name, 0 when there is none or nothing before it. */
static size_t prefix_of(const char *name) {
    const size_t length = strlen(name);
    for (size_t i = 0; i < COUNT(EMBEDDINGS); i++) {
        const size_t tail = strlen(EMBEDDINGS[i]);
        if (length < tail || memcmp(name + length - tail, EMBEDDINGS[i], tail) != 0) continue;
        if (length == tail || name[length - tail - 1] == '.') return length - tail;
    }
    return 0;
}

static void strip(struct spt_tensor *tensors, size_t count, const char *prefix, size_t length) {
    for (size_t i = 0; i < count; i++)
        if (strncmp(tensors[i].name, prefix, length) == 0) tensors[i].name += length;
}

/* Names as HF transformers has them. Those of a shard are the index's and stay. */
static void strip_prefixes(struct spt_tensor *tensors, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const size_t length = prefix_of(tensors[i].name);
        if (length > 0) {
            strip(tensors, count, tensors[i].name, length);
            return;
        }
    }
    for (size_t w = 0; w < COUNT(WRAPPERS); w++) {
        const size_t length = strlen(WRAPPERS[w]);
        size_t having = 0;
        while (having < count && strncmp(tensors[having].name, WRAPPERS[w], length) == 0 &&
               tensors[having].name[length])
            having++;
        if (having == count) strip(tensors, count, WRAPPERS[w], length);
    }
}

static enum spt_status add_opaque(struct walk *w, spt_pickle_id id, struct spt_error *error) {
    struct spt_contents *contents = w->file->contents;
    size_t module_length, length;
    const char *module = spt_pickle_text(w->pickle, spt_pickle_module(w->pickle, id), &module_length);
    const char *name = spt_pickle_text(w->pickle, spt_pickle_name(w->pickle, id), &length);
    char full[SPT_OPAQUE_NAME];
    (void)snprintf(full, sizeof full, "%.*s.%.*s", (int)(module_length < 128 ? module_length : 128), module,
                   (int)(length < 128 ? length : 128), name);
    for (size_t i = 0; i < contents->opaque_count; i++)
        if (strcmp(contents->opaque[i], full) == 0) return SPT_OK;
    if (contents->opaque_count == SPT_OPAQUE_MAX) return SPT_OK;
    const char *copy = spt_arena_copy(&contents->arena, full, strlen(full));
    if (!copy) return spt_fail_memory(error, strlen(full), "a global's name");
    contents->opaque[contents->opaque_count++] = copy;
    return SPT_OK;
}

/* Every name that Python would have imported. */
static enum spt_status check_globals(struct walk *w, struct spt_error *error) {
    for (size_t id = 0; id < w->pickle->node_count; id++) {
        if (w->pickle->nodes[id].kind != SPT_PICKLE_GLOBAL) continue;
        const struct spt_torch_global *global = spt_torch_global_of(w->pickle, (spt_pickle_id)id);
        enum spt_status status = SPT_OK;
        if (global->meaning == SPT_TORCH_UNKNOWN) status = add_opaque(w, (spt_pickle_id)id, error);
        if (global->meaning == SPT_TORCH_REFUSED) {
            size_t length;
            const char *name = spt_pickle_text(w->pickle, spt_pickle_name(w->pickle, (spt_pickle_id)id), &length);
            status =
                spt_fail(error, SPT_INVALID, w->path,
                         "its pickle names %s.%.*s: to run programs or code is no weights file's business (nothing "
                         "was run)",
                         global->module, (int)(length < 64 ? length : 64), name);
        }
        if (status != SPT_OK) return status;
    }
    return SPT_OK;
}

static enum spt_status no_tensors(const struct walk *w, struct spt_error *error) {
    const struct spt_contents *contents = w->file->contents;
    if (contents->opaque_count)
        return spt_fail(error, SPT_UNSUPPORTED, w->path,
                        "%s, but no tensors in a state dict: whole objects (here of %s) are not made", w->file->format,
                        contents->opaque[0]);
    return spt_fail(error, SPT_INVALID, w->path, "%s without tensors", w->file->format);
}

static void put_format(const struct spt_torch_file *file) {
    struct spt_contents *contents = file->contents;
    const struct spt_pickle *pickle = file->pickle;
    int64_t step;
    if (contents->in_index) return;
    const bool lightning = value_of(pickle, pickle->root, "pytorch-lightning_version") != SPT_PICKLE_NOTHING;
    const char *const key = is_deepspeed(pickle) ? "global_steps" : "global_step";
    const bool known = spt_pickle_integer(pickle, value_of(pickle, pickle->root, key), &step);
    char at[32] = "";
    if (known) (void)snprintf(at, sizeof at, ", global_step %" PRId64, step);
    (void)snprintf(contents->format, sizeof contents->format, "%s%s%s", file->format, lightning ? ", Lightning" : "",
                   at);
}

enum spt_status spt_torch_add_tensors(const struct spt_torch_file *file, struct spt_error *error) {
    struct spt_contents *contents = file->contents;
    struct walk w = {.file = file,
                     .pickle = file->pickle,
                     .path = contents->files[file->file].path,
                     .names_left = NAMES_AT_LEAST + (uint64_t)file->pickle->length * NAMES_PER_BYTE};
    enum spt_status status = check_globals(&w, error);
    if (status == SPT_OK) status = check_deepspeed(&w, error);
    if (status != SPT_OK) return status;
    w.marks = spt_alloc_zeroed(w.pickle->node_count, 1);
    if (!w.marks) return spt_fail_memory(error, w.pickle->node_count, "the nodes of a pickle");
    const size_t first = contents->tensor_count;
    status = visit(&w, find_state_dict(w.pickle), error);
    free(w.marks);
    spt_text_release(&w.name);
    if (status != SPT_OK) return status;
    if (contents->tensor_count == first) return no_tensors(&w, error);
    put_format(file);
    if (contents->in_index) return SPT_OK;
    strip_prefixes(contents->tensors + first, contents->tensor_count - first);
    return spt_neox_rename_sequential(contents, first, error);
}
