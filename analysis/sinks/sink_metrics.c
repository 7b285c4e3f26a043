#include "analysis/sinks/sink_metrics.h"

#include "analysis/bootstrap.h"
#include "analysis/information/rows.h"

#include <math.h>
#include <string.h>

bool spt_sink_received_of(const double *attention, size_t n, double *received) {
    for (size_t k = 0; k < n; k++) received[k] = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n; k++) received[k] += attention[i * n + k];
    bool finite = true;
    for (size_t k = 0; k < n; k++) {
        finite = finite && isfinite(received[k]);
        received[k] /= (double)n;
    }
    return finite;
}

/* alpha_k: the mean attention that key k gets from the queries that see it. */
static double alpha(const struct spt_head *head, size_t k) {
    return head->received[k] * (double)head->n / (double)head->mask->seen[k];
}

double spt_sink_first(const struct spt_head *head, double unused) {
    (void)unused;
    return alpha(head, 0);
}

double spt_sink_first_excess(const struct spt_head *head, double unused) {
    (void)unused;
    if (head->n == 1) return NAN;
    const double h = head->mask->uniform_first;
    return (alpha(head, 0) - h) / (1 - h);
}

double spt_sink_last(const struct spt_head *head, double unused) {
    (void)unused;
    return alpha(head, head->n - 1);
}

double spt_sink_share(const struct spt_head *head, double unused) {
    (void)unused;
    return head->n < 16 ? NAN : alpha(head, 0) > 0.3;
}

static size_t position_of_max(const struct spt_head *head, double *largest) {
    size_t position = 0;
    *largest = head->received[0] - head->mask->uniform[0];
    for (size_t k = 1; k < head->n; k++) {
        const double excess = head->received[k] - head->mask->uniform[k];
        if (excess > *largest) {
            *largest = excess;
            position = k;
        }
    }
    return position;
}

double spt_sink_max(const struct spt_head *head, double unused) {
    (void)unused;
    double largest;
    position_of_max(head, &largest);
    return largest;
}

double spt_sink_max_first(const struct spt_head *head, double unused) {
    (void)unused;
    double largest;
    return position_of_max(head, &largest) == 0;
}

static double entropy(const double *p /* [count] */, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        if (p[i] > 0) sum -= p[i] * log(p[i]);
    return sum;
}

double spt_sink_effective(const struct spt_head *head, double unused) {
    (void)unused;
    return exp(entropy(head->received, head->n));
}

double spt_sink_entropy(const struct spt_head *head, double unused) {
    (void)unused;
    const struct spt_mask *mask = head->mask;
    double sum = 0;
    size_t rows = 0;
    for (size_t i = 0; i < head->n; i++) {
        if (mask->sees[i] < 2) continue;
        sum += head->rows->entropy[i] / log((double)mask->sees[i]);
        rows++;
    }
    return rows ? sum / (double)rows : NAN;
}

double spt_sink_max_logit(const struct spt_head *head, double unused) {
    (void)unused;
    return head->max_logit;
}

double spt_sink_full_head(const struct spt_pool *pool) {
    double sum = 0;
    size_t count = 0;
    for (size_t i = 0; i < pool->samples; i++) {
        if (isnan(pool->first[i])) continue;
        sum += pool->first[i];
        count++;
    }
    return count ? sum / (double)count >= 0.99 : NAN;
}

enum spt_status spt_sink_full_head_draws(const struct spt_pool *pool, const struct spt_bootstrap *bootstrap,
                                         double *draws, struct spt_error *error) {
    (void)error;
    for (size_t d = 0; d < bootstrap->draws; d++) {
        const double *drawn = bootstrap->counts + d * bootstrap->samples;
        double sum = 0, count = 0;
        for (size_t i = 0; i < pool->samples; i++) {
            if (isnan(pool->first[i])) continue;
            sum += drawn[i] * pool->first[i];
            count += drawn[i];
        }
        draws[d] = count > 0 ? sum / count >= 0.99 : NAN;
    }
    return SPT_OK;
}

