#include "checkpoints/run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoints/base/memory.h"
#include "checkpoints/base/text.h"
#include "checkpoints/layouts/layouts.h"

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
};
enum { LAYOUT_COUNT = sizeof LAYOUTS / sizeof *LAYOUTS, SHOWN_ENTRIES = 6 };
static const char SINGLE[] = "single checkpoint";

/* Where the run that a path speaks of begins, and which part of it is meant. Strings are owned. */
struct place {
    struct spt_tree *tree;
    char *root;
    char *only; /* see struct spt_listing */
    char *file;
};

static void release_place(struct place *place) {
    spt_tree_let_go(place->tree);
    free(place->root);
    free(place->only);
    free(place->file);
}

static const char *last_part(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash && slash[1] ? slash + 1 : path;
}

/* The folder that path (absolute, not "/") lies in; NULL: out of memory. */
static char *parent_of(const char *path) {
    char *parent = spt_strdup(path);
    char *slash = parent ? strrchr(parent, '/') : NULL;
    if (slash) slash[slash == parent] = '\0';
    return parent;
}

/* .../models--org--repo/snapshots/<commit>: the cache's path, else NULL. */
static char *cache_of_snapshot(const char *path) {
    char *snapshots = parent_of(path);
    char *cache = snapshots && strcmp(last_part(snapshots), "snapshots") == 0 ? parent_of(snapshots) : NULL;
    free(snapshots);
    return cache;
}

static bool ends_with(const char *text, const char *end) {
    const size_t length = strlen(text), tail = strlen(end);
    return length >= tail && strcmp(text + length - tail, end) == 0;
}

/* A folder that is asked for by its step's name belongs to the run around it: it is the same checkpoint, under the same
 * uri, as when the whole run is listed. */
static enum spt_status place_folder(struct place *place, const char *folder, const struct spt_step_names *names,
                                    struct spt_error *error) {
    place->root = spt_strdup(folder);
    if (!place->root) return spt_fail_memory(error, strlen(folder), "a path");
    if (strcmp(folder, "/") == 0) return SPT_OK;
    char *root = cache_of_snapshot(folder);
    if (!root) {
        struct spt_step_name name;
        struct spt_folder content;
        enum spt_status status = spt_step_names_match(names, last_part(folder), &name, error);
        if (status || name.kind != SPT_STEP_NAME_STEP) return status;
        status = spt_folder_scan(place->tree, folder, NULL, NULL, &content, error);
        if (status) return status;
        if (!content.weights && !content.trainer_state && !content.hub) return SPT_OK;
        root = parent_of(folder);
    }
    free(place->root);
    place->root = root;
    place->only = spt_strdup(last_part(folder));
    return place->root && place->only ? SPT_OK : spt_fail_memory(error, strlen(folder), "a path");
}

/* folder/name, name being no folder. An index stands for the shards beside it, and so for its folder; so does
 * model.safetensors in the folder of a step, which is the same checkpoint. */
static enum spt_status place_file(struct place *place, const char *folder, const char *name,
                                  const struct spt_step_names *names, struct spt_error *error) {
    struct spt_step_name step;
    const enum spt_status status = spt_step_names_match(names, last_part(folder), &step, error);
    if (status) return status;
    char *cache = cache_of_snapshot(folder);
    const bool step_folder = step.kind == SPT_STEP_NAME_STEP && strcmp(folder, "/") != 0;
    const bool whole = (cache || step_folder) && strcmp(name, "model.safetensors") == 0;
    free(cache);
    if (whole || ends_with(name, ".index.json")) return place_folder(place, folder, names, error);
    struct spt_text file = {0};
    if (step_folder) spt_text_format(&file, "%s/", last_part(folder));
    spt_text_put(&file, name);
    place->root = step_folder ? parent_of(folder) : spt_strdup(folder);
    place->file = file.data;
    if (place->root && !file.failed) return SPT_OK;
    return spt_fail_memory(error, strlen(folder), "a path");
}

/* SPT_END where nothing is, and what may yet become a run. */
static enum spt_status fail_no_path(const char *path, int system_error, struct spt_error *error) {
    const enum spt_status status = spt_fail_system(
        error, system_error, path,
        "open this run (expected a run's folder, a checkpoint's folder, a weights file or a hub cache)");
    if (system_error != ENOENT && system_error != ENOTDIR) return status;
    error->status = SPT_END;
    return SPT_END;
}

