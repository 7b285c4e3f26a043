#include "analysis/rmt/rmt_metrics.h"

#include "analysis/bootstrap.h"
#include "analysis/rmt/law.h"
#include "analysis/rmt/residual.h"

#include <math.h>
#include <stdbool.h>

double spt_rmt_gap(const struct spt_head *head, double parameter) {
    (void)parameter;
    return head->n > 1 ? head->singular[0] - head->singular[1] : NAN;
}

double spt_rmt_gap_ratio(const struct spt_head *head, double parameter) {
    (void)parameter;
    if (head->n < 2) return NAN;
    const double first = head->singular[0] * head->singular[0], second = head->singular[1] * head->singular[1];
    return (first - second) / first;
}

double spt_rmt_participation(const struct spt_head *head, double parameter) {
    (void)parameter;
    double sum = 0, squares = 0;
    for (size_t i = 0; i < head->n; i++) {
        const double lambda = head->singular[i] * head->singular[i];
        sum += lambda;
        squares += lambda * lambda;
    }
    return sum * sum / squares;
}

double spt_rmt_participation_rel(const struct spt_head *head, double parameter) {
    return spt_rmt_participation(head, parameter) / (double)head->n;
}

double spt_rmt_stable_rank(const struct spt_head *head, double parameter) {
    (void)parameter;
    double sum = 0;
    for (size_t i = 0; i < head->n; i++) sum += head->singular[i] * head->singular[i];
    return sum / (head->singular[0] * head->singular[0]);
}

double spt_rmt_effective_rank(const struct spt_head *head, double parameter) {
    (void)parameter;
    double sum = 0, entropy = 0;
    for (size_t i = 0; i < head->n; i++) sum += head->singular[i];
    if (isnan(sum)) return NAN;
    for (size_t i = 0; i < head->n; i++) {
        const double share = head->singular[i] / sum;
        if (share > 0) entropy -= share * log(share);
    }
    return exp(entropy);
}

/* The law that the residual is held against and 1 / rms of its spectrum; false where it is undefined. The points
 * themselves are not stored: a metric has no scratch. */
static bool residual_law(const struct spt_head *head, enum spt_law_kind *law, double *scale) {
    const double *s = head->residual;
    *law = spt_law_of_mask(head->mask->kind);
    if (*law == SPT_LAW_KINDS || head->n < SPT_LAW_TOKENS_MIN || !(s[0] > (double)head->n * SPT_UNIFORM_RESIDUAL))
        return false;
    double squares = 0;
    for (size_t i = 0; i + 1 < head->n; i++) squares += s[i] * s[i];
    *scale = 1 / sqrt(squares / (double)(head->n - 1));
    return true;
}

double spt_rmt_law_ks(const struct spt_head *head, double parameter) {
    (void)parameter;
    enum spt_law_kind law;
    double scale, distance = 0;
    if (!residual_law(head, &law, &scale)) return NAN;
    const size_t count = head->n - 1;
    const double step = 1 / (double)count;
    for (size_t i = 0; i < count;
         i++) { /* the i-th largest: F_n steps from (count - i - 1) / count to (count - i) / count */
        const double f = spt_law_cdf(law, head->residual[i] * scale);
        distance = fmax(distance, fmax((double)(count - i) * step - f, f - (double)(count - i - 1) * step));
    }
    return distance;
}

double spt_rmt_spikes(const struct spt_head *head, double parameter) {
    (void)parameter;
    enum spt_law_kind law;
    double scale;
    if (!residual_law(head, &law, &scale)) return NAN;
    const double edge = 1.1 * spt_law_edge(law);
    size_t spikes = 0;
    while (spikes + 1 < head->n && head->residual[spikes] * scale > edge) spikes++;
    return (double)spikes;
}

double spt_rmt_mp_kl(const struct spt_head *head, double parameter) {
    (void)parameter;
    return head->mp_kl;
}

double spt_rmt_law_kl(const struct spt_pool *pool) {
    const enum spt_law_kind law = spt_law_of_mask(pool->mask);
    if (law == SPT_LAW_KINDS) return NAN;
    return spt_density_kl(pool->density, pool->laws, law, pool->law, pool->law_count, NULL);
}

double spt_rmt_mp_kl_pooled(const struct spt_pool *pool) {
    return spt_density_kl(pool->density, pool->laws, SPT_LAW_QUARTER_CIRCLE, pool->mp, pool->mp_count, NULL);
}

enum spt_status spt_rmt_law_kl_draws(const struct spt_pool *pool, const struct spt_bootstrap *bootstrap, double *draws,
                                     struct spt_error *error) {
    const enum spt_law_kind law = spt_law_of_mask(pool->mask);
    if (law != SPT_LAW_KINDS)
        return spt_density_kl_draws(pool->density, pool->laws, law, pool->law, pool->law_of, bootstrap, draws, error);
    for (size_t d = 0; d < bootstrap->draws; d++) draws[d] = NAN;
    return SPT_OK;
}

enum spt_status spt_rmt_mp_kl_pooled_draws(const struct spt_pool *pool, const struct spt_bootstrap *bootstrap,
                                           double *draws, struct spt_error *error) {
    return spt_density_kl_draws(pool->density, pool->laws, SPT_LAW_QUARTER_CIRCLE, pool->mp, pool->mp_of, bootstrap,
                                draws, error);
}

void spt_rmt_law_density(const struct spt_pool *pool, double *values) {
    const enum spt_law_kind law = spt_law_of_mask(pool->mask);
    const bool defined = law != SPT_LAW_KINDS;
    spt_density_kl(pool->density, pool->laws, defined ? law : SPT_LAW_QUARTER_CIRCLE, pool->law,
                   defined ? pool->law_count : 0, values);
}

double spt_rmt_density_grid(size_t i) {
    return ((double)i + 0.5) * (SPT_LAW_EDGE / SPT_LAW_CELLS);
}
