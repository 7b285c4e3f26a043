/* The commands of spectail, one file each. */
#ifndef SPT_COMMANDS_H
#define SPT_COMMANDS_H

#include "tracker/cli.h"

extern const struct spt_command SPT_COMMAND_SWEEP;
extern const struct spt_command SPT_COMMAND_WATCH;
extern const struct spt_command SPT_COMMAND_STATUS;
extern const struct spt_command SPT_COMMAND_PLOT;
extern const struct spt_command SPT_COMMAND_EMERGE;
extern const struct spt_command SPT_COMMAND_REPORT;
extern const struct spt_command SPT_COMMAND_EXPORT;
extern const struct spt_command SPT_COMMAND_INSPECT;
extern const struct spt_command SPT_COMMAND_VERIFY;
extern const struct spt_command SPT_COMMAND_TOKENIZE;
extern const struct spt_command SPT_COMMAND_METRICS;
extern const struct spt_command SPT_COMMAND_MERGE;
extern const struct spt_command SPT_COMMAND_CHECK;

#endif
