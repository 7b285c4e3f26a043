#include "checkpoints/readers/torch_state.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoints/base/text.h"
#include "checkpoints/readers/neox.h"
#include "checkpoints/readers/torch_names.h"
#include "checkpoints/readers/torch_tensor.h"

enum {
    DEPTH_MAX = 32,
};

/* Under what names trainers put the state dict. */
static const char *const STATE_DICTS[] = {"state_dict", "model_state_dict", "model", "module"};

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum mark { UNSEEN, ON_PATH, DONE };

struct walk {
    const struct spt_torch_file *file;
    const struct spt_pickle *pickle;
    const char *path;
    unsigned char *marks; /* [node_count] enum mark */
    struct spt_text name;
    struct spt_torch_names names;
    size_t depth;
};

static bool is_container(const struct spt_pickle *pickle, spt_pickle_id id) {
    const enum spt_pickle_kind kind = spt_pickle_kind(pickle, id);
    return kind >= SPT_PICKLE_TUPLE && kind <= SPT_PICKLE_CALL;
}

static enum spt_status add_tensor(struct walk *w, const struct spt_torch_call *call, struct spt_error *error) {
    const char *name = w->depth ? w->name.data : "tensor";
    const char *copy = NULL;
    const enum spt_status status =
        spt_torch_names_copy(&w->names, name, w->depth ? w->name.length : strlen(name), &copy, error);
    if (status != SPT_OK) return status;
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
        spt_text_append(&w->name, text, length > SPT_TORCH_NAME_MAX ? SPT_TORCH_NAME_MAX + 1 : length);
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

/* Asked for before the root's own tensors: a trainer puts the state of its random numbers beside the state dict. */
static spt_pickle_id find_state_dict(const struct spt_pickle *pickle) {
    if (!is_container(pickle, pickle->root)) return pickle->root;
    for (size_t i = 0; i < COUNT(STATE_DICTS); i++) {
        const spt_pickle_id id = spt_pickle_value(pickle, pickle->root, STATE_DICTS[i]);
        if (id != SPT_PICKLE_NOTHING && is_container(pickle, id) && has_tensors(pickle, id)) return id;
    }
    return pickle->root;
}

/* DeepSpeed's file of a rank, whatever else its trainer put into it. */
static bool is_deepspeed(const struct spt_pickle *pickle) {
    return spt_pickle_value(pickle, pickle->root, "module") != SPT_PICKLE_NOTHING &&
           spt_pickle_value(pickle, pickle->root, "global_steps") != SPT_PICKLE_NOTHING;
}

/* What of a DeepSpeed file's own account of itself keeps it from being read. */
static enum spt_status check_deepspeed(const struct walk *w, struct spt_error *error) {
    const struct spt_pickle *pickle = w->pickle;
    int64_t ranks = 1;
    if (!is_deepspeed(pickle)) return SPT_OK;
    if (spt_pickle_integer(pickle, spt_pickle_value(pickle, pickle->root, "mp_world_size"), &ranks) && ranks > 1)
        return spt_fail(error, SPT_UNSUPPORTED, w->path,
                        "DeepSpeed's states of one of %" PRId64 " model-parallel ranks; one rank is read", ranks);
    if (find_state_dict(pickle) != pickle->root) return SPT_OK;
    return spt_fail(error, SPT_UNSUPPORTED, w->path,
                    "DeepSpeed's states without a model: its module is empty, and the weights are in other files (of "
                    "layers, or of ranks under ZeRO stage 3)");
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
    const bool lightning = spt_pickle_value(pickle, pickle->root, "pytorch-lightning_version") != SPT_PICKLE_NOTHING;
    const char *const key = is_deepspeed(pickle) ? "global_steps" : "global_step";
    const bool known = spt_pickle_integer(pickle, spt_pickle_value(pickle, pickle->root, key), &step);
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
                     .names = spt_torch_names_of(contents, contents->files[file->file].path, file->pickle)};
    enum spt_status status = spt_torch_check_globals(contents, w.path, w.pickle, error);
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
    if (!contents->in_index) status = spt_torch_names_strip(contents, first, error);
    if (!contents->in_index && status == SPT_OK) status = spt_neox_rename_sequential(contents, first, error);
    if (status == SPT_OK) put_format(file);
    return status;
}

enum spt_status spt_torch_add_one(const struct spt_torch_file *file, const char *name, struct spt_error *error) {
    const char *path = file->contents->files[file->file].path;
    const struct spt_pickle *pickle = file->pickle;
    struct spt_torch_call call;
    const enum spt_status status = spt_torch_check_globals(file->contents, path, pickle, error);
    if (status != SPT_OK) return status;
    if (!spt_torch_tensor_of(pickle, pickle->root, &call))
        return spt_fail(error, SPT_INVALID, path, "what was saved as \"%s\" is no tensor", name);
    return spt_torch_add_tensor(file, &call, name, error);
}
