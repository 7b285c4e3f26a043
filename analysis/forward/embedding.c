#include "analysis/forward/embedding.h"

#include <math.h>

/* Bits of the significand, the leading one too. */
static int significand_bits(enum spt_dtype dtype) {
    switch (dtype) {
    case SPT_BF16:
        return 8;
    case SPT_F16:
        return 11;
    default:
        return 24;
    }
}

float spt_embedding_scale(const struct spt_family *family, const struct spt_model_config *config,
                          enum spt_dtype dtype) {
    if (!family->scaled_embedding) return 1;
    int exponent;
    const int bits = significand_bits(dtype);
    const double fraction = frexp(sqrt((double)config->hidden), &exponent);
    return (float)ldexp(rint(ldexp(fraction, bits)), exponent - bits);
}

/* Row of the learned positions for each token of a sample: counted on, or, where padding has no position, not for
 * padding tokens, which all get the row in front of the first. */
static size_t next_position(const struct spt_pass *pass, size_t token, size_t *seen) {
    const size_t offset = pass->config->position_offset;
    const bool padding = pass->family->skips_padding && (size_t)pass->probe->ids[token] + 1 == offset;
    return padding ? offset - 1 : offset + (*seen)++;
}

/* y [d] += row of m, through row_f32 [d]. */
static void add_row(const struct spt_matrix *m, size_t row, float *row_f32, float *y) {
    const size_t d = m->columns;
    spt_numbers_to_f32(m->dtype, (const unsigned char *)m->data + row * d * spt_dtype_size(m->dtype), d, row_f32);
    for (size_t i = 0; i < d; i++) y[i] += row_f32[i];
}

struct addition {
    const struct spt_pass *pass;
    const struct spt_weight *w; /* [SPT_EMBEDDING_ROLES] */
};

/* A task is one sample. */
static enum spt_status add_rows(void *context, size_t sample, size_t thread, struct spt_error *error) {
    const struct addition *a = context;
    const struct spt_pass *pass = a->pass;
    const struct spt_matrix *positions = &a->w[SPT_POSITIONS].matrix, *types = &a->w[SPT_TOKEN_TYPES].matrix;
    float *row_f32 = spt_team_scratch(pass->team, thread);
    size_t seen = 0;
    for (size_t t = pass->probe->offset[sample]; t < pass->probe->offset[sample + 1]; t++) {
        float *x = pass->x + t * pass->config->hidden;
        if (types->data) add_row(types, 0, row_f32, x);
        if (positions->data) add_row(positions, next_position(pass, t, &seen), row_f32, x);
    }
    (void)error;
    return SPT_OK;
}

enum spt_status spt_embedding_finish(const struct spt_pass *pass, const struct spt_weight *w, struct spt_error *error) {
    const size_t tokens = pass->probe->tokens, hidden = pass->config->hidden;
    enum spt_status status = SPT_OK;
    if (pass->narrow) {
        /* The projection has no bias; what stands behind it in the list is no bias of it. */
        const struct spt_weight projection[2] = {w[SPT_PROJECT_IN]};
        status = spt_pass_linear(pass, projection, tokens, pass->narrow, pass->x, error);
    }
    if (status == SPT_OK && (w[SPT_POSITIONS].matrix.data || w[SPT_TOKEN_TYPES].matrix.data)) {
        struct addition addition = {pass, w};
        status = spt_team_run(pass->team, pass->probe->samples, add_rows, &addition, error);
    }
    if (status == SPT_OK && pass->family->embeddings[SPT_EMBEDDING_NORM].name)
        status = spt_pass_norm(pass, pass->x, tokens, hidden, &w[SPT_EMBEDDING_NORM], pass->x, error);
    return status;
}
