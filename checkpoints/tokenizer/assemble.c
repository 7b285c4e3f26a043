#include "checkpoints/tokenizer/assemble.h"

#include <stdio.h>
#include <string.h>

#include "checkpoints/base/unicode.h"

const char *spt_assembly_beside(const struct spt_tokenizer_files *files, const char *name, char path[4096]) {
    const char *slash = strrchr(files->path, '/');
    (void)snprintf(path, 4096, "%.*s%s", slash ? (int)(slash - files->path) + 1 : 0, files->path, name);
    return path;
}

/* An absent file is no document. */
static enum spt_status open_json(const struct spt_tokenizer_files *files, const struct spt_file_bytes *file,
                                 const char *name, struct spt_json_document **document, struct spt_error *error) {
    char path[4096];
    if (!file->bytes) return SPT_OK;
    (void)spt_assembly_beside(files, name, path);
    const enum spt_status status = spt_json_parse(file->bytes, file->size, path, 0, true, document, error);
    if (status != SPT_OK || spt_json_kind(spt_json_root(*document)) == SPT_JSON_OBJECT) return status;
    return spt_fail(error, SPT_INVALID, path, "%s, expected an object",
                    spt_json_kind_name(spt_json_kind(spt_json_root(*document))));
}

static const struct spt_json *member(const struct spt_json_document *document, const char *key) {
    return document ? spt_json_get(spt_json_root(document), key) : NULL;
}

const char *const SPT_NAMED_TOKEN_KEYS[SPT_NAMED_TOKENS] = {
    [SPT_BOS] = "bos_token", [SPT_EOS] = "eos_token", [SPT_UNK] = "unk_token",   [SPT_SEP] = "sep_token",
    [SPT_PAD] = "pad_token", [SPT_CLS] = "cls_token", [SPT_MASK] = "mask_token",
};

const struct spt_json *spt_assembly_setting(const struct spt_assembly *assembly, const char *key) {
    return member(assembly->tokenizer_config, key);
}

const struct spt_json *spt_assembly_stated(const struct spt_assembly *assembly, size_t name) {
    const struct spt_json *told = member(assembly->tokenizer_config, "added_tokens_decoder")
                                      ? NULL
                                      : member(assembly->special_tokens_map, SPT_NAMED_TOKEN_KEYS[name]);
    return told ? told : member(assembly->tokenizer_config, SPT_NAMED_TOKEN_KEYS[name]);
}

static enum spt_status find_named(struct spt_assembly *assembly, struct spt_error *error) {
    for (size_t i = 0; i < SPT_NAMED_TOKENS; i++) {
        const struct spt_json *token = spt_assembly_stated(assembly, i);
        const enum spt_json_kind kind = spt_json_kind(token);
        const struct spt_json *content = kind == SPT_JSON_OBJECT ? spt_json_get(token, "content") : token;
        assembly->named[i] = spt_json_string(content, NULL);
        if (kind == SPT_JSON_ABSENT) assembly->named[i] = assembly->family->named[i];
        if (kind > SPT_JSON_NULL && !assembly->named[i])
            return spt_fail(error, SPT_INVALID, assembly->files->path,
                            "\"%s\" of tokenizer_config.json is %s, expected a string or an object with \"content\"",
                            SPT_NAMED_TOKEN_KEYS[i], spt_json_kind_name(kind));
    }
    return SPT_OK;
}

void spt_assembly_default(struct spt_assembly *assembly, enum spt_named_token name, const char *content) {
    if (!assembly->named[name] && !spt_assembly_stated(assembly, name)) assembly->named[name] = content;
}

enum spt_status spt_assembly_begin(struct spt_assembly *assembly, const struct spt_tokenizer_files *files,
                                   enum spt_vocabulary_kind kind, struct spt_error *error) {
    *assembly = (struct spt_assembly){.files = files};
    enum spt_status status =
        open_json(files, &files->tokenizer_config, "tokenizer_config.json", &assembly->tokenizer_config, error);
    if (status == SPT_OK)
        status = open_json(files, &files->special_tokens_map, "special_tokens_map.json", &assembly->special_tokens_map,
                           error);
    if (status == SPT_OK)
        status = open_json(files, &files->added_tokens, "added_tokens.json", &assembly->added_tokens, error);
    if (status == SPT_OK) status = open_json(files, &files->config, "config.json", &assembly->config, error);
    if (status != SPT_OK) return status;
    assembly->family =
        spt_tokenizer_family_find(spt_json_string(member(assembly->tokenizer_config, "tokenizer_class"), NULL),
                                  spt_json_string(member(assembly->config, "model_type"), NULL), kind);
    spt_text_put(&assembly->tokens, "");
    return find_named(assembly, error);
}

