/* Bars of the distance matrices on stdin, for persistence_ripser.py.
 *
 * usage: persistence_dump DIMENSION < MATRICES       MATRICES: any number of (uint64 n, n x n float64), little-endian
 * prints a line a bar: matrix, dimension, birth, death, with 17 digits. */
#include "analysis/topology/persistence.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static int fail(const char *what) {
    fprintf(stderr, "persistence_dump: %s\n", what);
    return 1;
}

static int dump(size_t matrix, size_t n, unsigned dimension) {
    struct spt_persistence *workspace;
    struct spt_barcode barcode;
    struct spt_error error;
    double *distance = malloc(n * n * sizeof *distance);
    if (!distance || fread(distance, sizeof *distance, n * n, stdin) != n * n) return fail("a matrix is cut short");
    if (spt_persistence_new(n, dimension, &workspace, &error) != SPT_OK) return fail(error.message);
    if (spt_persistence_of(workspace, distance, n, &barcode, &error) != SPT_OK) return fail(error.message);
    for (unsigned d = 0; d <= dimension; ++d)
        for (size_t b = 0; b < barcode.count[d]; ++b)
            printf("%zu %u %.17g %.17g\n", matrix, d, barcode.bars[d][b].birth, barcode.bars[d][b].death);
    spt_persistence_free(workspace);
    free(distance);
    return 0;
}

int main(int argc, char **argv) {
    if (argc != 2) return fail("usage: persistence_dump DIMENSION < MATRICES");
    const unsigned dimension = (unsigned)strtoul(argv[1], NULL, 10);
    size_t matrix = 0;
    for (uint64_t n; fread(&n, sizeof n, 1, stdin) == 1; ++matrix) {
        if (n == 0 || n > 4096) return fail("not a list of matrices");
        if (dump(matrix, (size_t)n, dimension) != 0) return 1;
    }
    return 0;
}
