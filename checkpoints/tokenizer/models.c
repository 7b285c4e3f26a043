#include "checkpoints/tokenizer/parts.h"

#include <string.h>

#include "checkpoints/tokenizer/trie.h"

static const struct spt_model_kind *const KINDS[] = {
    &spt_model_bpe,
    &spt_model_word_piece,
    &spt_model_unigram,
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

enum spt_status spt_model_read_vocabulary(const struct spt_json *json, const char *what,
                                          struct spt_tokenizer_source *source, struct spt_vocabulary *vocabulary,
                                          struct spt_error *error) {
    const struct spt_json *vocab = spt_json_get(json, "vocab");
    if (spt_json_kind(vocab) != SPT_JSON_OBJECT)
        return spt_fail(error, SPT_INVALID, source->path, "\"vocab\" of %s is %s, expected an object", what,
                        spt_json_kind_name(spt_json_kind(vocab)));
    const size_t count = spt_json_count(vocab);
    if (!spt_vocabulary_reserve(vocabulary, &source->arena, count))
        return spt_fail_memory(error, count * sizeof(struct spt_vocabulary_entry), "the vocabulary");
    for (struct spt_json_member *m = spt_json_first(vocab); m; m = spt_json_next(vocab, m)) {
        const char *token = spt_json_key(m);
        const size_t length = strlen(token);
        int32_t id;
        const enum spt_status status = spt_part_id(spt_json_value(m), token, source, &id, error);
        if (status != SPT_OK) return status;
        const char *copy = spt_arena_copy(&source->arena, token, length);
        if (!copy) return spt_fail_memory(error, length, "the vocabulary");
        spt_vocabulary_add(vocabulary, copy, length, id);
    }
    return SPT_OK;
}

enum spt_status spt_model_check_tokens(const struct spt_vocabulary *vocabulary, const char *what,
                                       const struct spt_tokenizer_source *source, struct spt_error *error) {
    for (size_t i = 0; i < vocabulary->count; i++)
        if (vocabulary->entries[i].length > SPT_TRIE_MAX)
            return spt_fail(error, SPT_UNSUPPORTED, source->path,
                            "a token of %zu bytes in %s, at most %d are supported", vocabulary->entries[i].length, what,
                            SPT_TRIE_MAX);
    return SPT_OK;
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
