/* Spectra and densities beside what they replace, in one run: microseconds a matrix, best of several.
 *
 * usage: bench_spectrum [ROUNDS]
 * Random causal attention, a full batch of eight; one thread (set OMP_NUM_THREADS=1 for LAPACK's sake). */
#include "analysis/random.h"
#include "analysis/rmt/law.h"
#include "analysis/rmt/residual.h"
#include "analysis/rmt/rmt_metrics.h"
#include "analysis/rmt/spectrum.h"
#include "checkpoints/base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BATCH SPT_SPECTRUM_LANES

struct bench {
    size_t n;
    struct spt_mask mask;
    double *a[BATCH], *g[BATCH], *s[BATCH], *x[BATCH], *copy;
    size_t points[BATCH];
    struct spt_spectrum *spectrum;
    struct spt_laws *laws;
    struct spt_density *density;
};

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}

static double *numbers(size_t count) {
    double *x = spt_alloc_zeroed(count, sizeof *x);
    if (!x) abort();
    return x;
}

static void start(struct bench *b, size_t n) {
    struct spt_random random;
    spt_random_seed(&random, n);
    b->n = n;
    b->copy = numbers(n * n);
    if (spt_mask_init(&b->mask, SPT_MASK_CAUSAL, 0, n, NULL) || spt_spectrum_new(n, &b->spectrum, NULL)) abort();
    for (size_t i = 0; i < BATCH; i++) {
        b->a[i] = numbers(n * n);
        b->g[i] = numbers(n * n);
        b->s[i] = numbers(n);
        b->x[i] = numbers(n);
        spt_random_attention(&random, &b->mask, b->a[i]);
        spt_residual_of(b->a[i], &b->mask, b->g[i]);
    }
}

static void stop(struct bench *b) {
    for (size_t i = 0; i < BATCH; i++) {
        free(b->a[i]);
        free(b->g[i]);
        free(b->s[i]);
        free(b->x[i]);
    }
    free(b->copy);
    spt_mask_release(&b->mask);
    spt_spectrum_free(b->spectrum);
}

/* What is timed; each returns how many matrices it did. */

static size_t by_lapack(struct bench *b) {
    memcpy(b->copy, b->g[0], b->n * b->n * sizeof *b->copy);
    spt_spectrum_of_lapack(b->copy, b->n, b->s[0], NULL);
    return 1;
}

static size_t by_lanes(struct bench *b) {
    spt_spectrum_of(b->spectrum, (const double *const *)b->g, BATCH, b->n, b->s, NULL);
    return BATCH;
}

static size_t by_four_lanes(struct bench *b) {
    spt_spectrum_of(b->spectrum, (const double *const *)b->g, 4, b->n, b->s, NULL);
    return 4;
}

static size_t kl_by_transform(struct bench *b) {
    for (size_t i = 0; i < BATCH; i++)
        spt_density_kl(b->density, b->laws, SPT_LAW_TRIANGULAR, b->x[i], b->points[i], NULL);
    return BATCH;
}

static size_t kl_by_batch(struct bench *b) {
    double kl[BATCH];
    spt_density_kl_batch(b->density, b->laws, SPT_LAW_TRIANGULAR, (const double *const *)b->x, b->points, BATCH, kl);
    return BATCH;
}

/* All of rmt for a matrix: both spectra, the residual, every metric and the KL. */
static size_t all_metrics(struct bench *b) {
    static double (*const METRICS[])(const struct spt_head *, double) = {
        spt_rmt_gap,         spt_rmt_gap_ratio,      spt_rmt_participation, spt_rmt_participation_rel,
        spt_rmt_stable_rank, spt_rmt_effective_rank, spt_rmt_law_ks,        spt_rmt_spikes,
    };
    double kl[BATCH];
    volatile double sink = 0;
    for (size_t i = 0; i < BATCH; i++) spt_residual_of(b->a[i], &b->mask, b->g[i]);
    spt_spectrum_of(b->spectrum, (const double *const *)b->g, BATCH, b->n, b->s, NULL);
    for (size_t i = 0; i < BATCH; i++) {
        const struct spt_head head = {.n = b->n, .mask = &b->mask, .singular = b->s[i], .residual = b->s[i]};
        for (size_t m = 0; m < sizeof METRICS / sizeof *METRICS; m++) sink += METRICS[m](&head, 0);
    }
    spt_spectrum_of(b->spectrum, (const double *const *)b->a, BATCH, b->n, b->s, NULL);
    for (size_t i = 0; i < BATCH; i++) b->points[i] = spt_mp_points(b->s[i], b->n, b->x[i]);
    spt_density_kl_batch(b->density, b->laws, SPT_LAW_QUARTER_CIRCLE, (const double *const *)b->x, b->points, BATCH,
                         kl);
    return BATCH;
}

/* Best of rounds, each of at least 2 ms. */
static double best(struct bench *b, size_t (*run)(struct bench *b), size_t rounds) {
    double least = 1e30;
    for (size_t round = 0; round < rounds; round++) {
        size_t done = 0;
        double elapsed;
        const double begin = now();
        do {
            done += run(b);
            elapsed = now() - begin;
        } while (elapsed < 2000);
        if (elapsed / (double)done < least) least = elapsed / (double)done;
    }
    return least;
}

int main(int argc, char **argv) {
    static const size_t ORDERS[] = {16, 32, 46, 64, 128, 256};
    const size_t rounds = argc > 1 ? (size_t)strtoul(argv[1], NULL, 10) : 15;
    struct bench b = {0};
    if (rounds < 1 || spt_laws_new(&b.laws, NULL) || spt_density_new(&b.density, NULL)) return 1;
    printf("microseconds a matrix, best of %zu\n", rounds);
    printf("  n   dgesdd   eight  ratio    four  ratio   KL transform   batch  ratio   all of rmt\n");
    for (size_t i = 0; i < sizeof ORDERS / sizeof *ORDERS; i++) {
        start(&b, ORDERS[i]);
        const double all = best(&b, all_metrics, rounds);
        const double lapack = best(&b, by_lapack, rounds), eight = best(&b, by_lanes, rounds);
        const double four = best(&b, by_four_lanes, rounds);
        const double transform = best(&b, kl_by_transform, rounds), batch = best(&b, kl_by_batch, rounds);
        printf("%3zu %8.1f %7.1f %6.1f %7.1f %6.1f %14.1f %7.1f %6.1f %12.1f\n", b.n, lapack, eight, lapack / eight,
               four, lapack / four, transform, batch, transform / batch, all);
        stop(&b);
    }
    spt_density_free(b.density);
    spt_laws_free(b.laws);
    return 0;
}
