/* What is measured: one const row a metric, and what every row is computed from.
 *
 * An attention matrix of one (sample, layer, head) is seen through struct spt_head. What several metrics share
 * (spectrum, barcode) is computed once, when any metric of the plan needs it. A metric is one function of such a view;
 * it lives in its family's folder (analysis/sinks, analysis/rmt, analysis/topology ...), its row in metric_table.c.
 *
 * Most metrics are of one matrix alone. Those whose needs are among SPT_NEEDS_AGAIN rest on the layer's reference
 * tokens too, which are known only when all heads of the sample have been seen: the same matrices are looked at a
 * second time then, and these metrics are computed in that second look. Those with SPT_NEED_ABLATION are of a second
 * pass, in which the reference tokens of all layers are masked (analysis/ablation).
 *
 * To add one: write the function, add the row. Aggregation, intervals, nulls, store, export and plots follow from the
 * row.
 */
#ifndef SPT_METRIC_H
#define SPT_METRIC_H

#include "analysis/mask.h"
#include "analysis/plan.h"
#include "checkpoints/base/api.h"

#include <stdbool.h>
#include <stddef.h>

SPT_API_BEGIN

/* At what level a metric has values of its own, and so which function its row holds. */
enum spt_metric_level {
    SPT_LEVEL_HEAD,   /* .head: a value per (sample, layer, head); layer and model are means */
    SPT_LEVEL_LAYER,  /* .layer: a value per (sample, layer), from all its heads; model is the mean */
    SPT_LEVEL_POOLED, /* .pooled: a value per (layer, head) from all samples together: no sd, no interval */
    SPT_LEVEL_COUNT,  /* .pooled: 0 or 1 per (layer, head), of which layer and model hold the sum */
    SPT_LEVEL_SHARE,  /* .pooled: 0 or 1 per (layer, head), of which layer and model hold the mean */
    SPT_LEVEL_RATIO,  /* .pair: layer and model are the sum of the first over that of the second: no sd, no interval */
    SPT_LEVEL_MODEL,  /* .model: a value per sample */
    SPT_LEVEL_MODEL_POOLED, /* .whole: one value */
    SPT_LEVEL_CURVE,        /* .curve: a vector per (sample, layer, head); stored are means over samples */
    SPT_LEVEL_POOLED_CURVE, /* .pooled_curve: a vector per (layer, head) from all samples together */
    SPT_LEVEL_PAIRS,        /* .pair: two values per (sample, layer, head); .pooling makes one of all those of a layer,
                               with an interval; model is the mean */
    SPT_LEVEL_SPECTRUM,     /* .spectrum: a value per layer, of its .matrix: no sd, no interval; model is the mean */
    SPT_LEVELS              /* their number */
};

/* What is computed once for all metrics that share it. */
enum spt_need {
    SPT_NEED_SPECTRUM = 1 << 0,    /* singular values of A */
    SPT_NEED_RESIDUAL = 1 << 1,    /* singular values of G: what is left without uniform attention */
    SPT_NEED_MP_KL = 1 << 2,       /* KL of the spectrum from the quarter circle, each sample */
    SPT_NEED_LAW_POOL = 1 << 3,    /* x of G, pooled over samples */
    SPT_NEED_MP_POOL = 1 << 4,     /* x of A, pooled over samples */
    SPT_NEED_BARCODE = 1 << 5,     /* persistent homology */
    SPT_NEED_DIMENSION_2 = 1 << 6, /* ... in dimension 2 too: measured only where the plan asks for it */
    SPT_NEED_COMPONENTS = 1 << 7,  /* edges and components of the thresholded graph */
    SPT_NEED_LOSS = 1 << 8,        /* the model's output */
    SPT_NEED_FULL_MASK = 1 << 9,   /* measured for encoders only */
    SPT_NEED_GRAPH = 1 << 10,      /* the graph at each tau: its degrees */
    SPT_NEED_ROWS = 1 << 11,       /* entropy and sum of squares of every row */
    SPT_NEED_REFERENCES = 1 << 12, /* the layer's reference tokens */
    SPT_NEED_REMAINDER = 1 << 13,  /* second look: the rows without reference tokens */
    SPT_NEED_FIEDLER = 1 << 14,    /* ... and its second smallest eigenvalues, with SPT_NEED_GRAPH */
    SPT_NEED_INFLUENCE = 1 << 15,  /* second look: what reference tokens contribute to the head's output */
    SPT_NEED_OUTPUT = 1 << 16,     /* the output projection's part of each head; with SPT_NEED_INFLUENCE */
    SPT_NEED_HIDDEN = 1 << 17,     /* the residual stream after the layer */
    SPT_NEED_FRAME = 1 << 18,      /* the head's reference frame */
    SPT_NEED_ABLATION = 1 << 19,   /* a second pass without reference tokens, of which the metric is */
    SPT_NEED_LEADING = 1 << 20,    /* of the layer's matrix: its two largest eigenvalues */
    SPT_NEED_BULK = 1 << 21,       /* ... all of them, held against Marchenko and Pastur's law */
    SPT_NEED_TAIL = 1 << 22,       /* ... all of them, the largest held against a power law */
    SPT_NEED_GATE = 1 << 23,       /* measured only of MLPs with a gate */
};

