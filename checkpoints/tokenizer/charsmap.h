/* The character map of a SentencePiece model ("precompiled_charsmap"): a double array (Aoe 1989, as in Darts) of the
 * strings to be replaced, with the place of what replaces each of them, and those strings, each ended by a NUL.
 *
 * Nothing outside the array is looked at, whatever it says.
 */
#ifndef SPT_TOKENIZER_CHARSMAP_H
#define SPT_TOKENIZER_CHARSMAP_H

#include "checkpoints/tokenizer/parts.h"

struct spt_charsmap {
    uint32_t *units; /* [count] */
    size_t count;
    const char *strings; /* [strings_length] of UTF-8 */
    size_t strings_length;
};

/* What a text begins with is replaced by text [length]; found false: nothing of it is in the map. */
struct spt_replacement {
    bool found;
    size_t matched; /* bytes of the text */
    const char *text;
    size_t length;
};

/* Reads "precompiled_charsmap" of json, base 64; null is an empty map. what is the part, for messages. SPT_INVALID for
 * what is no such map. Memory is the source's. */
enum spt_status spt_charsmap_parse(const struct spt_json *json, const char *what, struct spt_tokenizer_source *source,
                                   struct spt_charsmap *map, struct spt_error *error);

/* What becomes of the longest string, or of the shortest, that text [length] begins with. SPT_INVALID when the map
 * points to no string. */
enum spt_status spt_charsmap_find(const struct spt_charsmap *map, const char *text, size_t length, bool longest,
                                  struct spt_replacement *replacement, struct spt_error *error);

/* bytes [size] in base 64, appended to text. */
void spt_base64_put(struct spt_text *text, const unsigned char *bytes, size_t size);

#endif
