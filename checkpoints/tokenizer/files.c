#include "checkpoints/tokenizer/files.h"

#include <stdlib.h>
#include <string.h>

#include "checkpoints/base/memory.h"
#include "checkpoints/base/tree.h"
#include "checkpoints/tokenizer/assemble.h"
#include "checkpoints/tokenizer/parts.h"

const struct spt_tokenizer_file SPT_TOKENIZER_FILES[] = {
    {"tokenizer.json", NULL},     {"tokenizer.model", NULL}, {"sentencepiece.bpe.model", NULL},
    {"vocab.json", "merges.txt"}, {"vocab.txt", NULL},       {NULL, NULL},
};

const char *const SPT_TOKENIZER_PARTS[] = {
    "tokenizer.json", "tokenizer.model",       "sentencepiece.bpe.model", "vocab.json",        "merges.txt",
    "vocab.txt",      "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", NULL,
};

const char *spt_tokenizer_file_choose(bool (*has)(void *context, const char *name), void *context) {
    for (const struct spt_tokenizer_file *file = SPT_TOKENIZER_FILES; file->name; file++)
        if (has(context, file->name) && (!file->with || has(context, file->with))) return file->name;
    return NULL;
}

enum { FILE_MAX = 64 * 1024 * 1024 };

struct kind {
    const char *ending; /* of the path */
    enum spt_vocabulary_kind vocabulary;
    enum spt_status (*assemble)(struct spt_assembly *assembly, struct spt_error *error);
};

static const struct kind KINDS[] = {
    {"vocab.txt", SPT_VOCABULARY_TEXT, spt_assemble_text},
    {"vocab.json", SPT_VOCABULARY_JSON, spt_assemble_json},
    {".model", SPT_VOCABULARY_SENTENCE_PIECE, spt_assemble_sentence_piece},
};

static const struct kind *kind_of(const char *path) {
    const size_t length = strlen(path);
    for (size_t i = 0; i < sizeof KINDS / sizeof *KINDS; i++) {
        const size_t ending = strlen(KINDS[i].ending);
        if (length >= ending && strcmp(path + length - ending, KINDS[i].ending) == 0) return &KINDS[i];
    }
    return NULL;
}

bool spt_tokenizer_is_assembled(const char *path) {
    return kind_of(path) != NULL;
}

/* ---- added tokens ---- */

static bool flag(const struct spt_json *token, const char *key) {
    return spt_json_bool(spt_json_get(token, key), false);
}

/* {"content": ..., "lstrip": ...}; "normalized" is by default what "special" is not. */
static void put_object(struct spt_text *json, const struct spt_json *token, const char *content, bool special) {
    const bool normalized = spt_json_bool(spt_json_get(token, "normalized"), !special);
    spt_text_put(json, "{\"id\": 0, \"content\": ");
    spt_assembly_put(json, content, strlen(content));
    spt_text_format(
        json, ", \"single_word\": %s, \"lstrip\": %s, \"rstrip\": %s, \"normalized\": %s, \"special\": %s},",
        flag(token, "single_word") ? "true" : "false", flag(token, "lstrip") ? "true" : "false",
        flag(token, "rstrip") ? "true" : "false", normalized ? "true" : "false", special ? "true" : "false");
}

struct listed {
    long long id;
    const char *content;
    const struct spt_json *token; /* its flags; NULL: none are stated */
};

/* Those of tokenizer_config.json, {"50256": {"content": ...}}, else of added_tokens.json, {"token": 50256}. */
struct list {
    const struct spt_json *object; /* NULL: none */
    bool decoder;                  /* of tokenizer_config.json */
    struct listed *tokens;
    size_t count;
};

static int by_id(const void *a, const void *b) {
    const struct listed *x = a, *y = b;
    if (x->id != y->id) return x->id < y->id ? -1 : 1;
    return strcmp(x->content, y->content);
}

