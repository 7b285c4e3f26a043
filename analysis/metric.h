/* What is measured: one const row a metric, and what every row is computed from.
 *
 * An attention matrix of one (sample, layer, head) is seen through struct spt_head. What several metrics share (spectrum, barcode)
 * is computed once, when any metric of the plan needs it. A metric of a head is one function of that view; it lives in its family's
 * file (analysis/sinks, analysis/rmt, analysis/topology ...), its row in metric_table.c.
 */
#ifndef SPT_METRIC_H
#define SPT_METRIC_H

#include "analysis/mask.h"

#include <stdbool.h>
#include <stddef.h>

enum spt_metric_level {
    SPT_LEVEL_HEAD,   /* a value per (sample, layer, head); layer and model are means */
    SPT_LEVEL_LAYER,  /* a value per (sample, layer), from all its heads */
    SPT_LEVEL_MODEL,  /* a value per sample */
    SPT_LEVEL_POOLED, /* one value per (layer, head) from all samples: no sd, no interval */
    SPT_LEVEL_CURVE,  /* a vector per (sample, layer, head) or per (layer, head) */
};

/* What is computed once for all metrics that share it. */
enum spt_need {
    SPT_NEED_SPECTRUM = 1 << 0, /* singular values of A */
    SPT_NEED_LAW = 1 << 1,      /* singular values of G: what is left without uniform attention */
    SPT_NEED_BARCODE = 1 << 2,  /* persistent homology */
    SPT_NEED_COMPONENTS = 1 << 3, /* edges and components of the thresholded graph */
    SPT_NEED_MP_KL = 1 << 4,    /* KL of the spectrum from the quarter circle */
    SPT_NEED_LOSS = 1 << 5,     /* the model's output */
};

/* The thresholds t of topology.b0@t and b1@t (Kushnareva et al. 2021). */
#define SPT_THRESHOLD_COUNT 6
extern const double SPT_THRESHOLDS[SPT_THRESHOLD_COUNT]; /* .025 .05 .1 .25 .5 .75 */

/* The graph with an edge i~j, i != j, where max(A[i][j], A[j][i]) >= t, for each threshold t. */
struct spt_components {
    size_t edges[SPT_THRESHOLD_COUNT];
    size_t components[SPT_THRESHOLD_COUNT];
};

/* One head's attention over one sample. Borrowed, valid during a metric's call. Pointers whose need no metric has are NULL. */
struct spt_head {
    size_t n;
    const struct spt_mask *mask;
    const double *attention; /* [n, n] row-major, rows sum to 1, hidden entries 0 */
    const double *received;  /* [n] c_k = (1/n) sum_i A[i][k] */
    const unsigned char *special; /* [n] 1 for the tokenizer's special tokens; NULL: no tokenizer is known */
    double max_logit;        /* largest visible score; NAN when there are none (nulls) */
    const double *singular;  /* [n] of A, non-increasing */
    const double *residual;  /* [n] of G, non-increasing; the last is 0 by construction */
    double mp_kl;            /* KL of this sample's x from the quarter circle (analysis/rmt) */
    const struct spt_barcode *barcode;
    const struct spt_components *components;
};

struct spt_metric {
    const char *name;  /* "rmt.gap"; the group is what stands before the dot ("loss" is its own) */
    const char *group; /* "sinks", "rmt", "topology", "loss" */
    const char *unit;  /* "" for pure numbers, "nat", "tokens", "bars" ... */
    enum spt_metric_level level;
    unsigned needs; /* of enum spt_need */
    double (*compute)(const struct spt_head *head, double parameter); /* NULL where level is not HEAD */
    double parameter;
    const char *definition; /* one line; formula and source */
    bool null; /* has a row in the table of nulls */
};

extern const struct spt_metric SPT_METRICS[];
extern const size_t SPT_METRIC_COUNT;

/* Index in SPT_METRICS, or SPT_METRIC_COUNT. */
size_t spt_metric_find(const char *name);

#endif
