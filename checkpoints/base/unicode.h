/* UTF-8 and the Unicode tables (utf8proc inside). */
#ifndef SPT_BASE_UNICODE_H
#define SPT_BASE_UNICODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The code point that bytes begin with, and its length 1..4; 0 when they begin with no valid UTF-8 (or length is 0). */
size_t spt_unicode_decode(const char *bytes, size_t length, uint32_t *code);

/* First byte that is not part of valid UTF-8, or length when all are. */
size_t spt_unicode_valid_prefix(const char *bytes, size_t length);

bool spt_unicode_is_control(uint32_t code); /* general category Cc */

#endif
