/* The manual page and the completion for bash: written from the tables that parse the command line, so that neither can
 * fall behind. The build makes the installed files with them (spectail help --man, spectail help --completion). */
#ifndef SPT_MANUAL_H
#define SPT_MANUAL_H

#include "checkpoints/base/text.h"
#include "tracker/cli.h"

/* The page spectail(1) in troff's macros man(7). */
void spt_manual_page(const struct spt_command *const *commands /* [count] */, size_t count, struct spt_text *out);

/* A script that bash reads once: commands, options, their choices, metrics and figures; else names of files. */
void spt_manual_completion(const struct spt_command *const *commands /* [count] */, size_t count, struct spt_text *out);

#endif
