/* A SentencePiece model (Kudo and Richardson 2018): BPE, whose merges are told by the pieces' scores, or Unigram. */
#include "checkpoints/base/unicode.h"
#include "checkpoints/tokenizer/assemble.h"
#include "checkpoints/tokenizer/charsmap.h"
#include "checkpoints/tokenizer/trie.h"

#include <math.h>
#include <sentencepiece.pb-c.h>
#include <string.h>

enum { UNIGRAM = 1, BPE = 2, FAIRSEQ_FIRST = 3, MEMORY_FACTOR = 32, MEMORY_FREE = 1 << 20 };

/* ---- unpacking ---- */

/* Two bytes of a file may ask for a message of a hundred: what all of it may take is bounded by the file's size. */
struct budget {
    struct spt_arena arena;
    size_t left;
    bool spent, no_memory; /* why it gave none */
};

static void *take(void *context, size_t size) {
    struct budget *budget = context;
    budget->spent = budget->spent || size > budget->left;
    if (budget->spent) return NULL;
    budget->left -= size;
    void *memory = spt_arena_alloc(&budget->arena, 1, size ? size : 1);
    budget->no_memory = budget->no_memory || !memory;
    return memory;
}

static void give_back(void *context, void *pointer) {
    (void)context, (void)pointer; /* all at once, with the arena */
}

/* ---- checks ---- */

struct model {
    struct spt_assembly *assembly;
    const Sentencepiece__Model *message;
    const Sentencepiece__Trainer *trainer;
    const Sentencepiece__Normalizer *normalizer;
    struct spt_vocabulary pieces; /* the entry of id i is entries[i]; NUL-terminated copies */
    struct spt_arena *arena;
    size_t unknown;
};

static enum spt_status check_piece(struct model *model, size_t i, struct spt_error *error) {
    const Sentencepiece__Piece *piece = model->message->pieces[i];
    const char *path = model->assembly->files->path, *text = (const char *)piece->piece.data;
    const size_t length = piece->piece.len;
    if (length == 0) return spt_fail(error, SPT_INVALID, path, "piece %zu is empty", i);
    if (length > SPT_TRIE_MAX)
        return spt_fail(error, SPT_UNSUPPORTED, path, "piece %zu has %zu bytes, at most %d are supported", i, length,
                        SPT_TRIE_MAX);
    if (spt_unicode_valid_prefix(text, length) < length || memchr(text, '\0', length))
        return spt_fail(error, SPT_INVALID, path, "piece %zu is no UTF-8 without NUL", i);
    if (spt_vocabulary_id(&model->pieces, text, length) >= 0)
        return spt_fail(error, SPT_INVALID, path, "piece %zu is there twice", i);
    if (!isfinite(piece->score)) return spt_fail(error, SPT_INVALID, path, "the score of piece %zu is no number", i);
    if (piece->type == SENTENCEPIECE__PIECE__TYPE__UNUSED)
        return spt_fail(error, SPT_UNSUPPORTED, path, "piece %zu is marked unused, which is not supported", i);
    const char *copy = spt_arena_copy(model->arena, text, length);
    if (!copy) return spt_fail_memory(error, length, "the vocabulary");
    spt_vocabulary_add(&model->pieces, copy, length, (int32_t)i);
    return SPT_OK;
}

static enum spt_status check(struct model *model, struct spt_error *error) {
    const char *path = model->assembly->files->path;
    const size_t count = model->message->n_pieces;
    if (count == 0) return spt_fail(error, SPT_INVALID, path, "no pieces: no SentencePiece model");
    if (!spt_vocabulary_reserve(&model->pieces, model->arena, count))
        return spt_fail_memory(error, count * sizeof *model->pieces.entries, "the vocabulary");
    size_t unknown = 0;
    for (size_t i = 0; i < count; i++) {
        const enum spt_status status = check_piece(model, i, error);
        if (status != SPT_OK) return status;
        if (model->message->pieces[i]->type != SENTENCEPIECE__PIECE__TYPE__UNKNOWN) continue;
        unknown++;
        model->unknown = i;
    }
    if (unknown != 1) return spt_fail(error, SPT_INVALID, path, "%zu unknown pieces, expected one", unknown);
    const int32_t type = model->trainer->model_type;
    if (type != UNIGRAM && type != BPE)
        return spt_fail(error, SPT_UNSUPPORTED, path,
                        "a SentencePiece model of type %d is not supported (known: 1 unigram, 2 BPE)", (int)type);
    if (model->trainer->treat_whitespace_as_suffix)
        return spt_fail(error, SPT_UNSUPPORTED, path, "\"treat_whitespace_as_suffix\" is not supported");
    if (model->assembly->family->fairseq && count < FAIRSEQ_FIRST)
        return spt_fail(error, SPT_INVALID, path, "%zu pieces, XLM-R's has at least %d", count, FAIRSEQ_FIRST);
    return SPT_OK;
}

