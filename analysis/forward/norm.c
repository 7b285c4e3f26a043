#include "analysis/forward/norm.h"

#include "analysis/forward/vector.h"

#include <math.h>

#define ROWS_OF_A_TASK 32
#define LANES          8 /* partial sums, on any machine: the order of additions is part of the result */

static double sum_lanes(const double lane[LANES]) {
    return ((lane[0] + lane[4]) + (lane[2] + lane[6])) + ((lane[1] + lane[5]) + (lane[3] + lane[7]));
}

SPT_VECTOR static double sum_of(const float *x, size_t d) {
    double lane[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= d; i += LANES)
        for (size_t k = 0; k < LANES; k++) lane[k] += (double)x[i + k];
    for (size_t k = 0; i < d; i++, k++) lane[k] += (double)x[i];
    return sum_lanes(lane);
}

SPT_VECTOR static double sum_of_squares(const float *x, size_t d, double mean) {
    double lane[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= d; i += LANES)
        for (size_t k = 0; k < LANES; k++) {
            const double c = (double)x[i + k] - mean;
            lane[k] += c * c;
        }
    for (size_t k = 0; i < d; i++, k++) lane[k] += ((double)x[i] - mean) * ((double)x[i] - mean);
    return sum_lanes(lane);
}

SPT_VECTOR static void scale(const float *x, size_t d, float mean, float factor, float *y) {
    for (size_t i = 0; i < d; i++) y[i] = (x[i] - mean) * factor;
}

SPT_VECTOR static void multiply(float *y, const float *weight, size_t d) {
    for (size_t i = 0; i < d; i++) y[i] *= weight[i];
}

SPT_VECTOR static void add(float *y, const float *bias, size_t d) {
    for (size_t i = 0; i < d; i++) y[i] += bias[i];
}

SPT_VECTOR static void multiply_plus_one(float *y, const float *weight, size_t d) {
    for (size_t i = 0; i < d; i++) y[i] *= 1.0f + weight[i];
}

struct job {
    const struct spt_norm *norm;
};

static void normalise(const struct spt_norm *norm, size_t row) {
    const size_t d = norm->d;
    const float *x = norm->x + row * d;
    float *y = norm->y + row * d;
    const double mean = norm->kind == SPT_NORM_LAYER ? sum_of(x, d) / (double)d : 0;
    const double variance = sum_of_squares(x, d, mean) / (double)d;
    scale(x, d, (float)mean, (float)(1 / sqrt(variance + norm->epsilon)), y);
    if (norm->weight) (norm->kind == SPT_NORM_RMS_PLUS_ONE ? multiply_plus_one : multiply)(y, norm->weight, d);
    if (norm->bias) add(y, norm->bias, d);
}

static enum spt_status run_rows(void *context, size_t task, size_t thread, struct spt_error *error) {
    const struct spt_norm *norm = ((const struct job *)context)->norm;
    const size_t first = task * ROWS_OF_A_TASK;
    for (size_t i = first; i < first + ROWS_OF_A_TASK && i < norm->rows; i++) normalise(norm, i);
    (void)thread;
    (void)error;
    return SPT_OK;
}

enum spt_status spt_norm_run(const struct spt_team *team, const struct spt_norm *norm, struct spt_error *error) {
    struct job job = {.norm = norm};
    return spt_team_run(team, (norm->rows + ROWS_OF_A_TASK - 1) / ROWS_OF_A_TASK, run_rows, &job, error);
}
