#include "analysis/forward/gemm.h"

#include <cblas.h>

static size_t smaller(size_t a, size_t b) {
    return a < b ? a : b;
}

size_t spt_gemm_tile(size_t count, size_t most) {
    const size_t tiles = (count + most - 1) / most;
    const size_t size = tiles ? (count + tiles - 1) / tiles : 0;
    return smaller((size + 15) / 16 * 16, most);
}

/* Rows [first_row, + rows) of a matrix stored [*, width], columns [first, + columns), as float32: where they are, or
 * converted to scratch. */
static const float *corner_f32(const struct spt_matrix *w, size_t width, size_t first_row, size_t rows, size_t first,
                               size_t columns, float *scratch, size_t *stride) {
    if (w->dtype == SPT_F32) {
        *stride = width;
        return (const float *)w->data + first_row * width + first;
    }
    const size_t size = spt_dtype_size(w->dtype);
    *stride = columns;
    for (size_t i = 0; i < rows; i++) {
        const size_t at = (first_row + i) * width + first;
        spt_numbers_to_f32(w->dtype, (const unsigned char *)w->data + at * size, columns, scratch + i * columns);
    }
    return scratch;
}

/* row is the tile's first; token and y are the row's own. */
static void finish_row(const struct spt_gemm *gemm, size_t token, size_t row, size_t rows, float *y) {
    if (gemm->bias)
        for (size_t j = 0; j < rows; j++) y[j] += gemm->bias[row + j];
    if (gemm->activate) gemm->activate(y, rows);
    if (!gemm->times) return;
    const float *times = gemm->times + token * gemm->y_stride + row;
    for (size_t j = 0; j < rows; j++) y[j] *= times[j];
}

void spt_gemm_tile_run(const struct spt_gemm *gemm, size_t first_token, size_t tokens, size_t first_row, size_t rows,
                       float *y, size_t y_stride, float *scratch) {
    const struct spt_matrix *w = &gemm->weight;
    for (size_t k = 0; k < w->columns; k += SPT_GEMM_COLUMNS) {
        const size_t columns = smaller(SPT_GEMM_COLUMNS, w->columns - k);
        size_t stride;
        const float *b = w->transposed ? corner_f32(w, w->rows, k, columns, first_row, rows, scratch, &stride)
                                       : corner_f32(w, w->columns, first_row, rows, k, columns, scratch, &stride);
        cblas_sgemm(CblasRowMajor, CblasNoTrans, w->transposed ? CblasNoTrans : CblasTrans, (blasint)tokens,
                    (blasint)rows, (blasint)columns, 1.0f, gemm->x + first_token * gemm->x_stride + k,
                    (blasint)gemm->x_stride, b, (blasint)stride, k || gemm->add ? 1.0f : 0.0f, y, (blasint)y_stride);
    }
    for (size_t i = 0; i < tokens; i++) finish_row(gemm, first_token + i, first_row, rows, y + i * y_stride);
}

struct job {
    const struct spt_team *team;
    const struct spt_gemm *gemm;
    size_t token_tile, row_tile, row_tiles;
};

static enum spt_status run_tile(void *context, size_t task, size_t thread, struct spt_error *error) {
    const struct job *job = context;
    const struct spt_gemm *gemm = job->gemm;
    const size_t token = task / job->row_tiles * job->token_tile, row = task % job->row_tiles * job->row_tile;
    spt_gemm_tile_run(gemm, token, smaller(job->token_tile, gemm->tokens - token), row,
                      smaller(job->row_tile, gemm->weight.rows - row), gemm->y + token * gemm->y_stride + row,
                      gemm->y_stride, spt_team_scratch(job->team, thread));
    (void)error;
    return SPT_OK;
}

enum spt_status spt_gemm_run(const struct spt_team *team, const struct spt_gemm *gemm, struct spt_error *error) {
    if (!gemm->tokens || !gemm->weight.rows) return SPT_OK;
    struct job job = {.team = team, .gemm = gemm};
    job.token_tile = spt_gemm_tile(gemm->tokens, SPT_GEMM_TOKENS);
    job.row_tile = spt_gemm_tile(gemm->weight.rows, SPT_GEMM_ROWS);
    job.row_tiles = (gemm->weight.rows + job.row_tile - 1) / job.row_tile;
    const size_t token_tiles = (gemm->tokens + job.token_tile - 1) / job.token_tile;
    return spt_team_run(team, token_tiles * job.row_tiles, run_tile, &job, error);
}
