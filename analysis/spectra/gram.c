#include "analysis/spectra/gram.h"

#include <cblas.h>

#define SIDE  256 /* of a tile */
#define DEPTH 384 /* of one product */
#define BAND  512 /* columns whose means are one task */

static size_t smaller(size_t a, size_t b) {
    return a < b ? a : b;
}

struct job {
    const struct spt_team *team;
    const struct spt_matrix_rows *w;
    const double *mean;
    double *gram;
    size_t order, depth, tiles;
    bool of_rows; /* W W^T */
};

static size_t row_at(const struct spt_matrix_rows *w, size_t i) {
    return w->first + i / w->run * w->stride + i % w->run;
}

/* count numbers from number at of the stored tensor on, as double. */
static void convert(const struct spt_matrix *matrix, size_t at, size_t count, double *to, float *narrow) {
    const unsigned char *from = (const unsigned char *)matrix->data + at * spt_dtype_size(matrix->dtype);
    spt_numbers_to_f32(matrix->dtype, from, count, narrow);
    for (size_t i = 0; i < count; i++) to[i] = (double)narrow[i];
}

/* Rows [row, + rows), columns [column, + columns), a line of the tensor after the other, which are rows or columns. */
static void cut(const struct job *job, size_t row, size_t rows, size_t column, size_t columns, double *to,
                float *narrow) {
    const struct spt_matrix_rows *w = job->w;
    const struct spt_matrix *matrix = &w->matrix;
    for (size_t i = 0; !matrix->transposed && i < rows; i++) {
        double *line = to + i * columns;
        convert(matrix, row_at(w, row + i) * matrix->columns + column, columns, line, narrow);
        for (size_t j = 0; job->mean && j < columns; j++) line[j] -= job->mean[column + j];
    }
    for (size_t j = 0; matrix->transposed && j < columns; j++)
        for (size_t i = 0, run; i < rows; i += run) {
            run = smaller(rows - i, w->run - (row + i) % w->run);
            convert(matrix, (column + j) * matrix->rows + row_at(w, row + i), run, to + j * rows + i, narrow);
        }
}

/* The strip of the matrix that rows [at, + count) of the result are made of, [from, + depth) of the other side. */
static void strip(const struct job *job, size_t at, size_t count, size_t from, size_t depth, double *to,
                  float *narrow) {
    if (job->of_rows)
        cut(job, at, count, from, depth, to, narrow);
    else
        cut(job, from, depth, at, count, to, narrow);
}

static void multiply(const struct job *job, size_t i, size_t rows, size_t j, size_t columns, void *scratch) {
    double *left = scratch, *right = left + SIDE * DEPTH, *to = job->gram + i * job->order + j;
    float *narrow = (float *)(right + SIDE * DEPTH);
    const bool along = job->of_rows != job->w->matrix.transposed; /* a strip holds its lines one after the other */
    const blasint order = (blasint)job->order, m = (blasint)rows, n = (blasint)columns;
    for (size_t k = 0; k < job->depth; k += DEPTH) {
        const size_t depth = smaller(DEPTH, job->depth - k);
        const blasint d = (blasint)depth;
        strip(job, i, rows, k, depth, left, narrow);
        if (i == j) {
            cblas_dsyrk(CblasRowMajor, CblasUpper, along ? CblasNoTrans : CblasTrans, m, d, 1, left, along ? d : m,
                        k ? 1 : 0, to, order);
            continue;
        }
        strip(job, j, columns, k, depth, right, narrow);
        cblas_dgemm(CblasRowMajor, along ? CblasNoTrans : CblasTrans, along ? CblasTrans : CblasNoTrans, m, n, d, 1,
                    left, along ? d : m, right, along ? d : n, k ? 1 : 0, to, order);
    }
}

/* Tiles of the upper triangle, row by row. */
static enum spt_status tile(void *context, size_t task, size_t thread, struct spt_error *error) {
    const struct job *job = context;
    size_t i = 0;
    (void)error;
    for (size_t left = job->tiles; task >= left; left--, i++) task -= left;
    const size_t row = i * SIDE, column = (i + task) * SIDE;
    multiply(job, row, smaller(SIDE, job->order - row), column, smaller(SIDE, job->order - column),
             spt_team_scratch(job->team, thread));
    return SPT_OK;
}

size_t spt_gram_scratch(void) {
    return 2 * SIDE * DEPTH * sizeof(double) + (SIDE > DEPTH ? SIDE : DEPTH) * sizeof(float);
}

enum spt_status spt_gram_of(const struct spt_team *team, const struct spt_matrix_rows *w, const double *mean,
                            double *gram, struct spt_error *error) {
    const size_t rows = w->rows, columns = w->matrix.columns;
    struct job job = {.team = team, .w = w, .mean = mean, .gram = gram, .of_rows = rows <= columns};
    job.order = job.of_rows ? rows : columns;
    job.depth = job.of_rows ? columns : rows;
    job.tiles = (job.order + SIDE - 1) / SIDE;
    return spt_team_run(team, job.tiles * (job.tiles + 1) / 2, tile, &job, error);
}

struct means {
    const float *x; /* [rows, columns] */
    size_t rows, columns;
    double *mean;
};

static enum spt_status means_of_band(void *context, size_t task, size_t thread, struct spt_error *error) {
    const struct means *m = context;
    const size_t first = task * BAND, count = smaller(BAND, m->columns - first);
    double *mean = m->mean + first;
    (void)thread;
    (void)error;
    for (size_t j = 0; j < count; j++) mean[j] = 0;
    for (size_t i = 0; i < m->rows; i++)
        for (size_t j = 0; j < count; j++) mean[j] += (double)m->x[i * m->columns + first + j];
    for (size_t j = 0; j < count; j++) mean[j] /= (double)m->rows;
    return SPT_OK;
}

enum spt_status spt_column_means(const struct spt_team *team, const float *x, size_t rows, size_t columns, double *mean,
                                 struct spt_error *error) {
    struct means means = {x, rows, columns, mean};
    return spt_team_run(team, (columns + BAND - 1) / BAND, means_of_band, &means, error);
}
