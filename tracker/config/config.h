/* What a sweep or a watch is told: keys of a YAML file and options of the command line, read through one table.
 *
 *     spt_config_init  ->  spt_config_read (a file)  ->  spt_config_set (each option)  ->  read the fields
 *                      ->  spt_config_release
 *
 * Later settings win, so options override the file. Each key of the table has a type, a range or choices, a default and
 * a help text; the file, the options, the error messages, --help and the man page all come from it. Names of metrics
 * and figures are texts here: whoever knows their tables checks them and complains through spt_config_reject, which
 * names the place they came from.
 *
 * Config files come from anywhere: no anchors, aliases or tags, one document of at most 1 MiB, 16 levels and 100,000
 * nodes.
 */
#ifndef SPT_CONFIG_H
#define SPT_CONFIG_H

#include "checkpoints/base/error.h"
#include "checkpoints/base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum spt_config_type {
    SPT_CONFIG_TEXT,        /* char * */
    SPT_CONFIG_PATH,        /* char *; relative to the config file's folder, from an option to the working directory */
    SPT_CONFIG_INTEGER,     /* int64_t */
    SPT_CONFIG_BYTES,       /* int64_t; K, M, G stand for 1024, 1024^2, 1024^3 */
    SPT_CONFIG_SECONDS,     /* double; "90", "1.5", "30s", "5m", "2h", "1d" */
    SPT_CONFIG_NUMBER,      /* double, finite */
    SPT_CONFIG_BOOL,        /* bool */
    SPT_CONFIG_CHOICE,      /* int: index into the choices */
    SPT_CONFIG_LEVEL,       /* int64_t: a layer or head; SPT_CONFIG_ANY, SPT_CONFIG_WHOLE */
    SPT_CONFIG_SHARD,       /* struct spt_config_shard */
    SPT_CONFIG_STEPS,       /* struct spt_config_steps */
    SPT_CONFIG_STEP_RANGES, /* struct spt_config_step_ranges: a YAML list, or one text with commas */
    SPT_CONFIG_TEXTS,       /* struct spt_config_texts: a YAML list, or one text with commas */
    SPT_CONFIG_PATHS,       /* struct spt_config_texts: a YAML list, or one path (which may hold commas) */
    SPT_CONFIG_INTEGERS,    /* struct spt_config_integers: a YAML list, or one text with commas */
    SPT_CONFIG_COMMAND,     /* struct spt_config_texts: a program and its arguments as a YAML list; in a file only */
    SPT_CONFIG_LIST,        /* a list of mappings, each with the fields of its shape; in a file only */
};

/* In place of a layer's or head's number. */
enum {
    SPT_CONFIG_WHOLE = -1, /* not given: the whole model, the whole layer; as the store has it */
    SPT_CONFIG_ANY = -2,   /* "any": each of them */
};

/* Steps first .. last, both among them. Every checkpoint: INT64_MIN .. INT64_MAX, which holds SPT_NO_STEP too. */
struct spt_config_steps {
    int64_t first, last;
};

/* first, first + stride ... up to last; stride >= 1. */
struct spt_config_step_range {
    int64_t first, last, stride;
};

/* Ranges that rise and do not overlap: no step comes twice. At most 1,000,000 steps in all. */
struct spt_config_step_ranges {
    struct spt_config_step_range *items; /* [count] */
    size_t count;
};

/* Part index of count, from 1. Not given: 0 of 0. */
struct spt_config_shard {
    int64_t index, count;
};

struct spt_config_texts {
    char **items; /* [count] */
    size_t count;
};

struct spt_config_integers {
    int64_t *items; /* [count] */
    size_t count;
};

/* The user's own series: a JSONL or CSV file and the names of its columns. */
struct spt_config_series {
    char *file;
    char *step;  /* "step" where the file does not say */
    char *value; /* which column */
    char *label; /* its name in the store and in figures; value where the file does not say */
};

struct spt_config_series_list {
    struct spt_config_series *items; /* [count] */
    size_t count;
};

/* When a rule holds for a checkpoint (tracker/alerts judges). */
enum spt_alert_when {
    SPT_ALERT_ABOVE,     /* the figure is above the threshold */
    SPT_ALERT_BELOW,     /* the figure is below the threshold */
    SPT_ALERT_NAN,       /* the figure is undefined; without a metric: the weights are NaN or infinite */
    SPT_ALERT_STALLED,   /* no new checkpoint for so long */
    SPT_ALERT_DUPLICATE, /* the weights are those of an earlier step */
    SPT_ALERT_WHEN_COUNT,
};

/* A rule that rings a user's bell. What its kind does not take is at its default. */
struct spt_config_alert {
    char *name; /* unlike those of all other rules */
    int when;   /* of enum spt_alert_when */
    char *metric;
    int64_t layer, head; /* SPT_CONFIG_WHOLE, SPT_CONFIG_ANY, or a number; head only where a layer is given */
    double above, below; /* NAN where not given */
    int64_t in_a_row;    /* checkpoints, >= 1 */
    double after;        /* seconds */
    struct spt_config_texts command; /* none: the event is stored and said, nobody is called */
    double time_limit;               /* seconds that the command may take */
    size_t line, column;             /* where the rule stands in config->file */
};

struct spt_config_alert_list {
    struct spt_config_alert *items; /* [count] */
    size_t count;
};

struct spt_config {
    char *file; /* the config file; NULL: none was read */

