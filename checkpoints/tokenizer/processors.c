#include "checkpoints/tokenizer/parts.h"

#include <string.h>

static const struct spt_processor_kind *const KINDS[] = {
    &spt_processor_byte_level,
    &spt_processor_template,
    &spt_processor_roberta,
    &spt_processor_bert,
};

enum { KIND_COUNT = sizeof KINDS / sizeof *KINDS };

static const char *name_of(size_t i) {
    return i < KIND_COUNT ? KINDS[i]->name : "Sequence";
}

enum spt_status spt_template_add(struct spt_template *form, int32_t id, struct spt_tokenizer_source *source,
                                 struct spt_error *error) {
    if (!form->data) {
        form->data = spt_arena_alloc(&source->arena, SPT_TEMPLATE_MAX, sizeof *form->data);
        if (!form->data) return spt_fail_memory(error, SPT_TEMPLATE_MAX, "the tokenizer");
        form->capacity = SPT_TEMPLATE_MAX;
    }
    if (form->count == form->capacity)
        return spt_fail(error, SPT_INVALID, source->path, "a post-processor that adds more than %d tokens",
                        SPT_TEMPLATE_MAX);
    if (id == SPT_TEXT_HERE && ++form->texts > SPT_TEMPLATE_TEXTS)
        return spt_fail(error, SPT_INVALID, source->path, "a post-processor that repeats the text more than %d times",
                        SPT_TEMPLATE_TEXTS);
    form->data[form->count++] = id;
    return SPT_OK;
}

static enum spt_status add_part(void *context, size_t kind, const struct spt_json *json,
                                struct spt_tokenizer_source *source, struct spt_error *error) {
    struct spt_template *form = context;
    if (!KINDS[kind]->parse) return SPT_OK;
    if (form->set)
        return spt_fail(error, SPT_UNSUPPORTED, source->path,
                        "a Sequence of more than one post-processor that adds tokens");
    form->set = true;
    return KINDS[kind]->parse(json, source, form, error);
}

static const struct spt_part_sort SORT = {"post-processor", "processors", KIND_COUNT, name_of, add_part};

enum spt_status spt_processor_parse(const struct spt_json *json, struct spt_tokenizer_source *source,
                                    struct spt_template *form, struct spt_error *error) {
    *form = (struct spt_template){0};
    const enum spt_status status = spt_part_parse(&SORT, json, source, form, error);
    if (status != SPT_OK) return status;
    return form->set ? SPT_OK : spt_template_add(form, SPT_TEXT_HERE, source, error);
}
