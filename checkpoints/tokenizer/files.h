/* Tokenizers that lie as other files than tokenizer.json: vocab.txt (BERT), vocab.json with merges.txt (GPT-2, RoBERTa,
 * OPT, Phi, Qwen), a SentencePiece model (Llama, Mistral, Gemma, XLM-RoBERTa).
 *
 * Such a file is put into the words of a tokenizer.json and read as one, so that all that holds of those holds of it.
 * What it does not say itself (which tokens are special, whether letters are made small, what stands in front) is said
 * by tokenizer_config.json, special_tokens_map.json and added_tokens.json beside it, else it is what HF transformers
 * takes for that family: the one that "tokenizer_class" names, else the one of config.json's "model_type", else the
 * first of the table that has such a file.
 *
 * The ids of a SentencePiece model are those of SentencePiece 0.2.3 itself, with which the models were trained (its
 * sums of scores in single precision, its order of equal merges), in the numbers of the family. transformers, when it
 * has to convert such a file, merges in another order and differs on spaces in a row and on rare characters.
 */
#ifndef SPT_TOKENIZER_FILES_H
#define SPT_TOKENIZER_FILES_H

#include "checkpoints/base/error.h"

#include <stdbool.h>
#include <stddef.h>

/* The files by which a tokenizer is known in a folder, in order of preference; a row without a name is behind the last.
 */
struct spt_tokenizer_file {
    const char *name, *with; /* with: what has to lie beside it; NULL: nothing */
};
extern const struct spt_tokenizer_file SPT_TOKENIZER_FILES[];

/* All that may belong to one of them, it and what lies beside it; NULL behind the last. */
extern const char *const SPT_TOKENIZER_PARTS[];

/* The name that counts in a folder: has(context, name) tells whether a regular file of that name is there. NULL: none.
 * */
const char *spt_tokenizer_file_choose(bool (*has)(void *context, const char *name), void *context);

struct spt_tokenizer;

struct spt_file_bytes {
    const char *bytes; /* [size]; NULL: there is no such file */
    size_t size;
};

struct spt_tokenizer_files {
    const char *path;           /* of main: its last part says what it is; for messages */
    struct spt_file_bytes main; /* vocab.txt, vocab.json, *.model */
    struct spt_file_bytes merges, tokenizer_config, special_tokens_map, added_tokens, config;
};

/* Whether path is of the kinds that spt_tokenizer_assemble reads; else it is a tokenizer.json. */
bool spt_tokenizer_is_assembled(const char *path);

/* The tokenizer of files, which are only borrowed. SPT_INVALID, SPT_UNSUPPORTED as spt_tokenizer_parse; SPT_INVALID
 * also for a vocab.json without merges.txt. */
enum spt_status spt_tokenizer_assemble(const struct spt_tokenizer_files *files, struct spt_tokenizer **tokenizer,
                                       struct spt_error *error);

/* Reads path and what lies beside it in tree (base/tree.h; NULL: the disk). SPT_IO, and what spt_tokenizer_assemble
 * gives. */
struct spt_tree;
enum spt_status spt_tokenizer_assemble_file(struct spt_tree *tree, const char *path, struct spt_tokenizer **tokenizer,
                                            struct spt_error *error);

#endif
