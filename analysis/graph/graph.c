#include "analysis/graph/graph.h"

#include "checkpoints/base/memory.h"

#include <math.h>
#include <stdlib.h>

const double SPT_TAUS[SPT_TAU_COUNT] = {0, 0.001, 0.005, 0.01, 0.02, 0.05, 0.1};

struct spt_graph_workspace {
    double *weight; /* [n_max, n_max] w, 0 on the diagonal */
};

enum spt_status spt_graph_workspace_new(size_t n_max, struct spt_graph_workspace **workspace, struct spt_error *error) {
    struct spt_graph_workspace *w = spt_alloc_zeroed(1, sizeof *w);
    size_t cells;
    if (w && spt_multiply(n_max, n_max, &cells)) w->weight = spt_alloc(cells, sizeof(double));
    if (!w || !w->weight) {
        spt_graph_workspace_free(w);
        return spt_fail_memory(error, n_max * n_max * sizeof(double), "graphs");
    }
    *workspace = w;
    return SPT_OK;
}

void spt_graph_workspace_free(struct spt_graph_workspace *workspace) {
    if (!workspace) return;
    free(workspace->weight);
    free(workspace);
}

static void weigh(const double *a, size_t n, double *weight) {
    for (size_t i = 0; i < n; i++) {
        weight[i * n + i] = 0;
        for (size_t j = 0; j < i; j++) weight[i * n + j] = weight[j * n + i] = (a[i * n + j] + a[j * n + i]) / 2;
    }
}

/* sum(largest degree - degree) / ((n - 1) (n - 2)) of the kept edges. */
static double centralization(const double *weight, size_t n, double tau) {
    size_t largest = 0, sum = 0;
    if (n < 3) return NAN;
    for (size_t i = 0; i < n; i++) {
        size_t degree = 0;
        for (size_t j = 0; j < n; j++) degree += weight[i * n + j] > tau;
        sum += degree;
        if (degree > largest) largest = degree;
    }
    return (double)(n * largest - sum) / (double)((n - 1) * (n - 2));
}

void spt_graph_of(struct spt_graph_workspace *w, const double *const *a, size_t count, size_t n,
                  struct spt_graph *graph) {
    for (size_t m = 0; m < count; m++) {
        weigh(a[m], n, w->weight);
        for (size_t t = 0; t < SPT_TAU_COUNT; t++)
            graph[m].centralization[t] = centralization(w->weight, n, SPT_TAUS[t]);
    }
}
