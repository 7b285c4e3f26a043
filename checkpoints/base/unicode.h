/* UTF-8 and the Unicode tables (utf8proc inside). */
#ifndef SPT_BASE_UNICODE_H
#define SPT_BASE_UNICODE_H

#include "checkpoints/base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The code point that bytes begin with, and its length 1..4; 0 when they begin with no valid UTF-8 (or length is 0). */
size_t spt_unicode_decode(const char *bytes, size_t length, uint32_t *code);

/* First byte that is not part of valid UTF-8, or length when all are. */
size_t spt_unicode_valid_prefix(const char *bytes, size_t length);

bool spt_unicode_is_control(uint32_t code);         /* general category Cc */
bool spt_unicode_is_other(uint32_t code);           /* control, format and private use: Cc, Cf, Co */
bool spt_unicode_is_whitespace(uint32_t code);      /* property White_Space */
bool spt_unicode_is_mark(uint32_t code);            /* general category M: combining marks */
bool spt_unicode_is_nonspacing_mark(uint32_t code); /* general category Mn */
bool spt_unicode_is_number(uint32_t code);          /* general category N: digits, Roman numerals, fractions ... */
bool spt_unicode_is_punctuation(uint32_t code);     /* general category P */

/* A character of a word as regular expressions have it (UTS 18, \w): Alphabetic, M, Nd, Pc or Join_Control. */
bool spt_unicode_is_word(uint32_t code);

/* What a name is not to be shown with as it is, since it would look like another one or change how its line reads:
 * controls, Default_Ignorable_Code_Point (overrides and isolates of direction, joiners, fillers, variation selectors,
 * tags ...), separators of lines and paragraphs, marks of interlinear annotation. */
bool spt_unicode_is_unseen(uint32_t code);

/* Columns that code takes in a terminal: 0 (marks, controls), 1 or 2 (UAX 11: wide and fullwidth). */
size_t spt_unicode_width(uint32_t code);

/* Bytes of the user-perceived character (extended grapheme cluster of UAX 29) that bytes [length of valid UTF-8, not 0]
 * begin with. Linear in what it returns. */
size_t spt_unicode_cluster(const char *bytes, size_t length);

/* UTF-8 of code, 1 to 4 bytes; 0 when it is a surrogate or beyond U+10FFFF. */
size_t spt_unicode_encode(uint32_t code, char bytes[4]);

/* The full lower-case mapping of code, without regard to its neighbours: 1 or 2 code points (2 only for U+0130). */
size_t spt_unicode_lower(uint32_t code, uint32_t lower[2]);

/* The full case folding of code, by which texts are compared without regard to case: 1 to 3 code points. */
size_t spt_unicode_fold(uint32_t code, uint32_t fold[3]);

enum spt_unicode_form { SPT_NFC, SPT_NFD, SPT_NFKC, SPT_NFKD };

/* Appends bytes [length of valid UTF-8] to text in a normal form of UAX 15, as of Unicode 14 (utf8proc 2.8). Linear in
 * length whatever the marks. text->failed: out of memory. */
void spt_unicode_normalize(enum spt_unicode_form form, const char *bytes, size_t length, struct spt_text *text);

#endif
