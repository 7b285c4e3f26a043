#include "checkpoints/tokenizer/parts.h"

#include <string.h>

/* The last is for other files, and not named among those that a tokenizer.json may have. */
static const struct spt_normalizer_kind *const KINDS[] = {
    &spt_normalizer_nfc,     &spt_normalizer_nfd,         &spt_normalizer_nfkc,
    &spt_normalizer_nfkd,    &spt_normalizer_strip,       &spt_normalizer_strip_accents,
    &spt_normalizer_replace, &spt_normalizer_prepend,     &spt_normalizer_lowercase,
    &spt_normalizer_bert,    &spt_normalizer_precompiled, &spt_normalizer_sentence_piece,
};

enum { KIND_COUNT = sizeof KINDS / sizeof *KINDS };

static const char *name_of(size_t i) {
    return i < KIND_COUNT ? KINDS[i]->name : "Sequence";
}

static enum spt_status add_part(void *steps, size_t kind, const struct spt_json *json,
                                struct spt_tokenizer_source *source, struct spt_error *error) {
    const void *options = NULL;
    const enum spt_status status = KINDS[kind]->parse ? KINDS[kind]->parse(json, source, &options, error) : SPT_OK;
    return status == SPT_OK ? spt_steps_add(steps, kind, options, source, error) : status;
}

static const struct spt_part_sort SORT = {"normalizer", "normalizers", KIND_COUNT, name_of, add_part};

enum spt_status spt_normalizer_parse(const struct spt_json *json, struct spt_tokenizer_source *source,
                                     struct spt_steps *steps, struct spt_error *error) {
    return spt_part_parse(&SORT, json, source, steps, error);
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
