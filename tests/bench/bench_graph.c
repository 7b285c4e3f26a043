/* CPU time of the group graph (all thresholds, both Laplacians, one thread) on the attention matrices of a file, beside
 * LAPACK's dsyev on the same eigenvalue problems.
 *
 * usage: bench_graph MATRICES      MATRICES: any number of (uint64 n, n x n float64 attention), little-endian
 * Prints "<matrices> <microseconds a matrix> <eigenvalue problems a matrix> <microseconds of dsyev a problem>": ours of
 * one pass, eight matrices of an order at a time, after one to warm up. */
#include "analysis/graph/fiedler.h"
#include "analysis/graph/graph.h"
#include "checkpoints/base/memory.h"
#include "tests/bench/matrices.h"

#include <stdio.h>
#include <stdlib.h>

/* Problems that dsyev is timed on at most. */
#define SOLVED 200

static int fail(const char *what) {
    fprintf(stderr, "bench_graph: %s\n", what);
    return 1;
}

static void measure(struct spt_graphs *workspace, const struct bench_matrices *m,
                    struct spt_graph *graph /* [count] */) {
    for (size_t i = 0, batch = 0; i < m->count; i += batch) {
        for (batch = 1; batch < SPT_GRAPH_BATCH && i + batch < m->count && m->n[i + batch] == m->n[i];) batch++;
        spt_graphs_of(workspace, (const double *const *)m->matrix + i, batch, m->n[i], graph + i);
    }
}

/* The weights of a matrix, and its eigenvalue problems that are solved: those that are not 0 nor another tau's. */
static size_t problems_of(const double *a, size_t n, const struct spt_graph *graph, double *weight,
                          struct spt_fiedler_problem *problems) {
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) weight[i * n + j] = i == j ? 0 : (a[i * n + j] + a[j * n + i]) / 2;
    for (size_t t = 0; t < SPT_TAU_COUNT; t++) {
        if (!(graph->fiedler[t] > 0) || (t && graph->fiedler[t] == graph->fiedler[t - 1])) continue;
        for (size_t k = 0; k < 2; k++) problems[count++] = (struct spt_fiedler_problem){weight, SPT_TAUS[t], k == 1};
    }
    return count;
}

int main(int argc, char **argv) {
    struct bench_matrices m;
    struct spt_graphs *workspace;
    if (argc != 2) return fail("usage: bench_graph MATRICES");
    const char *wrong = bench_matrices_read(&m, argv[1]);
    if (wrong) return fail(wrong);
    struct spt_graph *graph = spt_alloc(m.count, sizeof *graph);
    double *weight = spt_alloc(m.n_max * m.n_max, sizeof(double));
    if (!graph || !weight || spt_graphs_new(m.n_max, true, &workspace, NULL) != SPT_OK) return fail("out of memory");
    measure(workspace, &m, graph);
    const double start = bench_processor_time();
    measure(workspace, &m, graph);
    const double ours = bench_processor_time() - start;
    double theirs = 0;
    size_t problems = 0, solved = 0;
    for (size_t i = 0; i < m.count; i++) {
        struct spt_fiedler_problem posed[2 * SPT_TAU_COUNT];
        const size_t count = problems_of(m.matrix[i], m.n[i], &graph[i], weight, posed);
        const double begin = bench_processor_time();
        for (size_t k = 0; k < count && solved < SOLVED; k++, solved++) {
            double value;
            if (spt_fiedler_by_lapack(&posed[k], m.n[i], &value, NULL) != SPT_OK) return fail("dsyev");
        }
        theirs += bench_processor_time() - begin;
        problems += count;
    }
    printf("%zu %.3f %.2f %.3f\n", m.count, ours / (double)m.count, (double)problems / (double)m.count,
           solved ? theirs / (double)solved : 0);
    spt_graphs_free(workspace);
    bench_matrices_release(&m);
    free(graph);
    free(weight);
    return 0;
}
