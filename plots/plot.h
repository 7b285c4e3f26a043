/* Figures, drawn by gnuplot from data that is left beside them.
 *
 * A figure is one file in figures/ and one row in figure_table.c, with its gnuplot script of the same name in scripts/.
 * Rendering writes into the output folder, each whole or not at all:
 *
 *     <name>.<format>   the figure
 *     <name>.dat        its data, gnuplot's blocks with a header line each
 *     <name>.gp         a complete script: `gnuplot <name>.gp` draws it again, for a user to restyle
 *
 * Data comes through struct spt_plot_source: plots know no store. Text from outside (names of runs and checkpoints,
 * units) is only ever text, to gnuplot and in the page of figures.
 */
#ifndef SPT_PLOT_H
#define SPT_PLOT_H

#include "checkpoints/base/error.h"
#include "checkpoints/base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One analysed checkpoint that has a step, in order. */
struct spt_plot_checkpoint {
    int64_t step;
    int64_t tokens; /* seen by the model until then; 0: not known, unless step is 0 */
    const char *label;
    bool duplicate; /* its weights are another step's: drawn hollow */
};

struct spt_plot_value {
    double mean, sd, lo, hi; /* NAN where undefined */
};

struct spt_plot_point {
    double x, y;
};

/* Attention that a figure wants to see: of one sample at one checkpoint. */
struct spt_plot_look {
    size_t checkpoint; /* index in the source's checkpoints */
    int layer;         /* one layer's heads; -1: the mean over the heads of every layer */
    int head;          /* of the layer, one head; -1: every head */
    bool matrices;     /* else only what keys receive */
};

/* What it sees, in panels: heads of a layer, or layers. Each array is owned; spt_plot_attention_release frees them. */
struct spt_plot_attention {
    size_t n, panels;
    char *about;     /* whose tokens these are: "sample 3" */
    char **token;    /* [n] as people read them: one line of valid UTF-8 each */
    float *matrices; /* [panels, n, n] query x key; NULL: not asked for */
    double *received,
        *uniform; /* [panels, n] what each key gets on average over the queries; and from uniform attention */
    unsigned char *is_reference; /* [panels, n] 1 for the reference tokens of the panel's layer */
    unsigned char *finite;       /* [panels] 0: the matrix holds a NAN or an infinity */
    size_t *window;              /* [panels] keys that a query sees at most */
    bool bidirectional;          /* queries see the keys behind them too */
};

void spt_plot_attention_release(struct spt_plot_attention *attention);

/* What a figure may ask of. All results are arrays that the caller frees with free(); SPT_END when there is no such
 * data. */
struct spt_plot_source {
    void *context;
    const char *run;
    const char *title; /* of scripts and pages: the names of all runs that are compared; NULL: run */
    size_t layers, heads, samples;
    double parameters; /* of the model, by which runs are put in order; NAN, or 0: not known */
    const struct spt_plot_checkpoint *checkpoints; /* [count], ascending by step */
    size_t count;

    /* values[count], one for each checkpoint. layer -1: whole model; head -1: whole layer. */
    enum spt_status (*series)(void *context, const char *metric, int layer, int head, struct spt_plot_value **values,
                              struct spt_error *error);
    /* points[*n] of a curve at checkpoint index i; x from the metric's grid (of Betti curves: the attention weight). */
    enum spt_status (*curve)(void *context, const char *metric, size_t i, int layer, int head,
                             struct spt_plot_point **points, size_t *n, struct spt_error *error);
    /* mean and sd of the metric for random attention. */
    enum spt_status (*null)(void *context, const char *metric, int layer, double *mean, double *sd,
                            struct spt_error *error);
    /* a series of the user's own: name NULL gives the first one that is a training loss; x is the step. */
    enum spt_status (*external)(void *context, const char *name, struct spt_plot_point **points, size_t *n,
                                struct spt_error *error);
    /* the law of no structure of this run's mask: density over x. SPT_END for a windowed mask. */
    enum spt_status (*law)(void *context, struct spt_plot_point **points, size_t *n, struct spt_error *error);
    /* the metric's unit and one-line definition; NULL: no such metric. */
    const char *(*unit)(void *context, const char *metric);
    const char *(*definition)(void *context, const char *metric);
    /* the step from which the metric of the whole model has turned (the simple onset), drawn as a mark. SPT_END: none.
     * The member may be NULL: no marks. */
    enum spt_status (*onset)(void *context, const char *metric, int64_t *step, struct spt_error *error);
    /* the step at which the fitted curve of the whole model is half way, with its 95 % interval (NAN: none). SPT_END: it
     * has no midpoint. The member may be NULL. */
    enum spt_status (*midpoint)(void *context, const char *metric, struct spt_plot_value *step,
                                struct spt_error *error);
    /* the same run asked about shuffled tokens, drawn beside it: its checkpoints may be fewer; NULL: there is none */
    const struct spt_plot_source *control;
    /* Attention itself, which no store keeps: computed from the checkpoint. NULL: no checkpoints are at hand. SPT_INVALID,
     * SPT_IO ...: it cannot be computed (says why). */
    enum spt_status (*attention)(void *context, const struct spt_plot_look *look, struct spt_plot_attention *attention,
                                 struct spt_error *error);
    void *attention_context; /* of this function */
    /* the runs beside this one, for the figures that compare runs */
    const struct spt_plot_source *others; /* [other_count] */
    size_t other_count;
};

