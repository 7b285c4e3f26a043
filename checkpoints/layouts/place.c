#include "checkpoints/layouts/place.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoints/archive/archive.h"
#include "checkpoints/base/memory.h"
#include "checkpoints/base/text.h"
#include "checkpoints/layouts/folder.h"
#include "checkpoints/readers/folder_table.h"

const char *spt_place_last_part(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash && slash[1] ? slash + 1 : path;
}

char *spt_place_parent_of(const char *path) {
    char *parent = spt_strdup(path);
    char *slash = parent ? strrchr(parent, '/') : NULL;
    if (slash) slash[slash == parent] = '\0';
    return parent;
}

/* .../models--org--repo/snapshots/<commit>: the cache's path, else NULL. */
static char *cache_of_snapshot(const char *path) {
    char *snapshots = spt_place_parent_of(path);
    char *cache =
        snapshots && strcmp(spt_place_last_part(snapshots), "snapshots") == 0 ? spt_place_parent_of(snapshots) : NULL;
    free(snapshots);
    return cache;
}

static bool ends_with(const char *text, const char *end) {
    const size_t length = strlen(text), tail = strlen(end);
    return length >= tail && strcmp(text + length - tail, end) == 0;
}

static bool is_archive(const struct spt_place *place, const char *path) {
    return place->tree && strcmp(path, spt_archive_path(place->tree)) == 0;
}

/* A folder that is asked for by its step's name belongs to the run around it: it is the same checkpoint, under the same
 * uri, as when the whole run is listed. */
static enum spt_status place_folder(struct spt_place *place, const char *folder, const struct spt_step_names *names,
                                    struct spt_error *error) {
    place->root = spt_strdup(folder);
    if (!place->root) return spt_fail_memory(error, strlen(folder), "a path");
    if (strcmp(folder, "/") == 0 || is_archive(place, folder)) return SPT_OK;
    char *root = cache_of_snapshot(folder);
    if (!root) {
        struct spt_step_name name;
        struct spt_folder content;
        enum spt_status status = spt_step_names_match(names, spt_place_last_part(folder), &name, error);
        if (status || name.kind != SPT_STEP_NAME_STEP) return status;
        status = spt_folder_scan(place->tree, folder, NULL, NULL, &content, error);
        if (status) return status;
        if (!content.weights && !content.trainer_state && !content.hub) return SPT_OK;
        root = spt_place_parent_of(folder);
    }
    free(place->root);
    place->root = root;
    place->only = spt_strdup(spt_place_last_part(folder));
    return place->root && place->only ? SPT_OK : spt_fail_memory(error, strlen(folder), "a path");
}

/* A folder as a user names it, who may mean the one in which its trainer put the model of a checkpoint. */
static enum spt_status place_named_folder(struct spt_place *place, const char *folder,
                                          const struct spt_step_names *names, struct spt_error *error) {
    if (!spt_contents_name_is_distributed_folder(spt_place_last_part(folder)) || is_archive(place, folder))
        return place_folder(place, folder, names, error);
    char *parent = spt_place_parent_of(folder);
    if (!parent) return spt_fail_memory(error, strlen(folder), "a path");
    const enum spt_status status = place_folder(place, parent, names, error);
    free(parent);
    return status;
}

/* folder/name, name being no folder. An index stands for the shards beside it, and so for its folder; so do a
 * distributed checkpoint's files, and model.safetensors in the folder of a step, which is the same checkpoint. */
static enum spt_status place_file(struct spt_place *place, const char *folder, const char *name,
                                  const struct spt_step_names *names, struct spt_error *error) {
    struct spt_step_name step;
    const enum spt_status status = spt_step_names_match(names, spt_place_last_part(folder), &step, error);
    if (status) return status;
    char *cache = cache_of_snapshot(folder);
    const bool step_folder = step.kind == SPT_STEP_NAME_STEP && strcmp(folder, "/") != 0 && !is_archive(place, folder);
    const bool whole = (cache || step_folder) && strcmp(name, "model.safetensors") == 0;
    free(cache);
    if (whole || ends_with(name, ".index.json")) return place_folder(place, folder, names, error);
    if (spt_contents_name_is_distributed(name)) return place_named_folder(place, folder, names, error);
    struct spt_text file = {0};
    if (step_folder) spt_text_format(&file, "%s/", spt_place_last_part(folder));
    spt_text_put(&file, name);
    place->root = step_folder ? spt_place_parent_of(folder) : spt_strdup(folder);
    place->file = file.data;
    if (place->root && !file.failed) return SPT_OK;
    return spt_fail_memory(error, strlen(folder), "a path");
}

