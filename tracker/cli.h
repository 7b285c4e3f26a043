/* The command line: commands and their options as tables, from which parsing, --help, completion and the man page
 * follow.
 *
 * An option is either a command's own row, or a key of the configuration (tracker/config) that the command takes: the
 * same parser, range and help as in the YAML file, which the command line overrides.
 */
#ifndef SPT_CLI_H
#define SPT_CLI_H

#include "checkpoints/base/error.h"
#include "checkpoints/base/log.h"
#include "tracker/config/config.h"

#include <stdbool.h>
#include <stddef.h>

/* How a command ends. A sweep that a signal stops ends with 128 + its number. */
enum spt_exit {
    SPT_EXIT_DONE = 0,
    SPT_EXIT_PARTIAL = 1, /* some checkpoints could not be analysed, or a comparison found a difference */
    SPT_EXIT_USAGE = 2,   /* usage, configuration, a missing run */
    SPT_EXIT_STORE = 3,
    SPT_EXIT_OUTPUT = 4, /* output or an external program */
};

/* The same in words, for help and manual. */
struct spt_exit_meaning {
    const char *status, *meaning; /* "128 + N" */
};
extern const struct spt_exit_meaning SPT_EXIT_MEANINGS[];
extern const size_t SPT_EXIT_MEANING_COUNT;

struct spt_option {
    const char *name; /* without the dashes */
    char letter;      /* 0: none */
    /* "FILE"; NULL: a flag; "RUN...": may be given several times, and the text is all of them, a line each. */
    const char *argument;
    const char *help;
};

/* What every command takes besides its own options. */
extern const struct spt_option SPT_COMMON_OPTIONS[];
extern const size_t SPT_COMMON_OPTION_COUNT;

struct spt_invocation;

struct spt_command {
    const char *name, *summary; /* "sweep", one line */
    const char *arguments;      /* "RUN", "[FIGURE]", "" */
    size_t arguments_min, arguments_max;
    const char *description;          /* a paragraph for --help */
    const char *example;              /* lines of shell */
    const struct spt_option *options; /* [option_count] its own */
    size_t option_count;
    const char *const *keys; /* [key_count] keys of the configuration it takes as options */
    size_t key_count;
    int (*run)(struct spt_invocation *invocation); /* an exit status */
};

/* A command as it was called. */
struct spt_invocation {
    const struct spt_command *command;
    const char **arguments; /* [argument_count] */
    size_t argument_count;
    struct spt_config config; /* file, then options; defaults elsewhere */
    char *const
        *values; /* one for each option of the command and the common ones: its text, "" for a flag, NULL when absent */
    bool json, quiet, verbose;
};

/* Text of a command's own option, or NULL; "" for a flag that is set. */
const char *spt_invocation_value(const struct spt_invocation *invocation, const char *option);

/* Writes "spectail: <path>: <message>" to stderr and returns status. */
int spt_invocation_fail(const struct spt_invocation *invocation, int status, const struct spt_error *error);

/* The same for a sentence of our own. */
int spt_invocation_usage(const struct spt_invocation *invocation, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The runs that are asked for: [*count] the arguments or, without any, those of the configuration (run). Borrowed. */
const char *const *spt_invocation_runs(const struct spt_invocation *invocation, size_t *count);

/* The value of the option --wait, 0 where it is not given: SPT_EXIT_DONE, or SPT_EXIT_USAGE with what is wrong said. */
int spt_invocation_wait(const struct spt_invocation *invocation, double *seconds);

/* Writes text to stdout: SPT_EXIT_DONE, or SPT_EXIT_OUTPUT with the reason said. */
struct spt_text;
int spt_invocation_print(const struct spt_invocation *invocation, const struct spt_text *text);

/* Warnings (and with -v notes) of the libraries, on stderr. Borrows invocation. */
struct spt_log spt_invocation_log(struct spt_invocation *invocation);

/* Finds the command of argv[1] in commands, parses the rest by its tables, runs it, and returns the exit status.
 * Prints version, help (tracker/help.h), manual and completion (tracker/manual.h) where they are asked for. */
int spt_cli_main(const struct spt_command *const *commands, size_t count, int argc, const char **argv);

#endif