/* ---- writing ---- */

static bool is_normal(const struct model *model, size_t i) {
    return model->message->pieces[i]->type == SENTENCEPIECE__PIECE__TYPE__NORMAL;
}

/* A piece that is no part of a text has no score. */
static void put_score(const struct model *model, size_t i, struct spt_text *json) {
    if (is_normal(model, i))
        spt_text_put_real(json, (double)model->message->pieces[i]->score, 9);
    else
        spt_text_put(json, "null");
}

static void put_piece(const struct model *model, size_t i, struct spt_text *json) {
    spt_assembly_put(json, model->pieces.entries[i].text, model->pieces.entries[i].length);
}

static void put_bpe(const struct model *model, struct spt_text *json) {
    const size_t count = model->message->n_pieces;
    spt_text_put(json, "\"model\": {\"type\": \"BPE\", \"fuse_unk\": true, \"unk_token\": ");
    put_piece(model, model->unknown, json);
    spt_text_format(json, ", \"byte_fallback\": %s, \"vocab\": {", model->trainer->byte_fallback ? "true" : "false");
    for (size_t i = 0; i < count; i++) {
        if (i) spt_text_put(json, ",");
        put_piece(model, i, json);
        spt_text_format(json, ":%zu", i);
    }
    spt_text_put(json, "}, \"scores\": [");
    for (size_t i = 0; i < count; i++) {
        if (i) spt_text_put(json, ",");
        put_score(model, i, json);
    }
    spt_text_put(json, "]}, ");
}

static void put_token_without_score(const char *token, struct spt_text *json) {
    spt_text_put(json, "[");
    spt_assembly_put(json, token, strlen(token));
    spt_text_put(json, ",null],");
}

/* XLM-R has the ids of fairseq: its own special tokens first, then the model's pieces from the fourth on, then the
 * mask. */
static void put_unigram(const struct model *model, struct spt_text *json) {
    const struct spt_assembly *assembly = model->assembly;
    const bool fairseq = assembly->family->fairseq;
    spt_text_format(json, "\"model\": {\"type\": \"Unigram\", \"byte_fallback\": %s, \"unk_id\": %zu, \"vocab\": [",
                    model->trainer->byte_fallback ? "true" : "false", fairseq ? FAIRSEQ_FIRST : model->unknown);
    static const enum spt_named_token FIRST[] = {SPT_BOS, SPT_PAD, SPT_EOS, SPT_UNK};
    for (size_t i = 0; i < 4 && fairseq; i++) {
        const char *named = assembly->named[FIRST[i]];
        put_token_without_score(named ? named : assembly->family->named[FIRST[i]], json);
    }
    for (size_t i = fairseq ? FAIRSEQ_FIRST : 0; i < model->message->n_pieces; i++) {
        spt_text_put(json, "[");
        put_piece(model, i, json);
        spt_text_put(json, ",");
        put_score(model, i, json);
        spt_text_put(json, "],");
    }
    if (fairseq) put_token_without_score(assembly->named[SPT_MASK] ? assembly->named[SPT_MASK] : "<mask>", json);
    if (!json->failed)
        json->data[json->length - 1] = ' '; /* the last comma: there is at least one piece, or the mask */
    spt_text_put(json, "]}, ");
}

static void put_normalizer(const struct model *model, bool prefix, struct spt_text *json) {
    const Sentencepiece__Normalizer *normalizer = model->normalizer;
    const ProtobufCBinaryData *map = &normalizer->precompiled_charsmap;
    spt_text_format(json,
                    "\"normalizer\": {\"type\": \"SentencePiece\", \"add_dummy_prefix\": %s, "
                    "\"remove_extra_whitespaces\": %s, \"escape_whitespaces\": %s, \"symbols\": [",
                    prefix ? "true" : "false", normalizer->remove_extra_whitespaces ? "true" : "false",
                    normalizer->escape_whitespaces ? "true" : "false");
    bool first = true;
    for (size_t i = 0; i < model->message->n_pieces; i++) {
        if (model->message->pieces[i]->type != SENTENCEPIECE__PIECE__TYPE__USER_DEFINED) continue;
        if (!first) spt_text_put(json, ",");
        first = false;
        put_piece(model, i, json);
    }
    spt_text_put(json, "], \"precompiled_charsmap\": \"");
    spt_base64_put(json, map->data, map->len);
    spt_text_put(json, "\"}, ");
}

