#include "analysis/topology/persistence.h"
#include "analysis/topology/cycle_reduction.h"
#include "analysis/topology/edge_order.h"
#include "analysis/topology/link_sweep.h"
#include "analysis/topology/voids.h"
#include "checkpoints/base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct spt_persistence {
    size_t n_max;
    unsigned dimension;
    double *extremes;        /* [2 n_max] */
    uint64_t *edges;         /* [n_max (n_max - 1) / 2] */
    uint64_t *scratch;       /* the same: scratch of the sort, then the ranks [n_max, n_max] of 32 bits */
    uint32_t *parent;        /* [n_max] of the union-find */
    struct spt_bar *bars[2]; /* [n_max], [n_max^2 / 4] */
    struct spt_link_sweep sweep;
    struct spt_cycle_reduction reduction;
    struct spt_voids *voids; /* NULL but for dimension 2 */
};

/* The edges without a link are free of triangles (the last edge of a triangle has one): n^2 / 4 at most, by Mantel's
 * theorem. */
static size_t loops_max(size_t n) {
    return n * n / 4;
}

static bool allocate(struct spt_persistence *ws) {
    const size_t n = ws->n_max, pairs = n * n / 2 + 1;
    ws->extremes = spt_alloc(n, 2 * sizeof *ws->extremes);
    ws->edges = spt_alloc(pairs, sizeof *ws->edges);
    ws->scratch = spt_alloc(pairs, sizeof *ws->scratch);
    ws->parent = spt_alloc(n, sizeof *ws->parent);
    ws->bars[0] = spt_alloc(n, sizeof *ws->bars[0]);
    ws->bars[1] = spt_alloc(loops_max(n), sizeof *ws->bars[1]);
    const size_t words = spt_link_words(n);
    ws->sweep.near = spt_alloc(n, words * sizeof *ws->sweep.near);
    ws->sweep.via = spt_alloc(pairs, sizeof *ws->sweep.via);
    ws->sweep.link = spt_alloc(words, sizeof *ws->sweep.link);
    ws->sweep.component = spt_alloc(words, sizeof *ws->sweep.component);
    const bool reduction = spt_cycle_reduction_init(&ws->reduction, pairs, loops_max(n));
    return reduction && ws->extremes && ws->edges && ws->scratch && ws->parent && ws->bars[0] && ws->bars[1] &&
           ws->sweep.near && ws->sweep.via && ws->sweep.link && ws->sweep.component;
}

enum spt_status spt_persistence_new(size_t n_max, unsigned dimension, struct spt_persistence **workspace,
                                    struct spt_error *error) {
    *workspace = NULL;
    if (n_max > SPT_POINTS_MAX || dimension > SPT_PERSISTENCE_DIM_MAX)
        return spt_fail(error, SPT_INVALID, NULL,
                        "persistent homology of %zu points in dimension %u: at most %d points, dimension %d", n_max,
                        dimension, SPT_POINTS_MAX, SPT_PERSISTENCE_DIM_MAX);
    struct spt_persistence *ws = calloc(1, sizeof *ws);
    if (!ws) return spt_fail_memory(error, sizeof *ws, "persistent homology");
    ws->n_max = n_max;
    ws->dimension = dimension;
    if (!allocate(ws) || (dimension == 2 && !(ws->voids = spt_voids_new(n_max)))) {
        spt_persistence_free(ws);
        return spt_fail_memory(error, 22 * (uint64_t)n_max * n_max, "persistent homology");
    }
    *workspace = ws;
    return SPT_OK;
}

void spt_persistence_free(struct spt_persistence *ws) {
    if (!ws) return;
    free(ws->extremes);
    free(ws->edges);
    free(ws->scratch);
    free(ws->parent);
    for (size_t d = 0; d < 2; ++d) free(ws->bars[d]);
    free(ws->sweep.near);
    free(ws->sweep.via);
    free(ws->sweep.link);
    free(ws->sweep.component);
    spt_cycle_reduction_release(&ws->reduction);
    spt_voids_free(ws->voids);
    free(ws);
}

static void add_bar(struct spt_persistence *ws, struct spt_barcode *barcode, unsigned dimension, double birth,
                    double death) {
    if (death - birth > SPT_BAR_MIN) ws->bars[dimension][barcode->count[dimension]++] = (struct spt_bar){birth, death};
}

static uint32_t root_of(uint32_t *parent, uint32_t v) {
    while (parent[v] != v) v = parent[v] = parent[parent[v]];
    return v;
}

/* An edge without a link: true when it joins two components. */
static bool join(uint32_t *parent, uint32_t code) {
    const uint32_t a = root_of(parent, code >> 16), b = root_of(parent, code & 0xffff);
    parent[a > b ? a : b] = a > b ? b : a;
    return a != b;
}

