/* A token's text as a label: one line that shows what is in it. */
#ifndef SPT_TOKEN_LABEL_H
#define SPT_TOKEN_LABEL_H

#include "checkpoints/base/text.h"

#include <stddef.h>

/* Appends bytes [length], which may be anything: spaces as middle dots, line breaks and tabs as \n and \t, other control
 * characters and what is no valid UTF-8 as \x1b, characters that are not seen but change what is (directions, joiners,
 * byte order marks) as \u202e, a mark that stands alone on a dotted circle, nothing as two quotes. */
void spt_token_label_put(struct spt_text *out, const char *bytes, size_t length);

#endif