/* Symbols of the user are cut out of the normalized text, the model's own marks (which it never makes of a text) out of
 * the text as it is given, as transformers does it. */
static void put_tokens(const struct model *model) {
    for (size_t i = model->assembly->family->fairseq ? FAIRSEQ_FIRST : 0; i < model->message->n_pieces; i++) {
        const Sentencepiece__Piece__Type type = model->message->pieces[i]->type;
        const bool control = type == SENTENCEPIECE__PIECE__TYPE__CONTROL;
        if (type == SENTENCEPIECE__PIECE__TYPE__USER_DEFINED && model->normalizer->escape_whitespaces &&
            strchr(model->pieces.entries[i].text, ' '))
            continue; /* no normalized text has a space */
        if (control || type == SENTENCEPIECE__PIECE__TYPE__USER_DEFINED)
            spt_assembly_put_mark(model->assembly, model->pieces.entries[i].text, !control, control);
    }
}

/* What a model calls its first token may be any piece, where it has none: only a mark is one. */
static void name_token(const struct model *model, enum spt_named_token name, int32_t id) {
    if (id < 0 || (size_t)id >= model->message->n_pieces) return;
    const Sentencepiece__Piece__Type type = model->message->pieces[id]->type;
    if (type == SENTENCEPIECE__PIECE__TYPE__CONTROL || type == SENTENCEPIECE__PIECE__TYPE__UNKNOWN)
        spt_assembly_default(model->assembly, name, model->pieces.entries[id].text);
}

static enum spt_status write_model(struct model *model, struct spt_error *error) {
    bool prefix = true;
    enum spt_status status = check(model, error);
    if (status == SPT_OK)
        status =
            spt_assembly_flag(model->assembly, "add_prefix_space", model->normalizer->add_dummy_prefix, &prefix, error);
    if (status != SPT_OK) return status;
    prefix = prefix && model->normalizer->add_dummy_prefix;
    if (!model->assembly->family->fairseq) {
        name_token(model, SPT_BOS, model->trainer->bos_id);
        name_token(model, SPT_EOS, model->trainer->eos_id);
        name_token(model, SPT_PAD, model->trainer->pad_id);
        name_token(model, SPT_UNK, (int32_t)model->unknown);
    }
    struct spt_text *json = &model->assembly->json;
    if (model->trainer->model_type == BPE)
        put_bpe(model, json);
    else
        put_unigram(model, json);
    put_normalizer(model, prefix, json);
    put_tokens(model);
    return SPT_OK;
}

static enum spt_status no_message(const struct budget *budget, const struct spt_file_bytes *file, const char *path,
                                  struct spt_error *error) {
    if (budget->no_memory) return spt_fail_memory(error, file->size, "a SentencePiece model");
    if (budget->spent)
        return spt_fail(error, SPT_INVALID, path,
                        "no SentencePiece model: %zu bytes that ask for more than %zu of memory", file->size,
                        MEMORY_FACTOR * file->size + MEMORY_FREE);
    return spt_fail(error, SPT_INVALID, path, "no SentencePiece model: its messages are broken");
}

enum spt_status spt_assemble_sentence_piece(struct spt_assembly *assembly, struct spt_error *error) {
    const struct spt_file_bytes *file = &assembly->files->main;
    struct budget budget = {.left = MEMORY_FACTOR * file->size + MEMORY_FREE};
    ProtobufCAllocator allocator = {.alloc = take, .free = give_back, .allocator_data = &budget};
    const Sentencepiece__Trainer trainer = SENTENCEPIECE__TRAINER__INIT;
    const Sentencepiece__Normalizer normalizer = SENTENCEPIECE__NORMALIZER__INIT;
    const Sentencepiece__Model *message =
        sentencepiece__model__unpack(&allocator, file->size, (const uint8_t *)file->bytes);
    enum spt_status status = message ? SPT_OK : no_message(&budget, file, assembly->files->path, error);
    if (message) {
        struct model model = {
            .assembly = assembly,
            .message = message,
            .trainer = message->trainer_spec ? message->trainer_spec : &trainer,
            .normalizer = message->normalizer_spec ? message->normalizer_spec : &normalizer,
            .arena = &assembly->arena,
        };
        status = write_model(&model, error);
    }
    spt_arena_release(&budget.arena);
    return status;
}
