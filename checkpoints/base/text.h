/* A growing line or document of text.
 *
 * Zero-initialise, append, read .data (always NUL-terminated after the first append), release. A failed allocation sets
 * .failed, later appends do nothing: check once at the end.
 */
#ifndef SPT_BASE_TEXT_H
#define SPT_BASE_TEXT_H

#include "checkpoints/base/api.h"

#include <stdbool.h>
#include <stddef.h>

SPT_API_BEGIN

struct spt_text {
    char *data; /* owned; NULL before the first append */
    size_t length, capacity;
    bool failed;
};

void spt_text_append(struct spt_text *text, const char *bytes, size_t length);
void spt_text_put(struct spt_text *text, const char *string);
void spt_text_format(struct spt_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* string as a JSON string with its quotes; invalid UTF-8 becomes U+FFFD, what no terminal should get
 * (spt_unicode_is_unseen) is escaped. */
void spt_text_put_json(struct spt_text *text, const char *string);

/* What a file has: a number with so many significant digits, and strtod's reading of one, with a point whatever locale
 * the program is in. */
void spt_text_put_real(struct spt_text *text, double value, int digits);
double spt_text_real(const char *text, char **end);

/* A double with the 17 digits that read back to the same value; nothing for NAN, "inf" and "-inf" as they are. */
void spt_text_put_number(struct spt_text *text, double value);

/* The same, or null for what is not finite: JSON has no NaN. */
void spt_text_put_json_number(struct spt_text *text, double value);

void spt_text_clear(struct spt_text *text);   /* length 0; keeps the memory, and .failed */
void spt_text_release(struct spt_text *text); /* frees and zeroes */

/* Copies text so that a terminal, a log or a message can show it in one line: control characters, invisible ones and
 * overrides of direction (spt_unicode_is_unseen) and what is no valid UTF-8 become \xNN; what is too long ends in
 * "...". Returns the length of out.
 *   out  [capacity], NUL-terminated; capacity >= 8 */
size_t spt_text_printable(char *out, size_t capacity, const char *text);

/* Edit distance (insertions, deletions, substitutions, swaps of neighbours), and the index of the candidate nearest to
 * word if it is near enough to be a slip of the keyboard (distance <= 1 + length / 4), else count. For "did you mean"
 * hints. */
size_t spt_text_distance(const char *a, const char *b);
size_t spt_text_nearest(const char *word, const char *const *candidates, size_t count);

SPT_API_END

#endif
