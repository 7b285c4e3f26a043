#include "analysis/information/rows.h"

#include "analysis/forward/vector.h"

SPT_VECTOR static void terms_of(const double *p, size_t count, double *out) {
    for (size_t i = 0; i < count; i++) {
        const double term = p[i] * spt_log_positive(p[i]);
        out[i] = p[i] > 0 ? term : 0;
    }
}

/* A function in several versions is exported by gcc whatever its visibility: hence this one. */
void spt_entropy_terms(const double *p, size_t count, double *out) {
    terms_of(p, count, out);
}

void spt_rows_of(const double *attention, const struct spt_mask *mask, double *scratch, struct spt_rows *rows) {
    for (size_t i = 0; i < mask->n; i++) {
        const double *row = attention + i * mask->n + mask->first[i];
        double entropy = 0, squares = 0;
        spt_entropy_terms(row, mask->sees[i], scratch);
        for (size_t k = 0; k < mask->sees[i]; k++) {
            entropy -= scratch[k];
            squares += row[k] * row[k];
        }
        rows->entropy[i] = entropy;
        rows->squares[i] = squares;
    }
}
