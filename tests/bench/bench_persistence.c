/* CPU time of persistent homology (dimensions 0 and 1, one thread) on the matrices of a file.
 *
 * usage: bench_persistence MATRICES [DIMENSION]      MATRICES: any number of (uint64 n, n x n float64 distances),
 * little-endian prints "<matrices> <microseconds a matrix> <bars of dimension 1 a matrix>" of one pass, after one to
 * warm up. */
#include "analysis/topology/persistence.h"
#include "tests/bench/matrices.h"

#include <stdio.h>
#include <stdlib.h>

static int fail(const char *what) {
    fprintf(stderr, "bench_persistence: %s\n", what);
    return 1;
}

int main(int argc, char **argv) {
    struct bench_matrices m;
    if (argc < 2) return fail("usage: bench_persistence MATRICES [DIMENSION]");
    const char *wrong = bench_matrices_read(&m, argv[1]);
    if (wrong) return fail(wrong);
    if (m.n_max > SPT_POINTS_MAX) return fail("a matrix is too large");
    struct spt_persistence *workspace;
    struct spt_error error;
    if (spt_persistence_new(m.n_max, argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 1, &workspace, &error) != SPT_OK)
        return fail(error.message);
    double start = 0;
    size_t bars = 0;
    for (int pass = 0; pass < 2; ++pass) {
        start = bench_processor_time();
        bars = 0;
        for (size_t i = 0; i < m.count; ++i) {
            struct spt_barcode barcode;
            if (spt_persistence_of(workspace, m.matrix[i], m.n[i], &barcode, &error) != SPT_OK)
                return fail(error.message);
            bars += barcode.count[1];
        }
    }
    printf("%zu %.6f %.3f\n", m.count, (bench_processor_time() - start) / (double)m.count,
           (double)bars / (double)m.count);
    spt_persistence_free(workspace);
    bench_matrices_release(&m);
    return 0;
}
