/* Regular expressions of tokenizer files: Oniguruma's Ruby syntax, matched by PCRE2.
 *
 *     spt_regex_compile(...)  ->  spt_regex_find ... from any number of threads, each with a scratch  -> spt_regex_free
 *
 * The reference implementation reads patterns with Oniguruma. Where PCRE2 means something else by the same words the
 * pattern is translated: \s \d \w \b \h \v, nested classes, POSIX classes, property and script names, the scope of
 * (?m), {,n}, {n}? and {n,m}+. What has no equal is refused by name: class intersections, negated classes inside
 * classes, \W in a class, named groups, recursion, absent operators, free spacing; and within (?i) what Oniguruma
 * compares by folds of several characters, as ss and its sharp s: characters with such a fold, alone, in a range or in
 * a set of letters in a class, neighbours that are one ('s|'re|'ve|'ll have none), back references. Unicode is of
 * version 14 here (PCRE2 10.42); characters assigned later count as unassigned.
 */
#ifndef SPT_TOKENIZER_REGEX_H
#define SPT_TOKENIZER_REGEX_H

#include "checkpoints/base/error.h"
#include "checkpoints/base/text.h"

#include <stddef.h>

struct spt_regex;
struct spt_regex_scratch; /* what one thread needs for matching, with any expression */

struct spt_span {
    size_t begin, end;
};

#define SPT_REGEX_MAX 65536 /* bytes of a pattern */

/* SPT_INVALID: no regular expression. SPT_UNSUPPORTED: beyond this translation, named. SPT_NOMEM. path is for messages.
 */
enum spt_status spt_regex_compile(const char *pattern, size_t length, const char *path, struct spt_regex **regex,
                                  struct spt_error *error);
void spt_regex_free(struct spt_regex *regex); /* NULL is allowed */

/* The translation alone, appended to out; spt_regex_compile calls it. */
enum spt_status spt_regex_translate(const char *pattern, size_t length, const char *path, struct spt_text *out,
                                    struct spt_error *error);

/* The first match in text [length bytes of valid UTF-8] that begins at or after from (a character boundary); it may be
 * empty. *scratch is NULL at first and made here; spt_regex_scratch_free releases it.
 * SPT_END: no match. SPT_INVALID: the expression backtracks without end (the work for one place is bounded by about
 * 10^6 steps + 16 a byte; that of all places together is not: an expression that stays below it at each is slow).
 * SPT_NOMEM. */
enum spt_status spt_regex_find(const struct spt_regex *regex, struct spt_regex_scratch **scratch, const char *text,
                               size_t length, size_t from, struct spt_span *match, struct spt_error *error);
void spt_regex_scratch_free(struct spt_regex_scratch *scratch);

#endif