void spt_assembly_release(struct spt_assembly *assembly) {
    spt_json_free(assembly->tokenizer_config);
    spt_json_free(assembly->special_tokens_map);
    spt_json_free(assembly->added_tokens);
    spt_json_free(assembly->config);
    spt_text_release(&assembly->json);
    spt_text_release(&assembly->tokens);
    spt_arena_release(&assembly->arena);
    *assembly = (struct spt_assembly){0};
}

enum spt_status spt_assembly_flag(const struct spt_assembly *assembly, const char *key, bool fallback, bool *value,
                                  struct spt_error *error) {
    const struct spt_json *node = member(assembly->tokenizer_config, key);
    const enum spt_json_kind kind = spt_json_kind(node);
    if (kind > SPT_JSON_NULL && kind != SPT_JSON_BOOL)
        return spt_fail(error, SPT_INVALID, assembly->files->path,
                        "\"%s\" of tokenizer_config.json is %s, expected true or false", key, spt_json_kind_name(kind));
    *value = kind == SPT_JSON_BOOL ? spt_json_bool(node, fallback) : fallback;
    return SPT_OK;
}

bool spt_assembly_line(const struct spt_file_bytes *file, size_t *at, const char **line, size_t *length) {
    if (*at >= file->size) return false;
    *line = file->bytes + *at;
    const char *end = memchr(*line, '\n', file->size - *at);
    *length = end ? (size_t)(end - *line) : file->size - *at;
    *at += *length + 1;
    if (end && *length && (*line)[*length - 1] == '\r') --*length;
    return true;
}

void spt_assembly_put(struct spt_text *json, const char *text, size_t length) {
    static const char HEX[] = "0123456789abcdef";
    spt_text_append(json, "\"", 1);
    size_t done = 0;
    for (size_t i = 0; i < length; i++) {
        const unsigned char byte = (unsigned char)text[i];
        if (byte >= 0x20 && byte != '"' && byte != '\\') continue;
        const char escape[] = {'\\', 'u', '0', '0', HEX[byte >> 4], HEX[byte & 15]};
        spt_text_append(json, text + done, i - done);
        spt_text_append(json, escape, sizeof escape);
        done = i + 1;
    }
    spt_text_append(json, text + done, length - done);
    spt_text_append(json, "\"", 1);
}

enum spt_status spt_assembly_check_text(const struct spt_file_bytes *file, const char *name, struct spt_error *error) {
    const size_t valid = spt_unicode_valid_prefix(file->bytes, file->size);
    const char *nul = memchr(file->bytes, '\0', valid);
    const size_t at = nul ? (size_t)(nul - file->bytes) : valid;
    if (at == file->size) return SPT_OK;
    return spt_fail_at(error, SPT_INVALID, name, at, "%s at byte %zu", nul ? "a NUL" : "invalid UTF-8", at);
}

void spt_assembly_put_token(struct spt_text *json, const char *content, bool normalized, bool special) {
    spt_text_put(json, "{\"id\": 0, \"content\": ");
    spt_assembly_put(json, content, strlen(content));
    spt_text_format(json,
                    ", \"single_word\": false, \"lstrip\": false, \"rstrip\": false, \"normalized\": %s, \"special\": "
                    "%s},",
                    normalized ? "true" : "false", special ? "true" : "false");
}

void spt_assembly_put_mark(struct spt_assembly *assembly, const char *content, bool normalized, bool special) {
    spt_assembly_put_token(&assembly->tokens, content, normalized, special);
    for (size_t i = 0; i < SPT_NAMED_TOKENS; i++)
        if (assembly->named[i] && strcmp(assembly->named[i], content) == 0) assembly->marked[i] = true;
}
