#include "analysis/graph/graph_metrics.h"

#include <math.h>

double spt_graph_in_centralization(const struct spt_head *head, double parameter) {
    (void)parameter;
    if (head->n < 2) return NAN;
    double largest = 0;
    for (size_t k = 0; k < head->n; k++) largest = fmax(largest, head->received[k]);
    return (largest * (double)head->n - 1) / (double)(head->n - 1);
}

static double at_tau(const double *values /* [SPT_TAU_COUNT] */, double tau) {
    for (size_t t = 0; t < SPT_TAU_COUNT; t++)
        if (SPT_TAUS[t] == tau) return values[t];
    return NAN;
}

double spt_graph_centralization(const struct spt_head *head, double tau) {
    return at_tau(head->graph->centralization, tau);
}

double spt_graph_fiedler(const struct spt_head *head, double tau) {
    return at_tau(head->graph->fiedler, tau);
}

double spt_graph_fiedler_norm(const struct spt_head *head, double tau) {
    return at_tau(head->graph->fiedler_norm, tau);
}
