#include "analysis/emergence/change_points.h"

#include "analysis/bootstrap.h"
#include "checkpoints/base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { COUNT_MIN = 6, ROWS = SPT_CHANGES_MAX + 1, SEGMENTS_MAX = SPT_CHANGES_MAX + 1 };

/* --- partitions --- */

enum spt_status spt_partition_init(struct spt_partition_scratch *scratch, size_t count, struct spt_error *error) {
    *scratch = (struct spt_partition_scratch){
        .count = count,
        .sums = spt_alloc(count + 1, sizeof(double)),
        .squares = spt_alloc(count + 1, sizeof(double)),
        .cost = spt_alloc(ROWS * (count + 1), sizeof(double)),
        .last = spt_alloc(ROWS * (count + 1), sizeof(size_t)),
    };
    if (scratch->sums && scratch->squares && scratch->cost && scratch->last) return SPT_OK;
    spt_partition_release(scratch);
    return spt_fail_memory(error, 2 * ROWS * (count + 1) * sizeof(double), "change points");
}

void spt_partition_release(struct spt_partition_scratch *scratch) {
    free(scratch->sums);
    free(scratch->squares);
    free(scratch->cost);
    free(scratch->last);
    *scratch = (struct spt_partition_scratch){0};
}

size_t spt_partition_changes_max(size_t count) {
    const size_t most = count / SPT_SEGMENT_LENGTH_MIN;
    return most > SPT_CHANGES_MAX ? SPT_CHANGES_MAX : most > 0 ? most - 1 : 0;
}

/* Sum of squares of [first, end) about its mean. */
static double squares_of(const struct spt_partition_scratch *s, size_t first, size_t end) {
    const double sum = s->sums[end] - s->sums[first];
    const double squares = s->squares[end] - s->squares[first] - sum * sum / (double)(end - first);
    return squares > 0 ? squares : 0;
}

static double mean_of_range(const double *y, size_t first, size_t end) {
    double sum = 0;
    for (size_t i = first; i < end; i++) sum += y[i];
    return sum / (double)(end - first);
}

void spt_partition_solve(struct spt_partition_scratch *s, const double *y, size_t most) {
    const size_t n = s->count, row = n + 1;
    const double mean = mean_of_range(y, 0, n); /* differences of the running sums are of small numbers then */
    s->sums[0] = s->squares[0] = 0;
    for (size_t i = 0; i < n; i++) {
        s->sums[i + 1] = s->sums[i] + (y[i] - mean);
        s->squares[i + 1] = s->squares[i] + (y[i] - mean) * (y[i] - mean);
    }
    for (size_t end = SPT_SEGMENT_LENGTH_MIN; end <= n; end++) {
        s->cost[end] = squares_of(s, 0, end);
        s->last[end] = 0;
    }
    for (size_t c = 1; c <= most; c++)
        for (size_t end = SPT_SEGMENT_LENGTH_MIN * (c + 1); end <= n; end++) {
            double least = INFINITY;
            size_t at = SPT_SEGMENT_LENGTH_MIN * c; /* also where no cost can be told */
            for (size_t first = at; first + SPT_SEGMENT_LENGTH_MIN <= end; first++) {
                const double cost = s->cost[(c - 1) * row + first] + squares_of(s, first, end);
                if (cost >= least) continue;
                least = cost;
                at = first;
            }
            s->cost[c * row + end] = least;
            s->last[c * row + end] = at;
        }
}

double spt_partition_of(const struct spt_partition_scratch *s, size_t changes, size_t *first) {
    const size_t row = s->count + 1;
    size_t end = s->count;
    for (size_t c = changes; c > 0; c--) {
        end = s->last[c * row + end];
        first[c - 1] = end;
    }
    return s->cost[changes * row + s->count];
}

/* Zhang and Siegmund (2007), theorem 2, of a series of variance 1. within: the sum of squares about the levels. */
static double criterion(double n, double within, size_t changes, const size_t *first) {
    const double m = (double)changes, all = n;
    double lengths = 0;
    for (size_t i = 0; i <= changes; i++) {
        const double start = i ? (double)first[i - 1] : 0, end = i < changes ? (double)first[i] : n;
        lengths += log(end - start);
    }
    return (n - m + 1) / 2 * log(all / within) + lgamma((n - m + 1) / 2) - lgamma((n + 1) / 2) + m / 2 * log(all) -
           lengths / 2 + (0.5 - m) * log(n);
}

