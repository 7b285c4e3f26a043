/* Matrices of a file, for benchmarks: any number of (uint64 n, n x n float64), little-endian. */
#ifndef BENCH_MATRICES_H
#define BENCH_MATRICES_H

#include <stddef.h>

struct bench_matrices {
    double **matrix; /* [count] of [n, n] */
    size_t *n, count, n_max;
};

/* NULL, or what is wrong with the file. */
const char *bench_matrices_read(struct bench_matrices *matrices, const char *path);
void bench_matrices_release(struct bench_matrices *matrices);

/* Microseconds of processor time so far. */
double bench_processor_time(void);

#endif
