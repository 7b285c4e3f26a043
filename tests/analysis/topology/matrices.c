#include "matrices.h"
#include "analysis/topology/betti.h"

#include <math.h>

double random_normal(struct spt_random *random) {
    const double angle = 2 * acos(-1.0) * spt_random_uniform(random); /* Box and Muller 1958 */
    return sqrt(2 * spt_random_exponential(random)) * cos(angle);
}

static double score(struct spt_random *random, enum matrix_kind kind, size_t i, size_t j) {
    const double z = random_normal(random);
    switch (kind) {
    case MATRIX_UNIFORM:
        return 0.02 * z;
    case MATRIX_SHARP:
        return 400 * z;
    case MATRIX_SINK:
        return z + (j == 0 ? 5 : 0);
    case MATRIX_LOCAL:
        return z - 0.5 * fabs((double)i - (double)j);
    case MATRIX_TIES_64:
        return 3 * z + (j == 0 ? 3 : 0);
    default:
        return 1.5 * z;
    }
}

void make_attention(struct spt_random *random, enum matrix_kind kind, size_t n, double *attention) {
    for (size_t i = 0; i < n; ++i) {
        double *row = attention + i * n;
        const size_t visible = kind == MATRIX_FULL ? n : i + 1;
        double most = -INFINITY, sum = 0;
        for (size_t j = 0; j < visible; ++j) {
            row[j] = score(random, kind, i, j);
            most = fmax(most, row[j]);
        }
        for (size_t j = 0; j < visible; ++j) sum += row[j] = exp(row[j] - most);
        for (size_t j = 0; j < n; ++j) row[j] = j < visible ? row[j] / sum : 0;
    }
}

static void quantise(double *distance, size_t n, double quantum) {
    for (size_t c = 0; c < n * n; ++c) distance[c] = round(distance[c] / quantum) * quantum;
}

void make_distance(struct spt_random *random, enum matrix_kind kind, size_t n, double *attention, double *distance) {
    make_attention(random, kind, n, attention);
    spt_distance_from_attention(attention, n, kind == MATRIX_MEAN ? SPT_SYMMETRIZE_MEAN : SPT_SYMMETRIZE_MAX, distance);
    if (kind == MATRIX_TIES_4096) quantise(distance, n, 1.0 / 4096);
    if (kind == MATRIX_TIES_64) quantise(distance, n, 1.0 / 64);
    if (kind != MATRIX_TIES_4) return;
    for (size_t i = 0; i < n; ++i)
        for (size_t j = 0; j < i; ++j)
            distance[i * n + j] = distance[j * n + i] = (double)(1 + spt_random_index(random, 4)) / 4;
}