size_t spt_partition_choose(struct spt_partition_scratch *s, const double *y) {
    const size_t most = spt_partition_changes_max(s->count);
    const double n = (double)s->count;
    size_t first[SPT_CHANGES_MAX], chosen = 0;
    double best = -INFINITY;
    spt_partition_solve(s, y, most);
    const double all = spt_partition_of(s, 0, first);
    for (size_t changes = 0; changes <= most && all > 0; changes++) {
        const double within = spt_partition_of(s, changes, first) * n / all;
        /* Levels that fit exactly leave no noise to measure by: a billionth of the series stands for it. */
        const double value = criterion(n, within > 1e-9 * n ? within : 1e-9 * n, changes, first);
        if (value <= best) continue;
        best = value;
        chosen = changes;
    }
    return chosen;
}

/* --- phases --- */

/* Levels at which the series turns, the first and the last among them: phase p leads from extreme p to extreme p + 1. */
struct extremes {
    size_t count;
    size_t first[SEGMENTS_MAX], end[SEGMENTS_MAX]; /* checkpoints of each level */
    double level[SEGMENTS_MAX];
};

static void drop_extreme(struct extremes *e, size_t at) {
    e->count--;
    for (size_t i = at; i < e->count; i++) {
        e->first[i] = e->first[i + 1];
        e->end[i] = e->end[i + 1];
        e->level[i] = e->level[i + 1];
    }
}

static struct extremes extremes_of(const double *y, size_t count, const size_t *change, size_t changes) {
    struct extremes e = {.count = changes + 1};
    for (size_t i = 0; i <= changes; i++) {
        e.first[i] = i ? change[i - 1] : 0;
        e.end[i] = i < changes ? change[i] : count;
        e.level[i] = mean_of_range(y, e.first[i], e.end[i]);
    }
    for (size_t i = 1; i + 1 < e.count;) {
        const bool up = e.level[i] > e.level[i - 1], on = e.level[i + 1] > e.level[i];
        if (up == on)
            drop_extreme(&e, i); /* on the way, as are the steps of a rise through several checkpoints */
        else
            i++;
    }
    return e;
}

static size_t phases_of(const struct extremes *e) {
    return e->count > 1 ? e->count - 1 : 0;
}

/* Takes phase p out: at an end the series begins or ends there, within it its neighbours become one. */
static void drop_phase(struct extremes *e, size_t p) {
    const size_t phases = phases_of(e);
    if (p + 1 == phases)
        drop_extreme(e, p + 1);
    else
        drop_extreme(e, p);
    if (p > 0 && p + 1 < phases) drop_extreme(e, p);
}

static double size_of(const struct extremes *e, size_t p) {
    return fabs(e->level[p + 1] - e->level[p]);
}

static void drop_smallest(struct extremes *e, size_t wanted) {
    while (phases_of(e) > wanted) {
        size_t smallest = 0;
        for (size_t p = 1; p < phases_of(e); p++)
            if (size_of(e, p) < size_of(e, smallest)) smallest = p;
        drop_phase(e, smallest);
    }
}

/* Where the series between two levels crosses the middle, on straight lines between checkpoints. */
static double crossing(const double *t, const double *y, const struct extremes *e, size_t p) {
    const size_t from = e->end[p] - 1, to = e->first[p + 1];
    const double middle = (e->level[p] + e->level[p + 1]) / 2;
    const bool rises = e->level[p + 1] > e->level[p];
    for (size_t i = from; i < to; i++) {
        const bool there = rises ? y[i + 1] > middle : y[i + 1] < middle;
        if (!there && i + 1 < to) continue;
        const double share = y[i + 1] != y[i] ? (middle - y[i]) / (y[i + 1] - y[i]) : 0.5;
        return t[i] + (t[i + 1] - t[i]) * fmin(fmax(share, 0), 1);
    }
    return t[to];
}

/* --- what the draws say --- */

struct judge {
    const double *t, *draws; /* [count], [n, count] */
    size_t count, n;
    double *sample; /* [n] scratch */
};

/* Whether the phase's change is within the noise of the draws. */
static bool is_noise(const struct judge *judge, const struct extremes *e, size_t p) {
    size_t kept = 0;
    for (size_t i = 0; i < judge->n; i++) {
        const double *y = judge->draws + i * judge->count;
        const double change =
            mean_of_range(y, e->first[p + 1], e->end[p + 1]) - mean_of_range(y, e->first[p], e->end[p]);
        if (!isnan(change)) judge->sample[kept++] = change;
    }
    if (kept == 0) return false;
    return spt_percentile(judge->sample, kept, 0.025) <= 0 && spt_percentile(judge->sample, kept, 0.975) >= 0;
}

