#include "checkpoints/run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoints/archive/archive.h"
#include "checkpoints/base/memory.h"
#include "checkpoints/base/text.h"
#include "checkpoints/checkpoint.h"
#include "checkpoints/layouts/layouts.h"
#include "checkpoints/layouts/place.h"
#include "checkpoints/model_config/neox.h"

/* Asked in this order; the first that finds a checkpoint has it. */
static const struct {
    const char *name;
    enum spt_status (*list)(struct spt_listing *listing, struct spt_error *error);
} LAYOUTS[] = {
    {"HF Trainer", spt_layout_hf_trainer},
    {"step directories", spt_layout_step_directories},
    {"hub cache", spt_layout_hub_cache},
    {"step files", spt_layout_step_files},
    {"single checkpoint", spt_layout_single_checkpoint},
    {"PyTorch Lightning", spt_layout_lightning},
};
enum { LAYOUT_COUNT = sizeof LAYOUTS / sizeof *LAYOUTS, SHOWN_ENTRIES = 6 };
static const char SINGLE[] = "single checkpoint";

/* config.json or a tokenizer for checkpoints that have none of their own: in the run's folder, the one above, and the
 * one in which the run's archive lies. */
static enum spt_status find_shared(struct spt_tree *tree, const char *root,
                                   char *(*look_in)(struct spt_tree *tree, const char *directory, bool *memory),
                                   char **found, struct spt_error *error) {
    bool memory = true;
    const char *const below[] = {root, tree ? spt_archive_path(tree) : NULL};
    *found = look_in(tree, root, &memory);
    for (size_t i = 0; i < 2 && below[i] && !*found && memory; i++) {
        if (strcmp(below[i], "/") == 0) continue;
        char *parent = spt_place_parent_of(below[i]);
        *found = parent ? look_in(tree, parent, &memory) : NULL;
        memory = memory && parent;
        free(parent);
    }
    return memory ? SPT_OK : spt_fail_memory(error, strlen(root), "a path");
}

/* What the user named, on the disk or in the run's own archive: *found is owned, NULL if nothing was named. */
static enum spt_status find_named(struct spt_tree *tree, const char *path, const char *what, char **found,
                                  struct spt_error *error) {
    struct spt_look look;
    struct spt_error why = {0};
    bool below_file;
    if (!path) return SPT_OK;
    const enum spt_status status = spt_place_within(tree, path, found, &below_file, error);
    if (status != SPT_OK) return status;
    if (!*found && below_file)
        return spt_fail(error, SPT_INVALID, path,
                        "cannot %s: it lies below a file, expected one on the disk or in the archive of this run",
                        what);
    if (!*found) *found = spt_strdup(path);
    if (!*found) return spt_fail_memory(error, strlen(path), "a path");
    if (spt_tree_look(tree, *found, &look, &why) != SPT_OK)
        return why.system ? spt_fail_system(error, why.system, path, what)
                          : spt_fail(error, SPT_INVALID, path, "cannot %s: %s", what, why.message);
    if (look.kind == SPT_KIND_FILE) return SPT_OK;
    return spt_fail(error, SPT_INVALID, path, "cannot %s: no regular file", what);
}

static enum spt_status fail_nothing_found(const struct spt_listing *listing, const char *path,
                                          struct spt_error *error) {
    struct spt_text found = {0}, expected = {0};
    const size_t count = listing->entries.count;
    for (size_t i = 0; i < count && i < SHOWN_ENTRIES; i++) {
        const struct spt_entry *entry = &listing->entries.items[i];
        spt_text_format(&found, "%s%.60s%s", i ? ", " : "", entry->name, entry->directory ? "/" : "");
    }
    if (count > SHOWN_ENTRIES) spt_text_format(&found, " and %zu more", count - SHOWN_ENTRIES);
    spt_step_names_describe(listing->names, &expected);
    enum spt_status status;
    if (found.failed || expected.failed)
        status = spt_fail_memory(error, found.length, "a message");
    else
        status =
            spt_fail(error, SPT_END, path,
                     "no checkpoint: found %s; expected a weights file (model.safetensors or its index), a hub cache "
                     "(models--org--repo) or folders with %s",
                     count ? found.data : "an empty folder", expected.data);
    spt_text_release(&found);
    spt_text_release(&expected);
    return status;
}

