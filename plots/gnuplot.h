/* gnuplot as a child process: found, run without a shell, listened to, stopped when it takes too long. */
#ifndef SPT_PLOTS_GNUPLOT_H
#define SPT_PLOTS_GNUPLOT_H

#include "checkpoints/base/error.h"
#include "checkpoints/base/text.h"

/* The absolute path of program (NULL: "gnuplot"), looked for in PATH when it has no slash. Caller frees *path.
 * SPT_UNSUPPORTED when there is none: says what to install. */
enum spt_status spt_gnuplot_find(const char *program, char **path, struct spt_error *error);

/* Runs `path -d script` in directory with nothing on its standard input. -d: no start-up file of the user's or the
 * system's changes a figure. output    what it wrote on its standard output messages  what it wrote on its standard
 * error; warnings of a run that succeeded are left here, unreported SPT_INVALID: gnuplot refused the script, its own
 * words and line quoted. SPT_IO: it could not be run, died, or was still at work after seconds (and was killed). */
enum spt_status spt_gnuplot_run(const char *path, const char *directory, const char *script, unsigned seconds,
                                struct spt_text *output, struct spt_text *messages, struct spt_error *error);

#endif
