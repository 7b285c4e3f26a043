#include "tracker/cli.h"

#include "analysis/metric.h"
#include "checkpoints/base/memory.h"
#include "checkpoints/base/text.h"

#include <errno.h>
#include <popt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OPTION_NAME_MAX = 64, HELP_COLUMN = 30, HELP_WIDTH = 100 };

/* What every command takes besides its own options. */
static const struct spt_option COMMON[] = {
    {"config", 'c', "FILE", "YAML configuration; options override its keys"},
    {"json", 0, NULL, "machine-readable output"},
    {"quiet", 'q', NULL, "say nothing but errors and results"},
    {"verbose", 'v', NULL, "say more"},
    {"help", 'h', NULL, "this help"},
};
enum { COMMON_COUNT = sizeof COMMON / sizeof *COMMON, CONFIG = 0, JSON, QUIET, VERBOSE, HELP };

/* --- what is said --- */

static const char *command_name(const struct spt_invocation *invocation) {
    return invocation->command ? invocation->command->name : "";
}

int spt_invocation_fail(const struct spt_invocation *invocation, int status, const struct spt_error *error) {
    fprintf(stderr, "spectail %s: ", command_name(invocation));
    if (error->path[0]) fprintf(stderr, "%s: ", error->path);
    fputs(error->message, stderr);
    if (error->offset != SPT_NO_OFFSET) fprintf(stderr, " (byte %llu)", (unsigned long long)error->offset);
    fputc('\n', stderr);
    return status;
}

int spt_invocation_usage(const struct spt_invocation *invocation, const char *format, ...) {
    char raw[2 * SPT_ERROR_TEXT_MAX], line[2 * SPT_ERROR_TEXT_MAX];
    va_list arguments;
    va_start(arguments, format);
    if (vsnprintf(raw, sizeof raw, format, arguments) < 0) raw[0] = '\0';
    va_end(arguments);
    spt_text_printable(line, sizeof line, raw);
    fprintf(stderr, "spectail %s: %s\n", command_name(invocation), line);
    return SPT_EXIT_USAGE;
}

int spt_invocation_print(const struct spt_invocation *invocation, const struct spt_text *text) {
    struct spt_error error;
    if (text->failed) {
        spt_fail_memory(&error, text->length, "the output");
        return spt_invocation_fail(invocation, SPT_EXIT_OUTPUT, &error);
    }
    const bool written = text->length == 0 || fwrite(text->data, 1, text->length, stdout) == text->length;
    if (written && fflush(stdout) == 0) return SPT_EXIT_DONE;
    spt_fail_system(&error, errno, NULL, "write the output");
    return spt_invocation_fail(invocation, SPT_EXIT_OUTPUT, &error);
}

static void emit_log(void *context, enum spt_log_level level, const char *text) {
    const struct spt_invocation *invocation = context;
    if (level == SPT_LOG_NOTE && !invocation->verbose) return;
    fprintf(stderr, "spectail %s: %s%s\n", command_name(invocation), level == SPT_LOG_WARNING ? "warning: " : "", text);
}

struct spt_log spt_invocation_log(struct spt_invocation *invocation) {
    return (struct spt_log){.emit = emit_log, .context = invocation};
}

/* --- options --- */

static bool is_text(const char *text) {
    return text && *text;
}

const char *spt_invocation_value(const struct spt_invocation *invocation, const char *option) {
    for (size_t i = 0; i < invocation->command->option_count; i++)
        if (strcmp(invocation->command->options[i].name, option) == 0) return invocation->values[COMMON_COUNT + i];
    return NULL;
}

/* One row of popt's table a common option, an option of the command, a key: in this order, numbered from 1. */
struct options {
    struct poptOption *rows; /* [count + 1] */
    size_t count;
};

static bool options_init(struct options *options, const struct spt_command *command) {
    options->count = COMMON_COUNT + command->option_count + command->key_count;
    options->rows = spt_alloc_zeroed(options->count + 1, sizeof *options->rows);
    if (!options->rows) return false;
    for (size_t i = 0; i < COMMON_COUNT + command->option_count; i++) {
        const struct spt_option *option = i < COMMON_COUNT ? &COMMON[i] : &command->options[i - COMMON_COUNT];
        options->rows[i] = (struct poptOption){
            .longName = option->name,
            .shortName = option->letter,
            .argInfo = option->argument ? POPT_ARG_STRING : POPT_ARG_NONE,
            .val = (int)i + 1,
        };
    }
    for (size_t k = 0; k < command->key_count; k++) {
        const size_t i = COMMON_COUNT + command->option_count + k;
        options->rows[i] = (struct poptOption){
            .longName = spt_config_key_find(command->keys[k])->option,
            .argInfo = POPT_ARG_STRING,
            .val = (int)i + 1,
        };
    }
    return true;
}

