#include "analysis/graph/graph.h"

#include "analysis/graph/fiedler.h"
#include "analysis/lanes/kernel.h"
#include "checkpoints/base/memory.h"

#include <math.h>
#include <stdlib.h>

const double SPT_TAUS[SPT_TAU_COUNT] = {0, 0.001, 0.005, 0.01, 0.02, 0.05, 0.1};

/* Of a batch: each tau and each of the two Laplacians. */
#define PROBLEMS (2 * SPT_TAU_COUNT * SPT_GRAPH_BATCH)

/* Beyond this order matrices are not many, and their weights much: one at a time. */
#define BATCH_ORDER_MAX 128

struct spt_graphs {
    size_t batch; /* matrices whose weights are kept together */
    const struct spt_lanes_kernel *kernel;
    struct spt_fiedler *fiedler;     /* NULL: not asked for */
    double *weight[SPT_GRAPH_BATCH]; /* [n_max, n_max] w, 0 on the diagonal; the first `batch` */
    double *nearest;                 /* [n_max] of the vertices outside the tree, the largest weight to one inside */
    size_t *outside;                 /* [n_max] */
    struct spt_fiedler_problem problems[PROBLEMS];
    double values[PROBLEMS];
    double *places[PROBLEMS]; /* where the values go */
};

enum spt_status spt_graphs_new(size_t n_max, bool fiedler, struct spt_graphs **workspace, struct spt_error *error) {
    struct spt_graphs *w = spt_alloc_zeroed(1, sizeof *w);
    size_t cells;
    bool ready = w && spt_multiply(n_max, n_max, &cells);
    if (w) w->batch = n_max > BATCH_ORDER_MAX ? 1 : SPT_GRAPH_BATCH;
    for (size_t i = 0; ready && i < w->batch; i++) ready = (w->weight[i] = spt_alloc(cells, sizeof(double))) != NULL;
    ready = ready && (w->nearest = spt_alloc(n_max, sizeof(double))) && (w->outside = spt_alloc(n_max, sizeof(size_t)));
    enum spt_status status = SPT_OK;
    if (!ready) status = spt_fail_memory(error, SPT_GRAPH_BATCH * n_max * n_max * sizeof(double), "graphs");
    if (status == SPT_OK && fiedler) status = spt_fiedler_new(n_max, &w->fiedler, error);
    if (status != SPT_OK) {
        spt_graphs_free(w);
        return status;
    }
    w->kernel = spt_lanes_widest();
    *workspace = w;
    return SPT_OK;
}

void spt_graphs_free(struct spt_graphs *workspace) {
    if (!workspace) return;
    for (size_t i = 0; i < SPT_GRAPH_BATCH; i++) free(workspace->weight[i]);
    free(workspace->nearest);
    free(workspace->outside);
    spt_fiedler_free(workspace->fiedler);
    free(workspace);
}

static void weigh(const double *a, size_t n, double *weight) {
    for (size_t i = 0; i < n; i++) {
        weight[i * n + i] = 0;
        for (size_t j = 0; j < i; j++) weight[i * n + j] = weight[j * n + i] = (a[i * n + j] + a[j * n + i]) / 2;
    }
}

/* Freeman's centralization at each tau, sum(largest degree - degree) / ((n - 1) (n - 2)), and twice the kept edges. */
static void centralize(const struct spt_graphs *w, const double *weight, size_t n, double *centralization,
                       size_t *ends /* [SPT_TAU_COUNT] */) {
    size_t degree[SPT_TAU_COUNT], largest[SPT_TAU_COUNT] = {0};
    for (size_t t = 0; t < SPT_TAU_COUNT; t++) ends[t] = 0;
    for (size_t i = 0; i < n; i++) {
        w->kernel->count_above(weight + i * n, n, SPT_TAUS, SPT_TAU_COUNT, degree);
        for (size_t t = 0; t < SPT_TAU_COUNT; t++) {
            ends[t] += degree[t];
            if (degree[t] > largest[t]) largest[t] = degree[t];
        }
    }
    for (size_t t = 0; t < SPT_TAU_COUNT; t++)
        centralization[t] = n < 3 ? NAN : (double)(n * largest[t] - ends[t]) / (double)((n - 1) * (n - 2));
}

/* The least weight of the maximum spanning tree (Prim 1957): the graph is connected for every tau below it. */
static double weakest_link(struct spt_graphs *w, const double *weight, size_t n) {
    double weakest = INFINITY;
    size_t left = n - 1, last = 0;
    for (size_t i = 0; i < left; i++) {
        w->outside[i] = i + 1;
        w->nearest[i] = 0;
    }
    for (; left > 0; left--) {
        size_t best = 0;
        for (size_t i = 0; i < left; i++) {
            const double x = weight[last * n + w->outside[i]];
            w->nearest[i] = x > w->nearest[i] ? x : w->nearest[i];
            best = w->nearest[i] > w->nearest[best] ? i : best;
        }
        weakest = fmin(weakest, w->nearest[best]);
        last = w->outside[best];
        w->outside[best] = w->outside[left - 1];
        w->nearest[best] = w->nearest[left - 1];
    }
    return weakest;
}

/* Which Fiedler values of a matrix are to be solved; the others are set, but for those that another tau's are. */
static size_t pose(struct spt_graphs *w, size_t m, size_t n, const size_t *ends, struct spt_graph *graph,
                   size_t count) {
    const double weakest = w->fiedler && n > 1 ? weakest_link(w, w->weight[m], n) : NAN;
    for (size_t t = 0; t < SPT_TAU_COUNT; t++) {
        graph->fiedler[t] = graph->fiedler_norm[t] = isnan(weakest) ? NAN : 0;
        if (!(weakest > SPT_TAUS[t]) || (t && ends[t] == ends[t - 1])) continue;
        for (size_t k = 0; k < 2; k++, count++) {
            w->problems[count] = (struct spt_fiedler_problem){w->weight[m], SPT_TAUS[t], k == 1};
            w->places[count] = k ? &graph->fiedler_norm[t] : &graph->fiedler[t];
        }
    }
    return count;
}

static void measure(struct spt_graphs *w, const double *const *a, size_t count, size_t n, struct spt_graph *graph) {
    size_t ends[SPT_GRAPH_BATCH][SPT_TAU_COUNT], problems = 0;
    for (size_t m = 0; m < count; m++) {
        weigh(a[m], n, w->weight[m]);
        centralize(w, w->weight[m], n, graph[m].centralization, ends[m]);
        problems = pose(w, m, n, ends[m], &graph[m], problems);
    }
    if (problems) spt_fiedler_of(w->fiedler, w->problems, problems, n, w->values);
    for (size_t i = 0; i < problems; i++) *w->places[i] = w->values[i];
    for (size_t m = 0; m < count; m++)
        for (size_t t = 1; t < SPT_TAU_COUNT; t++) {
            if (ends[m][t] != ends[m][t - 1]) continue;
            graph[m].fiedler[t] = graph[m].fiedler[t - 1];
            graph[m].fiedler_norm[t] = graph[m].fiedler_norm[t - 1];
        }
}

void spt_graphs_of(struct spt_graphs *w, const double *const *a, size_t count, size_t n, struct spt_graph *graph) {
    for (size_t first = 0; first < count; first += w->batch) {
        const size_t part = count - first < w->batch ? count - first : w->batch;
        measure(w, a + first, part, n, graph + first);
    }
}
