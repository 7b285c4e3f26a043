#include "analysis/bootstrap.h"

#include "analysis/random.h"
#include "checkpoints/base/memory.h"

#include <cblas.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMN_TILE = 32 };

enum spt_status spt_bootstrap_init(struct spt_bootstrap *bootstrap, size_t draws, size_t samples, uint64_t seed,
                                   struct spt_error *error) {
    size_t cells;
    *bootstrap = (struct spt_bootstrap){.draws = draws, .samples = samples};
    if (spt_multiply(draws, samples, &cells)) bootstrap->counts = spt_alloc_zeroed(cells, sizeof(double));
    if (!bootstrap->counts) return spt_fail_memory(error, draws * samples * sizeof(double), "bootstrap draws");
    struct spt_random random;
    spt_random_seed(&random, seed);
    for (size_t i = 0; i < draws; i++)
        for (size_t j = 0; j < samples; j++) bootstrap->counts[i * samples + spt_random_index(&random, samples)]++;
    return SPT_OK;
}

void spt_bootstrap_release(struct spt_bootstrap *bootstrap) {
    free(bootstrap->counts);
    *bootstrap = (struct spt_bootstrap){0};
}

static void swap(double *a, double *b) {
    const double t = *a;
    *a = *b;
    *b = t;
}

/* Hoare's selection: afterwards values[k] is the k-th smallest, none before it is larger, none behind it smaller. */
static void select_kth(double *values, size_t count, size_t k) {
    size_t lo = 0, hi = count - 1;
    while (lo < hi) {
        const size_t middle = lo + (hi - lo) / 2;
        if (values[middle] < values[lo]) swap(&values[middle], &values[lo]);
        if (values[hi] < values[lo]) swap(&values[hi], &values[lo]);
        if (values[hi] < values[middle]) swap(&values[hi], &values[middle]);
        const double pivot = values[middle];
        size_t i = lo, j = hi;
        while (i <= j) {
            while (values[i] < pivot) i++;
            while (values[j] > pivot) j--;
            if (i > j) break;
            swap(&values[i++], &values[j]);
            if (j == 0) break;
            j--;
        }
        if (k <= j)
            hi = j;
        else if (k >= i)
            lo = i;
        else
            return;
    }
}

double spt_percentile(double *values, size_t count, double q) {
    if (count == 0) return NAN;
    const double position = q * (double)(count - 1);
    const size_t below = (size_t)position;
    select_kth(values, count, below);
    if (below + 1 >= count) return values[below];
    double next = values[below + 1];
    for (size_t i = below + 2; i < count; i++)
        if (values[i] < next) next = values[i];
    return values[below] + (position - (double)below) * (next - values[below]);
}

static struct spt_summary moments(const double *x, size_t samples) {
    struct spt_summary summary = {.mean = NAN, .sd = NAN, .lo = NAN, .hi = NAN};
    double sum = 0;
    for (size_t i = 0; i < samples; i++) {
        if (isnan(x[i])) continue;
        sum += x[i];
        summary.n++;
    }
    summary.bad = samples - summary.n;
    if (summary.n == 0) return summary;
    summary.mean = sum / (double)summary.n;
    if (summary.n == 1) return summary;
    double squares = 0;
    for (size_t i = 0; i < samples; i++)
        if (!isnan(x[i])) squares += (x[i] - summary.mean) * (x[i] - summary.mean);
    summary.sd = sqrt(squares / (double)(summary.n - 1));
    return summary;
}

struct tile {
    double *filled; /* [COLUMN_TILE, samples] x with 0 for NAN */
    double *sums;   /* [draws, COLUMN_TILE] */
    double *mask;   /* [samples] which samples the present denominators are for */
    double *weight; /* [draws] defined samples in each draw, under mask */
    double *means;  /* [draws] */
};

static void tile_release(struct tile *tile) {
    free(tile->filled);
    free(tile->sums);
    free(tile->mask);
    free(tile->weight);
    free(tile->means);
    *tile = (struct tile){0};
}

