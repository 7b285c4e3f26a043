/* tokenizer.json (HF tokenizers) -> token ids, exactly as the reference implementation gives them; and vocab.txt,
 * vocab.json with merges.txt and SentencePiece models (files.h), exactly as HF transformers and SentencePiece do.
 *
 *     spt_tokenizer_open(path)  ->  spt_tokenizer_encode ...  ->  spt_tokenizer_close
 *
 * Read-only after opening: any number of threads may encode with one tokenizer. Truncation and padding of the file are
 * ignored. What is not supported is refused when the file is opened, by name, never skipped.
 *
 * Models: BPE, WordPiece, Unigram. Normalizers: NFC, NFD, NFKC, NFKD, Lowercase, Strip, StripAccents, Prepend, Replace,
 * BertNormalizer, Precompiled, Sequence. Pre-tokenizers: ByteLevel, Split, Digits, Punctuation, Whitespace,
 * WhitespaceSplit, BertPreTokenizer, Metaspace, Sequence. Post-processors: ByteLevel, TemplateProcessing,
 * RobertaProcessing, BertProcessing, Sequence of these with one that adds tokens.
 * parts.h says how to add one; regex.h which regular expressions are understood.
 *
 * The ids are those of HF tokenizers 0.23, but for characters about which the Unicode tables of the two differ.
 * Assigned after Unicode 14 (9,272 letters, most of them rare Chinese characters; 120 numbers): HF's regular
 * expressions know Unicode 16, PCRE2 and utf8proc here 14, where they are no letters. Assigned in Unicode 10 to 14: HF
 * normalizes and strips accents by tables of Unicode 9, so that 313 marks are put in order and stripped, and 72
 * characters replaced by NFKC, here and not there. Assigned in Unicode 9 to 14: 104 punctuation marks are such to HF's
 * Punctuation and BertPreTokenizer no more than letters are, 13 format characters stay in its BertNormalizer.
 */
#ifndef SPT_TOKENIZER_H
#define SPT_TOKENIZER_H

#include "checkpoints/base/api.h"
#include "checkpoints/base/error.h"
#include "checkpoints/base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

SPT_API_BEGIN

/* Whether a beginning-of-sequence token stands in front. The file does not say which that is: it is the first of
 * <|begin_of_text|>, <bos>, <s>, <|startoftext|>, [CLS], <|endoftext|> that is an added token marked special. */
enum spt_bos {
    SPT_BOS_AUTO,   /* as the file's post-processor has it */
    SPT_BOS_ALWAYS, /* in front, added if the post-processor puts nothing there */
    SPT_BOS_NEVER,  /* no special token that is not in the text */
};

struct spt_tokenizer;

struct spt_token_ids {
    int32_t *ids;
    size_t count, capacity; /* grown by encode, freed by spt_token_ids_release */
};

/* A tokenizer.json is at most 256 MiB, another file 64; an added token 4,096 bytes, a regular expression 64 KiB, a
 * Sequence 128 parts. path is for messages. SPT_INVALID: not JSON, or not a tokenizer.json (names the key).
 * SPT_UNSUPPORTED: a model, normalizer, pre-tokenizer or post-processor this version does not know (names it and those
 * it knows); a token of more than 1,024 bytes in WordPiece and Unigram. */
enum spt_status spt_tokenizer_open(const char *path, struct spt_tokenizer **tokenizer, struct spt_error *error);
struct spt_tree; /* in which path lies (base/tree.h); NULL: the disk */
enum spt_status spt_tokenizer_open_in(struct spt_tree *tree, const char *path, struct spt_tokenizer **tokenizer,
                                      struct spt_error *error);
enum spt_status spt_tokenizer_parse(const char *bytes, size_t size, const char *path, struct spt_tokenizer **tokenizer,
                                    struct spt_error *error);
void spt_tokenizer_close(struct spt_tokenizer *tokenizer);

/* Appends the ids of text [length bytes of UTF-8] to ids, which stays as it was on failure. SPT_INVALID with the byte
 * offset for invalid UTF-8; SPT_INVALID when bos is SPT_BOS_ALWAYS and the tokenizer has no such token, when a
 * character has no token and the vocabulary lacks the unknown token, when a regular expression backtracks without end,
 * when the text would grow to more than 64 times its size and 1 MiB; SPT_UNSUPPORTED for a word of 512 MiB; SPT_NOMEM.
 * O(n log n) in the longest word (BPE; of a SentencePiece model each join also takes the length of what is joined), else
 * O(n), English at 2 MB/s and more on one core; but a text made of beginnings of an added token takes as many steps a
 * byte as that is long, and a regular expression of the file may backtrack at each byte anew. Memory is 52 bytes at most
 * for each of the longest word and about 20 for each of the text, freed before it returns. */
enum spt_status spt_tokenizer_encode(const struct spt_tokenizer *tokenizer, const char *text, size_t length,
                                     enum spt_bos bos, struct spt_token_ids *ids, struct spt_error *error);
void spt_token_ids_release(struct spt_token_ids *ids);

const char *spt_tokenizer_model(const struct spt_tokenizer *tokenizer); /* "BPE", "WordPiece", "Unigram" */

/* What is added to a text that is encoded with bos, in one line: "<s> ... </s>", "nothing". */
void spt_tokenizer_put_added(const struct spt_tokenizer *tokenizer, enum spt_bos bos, struct spt_text *text);

size_t spt_tokenizer_vocabulary(const struct spt_tokenizer *tokenizer);             /* largest id + 1, at most 2^31 */
bool spt_tokenizer_is_special(const struct spt_tokenizer *tokenizer, int32_t id);   /* an added token marked special */
const char *spt_tokenizer_token(const struct spt_tokenizer *tokenizer, int32_t id); /* NULL: no such id */

/* Appends what a token stands for, as bytes: " the" for "Ġthe" and "▁the". A token may hold a part of a character only.
 * Nothing for an id that no token has. */
void spt_tokenizer_put_text(const struct spt_tokenizer *tokenizer, int32_t id, struct spt_text *text);

SPT_API_END

#endif
