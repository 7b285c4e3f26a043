#include "tracker/cli.h"

#include "checkpoints/base/memory.h"
#include "checkpoints/base/text.h"
#include "tracker/help.h"
#include "tracker/manual.h"

#include <errno.h>
#include <math.h>
#include <popt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPTION_NAME_MAX = 64 };

const struct spt_option SPT_COMMON_OPTIONS[] = {
    {"config", 'c', "FILE", "YAML configuration; options override its keys"},
    {"json", 0, NULL, "machine-readable output"},
    {"quiet", 'q', NULL, "say nothing but errors and results"},
    {"verbose", 'v', NULL, "say more"},
    {"help", 'h', NULL, "this help"},
};
enum { COMMON_COUNT = sizeof SPT_COMMON_OPTIONS / sizeof *SPT_COMMON_OPTIONS, CONFIG = 0, JSON, QUIET, VERBOSE, HELP };
const size_t SPT_COMMON_OPTION_COUNT = COMMON_COUNT;

const struct spt_exit_meaning SPT_EXIT_MEANINGS[] = {
    {"0", "done"},
    {"1", "some checkpoints could not be analysed, or a comparison found a difference"},
    {"2", "usage, configuration, or a run that is missing"},
    {"3", "the store"},
    {"4", "output, or an external program"},
    {"128 + N", "signal N stopped a sweep (130: Ctrl-C, 143: SIGTERM): the next one goes on where it was"},
};
const size_t SPT_EXIT_MEANING_COUNT = sizeof SPT_EXIT_MEANINGS / sizeof *SPT_EXIT_MEANINGS;

/* --- what is said --- */

/* "spectail sweep: ", with which every line for people begins. */
static void put_speaker(const struct spt_invocation *invocation) {
    fputs("spectail", stderr);
    if (invocation->command) fprintf(stderr, " %s", invocation->command->name);
    fputs(": ", stderr);
}

int spt_invocation_fail(const struct spt_invocation *invocation, int status, const struct spt_error *error) {
    put_speaker(invocation);
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
    put_speaker(invocation);
    fprintf(stderr, "%s\n", line);
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

const char *const *spt_invocation_runs(const struct spt_invocation *invocation, size_t *count) {
    const struct spt_config_texts *configured = &invocation->config.run;
    *count = invocation->argument_count ? invocation->argument_count : configured->count;
    return invocation->argument_count ? invocation->arguments : (const char *const *)configured->items;
}

int spt_invocation_wait(const struct spt_invocation *invocation, double *seconds) {
    const char *text = spt_invocation_value(invocation, "wait");
    char *end = NULL;
    *seconds = text ? strtod(text, &end) : 0;
    if (!text || (end != text && !*end && *seconds >= 0 && isfinite(*seconds))) return SPT_EXIT_DONE;
    return spt_invocation_usage(invocation, "--wait: found \"%s\", expected a number of seconds from 0", text);
}

static void emit_log(void *context, enum spt_log_level level, const char *text) {
    const struct spt_invocation *invocation = context;
    if (level == SPT_LOG_NOTE && !invocation->verbose) return;
    put_speaker(invocation);
    fprintf(stderr, "%s%s\n", level == SPT_LOG_WARNING ? "warning: " : "", text);
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
        const struct spt_option *option =
            i < COMMON_COUNT ? &SPT_COMMON_OPTIONS[i] : &command->options[i - COMMON_COUNT];
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
                                   invocation->command->name);
    free(known);
    return status;
}

/* What the command line says, before any file is read: option texts by number, and the arguments. */
struct words {
    char **values; /* [options.count] owned; NULL: absent; the last one counts */
    const char **arguments;
    size_t argument_count;
};

static bool repeats(const struct spt_command *command, size_t option) {
    if (option < COMMON_COUNT || option >= COMMON_COUNT + command->option_count) return false;
    const char *argument = command->options[option - COMMON_COUNT].argument;
    return argument && strstr(argument, "...");
}

/* Both, a line each, in place of value, which is freed; NULL: no memory. */
static char *joined(const char *former, char *value) {
    struct spt_text text = {0};
    spt_text_format(&text, "%s\n%s", former, value);
    free(value);
    if (!text.failed) return text.data;
    spt_text_release(&text);
    return NULL;
}

static int parse_words(struct spt_invocation *invocation, const struct options *options, poptContext context,
                       struct words *words) {
    int number;
    while ((number = poptGetNextOpt(context)) > 0) {
        char **value = &words->values[number - 1], *former = *value;
        *value = poptGetOptArg(context);
        if (former && *value && repeats(invocation->command, (size_t)number - 1)) *value = joined(former, *value);
        free(former);
        /* popt has no word for it: an option's argument that it could not copy is none. */
        if (!*value && options->rows[number - 1].argInfo == POPT_ARG_NONE) *value = spt_strdup("");
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
    if (is_text(words->values[CONFIG]) && spt_config_read(&invocation->config, words->values[CONFIG], &error) != SPT_OK)
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

/* --- running --- */

static int print_and_release(struct spt_text *text) {
    const struct spt_invocation nobody = {0};
    const int status = spt_invocation_print(&nobody, text);
    spt_text_release(text);
    return status;
}

static int print_command_help(const struct spt_command *command) {
    struct spt_text text = {0};
    spt_help_command(command, &text);
    return print_and_release(&text);
}

static int run_with(struct spt_invocation *invocation, struct words *words) {
    if (words->values[HELP]) return print_command_help(invocation->command);
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

static const struct spt_command *find_command(const struct spt_command *const *commands, size_t count,
                                              const char *name) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(commands[i]->name, name) == 0) return commands[i];
    return NULL;
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

/* spectail help [COMMAND | --man | --completion] */
static int help(const struct spt_command *const *commands, size_t count, const char *about) {
    struct spt_text text = {0};
    if (!about)
        spt_help_program(commands, count, &text);
    else if (strcmp(about, "--man") == 0)
        spt_manual_page(commands, count, &text);
    else if (strcmp(about, "--completion") == 0)
        spt_manual_completion(commands, count, &text);
    else {
        const struct spt_command *command = find_command(commands, count, about);
        return command ? print_command_help(command) : say_unknown_command(commands, count, about);
    }
    return print_and_release(&text);
}

int spt_cli_main(const struct spt_command *const *commands, size_t count, int argc, const char **argv) {
    struct spt_text text = {0};
    if (argc < 2) {
        spt_help_program(commands, count, &text);
        const int printed = print_and_release(&text);
        return printed == SPT_EXIT_DONE ? SPT_EXIT_USAGE : printed;
    }
    const char *word = argv[1];
    if (strcmp(word, "--version") == 0) {
        spt_text_put(&text, "spectail " SPT_VERSION "\n");
        return print_and_release(&text);
    }
    if (strcmp(word, "help") == 0) return help(commands, count, argc > 2 ? argv[2] : NULL);
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) return help(commands, count, NULL);
    const struct spt_command *command = find_command(commands, count, word);
    return command ? run_command(command, argc - 1, argv + 1) : say_unknown_command(commands, count, word);
}