/* SPT_END where nothing is, and what may yet become a run. */
static enum spt_status fail_no_path(const char *path, int system_error, struct spt_error *error) {
    const enum spt_status status = spt_fail_system(
        error, system_error, path,
        "open this run (expected a run's folder, a checkpoint's folder, a weights file, a hub cache or an archive of these)");
    if (system_error != ENOENT && system_error != ENOTDIR) return status;
    error->status = SPT_END;
    return SPT_END;
}

/* --- archives --- */

/* The part of path that is there, if path goes on below a file; path without trailing slashes else. Owned. */
static char *existing_part(const char *path, struct spt_look *look, enum spt_status *looked) {
    char *part = spt_strdup(path);
    size_t length = part ? strlen(part) : 0;
    while (length > 1 && part[length - 1] == '/') part[--length] = '\0';
    *looked = SPT_NOMEM;
    for (struct spt_error why = {0}; part;) {
        *looked = spt_tree_look(NULL, part, look, &why);
        char *slash = strrchr(part, '/');
        if (*looked == SPT_OK || why.system != ENOTDIR || !slash || slash == part) break;
        *slash = '\0';
    }
    return part;
}

/* path with the links of its folder resolved and its own name kept, owned; *whole is NULL if it is not there any more.
 * false: out of memory. */
static bool resolve_folder(const char *path, char **whole) {
    const char *slash = strrchr(path, '/');
    char *parent = slash ? spt_place_parent_of(path) : spt_strdup(".");
    char *folder = parent ? realpath(parent, NULL) : NULL;
    const bool gone = parent && !folder && errno != ENOMEM;
    *whole = folder ? spt_file_join(folder, slash ? slash + 1 : path) : NULL;
    free(parent);
    free(folder);
    return *whole || gone;
}

static enum spt_status open_archive(struct spt_place *place, const char *path, const struct spt_look *look,
                                    const struct spt_run_options *options, struct spt_tree *before,
                                    struct spt_error *error) {
    const struct spt_archive_options wanted = {
        .tmpdir = options->tmpdir, .spool_limit = options->spool_limit, .log = options->log};
    if (before && strcmp(path, spt_archive_path(before)) == 0 &&
        spt_file_identity_equal(&look->identity, spt_archive_identity(before))) {
        place->tree = spt_tree_hold(before);
        return SPT_OK;
    }
    const enum spt_status status = spt_archive_open(path, &wanted, &place->tree, error);
    if (status == SPT_END) return SPT_OK;
    /* By its name it is a checkpoint: who reads those says what is wrong with it. */
    const bool weights = spt_weights_is_name(spt_place_last_part(path));
    return weights && (status == SPT_INVALID || status == SPT_RETRY || status == SPT_UNSUPPORTED) ? SPT_OK : status;
}

/* If path is an archive or lies in one: place->tree, and *within is path with the archive's real folder. */
static enum spt_status find_archive(struct spt_place *place, const char *path, const struct spt_run_options *options,
                                    struct spt_tree *before, char **within, struct spt_error *error) {
    struct spt_look look;
    enum spt_status looked, status = SPT_OK;
    char *part = existing_part(path, &look, &looked), *archive = NULL;
    const bool file = looked == SPT_OK && look.kind == SPT_KIND_FILE;
    if (looked == SPT_NOMEM || (file && !resolve_folder(part, &archive)))
        status = spt_fail_memory(error, strlen(path), "a path");
    if (archive) status = open_archive(place, archive, &look, options, before, error);
    if (status == SPT_OK && place->tree) {
        struct spt_text whole = {0};
        spt_text_format(&whole, "%s%s", archive, path + strlen(part));
        *within = whole.data;
        if (whole.failed) status = spt_fail_memory(error, strlen(path), "a path");
    }
    free(archive);
    free(part);
    return status;
}

enum spt_status spt_place_within(const struct spt_tree *tree, const char *path, char **within, bool *below_file,
                                 struct spt_error *error) {
    struct spt_look look;
    enum spt_status looked, status = SPT_OK;
    char *part = existing_part(path, &look, &looked), *archive = NULL;
    *within = NULL;
    *below_file = looked == SPT_OK && look.kind == SPT_KIND_FILE && path[strlen(part)] == '/';
    bool memory = looked != SPT_NOMEM && (!*below_file || resolve_folder(part, &archive));
    if (memory && archive && tree && strcmp(archive, spt_archive_path(tree)) == 0) {
        *within = spt_file_join(archive, path + strlen(part) + 1);
        memory = *within != NULL;
    }
    if (!memory) status = spt_fail_memory(error, strlen(path), "a path");
    free(archive);
    free(part);
    return status;
}