void spt_sink_received(const struct spt_head *head, float *values) {
    for (size_t k = 0; k < SPT_RECEIVED_POINTS; k++) values[k] = k < head->n ? (float)alpha(head, k) : NAN;
}

double spt_sink_received_grid(size_t i) {
    return (double)i;
}

/* Mean of A[i][i - back] over the queries that see more than one key. */
static double mean_of_diagonal(const struct spt_head *head, size_t back) {
    double sum = 0;
    size_t rows = 0;
    for (size_t i = back; i < head->n; i++) {
        if (head->mask->sees[i] < 2) continue;
        sum += head->attention[i * head->n + i - back];
        rows++;
    }
    return rows ? sum / (double)rows : NAN;
}

double spt_pattern_self(const struct spt_head *head, double unused) {
    (void)unused;
    return mean_of_diagonal(head, 0);
}

double spt_pattern_previous(const struct spt_head *head, double unused) {
    (void)unused;
    return mean_of_diagonal(head, 1);
}

/* Causal: from the third query on, since the second one's previous token is the first. */
double spt_pattern_first(const struct spt_head *head, double unused) {
    (void)unused;
    const struct spt_mask *mask = head->mask;
    double sum = 0;
    size_t rows = 0;
    for (size_t i = mask->kind == SPT_MASK_FULL ? 0 : 2; i < head->n; i++) {
        if (mask->sees[i] < 2) continue;
        sum += head->attention[i * head->n];
        rows++;
    }
    return rows ? sum / (double)rows : NAN;
}

double spt_pattern_special(const struct spt_head *head, double unused) {
    (void)unused;
    if (!head->special) return NAN;
    double sum = 0;
    size_t rows = 0;
    for (size_t i = 0; i < head->n; i++) {
        if (head->mask->sees[i] < 2) continue;
        for (size_t k = head->mask->first[i]; k < head->mask->end[i]; k++)
            if (head->special[k]) sum += head->attention[i * head->n + k];
        rows++;
    }
    return rows ? sum / (double)rows : NAN;
}

/* How many keys' c lie below c_k: c_k > c_(r), the r-th smallest counted from 0, just when more than r do. */
static size_t count_below(const double *c /* [n] */, size_t n, double value) {
    size_t below = 0;
    for (size_t k = 0; k < n; k++) below += c[k] < value;
    return below;
}

void spt_sink_find_references(const double *const *received, size_t heads, const struct spt_mask *mask,
                              enum spt_references references, unsigned char *is_reference) {
    const size_t n = mask->n;
    memset(is_reference, 0, n);
    if (n == 1) return;
    const size_t rank = 9 * (n - 1) / 10;
    for (size_t k = 0; k < n; k++) {
        size_t hits = 0;
        for (size_t h = 0; h < heads; h++) {
            const double c = received[h][k];
            if (references == SPT_REFERENCES_EXCESS && c - mask->uniform[k] < 1 / (double)n) continue;
            hits += count_below(received[h], n, c) > rank;
        }
        is_reference[k] = 10 * hits >= 3 * heads;
    }
}

double spt_sink_reference_count(const struct spt_layer *layer) {
    size_t count = 0;
    for (size_t k = 0; k < layer->n; k++) count += layer->is_reference[k];
    return (double)count;
}

static double sum_over_references(const struct spt_layer *layer, double uniform_weight) {
    double sum = 0;
    for (size_t h = 0; h < layer->heads; h++)
        for (size_t k = 0; k < layer->n; k++)
            if (layer->is_reference[k]) sum += layer->received[h][k] - uniform_weight * layer->mask->uniform[k];
    return sum / (double)layer->heads;
}

double spt_sink_reference_mass(const struct spt_layer *layer) {
    return sum_over_references(layer, 0);
}

double spt_sink_reference_excess(const struct spt_layer *layer) {
    return sum_over_references(layer, 1);
}
