/* CPU time of persistent homology (dimensions 0 and 1, one thread) on the matrices of a file.
 *
 * usage: bench_persistence MATRICES [DIMENSION]      MATRICES: any number of (uint64 n, n x n float64 distances),
 * little-endian prints "<matrices> <microseconds a matrix> <bars of dimension 1 a matrix>" of one pass, after one to
 * warm up. */
#include "analysis/topology/persistence.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct matrices {
    double **distance; /* [count] of [n, n] */
    size_t *n, count, n_max;
};

static int fail(const char *what) {
    fprintf(stderr, "bench_persistence: %s\n", what);
    return 1;
}

static int read_matrices(const char *path, struct matrices *m) {
    FILE *file = fopen(path, "rb");
    if (!file) return fail("cannot open the matrices");
    for (uint64_t n; fread(&n, sizeof n, 1, file) == 1; ++m->count) {
        double **distance = realloc(m->distance, (m->count + 1) * sizeof *distance);
        size_t *sizes = realloc(m->n, (m->count + 1) * sizeof *sizes);
        if (distance) m->distance = distance;
        if (sizes) m->n = sizes;
        if (!distance || !sizes || n == 0 || n > SPT_POINTS_MAX)
            return fail("not a file of matrices, or out of memory");
        double *cells = malloc(n * n * sizeof *cells);
        if (!cells || fread(cells, sizeof *cells, n * n, file) != n * n) return fail("a matrix is cut short");
        m->distance[m->count] = cells;
        m->n[m->count] = n;
        if (n > m->n_max) m->n_max = n;
    }
    fclose(file);
    return m->count ? 0 : fail("no matrix");
}

static double seconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

int main(int argc, char **argv) {
    struct matrices m = {0};
    if (argc < 2) return fail("usage: bench_persistence MATRICES [DIMENSION]");
    if (read_matrices(argv[1], &m) != 0) return 1;
    struct spt_persistence *workspace;
    struct spt_error error;
    if (spt_persistence_new(m.n_max, argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 1, &workspace, &error) != SPT_OK)
        return fail(error.message);
    double start = 0;
    size_t bars = 0;
    for (int pass = 0; pass < 2; ++pass) {
        start = seconds();
        bars = 0;
        for (size_t i = 0; i < m.count; ++i) {
            struct spt_barcode barcode;
            if (spt_persistence_of(workspace, m.distance[i], m.n[i], &barcode, &error) != SPT_OK)
                return fail(error.message);
            bars += barcode.count[1];
        }
    }
    printf("%zu %.6f %.3f\n", m.count, (seconds() - start) / (double)m.count * 1e6, (double)bars / (double)m.count);
    spt_persistence_free(workspace);
    for (size_t i = 0; i < m.count; ++i) free(m.distance[i]);
    free(m.distance);
    free(m.n);
    return 0;
}
