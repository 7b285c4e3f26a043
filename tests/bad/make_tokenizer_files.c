/* Tokenizers in other files: vocab.txt, vocab.json and merges.txt, SentencePiece models, and settings beside them. */
#include "make.h"

#include <stdlib.h>
#include <string.h>

#include "shards.h"

#define VOCABULARY "[UNK]\n[CLS]\n[SEP]\n[PAD]\n[MASK]\n"

static void write_vocab_txt(const struct bad_input *input) {
    bad_put("vocab.txt", input->bytes, input->size);
}

/* bytes: tokenizer_config.json beside a good vocab.txt. */
static void write_settings(const struct bad_input *input) {
    bad_put_text("vocab.txt", VOCABULARY);
    bad_put("tokenizer_config.json", input->bytes, input->size);
}

/* bytes: vocab.json, a NUL, merges.txt; without the NUL there are no merges. */
static void write_vocab_json(const struct bad_input *input) {
    const size_t length = strlen(input->bytes);
    bad_put("vocab.json", input->bytes, length);
    if (length < input->size) bad_put("merges.txt", input->bytes + length + 1, input->size - length - 1);
}

static void write_model(const struct bad_input *input) {
    bad_put("tokenizer.model", input->bytes, input->size);
}

/* data pieces of nothing: each of two bytes would become a message of sixty. */
static void write_many_pieces(const struct bad_input *input) {
    char *bytes = malloc(2 * input->data);
    if (!bytes) shards_die("memory");
    for (size_t i = 0; i < input->data; i++) memcpy(bytes + 2 * i, "\x0a\0", 2);
    bad_put("tokenizer.model", bytes, 2 * input->data);
    free(bytes);
}

/* <unk>, then a piece of one letter: its bytes, score and kind; then the type of the model. */
#define UNKNOWN                           "\x0a\x0e\x0a\5<unk>\x15\0\0\0\0\x18\2"
#define SECOND(text, length, score, kind) "\x0a" length "\x0a" text "\x15" score "\x18" kind
#define TYPE(type)                        "\x12\2\x18" type
#define ZERO                              "\0\0\0\0"

/* data letters, each as the pieces of one to a thousand of it: all halves of a piece are pieces. */
static void write_rows_of_letters(const struct bad_input *input) {
    enum { LONGEST = 1000 };
    static const char HEAD[] = UNKNOWN, TAIL[] = TYPE("\2");
    char *bytes = malloc(sizeof HEAD + input->data * LONGEST * (LONGEST + 6) + sizeof TAIL);
    if (!bytes) shards_die("memory");
    memcpy(bytes, HEAD, sizeof HEAD - 1);
    size_t size = sizeof HEAD - 1;
    for (size_t i = 0; i < input->data * LONGEST; i++) {
        const size_t length = i % LONGEST + 1, message = length + 3;
        const char piece[] = {0x0a, (char)(message % 128 + 128), (char)(message / 128),
                              0x0a, (char)(length % 128 + 128),  (char)(length / 128)};
        memcpy(bytes + size, piece, sizeof piece);
        memset(bytes + size + sizeof piece, (char)('a' + i / LONGEST), length);
        size += sizeof piece + length;
    }
    memcpy(bytes + size, TAIL, sizeof TAIL - 1);
    bad_put("tokenizer.model", bytes, size + sizeof TAIL - 1);
    free(bytes);
}

static void write_copy(const struct bad_input *input) {
    bad_copy("tokenizer.model", input->bytes);
}

#define VOCAB(row_name, text)    BAD_ROW("tokenizer-files/" row_name, write_vocab_txt, text)
#define SETTINGS(row_name, text) BAD_ROW("tokenizer-files/" row_name, write_settings, text)
#define PAIR(row_name, text)     BAD_ROW("tokenizer-files/" row_name, write_vocab_json, text)
#define PIECES(row_name, text)   BAD_ROW("tokenizer-files/" row_name, write_model, text)

static const struct bad_input INPUTS[] = {
    VOCAB("vocab-empty", ""),
    VOCAB("vocab-no-utf8", VOCABULARY "\xff\n"),
    VOCAB("vocab-nul", "a\0b"),
    SETTINGS("lower-case-number", "{\"do_lower_case\": 1}"),
    SETTINGS("unknown-number", "{\"unk_token\": 1}"),
    SETTINGS("settings-array", "[]"),
    SETTINGS("settings-cut", "{\"do_lower_case\": tr"),
    SETTINGS("added-token-without-content", "{\"added_tokens_decoder\": {\"9\": {}}}"),
    PAIR("merges-absent", "{\"a\": 0}"),
    PAIR("vocab-array", "[]\0a b\n"),
    PAIR("vocab-and-more", "{\"a\": 0}}, {\0"),
    PAIR("merge-of-no-token", "{\"a\": 0}\0#version: 0.2\na z\n"),
    PAIR("merge-of-three", "{\"a\": 0}\0a a a\n"),
    PIECES("model-empty", ""),
    PIECES("model-cut", "\x0a\x7f"),
    PIECES("model-text", "not a SentencePiece model"),
    PIECES("piece-twice", UNKNOWN SECOND("\5<unk>", "\x0e", ZERO, "\1") TYPE("\1")),
    PIECES("piece-empty", UNKNOWN SECOND("\0", "\x09", ZERO, "\1") TYPE("\1")),
    PIECES("piece-no-utf8", UNKNOWN SECOND("\1\xff", "\x0a", ZERO, "\1") TYPE("\1")),
    PIECES("score-infinite", UNKNOWN SECOND("\1a", "\x0a", "\0\0\x80\x7f", "\1") TYPE("\1")),
    PIECES("two-unknown-pieces", UNKNOWN SECOND("\1a", "\x0a", ZERO, "\2") TYPE("\1")),
    PIECES("piece-unused", UNKNOWN SECOND("\1a", "\x0a", ZERO, "\5") TYPE("\1")),
    PIECES("model-of-words", UNKNOWN SECOND("\1a", "\x0a", ZERO, "\1") TYPE("\3")),
    {.name = "tokenizer-files/pieces-of-nothing", .write = write_many_pieces, .data = 1000000},
    {.name = "tokenizer-files/rows-of-letters", .write = write_rows_of_letters, .data = 8},
    BAD_ROW("tokenizer-files/model-cut-anywhere", write_copy, "tokenizers/files/gemma/tokenizer.model"),
    BAD_ROW("tokenizer-files/model-any-byte-another", write_copy, "tokenizers/files/unigram/tokenizer.model"),
};

const struct bad_table bad_tokenizer_files = BAD_TABLE(INPUTS);