/* What makes a metric one of the second look. */
#define SPT_NEEDS_AGAIN ((unsigned)(SPT_NEED_REMAINDER | SPT_NEED_INFLUENCE))

/* What is not possible without the layer's reference tokens. */
#define SPT_NEEDS_REFERENCES (SPT_NEEDS_AGAIN | SPT_NEED_REFERENCES | SPT_NEED_FRAME | SPT_NEED_ABLATION)

/* The thresholds t of topology.b0@t and b1@t (Kushnareva et al. 2021). */
#define SPT_THRESHOLD_COUNT 6
extern const double SPT_THRESHOLDS[SPT_THRESHOLD_COUNT]; /* .025 .05 .1 .25 .5 .75 */

/* The graph with an edge i~j, i != j, where max(A[i][j], A[j][i]) >= t, for each threshold t. */
struct spt_components {
    size_t edges[SPT_THRESHOLD_COUNT];
    size_t components[SPT_THRESHOLD_COUNT];
};

/* The thresholds tau of graph.*@tau. */
#define SPT_TAU_COUNT 7
extern const double SPT_TAUS[SPT_TAU_COUNT]; /* 0 .001 .005 .01 .02 .05 .1 */

/* The graph with an edge i~j, i != j, where (A[i][j] + A[j][i]) / 2 > tau, for each tau (analysis/graph). */
struct spt_graph {
    double centralization[SPT_TAU_COUNT]; /* NAN for n < 3 */
    double fiedler[SPT_TAU_COUNT];        /* of D - W; 0 where it is not connected, NAN for n = 1 */
    double fiedler_norm[SPT_TAU_COUNT];   /* of D^-1/2 (D - W) D^-1/2, likewise */
};
struct spt_bootstrap; /* analysis/bootstrap.h */
struct spt_rows;      /* analysis/information/rows.h */
struct spt_remainder; /* analysis/information/remainder.h */
struct spt_influence; /* analysis/values/influence.h */
struct spt_hidden;    /* analysis/values/hidden.h */
struct spt_vectors;   /* analysis/forward/forward.h */

/* One head's attention over one sample. Borrowed, valid during a metric's call. What no metric of the plan needs is
 * NULL. */
struct spt_head {
    size_t n;
    const struct spt_mask *mask;
    const double *attention;      /* [n, n] row-major, finite, rows sum to 1, hidden entries 0 */
    const double *received;       /* [n] c_k = (1/n) sum_i A[i][k] */
    const unsigned char *special; /* [n] 1 for the tokenizer's special tokens; NULL: no tokenizer is known */
    double max_logit;             /* largest visible score; NAN for random matrices */
    const double *singular;       /* [n] of A, non-increasing */
    const double *residual;       /* [n] of G, non-increasing; the last is 0 by construction */
    double mp_kl;                 /* NAN where undefined */
    const struct spt_barcode *barcode;
    const struct spt_components *components;
    const struct spt_graph *graph;
    const struct spt_rows *rows;
    const struct spt_vectors *vectors; /* what the matrix is made of; NULL for random matrices */
    /* In the second look; NULL in the first. */
    const unsigned char *is_reference; /* [n] 1 for the layer's reference tokens (analysis/sinks) */
    const struct spt_remainder *remainder;
    const struct spt_influence *influence; /* NULL without vectors */
    /* In the ablated pass, with rows and is_reference; NAN elsewhere. */
    double clean_entropy; /* what the clean pass had over the rows that keep more than one key */
};

/* A layer's reference tokens in every sample of the probe. */
struct spt_reference_tokens {
    unsigned char *is_reference; /* [N] 1 for reference tokens, sample by sample */
    unsigned char *known; /* [samples] 0 where a head's matrix is not finite, and nothing that needs them defined */
};

/* All heads of one layer over one sample. */
struct spt_layer {
    size_t n, heads;
    const struct spt_mask *mask;
    const double *const *received;     /* [heads][n] */
    const unsigned char *is_reference; /* [n] 1 for the layer's reference tokens (analysis/sinks) */
    const struct spt_hidden *hidden;   /* of the residual stream after the layer */
};

/* The matrices of a layer that have a spectrum of their own. */
enum spt_layer_matrix {
    SPT_MATRIX_HIDDEN, /* the residual stream after the layer: all tokens of the probe, columns centred */
    SPT_MATRIX_QUERY,
    SPT_MATRIX_KEY,
    SPT_MATRIX_VALUE,
    SPT_MATRIX_OUTPUT,
    SPT_MATRIX_MLP_UP,
    SPT_MATRIX_MLP_GATE, /* not of every architecture: SPT_NEED_GATE */
    SPT_MATRIX_MLP_DOWN,
    SPT_LAYER_MATRICES
};

/* lambda, the nonzero eigenvalues of W^T W, of one of them (analysis/spectra). NAN where undefined and where no metric
 * of the plan needs it. */