/* What macOS and others put beside it does not count. */
static bool is_beside(const char *name) {
    return name[0] == '.' || strcmp(name, "__MACOSX") == 0;
}

/* The one folder that lies in folder and holds the run, as when a run's folder was packed as a whole. *only is "" where
 * there is none. */
static enum spt_status find_only_folder(const struct spt_place *place, const char *folder,
                                        const struct spt_step_names *names, struct spt_text *only,
                                        struct spt_error *error) {
    struct spt_tree_folder listed;
    struct spt_tree_entry entry;
    struct spt_step_name name;
    size_t count = 0;
    spt_text_clear(only);
    enum spt_status status = spt_tree_list(place->tree, folder, &listed, error);
    if (status != SPT_OK) return status;
    while (count < 2 && (status = spt_tree_next(&listed, &entry, error)) == SPT_OK) {
        if (is_beside(entry.name)) continue;
        if (count++ == 0 && entry.kind == SPT_KIND_FOLDER) spt_text_put(only, entry.name);
    }
    spt_tree_unlist(&listed);
    if (status != SPT_OK && status != SPT_END) return status;
    if (only->failed) return spt_fail_memory(error, 0, "a path");
    if (count != 1 || !only->length) {
        spt_text_clear(only);
        return SPT_OK;
    }
    status = spt_step_names_match(names, only->data, &name, error);
    const bool part_of_run = name.kind != SPT_STEP_NAME_OTHER || strncmp(only->data, "models--", 8) == 0 ||
                             strcmp(only->data, "snapshots") == 0;
    if (status == SPT_OK && part_of_run) spt_text_clear(only);
    return status;
}

/* place->root goes down from the archive itself to the run in it. */
static enum spt_status descend(struct spt_place *place, const struct spt_step_names *names, struct spt_error *error) {
    struct spt_text only = {0};
    enum spt_status status;
    while ((status = find_only_folder(place, place->root, names, &only, error)) == SPT_OK && only.length) {
        char *root = spt_file_join(place->root, only.data);
        if (!root) status = spt_fail_memory(error, only.length, "a path");
        if (!root) break;
        free(place->root);
        place->root = root;
    }
    spt_text_release(&only);
    return status;
}

/* --- any path --- */

static enum spt_status find_in_tree(struct spt_place *place, const char *path, const struct spt_step_names *names,
                                    struct spt_error *error) {
    struct spt_look look;
    struct spt_error why;
    const enum spt_status looked = spt_tree_look(place->tree, path, &look, &why);
    if (looked != SPT_OK && !why.system) return spt_fail(error, looked, path, "%s", why.message);
    if (looked != SPT_OK) return fail_no_path(path, why.system, error);
    if (look.kind == SPT_KIND_OTHER)
        return spt_fail(error, SPT_END, path,
                        "is neither a folder nor a file, expected a run's folder, a checkpoint's "
                        "folder, a weights file, a hub cache or an archive of these");
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
        status = place_named_folder(place, resolved, names, error);
    free(resolved);
    free(copied);
    return status;
}

/* That of its folder, or of the archive that it is the whole of. */
static enum spt_status name_run(struct spt_place *place, bool whole_archive, struct spt_error *error) {
    const char *const of = whole_archive ? spt_archive_path(place->tree) : place->root;
    const char *const last = spt_place_last_part(of);
    place->name = whole_archive ? spt_archive_stem(last) : spt_strdup(last);
    return place->name ? SPT_OK : spt_fail_memory(error, strlen(last), "a run's name");
}

enum spt_status spt_place_find(const char *path, const struct spt_run_options *options,
                               const struct spt_step_names *names, struct spt_tree *before, struct spt_place *place,
                               struct spt_error *error) {
    char *within = NULL;
    enum spt_status status = find_archive(place, path, options, before, &within, error);
    if (status == SPT_OK) status = find_in_tree(place, within ? within : path, names, error);
    free(within);
    const bool whole_archive = status == SPT_OK && is_archive(place, place->root);
    if (whole_archive && !place->file && !place->only) status = descend(place, names, error);
    return status == SPT_OK ? name_run(place, whole_archive, error) : status;
}

void spt_place_release(struct spt_place *place) {
    spt_tree_let_go(place->tree);
    free(place->root);
    free(place->name);
    free(place->only);
    free(place->file);
}