    /* where from, where to; NULL: not given */
    struct spt_config_texts run;
    char *name, *db, *out;
    char *probe, *ids;
    char *step_pattern, *model_config, *tokenizer;

    /* which checkpoints, which figures */
    struct spt_config_steps steps;
    int64_t every;
    int64_t samples;
    struct spt_config_texts metrics; /* groups or names; none: all */

    /* how */
    int bos;        /* in the order of enum spt_bos */
    int references; /* of enum spt_references */
    int symmetrize; /* of enum spt_symmetrize */
    int64_t topology_dimension, bootstrap, null_draws;
    int keep;        /* 0: layers, 1: heads too */
    bool keep_draws; /* of figures without values of samples */
    int control;     /* of enum spt_control */
    int64_t threads; /* 0: all */
    int64_t header_limit;
    char *tmpdir; /* NULL: not given */
    int64_t spool_limit;
    bool read_ahead;
    int priority;                  /* 0: normal, 1: low */
    struct spt_config_shard shard; /* 0 of 0: all */

    struct spt_config_series_list series;

    /* where checkpoints come from that are not here yet */
    struct spt_config_texts fetch; /* none: nothing is fetched; {step} and {dir} stand for what is wanted */
    struct spt_config_step_ranges fetch_steps;
    char *fetch_dir, *fetch_name; /* fetch_dir NULL: not given */
    int64_t fetch_tries;
    double fetch_time_limit; /* seconds; 0: none */

    struct spt_config_alert_list alerts;

    struct {
        struct spt_config_texts figures; /* none: all */
        int format;                      /* of enum spt_plot_format */
        char *metric;
        int64_t layer;                    /* -1: not given */
        int64_t head;                     /* of attention; -1: not given */
        int64_t sample;                   /* of attention and references */
        char *text;                       /* in place of a sample; NULL: none */
        int scale;                        /* of enum spt_plot_scale */
        struct spt_config_integers steps; /* none: a choice */
        int axis;                         /* of enum spt_plot_axis */
    } plots;

    struct {
        double quiet_period, interval, deadline;            /* seconds */
        char *plots, *tensorboard, *prometheus, *heartbeat; /* folders and files that are kept up to date; NULL: none */
    } watch;

    struct spt_config_origin *origin; /* where each key was set; inside */
};

/* One row of the table. */
struct spt_config_key {
    const char *name;     /* "plots.format": key format of the section plots */
    const char *option;   /* "format" for --format; NULL: in a file only */
    const char *argument; /* what stands for the value in help: "N" */
    enum spt_config_type type;
    int64_t low, high;                    /* of INTEGER, BYTES, INTEGERS, LEVEL; of SECONDS in milliseconds */
    const char *const *choices;           /* of CHOICE, ends with NULL */
    const struct spt_config_shape *shape; /* of LIST; inside */
    const char *standard;                 /* the default as text; NULL: none */
    const char *help;                     /* one line */
    size_t offset;                        /* of the field in struct spt_config */
};

const struct spt_config_key *spt_config_keys(size_t *count);
const struct spt_config_key *spt_config_key_find(const char *name); /* NULL: no such key */
/* What a value of this key must be: "a whole number from 1 to 1000000", "one of auto, always, never". */
void spt_config_expected(const struct spt_config_key *key, struct spt_text *text);

/* Every key at its default. SPT_NOMEM (config is then released). */
enum spt_status spt_config_init(struct spt_config *config, struct spt_error *error);
void spt_config_release(struct spt_config *config);

/* Reads a file over config. SPT_INVALID names line, column and key, what was found and what was expected, and the
 * nearest known key. SPT_IO; SPT_UNSUPPORTED beyond 1 MiB. After a failure config is good for release only. */
enum spt_status spt_config_read(struct spt_config *config, const char *path, struct spt_error *error);
/* The same of size bytes; path is where they are said to stand. */
enum spt_status spt_config_parse(struct spt_config *config, const char *bytes, size_t size, const char *path,
                                 struct spt_error *error);

/* Sets one key from the command line. origin names it in messages: "--samples". SPT_INVALID. */
enum spt_status spt_config_set(struct spt_config *config, const char *name, const char *value, const char *origin,
                               struct spt_error *error);

/* Whether the file or an option set the key. */
bool spt_config_is_set(const struct spt_config *config, const char *name);

/* SPT_INVALID with what the caller found wrong in the value of key name, at the place where it was set:
 * "line 7, column 10: metrics: <format ...>" and the file, or "--metrics: <format ...>". */
enum spt_status spt_config_reject(const struct spt_config *config, const char *name, struct spt_error *error,
                                  const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The same at the place where a rule stands: "line 12, column 5: alerts: \"sink appears\": <format ...>". */
enum spt_status spt_config_reject_alert(const struct spt_config *config, const struct spt_config_alert *alert,
                                        struct spt_error *error, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* "A:B" from A to B, both among them, "A:" from A on, ":B" up to B, "A" one step; steps are 0 or more. false: none of
 * these. */
bool spt_config_parse_steps(const char *text, struct spt_config_steps *steps);
bool spt_config_steps_has(struct spt_config_steps steps, int64_t step);

/* How many steps the ranges hold, and these in rising order: steps [spt_config_step_count] out. */
size_t spt_config_step_count(const struct spt_config_step_ranges *ranges);
void spt_config_step_list(const struct spt_config_step_ranges *ranges, int64_t *steps);

#endif
