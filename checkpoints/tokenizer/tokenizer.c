#include "checkpoints/tokenizer/tokenizer.h"

#include <stdlib.h>
#include <string.h>

#include "checkpoints/base/tree.h"
#include "checkpoints/base/unicode.h"
#include "checkpoints/tokenizer/added.h"
#include "checkpoints/tokenizer/files.h"
#include "checkpoints/tokenizer/parts.h"

enum { FILE_MAX = 256 * 1024 * 1024, GROWTH_MAX = 64, GROWTH_FREE = 1024 * 1024 };

struct spt_tokenizer {
    struct spt_tokenizer_source source;
    struct spt_steps normalizer, pre_tokenizer;
    struct spt_model model;
    struct spt_added added;
    struct spt_template form;
    int32_t bos; /* -1: none is known */
};

/* The file does not say which token begins a sequence; these do, in the families that have one. */
static int32_t find_bos(const struct spt_tokenizer *tokenizer) {
    static const char *const NAMES[] = {"<|begin_of_text|>", "<bos>", "<s>",
                                        "<|startoftext|>",   "[CLS]", "<|endoftext|>"};
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
        for (size_t k = 0; k < tokenizer->added.count; k++)
            if (tokenizer->added.tokens[k].special && strcmp(tokenizer->added.tokens[k].content, NAMES[i]) == 0)
                return tokenizer->added.tokens[k].id;
    return -1;
}

static enum spt_status check_form(const struct spt_tokenizer *tokenizer, struct spt_error *error) {
    for (size_t i = 0; i < tokenizer->form.count; i++) {
        const int32_t id = tokenizer->form.data[i];
        if (id != SPT_TEXT_HERE && !spt_tokenizer_token(tokenizer, id))
            return spt_fail(error, SPT_INVALID, tokenizer->source.path,
                            "the post-processor adds id %d, which no token has", (int)id);
    }
    return SPT_OK;
}

static enum spt_status read_parts(const struct spt_json *root, struct spt_tokenizer *tokenizer,
                                  struct spt_error *error) {
    struct spt_tokenizer_source *source = &tokenizer->source;
    if (spt_json_kind(root) != SPT_JSON_OBJECT)
        return spt_fail(error, SPT_INVALID, source->path, "%s, expected an object: no tokenizer.json",
                        spt_json_kind_name(spt_json_kind(root)));
    const char *version = spt_json_string(spt_json_get(root, "version"), NULL);
    if (version && strcmp(version, "1.0") != 0)
        return spt_fail(error, SPT_UNSUPPORTED, source->path, "version \"%s\" is not supported (known: 1.0)", version);
    enum spt_status status = spt_model_parse(spt_json_get(root, "model"), source, &tokenizer->model, error);
    if (status == SPT_OK)
        status = spt_normalizer_parse(spt_json_get(root, "normalizer"), source, &tokenizer->normalizer, error);
    if (status == SPT_OK)
        status = spt_pre_tokenizer_parse(spt_json_get(root, "pre_tokenizer"), source, &tokenizer->pre_tokenizer, error);
    if (status == SPT_OK)
        status = spt_processor_parse(spt_json_get(root, "post_processor"), source, &tokenizer->form, error);
    if (status == SPT_OK)
        status = spt_added_parse(spt_json_get(root, "added_tokens"), source, &tokenizer->model.vocabulary,
                                 &tokenizer->normalizer, &tokenizer->added, error);
    if (status == SPT_OK) status = check_form(tokenizer, error);
    if (status == SPT_OK) tokenizer->bos = find_bos(tokenizer);
    return status;
}

static enum spt_status parse(const char *bytes, size_t size, const char *path, bool assembled,
                             struct spt_tokenizer **tokenizer, struct spt_error *error) {
    struct spt_json_document *document;
    enum spt_status status = spt_json_parse(bytes, size, path, 0, false, &document, error);
    if (status != SPT_OK) return status;
    struct spt_tokenizer *made = calloc(1, sizeof *made);
    if (made) {
        made->source.path = path;
        made->source.assembled = assembled;
        status = read_parts(spt_json_root(document), made, error);
        made->source.path = NULL; /* borrowed */
    } else {
        status = spt_fail_memory(error, sizeof *made, "the tokenizer");
    }
    spt_json_free(document);
    if (status == SPT_OK)
        *tokenizer = made;
    else
        spt_tokenizer_close(made);
    return status;
}

