/* When each quantity of a run turned, and which came first: what `spectail emerge` says, from the store alone.
 *
 *     spt_emerged_read(store, run, branch, ...)  ->  rows  ->  spt_emerged_put_table, _csv, _json  ->  spt_emerged_release
 *     spt_emerged_compare(emerged, n, ...)       ->  the same over runs                            ->  spt_compared_release
 *
 * A branch is a series of its own. Of checkpoints with the same weights only the one of the largest step counts; rows that
 * a rewritten checkpoint has superseded do not. The order is against one metric's midpoint of the whole model.
 */
#ifndef SPT_TRACKER_EMERGENCE_H
#define SPT_TRACKER_EMERGENCE_H

#include "analysis/emergence/emergence.h"
#include "analysis/emergence/order.h"
#include "checkpoints/base/text.h"
#include "tracker/store/store.h"

struct spt_emerged_options {
    const bool *metrics; /* [SPT_METRIC_COUNT]; NULL: all, those that this program does not know too */
    bool heads;          /* of single heads too */
    const char *against; /* the metric that others come before or after; NULL: spt_emerged_default */
    bool pairs;          /* the order of every two metrics too ... */
    int pairs_layer;     /* ... of this layer, or SPT_EVERY_LAYER: of each layer and head by itself */
    size_t threads;      /* 0: all */
};

/* Of more metrics than this (with a midpoint, in one layer) the pairs are refused: nobody reads 2,080 of them. */
#define SPT_EMERGED_PAIRED_MAX 64

/* One metric of one layer and head. */
struct spt_emerged_row {
    const char *metric; /* borrowed from the run */
    int layer, head;    /* as in the store: -1 the whole */
    bool resampled;     /* values of samples or draws are stored; else there is no interval and no order */
    struct spt_emergence emergence;
    struct spt_order order; /* its midpoint against that of the run's other metric, over the draws */
    double q;               /* order.p among all of the run's rows; NAN: not tested */
    double *t0;             /* [draws] while pairs are made of it; NULL otherwise */
};

/* Two metrics of one layer and head. */
struct spt_emerged_pair {
    const struct spt_emerged_row *a, *b; /* a has the earlier midpoint */
    struct spt_order order;              /* of a against b */
    double q;                            /* order.p among all pairs of the run */
};

struct spt_emerged {
    const struct spt_store_run *run; /* borrowed */
    const char *name;                /* borrowed: as spt_run_names has it */
    char *branch, *against;
    size_t hidden;                /* the model's width; 0: the store does not say */
    size_t checkpoints, left_out; /* that count; that have the weights of a later one, or its step */
    int64_t first, last;          /* steps */
    int64_t *step, *tokens;       /* [checkpoints]; tokens SPT_NO_TOKENS */
    struct spt_hash *weights;     /* [checkpoints] 0: not known */
    size_t samples, draws;
    char **names; /* [name_count] of metrics */
    size_t name_count;
    struct spt_emerged_row *rows; /* [count] by midpoint; those without one behind, by metric, layer, head */
    size_t count;
    const struct spt_emerged_row **index; /* [count] by metric, layer and head */
    bool measured;                        /* whether the run has the metric that the order is against ... */
    enum spt_emergence_reason reason;     /* ... and if so, whether that turned */
    bool by_default;                      /* nobody asked for that metric */
    struct spt_emerged_pair *pairs; /* [pair_count] by layer, head, a's and b's place among the rows; where asked for */
    size_t pair_count;
};

/* The metrics that the order is against where nobody says: the first of them that the run has, so that an encoder,
 * which has no loss, has an order too. NULL ends them. */
extern const char *const SPT_EMERGED_DEFAULT[];

/* SPT_END: no checkpoint of this branch that is analysed and has a step; nothing is to be released. Cost: some 10 ms a
 * row of 17 checkpoints on each thread. Memory: values of at most 256 MiB at a time. */
enum spt_status spt_emerged_read(struct spt_store *store, const struct spt_store_run *run, const char *name,
                                 const char *branch, const struct spt_emerged_options *options,
                                 struct spt_emerged *emerged, struct spt_error *error);
void spt_emerged_release(struct spt_emerged *emerged);

/* Why a row has neither interval nor order; NULL: it has. One phrase. */
#define SPT_EMERGED_NO_INTERVAL_COUNT 4
extern const char *const SPT_EMERGED_NO_INTERVAL[SPT_EMERGED_NO_INTERVAL_COUNT];
const char *spt_emerged_no_interval(const struct spt_emerged_row *row); /* one of them */

/* The order of every two rows of a layer and head, over their t0: emerged->pairs out. SPT_NOMEM. */
enum spt_status spt_emerged_pair_rows(struct spt_emerged *emerged, struct spt_error *error);

