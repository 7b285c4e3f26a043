/* A folder of weights files that are named as steps, as PyTorch Lightning leaves them: epoch=0-step=500.ckpt. Each is a
 * checkpoint; config.json and the tokenizer lie beside them or in the folder above. The folder is read once, however many they
 * are. */
#include "checkpoints/layouts/step_files.h"

#include <stdlib.h>
#include <string.h>

#include "checkpoints/base/file.h"
#include "checkpoints/layouts/layouts.h"
#include "checkpoints/readers/folder_table.h"

/* A folder whose files are being added. */
struct adding {
    struct spt_listing *listing;
    const struct spt_step_files *files;
    const struct spt_folder_reading *reading; /* of the folder; NULL until one of its files is named as a step */
    struct spt_folder_reading own;            /* where no memory keeps it */
};

static void say_skipped(const struct adding *a, const char *name, const char *why) {
    spt_log(a->listing->options->log, SPT_LOG_NOTE, "%s/%s: skipped: %s", a->files->folder, name, why);
}

static enum spt_status read_folder(struct adding *a, struct spt_error *error) {
    const struct spt_listing *listing = a->listing;
    if (a->reading) return SPT_OK;
    if (listing->memory)
        return spt_folder_memory_read(listing->memory, a->files->folder, listing->options->log, &a->reading, error);
    const enum spt_status status =
        spt_folder_read(listing->tree, a->files->folder, NULL, listing->options->log, &a->own, error);
    if (!status) a->reading = &a->own;
    return status;
}

static enum spt_status add_found(struct adding *a, const char *file, const char *path, const struct spt_step_name *name,
                                 struct spt_error *error) {
    struct spt_folder folder;
    enum spt_status status = read_folder(a, error);
    if (!status) status = spt_folder_of_file(a->reading, file, &folder, error);
    if (status || !folder.weights) return status;
    char *uri = *a->files->prefix ? spt_file_join(a->files->prefix, file) : spt_strdup(file);
    if (!uri) return spt_fail_memory(error, strlen(file), "a path");
    struct spt_found found = {.uri = uri,
                              .path = path,
                              .label = file,
                              .name = *name,
                              .file = file,
                              .beside = {a->files->beside[0], a->files->beside[1]}};
    if (*a->files->branch) (void)spt_text_printable(found.name.branch, sizeof found.name.branch, a->files->branch);
    status = spt_listing_add(a->listing, &found, &folder, error);
    free(uri);
    return status;
}

static enum spt_status add_file(struct adding *a, const struct spt_entry *entry, const struct spt_step_name *name,
                                struct spt_error *error) {
    const struct spt_listing *listing = a->listing;
    char *path = spt_file_join(a->files->folder, entry->name);
    if (!path) return spt_fail_memory(error, strlen(entry->name), "a path");
    enum spt_status status = SPT_OK;
    if (name->kind == SPT_STEP_NAME_OTHER && spt_step_names_are_users(listing->names))
        say_skipped(a, entry->name, "does not match the step pattern");
    else if (name->kind == SPT_STEP_NAME_OTHER && entry->link &&
             spt_listing_leads_to_sibling(listing, a->files->folder, path))
        say_skipped(a, entry->name, "a link to another file of this run");
    else
        status = add_found(a, entry->name, path, name, error);
    free(path);
    return status;
}

/* numbered: the files named as steps; else the others. */
static enum spt_status add_entry(struct adding *a, const struct spt_entry *entry, bool numbered,
                                 struct spt_error *error) {
    struct spt_step_name name;
    if (entry->directory || !spt_weights_is_name(entry->name)) return SPT_OK;
    const enum spt_status status = spt_listing_match_stem(a->listing, entry->name, &name, error);
    if (status || (name.kind != SPT_STEP_NAME_OTHER) != numbered) return status;
    if (name.kind == SPT_STEP_NAME_TOO_LARGE) say_skipped(a, entry->name, "the step does not fit 63 bits");
    if (name.kind == SPT_STEP_NAME_UNFINISHED) say_skipped(a, entry->name, "still being written, as its name says");
    if (name.kind == SPT_STEP_NAME_TOO_LARGE || name.kind == SPT_STEP_NAME_UNFINISHED) return SPT_OK;
    return add_file(a, entry, &name, error);
}

enum spt_status spt_step_files_add(struct spt_listing *listing, const struct spt_step_files *files,
                                   struct spt_error *error) {
    struct adding a = {.listing = listing, .files = files};
    const struct spt_entries *entries = files->entries;
    const size_t before = listing->count;
    enum spt_status status = SPT_OK;
    for (size_t i = 0; i < entries->count && !status; i++) status = add_entry(&a, &entries->items[i], true, error);
    for (size_t i = 0; i < entries->count && !status && listing->count > before; i++)
        status = add_entry(&a, &entries->items[i], false, error);
    spt_folder_reading_release(&a.own);
    return status;
}

enum spt_status spt_layout_step_files(struct spt_listing *listing, struct spt_error *error) {
    if (listing->only || listing->file) return SPT_END;
    const struct spt_step_files files = {
        .folder = listing->root, .prefix = "", .branch = "", .entries = &listing->entries};
    const enum spt_status status = spt_step_files_add(listing, &files, error);
    return status || listing->count ? status : SPT_END;
}
