#include "analysis/values/influence.h"

#include "checkpoints/base/memory.h"

#include <cblas.h>
#include <math.h>
#include <stdlib.h>

void spt_influence_release(struct spt_influence_work *work) {
    free(work->scratch);
    *work = (struct spt_influence_work){0};
}

/* A head's sample, its values as double. */
struct sample {
    const double *attention; /* [n, n] */
    const struct spt_mask *mask;
    const unsigned char *is_reference; /* [n] */
    size_t n, d;
    double *value;  /* [n, d] */
    double *output; /* [n, d] o_i; then what the output ratio needs */
    double *part;   /* [d] r_i */
};

static double dot(const double *a, const double *b, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++) sum += a[i] * b[i];
    return sum;
}

/* s->part = r_i; false when query i sees no reference token. */
static bool part_of_references(const struct sample *s, size_t i) {
    bool sees = false;
    for (size_t k = s->mask->first[i]; k < s->mask->end[i]; k++) {
        if (!s->is_reference[k]) continue;
        const double weight = s->attention[i * s->n + k], *value = s->value + k * s->d;
        for (size_t j = 0; j < s->d; j++) s->part[j] = (sees ? s->part[j] : 0) + weight * value[j];
        sees = true;
    }
    return sees;
}

static void compare_outputs(const struct sample *s, struct spt_influence *influence) {
    double direction = 0, share = 0;
    size_t terms = 0;
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (blasint)s->n, (blasint)s->d, (blasint)s->n, 1, s->attention,
                (blasint)s->n, s->value, (blasint)s->d, 0, s->output, (blasint)s->d);
    for (size_t i = 0; i < s->n; i++) {
        if (s->mask->sees[i] < 2 || !part_of_references(s, i)) continue;
        const double *o = s->output + i * s->d, *r = s->part;
        const double of_output = sqrt(dot(o, o, s->d)), of_part = sqrt(dot(r, r, s->d));
        double rest = 0;
        if (of_output == 0 || of_part == 0) continue;
        for (size_t j = 0; j < s->d; j++) rest += (o[j] - r[j]) * (o[j] - r[j]);
        direction += dot(o, r, s->d) / (of_output * of_part);
        share += of_part / (of_part + sqrt(rest));
        terms++;
    }
    if (!terms) return;
    influence->direction = direction / (double)terms;
    influence->share = share / (double)terms;
}

/* Mean length of reference tokens' vectors / mean length of all; square(s, k) is that of token k, squared. */
static double ratio_of_lengths(const struct sample *s, double (*square)(const struct sample *s, size_t k)) {
    double of_references = 0, of_all = 0;
    size_t references = 0;
    for (size_t k = 0; k < s->n; k++) {
        const double length = sqrt(fmax(square(s, k), 0));
        of_all += length;
        if (!s->is_reference[k]) continue;
        of_references += length;
        references++;
    }
    return of_references / (double)references / (of_all / (double)s->n);
}

static double square_of_value(const struct sample *s, size_t k) {
    return dot(s->value + k * s->d, s->value + k * s->d, s->d);
}

static double square_of_written(const struct sample *s, size_t k) {
    return dot(s->value + k * s->d, s->output + k * s->d, s->d);
}

/* |v W|^2 = v (W W^T) v^T, for all tokens at once. */
static double output_ratio(const struct sample *s, const double *gram) {
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (blasint)s->n, (blasint)s->d, (blasint)s->d, 1, s->value,
                (blasint)s->d, gram, (blasint)s->d, 0, s->output, (blasint)s->d);
    return ratio_of_lengths(s, square_of_written);
}

static double finite_or_nan(double x) {
    return isfinite(x) ? x : NAN;
}

enum spt_status spt_influence_of(struct spt_influence_work *work, const double *attention, const struct spt_mask *mask,
                                 const unsigned char *is_reference, const struct spt_vectors *vectors,
                                 const double *gram, struct spt_influence *influence, struct spt_error *error) {
    const size_t n = mask->n, d = vectors->dimension, need = (2 * n + 1) * d;
    bool some = false;
    *influence = (struct spt_influence){NAN, NAN, NAN, NAN};
    for (size_t k = 0; k < n; k++) some = some || is_reference[k];
    if (!some) return SPT_OK;
    if (!spt_grow((void **)&work->scratch, &work->capacity, need, sizeof(double)))
        return spt_fail_memory(error, need * sizeof(double), "the values of a head");
    const struct sample s = {.attention = attention,
                             .mask = mask,
                             .is_reference = is_reference,
                             .n = n,
                             .d = d,
                             .value = work->scratch,
                             .output = work->scratch + n * d,
                             .part = work->scratch + 2 * n * d};
    for (size_t k = 0; k < n; k++)
        for (size_t j = 0; j < d; j++) s.value[k * d + j] = (double)vectors->value[k * vectors->kv_stride + j];
    compare_outputs(&s, influence);
    influence->direction = finite_or_nan(influence->direction);
    influence->share = finite_or_nan(influence->share);
    influence->norm_ratio = finite_or_nan(ratio_of_lengths(&s, square_of_value));
    if (gram) influence->output_ratio = finite_or_nan(output_ratio(&s, gram));
    return SPT_OK;
}