static bool tile_init(struct tile *tile, const struct spt_bootstrap *b) {
    *tile = (struct tile){
        .filled = spt_alloc(COLUMN_TILE * b->samples, sizeof(double)),
        .sums = spt_alloc(COLUMN_TILE * b->draws, sizeof(double)),
        .mask = spt_alloc(b->samples, sizeof(double)),
        .weight = spt_alloc(b->draws, sizeof(double)),
        .means = spt_alloc(b->draws, sizeof(double)),
    };
    if (!tile->filled || !tile->sums || !tile->mask || !tile->weight || !tile->means) {
        tile_release(tile);
        return false;
    }
    for (size_t i = 0; i < b->samples; i++) tile->mask[i] = 1;
    for (size_t i = 0; i < b->draws; i++) tile->weight[i] = (double)b->samples;
    return true;
}

/* Brings the denominators up to date; columns with the same gaps follow each other, so this seldom multiplies. */
static void update_weights(struct tile *tile, const struct spt_bootstrap *b, const double *x) {
    bool same = true;
    for (size_t i = 0; i < b->samples; i++) {
        const double defined = !isnan(x[i]);
        same = same && tile->mask[i] == defined;
        tile->mask[i] = defined;
    }
    if (same) return;
    cblas_dgemv(CblasRowMajor, CblasNoTrans, (int)b->draws, (int)b->samples, 1, b->counts, (int)b->samples, tile->mask,
                1, 0, tile->weight, 1);
}

static void interval(struct tile *tile, const struct spt_bootstrap *b, size_t column, struct spt_summary *summary) {
    size_t kept = 0;
    for (size_t i = 0; i < b->draws; i++)
        if (tile->weight[i] > 0) tile->means[kept++] = tile->sums[i * COLUMN_TILE + column] / tile->weight[i];
    summary->lo = spt_percentile(tile->means, kept, 0.025);
    summary->hi = spt_percentile(tile->means, kept, 0.975);
}

static void summarize_tile(struct tile *tile, const struct spt_bootstrap *b, const double *x, size_t columns,
                           struct spt_summary *out) {
    for (size_t c = 0; c < columns; c++)
        for (size_t i = 0; i < b->samples; i++) {
            const double value = x[c * b->samples + i];
            tile->filled[c * b->samples + i] = isnan(value) ? 0 : value;
        }
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)b->draws, (int)columns, (int)b->samples, 1, b->counts,
                (int)b->samples, tile->filled, (int)b->samples, 0, tile->sums, COLUMN_TILE);
    for (size_t c = 0; c < columns; c++) {
        const double *column = x + c * b->samples;
        out[c] = moments(column, b->samples);
        if (out[c].n == 0) continue;
        update_weights(tile, b, column);
        interval(tile, b, c, &out[c]);
    }
}

/* One call of spt_bootstrap_summarize, as its tasks see it: a task is a tile. */
struct summary_job {
    const struct spt_bootstrap *bootstrap;
    const double *x;
    size_t columns;
    struct tile *tiles; /* [threads] */
    struct spt_summary *out;
};

static enum spt_status summarize_task(void *context, size_t task, size_t thread, struct spt_error *error) {
    const struct summary_job *job = context;
    struct tile *tile = &job->tiles[thread];
    const size_t first = task * COLUMN_TILE;
    const size_t width = job->columns - first < COLUMN_TILE ? job->columns - first : COLUMN_TILE;
    if (!tile->filled && !tile_init(tile, job->bootstrap))
        return spt_fail_memory(error, COLUMN_TILE * job->bootstrap->draws * sizeof(double), "bootstrap means");
    summarize_tile(tile, job->bootstrap, job->x + first * job->bootstrap->samples, width, job->out + first);
    return SPT_OK;
}

enum spt_status spt_bootstrap_summarize(const struct spt_bootstrap *bootstrap, const double *x, size_t columns,
                                        const struct spt_team *team, struct spt_summary *out, struct spt_error *error) {
    struct summary_job job = {.bootstrap = bootstrap, .x = x, .columns = columns, .out = out};
    job.tiles = spt_alloc_zeroed(team->threads, sizeof *job.tiles);
    if (!job.tiles) return spt_fail_memory(error, team->threads * sizeof *job.tiles, "bootstrap means");
    const enum spt_status status =
        spt_team_run(team, (columns + COLUMN_TILE - 1) / COLUMN_TILE, summarize_task, &job, error);
    for (size_t i = 0; i < team->threads; i++) tile_release(&job.tiles[i]);
    free(job.tiles);
    return status;
}