static int say_unknown_option(const struct spt_invocation *invocation, const struct options *options,
                              const char *given) {
    const char *word = given + strspn(given, "-");
    const char **known = spt_alloc(options->count, sizeof *known);
    size_t nearest = options->count;
    for (size_t i = 0; known && i < options->count; i++) known[i] = options->rows[i].longName;
    if (known) nearest = spt_text_nearest(word, known, options->count);
    const int status =
        nearest < options->count
            ? spt_invocation_usage(invocation, "unknown option %s; did you mean --%s?", given, known[nearest])
            : spt_invocation_usage(invocation, "unknown option %s; spectail %s --help lists those there are", given,
                                   command_name(invocation));
    free(known);
    return status;
}

/* What the command line says, before any file is read: option texts by number, and the arguments. */
struct words {
    char **values; /* [options.count] owned; NULL: absent; the last one counts */
    const char **arguments;
    size_t argument_count;
};

static int parse_words(struct spt_invocation *invocation, const struct options *options, poptContext context,
                       struct words *words) {
    int number;
    while ((number = poptGetNextOpt(context)) > 0) {
        char **value = &words->values[number - 1];
        free(*value);
        *value = poptGetOptArg(context);
        if (!*value) *value = spt_strdup("");
        if (!*value) return spt_invocation_usage(invocation, "out of memory");
    }
    if (number == POPT_ERROR_BADOPT)
        return say_unknown_option(invocation, options, poptBadOption(context, POPT_BADOPTION_NOALIAS));
    if (number < -1)
        return spt_invocation_usage(invocation, "%s: %s", poptBadOption(context, POPT_BADOPTION_NOALIAS),
                                    poptStrerror(number));
    words->arguments = poptGetArgs(context);
    while (words->arguments && words->arguments[words->argument_count]) words->argument_count++;
    return SPT_EXIT_DONE;
}

static int check_arguments(const struct spt_invocation *invocation, const struct words *words) {
    const struct spt_command *command = invocation->command;
    if (words->argument_count > command->arguments_max)
        return spt_invocation_usage(invocation, "unexpected argument %s; usage: spectail %s%s%s [options]",
                                    words->arguments[command->arguments_max], command->name,
                                    *command->arguments ? " " : "", command->arguments);
    if (words->argument_count < command->arguments_min)
        return spt_invocation_usage(invocation, "expected %s; usage: spectail %s %s [options]", command->arguments,
                                    command->name, command->arguments);
    return SPT_EXIT_DONE;
}

/* The file first, then the options, whatever their order on the command line. */
static int configure(struct spt_invocation *invocation, const struct words *words) {
    const struct spt_command *command = invocation->command;
    struct spt_error error;
    if (is_text(words->values[CONFIG]) &&
        spt_config_read(&invocation->config, words->values[CONFIG], &error) != SPT_OK)
        return spt_invocation_fail(invocation, SPT_EXIT_USAGE, &error);
    for (size_t k = 0; k < command->key_count; k++) {
        const char *value = words->values[COMMON_COUNT + command->option_count + k];
        char origin[OPTION_NAME_MAX];
        if (!value) continue;
        snprintf(origin, sizeof origin, "--%s", spt_config_key_find(command->keys[k])->option);
        if (spt_config_set(&invocation->config, command->keys[k], value, origin, &error) != SPT_OK)
            return spt_invocation_fail(invocation, SPT_EXIT_USAGE, &error);
    }
    return SPT_EXIT_DONE;
}

/* --- help --- */

static void put_help_row(const char *left, const char *help) {
    size_t column = strlen(left) + 2;
    printf("  %s", left);
    if (column >= HELP_COLUMN) {
        fputc('\n', stdout);
        column = 0;
    }
    printf("%*s", (int)(HELP_COLUMN - column), "");
    column = HELP_COLUMN;
    for (const char *word = help; *word;) {
        const size_t length = strcspn(word, " ");
        if (column + length > HELP_WIDTH && column > HELP_COLUMN) {
            printf("\n%*s", HELP_COLUMN, "");
            column = HELP_COLUMN;
        }
        printf("%.*s", (int)length, word);
        column += length;
        word += length;
        if (*word == ' ') {
            fputc(' ', stdout);
            column++;
            word++;
        }
    }
    fputc('\n', stdout);
}

static void put_option_help(const struct spt_option *option) {
    char left[2 * OPTION_NAME_MAX];
    snprintf(left, sizeof left, "%s%c%s--%s%s%s", option->letter ? "-" : "", option->letter ? option->letter : ' ',
             option->letter ? ", " : "   ", option->name, option->argument ? " " : "",
             option->argument ? option->argument : "");
    put_help_row(left, option->help);
}

static void put_key_help(const char *name) {
    const struct spt_config_key *key = spt_config_key_find(name);
    char left[2 * OPTION_NAME_MAX], help[1024];
    snprintf(left, sizeof left, "    --%s %s", key->option, key->argument);
    snprintf(help, sizeof help, is_text(key->standard) ? "%s (default %s)" : "%s", key->help, key->standard);
    put_help_row(left, help);
}