enum spt_plot_axis { SPT_PLOT_STEPS, SPT_PLOT_TOKENS };

/* How attention becomes a colour: by its logarithm from 1e-4 to 1, its square root, or as it is. */
enum spt_plot_scale { SPT_PLOT_LOG, SPT_PLOT_ROOT, SPT_PLOT_LINEAR };

enum spt_plot_format { SPT_PLOT_SVG, SPT_PLOT_PNG, SPT_PLOT_PDF, SPT_PLOT_TERM, SPT_PLOT_FORMATS };

struct spt_plot_options {
    enum spt_plot_format format; /* SPT_PLOT_TERM draws on stdout and writes no file */
    const char *metric;          /* heatmap, atlas: any metric; NULL: sink.first */
    /* spectra: which layer; -1: the last. fiedler, centralization; -1: the whole model. attention; -1: each one's mean
     * over its heads */
    int layer;
    int head;                  /* attention: which head of the layer; -1: every one */
    enum spt_plot_scale scale; /* attention, references */
    /* which steps are drawn side by side; NULL: a choice spread over the log of the steps. attention: the last of them;
     * attention, references; NULL: the last of all */
    const int64_t *steps;
    size_t step_count;
    enum spt_plot_axis axis;          /* runs, sizes: training steps, or tokens seen */
    const char *gnuplot;              /* program; NULL: "gnuplot" of the PATH */
    unsigned term_width, term_height; /* characters; 0: 100 x 30 */
};

struct spt_figure {
    const char *name;    /* "emergence" */
    const char *title;   /* one line for the report and --help */
    const char *caption; /* what is drawn, for the report: what the axes are, what the bands are */
    enum spt_status (*write)(const struct spt_plot_source *source, const struct spt_plot_options *options,
                             struct spt_text *data, struct spt_text *settings, struct spt_error *error);
    const char *script; /* file name of the gnuplot script */
    bool compares;      /* it is of several runs, the others of one */
    const char *group;  /* of metrics, "sinks": the chapter of the report in which it stands; "runs": of several runs */
};

/* The group of figures that look into a checkpoint, where the others look into the store: they are drawn where they are
 * named only, and need the source's attention. */
#define SPT_GROUP_LOOKS "attention"
bool spt_figure_looks(const struct spt_figure *figure);

extern const struct spt_figure SPT_FIGURES[];
extern const size_t SPT_FIGURE_COUNT;

const struct spt_figure *spt_figure_find(const char *name); /* NULL: no such figure */

/* Draws one figure into directory (made when it is missing). SPT_END: the run holds nothing this figure shows.
 * SPT_UNSUPPORTED: gnuplot is absent (says what to install). SPT_IO. SPT_INVALID: gnuplot's own error, quoted. */
enum spt_status spt_plot_render(const struct spt_figure *figure, const struct spt_plot_source *source,
                                const struct spt_plot_options *options, const char *directory, struct spt_error *error);

/* index.html beside figures that were rendered there: [count] of them. Opens from the file system, needs no network. */
enum spt_status spt_plot_index(const struct spt_figure *const *figures, size_t count,
                               const struct spt_plot_source *source, enum spt_plot_format format, const char *directory,
                               struct spt_error *error);

const char *spt_plot_format_name(enum spt_plot_format format); /* "svg" */
bool spt_plot_format_find(const char *name, enum spt_plot_format *format);

#endif
