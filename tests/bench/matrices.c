#include "tests/bench/matrices.h"

#include "checkpoints/base/memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ORDER_MAX 16384

static const char *read_all(struct bench_matrices *m, FILE *file) {
    size_t capacity = 0, capacity_n = 0;
    for (uint64_t n; fread(&n, sizeof n, 1, file) == 1; m->count++) {
        if (!spt_grow((void **)&m->matrix, &capacity, m->count + 1, sizeof *m->matrix) ||
            !spt_grow((void **)&m->n, &capacity_n, m->count + 1, sizeof *m->n))
            return "out of memory";
        if (n == 0 || n > ORDER_MAX) return "not a file of matrices";
        double *cells = spt_alloc(n * n, sizeof *cells);
        if (!cells || fread(cells, sizeof *cells, n * n, file) != n * n) {
            free(cells);
            return "a matrix is cut short";
        }
        m->matrix[m->count] = cells;
        m->n[m->count] = n;
        if (n > m->n_max) m->n_max = n;
    }
    return m->count ? NULL : "no matrix";
}

const char *bench_matrices_read(struct bench_matrices *matrices, const char *path) {
    *matrices = (struct bench_matrices){0};
    FILE *file = fopen(path, "rbe");
    if (!file) return "cannot open the matrices";
    const char *wrong = read_all(matrices, file);
    fclose(file);
    return wrong;
}

void bench_matrices_release(struct bench_matrices *matrices) {
    for (size_t i = 0; i < matrices->count; i++) free(matrices->matrix[i]);
    free(matrices->matrix);
    free(matrices->n);
    *matrices = (struct bench_matrices){0};
}

double bench_processor_time(void) {
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return 1e6 * (double)time.tv_sec + 1e-3 * (double)time.tv_nsec;
}