enum spt_status spt_tokenizer_parse(const char *bytes, size_t size, const char *path, struct spt_tokenizer **tokenizer,
                                    struct spt_error *error) {
    return parse(bytes, size, path, false, tokenizer, error);
}

enum spt_status spt_tokenizer_parse_assembled(const char *bytes, size_t size, const char *path,
                                              struct spt_tokenizer **tokenizer, struct spt_error *error) {
    return parse(bytes, size, path, true, tokenizer, error);
}

static enum spt_status find_token(const struct spt_tokenizer *tokenizer, const char *content, int32_t *id,
                                  struct spt_error *error) {
    *id = -1;
    for (size_t i = 0; i < tokenizer->added.count && *id < 0; i++)
        if (strcmp(tokenizer->added.tokens[i].content, content) == 0) *id = tokenizer->added.tokens[i].id;
    return *id >= 0 ? SPT_OK : spt_fail(error, SPT_INVALID, NULL, "no token \"%s\" to stand around a text", content);
}

enum spt_status spt_tokenizer_frame(struct spt_tokenizer *tokenizer, const char *begin, const char *end,
                                    const char *bos, struct spt_error *error) {
    struct spt_template form = {0};
    int32_t id;
    enum spt_status status = begin ? find_token(tokenizer, begin, &id, error) : SPT_OK;
    if (status == SPT_OK && begin) status = spt_template_add(&form, id, &tokenizer->source, error);
    if (status == SPT_OK) status = spt_template_add(&form, SPT_TEXT_HERE, &tokenizer->source, error);
    if (status == SPT_OK && end) status = find_token(tokenizer, end, &id, error);
    if (status == SPT_OK && end) status = spt_template_add(&form, id, &tokenizer->source, error);
    if (status == SPT_OK && bos) status = find_token(tokenizer, bos, &tokenizer->bos, error);
    if (status == SPT_OK) tokenizer->form = form;
    return status;
}

enum spt_status spt_tokenizer_open(const char *path, struct spt_tokenizer **tokenizer, struct spt_error *error) {
    return spt_tokenizer_open_in(NULL, path, tokenizer, error);
}

enum spt_status spt_tokenizer_open_in(struct spt_tree *tree, const char *path, struct spt_tokenizer **tokenizer,
                                      struct spt_error *error) {
    if (spt_tokenizer_is_assembled(path)) return spt_tokenizer_assemble_file(tree, path, tokenizer, error);
    char *bytes;
    size_t size;
    enum spt_status status = spt_tree_read_all(tree, path, FILE_MAX, &bytes, &size, error);
    if (status != SPT_OK) return status;
    status = spt_tokenizer_parse(bytes, size, path, tokenizer, error);
    free(bytes);
    return status;
}

void spt_tokenizer_close(struct spt_tokenizer *tokenizer) {
    if (!tokenizer) return;
    spt_tokenizer_source_release(&tokenizer->source);
    free(tokenizer);
}

static enum spt_status add_id(struct spt_token_ids *ids, int32_t id, struct spt_error *error) {
    return spt_token_ids_add(ids, id) ? SPT_OK : spt_fail_memory(error, ids->count * sizeof id, "token ids");
}

static enum spt_status set_text(struct spt_text *text, const char *bytes, size_t length, struct spt_error *error) {
    spt_text_clear(text);
    spt_text_append(text, bytes, length);
    return text->failed ? spt_fail_memory(error, length, "the text to be tokenized") : SPT_OK;
}

