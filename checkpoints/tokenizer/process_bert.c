/* BertProcessing and RobertaProcessing: cls, the text, sep. */
#include "checkpoints/tokenizer/parts.h"

static enum spt_status add(const struct spt_json *json, const char *key, struct spt_tokenizer_source *source,
                           struct spt_template *form, struct spt_error *error) {
    const struct spt_json *pair = spt_json_get(json, key); /* ["</s>", 2] */
    if (spt_json_kind(pair) != SPT_JSON_ARRAY || spt_json_count(pair) != 2)
        return spt_fail(error, SPT_INVALID, source->path, "\"%s\" of a post-processor is %s, expected [token, id]", key,
                        spt_json_kind_name(spt_json_kind(pair)));
    int32_t id;
    const enum spt_status status = spt_part_id(spt_json_at(pair, 1), key, source, &id, error);
    return status == SPT_OK ? spt_template_add(form, id, source, error) : status;
}

static enum spt_status parse(const struct spt_json *json, struct spt_tokenizer_source *source,
                             struct spt_template *form, struct spt_error *error) {
    enum spt_status status = add(json, "cls", source, form, error);
    if (status == SPT_OK) status = spt_template_add(form, SPT_TEXT_HERE, source, error);
    if (status == SPT_OK) status = add(json, "sep", source, form, error);
    return status;
}

const struct spt_processor_kind spt_processor_roberta = {.name = "RobertaProcessing", .parse = parse};
const struct spt_processor_kind spt_processor_bert = {.name = "BertProcessing", .parse = parse};
