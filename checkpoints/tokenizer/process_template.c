/* TemplateProcessing: special tokens around the text. Of its two templates the one for a single text counts. ByteLevel
 * stands here too: as a post-processor it moves offsets, which nobody asks for, and no ids. */
#include "checkpoints/tokenizer/parts.h"

#include <string.h>

static const char WHAT[] = "the TemplateProcessing post-processor";

static enum spt_status add_special(const struct spt_json *piece, const struct spt_json *special_tokens,
                                   struct spt_tokenizer_source *source, struct spt_template *form,
                                   struct spt_error *error) {
    const char *name = spt_json_string(spt_json_get(piece, "id"), NULL);
    if (!name) return spt_fail(error, SPT_INVALID, source->path, "a SpecialToken of %s has no \"id\"", WHAT);
    const struct spt_json *ids = spt_json_get(spt_json_get(special_tokens, name), "ids");
    if (spt_json_kind(ids) != SPT_JSON_ARRAY)
        return spt_fail(error, SPT_INVALID, source->path, "%s names \"%s\", which is not among its special_tokens",
                        WHAT, name);
    enum spt_status status = SPT_OK;
    for (size_t i = 0; i < spt_json_count(ids) && status == SPT_OK; i++) {
        int32_t id;
        status = spt_part_id(spt_json_at(ids, i), name, source, &id, error);
        if (status == SPT_OK) status = spt_template_add(form, id, source, error);
    }
    return status;
}

static enum spt_status parse(const struct spt_json *json, struct spt_tokenizer_source *source,
                             struct spt_template *form, struct spt_error *error) {
    const struct spt_json *pieces = spt_json_get(json, "single");
    if (spt_json_kind(pieces) != SPT_JSON_ARRAY)
        return spt_fail(error, SPT_INVALID, source->path, "\"single\" of %s is %s, expected an array", WHAT,
                        spt_json_kind_name(spt_json_kind(pieces)));
    enum spt_status status = SPT_OK;
    for (size_t i = 0; i < spt_json_count(pieces) && status == SPT_OK; i++) {
        const struct spt_json *piece = spt_json_at(pieces, i);
        const struct spt_json *special = spt_json_get(piece, "SpecialToken");
        const char *sequence = spt_json_string(spt_json_get(spt_json_get(piece, "Sequence"), "id"), NULL);
        if (special)
            status = add_special(special, spt_json_get(json, "special_tokens"), source, form, error);
        else if (sequence && strcmp(sequence, "A") == 0)
            status = spt_template_add(form, SPT_TEXT_HERE, source, error);
        else
            status = spt_fail(error, SPT_INVALID, source->path,
                              "a piece of \"single\" of %s is neither a SpecialToken nor the Sequence A", WHAT);
    }
    return status;
}

const struct spt_processor_kind spt_processor_template = {.name = "TemplateProcessing", .parse = parse};
const struct spt_processor_kind spt_processor_byte_level = {.name = "ByteLevel"};