/* Normalized text without added tokens. */
static enum spt_status encode_plain(const struct spt_tokenizer *tokenizer, const char *text, size_t length,
                                    struct spt_encoding *encoding, struct spt_token_ids *ids, struct spt_error *error) {
    enum spt_status status = set_text(&encoding->text, text, length, error);
    if (status == SPT_OK) status = spt_pre_tokenizer_apply(&tokenizer->pre_tokenizer, encoding, error);
    if (status == SPT_OK) status = spt_encoding_spend(encoding, error);
    const struct spt_model *model = &tokenizer->model;
    for (size_t i = 0; i < encoding->spans.count && status == SPT_OK; i++) {
        const struct spt_span span = encoding->spans.data[i];
        status = model->kind->encode(model->options, encoding->text.data + span.begin, span.end - span.begin, encoding,
                                     ids, error);
    }
    return status;
}

/* Text as given, between the added tokens that are looked for in it. */
static enum spt_status encode_given(const struct spt_tokenizer *tokenizer, const char *text, size_t length,
                                    struct spt_encoding *encoding, struct spt_token_ids *ids, struct spt_error *error) {
    enum spt_status status = set_text(&encoding->text, text, length, error);
    if (status == SPT_OK) status = spt_normalizer_apply(&tokenizer->normalizer, encoding, error);
    if (status == SPT_OK) status = spt_encoding_spend(encoding, error);
    if (status != SPT_OK) return status;
    const bool front = encoding->front;
    const struct spt_text normalized = encoding->normalized;
    encoding->normalized = encoding->text;
    encoding->text = normalized;
    struct spt_added_scan scan = {.search = &tokenizer->added.normalized,
                                  .text = encoding->normalized.data,
                                  .length = encoding->normalized.length};
    struct spt_span part;
    const struct spt_added_token *token;
    while (status == SPT_OK && spt_added_next(&scan, &part, &token)) {
        encoding->front = front && part.begin == 0;
        status = token ? add_id(ids, token->id, error)
                       : encode_plain(tokenizer, scan.text + part.begin, part.end - part.begin, encoding, ids, error);
    }
    return status;
}

static enum spt_status encode_text(const struct spt_tokenizer *tokenizer, const char *text, size_t length,
                                   struct spt_token_ids *ids, struct spt_error *error) {
    size_t limit;
    if (!spt_multiply(length, GROWTH_MAX, &limit) || limit > SIZE_MAX - GROWTH_FREE) limit = SIZE_MAX - GROWTH_FREE;
    struct spt_encoding encoding = {.limit = limit + GROWTH_FREE};
    struct spt_added_scan scan = {.search = &tokenizer->added.given, .text = text, .length = length};
    struct spt_span part;
    const struct spt_added_token *token;
    enum spt_status status = SPT_OK;
    while (status == SPT_OK && spt_added_next(&scan, &part, &token)) {
        encoding.front = part.begin == 0;
        status = token ? add_id(ids, token->id, error)
                       : encode_given(tokenizer, text + part.begin, part.end - part.begin, &encoding, ids, error);
    }
    spt_encoding_release(&encoding);
    return status;
}

/* The text is encoded at its first place in the template and copied to others. */
static enum spt_status fill_template(const struct spt_tokenizer *tokenizer, const char *text, size_t length,
                                     bool with_special, struct spt_token_ids *ids, struct spt_error *error) {
    size_t begin = 0, count = 0;
    bool encoded = false;
    enum spt_status status = SPT_OK;
    for (size_t i = 0; i < tokenizer->form.count && status == SPT_OK; i++) {
        const int32_t id = tokenizer->form.data[i];
        if (id != SPT_TEXT_HERE) {
            if (with_special) status = add_id(ids, id, error);
        } else if (!encoded) {
            begin = ids->count;
            status = encode_text(tokenizer, text, length, ids, error);
            count = ids->count - begin;
            encoded = true;
        } else {
            for (size_t k = 0; k < count && status == SPT_OK; k++) status = add_id(ids, ids->ids[begin + k], error);
        }
    }
    return status;
}