/* NULL: the run has none. */
const struct spt_emerged_row *spt_emerged_find(const struct spt_emerged *emerged, const char *metric, int layer,
                                               int head);

/* The branches of a run that have such a checkpoint, in order; caller frees each and the array. */
enum spt_status spt_emerged_branches(struct spt_store *store, int64_t run, char ***branches, size_t *count,
                                     struct spt_error *error);

/* Tokens seen at step t (log2(1 + step)), on straight lines between the checkpoints that say; NAN where none does. */
double spt_emerged_tokens(const struct spt_emerged *emerged, double t);

/* The model's width, 0 where the store does not say; and from it its parameters without embeddings, 12 layers width^2
 * (Kaplan et al. 2020), or NAN. */
size_t spt_store_run_hidden(const struct spt_store_run *run);
double spt_store_run_parameters(const struct spt_store_run *run);

/* --- several runs --- */
/* One metric of one layer and head over runs. */
struct spt_compared_row {
    const char *metric;
    int layer, head;
    size_t runs; /* that have a midpoint */
    double t0, t0_lo, t0_hi,
        sd; /* mean over them, in octaves, and Student's 95 % interval; NAN over sizes, or for one run */
    struct spt_order order; /* of runs that have both midpoints */
    double q;
};

/* Two metrics of one layer and head over runs. */
struct spt_compared_pair {
    const struct spt_compared_row *a, *b; /* in the order of the rows */
    struct spt_order order;
    double q;
};

struct spt_compared {
    char *name;                         /* of the runs, with " + " between them */
    const struct spt_emerged **members; /* [member_count] borrowed */
    size_t member_count;
    size_t left_out;               /* runs of a member's training: they are no observations of their own */
    bool seeds;                    /* same model, probe and plan: one size, so that the mean means something */
    struct spt_compared_row *rows; /* [count] as those of a run */
    size_t count;
    struct spt_compared_pair *pairs; /* [pair_count] as those of a run, where the members have pairs */
    size_t pair_count;
};

/* Groups of runs that differ in nothing but their weights, of two or more, and if there are others beside, all of them.
 * Of runs with the same weights at a step behind 0, which are one training seen twice, the first counts; a group of
 * which but one is left is none:
 * *groups [*count], caller frees with spt_compared_free. */
enum spt_status spt_emerged_compare(const struct spt_emerged *emerged, size_t n, struct spt_compared **groups,
                                    size_t *count, struct spt_error *error);
void spt_compared_free(struct spt_compared *groups, size_t count);

/* The order of every two of a group's metrics, in the layers where the first member has pairs. SPT_NOMEM. */
enum spt_status spt_compared_pair_rows(struct spt_compared *compared, struct spt_error *error);

/* --- what is written --- */
#define SPT_EVERY_LAYER (-2)
#define SPT_EVERY_HEAD  (-2)

/* Which rows, and how. */
struct spt_emerged_view {
    int layer;   /* SPT_WHOLE_MODEL, a layer, or SPT_EVERY_LAYER */
    int head;    /* a head, or SPT_EVERY_HEAD: whole layers too */
    bool tokens; /* midpoints in tokens seen, not in steps: tables only, CSV and JSON have both */
};

/* For people, within 100 columns. */
void spt_emerged_put_table(struct spt_text *out, const struct spt_emerged *emerged, struct spt_emerged_view view);
void spt_compared_put_table(struct spt_text *out, const struct spt_compared *compared, struct spt_emerged_view view);

/* Their part about pairs: a matrix of up to 12 metrics, a list for more. */
void spt_emerged_put_pairs(struct spt_text *out, const struct spt_emerged *emerged, struct spt_emerged_view view);
void spt_compared_put_pairs(struct spt_text *out, const struct spt_compared *compared, struct spt_emerged_view view);

/* RFC 4180, 17 digits, an empty field is what is undefined; spectail help --man describes the columns. */
void spt_emerged_put_csv_header(struct spt_text *out);
void spt_emerged_put_csv(struct spt_text *out, const struct spt_emerged *emerged, struct spt_emerged_view view);
void spt_compared_put_csv(struct spt_text *out, const struct spt_compared *compared, struct spt_emerged_view view);

/* One object: {"runs": [...], "groups": [...], "pairs": [...]}, keys as the columns. */
void spt_emerged_put_json(struct spt_text *out, const struct spt_emerged *emerged, size_t n,
                          const struct spt_compared *groups, size_t count, struct spt_emerged_view view);

/* Whether rows of a layer and head are asked for. */
bool spt_emerged_shows(int row_layer, int row_head, struct spt_emerged_view view);

#endif
