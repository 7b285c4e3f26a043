#include "checkpoints/tokenizer/parts.h"

#include <string.h>

static const struct spt_model_kind *const KINDS[] = {
    &spt_model_bpe,
};

enum { KIND_COUNT = sizeof KINDS / sizeof *KINDS };

static const char *name_of(size_t i) {
    return KINDS[i]->name;
}

/* Files of before 2020 state no type. */
static const char *guess(const struct spt_json *json) {
    for (size_t i = 0; i < KIND_COUNT; i++)
        if (spt_json_get(json, KINDS[i]->sign)) return KINDS[i]->name;
    return NULL;
}

enum spt_status spt_model_parse(const struct spt_json *json, struct spt_tokenizer_source *source,
                                struct spt_model *model, struct spt_error *error) {
    if (spt_json_kind(json) != SPT_JSON_OBJECT)
        return spt_fail(error, SPT_INVALID, source->path, "\"model\" is %s, expected an object: no tokenizer.json",
                        spt_json_kind_name(spt_json_kind(json)));
    const char *type = spt_json_get(json, "type") ? NULL : guess(json);
    if (!type) type = spt_part_type(json, "model", source, error);
    if (!type) return SPT_INVALID;
    const size_t kind = spt_part_kind(type, "model", name_of, KIND_COUNT, source, error);
    if (kind == KIND_COUNT) return SPT_UNSUPPORTED;
    model->kind = KINDS[kind];
    const enum spt_status status = model->kind->parse(json, source, &model->vocabulary, &model->options, error);
    if (status != SPT_OK) return status;
    if (!spt_vocabulary_index(&model->vocabulary, &source->arena))
        return spt_fail_memory(error, model->vocabulary.count * sizeof(int64_t), "the vocabulary");
    return SPT_OK;
}