/* What the layouts start from. */
static enum spt_status prepare(struct spt_listing *listing, struct spt_error *error) {
    const struct spt_run_options *options = listing->options;
    struct spt_tree *tree = listing->tree;
    enum spt_status status =
        find_named(tree, options->model_config, "use this model config", &listing->named_config, error);
    if (!status) status = find_named(tree, options->tokenizer, "use this tokenizer", &listing->named_tokenizer, error);
    if (!status) status = find_shared(tree, listing->root, spt_listing_config, &listing->config, error);
    if (!status) status = find_shared(tree, listing->root, spt_listing_tokenizer, &listing->tokenizer, error);
    return status;
}

static enum spt_status read_root(struct spt_listing *listing, struct spt_error *error) {
    if (listing->file) return SPT_OK;
    if (listing->memory) return spt_folder_memory_entries(listing->memory, listing->root, &listing->entries, error);
    return spt_entries_read(listing->tree, listing->root, &listing->entries, error);
}

static enum spt_status list(struct spt_listing *listing, const char *path, const char **layout,
                            struct spt_error *error) {
    enum spt_status status = read_root(listing, error);
    if (status) return status;
    for (size_t i = 0; i < LAYOUT_COUNT; i++) {
        status = LAYOUTS[i].list(listing, error);
        if (status == SPT_END) continue;
        *layout = listing->only || listing->file ? SINGLE : LAYOUTS[i].name;
        return status;
    }
    return fail_nothing_found(listing, path, error);
}

static int compare_refs(const void *left, const void *right) {
    const struct spt_checkpoint_ref *a = left, *b = right;
    if ((a->step == SPT_NO_STEP) != (b->step == SPT_NO_STEP)) return a->step == SPT_NO_STEP ? 1 : -1;
    int order = strcmp(a->branch, b->branch);
    if (!order) order = (a->step > b->step) - (a->step < b->step);
    if (!order) order = strcmp(a->label, b->label);
    return order ? order : strcmp(a->uri, b->uri);
}

static enum spt_status make_run(struct spt_listing *listing, struct spt_place *place, const char *layout,
                                struct spt_run **run, struct spt_error *error) {
    struct spt_run *made = calloc(1, sizeof *made);
    if (!made) return spt_fail_memory(error, sizeof *made, "a run");
    qsort(listing->refs, listing->count, sizeof *listing->refs, compare_refs);
    *made = (struct spt_run){.tree = place->tree,
                             .root = place->root,
                             .name = place->name,
                             .layout = layout,
                             .refs = listing->refs,
                             .count = listing->count};
    place->tree = NULL;
    place->root = place->name = NULL;
    listing->refs = NULL;
    *run = made;
    return SPT_OK;
}

/* The files in an archive change with it. */
static void hash_archive(struct spt_hash_stream *stream, const struct spt_file_identity *identity) {
    spt_hash_add_u64(stream, identity->device);
    spt_hash_add_u64(stream, identity->inode);
    spt_hash_add_u64(stream, identity->size);
    spt_hash_add_u64(stream, (uint64_t)identity->mtime_ns);
    spt_hash_add_u64(stream, (uint64_t)identity->ctime_ns);
}

/* All that a listing is made of besides what lies in its folders. */
static enum spt_status place_of(const struct spt_listing *listing, struct spt_hash *place, struct spt_error *error) {
    const char *const parts[] = {listing->root, listing->only, listing->file, listing->config, listing->tokenizer};
    struct spt_hash_stream *stream = spt_hash_new();
    if (!stream) return spt_fail_memory(error, 0, "a run's place");
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        spt_hash_add_u64(stream, parts[i] != NULL);
        spt_hash_add_text(stream, parts[i] ? parts[i] : "");
    }
    if (listing->tree) hash_archive(stream, spt_archive_identity(listing->tree));
    *place = spt_hash_value(stream);
    spt_hash_free(stream);
    return SPT_OK;
}