static void put_wrapped(const char *text) {
    size_t column = 0;
    for (const char *word = text; *word;) {
        const size_t length = strcspn(word, " ");
        if (column + length > HELP_WIDTH && column > 0) {
            fputc('\n', stdout);
            column = 0;
        }
        printf("%s%.*s", column ? " " : "", (int)length, word);
        column += length + 1;
        word += length;
        word += strspn(word, " ");
    }
    fputc('\n', stdout);
}

static void put_example(const char *example) {
    for (const char *line = example; *line;) {
        const size_t length = strcspn(line, "\n");
        printf("  %.*s\n", (int)length, line);
        line += length + (line[length] != '\0');
    }
}

static void put_command_help(const struct spt_command *command) {
    printf("usage: spectail %s%s%s [options]\n\n", command->name, *command->arguments ? " " : "", command->arguments);
    put_wrapped(command->description);
    printf("\nOptions:\n");
    for (size_t i = 0; i < command->option_count; i++) put_option_help(&command->options[i]);
    for (size_t i = 0; i < command->key_count; i++) put_key_help(command->keys[i]);
    for (size_t i = 0; i < COMMON_COUNT; i++) put_option_help(&COMMON[i]);
    printf("\nExample:\n");
    put_example(command->example);
}

static void put_program_help(const struct spt_command *const *commands, size_t count) {
    printf("usage: spectail COMMAND [arguments] [options]\n\n"
           "Follows the geometry of a transformer while it trains: sweeps a run's checkpoints, measures every\n"
           "attention matrix, keeps the time series and draws emergence plots.\n\nCommands:\n");
    for (size_t i = 0; i < count; i++) put_help_row(commands[i]->name, commands[i]->summary);
    printf("\nspectail COMMAND --help tells the options of one; spectail --version the version.\n"
           "\nExample:\n  spectail sweep runs/pythia-70m --samples 100 && spectail plot\n"
           "\nExit status: 0 done; 1 some checkpoints could not be analysed, or a comparison found a difference;\n"
           "2 usage, configuration or a missing run; 3 the store; 4 output or an external program; 130, 143 stopped\n"
           "by a signal: the next sweep goes on where it was.\n");
}

/* --- running --- */

static int run_with(struct spt_invocation *invocation, struct words *words) {
    if (words->values[HELP]) {
        put_command_help(invocation->command);
        return SPT_EXIT_DONE;
    }
    int status = check_arguments(invocation, words);
    if (status == SPT_EXIT_DONE) status = configure(invocation, words);
    if (status != SPT_EXIT_DONE) return status;
    invocation->arguments = words->arguments;
    invocation->argument_count = words->argument_count;
    invocation->values = words->values;
    invocation->json = words->values[JSON];
    invocation->quiet = words->values[QUIET];
    invocation->verbose = words->values[VERBOSE];
    return invocation->command->run(invocation);
}

static int run_command(const struct spt_command *command, int argc, const char **argv) {
    struct spt_invocation invocation = {.command = command};
    struct options options = {0};
    struct words words = {0};
    struct spt_error error;
    int status = SPT_EXIT_USAGE;
    if (spt_config_init(&invocation.config, &error) != SPT_OK) return spt_invocation_fail(&invocation, status, &error);
    const bool ready = options_init(&options, command);
    if (ready) words.values = spt_alloc_zeroed(options.count, sizeof *words.values);
    poptContext context = words.values ? poptGetContext(command->name, argc, argv, options.rows, 0) : NULL;
    if (context) {
        status = parse_words(&invocation, &options, context, &words);
        if (status == SPT_EXIT_DONE) status = run_with(&invocation, &words);
    } else {
        status = spt_invocation_usage(&invocation, "out of memory");
    }
    for (size_t i = 0; words.values && i < options.count; i++) free(words.values[i]);
    free(words.values);
    poptFreeContext(context);
    free(options.rows);
    spt_config_release(&invocation.config);
    return status;
}

static int say_unknown_command(const struct spt_command *const *commands, size_t count, const char *given) {
    const struct spt_invocation nobody = {0};
    const char **names = spt_alloc(count, sizeof *names);
    size_t nearest = count;
    for (size_t i = 0; names && i < count; i++) names[i] = commands[i]->name;
    if (names) nearest = spt_text_nearest(given, names, count);
    free(names);
    return nearest < count
               ? spt_invocation_usage(&nobody, "unknown command %s; did you mean %s?", given, commands[nearest]->name)
               : spt_invocation_usage(&nobody, "unknown command %s; spectail --help lists those there are", given);
}

int spt_cli_main(const struct spt_command *const *commands, size_t count, int argc, const char **argv) {
    if (argc < 2) {
        put_program_help(commands, count);
        return SPT_EXIT_USAGE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("spectail %s\n", SPT_VERSION);
        return SPT_EXIT_DONE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
        put_program_help(commands, count);
        return SPT_EXIT_DONE;
    }
    for (size_t i = 0; i < count; i++)
        if (strcmp(commands[i]->name, argv[1]) == 0) return run_command(commands[i], argc - 1, argv + 1);
    return say_unknown_command(commands, count, argv[1]);
}