static enum spt_status find_place(const char *path, const struct spt_step_names *names, struct place *place,
                                  struct spt_error *error) {
    struct spt_look look;
    struct spt_error why;
    if (spt_tree_look(place->tree, path, &look, &why) != SPT_OK) return fail_no_path(path, why.system, error);
    if (look.kind == SPT_KIND_OTHER)
        return spt_fail(error, SPT_END, path,
                        "is neither a folder nor a file, expected a run's folder, a checkpoint's "
                        "folder, a weights file or a hub cache");
    /* The folder is resolved, the file's name kept: in a hub cache it is a link into blobs/, where names are hashes. */
    char *copied = spt_strdup(path);
    if (!copied) return spt_fail_memory(error, strlen(path), "a path");
    const char *name = NULL;
    const char *folder = copied;
    if (look.kind == SPT_KIND_FILE) {
        char *slash = strrchr(copied, '/');
        name = slash ? slash + 1 : copied;
        folder = !slash ? "." : slash == copied ? "/" : copied;
        if (slash) *slash = '\0';
    }
    char *resolved = spt_tree_real_path(place->tree, folder);
    enum spt_status status;
    if (!resolved)
        status = fail_no_path(path, errno, error);
    else if (name)
        status = place_file(place, resolved, name, names, error);
    else
        status = place_folder(place, resolved, names, error);
    free(resolved);
    free(copied);
    return status;
}

/* config.json or a tokenizer for checkpoints that have none of their own. */
static enum spt_status find_shared(struct spt_tree *tree, const char *root,
                                   char *(*look_in)(struct spt_tree *tree, const char *directory, bool *memory),
                                   char **found, struct spt_error *error) {
    bool memory = true;
    *found = look_in(tree, root, &memory);
    if (!*found && memory && strcmp(root, "/") != 0) {
        char *parent = parent_of(root);
        *found = parent ? look_in(tree, parent, &memory) : NULL;
        memory = memory && parent;
        free(parent);
    }
    return memory ? SPT_OK : spt_fail_memory(error, strlen(root), "a path");
}

static enum spt_status require_file(const char *path, const char *what, struct spt_error *error) {
    struct spt_look look;
    struct spt_error why;
    if (!path) return SPT_OK;
    if (spt_tree_look(NULL, path, &look, &why) != SPT_OK) return spt_fail_system(error, why.system, path, what);
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
    enum spt_status status = require_file(listing->options->model_config, "use this model config", error);
    if (!status) status = require_file(listing->options->tokenizer, "use this tokenizer", error);
    if (!status) status = find_shared(listing->tree, listing->root, spt_listing_config, &listing->config, error);
    if (!status) status = find_shared(listing->tree, listing->root, spt_listing_tokenizer, &listing->tokenizer, error);
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

static enum spt_status make_run(struct spt_listing *listing, struct place *place, const char *layout,
                                struct spt_run **run, struct spt_error *error) {
    struct spt_run *made = calloc(1, sizeof *made);
    char *name = spt_strdup(last_part(place->root));
    if (!made || !name) {
        free(made);
        free(name);
        return spt_fail_memory(error, sizeof *made, "a run");
    }
    qsort(listing->refs, listing->count, sizeof *listing->refs, compare_refs);
    *made = (struct spt_run){.tree = place->tree,
                             .root = place->root,
                             .name = name,
                             .layout = layout,
                             .refs = listing->refs,
                             .count = listing->count};
    place->tree = NULL;
    place->root = NULL;
    listing->refs = NULL;
    *run = made;
    return SPT_OK;
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
    *place = spt_hash_value(stream);
    spt_hash_free(stream);
    return SPT_OK;
}

static enum spt_status look(struct spt_listing *listing, struct place *place, const char *path, struct spt_run *before,
                            struct spt_run **run, struct spt_error *error) {
    struct spt_hash hash;
    const char *layout = NULL;
    enum spt_status status = prepare(listing, error);
    if (!status) status = place_of(listing, &hash, error);
    if (status) return status;
    if (listing->memory && spt_folder_memory_check(listing->memory, hash) && before) {
        *run = before;
        return SPT_OK;
    }
    status = list(listing, path, &layout, error);
    if (!status) status = make_run(listing, place, layout, run, error);
    if (!status && listing->memory) spt_folder_memory_keep(listing->memory);
    return status;
}

enum spt_status spt_run_look(const char *path, const struct spt_run_options *options, struct spt_folder_memory *memory,
                             struct spt_run *before, struct spt_run **run, struct spt_error *error) {
    struct spt_step_names *names = NULL;
    enum spt_status status = spt_step_names_new(options->step_pattern, &names, error);
    if (status) return status;
    struct place place = {0};
    status = find_place(path, names, &place, error);
    struct spt_listing listing = {.tree = place.tree,
                                  .root = place.root,
                                  .only = place.only,
                                  .file = place.file,
                                  .options = options,
                                  .names = names,
                                  .memory = memory};
    if (!status) status = look(&listing, &place, path, before, run, error);
    spt_listing_release(&listing);
    release_place(&place);
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
    char *path = is_folder ? spt_strdup(ref->path) : parent_of(ref->path);
    if (!path) return spt_fail_memory(error, strlen(ref->path), "a path");
    struct spt_folder folder;
    status = spt_folder_scan(ref->tree, path, is_folder ? NULL : last_part(ref->path), NULL, &folder, error);
    free(path);
    if (status) return status;
    if (folder.system) return spt_fail_system(error, folder.system, ref->path, "look at the checkpoint");
    *fingerprint = folder.fingerprint;
    return SPT_OK;
}
