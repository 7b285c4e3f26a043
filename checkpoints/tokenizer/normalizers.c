#include "checkpoints/tokenizer/parts.h"

#include <string.h>

static const struct spt_normalizer_kind *const KINDS[] = {
    &spt_normalizer_nfc,     &spt_normalizer_nfd,     &spt_normalizer_nfkc,
    &spt_normalizer_nfkd,    &spt_normalizer_strip,   &spt_normalizer_strip_accents,
    &spt_normalizer_replace, &spt_normalizer_prepend, &spt_normalizer_lowercase,
};

enum { KIND_COUNT = sizeof KINDS / sizeof *KINDS };

static const char *name_of(size_t i) {
    return i < KIND_COUNT ? KINDS[i]->name : "Sequence";
}

static enum spt_status parse_at(const struct spt_json *json, size_t depth, struct spt_tokenizer_source *source,
                                struct spt_steps *steps, struct spt_error *error) {
    const char *type = spt_part_type(json, "normalizer", source, error);
    if (!type) return SPT_INVALID;
    const size_t kind = spt_part_kind(type, "normalizer", name_of, KIND_COUNT + 1, source, error);
    if (kind > KIND_COUNT) return SPT_UNSUPPORTED;
    if (kind < KIND_COUNT) {
        const void *options = NULL;
        const enum spt_status status = KINDS[kind]->parse ? KINDS[kind]->parse(json, source, &options, error) : SPT_OK;
        return status == SPT_OK ? spt_steps_add(steps, kind, options, source, error) : status;
    }
    if (depth == SPT_NESTING_MAX)
        return spt_fail(error, SPT_INVALID, source->path, "more than %d Sequences in one another", SPT_NESTING_MAX);
    const struct spt_json *parts = spt_json_get(json, "normalizers");
    if (spt_json_kind(parts) != SPT_JSON_ARRAY)
        return spt_fail(error, SPT_INVALID, source->path, "\"normalizers\" of a Sequence is %s, expected an array",
                        spt_json_kind_name(spt_json_kind(parts)));
    enum spt_status status = SPT_OK;
    for (size_t i = 0; i < spt_json_count(parts) && status == SPT_OK; i++)
        status = parse_at(spt_json_at(parts, i), depth + 1, source, steps, error);
    return status;
}

enum spt_status spt_normalizer_parse(const struct spt_json *json, struct spt_tokenizer_source *source,
                                     struct spt_steps *steps, struct spt_error *error) {
    if (spt_json_kind(json) <= SPT_JSON_NULL) return SPT_OK;
    return parse_at(json, 0, source, steps, error);
}

enum spt_status spt_normalizer_apply(const struct spt_steps *steps, struct spt_encoding *encoding,
                                     struct spt_error *error) {
    for (size_t i = 0; i < steps->count; i++) {
        spt_text_clear(&encoding->spare);
        spt_text_append(&encoding->spare, "", 0);
        const struct spt_step *step = &steps->data[i];
        enum spt_status status = KINDS[step->kind]->apply(step->options, encoding, error);
        if (status == SPT_OK) status = spt_encoding_check(encoding, &encoding->spare, error);
        if (status != SPT_OK) return status;
        const struct spt_text text = encoding->text;
        encoding->text = encoding->spare;
        encoding->spare = text;
    }
    return SPT_OK;
}