/* Of what lies in an archive the listing asks no memory: its place says whether anything changed. */
static enum spt_status look(struct spt_listing *listing, struct spt_place *place, const char *path,
                            struct spt_folder_memory *memory, struct spt_run *before, struct spt_run **run,
                            struct spt_error *error) {
    struct spt_hash hash;
    const char *layout = NULL;
    enum spt_status status = prepare(listing, error);
    if (!status) status = place_of(listing, &hash, error);
    if (status) return status;
    if (memory && spt_folder_memory_check(memory, hash) && before) {
        *run = before;
        return SPT_OK;
    }
    status = list(listing, path, &layout, error);
    if (!status) status = make_run(listing, place, layout, run, error);
    if (!status && memory) spt_folder_memory_keep(memory);
    return status;
}

enum spt_status spt_run_look(const char *path, const struct spt_run_options *options, struct spt_folder_memory *memory,
                             struct spt_run *before, struct spt_run **run, struct spt_error *error) {
    struct spt_step_names *names = NULL;
    enum spt_status status = spt_step_names_new(options->step_pattern, &names, error);
    if (status) return status;
    struct spt_place place = {0};
    status = spt_place_find(path, options, names, before ? before->tree : NULL, &place, error);
    struct spt_listing listing = {.tree = place.tree,
                                  .root = place.root,
                                  .name = place.name,
                                  .only = place.only,
                                  .file = place.file,
                                  .options = options,
                                  .names = names,
                                  .memory = place.tree ? NULL : memory};
    if (!status) status = look(&listing, &place, path, memory, before, run, error);
    spt_listing_release(&listing);
    spt_place_release(&place);
    spt_step_names_free(names);
    return status;
}

enum spt_status spt_run_open(const char *path, const struct spt_run_options *options, struct spt_run **run,
                             struct spt_error *error) {
    const struct spt_run_options none = {0};
    struct spt_error why;
    if (!error) error = &why;
    const enum spt_status status = spt_run_look(path, options ? options : &none, NULL, NULL, run, error);
    if (status != SPT_END) return status;
    error->status = error->system ? SPT_IO : SPT_INVALID;
    return error->status;
}

void spt_run_close(struct spt_run *run) {
    if (!run) return;
    for (size_t i = 0; i < run->count; i++) spt_checkpoint_ref_release(&run->refs[i]);
    free(run->refs);
    free(run->root);
    free(run->name);
    spt_tree_let_go(run->tree);
    free(run);
}

/* Whether root names a member is not asked: that would take a listing of the archive. */
bool spt_run_is_root_there(const char *root) {
    char *path = spt_strdup(root);
    bool there = false, below_file = path != NULL;
    while (below_file && !there) {
        struct spt_look look;
        struct spt_error why = {0};
        there = spt_tree_look(NULL, path, &look, &why) == SPT_OK;
        char *slash = strrchr(path, '/');
        below_file = !there && why.system == ENOTDIR && slash && slash != path;
        if (below_file) *slash = '\0';
    }
    free(path);
    return there;
}

/* --- the model --- */

/* The rows of GPT-NeoX's embedding. */
static enum spt_status count_tokens(const struct spt_checkpoint_ref *ref, const struct spt_checkpoint *checkpoint,
                                    size_t *tokens, struct spt_error *error) {
    static const char *const NAMES[] = {"gpt_neox.embed_in.weight", "word_embeddings.weight"};
    const struct spt_tensor *embedding = NULL;
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES && !embedding; i++)
        embedding = spt_checkpoint_find(checkpoint, NAMES[i]);
    if (!embedding || embedding->rank != 2)
        return spt_fail(error, SPT_INVALID, ref->path,
                        "a config of GPT-NeoX (%s), but no embedding of a GPT-NeoX model among the tensors",
                        ref->config);
    *tokens = embedding->shape[0];
    return SPT_OK;
}

