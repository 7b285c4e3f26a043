/* The table of keys. To add one: a field in struct spt_config, a row here. */
#include "tracker/config/internal.h"

#include <string.h>

static const char *const BOS[] = {"auto", "always", "never", NULL};
static const char *const REFERENCES[] = {"excess", "paper", NULL};
static const char *const SYMMETRIZE[] = {"max", "mean", NULL};
static const char *const CONTROLS[] = {"none", "shuffled", NULL};
static const char *const KEEP[] = {"layers", "heads", NULL};
static const char *const PRIORITY[] = {"normal", "low", NULL};
static const char *const SCALES[] = {"log", "root", "linear", NULL};
static const char *const AXES[] = {"steps", "tokens", NULL};
static const char *const FORMATS[] = {"svg", "png", "pdf", "term", NULL};

#define AT(field) .offset = offsetof(struct spt_config, field)
#define MANY      INT64_MAX
#define SECOND    INT64_C(1000) /* times are bounded in milliseconds */
#define HOUR      (3600 * SECOND)
#define DAY       (24 * HOUR)

/* clang-format off */
static const struct spt_config_key KEYS[] = {
    {"run", NULL, "RUN", SPT_CONFIG_PATHS, .help = "training run: a folder of checkpoints, one checkpoint or a hub cache; or an archive of these", AT(run)},
    {"name", "name", "NAME", SPT_CONFIG_TEXT, .help = "the run's name in the store and in figures (default: that of its folder)", AT(name)},
    {"db", "db", "F", SPT_CONFIG_PATH, .standard = "spectail.db", .help = "the store: one SQLite file for any number of runs", AT(db)},
    {"out", "out", "DIR", SPT_CONFIG_PATH, .standard = "plots", .help = "folder for figures and their data", AT(out)},
    {"probe", "probe", "F", SPT_CONFIG_PATH, .help = "probe sentences, one a line (default: the 500 that come with spectail)", AT(probe)},
    {"ids", "ids", "F", SPT_CONFIG_PATH, .help = "probe as token ids, in place of sentences: a JSON list of lists, or one list a line", AT(ids)},
    {"samples", "samples", "N", SPT_CONFIG_INTEGER, 1, 1000000, .standard = "100", .help = "how many sentences of the probe are used, from the first", AT(samples)},
    {"steps", "steps", "A:B", SPT_CONFIG_STEPS, .help = "only checkpoints of steps A to B, both among them; either may be left out", AT(steps)},
    {"every", "every", "N", SPT_CONFIG_INTEGER, 1, 1000000000, .standard = "1", .help = "only each N-th checkpoint, from the first", AT(every)},
    {"metrics", "metrics", "G,..", SPT_CONFIG_TEXTS, .help = "groups or names of metrics (default: all; of a sweep all but weights)", AT(metrics)},
    {"step_pattern", "step-pattern", "RE", SPT_CONFIG_TEXT, .help = "regular expression with the group (?<step>...), for names of checkpoints that are not known", AT(step_pattern)},
    {"model_config", "model-config", "F", SPT_CONFIG_PATH, .help = "config.json or GPT-NeoX *.yml for checkpoints without", AT(model_config)},
    {"tokenizer", "tokenizer", "F", SPT_CONFIG_PATH, .help = "tokenizer.json, .model, vocab.json or vocab.txt for checkpoints that have none", AT(tokenizer)},
    {"bos", "bos", "WHEN", SPT_CONFIG_CHOICE, .choices = BOS, .standard = "auto", .help = "beginning-of-sequence token in front of each sentence; auto: as the tokenizer's file has it", AT(bos)},
    {"threads", "threads", "N", SPT_CONFIG_INTEGER, 0, 4096, .standard = "0", .help = "threads; 0: one for each core", AT(threads)},
    {"references", "references", "RULE", SPT_CONFIG_CHOICE, .choices = REFERENCES, .standard = "excess", .help = "reference tokens: beyond uniform attention too, or the paper's rule alone", AT(references)},
    {"symmetrize", "symmetrize", "HOW", SPT_CONFIG_CHOICE, .choices = SYMMETRIZE, .standard = "max", .help = "distance of two tokens: 1 - the larger, or 1 - the mean of their two attention weights", AT(symmetrize)},
    {"topology_dimension", "topology-dimension", "D", SPT_CONFIG_INTEGER, 1, 2, .standard = "1", .help = "largest dimension of persistent homology", AT(topology_dimension)},
    {"bootstrap", "bootstrap", "N", SPT_CONFIG_INTEGER, 1, 1000000, .standard = "1000", .help = "resamplings of the probe behind each 95 % interval", AT(bootstrap)},
    {"null_draws", "null-draws", "N", SPT_CONFIG_INTEGER, 2, 100000, .standard = "32", .help = "random matrices behind the mean and sd of each null", AT(null_draws)},
    {"control", "control", "KIND", SPT_CONFIG_CHOICE, .choices = CONTROLS, .standard = "none", .help = "shuffled: each checkpoint is asked about the samples once more with the tokens of each in another order, as a run beside the run", AT(control)},
    {"keep", "keep", "LEVEL", SPT_CONFIG_CHOICE, .choices = KEEP, .standard = "layers", .help = "values of single sentences, and curves, are kept for layers and the model, or for heads too", AT(keep)},
    {"keep_draws", "keep-draws", "BOOL", SPT_CONFIG_BOOL, .standard = "true", .help = "keep what figures without values of single sentences (rmt.law_kl, frame.*, correlations ...) are in each resampling, for the intervals of emerge", AT(keep_draws)},
    {"header_limit", "header-limit", "BYTES", SPT_CONFIG_BYTES, 1024, (int64_t)1 << 34, .standard = "32M", .help = "longest header of a weights file that is read", AT(header_limit)},
    {"tmpdir", "tmpdir", "DIR", SPT_CONFIG_PATH, .help = "folder where compressed archives are decompressed, one checkpoint at a time, to files without a name (default: $TMPDIR, else /var/tmp)", AT(tmpdir)},
    {"spool_limit", "spool-limit", "BYTES", SPT_CONFIG_BYTES, 1024, (int64_t)1 << 50, .standard = "32G", .help = "most that may lie there", AT(spool_limit)},
    {"read_ahead", "read-ahead", "BOOL", SPT_CONFIG_BOOL, .standard = "true", .help = "read the next layer's weights while one is computed", AT(read_ahead)},
    {"priority", "priority", "LEVEL", SPT_CONFIG_CHOICE, .choices = PRIORITY, .standard = "normal", .help = "low: processor and disk are left to whoever else wants them, as to a training on the same machine", AT(priority)},
    {"shard", "shard", "I/N", SPT_CONFIG_SHARD, .help = "only part I of N of the checkpoints, for many machines with a store each; merge joins them", AT(shard)},
    {"fetch", NULL, "LIST", SPT_CONFIG_COMMAND, .help = "command that brings one checkpoint, for runs larger than the disk: [program, argument, ...] with {step} and {dir}", AT(fetch)},
    {"fetch_steps", "fetch-steps", "LIST", SPT_CONFIG_STEP_RANGES, .help = "steps that are fetched", AT(fetch_steps)},
    {"fetch_dir", "fetch-dir", "DIR", SPT_CONFIG_PATH, .help = "folder into which checkpoints are fetched; holds two at a time", AT(fetch_dir)},
    {"fetch_name", NULL, "NAME", SPT_CONFIG_TEXT, .standard = "step{step}", .help = "name of the folder of one fetched checkpoint", AT(fetch_name)},
    {"fetch_tries", NULL, "N", SPT_CONFIG_INTEGER, 1, 1000, .standard = "5", .help = "how often one checkpoint's fetch is tried", AT(fetch_tries)},
    {"fetch_time_limit", NULL, "TIME", SPT_CONFIG_SECONDS, 0, 30 * DAY, .standard = "0", .help = "how long one fetch may take; 0: as long as it does", AT(fetch_time_limit)},
    {"series", NULL, "LIST", SPT_CONFIG_LIST, .shape = &SPT_CONFIG_SERIES_SHAPE, .help = "your own series, drawn beside the metrics: {file, step, value, label} of a JSONL or CSV file each", AT(series)},
    {"alerts", NULL, "LIST", SPT_CONFIG_LIST, .shape = &SPT_CONFIG_ALERT_SHAPE, .help = "rules that ring a bell: {name, when, metric, layer, head, above, below, in_a_row, after, command, time_limit} each", AT(alerts)},
    {"plots.figures", NULL, "NAME,..", SPT_CONFIG_TEXTS, .help = "which figures (default: all)", AT(plots.figures)},
    {"plots.format", "format", "FORMAT", SPT_CONFIG_CHOICE, .choices = FORMATS, .standard = "svg", .help = "format of figures; term draws on the terminal", AT(plots.format)},
    {"plots.metric", "metric", "NAME", SPT_CONFIG_TEXT, .standard = "sink.first", .help = "metric of the heat map and of the head atlas", AT(plots.metric)},
    {"plots.layer", "layer", "L", SPT_CONFIG_INTEGER, -1, 65535, .standard = "-1", .help = "layer, from 0, of spectra (-1: the last), fiedler and centralization (-1: the whole model), attention (-1: each one's mean over its heads)", AT(plots.layer)},
    {"plots.head", "head", "H", SPT_CONFIG_INTEGER, -1, 65535, .standard = "-1", .help = "head of attention, from 0; -1: every head of the layer", AT(plots.head)},
    {"plots.sample", "sample", "I", SPT_CONFIG_INTEGER, 0, 999999, .standard = "0", .help = "sample of the probe whose attention is drawn, from 0", AT(plots.sample)},
    {"plots.text", "text", "TEXT", SPT_CONFIG_TEXT, .help = "a sentence whose attention is drawn in place of a sample's", AT(plots.text)},
    {"plots.scale", "scale", "SCALE", SPT_CONFIG_CHOICE, .choices = SCALES, .standard = "log", .help = "how attention becomes a colour: by its logarithm from 1e-4 on, its square root, or as it is", AT(plots.scale)},
    {"plots.steps", "at", "STEP,..", SPT_CONFIG_INTEGERS, 0, MANY, .help = "steps that are drawn side by side (default: a choice spread over the run)", AT(plots.steps)},
    {"plots.axis", "axis", "AXIS", SPT_CONFIG_CHOICE, .choices = AXES, .standard = "steps", .help = "axis of the figures of several runs: training steps, or tokens seen where the checkpoints' names say", AT(plots.axis)},
    {"watch.quiet_period", "quiet-period", "TIME", SPT_CONFIG_SECONDS, 0, DAY, .standard = "10s", .help = "how long a checkpoint's files have to be unchanged before it is analysed", AT(watch.quiet_period)},
    {"watch.interval", "interval", "TIME", SPT_CONFIG_SECONDS, SECOND / 10, HOUR, .standard = "5s", .help = "time between two looks at the folders; the system's notices make a look come sooner", AT(watch.interval)},
    {"watch.deadline", "deadline", "TIME", SPT_CONFIG_SECONDS, 0, 30 * DAY, .standard = "30m", .help = "how long a checkpoint that stays unfinished is waited for", AT(watch.deadline)},
    {"watch.plots", "plots", "DIR", SPT_CONFIG_PATH, .help = "folder of figures that are drawn anew after each checkpoint; attention and references, which look into a checkpoint, only plot draws", AT(watch.plots)},
    {"watch.tensorboard", "tensorboard", "DIR", SPT_CONFIG_PATH, .help = "log folder of TensorBoard that each checkpoint's figures are added to", AT(watch.tensorboard)},
    {"watch.prometheus", "prometheus", "FILE", SPT_CONFIG_PATH, .help = "text file for Prometheus' node exporter, written anew after each checkpoint", AT(watch.prometheus)},
    {"watch.heartbeat", "heartbeat", "FILE", SPT_CONFIG_PATH, .help = "JSON file written at each look: for a supervisor its age is the sign of life", AT(watch.heartbeat)},
};
/* clang-format on */

