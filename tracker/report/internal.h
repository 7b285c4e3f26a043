/* What the chapters share: who is told of, how figures are said, the tables of sentences. */
#ifndef SPT_REPORT_INTERNAL_H
#define SPT_REPORT_INTERNAL_H

#include "plots/report.h"
#include "tracker/report/report.h"

/* One report being told. */
struct spt_telling {
    const struct spt_report_reading *reading;
    struct spt_report page;
    const struct spt_told_run *run; /* whom the chapter at hand is of */
    char *folder;                   /* where figures are drawn */
    bool drawing;
    struct spt_error
        *unseen; /* [reading->count] why a run's checkpoints could not be looked into; message "": they were */
};

/* --- say.c: figures in words --- */
enum { SPT_SAID_MAX = 64 };

/* A value as far as its interval [lo, hi] tells its digits; with NAN ends three digits. */
void spt_said_number(char said[SPT_SAID_MAX], double value, double lo, double hi);

/* What a figure is of: metric, layer, head, step (SPT_NO_STEP: of all steps) and the field, as export and emerge call it. */
struct spt_said_of {
    const char *metric;
    int layer, head;
    int64_t step;
};

/* A value as it is shown. */
void spt_say_shown(struct spt_telling *t, const char *said, double value, const struct spt_said_of *of,
                   const char *field);
/* "0.153", and "0.153 [0.149, 0.157]" where there is an interval. */
void spt_say_number(struct spt_telling *t, double value, const struct spt_said_of *of, const char *field);
void spt_say_value(struct spt_telling *t, const struct spt_plot_value *value, const struct spt_said_of *of);
/* The same of the run's control. */
void spt_say_control(struct spt_telling *t, const struct spt_plot_value *value, const struct spt_said_of *of);
/* "1473 [1396, 1559]", of a fit. */
void spt_say_midpoint(struct spt_telling *t, const struct spt_emerged_row *row);
void spt_say_step(struct spt_telling *t, double time, const struct spt_said_of *of, const char *field);
/* ", after the loss (in 100 % of the draws, q = 0.002)"; nothing and false where it was not tested. */
bool spt_say_order(struct spt_telling *t, const struct spt_emerged_row *row);
void spt_say_share(struct spt_telling *t, double share, const struct spt_said_of *of, const char *field);
void spt_say_probability(struct spt_telling *t, const char *letter, double p, const struct spt_said_of *of,
                         const char *field);
/* A cell of a table with a number in it, or nothing where it is NAN. */
void spt_say_number_cell(struct spt_telling *t, double value, const struct spt_said_of *of, const char *field);
/* "the loss", or the metric's name. */
void spt_say_against(struct spt_telling *t);
/* "a, b and c", each as code; after limit of them "and 3 more" (0: all). */
void spt_say_names(struct spt_telling *t, const char *const *names, size_t count, size_t limit);
const char *spt_plural(size_t count); /* "" for 1, "s" */

/* --- values.c: figures of the run at hand --- */
struct spt_told_value {
    int64_t step;
    struct spt_plot_value value;
};
/* Of a metric at its first and its last step that count. SPT_END: the run has no value of it. */
enum spt_status spt_told_ends(const struct spt_telling *t, const char *metric, int layer, int head,
                              struct spt_told_value *first, struct spt_told_value *last, struct spt_error *error);
/* A setting of the run's texts (model, probe, plan): "key: value" a line. Appends the value, and is false where there is none. */
bool spt_told_setting(const char *text, const char *key, struct spt_text *value);
/* Which layer's midpoint is the first and which the last, and how many layers have one; NULL: none has. */
struct spt_told_layers {
    const struct spt_emerged_row *first, *last;
    size_t turned;
};
struct spt_told_layers spt_told_layers(const struct spt_emerged *emerged, const char *metric);
bool spt_told_has_group(const struct spt_told_run *run, const char *group);
/* The groups of what the run has, in the order of the chapters: names [SPT_TOLD_GROUPS_MAX] out, how many. */
enum { SPT_TOLD_GROUPS_MAX = 32 };
size_t spt_told_groups(const struct spt_told_run *run, const char **names);
const char *spt_told_group_title(const char *group);

/* --- findings.c, special.c: what was found --- */
/* The findings of a group, a paragraph each. */
enum spt_status spt_tell_findings(struct spt_telling *t, const char *group, struct spt_error *error);
/* Whether a metric has a sentence. */
bool spt_is_told(const char *metric);
/* The most important ones in short, as items of a list. */
enum spt_status spt_tell_brief(struct spt_telling *t, struct spt_error *error);
enum spt_status spt_tell_special(struct spt_telling *t, const char *group, struct spt_error *error);
/* How many of all turned before, after, or cannot be told. */
void spt_tell_order(struct spt_telling *t);

/* --- the chapters --- */
typedef enum spt_status spt_tell_fn(struct spt_telling *t, struct spt_error *error);
spt_tell_fn spt_tell_setup, spt_tell_results, spt_tell_emergence, spt_tell_comparison, spt_tell_methods,
    spt_tell_caveats, spt_tell_reproduction, spt_tell_references;

/* --- figures.c: those that have data --- */
enum spt_status spt_tell_figures(struct spt_telling *t, const char *group, struct spt_error *error);
/* Those that are of none of these groups [count], and of one run. */
enum spt_status spt_tell_other_figures(struct spt_telling *t, const char *const *groups, size_t count,
                                       struct spt_error *error);
enum spt_status spt_tell_comparing_figures(struct spt_telling *t, struct spt_error *error);

/* Attention of a sample, computed from the run's checkpoints where they still are: a section of its own. */
enum spt_status spt_tell_looks(struct spt_telling *t, struct spt_error *error);

/* --- references.c --- */
const struct spt_report_citation *spt_reference_citations(size_t *count);
/* BibTeX of those that are cited. */
void spt_reference_put_bibtex(struct spt_text *out, const bool *cited);

#endif
