#include "analysis/forward/family.h"

#include "checkpoints/base/text.h"

#include <string.h>

static const struct spt_family *const FAMILIES[] = {
    &spt_family_gpt_neox, &spt_family_llama, &spt_family_mistral, &spt_family_qwen2,   &spt_family_qwen3,
    &spt_family_gemma,    &spt_family_phi,   &spt_family_gpt2,    &spt_family_olmo,    &spt_family_olmo2,
    &spt_family_bloom,    &spt_family_opt,   &spt_family_bert,    &spt_family_roberta, &spt_family_xlm_roberta,
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

enum spt_norm_place spt_family_norm_place(const struct spt_family *family, const struct spt_model_config *config) {
    return config->norm_after ? SPT_NORM_OF_SUM : family->norm_place;
}
