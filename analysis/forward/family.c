#include "analysis/forward/family.h"

#include "checkpoints/base/text.h"

#include <string.h>

static const struct spt_family *const FAMILIES[] = {
    &spt_family_gpt_neox,
};

#define FAMILY_COUNT (sizeof(FAMILIES) / sizeof(FAMILIES[0]))

enum spt_status spt_family_find(const char *model_type, const struct spt_family **family, struct spt_error *error) {
    struct spt_text known = {0};
    for (size_t i = 0; i < FAMILY_COUNT; i++) {
        if (!strcmp(FAMILIES[i]->model_type, model_type)) {
            spt_text_release(&known);
            *family = FAMILIES[i];
            return SPT_OK;
        }
        spt_text_format(&known, "%s%s", i ? ", " : "", FAMILIES[i]->model_type);
    }
    const enum spt_status status =
        spt_fail(error, SPT_UNSUPPORTED, NULL, "model_type \"%s\" has no forward pass; known are: %s", model_type,
                 known.data ? known.data : "");
    spt_text_release(&known);
    return status;
}
