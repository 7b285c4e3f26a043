#include "tracker/help.h"

#include <stdio.h>
#include <string.h>

enum { LEFT_MAX = 128, COLUMN = 30, WIDTH = 100 };

/* Words from column on, in lines of at most WIDTH; further lines begin at indent. A newline in text stays one. */
static void put_words(struct spt_text *out, const char *text, size_t column, size_t indent) {
    for (const char *word = text; *word;) {
        const size_t gap = strspn(word, " \n"), length = strcspn(word + gap, " \n");
        const bool wraps = word > text && column + 1 + length > WIDTH;
        size_t breaks = 0;
        for (size_t i = 0; i < gap; i++) breaks += word[i] == '\n';
        if (wraps && !breaks) breaks = 1;
        for (size_t i = 0; i < breaks; i++) spt_text_put(out, "\n");
        if (breaks)
            spt_text_format(out, "%*s", (int)indent, "");
        else if (word > text)
            spt_text_put(out, " ");
        column = breaks ? indent : column + (word > text);
        word += gap;
        spt_text_append(out, word, length);
        column += length;
        word += length;
    }
    spt_text_put(out, "\n");
}

static void put_row(struct spt_text *out, const char *left, const char *help) {
    spt_text_format(out, "  %s", left);
    const size_t end = 2 + strlen(left);
    if (end + 1 > COLUMN)
        spt_text_format(out, "\n%*s", COLUMN, "");
    else
        spt_text_format(out, "%*s", (int)(COLUMN - end), "");
    put_words(out, help, COLUMN, COLUMN);
}

static void put_option(struct spt_text *out, const struct spt_option *option) {
    char left[LEFT_MAX], letter[] = "-x, ";
    letter[1] = option->letter;
    snprintf(left, sizeof left, "%s--%s%s%s", option->letter ? letter : "    ", option->name,
             option->argument ? " " : "", option->argument ? option->argument : "");
    put_row(out, left, option->help);
}

static void put_key(struct spt_text *out, const struct spt_config_key *key) {
    char left[LEFT_MAX];
    struct spt_text help = {0};
    snprintf(left, sizeof left, "    --%s %s", key->option, key->argument);
    spt_text_put(&help, key->help);
    if (key->standard && *key->standard) spt_text_format(&help, " (default %s)", key->standard);
    if (!help.failed)
        put_row(out, left, help.data);
    else
        out->failed = true;
    spt_text_release(&help);
}

static void put_example(struct spt_text *out, const char *example) {
    spt_text_put(out, "\nExample:\n");
    for (const char *line = example; *line;) {
        const size_t length = strcspn(line, "\n");
        spt_text_format(out, "  %.*s\n", (int)length, line);
        line += length + (line[length] != '\0');
    }
}

void spt_help_command(const struct spt_command *command, struct spt_text *out) {
    spt_text_format(out, "usage: spectail %s%s%s [options]\n\n", command->name, *command->arguments ? " " : "",
                    command->arguments);
    put_words(out, command->description, 0, 0);
    spt_text_put(out, "\nOptions:\n");
    for (size_t i = 0; i < command->option_count; i++) put_option(out, &command->options[i]);
    for (size_t i = 0; i < command->key_count; i++) put_key(out, spt_config_key_find(command->keys[i]));
    for (size_t i = 0; i < SPT_COMMON_OPTION_COUNT; i++) put_option(out, &SPT_COMMON_OPTIONS[i]);
    put_example(out, command->example);
}

void spt_help_program(const struct spt_command *const *commands, size_t count, struct spt_text *out) {
    spt_text_put(out, "usage: spectail COMMAND [arguments] [options]\n\n");
    put_words(out,
              "Follows the geometry of a transformer while it trains: sweeps a run's checkpoints, measures every "
              "attention matrix, keeps the time series and draws emergence plots.",
              0, 0);
    spt_text_put(out, "\nCommands:\n");
    for (size_t i = 0; i < count; i++) put_row(out, commands[i]->name, commands[i]->summary);
    put_row(out, "help [COMMAND]", "this text, or the options of one command, as spectail COMMAND --help");
    put_row(out, "help --man", "the manual page: spectail help --man | man -l -");
    put_row(out, "help --completion", "completion for bash: source <(spectail help --completion)");
    put_row(out, "--version", "the version");
    put_example(out, "spectail sweep runs/pythia-70m --samples 100 && spectail plot");
    spt_text_put(out, "\n");
    for (size_t i = 0; i < SPT_EXIT_MEANING_COUNT; i++)
        spt_text_format(out, "%s%-9s%s\n", i ? "             " : "Exit status: ", SPT_EXIT_MEANINGS[i].status,
                        SPT_EXIT_MEANINGS[i].meaning);
}
