#include "rates.h"

#include "analysis/forward/family.h"

#include <cblas.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>

double rates_flops(const struct spt_model_config *c, const struct spt_probe *probe, bool two_streams) {
    const struct spt_family *family = NULL;
    if (spt_family_find(c->model_type, &family, NULL) != SPT_OK) return 0;
    const bool gated = family->layer[SPT_GATE].name;
    const double d = (double)c->hidden, n = (double)probe->tokens,
                 targets = two_streams ? 2 * n : n - (double)probe->samples;
    const double head = (double)c->head_dim, queries = (double)c->heads * head, keys = (double)c->kv_heads * head;
    const double layer = 2 * d * (queries + keys) + (gated ? 3 : 2) * d * (double)c->intermediate;
    const double last = c->bidirectional ? 0 : (double)c->vocabulary * d * targets;
    return 2 * ((double)c->layers * layer * n + last);
}

double rates_sgemm_seconds(size_t threads, const float *a, const float *b, float *c) {
    omp_set_num_threads((int)threads);
    const double start = omp_get_wtime();
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, RATES_SQUARE, RATES_SQUARE, RATES_SQUARE, 1, a, RATES_SQUARE,
                b, RATES_SQUARE, 0, c, RATES_SQUARE);
    return omp_get_wtime() - start;
}

double rates_sgemm(size_t threads, size_t turns) {
    const size_t count = (size_t)RATES_SQUARE * RATES_SQUARE;
    float *a = calloc(count, sizeof(float)), *b = calloc(count, sizeof(float)), *c = calloc(count, sizeof(float));
    double best = 1e30;
    if (!a || !b || !c) {
        perror("sgemm");
        exit(1);
    }
    for (size_t i = 0; i < count; i++) {
        a[i] = (float)(i % 251) / 251 - 0.5f;
        b[i] = (float)(i % 241) / 241 - 0.5f;
    }
    for (size_t i = 0; i < turns; i++) {
        const double seconds = rates_sgemm_seconds(threads, a, b, c);
        if (seconds < best) best = seconds;
    }
    free(a);
    free(b);
    free(c);
    return 2.0 * RATES_SQUARE * RATES_SQUARE * RATES_SQUARE / best;
}
