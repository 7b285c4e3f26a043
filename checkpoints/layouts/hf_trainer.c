/* The output folder of HF Trainer: checkpoint-<step>/ with trainer_state.json, which is written last and knows the
 * step. */
#include "checkpoints/layouts/layouts.h"

#include <string.h>

enum spt_status spt_layout_hf_trainer(struct spt_listing *listing, struct spt_error *error) {
    static const char PREFIX[] = "checkpoint-";
    bool trainer = false;
    for (size_t i = 0; i < listing->entries.count && !trainer; i++) {
        const struct spt_entry *entry = &listing->entries.items[i];
        trainer = entry->directory && strncmp(entry->name, PREFIX, sizeof PREFIX - 1) == 0;
    }
    return trainer ? spt_layout_step_directories(listing, error) : SPT_END;
}
