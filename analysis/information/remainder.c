#include "analysis/information/remainder.h"

#include "analysis/information/rows.h"

#include <math.h>

#define LEAST_MASS 1e-12 /* of a row without references: below it what is left is rounding */

/* Sums over what a query sees. */
struct row {
    double entropy, squares;  /* of the whole row */
    double sink;              /* mass on references */
    double mass, entropy_sum; /* of the rest: sum a, -sum a ln a */
    size_t left;              /* keys of the rest */
};

static struct row sums_of(const double *a, const double *terms, const unsigned char *is_reference, size_t sees) {
    struct row row = {0};
    for (size_t k = 0; k < sees; k++) {
        row.entropy -= terms[k];
        row.squares += a[k] * a[k];
        if (is_reference[k]) {
            row.sink += a[k];
        } else {
            row.mass += a[k];
            row.entropy_sum -= terms[k];
            row.left++;
        }
    }
    return row;
}

struct spt_remainder spt_remainder_of(const double *attention, const struct spt_mask *mask,
                                      const unsigned char *is_reference, double *scratch) {
    double same = 0, none = 0, between = 0, trace = 0;
    size_t kept = 0;
    for (size_t i = 0; i < mask->n; i++) {
        const size_t first = mask->first[i], sees = mask->sees[i];
        if (sees < 2) continue;
        const double *a = attention + i * mask->n + first;
        spt_entropy_terms(a, sees, scratch);
        const struct row row = sums_of(a, scratch, is_reference + first, sees);
        between += 2 * row.sink * (1 - row.sink);
        trace += 1 - row.squares;
        if (row.left < 2 || !(row.mass >= LEAST_MASS)) continue;
        same += log((double)sees) - row.entropy;
        /* The entropy of a / mass is -sum a ln a / mass + ln mass. */
        none += log((double)row.left) - (row.entropy_sum / row.mass + log(row.mass));
        kept++;
    }
    return (struct spt_remainder){
        .kl_same = kept ? same / (double)kept : NAN,
        .kl_no_sink = kept ? none / (double)kept : NAN,
        .fisher_sink = trace > 0 ? between / trace : NAN,
    };
}