/* The file of the embedding's layer where there is one, so that no other is opened for its rows. */
static enum spt_status open_embedding(const struct spt_checkpoint_ref *ref, struct spt_checkpoint **checkpoint,
                                      struct spt_error *error) {
    const struct spt_checkpoint_options options = {.tree = ref->tree};
    char *layer = spt_file_join(ref->path, "layer_00-model_00-model_states.pt");
    if (!layer) return spt_fail_memory(error, strlen(ref->path), "a path");
    const char *path = spt_tree_is_file(ref->tree, layer) ? layer : ref->path;
    const enum spt_status status = spt_checkpoint_open(path, &options, checkpoint, error);
    free(layer);
    return status;
}

bool spt_run_model_takes_weights(const struct spt_checkpoint_ref *ref) {
    return ref->config && spt_neox_config_is(ref->tree, ref->config);
}

enum spt_status spt_run_read_model_of(const struct spt_checkpoint_ref *ref, const struct spt_checkpoint *checkpoint,
                                      struct spt_model_config *config, struct spt_error *error) {
    size_t tokens = 0;
    if (!ref->config)
        return spt_fail(error, SPT_RETRY, ref->path,
                        "no config.json here, in the run's folder or above it; --model-config names one");
    if (!spt_run_model_takes_weights(ref)) return spt_model_config_read_in(ref->tree, ref->config, config, error);
    const enum spt_status status = count_tokens(ref, checkpoint, &tokens, error);
    return status ? status : spt_neox_config_read(ref->tree, ref->config, tokens, config, error);
}

enum spt_status spt_run_read_model(const struct spt_checkpoint_ref *ref, struct spt_model_config *config,
                                   struct spt_error *error) {
    struct spt_checkpoint *checkpoint = NULL;
    enum spt_status status = spt_run_model_takes_weights(ref) ? open_embedding(ref, &checkpoint, error) : SPT_OK;
    if (!status) status = spt_run_read_model_of(ref, checkpoint, config, error);
    spt_checkpoint_close(checkpoint);
    return status;
}

enum spt_status spt_run_check_marker(const struct spt_checkpoint_ref *ref, struct spt_error *error) {
    if (!ref->awaits) return SPT_OK;
    return spt_fail(error, SPT_RETRY, ref->path, "%s is not there yet: its trainer writes it last", ref->awaits);
}

static enum spt_status fail_to_look(const struct spt_checkpoint_ref *ref, enum spt_status status,
                                    const struct spt_error *why, struct spt_error *error) {
    if (why->system) return spt_fail_system(error, why->system, ref->path, "look at the checkpoint");
    return spt_fail(error, status, ref->path, "%s", why->message);
}

enum spt_status spt_run_fingerprint(const struct spt_checkpoint_ref *ref, struct spt_hash *fingerprint,
                                    struct spt_error *error) {
    struct spt_look look;
    struct spt_error why;
    enum spt_status status = spt_tree_look(ref->tree, ref->path, &look, &why);
    if (status) return fail_to_look(ref, status, &why, error);
    const bool is_folder = look.kind == SPT_KIND_FOLDER;
    char *path = is_folder ? spt_strdup(ref->path) : spt_place_parent_of(ref->path);
    if (!path) return spt_fail_memory(error, strlen(ref->path), "a path");
    struct spt_folder folder;
    status = spt_folder_scan(ref->tree, path, is_folder ? NULL : spt_place_last_part(ref->path), NULL, &folder, error);
    free(path);
    if (status) return status;
    if (folder.system) return spt_fail_system(error, folder.system, ref->path, "look at the checkpoint");
    *fingerprint = folder.fingerprint;
    return SPT_OK;
}
