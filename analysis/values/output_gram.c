#include "analysis/values/output_gram.h"

#include "checkpoints/base/memory.h"

#include <cblas.h>
#include <stdint.h>

#define ROWS 128 /* of the projection that are converted at a time */

size_t spt_output_gram_scratch(size_t dimension) {
    size_t bytes;
    return spt_multiply(dimension, ROWS * (sizeof(float) + sizeof(double)), &bytes) ? bytes : SIZE_MAX;
}

struct job {
    const struct spt_team *team;
    const struct spt_matrix *out;
    size_t dimension;
    double *gram;
};

/* lines runs of count numbers, the stored matrix's width apart, from number at on, as double. */
static void convert(const struct spt_matrix *w, size_t width, size_t at, size_t lines, size_t count, double *to,
                    float *narrow) {
    const size_t size = spt_dtype_size(w->dtype);
    for (size_t i = 0; i < lines; i++)
        spt_numbers_to_f32(w->dtype, (const unsigned char *)w->data + (at + i * width) * size, count,
                           narrow + i * count);
    for (size_t i = 0; i < lines * count; i++) to[i] = (double)narrow[i];
}

static enum spt_status one_head(void *context, size_t head, size_t thread, struct spt_error *error) {
    const struct job *job = context;
    const struct spt_matrix *w = job->out;
    const size_t d = job->dimension;
    double *block = spt_team_scratch(job->team, thread), *gram = job->gram + head * d * d;
    float *narrow = (float *)(block + ROWS * d);
    (void)error;
    for (size_t row = 0; row < w->rows; row += ROWS) {
        const size_t rows = w->rows - row < ROWS ? w->rows - row : ROWS;
        if (w->transposed)
            convert(w, w->rows, head * d * w->rows + row, d, rows, block, narrow);
        else
            convert(w, w->columns, row * w->columns + head * d, rows, d, block, narrow);
        cblas_dsyrk(CblasRowMajor, CblasUpper, w->transposed ? CblasNoTrans : CblasTrans, (blasint)d, (blasint)rows, 1,
                    block, (blasint)(w->transposed ? rows : d), row ? 1 : 0, gram, (blasint)d);
    }
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j < i; j++) gram[i * d + j] = gram[j * d + i];
    return SPT_OK;
}

enum spt_status spt_output_gram_of(const struct spt_team *team, const struct spt_matrix *out, size_t heads,
                                   double *gram, struct spt_error *error) {
    struct job job = {.team = team, .out = out, .dimension = out->columns / heads, .gram = gram};
    return spt_team_run(team, heads, one_head, &job, error);
}
