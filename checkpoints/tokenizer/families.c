#include "checkpoints/tokenizer/assemble.h"

#include <string.h>

#define QWEN_WORDS                                                                                                     \
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|"                \
    "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
#define END_OF_TEXT "<|endoftext|>"

/* The first of a kind is what its files are when nothing says more. The order of named is that of enum
 * spt_named_token: bos, eos, unk, sep, pad, cls, mask. */
/* clang-format off */
static const struct spt_tokenizer_family FAMILIES[] = {
    {.class = "Bert", .model_types = {"bert"}, .kind = SPT_VOCABULARY_TEXT, .classifies = true,
     .named = {NULL, NULL, "[UNK]", "[SEP]", "[PAD]", "[CLS]", "[MASK]"}},
    {.class = "GPT2", .model_types = {"gpt2", "opt", "phi"}, .kind = SPT_VOCABULARY_JSON,
     .named = {END_OF_TEXT, END_OF_TEXT, END_OF_TEXT}},
    {.class = "CodeGen", .model_types = {"codegen"}, .kind = SPT_VOCABULARY_JSON,
     .named = {END_OF_TEXT, END_OF_TEXT, END_OF_TEXT}},
    {.class = "Roberta", .model_types = {"roberta"}, .kind = SPT_VOCABULARY_JSON, .classifies = true,
     .named = {"<s>", "</s>", "<unk>", "</s>", "<pad>", "<s>", "<mask>"}},
    {.class = "Qwen2", .model_types = {"qwen2", "qwen3"}, .kind = SPT_VOCABULARY_JSON,
     .named = {NULL, END_OF_TEXT, END_OF_TEXT, NULL, END_OF_TEXT},
     .normalizer = "{\"type\": \"NFC\"}", .split = QWEN_WORDS},
    {.class = "Llama", .model_types = {"llama", "mistral"}, .kind = SPT_VOCABULARY_SENTENCE_PIECE, .add_bos = true},
    {.class = "Gemma", .model_types = {"gemma"}, .kind = SPT_VOCABULARY_SENTENCE_PIECE, .add_bos = true},
    {.class = "XLMRoberta", .model_types = {"xlm-roberta"}, .kind = SPT_VOCABULARY_SENTENCE_PIECE, .classifies = true,
     .fairseq = true, .named = {"<s>", "</s>", "<unk>", "</s>", "<pad>", "<s>", "<mask>"}},
};
/* clang-format on */

enum { FAMILY_COUNT = sizeof FAMILIES / sizeof *FAMILIES };

static bool is_of_type(const struct spt_tokenizer_family *family, const char *model_type) {
    for (size_t i = 0; i < SPT_FAMILY_TYPES && family->model_types[i]; i++)
        if (strcmp(family->model_types[i], model_type) == 0) return true;
    return false;
}

/* "LlamaTokenizerFast" names "Llama". */
static bool is_class(const char *name, const char *class) {
    const size_t length = strlen(class);
    if (strncmp(name, class, length) != 0) return false;
    return strcmp(name + length, "Tokenizer") == 0 || strcmp(name + length, "TokenizerFast") == 0;
}

const struct spt_tokenizer_family *spt_tokenizer_family_find(const char *class, const char *model_type,
                                                             enum spt_vocabulary_kind kind) {
    const struct spt_tokenizer_family *first = NULL, *of_type = NULL;
    for (size_t i = 0; i < FAMILY_COUNT; i++) {
        const struct spt_tokenizer_family *family = &FAMILIES[i];
        if (family->kind != kind) continue;
        if (class && is_class(class, family->class)) return family;
        if (!of_type && model_type && is_of_type(family, model_type)) of_type = family;
        if (!first) first = family;
    }
    return of_type ? of_type : first;
}
