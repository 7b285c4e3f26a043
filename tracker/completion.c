#include "tracker/manual.h"

#include "analysis/metric.h"
#include "plots/plot.h"

#include <string.h>

/* What may follow an option or stand as an argument. */
static void put_metric_names(struct spt_text *out, bool groups) {
    for (size_t g = 0; groups && g < SPT_METRIC_GROUP_COUNT; g++) spt_text_format(out, " %s", SPT_METRIC_GROUPS[g]);
    for (size_t i = 0; i < SPT_METRIC_COUNT; i++)
        if (!groups || strcmp(SPT_METRICS[i].name, spt_metric_group(&SPT_METRICS[i])) != 0)
            spt_text_format(out, " %s", SPT_METRICS[i].name);
}

static void put_figure_names(struct spt_text *out) {
    for (size_t i = 0; i < SPT_FIGURE_COUNT; i++) spt_text_format(out, " %s", SPT_FIGURES[i].name);
}

/* One branch of the case over "<command> <option>": what the option's value may be. */
static void open_branch(struct spt_text *out, const char *command, const char *option) {
    spt_text_format(out, "    '%s --%s') ", command, option);
}

static void put_words_of(struct spt_text *out, const char *words, char separator) {
    spt_text_put(out, "words='");
    for (; *words; words++) spt_text_append(out, *words == separator ? " " : words, 1);
    spt_text_put(out, "'; return ;;\n");
}

static void put_option_branch(struct spt_text *out, const char *command, const struct spt_option *option) {
    if (!option->argument) return;
    open_branch(out, command, option->name);
    if (strchr(option->argument, '|'))
        put_words_of(out, option->argument, '|');
    else if (strcmp(option->argument, "FILE") == 0)
        spt_text_put(out, "files=1; return ;;\n");
    else
        spt_text_put(out, "return ;;\n");
}

static void put_key_branch(struct spt_text *out, const char *command, const struct spt_config_key *key) {
    const bool metrics = strcmp(key->name, "metrics") == 0, metric = strcmp(key->name, "plots.metric") == 0;
    open_branch(out, command, key->option);
    if (metrics || metric) {
        spt_text_put(out, "words='");
        put_metric_names(out, metrics);
        spt_text_put(out, "'; return ;;\n");
    } else if (key->type == SPT_CONFIG_CHOICE) {
        spt_text_put(out, "words='");
        for (size_t i = 0; key->choices[i]; i++) spt_text_format(out, "%s ", key->choices[i]);
        spt_text_put(out, "'; return ;;\n");
    } else if (key->type == SPT_CONFIG_BOOL) {
        put_words_of(out, "true false", '|');
    } else if (key->type == SPT_CONFIG_PATH || key->type == SPT_CONFIG_PATHS) {
        spt_text_put(out, "files=1; return ;;\n");
    } else {
        spt_text_put(out, "return ;;\n");
    }
}

static void put_value_branches(struct spt_text *out, const struct spt_command *command) {
    for (size_t i = 0; i < command->option_count; i++) put_option_branch(out, command->name, &command->options[i]);
    for (size_t i = 0; i < command->key_count; i++)
        put_key_branch(out, command->name, spt_config_key_find(command->keys[i]));
    for (size_t i = 0; i < SPT_COMMON_OPTION_COUNT; i++) put_option_branch(out, command->name, &SPT_COMMON_OPTIONS[i]);
}

static void put_options(struct spt_text *out, const struct spt_command *command) {
    spt_text_format(out, "    %s) options='", command->name);
    for (size_t i = 0; i < command->option_count; i++) spt_text_format(out, "--%s ", command->options[i].name);
    for (size_t i = 0; i < command->key_count; i++)
        spt_text_format(out, "--%s ", spt_config_key_find(command->keys[i])->option);
    for (size_t i = 0; i < SPT_COMMON_OPTION_COUNT; i++) spt_text_format(out, "--%s ", SPT_COMMON_OPTIONS[i].name);
    spt_text_put(out, "' ;;\n");
}

void spt_manual_completion(const struct spt_command *const *commands, size_t count, struct spt_text *out) {
    spt_text_put(out, "# Completion of spectail for bash. Written by: spectail help --completion\n\n"
                      "# What may be the value of the option before the cursor: sets words or files, or fails.\n"
                      "_spectail_value() {\n"
                      "    case \"$1 $2\" in\n");
    for (size_t i = 0; i < count; i++) put_value_branches(out, commands[i]);
    spt_text_put(out, "    *) return 1 ;;\n    esac\n}\n\n"
                      "_spectail() {\n"
                      "    local word=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]} words='' files='' options=''\n"
                      "    case $command in\n");
    for (size_t i = 0; i < count; i++) put_options(out, commands[i]);
    spt_text_put(out, "    help) options='--man --completion' ;;\n"
                      "    esac\n"
                      "    if [[ $COMP_CWORD -eq 1 ]]; then\n"
                      "        words='");
    for (size_t i = 0; i < count; i++) spt_text_format(out, "%s ", commands[i]->name);
    spt_text_put(out, "help --help --version'\n"
                      "    elif _spectail_value \"$command\" \"${COMP_WORDS[COMP_CWORD - 1]}\"; then\n"
                      "        :\n"
                      "    elif [[ $word == -* ]]; then\n"
                      "        words=$options\n"
                      "    else\n"
                      "        case $command in\n"
                      "        help) words='");
    for (size_t i = 0; i < count; i++) spt_text_format(out, "%s ", commands[i]->name);
    spt_text_put(out, "--man --completion' ;;\n        metrics) words='");
    put_metric_names(out, true);
    spt_text_put(out, "' ;;\n        plot) words='");
    put_figure_names(out);
    spt_text_put(out, "' ;;\n"
                      "        *) files=1 ;;\n"
                      "        esac\n"
                      "    fi\n"
                      "    if [[ $files ]]; then\n"
                      "        compopt -o filenames 2>/dev/null\n"
                      "        mapfile -t COMPREPLY < <(compgen -f -- \"$word\")\n"
                      "    else\n"
                      "        mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
                      "    fi\n"
                      "}\n\n"
                      "complete -F _spectail spectail\n");
}
