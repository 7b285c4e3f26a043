#include "tracker/manual.h"

#include "analysis/metric.h"
#include "plots/plot.h"
#include "tracker/emergence/columns.h"

#include <string.h>

/* --- troff --- */

/* Text as it is: no character of it may mean something to troff. */
static void put_text(struct spt_text *out, const char *text) {
    if (*text == '.' || *text == '\'') spt_text_put(out, "\\&");
    for (const char *c = text; *c; c++) {
        switch (*c) {
        case '\\':
            spt_text_put(out, "\\e");
            break;
        case '-':
            spt_text_put(out, "\\-");
            break;
        case '^':
            spt_text_put(out, "\\(ha");
            break;
        case '~':
            spt_text_put(out, "\\(ti");
            break;
        case '`':
            spt_text_put(out, "\\(ga");
            break;
        case '\'':
            spt_text_put(out, "\\(aq");
            break;
        case '\n':
            spt_text_put(out, "\n");
            if (c[1] == '.' || c[1] == '\'') spt_text_put(out, "\\&");
            break;
        default:
            spt_text_append(out, c, 1);
        }
    }
}

static void put_font(struct spt_text *out, char font, const char *text) {
    spt_text_format(out, "\\f%c", font);
    put_text(out, text);
    spt_text_put(out, "\\fR");
}

/* --option */
static void put_long(struct spt_text *out, const char *option) {
    spt_text_put(out, "\\fB\\-\\-");
    put_text(out, option);
    spt_text_put(out, "\\fR");
}

static void put_section(struct spt_text *out, const char *title) {
    spt_text_format(out, ".SH %s\n", title);
}

static void put_paragraph(struct spt_text *out, const char *text) {
    put_text(out, text);
    spt_text_put(out, "\n");
}

static void put_example(struct spt_text *out, const char *lines) {
    spt_text_put(out, ".PP\n.RS 4\n.nf\n");
    put_text(out, lines);
    spt_text_put(out, "\n.fi\n.RE\n");
}

/* A term in bold, and what it is. */
static void put_term(struct spt_text *out, const char *term, const char *text) {
    spt_text_put(out, ".TP\n");
    put_font(out, 'B', term);
    spt_text_put(out, "\n");
    put_paragraph(out, text);
}

/* --- sections --- */

static void put_option(struct spt_text *out, const struct spt_option *option) {
    char letter[] = "-x";
    letter[1] = option->letter;
    spt_text_put(out, ".TP\n");
    if (option->letter) {
        put_font(out, 'B', letter);
        spt_text_put(out, ", ");
    }
    put_long(out, option->name);
    if (option->argument) {
        spt_text_put(out, " ");
        put_font(out, 'I', option->argument);
    }
    spt_text_put(out, "\n");
    put_paragraph(out, option->help);
}

static void put_key_text(struct spt_text *out, const struct spt_config_key *key) {
    struct spt_text expected = {0};
    spt_config_expected(key, &expected);
    put_text(out, key->help);
    spt_text_put(out, ": ");
    put_text(out, expected.data ? expected.data : "");
    if (key->standard && *key->standard) {
        spt_text_put(out, " (default ");
        put_text(out, key->standard);
        spt_text_put(out, ")");
    }
    spt_text_put(out, ".\n");
    if (expected.failed) out->failed = true;
    spt_text_release(&expected);
}

static void put_key_options(struct spt_text *out, const struct spt_command *command) {
    if (command->key_count == 0) return;
    spt_text_put(out, ".PP\nKeys of the configuration it takes as options:\n");
    for (size_t i = 0; i < command->key_count; i++) {
        put_long(out, spt_config_key_find(command->keys[i])->option);
        spt_text_put(out, i + 1 < command->key_count ? ",\n" : ".\n");
    }
}

static void put_command(struct spt_text *out, const struct spt_command *command) {
    spt_text_put(out, ".SS ");
    spt_text_format(out, "spectail %s", command->name);
    if (*command->arguments) {
        spt_text_put(out, " ");
        put_font(out, 'I', command->arguments);
    }
    spt_text_put(out, "\n");
    put_paragraph(out, command->description);
    for (size_t i = 0; i < command->option_count; i++) put_option(out, &command->options[i]);
    put_key_options(out, command);
    put_example(out, command->example);
}

static void put_configuration(struct spt_text *out) {
    size_t count;
    const struct spt_config_key *keys = spt_config_keys(&count);
    put_section(out, "CONFIGURATION");
    put_paragraph(out,
                  "A YAML file, named by --config. Options override it. Paths in it are relative to its folder. A key "
                  "with a dot stands in the section before the dot.");
    for (size_t i = 0; i < count; i++) {
        spt_text_put(out, ".TP\n");
        put_font(out, 'B', keys[i].name);
        if (keys[i].option) {
            spt_text_put(out, "  (");
            put_long(out, keys[i].option);
            spt_text_put(out, " ");
            put_font(out, 'I', keys[i].argument);
            spt_text_put(out, ")");
        }
        spt_text_put(out, "\n");
        put_key_text(out, &keys[i]);
    }
}

