#include "analysis/rmt/law.h"

#include <math.h>

static const double PI = 3.14159265358979323846;
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

static double quarter_circle_cdf(double x) {
    return (x / 2 * sqrt(4 - x * x) + 2 * asin(x / 2)) / PI;
}

/* --- The triangular law
 * ------------------------------------------------------------------------------------------------- With l = -ln(x^2 /
 * 2e) the equation reads h(t) = l, h(t) = 1 - ln(sin t / t) - t cot t, which rises from 0 at t = 0 (there h = t^2 / 2)
 * to infinity at t = pi. In z = sqrt(2l / (2l + 6)) in [0, 1) the quotient t / z is smooth: a polynomial of degree 8 on
 * each of three pieces gives it to 1e-6, and one step of Halley's method (cubic) the rest. */

#define GUESS_DEGREE 8

static const struct {
    double end;                     /* the piece is [end of the one before, end) in z */
    double power[GUESS_DEGREE + 1]; /* in u, which runs over [-1, 1] on the piece */
} GUESS[] = {
    {0.6,
     {2.52566005, 0.157778342, 0.0898534869, 0.0110304109, 0.00266292876, -0.000281479315, -0.000387077882,
      -0.000421006468, -0.00019414361}},
    {0.8,
     {2.92157051, 0.145284165, 0.00619525552, -0.00456486504, -0.00164238696, -0.000325453727, -1.861727e-05,
      1.7122584e-05, 6.85790484e-06}},
    {0.95,
     {3.15057523, 0.0594581148, -0.0314178305, -0.00651903478, 0.000716870479, 0.000436701064, -4.62406941e-06,
      -3.43897955e-05, -5.64140007e-06}},
};
enum { GUESS_PIECES = sizeof GUESS / sizeof GUESS[0] };

static double guess_angle(double z) {
    size_t piece = 0;
    while (z >= GUESS[piece].end) piece++;
    const double start = piece ? GUESS[piece - 1].end : 0, end = GUESS[piece].end;
    const double u = (2 * z - start - end) / (end - start);
    double value = GUESS[piece].power[GUESS_DEGREE];
    for (size_t k = GUESS_DEGREE; k > 0; k--) value = value * u + GUESS[piece].power[k - 1];
    return value * z;
}

static double refine_angle(double t, double l) {
    if (t < 1e-3) return t; /* h' cancels, and F = 1 - t^3 / 3 pi has all its digits already */
    const double sine = sin(t), cotangent = cos(t) / sine, square = 1 / (sine * sine), inverse = 1 / t;
    const double h = 1 - log(sine * inverse) - t * cotangent - l;
    const double h1 = inverse - 2 * cotangent + t * square;
    const double h2 = 3 * square - inverse * inverse - 2 * t * square * cotangent;
    return t - 2 * h * h1 / (2 * h1 * h1 - h * h2);
}

/* The far end, x < 2e-6, where t = pi - d and h is nearly pi / d + ln d: Newton's method in u = 1 / d, in which h is
 * nearly linear. */
static double far_distance(double l) {
    double u = l / PI;
    for (int step = 0; step < 20; step++) {
        const double d = 1 / u, sine = sin(d), cotangent = -cos(d) / sine, t = PI - d;
        const double h = 1 - log(sine / t) - t * cotangent;
        const double slope = (1 / t - 2 * cotangent + t / (sine * sine)) * d * d; /* dh / du */
        const double change = (h - l) / slope;
        u -= change;
        if (fabs(change) < 1e-15 * u) break;
    }
    return 1 / u;
}

static double triangular_cdf(double x) {
    const double l = 1 - log(x * x / 2);
    if (!(l > 0)) return 1;
    const double z = sqrt(2 * l / (2 * l + 6));
    if (z < GUESS[GUESS_PIECES - 1].end) {
        const double t = refine_angle(guess_angle(z), l), sine = sin(t);
        return t < 1e-3 ? 1 - t * t * t / (3 * PI) : 1 - t / PI + sine * sine / (PI * t);
    }
    const double d = far_distance(isfinite(l) ? l : 1 - 2 * log(x) + log(2)), sine = sin(d);
    return d / PI + sine * sine / (PI * (PI - d));
}

double spt_law_cdf(enum spt_law_kind kind, double x) {
    if (isnan(x)) return x;
    if (x <= 0) return 0;
    if (x >= spt_law_edge(kind)) return 1;
    return kind == SPT_LAW_QUARTER_CIRCLE ? quarter_circle_cdf(x) : triangular_cdf(x);
}
