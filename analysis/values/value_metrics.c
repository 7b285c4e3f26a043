#include "analysis/values/value_metrics.h"

#include "analysis/values/hidden.h"
#include "analysis/values/influence.h"

#include <math.h>

double spt_value_direction(const struct spt_head *head, double unused) {
    (void)unused;
    return head->influence ? head->influence->direction : NAN;
}

double spt_value_share(const struct spt_head *head, double unused) {
    (void)unused;
    return head->influence ? head->influence->share : NAN;
}

double spt_value_norm_ratio(const struct spt_head *head, double unused) {
    (void)unused;
    return head->influence ? head->influence->norm_ratio : NAN;
}

double spt_value_output_ratio(const struct spt_head *head, double unused) {
    (void)unused;
    return head->influence ? head->influence->output_ratio : NAN;
}

static double dot(const float *a, const float *b, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++) sum += (double)a[i] * (double)b[i];
    return sum;
}

double spt_key_norm_first(const struct spt_head *head, double unused) {
    (void)unused;
    const struct spt_vectors *v = head->vectors;
    if (!v) return NAN;
    double sum = 0;
    for (size_t k = 0; k < head->n; k++) {
        const float *key = v->key + k * v->kv_stride;
        sum += sqrt(dot(key, key, v->dimension));
    }
    const double ratio = sqrt(dot(v->key, v->key, v->dimension)) / (sum / (double)head->n);
    return isfinite(ratio) ? ratio : NAN;
}

double spt_key_cos_first(const struct spt_head *head, double unused) {
    (void)unused;
    const struct spt_vectors *v = head->vectors;
    if (!v) return NAN;
    const double of_key = sqrt(dot(v->key, v->key, v->dimension));
    double sum = 0;
    size_t queries = 0;
    for (size_t i = 0; i < head->n && of_key > 0; i++) {
        const float *query = v->query + i * v->query_stride;
        const double of_query = sqrt(dot(query, query, v->dimension));
        if (head->mask->first[i] > 0 || of_query == 0) continue;
        sum += dot(query, v->key, v->dimension) / (of_query * of_key);
        queries++;
    }
    return queries && isfinite(sum) ? sum / (double)queries : NAN;
}

double spt_hidden_norm_first(const struct spt_layer *layer) {
    return layer->hidden->norm_first;
}

double spt_hidden_max_ratio(const struct spt_layer *layer) {
    return layer->hidden->max_ratio;
}