static void put_metrics(struct spt_text *out) {
    put_section(out, "METRICS");
    for (size_t g = 0; g < SPT_METRIC_GROUP_COUNT; g++) {
        spt_text_format(out, ".SS Group %s\n", SPT_METRIC_GROUPS[g]);
        for (size_t i = 0; i < SPT_METRIC_COUNT; i++)
            if (strcmp(spt_metric_group(&SPT_METRICS[i]), SPT_METRIC_GROUPS[g]) == 0)
                put_term(out, SPT_METRICS[i].name, SPT_METRICS[i].definition);
    }
}

static void put_figures(struct spt_text *out) {
    put_section(out, "FIGURES");
    for (size_t i = 0; i < SPT_FIGURE_COUNT; i++) put_term(out, SPT_FIGURES[i].name, SPT_FIGURES[i].caption);
}

static void put_emergence(struct spt_text *out) {
    put_section(out, "COLUMNS OF EMERGE");
    put_paragraph(
        out, "spectail emerge --csv writes these columns, and --json one object {\"runs\": [row, ...], \"groups\": "
             "[row, ...]} of rows with the same keys; an empty field, or null, is what is undefined. Rows of groups "
             "are of several runs. In JSON turns is a list of {rises, step, lo, hi, from, to}.");
    for (size_t i = 0; i < SPT_EMERGED_COLUMN_COUNT; i++)
        put_term(out, SPT_EMERGED_COLUMNS[i].name, SPT_EMERGED_COLUMNS[i].help);
}

static void put_surroundings(struct spt_text *out) {
    put_section(out, "EXIT STATUS");
    for (size_t i = 0; i < SPT_EXIT_MEANING_COUNT; i++)
        put_term(out, SPT_EXIT_MEANINGS[i].status, SPT_EXIT_MEANINGS[i].meaning);
    put_section(out, "FILES");
    put_term(out, "spectail.db", "The store: a SQLite file, beside which spectail.db.lock names who writes.");
    put_term(
        out, "PREFIX/share/spectail",
        "Ready configurations (demo.yaml, paper.yaml, pythia.yaml), probe sentences, the bundled run, gnuplot scripts.");
    put_section(out, "ENVIRONMENT");
    put_term(out, "OMP_NUM_THREADS", "How many threads there are where --threads is not given.");
    put_term(out, "PATH", "Where gnuplot is looked for.");
    put_term(out, "SOURCE_DATE_EPOCH",
             "The date that spectail report puts on its page, in seconds since 1970; without it now.");
    put_term(out, "TERM",
             "Progress redraws one line on a terminal that can; \"dumb\" gets a line for each checkpoint.");
    put_term(out, "TMPDIR", "Where spectail plot --format term and spectail report keep what gnuplot reads and draws.");
}

void spt_manual_page(const struct spt_command *const *commands, size_t count, struct spt_text *out) {
    spt_text_put(out, ".TH SPECTAIL 1 " SPT_DATE " \"spectail " SPT_VERSION "\" \"User Commands\"\n");
    put_section(out, "NAME");
    spt_text_put(out, "spectail \\- follow the geometry of a transformer while it trains\n");
    put_section(out, "SYNOPSIS");
    spt_text_put(out, "\\fBspectail\\fR \\fICOMMAND\\fR [\\fIargument\\fR ...] [\\fIoption\\fR ...]\n");
    put_section(out, "DESCRIPTION");
    put_paragraph(
        out, "Runs one forward pass of a fixed probe text through each checkpoint of a training run, measures every "
             "attention matrix (random-matrix spectra, persistent homology, attention sinks), keeps the time "
             "series in a store and draws emergence plots. No Python, no GPU, no network.");
    put_section(out, "COMMANDS");
    for (size_t i = 0; i < count; i++) put_command(out, commands[i]);
    put_section(out, "OPTIONS OF EVERY COMMAND");
    for (size_t i = 0; i < SPT_COMMON_OPTION_COUNT; i++) put_option(out, &SPT_COMMON_OPTIONS[i]);
    put_configuration(out);
    put_metrics(out);
    put_figures(out);
    put_emergence(out);
    put_surroundings(out);
    put_section(out, "SEE ALSO");
    spt_text_put(out, ".BR gnuplot (1),\n.BR sqlite3 (1)\n");
}
