/* A folder whose subfolders are named as steps. Each is a checkpoint, also while it is empty: it is being written, and
 * is recorded as incomplete. A step's folder may itself hold a hub cache, as from_pretrained(...,
 * cache_dir="run/step512") leaves it. */
#include "checkpoints/layouts/layouts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "checkpoints/base/file.h"
#include "checkpoints/base/text.h"

static enum spt_status add_folder(struct spt_listing *listing, const struct spt_found *found,
                                  const struct spt_folder *folder, struct spt_error *error) {
    if (folder->system)
        spt_log(listing->options->log, SPT_LOG_WARNING, "%s: %s", found->path, strerror(folder->system));
    if (folder->hub && !folder->weights) {
        size_t added = 0;
        const enum spt_status status = spt_layout_nested_caches(listing, found, &added, error);
        if (status || added) return status;
    }
    return spt_listing_add(listing, found, folder, error);
}

static void say_skipped(const struct spt_listing *listing, const struct spt_entry *entry, const char *why) {
    spt_log(listing->options->log, SPT_LOG_NOTE, "%s/%s: skipped: %s", listing->root, entry->name, why);
}

/* A folder without a step's name beside folders with one: "main", "final". */
static enum spt_status add_unnumbered(struct spt_listing *listing, const struct spt_entry *entry,
                                      const struct spt_found *found, struct spt_error *error) {
    struct spt_folder folder;
    const enum spt_status status = spt_listing_scan(listing, found->path, NULL, &folder, error);
    if (status || !folder.weights) return status;
    if (spt_step_names_are_users(listing->names)) {
        say_skipped(listing, entry, "does not match the step pattern");
        return SPT_OK;
    }
    if (entry->link && spt_listing_leads_to_sibling(listing, listing->root, found->path)) {
        say_skipped(listing, entry, "a link to another folder of this run");
        return SPT_OK;
    }
    return add_folder(listing, found, &folder, error);
}

static enum spt_status add_step(struct spt_listing *listing, const struct spt_entry *entry,
                                const struct spt_found *found, struct spt_error *error) {
    struct spt_folder folder;
    const enum spt_status status = spt_listing_scan(listing, found->path, NULL, &folder, error);
    if (status) return status;
    if (folder.system == ENOENT || folder.system == ENOTDIR) {
        spt_folder_memory_look_past(listing->memory);
        say_skipped(listing, entry, "removed while the run was listed");
        return SPT_OK;
    }
    return add_folder(listing, found, &folder, error);
}

/* NeMo keeps an empty file beside what it writes. */
#define UNFINISHED_MARK "*-unfinished"

static bool has_unfinished_mark(const struct spt_listing *listing, const char *name) {
    struct spt_text mark = {0};
    spt_text_format(&mark, "%s%s", name, &UNFINISHED_MARK[1]);
    const struct spt_entry *entry = mark.failed ? NULL : spt_entries_find(&listing->entries, mark.data);
    spt_text_release(&mark);
    return entry && !entry->directory;
}

/* numbered: the folders named as steps; else the others. */
static enum spt_status add_entry(struct spt_listing *listing, const struct spt_entry *entry, bool numbered,
                                 struct spt_error *error) {
    /* A hub cache's name is a model's: a user's pattern may find a number in it, but never a step. */
    if (strncmp(entry->name, "models--", 8) == 0) {
        if (!numbered) say_skipped(listing, entry, "a hub cache beside folders of steps");
        return SPT_OK;
    }
    struct spt_found found = {.uri = entry->name, .label = entry->name};
    enum spt_status status = spt_step_names_match(listing->names, entry->name, &found.name, error);
    if (status) return status;
    const enum spt_step_name_kind kind = found.name.kind;
    if (!entry->directory) {
        if (kind == SPT_STEP_NAME_STEP && !numbered) /* said once it is known that the steps are folders */
            say_skipped(listing, entry, entry->link ? "a link that leads to no folder" : "no folder");
        return SPT_OK;
    }
    if ((kind != SPT_STEP_NAME_OTHER) != numbered) return SPT_OK;
    if (kind == SPT_STEP_NAME_TOO_LARGE) say_skipped(listing, entry, "the step does not fit 63 bits");
    if (kind == SPT_STEP_NAME_UNFINISHED) say_skipped(listing, entry, "still being written, as its name says");
    const bool marked = kind == SPT_STEP_NAME_STEP && has_unfinished_mark(listing, entry->name);
    if (marked) say_skipped(listing, entry, "still being written, as the file " UNFINISHED_MARK " beside it says");
    if (kind == SPT_STEP_NAME_TOO_LARGE || kind == SPT_STEP_NAME_UNFINISHED || marked) return SPT_OK;
    char *path = spt_file_join(listing->root, entry->name);
    if (!path) return spt_fail_memory(error, strlen(listing->root), "a path");
    found.path = path;
    status = numbered ? add_step(listing, entry, &found, error) : add_unnumbered(listing, entry, &found, error);
    free(path);
    return status;
}

/* Weights in the run's folder itself, as trainers leave them at the end. */
static enum spt_status add_final(struct spt_listing *listing, struct spt_error *error) {
    struct spt_folder folder;
    const enum spt_status status = spt_listing_scan(listing, listing->root, NULL, &folder, error);
    if (status || !folder.weights || spt_step_names_are_users(listing->names)) return status;
    const struct spt_found found = {.uri = ".", .path = listing->root, .label = "final", .name.tokens = SPT_NO_TOKENS};
    return spt_listing_add(listing, &found, &folder, error);
}

enum spt_status spt_layout_step_directories(struct spt_listing *listing, struct spt_error *error) {
    enum spt_status status = SPT_OK;
    for (size_t i = 0; i < listing->entries.count && !status; i++)
        if (!listing->only || strcmp(listing->only, listing->entries.items[i].name) == 0)
            status = add_entry(listing, &listing->entries.items[i], true, error);
    if (status) return status;
    if (!listing->count) return SPT_END;
    if (listing->only) return SPT_OK;
    for (size_t i = 0; i < listing->entries.count && !status; i++)
        status = add_entry(listing, &listing->entries.items[i], false, error);
    return status ? status : add_final(listing, error);
}
