/* How often the fitted midpoint's 95 % interval holds the true one, in series whose midpoint is known: bench_emergence [N
 * [KIND]], N series (1,000) of each kind, and milliseconds a series on all threads. With 1,000 it fails when a kind's
 * share is not 93 to 97 %. */
#include "analysis/emergence/emergence.h"
#include "tests/analysis/emergence/made_series.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static int measure(const struct made_kind *kind, size_t n, const struct spt_bootstrap *bootstrap,
                   const struct spt_team *team) {
    struct made_series *made = calloc(n, sizeof *made);
    struct spt_emergence_series *series = calloc(n, sizeof *series);
    struct spt_emergence *out = calloc(n, sizeof *out);
    struct spt_error error;
    if (!made || !series || !out) return 1;
    for (size_t i = 0; i < n; i++) {
        made_series(kind, i, &made[i]);
        series[i] = (struct spt_emergence_series){kind->count, kind->steps, made[i].mean, made[i].values, NULL};
    }
    const double start = now();
    if (spt_emergence_of(bootstrap, series, n, team, out, NULL, &error) != SPT_OK) return 1;
    const double seconds = now() - start;
    size_t found = 0, held = 0;
    double width = 0;
    for (size_t i = 0; i < n; i++) {
        if (out[i].reason != SPT_EMERGENCE_FOUND) continue;
        found++;
        held += out[i].t0_lo <= made[i].t0 && made[i].t0 <= out[i].t0_hi;
        width += out[i].t0_hi - out[i].t0_lo;
    }
    printf("%-40s midpoint in %4zu of %zu, held by %.1f %%, width %.2f octaves, %.1f ms a series\n", kind->name, found,
           n, 100 * (double)held / (double)found, width / (double)found, 1000 * seconds / (double)n);
    fflush(stdout);
    const double share = (double)held / (double)found;
    const int failed = n >= 1000 && !(share >= 0.93 && share <= 0.97);
    free(made);
    free(series);
    free(out);
    return failed;
}

int main(int argc, char **argv) {
    const size_t n = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000;
    struct spt_bootstrap bootstrap;
    struct spt_team team;
    struct spt_error error;
    if (spt_bootstrap_init(&bootstrap, 1000, MADE_SAMPLES, 1, &error) != SPT_OK) return 1;
    if (spt_team_init(&team, 0, 0, &error) != SPT_OK) return 1;
    int failed = 0;
    for (size_t i = 0; i < MADE_KIND_COUNT; i++)
        if (argc < 3 || strtoull(argv[2], NULL, 10) == i) failed |= measure(&MADE_KINDS[i], n, &bootstrap, &team);
    spt_team_release(&team);
    spt_bootstrap_release(&bootstrap);
    return failed;
}
