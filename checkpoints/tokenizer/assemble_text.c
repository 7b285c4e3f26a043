/* vocab.txt: one token of WordPiece a line, the first has id 0. */
#include "checkpoints/base/memory.h"
#include "checkpoints/base/unicode.h"
#include "checkpoints/tokenizer/assemble.h"
#include "checkpoints/tokenizer/vocabulary.h"

#include <string.h>

static size_t count_lines(const struct spt_file_bytes *file) {
    const char *line;
    size_t at = 0, length, count = 0;
    while (spt_assembly_line(file, &at, &line, &length)) count++;
    return count;
}

/* Without the white space at its end. */
static size_t trim(const char *line, size_t length) {
    size_t end = 0;
    uint32_t code;
    for (size_t i = 0, step; i < length; i += step) {
        step = spt_unicode_decode(line + i, length - i, &code);
        if (!spt_unicode_is_whitespace(code)) end = i + step;
    }
    return end;
}

/* Of equal lines the last counts. */
static void put_vocabulary(const struct spt_file_bytes *file, struct spt_vocabulary *vocabulary,
                           struct spt_text *json) {
    const char *line;
    size_t length;
    int32_t id = 0;
    for (size_t at = 0; spt_assembly_line(file, &at, &line, &length); id++)
        spt_vocabulary_add(vocabulary, line, trim(line, length), id);
    spt_text_put(json, "{");
    bool first = true;
    for (size_t i = 0; i < vocabulary->count; i++) {
        const struct spt_vocabulary_entry *entry = &vocabulary->entries[i];
        if (spt_vocabulary_id(vocabulary, entry->text, entry->length) != entry->id) continue;
        if (!first) spt_text_put(json, ",");
        first = false;
        spt_assembly_put(json, entry->text, entry->length);
        spt_text_format(json, ":%d", (int)entry->id);
    }
    spt_text_put(json, "}");
}

enum spt_status spt_assemble_text(struct spt_assembly *assembly, struct spt_error *error) {
    const struct spt_file_bytes *file = &assembly->files->main;
    struct spt_text *json = &assembly->json;
    bool lower = true, chinese = true, strip = true;
    enum spt_status status = spt_assembly_check_text(file, assembly->files->path, error);
    if (status == SPT_OK) status = spt_assembly_flag(assembly, "do_lower_case", true, &lower, error);
    if (status == SPT_OK) status = spt_assembly_flag(assembly, "tokenize_chinese_chars", true, &chinese, error);
    if (status == SPT_OK) status = spt_assembly_flag(assembly, "strip_accents", lower, &strip, error);
    if (status != SPT_OK) return status;
    const size_t lines = count_lines(file);
    if (lines == 0) return spt_fail(error, SPT_INVALID, assembly->files->path, "empty, expected one token a line");
    const char *unknown = assembly->named[SPT_UNK] ? assembly->named[SPT_UNK] : "[UNK]";
    spt_text_put(json, "\"model\": {\"type\": \"WordPiece\", \"continuing_subword_prefix\": \"##\", "
                       "\"max_input_chars_per_word\": 100, \"unk_token\": ");
    spt_assembly_put(json, unknown, strlen(unknown));
    spt_text_put(json, ", \"vocab\": ");
    struct spt_arena arena = {0};
    struct spt_vocabulary vocabulary;
    const bool ok = spt_vocabulary_reserve(&vocabulary, &arena, lines);
    if (ok) put_vocabulary(file, &vocabulary, json);
    spt_arena_release(&arena);
    if (!ok) return spt_fail_memory(error, file->size, "the vocabulary");
    spt_text_format(json,
                    "}, \"normalizer\": {\"type\": \"BertNormalizer\", \"clean_text\": true, "
                    "\"handle_chinese_chars\": %s, \"strip_accents\": %s, \"lowercase\": %s}, "
                    "\"pre_tokenizer\": {\"type\": \"BertPreTokenizer\"}, ",
                    chinese ? "true" : "false", strip ? "true" : "false", lower ? "true" : "false");
    return SPT_OK;
}
