/* Words of a command that people copy into a shell. */
#ifndef SPT_SHELL_WORD_H
#define SPT_SHELL_WORD_H

#include "checkpoints/base/text.h"

/* Appends word as a shell takes it: as it is, or in single quotes where something in it means anything to a shell. */
void spt_shell_word_put(struct spt_text *text, const char *word);

#endif
