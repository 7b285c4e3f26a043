/* tokenizer.json (HF tokenizers) -> token ids, exactly as the reference implementation gives them.
 *
 *     spt_tokenizer_open(path)  ->  spt_tokenizer_encode ...  ->  spt_tokenizer_close
 *
 * Read-only after opening: any number of threads may encode with one tokenizer. Truncation and padding of the file are
 * ignored. What is not supported is refused when the file is opened, by name, never skipped.
 */
#ifndef SPT_TOKENIZER_H
#define SPT_TOKENIZER_H

#include "checkpoints/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether a beginning-of-sequence token stands in front. */
enum spt_bos {
    SPT_BOS_AUTO,   /* as the file's post-processor has it */
    SPT_BOS_ALWAYS, /* in front, added if the post-processor does not */
    SPT_BOS_NEVER,  /* no special token that is not in the text */
};

struct spt_tokenizer;

struct spt_token_ids {
    int32_t *ids;
    size_t count, capacity; /* grown by encode, freed by spt_token_ids_release */
};

/* SPT_INVALID: not JSON, or not a tokenizer.json (names the key). SPT_UNSUPPORTED: a model, normalizer, pre-tokenizer
 * or post-processor this version does not know (names it and those it knows). */
enum spt_status spt_tokenizer_open(const char *path, struct spt_tokenizer **tokenizer, struct spt_error *error);
enum spt_status spt_tokenizer_parse(const char *bytes, size_t size, const char *path, struct spt_tokenizer **tokenizer,
                                    struct spt_error *error);
void spt_tokenizer_close(struct spt_tokenizer *tokenizer);

/* Appends the ids of text [length bytes of UTF-8] to ids. SPT_INVALID with the byte offset for invalid UTF-8;
 * SPT_INVALID when bos is SPT_BOS_ALWAYS and the tokenizer has no such token; SPT_NOMEM. */
enum spt_status spt_tokenizer_encode(const struct spt_tokenizer *tokenizer, const char *text, size_t length,
                                     enum spt_bos bos, struct spt_token_ids *ids, struct spt_error *error);
void spt_token_ids_release(struct spt_token_ids *ids);

size_t spt_tokenizer_vocabulary(const struct spt_tokenizer *tokenizer);             /* largest id + 1 */
bool spt_tokenizer_is_special(const struct spt_tokenizer *tokenizer, int32_t id);   /* an added token marked special */
const char *spt_tokenizer_token(const struct spt_tokenizer *tokenizer, int32_t id); /* NULL: no such id */

#endif