enum spt_status spt_tokenizer_encode(const struct spt_tokenizer *tokenizer, const char *text, size_t length,
                                     enum spt_bos bos, struct spt_token_ids *ids, struct spt_error *error) {
    const size_t valid = spt_unicode_valid_prefix(text, length);
    if (valid < length)
        return spt_fail_at(error, SPT_INVALID, NULL, valid, "invalid UTF-8 at byte %zu of the text", valid);
    const struct spt_template *form = &tokenizer->form;
    const size_t before = ids->count;
    enum spt_status status = SPT_OK;
    if (bos == SPT_BOS_ALWAYS && (form->count == 0 || form->data[0] == SPT_TEXT_HERE)) {
        if (tokenizer->bos < 0)
            return spt_fail(error, SPT_INVALID, NULL, "bos: always, but the tokenizer has no token to begin with");
        status = add_id(ids, tokenizer->bos, error);
    }
    if (status == SPT_OK) status = fill_template(tokenizer, text, length, bos != SPT_BOS_NEVER, ids, error);
    if (status != SPT_OK) ids->count = before;
    return status;
}

void spt_token_ids_release(struct spt_token_ids *ids) {
    free(ids->ids);
    *ids = (struct spt_token_ids){0};
}

const char *spt_tokenizer_model(const struct spt_tokenizer *tokenizer) {
    return tokenizer->model.kind->name;
}

static void put_shown(const struct spt_tokenizer *tokenizer, int32_t id, struct spt_text *text) {
    char shown[64];
    const char *content = id == SPT_TEXT_HERE ? "..." : spt_tokenizer_token(tokenizer, id);
    spt_text_printable(shown, sizeof shown, content ? content : "?");
    if (text->length) spt_text_put(text, " ");
    spt_text_put(text, shown);
}

void spt_tokenizer_put_added(const struct spt_tokenizer *tokenizer, enum spt_bos bos, struct spt_text *text) {
    enum { SHOWN = 16 };
    const struct spt_template *form = &tokenizer->form;
    struct spt_text frame = {0};
    if (bos == SPT_BOS_ALWAYS && (form->count == 0 || form->data[0] == SPT_TEXT_HERE))
        put_shown(tokenizer, tokenizer->bos, &frame);
    size_t put = 0;
    for (size_t i = 0; i < form->count && put < SHOWN; i++) {
        if (bos == SPT_BOS_NEVER && form->data[i] != SPT_TEXT_HERE) continue;
        put_shown(tokenizer, form->data[i], &frame);
        put++;
    }
    if (put == SHOWN) spt_text_format(&frame, " and %zu more", form->count - put);
    if (frame.failed)
        text->failed = true;
    else
        spt_text_put(text, frame.data && strcmp(frame.data, "...") != 0 ? frame.data : "nothing");
    spt_text_release(&frame);
}

size_t spt_tokenizer_vocabulary(const struct spt_tokenizer *tokenizer) {
    int32_t largest = spt_vocabulary_largest(&tokenizer->model.vocabulary);
    const size_t added = tokenizer->added.count;
    if (added && tokenizer->added.tokens[added - 1].id > largest) largest = tokenizer->added.tokens[added - 1].id;
    return (size_t)((int64_t)largest + 1);
}

bool spt_tokenizer_is_special(const struct spt_tokenizer *tokenizer, int32_t id) {
    const struct spt_added_token *token = spt_added_find(&tokenizer->added, id);
    return token && token->special;
}

const char *spt_tokenizer_token(const struct spt_tokenizer *tokenizer, int32_t id) {
    const struct spt_added_token *token = spt_added_find(&tokenizer->added, id);
    return token ? token->content : spt_vocabulary_token(&tokenizer->model.vocabulary, id);
}

/* SentencePiece's space. */
static const char LOW_LINE[] = "\xe2\x96\x81";

void spt_tokenizer_put_text(const struct spt_tokenizer *tokenizer, int32_t id, struct spt_text *text) {
    const struct spt_added_token *added = spt_added_find(&tokenizer->added, id);
    const char *token = spt_tokenizer_token(tokenizer, id), *space;
    if (!token) return;
    if (!added && spt_pre_tokenizer_is_byte_level(&tokenizer->pre_tokenizer)) {
        spt_byte_level_put(token, text);
        return;
    }
    while (!added && (space = strstr(token, LOW_LINE))) {
        spt_text_append(text, token, (size_t)(space - token));
        spt_text_put(text, " ");
        token = space + sizeof LOW_LINE - 1;
    }
    spt_text_put(text, token);
}
