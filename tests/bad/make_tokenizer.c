/* A tokenizer.json: bytes are its text. Beside those that can be opened is text.txt, which cannot be encoded with them. */
#include "make.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shards.h"

static void write_tokenizer(const struct bad_input *input) {
    bad_put("tokenizer.json", input->bytes, input->size);
}

static FILE *begin(void) {
    FILE *file = fopen("tokenizer.json", "wbe");
    if (!file) shards_die("tokenizer.json");
    return file;
}

static void end(FILE *file) {
    if (fclose(file)) shards_die("tokenizer.json");
}

#define BPE   "\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0, \"b\": 1, \"ab\": 2}, \"merges\": [\"a b\"]}"
#define PIECE "\"model\": {\"type\": \"WordPiece\", \"continuing_subword_prefix\": \"##\", "

/* A Unigram model with one token of data letters. */
static void write_long_token(const struct bad_input *input) {
    FILE *file = begin();
    fputs("{\"model\": {\"type\": \"Unigram\", \"unk_id\": 0, \"vocab\": [[\"", file);
    for (size_t i = 0; i < input->data; i++) putc('a', file);
    fputs("\", 0]]}}", file);
    end(file);
}

/* data Sequences of normalizers, one in another. */
static void write_deep_sequence(const struct bad_input *input) {
    FILE *file = begin();
    fputs("{\"normalizer\": ", file);
    for (size_t i = 0; i < input->data; i++) fputs("{\"type\": \"Sequence\", \"normalizers\": [", file);
    for (size_t i = 0; i < input->data; i++) fputs("]}", file);
    fputs(", " BPE "}", file);
    end(file);
}

/* data arrays, one in another. */
static void write_deep_json(const struct bad_input *input) {
    FILE *file = begin();
    fputs("{\"model\": ", file);
    for (size_t i = 0; i < input->data; i++) putc('[', file);
    for (size_t i = 0; i < input->data; i++) putc(']', file);
    putc('}', file);
    end(file);
}

/* data normalizers, each of which makes two letters of one. */
static void write_blow_up(const struct bad_input *input) {
    FILE *file = begin();
    fputs("{\"normalizer\": {\"type\": \"Sequence\", \"normalizers\": [", file);
    for (size_t i = 0; i < input->data; i++)
        fprintf(file, "%s{\"type\": \"Replace\", \"pattern\": {\"String\": \"a\"}, \"content\": \"aa\"}",
                i ? ", " : "");
    fputs("]}, " BPE "}", file);
    end(file);
    bad_put_text("text.txt", "aaaa");
}

/* A map of characters whose byte 0xc3 leads to a leaf with its own value, which is no place in the strings: there are
 * none. */
static void write_map_to_nowhere(const struct bad_input *input) {
    (void)input;
    static const char DIGITS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned char map[4 + 4 * 256 + 2] = {0, 4, 0, 0}; /* two bytes of padding for the last three */
    map[4 + 4 * 0xc3] = 0xc3;
    map[4 + 4 * 0xc3 + 1] = 1;
    FILE *file = begin();
    fputs("{\"normalizer\": {\"type\": \"Precompiled\", \"precompiled_charsmap\": \"", file);
    for (size_t i = 0; i + 2 < sizeof map; i += 3) {
        const unsigned bits = (unsigned)map[i] << 16 | (unsigned)map[i + 1] << 8 | map[i + 2];
        const size_t left = sizeof map - 2 - i;
        fprintf(file, "%c%c%c%c", DIGITS[bits >> 18], DIGITS[bits >> 12 & 63], left > 1 ? DIGITS[bits >> 6 & 63] : '=',
                left > 2 ? DIGITS[bits & 63] : '=');
    }
    fputs("\"}, " BPE "}", file);
    end(file);
    bad_put_text("text.txt", "\xc3\xa9");
}

/* bytes: a tokenizer.json, a NUL, a text. */
static void write_with_text(const struct bad_input *input) {
    const size_t length = strlen(input->bytes);
    bad_put("tokenizer.json", input->bytes, length);
    bad_put("text.txt", input->bytes + length + 1, input->size - length - 1);
}

