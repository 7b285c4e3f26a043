/* Added tokens: strings that are cut out of the text before anything else is done to it.
 *
 * The rules are those of the reference implementation. A token that the model's vocabulary has keeps that id; the others
 * get the size of the vocabulary, one more, and so on, whatever id the file states (the files it writes state the same).
 * Of a token that is there again the flags stated last count. Tokens with "normalized" false are looked for in the text
 * as given, the others, put through the normalizer themselves, in the pieces between after normalization. At each place
 * the longest token wins, from left to right; of two that normalize to the same the first in the file. "single_word"
 * drops a match that touches a character of a word, "lstrip" and "rstrip" take the white space around in.
 */
#ifndef SPT_TOKENIZER_ADDED_H
#define SPT_TOKENIZER_ADDED_H

#include "checkpoints/tokenizer/parts.h"

struct spt_added_token {
    const char *content;
    size_t length;
    int32_t id;
    bool single_word, lstrip, rstrip, normalized, special;
};

/* The tokens of one of the two searches, sorted by what is looked for. */
struct spt_added_needle {
    const char *text;
    size_t length;
    const struct spt_added_token *token;
};

struct spt_added_search {
    struct spt_added_needle *needles; /* [count] */
    size_t count;
    size_t first[257]; /* needles that begin with byte b: first[b] ... first[b + 1] */
};

struct spt_added {
    struct spt_added_token *tokens; /* [count] by id */
    size_t count;
    struct spt_added_search given, normalized;
};

enum { SPT_ADDED_MAX = 4096 }; /* bytes of a token */

/* json: "added_tokens", may be NULL or null. SPT_INVALID for what is no list of tokens; SPT_UNSUPPORTED for a token
 * longer than SPT_ADDED_MAX or empty after normalization. */
enum spt_status spt_added_parse(const struct spt_json *json, struct spt_tokenizer_source *source,
                                const struct spt_vocabulary *vocabulary, const struct spt_steps *normalizer,
                                struct spt_added *added, struct spt_error *error);

const struct spt_added_token *spt_added_find(const struct spt_added *added, int32_t id); /* NULL: no such token */

/* One pass over a text:
 *     struct spt_added_scan scan = {.search = s, .text = t, .length = n};
 *     while (spt_added_next(&scan, &part, &token)) ...
 * Each part is text (token NULL) or a token; parts are never empty. A text without tokens is one part. */
struct spt_added_scan {
    const struct spt_added_search *search;
    const char *text;
    size_t length;
    /* begin zeroed: */
    size_t at, done;         /* where the search goes on; what has been given out */
    struct spt_span pending; /* the token that comes after the text before it */
    const struct spt_added_token *pending_token;
    struct spt_span space; /* the white space last looked at from its right end */
};

bool spt_added_next(struct spt_added_scan *scan, struct spt_span *part, const struct spt_added_token **token);

#endif