static enum spt_status read_listed(const struct spt_tokenizer_files *files, struct list *list,
                                   struct spt_error *error) {
    char path[4096];
    const size_t count = spt_json_count(list->object);
    if (spt_json_kind(list->object) != SPT_JSON_OBJECT || count == 0) return SPT_OK;
    list->tokens = spt_alloc(count, sizeof *list->tokens);
    if (!list->tokens) return spt_fail_memory(error, count * sizeof *list->tokens, "added tokens");
    for (struct spt_json_member *m = spt_json_first(list->object); m; m = spt_json_next(list->object, m)) {
        const struct spt_json *value = spt_json_value(m);
        const char *key = spt_json_key(m);
        struct listed *token = &list->tokens[list->count++];
        *token = list->decoder ? (struct listed){.id = strtoll(key, NULL, 10),
                                                 .content = spt_json_string(spt_json_get(value, "content"), NULL),
                                                 .token = value}
                               : (struct listed){.id = spt_json_integer(value, 0), .content = key};
        if (!token->content)
            return spt_fail(error, SPT_INVALID, spt_assembly_beside(files, "tokenizer_config.json", path),
                            "the added token \"%s\" has no \"content\"", key);
    }
    qsort(list->tokens, list->count, sizeof *list->tokens, by_id);
    return SPT_OK;
}

static bool is_listed(const struct list *list, const char *content) {
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->tokens[i].content, content) == 0) return true;
    return false;
}

/* The name of content, SPT_NAMED_TOKENS: it has none. */
static size_t name_of(const struct spt_assembly *assembly, const char *content) {
    size_t name = 0;
    while (name < SPT_NAMED_TOKENS && !(assembly->named[name] && strcmp(assembly->named[name], content) == 0)) name++;
    return name;
}

/* New tokens get their ids in the order of these. One with a name is special, and keeps the flags that it is listed
 * with; in added_tokens.json it has none. */
static void put_listed(const struct spt_assembly *assembly, const struct list *list, struct spt_text *json) {
    for (size_t i = 0; i < list->count; i++) {
        const struct listed *token = &list->tokens[i];
        const bool named = name_of(assembly, token->content) < SPT_NAMED_TOKENS;
        if (token->token)
            put_object(json, token->token, token->content, named || flag(token->token, "special"));
        else
            spt_assembly_put_token(json, token->content, !named, named);
    }
}

static void put_named(const struct spt_assembly *assembly, const struct list *list, struct spt_text *json) {
    for (size_t i = 0; i < SPT_NAMED_TOKENS; i++) {
        const char *content = assembly->named[i];
        if (content && !assembly->marked[i] && !is_listed(list, content))
            put_object(json, spt_assembly_stated(assembly, i), content, true);
    }
}

static enum spt_status put_added(struct spt_assembly *assembly, struct spt_error *error) {
    struct list list = {.object = spt_assembly_setting(assembly, "added_tokens_decoder")};
    list.decoder = list.object != NULL;
    if (!list.object && assembly->added_tokens) list.object = spt_json_root(assembly->added_tokens);
    const enum spt_status status = read_listed(assembly->files, &list, error);
    struct spt_text *json = &assembly->json;
    spt_text_put(json, "\"added_tokens\": [");
    const size_t begin = json->length;
    if (assembly->tokens.length) spt_text_append(json, assembly->tokens.data, assembly->tokens.length);
    if (status == SPT_OK) put_listed(assembly, &list, json);
    if (status == SPT_OK) put_named(assembly, &list, json);
    if (!json->failed && json->length > begin) json->data[json->length - 1] = ' '; /* the last comma */
    spt_text_put(json, "]}");
    free(list.tokens);
    return status;
}

/* ---- the whole ---- */