#define JSON(row_name, text)       BAD_ROW("tokenizer/" row_name, write_tokenizer, text)
#define PARTS(row_name, parts)     JSON(row_name, "{" parts ", " BPE "}")
#define MODEL(row_name, model)     JSON(row_name, "{\"model\": {" model "}}")
#define BPE_MODEL(row_name, rest)  MODEL(row_name, "\"type\": \"BPE\", " rest)
#define UNIGRAM(row_name, rest)    MODEL(row_name, "\"type\": \"Unigram\", " rest)
#define WORD_PIECE(row_name, rest) JSON(row_name, "{" PIECE rest "}}")
#define MAP(row_name, map)                                                                                             \
    PARTS(row_name, "\"normalizer\": {\"type\": \"Precompiled\", \"precompiled_charsmap\": " map "}")
#define METASPACE(row_name, rest)     PARTS(row_name, "\"pre_tokenizer\": {\"type\": \"Metaspace\", " rest "}")
#define ENCODED(row_name, json, text) BAD_ROW("tokenizer/" row_name, write_with_text, json "\0" text)
#define REGEX(row_name, regex)                                                                                         \
    PARTS(row_name,                                                                                                    \
          "\"normalizer\": {\"type\": \"Replace\", \"pattern\": {\"Regex\": \"" regex "\"}, \"content\": \"\"}")

