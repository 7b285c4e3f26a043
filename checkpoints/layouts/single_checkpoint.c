/* One model: a folder with weights, or one weights file. */
#include "checkpoints/layouts/layouts.h"

#include <stdlib.h>
#include <string.h>

#include "checkpoints/base/file.h"

static const char *last_part(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash && slash[1] ? slash + 1 : path;
}

static enum spt_status add_file(struct spt_listing *listing, struct spt_error *error) {
    const char *file = last_part(listing->file);
    struct spt_found found = {.uri = listing->file, .file = file, .label = file};
    enum spt_status status = spt_listing_match_stem(listing, file, &found.name, error);
    if (status) return status;
    char *path = spt_file_join(listing->root, listing->file);
    char *folder_path = path ? spt_strdup(path) : NULL;
    if (!folder_path) {
        free(path);
        return spt_fail_memory(error, strlen(listing->file), "a path");
    }
    found.path = path;
    const size_t slash = strlen(path) - strlen(file) - 1;
    folder_path[slash ? slash : 1] = '\0';
    if (found.name.kind == SPT_STEP_NAME_OTHER && file != listing->file) {
        /* root/step512/model.safetensors */
        found.label = last_part(folder_path);
        status = spt_step_names_match(listing->names, found.label, &found.name, error);
    }
    struct spt_folder folder;
    if (!status) status = spt_listing_scan(listing, folder_path, file, &folder, error);
    if (!status) status = spt_listing_add(listing, &found, &folder, error);
    free(folder_path);
    free(path);
    return status;
}

enum spt_status spt_layout_single_checkpoint(struct spt_listing *listing, struct spt_error *error) {
    if (listing->file) return add_file(listing, error);
    if (listing->only) return SPT_END;
    struct spt_folder folder;
    enum spt_status status = spt_listing_scan(listing, listing->root, NULL, &folder, error);
    if (status) return status;
    if (!folder.weights) return SPT_END;
    struct spt_found found = {
        .uri = ".", .path = listing->root, .label = last_part(listing->root), .name.tokens = SPT_NO_TOKENS};
    if (listing->tree && strcmp(listing->name, found.label) != 0) { /* step512.tar stands for a folder of that name */
        found.label = listing->name;
        status = spt_step_names_match(listing->names, listing->name, &found.name, error);
        if (status) return status;
    }
    return spt_listing_add(listing, &found, &folder, error);
}
