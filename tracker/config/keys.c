/* The table of keys. To add one: a field in struct spt_config, a row here. */
#include "tracker/config/internal.h"

#include <string.h>

static const char *const BOS[] = {"auto", "always", "never", NULL};
static const char *const REFERENCES[] = {"excess", "paper", NULL};
static const char *const SYMMETRIZE[] = {"max", "mean", NULL};
static const char *const KEEP[] = {"layers", "heads", NULL};
static const char *const FORMATS[] = {"svg", "png", "pdf", "term", NULL};

#define AT(field) .offset = offsetof(struct spt_config, field)
#define MANY      INT64_MAX

/* clang-format off */
static const struct spt_config_key KEYS[] = {
    {"run", NULL, "RUN", SPT_CONFIG_PATHS, .help = "training run: a folder of checkpoints, one checkpoint or a hub cache", AT(run)},
    {"name", "name", "NAME", SPT_CONFIG_TEXT, .help = "the run's name in the store and in figures (default: that of its folder)", AT(name)},
    {"db", "db", "F", SPT_CONFIG_PATH, .standard = "spectail.db", .help = "the store: one SQLite file for any number of runs", AT(db)},
    {"out", "out", "DIR", SPT_CONFIG_PATH, .standard = "plots", .help = "folder for figures and their data", AT(out)},
    {"probe", "probe", "F", SPT_CONFIG_PATH, .help = "probe sentences, one a line (default: the 500 that come with spectail)", AT(probe)},
    {"ids", "ids", "F", SPT_CONFIG_PATH, .help = "probe as token ids, in place of sentences: a JSON list of lists, or one list a line", AT(ids)},
    {"samples", "samples", "N", SPT_CONFIG_INTEGER, 1, 1000000, .standard = "100", .help = "how many sentences of the probe are used, from the first", AT(samples)},
    {"steps", "steps", "A:B", SPT_CONFIG_STEPS, .help = "only checkpoints of steps A to B, both among them; either may be left out", AT(steps)},
    {"every", "every", "N", SPT_CONFIG_INTEGER, 1, 1000000000, .standard = "1", .help = "only each N-th checkpoint, from the first", AT(every)},
    {"metrics", "metrics", "G,..", SPT_CONFIG_TEXTS, .help = "groups or names of metrics (default: all)", AT(metrics)},
    {"step_pattern", "step-pattern", "RE", SPT_CONFIG_TEXT, .help = "regular expression with the group (?<step>...), for names of checkpoints that are not known", AT(step_pattern)},
    {"model_config", "model-config", "F", SPT_CONFIG_PATH, .help = "config.json for checkpoints that have none", AT(model_config)},
    {"tokenizer", "tokenizer", "F", SPT_CONFIG_PATH, .help = "tokenizer.json for checkpoints that have none", AT(tokenizer)},
    {"bos", "bos", "WHEN", SPT_CONFIG_CHOICE, .choices = BOS, .standard = "auto", .help = "beginning-of-sequence token in front of each sentence; auto: as the tokenizer's file has it", AT(bos)},
    {"threads", "threads", "N", SPT_CONFIG_INTEGER, 0, 4096, .standard = "0", .help = "threads; 0: one for each core", AT(threads)},
    {"references", "references", "RULE", SPT_CONFIG_CHOICE, .choices = REFERENCES, .standard = "excess", .help = "reference tokens: beyond uniform attention too, or the paper's rule alone", AT(references)},
    {"symmetrize", "symmetrize", "HOW", SPT_CONFIG_CHOICE, .choices = SYMMETRIZE, .standard = "max", .help = "distance of two tokens: 1 - the larger, or 1 - the mean of their two attention weights", AT(symmetrize)},
    {"topology_dimension", "topology-dimension", "D", SPT_CONFIG_INTEGER, 1, 2, .standard = "1", .help = "largest dimension of persistent homology", AT(topology_dimension)},
    {"bootstrap", "bootstrap", "N", SPT_CONFIG_INTEGER, 1, 1000000, .standard = "1000", .help = "resamplings of the probe behind each 95 % interval", AT(bootstrap)},
    {"null_draws", "null-draws", "N", SPT_CONFIG_INTEGER, 2, 100000, .standard = "32", .help = "random matrices behind the mean and sd of each null", AT(null_draws)},
    {"keep", "keep", "LEVEL", SPT_CONFIG_CHOICE, .choices = KEEP, .standard = "layers", .help = "values of single sentences, and curves, are kept for layers and the model, or for heads too", AT(keep)},
    {"header_limit", "header-limit", "BYTES", SPT_CONFIG_BYTES, 1024, (int64_t)1 << 34, .standard = "32M", .help = "longest header of a weights file that is read", AT(header_limit)},
    {"read_ahead", "read-ahead", "BOOL", SPT_CONFIG_BOOL, .standard = "true", .help = "read the next layer's weights while one is computed", AT(read_ahead)},
    {"series", NULL, "LIST", SPT_CONFIG_SERIES, .help = "your own series, drawn beside the metrics: {file, step, value, label} of a JSONL or CSV file each", AT(series)},
    {"plots.figures", NULL, "NAME,..", SPT_CONFIG_TEXTS, .help = "which figures (default: all)", AT(plots.figures)},
    {"plots.format", "format", "FORMAT", SPT_CONFIG_CHOICE, .choices = FORMATS, .standard = "svg", .help = "format of figures; term draws on the terminal", AT(plots.format)},
    {"plots.metric", "metric", "NAME", SPT_CONFIG_TEXT, .standard = "sink.first", .help = "metric of the heat map and of the head atlas", AT(plots.metric)},
    {"plots.layer", "layer", "L", SPT_CONFIG_INTEGER, -1, 65535, .standard = "-1", .help = "layer of the spectra, from 0; -1: the last", AT(plots.layer)},
    {"plots.steps", "at", "STEP,..", SPT_CONFIG_INTEGERS, 0, MANY, .help = "steps that are drawn side by side (default: a choice spread over the run)", AT(plots.steps)},
};
/* clang-format on */