static const struct bad_input INPUTS[] = {
    /* no tokenizer */
    JSON("empty", ""),
    JSON("array", "[1]"),
    JSON("object-of-nothing", "{}"),
    JSON("no-type", "{\"model\": {\"vocab\": {}}}"),
    JSON("cut-anywhere", "{" BPE "}"),
    JSON("any-byte-another", "{\"normalizer\": {\"type\": \"NFC\"}, \"pre_tokenizer\": {\"type\": \"ByteLevel\", "
                             "\"add_prefix_space\": true, \"trim_offsets\": true, \"use_regex\": true}, " BPE "}"),
    {.name = "tokenizer/arrays-deep", .write = write_deep_json, .data = 100000},
    {.name = "tokenizer/sequences-deep", .write = write_deep_sequence, .data = 100},
    /* what is not supported */
    JSON("word-level", "{\"model\": {\"type\": \"WordLevel\"}}"),
    PARTS("normalizer-unknown", "\"normalizer\": {\"type\": \"Nmt\"}"),
    PARTS("pre-tokenizer-unknown", "\"pre_tokenizer\": {\"type\": \"UnicodeScripts\"}"),
    PARTS("post-processor-unknown", "\"post_processor\": {\"type\": \"Odd\"}"),
    PARTS("type-escape-codes", "\"post_processor\": {\"type\": \"\\u001b[31m\\n\"}"),
    PARTS("version-2", "\"version\": \"2.0\""),
    BPE_MODEL("dropout", "\"vocab\": {}, \"merges\": [], \"dropout\": 0.1"),
    REGEX("regex-intersection", "[a&&b]"),
    PARTS("prepend-nothing", "\"normalizer\": {\"type\": \"Prepend\", \"prepend\": \"\"}"),
    PARTS("two-templates",
          "\"post_processor\": {\"type\": \"Sequence\", \"processors\": [{\"type\": "
          "\"TemplateProcessing\", \"single\": []}, {\"type\": \"TemplateProcessing\", \"single\": []}]}"),
    {.name = "tokenizer/token-of-1025-bytes", .write = write_long_token, .data = 1025},
    /* BPE */
    BPE_MODEL("no-vocabulary", "\"merges\": []"),
    BPE_MODEL("no-merges", "\"vocab\": {}"),
    BPE_MODEL("id-real", "\"vocab\": {\"a\": 1.0}, \"merges\": []"),
    BPE_MODEL("id-negative", "\"vocab\": {\"a\": -1}, \"merges\": []"),
    BPE_MODEL("id-2^31", "\"vocab\": {\"a\": 2147483648}, \"merges\": []"),
    BPE_MODEL("id-2^31-1", "\"vocab\": {\"a\": 2147483647, \"b\": 5}, \"merges\": []"),
    BPE_MODEL("merge-of-no-token", "\"vocab\": {\"a\": 0}, \"merges\": [\"a z\"]"),
    BPE_MODEL("merge-into-no-token", "\"vocab\": {\"a\": 0}, \"merges\": [\"a a\"]"),
    BPE_MODEL("merge-of-one", "\"vocab\": {\"a\": 0}, \"merges\": [\"a\"]"),
    BPE_MODEL("merge-array-of-one", "\"vocab\": {\"a\": 0}, \"merges\": [[\"a\"]]"),
    PARTS("added-tokens-object", "\"added_tokens\": {}"),
    PARTS("added-token-without-content", "\"added_tokens\": [{\"id\": 0}]"),
    REGEX("regex-unclosed", "(a"),
    PARTS("byte-level-without-prefix", "\"pre_tokenizer\": {\"type\": \"ByteLevel\"}"),
    METASPACE("metaspace-two-letters", "\"replacement\": \"ab\""),
    METASPACE("metaspace-scheme", "\"replacement\": \"_\", \"prepend_scheme\": \"last\""),
    METASPACE("metaspace-contradicts",
              "\"replacement\": \"_\", \"prepend_scheme\": \"first\", \"add_prefix_space\": false"),
    PARTS("bert-normalizer-without-settings", "\"normalizer\": {\"type\": \"BertNormalizer\"}"),
    /* WordPiece */
    WORD_PIECE("word-piece-no-vocabulary", "\"unk_token\": \"u\", \"max_input_chars_per_word\": 100"),
    WORD_PIECE("word-piece-no-unknown", "\"vocab\": {}, \"max_input_chars_per_word\": 100"),
    WORD_PIECE("word-piece-no-maximum", "\"vocab\": {}, \"unk_token\": \"u\""),
    WORD_PIECE("word-piece-maximum-negative", "\"vocab\": {}, \"unk_token\": \"u\", \"max_input_chars_per_word\": -1"),
    /* Unigram */
    UNIGRAM("unigram-vocabulary-object", "\"vocab\": {}"),
    UNIGRAM("unigram-token-without-score", "\"vocab\": [[\"a\"]]"),
    UNIGRAM("unigram-score-string", "\"vocab\": [[\"a\", 1], [\"b\", \"1\"]]"),
    UNIGRAM("unigram-unknown-beyond", "\"unk_id\": 2, \"vocab\": [[\"a\", 1]]"),
    /* maps of characters */
    MAP("map-number", "5"),
    MAP("map-five-digits", "\"AAAA=\""),
    MAP("map-padding-within", "\"AA=A\""),
    MAP("map-three-digits", "\"AAA\""),
    MAP("map-of-two-bytes", "\"AAA=\""),
    MAP("map-of-2^32-1-bytes", "\"/////w==\""),
    MAP("map-no-utf8", "\"AAAAAP8=\""),
    /* post-processors */
    PARTS("template-token-unknown",
          "\"post_processor\": {\"type\": \"TemplateProcessing\", \"single\": [{\"SpecialToken\": "
          "{\"id\": \"X\"}}], \"special_tokens\": {}}"),
    PARTS("template-without-sequence",
          "\"post_processor\": {\"type\": \"TemplateProcessing\", \"single\": [{\"Sequence\": "
          "{\"id\": \"B\"}}]}"),
    PARTS("roberta-token-unknown",
          "\"post_processor\": {\"type\": \"RobertaProcessing\", \"cls\": [\"a\", 0], \"sep\": [\"x\", 9]}"),
    /* texts that cannot be encoded */
    ENCODED("text-no-utf8", "{" BPE "}", "ab\xff"),
    ENCODED("regex-without-end",
            "{\"pre_tokenizer\": {\"type\": \"Split\", \"pattern\": {\"Regex\": \"(?:(?:a|aa)+)+$\"}, \"behavior\": "
            "\"Isolated\", \"invert\": false}, " BPE "}",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"),
    {.name = "tokenizer/text-blown-up", .write = write_blow_up, .data = 40},
    {.name = "tokenizer/map-to-nowhere", .write = write_map_to_nowhere},
    ENCODED("unknown-token-missing",
            "{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0}, \"merges\": [], \"unk_token\": \"<u>\"}}", "az"),
    ENCODED("word-piece-unknown-missing",
            "{" PIECE "\"max_input_chars_per_word\": 9, \"vocab\": {\"a\": 0}, \"unk_token\": \"<u>\"}}", "ab"),
    ENCODED("unigram-unknown-missing", "{\"model\": {\"type\": \"Unigram\", \"vocab\": [[\"a\", 0]]}}", "az"),
};

const struct bad_table bad_tokenizers = BAD_TABLE(INPUTS);