static void start(struct spt_persistence *ws, size_t n, size_t count) {
    struct spt_link_sweep *sweep = &ws->sweep;
    sweep->n = n;
    sweep->words = spt_link_words(n);
    sweep->kernel = spt_link_kernel_best(sweep->words);
    sweep->edges = ws->edges;
    sweep->count = count;
    sweep->rank = (uint32_t *)ws->scratch;
    memset(sweep->rank, 0xff, n * n * sizeof *sweep->rank);
    memset(sweep->near, 0, n * sweep->words * sizeof *sweep->near);
    for (size_t i = 0; i < n; ++i) {
        sweep->near[i * sweep->words + i / 64] |= (uint64_t)1 << i % 64;
        ws->parent[i] = (uint32_t)i;
    }
    spt_cycle_reduction_start(&ws->reduction);
    if (ws->voids) spt_voids_forget_killers(ws->voids);
}

/* The relations of edge r, whose link has several components. */
static bool relate(struct spt_persistence *ws, size_t r, double death, struct spt_barcode *barcode) {
    struct spt_link_sweep *sweep = &ws->sweep;
    const size_t k = sweep->via[r], words = sweep->words;
    for (;;) {
        uint64_t rest = 0;
        size_t k2 = 0;
        for (size_t w = words; w-- > 0;) {
            sweep->link[w] &= ~sweep->component[w];
            rest |= sweep->link[w];
            if (sweep->link[w]) k2 = w * 64 + (size_t)__builtin_ctzll(sweep->link[w]);
        }
        if (!rest || !ws->reduction.alive) return true;
        size_t killed;
        if (!spt_cycle_reduce(&ws->reduction, sweep, r, k, k2, &killed)) return false;
        if (killed != SPT_LOOP_NONE) {
            add_bar(ws, barcode, 1, ws->reduction.loops[killed].birth, death);
            if (ws->voids && !spt_voids_note_killer(ws->voids, r, k2)) return false;
        }
        spt_link_component(sweep->near, words, sweep->link, sweep->component);
    }
}

static bool link_is_empty(const struct spt_link_sweep *sweep) {
    uint64_t any = 0;
    for (size_t w = 0; w < sweep->words; ++w) any |= sweep->link[w];
    return !any;
}

static enum spt_status sweep_edges(struct spt_persistence *ws, const double *distance, size_t n, double radius,
                                   struct spt_barcode *barcode, struct spt_error *error) {
    struct spt_link_sweep *sweep = &ws->sweep;
    struct spt_cycle_reduction *reduction = &ws->reduction;
    size_t components = n;
    for (size_t r = 0; (r = spt_link_sweep_on(sweep, r)) < sweep->count; ++r) {
        const uint32_t code = (uint32_t)sweep->edges[r];
        const size_t i = spt_edge_low(code), j = spt_edge_high(code);
        const double d = distance[i * n + j];
        if (!link_is_empty(sweep)) {
            if (!relate(ws, r, d, barcode))
                return spt_fail(error, SPT_NOMEM, NULL, "out of memory for the reduced cycles of %zu points", n);
            sweep->rank[i * n + j] = (uint32_t)r;
        } else if (join(ws->parent, code)) {
            add_bar(ws, barcode, 0, 0, d);
            --components;
        } else if (ws->dimension > 0) {
            spt_cycle_close(reduction, sweep, r, d);
            sweep->rank[i * n + j] = (uint32_t)r;
        }
        spt_link_sweep_enter(sweep, r);
    }
    /* At the enclosing radius all is a cone: what is left dies there. */
    for (; components > 1; --components) add_bar(ws, barcode, 0, 0, radius);
    for (size_t l = 0; l < reduction->loop_count; ++l)
        if (!reduction->loops[l].dead) add_bar(ws, barcode, 1, reduction->loops[l].birth, radius);
    return SPT_OK;
}

enum spt_status spt_persistence_of(struct spt_persistence *ws, const double *distance, size_t n,
                                   struct spt_barcode *barcode, struct spt_error *error) {
    if (n > ws->n_max)
        return spt_fail(error, SPT_INVALID, NULL, "persistent homology of %zu points in a workspace for %zu", n,
                        ws->n_max);
    *barcode = (struct spt_barcode){0};
    for (unsigned d = 0; d < 2; ++d) barcode->bars[d] = ws->bars[d];
    if (n == 0) return SPT_OK;
    const struct spt_edge_range range = spt_edge_range_of(distance, n, ws->extremes);
    if (n > 1) {
        const size_t count = spt_edges_in_order(distance, n, range, ws->edges, ws->scratch);
        start(ws, n, count);
        const enum spt_status status = sweep_edges(ws, distance, n, range.radius, barcode, error);
        if (status != SPT_OK) return status;
        if (ws->voids &&
            !spt_voids_of(ws->voids, &ws->sweep, distance, range.radius, &barcode->bars[2], &barcode->count[2]))
            return spt_fail(error, SPT_NOMEM, NULL, "out of memory for homology in dimension 2 of %zu points", n);
    }
    ws->bars[0][barcode->count[0]++] = (struct spt_bar){0, INFINITY};
    return SPT_OK;
}
