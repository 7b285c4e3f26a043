/* What PyTorch Lightning leaves of a run, by the run's own path:
 *
 *     <run>/checkpoints/epoch=0-step=500.ckpt                              without a logger
 *     <run>/lightning_logs/version_0/checkpoints/epoch=0-step=500.ckpt     with one, and hparams.yaml beside checkpoints/
 *
 * or <run> is lightning_logs or version_0 itself. Each version is a training of its own: a branch, unless it is what was
 * asked for. config.json and the tokenizer lie with the files, in the version's folder, or in the run's.
 */
#include "checkpoints/layouts/layouts.h"

#include <stdlib.h>
#include <string.h>

#include "checkpoints/base/file.h"
#include "checkpoints/layouts/step_files.h"

static const char CHECKPOINTS[] = "checkpoints", LOGS[] = "lightning_logs", VERSION[] = "version_";

/* folder/checkpoints, folder being uri from the root on ("" for the root). */
static enum spt_status add_version(struct spt_listing *listing, const char *folder, const char *uri, const char *branch,
                                   struct spt_error *error) {
    char *path = spt_file_join(folder, CHECKPOINTS);
    char *prefix = *uri ? spt_file_join(uri, CHECKPOINTS) : spt_strdup(CHECKPOINTS);
    struct spt_entries entries = {0};
    enum spt_status status = path && prefix ? SPT_OK : spt_fail_memory(error, strlen(folder), "a path");
    if (!status && spt_tree_is_folder(listing->tree, path)) {
        spt_folder_memory_look_past(listing->memory); /* no listing of the root tells what comes here */
        const struct spt_step_files files = {
            .folder = path, .prefix = prefix, .branch = branch, .beside = {folder, listing->root}, .entries = &entries};
        status = spt_entries_read(listing->tree, path, &entries, error);
        if (!status) status = spt_step_files_add(listing, &files, error);
    }
    spt_entries_release(&entries);
    free(prefix);
    free(path);
    return status;
}

/* The versions among the entries of logs, which is uri from the root on. */
static enum spt_status add_versions(struct spt_listing *listing, const char *logs, const char *uri,
                                    const struct spt_entries *entries, struct spt_error *error) {
    enum spt_status status = SPT_OK;
    for (size_t i = 0; i < entries->count && !status; i++) {
        const struct spt_entry *entry = &entries->items[i];
        if (!entry->directory || strncmp(entry->name, VERSION, strlen(VERSION)) != 0) continue;
        char *folder = spt_file_join(logs, entry->name);
        char *inner = *uri ? spt_file_join(uri, entry->name) : spt_strdup(entry->name);
        if (folder && inner)
            status = add_version(listing, folder, inner, entry->name, error);
        else
            status = spt_fail_memory(error, strlen(logs), "a path");
        free(inner);
        free(folder);
    }
    return status;
}

static enum spt_status add_logs(struct spt_listing *listing, struct spt_error *error) {
    struct spt_entries entries = {0};
    char *logs = spt_file_join(listing->root, LOGS);
    if (!logs) return spt_fail_memory(error, strlen(listing->root), "a path");
    spt_folder_memory_look_past(listing->memory);
    enum spt_status status = spt_entries_read(listing->tree, logs, &entries, error);
    if (!status) status = add_versions(listing, logs, LOGS, &entries, error);
    spt_entries_release(&entries);
    free(logs);
    return status;
}

enum spt_status spt_layout_lightning(struct spt_listing *listing, struct spt_error *error) {
    if (listing->only || listing->file) return SPT_END;
    const struct spt_entry *checkpoints = spt_entries_find(&listing->entries, CHECKPOINTS);
    const struct spt_entry *logs = spt_entries_find(&listing->entries, LOGS);
    enum spt_status status = SPT_OK;
    if (checkpoints && checkpoints->directory) status = add_version(listing, listing->root, "", "", error);
    if (!status && logs && logs->directory) status = add_logs(listing, error);
    if (!status) status = add_versions(listing, listing->root, "", &listing->entries, error);
    return status || listing->count ? status : SPT_END;
}