static enum spt_status frame(const struct spt_assembly *assembly, struct spt_tokenizer *tokenizer,
                             struct spt_error *error) {
    const struct spt_tokenizer_family *family = assembly->family;
    const char *const *named = assembly->named;
    if (family->classifies)
        return spt_tokenizer_frame(tokenizer, named[SPT_CLS], named[SPT_SEP], named[SPT_CLS], error);
    bool bos = false, eos = false;
    enum spt_status status = spt_assembly_flag(assembly, "add_bos_token", family->add_bos, &bos, error);
    if (status == SPT_OK) status = spt_assembly_flag(assembly, "add_eos_token", false, &eos, error);
    if (status != SPT_OK) return status;
    return spt_tokenizer_frame(tokenizer, bos ? named[SPT_BOS] : NULL, eos ? named[SPT_EOS] : NULL, named[SPT_BOS],
                               error);
}

enum spt_status spt_tokenizer_assemble(const struct spt_tokenizer_files *files, struct spt_tokenizer **tokenizer,
                                       struct spt_error *error) {
    const struct kind *kind = kind_of(files->path);
    if (!kind)
        return spt_fail(error, SPT_INVALID, files->path, "neither vocab.txt nor vocab.json nor a .model: no tokenizer");
    struct spt_assembly assembly;
    enum spt_status status = spt_assembly_begin(&assembly, files, kind->vocabulary, error);
    spt_text_put(&assembly.json, "{");
    if (status == SPT_OK) status = kind->assemble(&assembly, error);
    if (status == SPT_OK) status = put_added(&assembly, error);
    if (status == SPT_OK && (assembly.json.failed || assembly.tokens.failed))
        status = spt_fail_memory(error, files->main.size, "a tokenizer");
    struct spt_tokenizer *made = NULL;
    if (status == SPT_OK)
        status = spt_tokenizer_parse_assembled(assembly.json.data, assembly.json.length, files->path, &made, error);
    if (status == SPT_OK) status = frame(&assembly, made, error);
    spt_assembly_release(&assembly);
    if (status == SPT_OK)
        *tokenizer = made;
    else
        spt_tokenizer_close(made);
    return status;
}

/* The file called name beside path, if there is one. */
static enum spt_status read_beside(struct spt_tree *tree, const char *path, const char *name,
                                   struct spt_file_bytes *file, struct spt_error *error) {
    const char *slash = strrchr(path, '/');
    struct spt_text beside = {0};
    if (slash) spt_text_append(&beside, path, (size_t)(slash - path) + 1);
    spt_text_put(&beside, name);
    char *bytes = NULL;
    enum spt_status status = beside.failed ? spt_fail_memory(error, strlen(path), "a path") : SPT_OK;
    if (status == SPT_OK && spt_tree_is_there(tree, beside.data))
        status = spt_tree_read_all(tree, beside.data, FILE_MAX, &bytes, &file->size, error);
    file->bytes = bytes;
    spt_text_release(&beside);
    return status;
}

enum spt_status spt_tokenizer_assemble_file(struct spt_tree *tree, const char *path, struct spt_tokenizer **tokenizer,
                                            struct spt_error *error) {
    struct spt_tokenizer_files files = {.path = path};
    const struct {
        const char *name;
        struct spt_file_bytes *file;
    } beside[] = {
        {"merges.txt", &files.merges},
        {"tokenizer_config.json", &files.tokenizer_config},
        {"special_tokens_map.json", &files.special_tokens_map},
        {"added_tokens.json", &files.added_tokens},
        {"config.json", &files.config},
    };
    char *bytes = NULL;
    enum spt_status status = spt_tree_read_all(tree, path, FILE_MAX, &bytes, &files.main.size, error);
    files.main.bytes = bytes;
    for (size_t i = 0; i < sizeof beside / sizeof *beside && status == SPT_OK; i++)
        status = read_beside(tree, path, beside[i].name, beside[i].file, error);
    if (status == SPT_OK) status = spt_tokenizer_assemble(&files, tokenizer, error);
    free(bytes);
    for (size_t i = 0; i < sizeof beside / sizeof *beside; i++) free((void *)beside[i].file->bytes);
    return status;
}
