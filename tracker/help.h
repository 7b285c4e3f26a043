/* What --help says, of the program and of one command: written from the tables of tracker/cli.h. */
#ifndef SPT_HELP_H
#define SPT_HELP_H

#include "checkpoints/base/text.h"
#include "tracker/cli.h"

void spt_help_program(const struct spt_command *const *commands /* [count] */, size_t count, struct spt_text *out);
void spt_help_command(const struct spt_command *command, struct spt_text *out);

#endif