/* What stands before the dot of the keys above. */
static const char *const SECTIONS[] = {"plots", "watch"};

#define KEY_COUNT     (sizeof KEYS / sizeof *KEYS)
#define SECTION_COUNT (sizeof SECTIONS / sizeof *SECTIONS)
_Static_assert(KEY_COUNT + SECTION_COUNT <= (size_t)SPT_CONFIG_NAMES_MAX,
               "a list of names holds every key and section");

const struct spt_config_key *spt_config_keys(size_t *count) {
    *count = KEY_COUNT;
    return KEYS;
}

const struct spt_config_key *spt_config_key_find(const char *name) {
    for (size_t i = 0; i < KEY_COUNT; i++)
        if (strcmp(KEYS[i].name, name) == 0) return &KEYS[i];
    return NULL;
}

struct spt_config_level spt_config_top(void) {
    return (struct spt_config_level){KEYS, KEY_COUNT, NULL};
}

size_t spt_config_words(const struct spt_config_level *level, struct spt_config_word *words) {
    const size_t length = level->section ? strlen(level->section) + 1 : 0;
    size_t count = 0;
    for (size_t i = 0; i < level->count; i++) {
        const char *name = level->keys[i].name, *dot = strchr(name, '.');
        const bool here =
            level->section ? dot && (size_t)(dot + 1 - name) == length && strncmp(name, level->section, length - 1) == 0
                           : !dot;
        if (here) words[count++] = (struct spt_config_word){name + length, &level->keys[i]};
    }
    for (size_t i = 0; i < SECTION_COUNT && !level->section; i++)
        words[count++] = (struct spt_config_word){SECTIONS[i], NULL};
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
