#include "analysis/topology/topology_metrics.h"
#include "analysis/topology/persistence.h"

#include <math.h>

static double total_length(const struct spt_barcode *barcode, unsigned dimension) {
    double sum = 0;
    for (size_t b = 0; b < barcode->count[dimension]; ++b)
        sum += barcode->bars[dimension][b].death - barcode->bars[dimension][b].birth;
    return sum;
}

static double long_bars(const struct spt_barcode *barcode, unsigned dimension) {
    size_t count = 0;
    for (size_t b = 0; b < barcode->count[dimension]; ++b)
        count += barcode->bars[dimension][b].death - barcode->bars[dimension][b].birth > SPT_TOPOLOGY_LONG_BAR;
    return (double)count;
}

static double longest(const struct spt_barcode *barcode, unsigned dimension) {
    double length = 0;
    for (size_t b = 0; b < barcode->count[dimension]; ++b)
        length = fmax(length, barcode->bars[dimension][b].death - barcode->bars[dimension][b].birth);
    return length;
}

double spt_topology_h0_mean(const struct spt_head *head, double parameter) {
    (void)parameter;
    double sum = 0;
    size_t finite = 0;
    for (size_t b = 0; b < head->barcode->count[0]; ++b) {
        const struct spt_bar bar = head->barcode->bars[0][b];
        if (isinf(bar.death)) continue;
        sum += bar.death - bar.birth;
        ++finite;
    }
    return finite ? sum / (double)finite : 0;
}

double spt_topology_h1_persistence(const struct spt_head *head, double parameter) {
    (void)parameter;
    return total_length(head->barcode, 1);
}

double spt_topology_h1_bars(const struct spt_head *head, double parameter) {
    (void)parameter;
    return long_bars(head->barcode, 1);
}

double spt_topology_h1_max(const struct spt_head *head, double parameter) {
    (void)parameter;
    return longest(head->barcode, 1);
}

double spt_topology_h1_entropy(const struct spt_head *head, double parameter) {
    (void)parameter;
    const double total = total_length(head->barcode, 1);
    double entropy = 0;
    for (size_t b = 0; b < head->barcode->count[1]; ++b) {
        const double p = (head->barcode->bars[1][b].death - head->barcode->bars[1][b].birth) / total;
        entropy -= p * log(p);
    }
    return entropy;
}

/* Index in SPT_THRESHOLDS, or SPT_THRESHOLD_COUNT. */
static size_t threshold_index(double threshold) {
    size_t t = 0;
    while (t < SPT_THRESHOLD_COUNT && SPT_THRESHOLDS[t] != threshold) ++t;
    return t;
}

double spt_topology_b0(const struct spt_head *head, double parameter) {
    const size_t t = threshold_index(parameter);
    return t < SPT_THRESHOLD_COUNT ? (double)head->components->components[t] / (double)head->n : NAN;
}

double spt_topology_b1(const struct spt_head *head, double parameter) {
    const size_t t = threshold_index(parameter);
    if (t == SPT_THRESHOLD_COUNT) return NAN;
    return (double)(head->components->edges[t] + head->components->components[t] - head->n);
}

double spt_topology_h2_persistence(const struct spt_head *head, double parameter) {
    (void)parameter;
    return total_length(head->barcode, 2);
}

double spt_topology_h2_bars(const struct spt_head *head, double parameter) {
    (void)parameter;
    return long_bars(head->barcode, 2);
}

double spt_topology_h2_max(const struct spt_head *head, double parameter) {
    (void)parameter;
    return longest(head->barcode, 2);
}

static void betti(const struct spt_head *head, unsigned dimension, double divisor, float *values) {
    double curve[SPT_BETTI_GRID];
    spt_betti_curve(head->barcode, dimension, curve);
    for (size_t k = 0; k < SPT_BETTI_GRID; ++k) values[k] = (float)(curve[k] / divisor);
}

void spt_topology_betti0(const struct spt_head *head, float *values) {
    betti(head, 0, 1, values);
}

void spt_topology_betti0_rel(const struct spt_head *head, float *values) {
    betti(head, 0, (double)head->n, values);
}

void spt_topology_betti1(const struct spt_head *head, float *values) {
    betti(head, 1, 1, values);
}

double spt_topology_betti_grid(size_t k) {
    return 1 - spt_betti_epsilon(k);
}
