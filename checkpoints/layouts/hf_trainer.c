/* The output folder of HF Trainer: checkpoint-<step>/ with trainer_state.json, which is written last and knows the
 * step.
 *
 * Folders of that name are made by others too, and some of those never hold a trainer_state.json: it is awaited where
 * another checkpoint of the run has one. Where there is no other checkpoint to tell, the Trainer's own files beside the
 * weights say who writes. */
#include "checkpoints/layouts/layouts.h"

#include <stdlib.h>
#include <string.h>

#include "checkpoints/base/file.h"

static const char PREFIX[] = "checkpoint-";

static bool is_checkpoint(const char *name) {
    return strncmp(name, PREFIX, sizeof PREFIX - 1) == 0;
}

static size_t count_folders(const struct spt_listing *listing) {
    size_t count = 0;
    for (size_t i = 0; i < listing->entries.count; i++)
        count += listing->entries.items[i].directory && is_checkpoint(listing->entries.items[i].name);
    return count;
}

/* Of all folders of the run, also when one of them is asked for. */
static enum spt_status any_has_trainer_state(const struct spt_listing *listing, bool *any, struct spt_error *error) {
    *any = false;
    for (size_t i = 0; i < listing->count && !*any; i++)
        *any = is_checkpoint(listing->refs[i].uri) && listing->refs[i].trainer_state;
    bool memory = true;
    if (listing->only) spt_folder_memory_look_past(listing->memory);
    for (size_t i = 0; listing->only && i < listing->entries.count && !*any && memory; i++) {
        const struct spt_entry *entry = &listing->entries.items[i];
        if (!entry->directory || !is_checkpoint(entry->name)) continue;
        char *folder = spt_file_join(listing->root, entry->name);
        char *found = folder ? spt_listing_file(listing->tree, folder, "trainer_state.json", &memory) : NULL;
        memory = memory && folder;
        *any = found != NULL;
        free(found);
        free(folder);
    }
    return memory ? SPT_OK : spt_fail_memory(error, 0, "a path");
}

static enum spt_status mark(struct spt_listing *listing, size_t folders, struct spt_error *error) {
    bool any;
    const enum spt_status status = any_has_trainer_state(listing, &any, error);
    for (size_t i = 0; !status && i < listing->count; i++) {
        struct spt_checkpoint_ref *ref = &listing->refs[i];
        const bool awaits = is_checkpoint(ref->uri) && !ref->trainer_state && (any || (ref->awaits && folders == 1));
        if (!awaits) {
            free(ref->awaits);
            ref->awaits = NULL;
        } else if (!ref->awaits && !(ref->awaits = spt_strdup("trainer_state.json"))) {
            return spt_fail_memory(error, 0, "a name");
        }
    }
    return status;
}

enum spt_status spt_layout_hf_trainer(struct spt_listing *listing, struct spt_error *error) {
    const size_t folders = count_folders(listing);
    if (!folders) return SPT_END;
    listing->of_trainer = true;
    const enum spt_status status = spt_layout_step_directories(listing, error);
    listing->of_trainer = false;
    return status ? status : mark(listing, folders, error);
}