struct spt_layer_spectrum {
    size_t order; /* the smaller side */
    double gap_ratio, participation;
    double mp_ks, spikes;
    double alpha, alpha_ks, alpha_tail;
};

/* What a head's attention is anchored to (analysis/frames). */
enum spt_frame {
    SPT_FRAME_NONE,
    SPT_FRAME_CENTRALIZED,
    SPT_FRAME_DISTRIBUTED,
    SPT_FRAME_BIDIRECTIONAL,
    SPT_FRAME_UNKNOWN, /* no sample tells */
};

/* One head over all samples. */
struct spt_pool {
    size_t samples;
    const double *first; /* [samples] alpha_0 */
    enum spt_mask_kind mask;
    const double *law; /* [law_count] x of G */
    size_t law_count;
    const double *mp; /* [mp_count] x of A */
    size_t mp_count;
    const struct spt_laws *laws;
    struct spt_density *density;
    enum spt_frame frame;
    const size_t *law_of, *mp_of;       /* [samples] how many of law and of mp are of each sample */
    const unsigned char *frame_of_draw; /* [draws] enum spt_frame; NULL where no draws are asked for */
};

/* A pair of values for each head and sample of a layer. */
struct spt_pairs {
    size_t heads, samples;
    const size_t *offset; /* [samples + 1] where each sample's tokens begin */
    const double *x, *y;  /* [heads, samples] NAN where undefined; a pair needs both */
};

/* How pairs become one figure. */
struct spt_pooling {
    /*   draws  [bootstrap->draws] out: the figure of each draw of samples, NAN where undefined, all of them where *value
     *          is; NULL: not asked for, and bootstrap may be NULL
     * SPT_NOMEM. */
    enum spt_status (*pool)(const struct spt_pairs *pairs, const struct spt_bootstrap *bootstrap, double *value,
                            double *draws, struct spt_error *error);
};

/* The model's output over all samples. */
struct spt_output {
    size_t samples;
    const size_t *length;     /* [samples] tokens */
    const double *loss;       /* [samples] mean cross-entropy; NAN for one token */
    const double *total_loss; /* [samples] sum */
    /* Of the ablated pass; NULL elsewhere, where those above are the clean pass's. */
    const double *ablated_loss; /* [samples] mean cross-entropy */
    const double *divergence;   /* [samples] mean KL(clean || ablated) of the next token's distribution */
};

struct spt_metric {
    const char *name;       /* "rmt.gap": group, dot, metric ("loss" is its own group) */
    const char *unit;       /* "" for pure numbers, "nat", "tokens", "heads" ... */
    const char *definition; /* one line: formula and source */
    enum spt_metric_level level;
    unsigned needs; /* of enum spt_need */
    bool null;      /* has a row in the table of nulls */
    double (*head)(const struct spt_head *head, double parameter);
    double (*layer)(const struct spt_layer *layer);
    double (*pooled)(const struct spt_pool *pool);
    double (*model)(const struct spt_output *output, size_t sample);
    double (*whole)(const struct spt_output *output);
    /* What .pooled and .whole give when the samples are drawn anew, as often as each draw holds them.
     *   draws  [bootstrap->draws] out, NAN where undefined
     * SPT_NOMEM. */
    enum spt_status (*pooled_draws)(const struct spt_pool *pool, const struct spt_bootstrap *bootstrap, double *draws,
                                    struct spt_error *error);
    enum spt_status (*whole_draws)(const struct spt_output *output, const struct spt_bootstrap *bootstrap,
                                   double *draws, struct spt_error *error);
    double (*spectrum)(const struct spt_layer_spectrum *spectrum);
    void (*curve)(const struct spt_head *head, float *values /* [points] */);
    void (*pooled_curve)(const struct spt_pool *pool, double *values /* [points] */);
    double (*pair[2])(const struct spt_head *head, double parameter); /* of a ratio: both NAN or none */
    const struct spt_pooling *pooling;                                /* of pairs */
    enum spt_layer_matrix matrix;                                     /* of a spectrum */
    double parameter;         /* of head and pair; of a ratio the least mean of wholes for which it is defined */
    size_t points;            /* of a curve */
    double (*grid)(size_t i); /* of a curve: its x at point i */
    const char *grid_name;
};

extern const struct spt_metric SPT_METRICS[];
extern const size_t SPT_METRIC_COUNT;

/* Index in SPT_METRICS, or SPT_METRIC_COUNT. */
size_t spt_metric_find(const char *name);

/* The group of a metric: "sinks" for sink.* and pattern.*, "weights" for rmt.weight.*, else what stands before the dot. */
const char *spt_metric_group(const struct spt_metric *metric);

/* Why a metric has no null; NULL: it has one. */
const char *spt_metric_no_null(const struct spt_metric *metric);

/* Whether it is measured where nothing is chosen: all but those that cost as much as all others together. */
bool spt_metric_is_default(const struct spt_metric *metric);

/* The groups, in the order of the table. */
extern const char *const SPT_METRIC_GROUPS[];
extern const size_t SPT_METRIC_GROUP_COUNT;

SPT_API_END

#endif