static void drop_noise(const struct judge *judge, struct extremes *e) {
    for (size_t p = 0; p < phases_of(e);) {
        if (is_noise(judge, e, p)) {
            drop_phase(e, p);
            p = 0; /* its neighbours became another */
        } else {
            p++;
        }
    }
}

/* places [n, phases]: the crossings of the draws that have these phases. Returns how many have. */
static size_t place_draws(const struct judge *judge, struct spt_partition_scratch *scratch, size_t changes,
                          const struct spt_changes *found, double *places) {
    size_t alike = 0, first[SPT_CHANGES_MAX];
    for (size_t i = 0; i < judge->n; i++) {
        const double *y = judge->draws + i * judge->count;
        if (isnan(mean_of_range(y, 0, judge->count))) continue;
        spt_partition_solve(scratch, y, changes);
        spt_partition_of(scratch, changes, first);
        struct extremes e = extremes_of(y, judge->count, first, changes);
        drop_smallest(&e, found->count);
        if (phases_of(&e) != found->count || (e.level[1] > e.level[0]) != found->phase[0].rises) continue;
        for (size_t p = 0; p < found->count; p++) places[alike * found->count + p] = crossing(judge->t, y, &e, p);
        alike++;
    }
    return alike;
}

static void put_intervals(const struct judge *judge, const double *places, size_t alike, struct spt_changes *changes) {
    changes->support = (double)alike / (double)judge->n;
    for (size_t p = 0; p < changes->count; p++) {
        for (size_t i = 0; i < alike; i++) judge->sample[i] = places[i * changes->count + p];
        changes->phase[p].t_lo = spt_percentile(judge->sample, alike, 0.025);
        changes->phase[p].t_hi = spt_percentile(judge->sample, alike, 0.975);
    }
}

static enum spt_status judge_phases(const struct judge *judge, struct spt_partition_scratch *scratch, size_t n_changes,
                                    struct spt_changes *changes, struct spt_error *error) {
    double *places = spt_alloc(judge->n * changes->count, sizeof *places);
    if (!places) return spt_fail_memory(error, judge->n * changes->count * sizeof *places, "change points");
    const size_t alike = place_draws(judge, scratch, n_changes, changes, places);
    put_intervals(judge, places, alike, changes);
    free(places);
    return SPT_OK;
}

static enum spt_status find_phases(const struct judge *judge, struct spt_partition_scratch *scratch, const double *y,
                                   struct spt_changes *changes, struct spt_error *error) {
    size_t first[SPT_CHANGES_MAX];
    const size_t chosen = spt_partition_choose(scratch, y);
    spt_partition_of(scratch, chosen, first);
    struct extremes e = extremes_of(y, judge->count, first, chosen);
    if (judge->n) drop_noise(judge, &e);
    drop_smallest(&e, SPT_PHASES_MAX);
    if (phases_of(&e) < 2) return SPT_OK;
    changes->count = phases_of(&e);
    for (size_t p = 0; p < changes->count; p++)
        changes->phase[p] = (struct spt_phase){
            .rises = e.level[p + 1] > e.level[p],
            .t = crossing(judge->t, y, &e, p),
            .t_lo = NAN,
            .t_hi = NAN,
            .from = e.level[p],
            .to = e.level[p + 1],
        };
    return judge->n ? judge_phases(judge, scratch, chosen, changes, error) : SPT_OK;
}

enum spt_status spt_changes_of(const double *t, const double *y, size_t count, const double *draws, size_t n,
                               struct spt_changes *changes, struct spt_error *error) {
    *changes = (struct spt_changes){.support = NAN};
    if (count < COUNT_MIN) return SPT_OK;
    struct spt_partition_scratch scratch;
    const struct judge judge = {t, draws, count, n, spt_alloc(n, sizeof(double))};
    if (!judge.sample) return spt_fail_memory(error, n * sizeof(double), "change points");
    enum spt_status status = spt_partition_init(&scratch, count, error);
    if (status == SPT_OK) status = find_phases(&judge, &scratch, y, changes, error);
    spt_partition_release(&scratch);
    free(judge.sample);
    return status;
}
