/* A folder of weights files that are named as steps, as PyTorch Lightning leaves them: epoch=0-step=500.ckpt. Each is a
 * checkpoint; config.json and the tokenizer lie beside them or in the folder above. */
#include "checkpoints/layouts/layouts.h"

#include <stdlib.h>
#include <string.h>

#include "checkpoints/base/file.h"
#include "checkpoints/readers/folder_table.h"

static void say_skipped(const struct spt_listing *listing, const char *name, const char *why) {
    spt_log(listing->options->log, SPT_LOG_NOTE, "%s/%s: skipped: %s", listing->root, name, why);
}

static enum spt_status add_file(struct spt_listing *listing, const struct spt_entry *entry,
                                const struct spt_step_name *name, struct spt_error *error) {
    char *path = spt_file_join(listing->root, entry->name);
    if (!path) return spt_fail_memory(error, strlen(entry->name), "a path");
    const struct spt_found found = {
        .uri = entry->name, .path = path, .label = entry->name, .name = *name, .file = entry->name};
    struct spt_folder folder = {0};
    enum spt_status status = SPT_OK;
    if (name->kind == SPT_STEP_NAME_OTHER && spt_step_names_are_users(listing->names))
        say_skipped(listing, entry->name, "does not match the step pattern");
    else if (name->kind == SPT_STEP_NAME_OTHER && entry->link && spt_listing_leads_to_sibling(listing, path))
        say_skipped(listing, entry->name, "a link to another file of this run");
    else
        status = spt_listing_scan(listing, listing->root, entry->name, &folder, error);
    if (!status && folder.weights) status = spt_listing_add(listing, &found, &folder, error);
    free(path);
    return status;
}

/* numbered: the files named as steps; else the others. */
static enum spt_status add_entry(struct spt_listing *listing, const struct spt_entry *entry, bool numbered,
                                 struct spt_error *error) {
    struct spt_step_name name;
    if (entry->directory || !spt_weights_is_name(entry->name)) return SPT_OK;
    const enum spt_status status = spt_listing_match_stem(listing, entry->name, &name, error);
    if (status || (name.kind != SPT_STEP_NAME_OTHER) != numbered) return status;
    if (name.kind == SPT_STEP_NAME_TOO_LARGE) say_skipped(listing, entry->name, "the step does not fit 63 bits");
    if (name.kind == SPT_STEP_NAME_UNFINISHED)
        say_skipped(listing, entry->name, "still being written, as its name says");
    if (name.kind == SPT_STEP_NAME_TOO_LARGE || name.kind == SPT_STEP_NAME_UNFINISHED) return SPT_OK;
    return add_file(listing, entry, &name, error);
}

enum spt_status spt_layout_step_files(struct spt_listing *listing, struct spt_error *error) {
    if (listing->only || listing->file) return SPT_END;
    enum spt_status status = SPT_OK;
    for (size_t i = 0; i < listing->entries.count && !status; i++)
        status = add_entry(listing, &listing->entries.items[i], true, error);
    if (status) return status;
    if (!listing->count) return SPT_END;
    for (size_t i = 0; i < listing->entries.count && !status; i++)
        status = add_entry(listing, &listing->entries.items[i], false, error);
    return status;
}