#define KEY_COUNT (sizeof KEYS / sizeof *KEYS)
_Static_assert(KEY_COUNT < (size_t)SPT_CONFIG_NAMES_MAX, "a list of names holds every key and section");

const struct spt_config_key *spt_config_keys(size_t *count) {
    *count = KEY_COUNT;
    return KEYS;
}

const struct spt_config_key *spt_config_key_find(const char *name) {
    for (size_t i = 0; i < KEY_COUNT; i++)
        if (strcmp(KEYS[i].name, name) == 0) return &KEYS[i];
    return NULL;
}

size_t spt_config_level(bool section, const char **names) {
    static const char prefix[] = SPT_CONFIG_SECTION ".";
    const size_t length = sizeof prefix - 1;
    size_t count = 0;
    for (size_t i = 0; i < KEY_COUNT; i++) {
        const bool inside = strncmp(KEYS[i].name, prefix, length) == 0;
        if (inside == section) names[count++] = KEYS[i].name + (section ? length : 0);
    }
    if (!section) names[count++] = SPT_CONFIG_SECTION;
    return count;
}

void spt_config_hint(const char *word, const char *const *names, size_t count, struct spt_text *text) {
    const size_t nearest = spt_text_nearest(word, names, count);
    if (nearest < count) {
        spt_text_format(text, ", did you mean \"%s\"?", names[nearest]);
        return;
    }
    spt_text_put(text, "; known are");
    for (size_t i = 0; i < count; i++) spt_text_format(text, "%s %s", i ? "," : "", names[i]);
}

void spt_config_expected(const struct spt_config_key *key, struct spt_text *text) {
    const bool bounded = key->high < MANY;
    switch (key->type) {
    case SPT_CONFIG_TEXT:
        spt_text_put(text, "a text");
        break;
    case SPT_CONFIG_PATH:
        spt_text_put(text, "a path");
        break;
    case SPT_CONFIG_INTEGER:
    case SPT_CONFIG_INTEGERS:
        spt_text_put(text, key->type == SPT_CONFIG_INTEGER ? "a whole number" : "whole numbers");
        if (bounded) spt_text_format(text, " from %lld to %lld", (long long)key->low, (long long)key->high);
        if (!bounded) spt_text_format(text, " from %lld", (long long)key->low);
        break;
    case SPT_CONFIG_BYTES:
        spt_text_format(text, "a number of bytes from %lld to %lld, such as 64M", (long long)key->low,
                        (long long)key->high);
        break;
    case SPT_CONFIG_BOOL:
        spt_text_put(text, "true or false");
        break;
    case SPT_CONFIG_CHOICE:
        spt_text_put(text, "one of");
        for (size_t i = 0; key->choices[i]; i++) spt_text_format(text, "%s %s", i ? "," : "", key->choices[i]);
        break;
    case SPT_CONFIG_STEPS:
        spt_text_put(text, "steps as A:B, A:, :B or A");
        break;
    case SPT_CONFIG_TEXTS:
        spt_text_put(text, "a name or a list of names");
        break;
    case SPT_CONFIG_PATHS:
        spt_text_put(text, "a path or a list of paths");
        break;
    case SPT_CONFIG_SERIES:
        spt_text_put(text, "a list of {file, step, value, label}");
        break;
    }
}
