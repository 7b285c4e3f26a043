#include "analysis/rmt/law.h"

#include "analysis/rmt/law_table.h"

#include <math.h>

static const double PI = 3.14159265358979323846;
static const double LN_2 = 0.69314718055994530942;
static const double SQRT_2E = 2.33164398159712420336;

double spt_law_edge(enum spt_law_kind kind) {
    return kind == SPT_LAW_QUARTER_CIRCLE ? 2 : SQRT_2E;
}

enum spt_law_kind spt_law_of_mask(enum spt_mask_kind kind) {
    switch (kind) {
    case SPT_MASK_CAUSAL:
        return SPT_LAW_TRIANGULAR;
    case SPT_MASK_FULL:
        return SPT_LAW_QUARTER_CIRCLE;
    case SPT_MASK_WINDOW:
        break;
    }
    return SPT_LAW_KINDS;
}

/* Near the edge from that end: 4 - x^2 and asin lose digits there. */
static double quarter_circle_cdf(double x) {
    if (x > 1) return 1 - (4 * asin(sqrt((2 - x) / 4)) - x / 2 * sqrt((2 - x) * (2 + x))) / PI;
    return (x / 2 * sqrt(4 - x * x) + 2 * asin(x / 2)) / PI;
}

/* The polynomial of the piece that holds place, pieces being of length 1. */
static double table_at(const double (*table)[LAW_DEGREE + 1], size_t pieces, double place) {
    const size_t piece = place < (double)pieces ? (size_t)place : pieces - 1;
    const double *power = table[piece], u = 2 * (place - (double)piece) - 1, square = u * u;
    double even = power[LAW_DEGREE - 1], odd = power[LAW_DEGREE];
    for (size_t k = LAW_DEGREE - 1; k > 0; k -= 2) {
        even = even * square + power[k - 2];
        odd = odd * square + power[k - 1];
    }
    return even + odd * u;
}

/* By polynomials in z = sqrt(l / (l + 3)) or ln l, l = -ln(x^2 / 2e): 5 times as fast as solving for t. */
static double triangular_cdf(double x) {
    const double l = 1 + LN_2 - 2 * log(x);
    if (!(l > 0)) return 1;
    const double z = sqrt(l / (l + 3));
    if (z < LAW_NEAR_END) return table_at(LAW_NEAR, LAW_NEAR_PIECES, z / LAW_NEAR_END * LAW_NEAR_PIECES);
    const double place = (log(l) - LAW_FAR_START) / (LAW_FAR_END - LAW_FAR_START) * LAW_FAR_PIECES;
    return table_at(LAW_FAR, LAW_FAR_PIECES, fmax(place, 0)) / l;
}

double spt_law_cdf(enum spt_law_kind kind, double x) {
    if (isnan(x)) return x;
    if (x <= 0) return 0;
    if (x >= spt_law_edge(kind)) return 1;
    return kind == SPT_LAW_QUARTER_CIRCLE ? quarter_circle_cdf(x) : triangular_cdf(x);
}
