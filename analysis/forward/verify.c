#include "analysis/forward/verify.h"

#include "checkpoints/base/memory.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_BYTES 96

/* The reference in memory, and the largest errors so far. Every (sample, layer, head) has a place of its own for its
 * largest error, so that threads need no lock; the largest of all is looked for at the end. */
struct comparison {
    struct spt_checkpoint *reference;
    const struct spt_model_config *config;
    size_t samples;
    int32_t *ids;
    size_t *offset;    /* [samples + 1] */
    float **attention; /* [samples, layers] each [heads, n, n] */
    float **hidden;    /* [samples, layers + 1] each [n, hidden] */
    double *loss;      /* [samples] of the reference; NAN for n = 1 */
    struct worst {
        double error;
        size_t row, column;
    } * worst_attention;        /* [samples, layers, heads] */
    struct worst *worst_hidden; /* [samples, layers + 1] */
};

/* NaN meets NaN: no difference. */
static double difference(double a, double b) {
    if (isnan(a) && isnan(b)) return 0;
    if (a == b) return 0;
    const double d = fabs(a - b);
    return isnan(d) ? INFINITY : d;
}

static enum spt_status find(const struct comparison *c, const char *name, const size_t *shape, size_t rank,
                            const struct spt_tensor **tensor, struct spt_error *error) {
    const char *path = spt_checkpoint_file(c->reference, 0);
    const struct spt_tensor *t = spt_checkpoint_find(c->reference, name);
    if (!t) return spt_fail(error, SPT_INVALID, path, "tensor %s is missing", name);
    if (!spt_dtype_is_float(t->dtype))
        return spt_fail(error, SPT_INVALID, path, "tensor %s is stored as %s; expected a float format", name,
                        t->dtype_name);
    bool same = t->rank == rank;
    for (size_t i = 0; i < rank && same; i++) same = t->shape[i] == shape[i];
    *tensor = t;
    if (same) return SPT_OK;
    char found[256] = "", wanted[256] = "";
    for (size_t i = 0, at = 0; i < t->rank && at < sizeof(found); i++)
        at += (size_t)snprintf(found + at, sizeof(found) - at, "%s%zu", i ? ", " : "", t->shape[i]);
    for (size_t i = 0, at = 0; i < rank && at < sizeof(wanted); i++)
        at += (size_t)snprintf(wanted + at, sizeof(wanted) - at, "%s%zu", i ? ", " : "", shape[i]);
    return spt_fail(error, SPT_INVALID, path, "tensor %s is [%s]; expected [%s]", name, found, wanted);
}

static enum spt_status read_floats(const struct comparison *c, const char *name, const size_t *shape, size_t rank,
                                   float **out, struct spt_error *error) {
    const struct spt_tensor *tensor;
    const enum spt_status status = find(c, name, shape, rank, &tensor, error);
    if (status != SPT_OK) return status;
    *out = spt_alloc(tensor->count, sizeof(float));
    if (!*out) return spt_fail_memory(error, tensor->count * sizeof(float), name);
    return spt_checkpoint_read_f32(c->reference, tensor, *out, error);
}

static enum spt_status read_loss(const struct comparison *c, size_t sample, double *loss, struct spt_error *error) {
    char name[NAME_MAX_BYTES];
    snprintf(name, sizeof(name), "loss_%zu", sample);
    const struct spt_tensor *tensor = spt_checkpoint_find(c->reference, name);
    if (tensor && tensor->count != 1)
        return spt_fail(error, SPT_INVALID, spt_checkpoint_file(c->reference, 0),
                        "tensor %s has %zu numbers; expected 1", name, tensor->count);
    enum spt_status status = SPT_OK;
    if (!tensor || tensor->dtype != SPT_F64) {
        float narrow = 0;
        status = find(c, name, tensor ? tensor->shape : NULL, tensor ? tensor->rank : 0, &tensor, error);
        if (status == SPT_OK) status = spt_checkpoint_read_f32(c->reference, tensor, &narrow, error);
        *loss = (double)narrow;
        return status;
    }
    return spt_checkpoint_read(c->reference, tensor, 0, 1, loss, error);
}

static const struct spt_tensor *find_ids(const struct comparison *c, size_t sample) {
    char name[NAME_MAX_BYTES];
    snprintf(name, sizeof(name), "ids_%zu", sample);
    return spt_checkpoint_find(c->reference, name);
}

static enum spt_status read_ids(const struct comparison *c, size_t sample, int32_t *out, struct spt_error *error) {
    const struct spt_tensor *tensor = find_ids(c, sample);
    if (tensor->dtype == SPT_I32) return spt_checkpoint_read(c->reference, tensor, 0, tensor->count, out, error);
    int64_t *wide = spt_alloc(tensor->count, sizeof(*wide));
    if (!wide) return spt_fail_memory(error, tensor->count * sizeof(*wide), tensor->name);
    const enum spt_status status = spt_checkpoint_read(c->reference, tensor, 0, tensor->count, wide, error);
    for (size_t i = 0; i < tensor->count && status == SPT_OK; i++)
        out[i] = wide[i] < 0 || wide[i] > INT32_MAX ? -1 : (int32_t)wide[i];
    free(wide);
    return status;
}

static enum spt_status read_all_ids(struct comparison *c, struct spt_error *error) {
    const char *path = spt_checkpoint_file(c->reference, 0);
    const struct spt_tensor *tensor;
    size_t tokens = 0;
    for (; (tensor = find_ids(c, c->samples)); c->samples++) {
        if (tensor->rank != 1 || !tensor->count || (tensor->dtype != SPT_I32 && tensor->dtype != SPT_I64))
            return spt_fail(
                error, SPT_INVALID, path,
                "tensor %s is %s of rank %zu with %zu numbers; expected I32 or I64 of rank 1, one number at least",
                tensor->name, tensor->dtype_name, tensor->rank, tensor->count);
        tokens += tensor->count;
    }
    if (!c->samples)
        return spt_fail(error, SPT_INVALID, path, "tensor ids_0 is missing: this is no reference of a forward pass");
    c->ids = spt_alloc(tokens, sizeof(int32_t));
    c->offset = spt_alloc(c->samples + 1, sizeof(size_t));
    if (!c->ids || !c->offset) return spt_fail_memory(error, tokens * sizeof(int32_t), "token ids");
    c->offset[0] = 0;
    for (size_t i = 0; i < c->samples; i++) {
        const enum spt_status status = read_ids(c, i, c->ids + c->offset[i], error);
        if (status != SPT_OK) return status;
        c->offset[i + 1] = c->offset[i] + find_ids(c, i)->count;
    }
    return SPT_OK;
}

static enum spt_status read_sample(struct comparison *c, size_t sample, struct spt_error *error) {
    const size_t layers = c->config->layers, n = c->offset[sample + 1] - c->offset[sample];
    const size_t matrix[] = {c->config->heads, n, n}, stream[] = {n, c->config->hidden};
    char name[NAME_MAX_BYTES];
    for (size_t l = 0; l <= layers; l++) {
        enum spt_status status = SPT_OK;
        snprintf(name, sizeof(name), "attn_%zu_%zu", sample, l);
        if (l < layers) status = read_floats(c, name, matrix, 3, &c->attention[sample * layers + l], error);
        snprintf(name, sizeof(name), "hidden_%zu_%zu", sample, l);
        if (status == SPT_OK) status = read_floats(c, name, stream, 2, &c->hidden[sample * (layers + 1) + l], error);
        if (status != SPT_OK) return status;
    }
    c->loss[sample] = NAN;
    return n > 1 && !c->config->bidirectional ? read_loss(c, sample, &c->loss[sample], error) : SPT_OK;
}

static enum spt_status read_reference(struct comparison *c, struct spt_error *error) {
    enum spt_status status = read_all_ids(c, error);
    if (status != SPT_OK) return status;
    /* A reference of more layers than it has tensors is refused before tables of that size are made. */
    const size_t layers = c->config->layers;
    if (layers > spt_checkpoint_tensor_count(c->reference))
        return spt_fail(error, SPT_INVALID, spt_checkpoint_file(c->reference, 0), "tensor attn_0_%zu is missing",
                        layers - 1);
    c->attention = spt_alloc_zeroed(c->samples * layers, sizeof(float *));
    c->hidden = spt_alloc_zeroed(c->samples * (layers + 1), sizeof(float *));
    c->loss = spt_alloc_zeroed(c->samples, sizeof(double));
    c->worst_attention = spt_alloc_zeroed(c->samples * layers, c->config->heads * sizeof(struct worst));
    c->worst_hidden = spt_alloc_zeroed(c->samples * (layers + 1), sizeof(struct worst));
    if (!c->attention || !c->hidden || !c->loss || !c->worst_attention || !c->worst_hidden)
        return spt_fail_memory(error, c->samples * layers * c->config->heads * sizeof(struct worst), "the comparison");
    for (size_t i = 0; i < c->samples && status == SPT_OK; i++) status = read_sample(c, i, error);
    return status;
}

/* Largest difference of two [rows, columns]; the first of equal ones. */
static struct worst compare(const float *a, const float *b, size_t rows, size_t columns) {
    struct worst worst = {0};
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++) {
            const double d = difference((double)a[i * columns + j], (double)b[i * columns + j]);
            if (d > worst.error) worst = (struct worst){.error = d, .row = i, .column = j};
        }
    return worst;
}

static double largest(const float *x, size_t count) {
    double most = 0;
    for (size_t i = 0; i < count; i++)
        if (fabs((double)x[i]) > most) most = fabs((double)x[i]);
    return most;
}

static enum spt_status see_attention(void *context, const struct spt_attention *seen, struct spt_error *error) {
    struct comparison *c = context;
    const size_t at = seen->sample * c->config->layers + seen->layer, n = seen->n;
    for (size_t h = 0; h < seen->heads; h++)
        c->worst_attention[at * c->config->heads + seen->first_head + h] =
            compare(seen->attention + h * n * n, c->attention[at] + (seen->first_head + h) * n * n, n, n);
    (void)error;
    return SPT_OK;
}

static enum spt_status see_hidden(void *context, size_t stage, const float *x, struct spt_error *error) {
    struct comparison *c = context;
    const size_t layers = c->config->layers, d = c->config->hidden;
    (void)error;
    if (stage == layers) return SPT_OK; /* the reference has the last layer only after the final norm */
    const size_t layer = stage > layers ? layers : stage;
    for (size_t s = 0; s < c->samples; s++) {
        const size_t n = c->offset[s + 1] - c->offset[s], at = s * (layers + 1) + layer;
        const double scale = largest(c->hidden[at], n * d);
        struct worst worst = compare(x + c->offset[s] * d, c->hidden[at], n, d);
        if (worst.error > 0 && scale > 0) worst.error /= scale;
        c->worst_hidden[at] = worst;
    }
    return SPT_OK;
}

static void collect(const struct comparison *c, const double *loss, struct spt_verify_errors *errors) {
    const size_t layers = c->config->layers, heads = c->config->heads;
    *errors = (struct spt_verify_errors){.samples = c->samples};
    for (size_t i = 0; i < c->samples * layers * heads; i++) {
        const struct worst *w = &c->worst_attention[i];
        if (!(w->error > errors->attention)) continue;
        errors->attention = w->error;
        errors->attention_at = (struct spt_verify_place){.sample = i / heads / layers,
                                                         .layer = i / heads % layers,
                                                         .head = i % heads,
                                                         .row = w->row,
                                                         .column = w->column};
    }
    for (size_t i = 0; i < c->samples * (layers + 1); i++) {
        const struct worst *w = &c->worst_hidden[i];
        if (!(w->error > errors->hidden)) continue;
        errors->hidden = w->error;
        errors->hidden_at = (struct spt_verify_place){
            .sample = i / (layers + 1), .layer = i % (layers + 1), .row = w->row, .column = w->column};
    }
    for (size_t s = 0; s < c->samples; s++) {
        if (c->offset[s + 1] - c->offset[s] > 1) errors->has_loss = !c->config->bidirectional;
        const double d = difference(loss[s], c->loss[s]);
        if (!(d > errors->loss)) continue;
        errors->loss = d;
        errors->loss_sample = s;
    }
}

static enum spt_status run(struct comparison *c, struct spt_checkpoint *checkpoint,
                           const struct spt_forward_options *options, struct spt_verify_errors *errors,
                           struct spt_error *error) {
    struct spt_probe probe = {
        .samples = c->samples, .tokens = c->offset[c->samples], .ids = c->ids, .offset = c->offset};
    for (size_t s = 0; s < c->samples; s++) {
        const size_t n = c->offset[s + 1] - c->offset[s];
        if (n > probe.longest) probe.longest = n;
    }
    double *loss = spt_alloc(c->samples, sizeof(double));
    if (!loss) return spt_fail_memory(error, c->samples * sizeof(double), "losses");
    const struct spt_forward_observer observer = {.context = c, .attention = see_attention, .hidden = see_hidden};
    const struct spt_forward_output output = {.loss = loss};
    const enum spt_status status = spt_forward_run(checkpoint, c->config, &probe, options, &observer, &output, error);
    if (status == SPT_OK) collect(c, loss, errors);
    free(loss);
    return status;
}

static void release(struct comparison *c) {
    for (size_t i = 0; c->attention && i < c->samples * c->config->layers; i++) free(c->attention[i]);
    for (size_t i = 0; c->hidden && i < c->samples * (c->config->layers + 1); i++) free(c->hidden[i]);
    free(c->attention);
    free(c->hidden);
    free(c->ids);
    free(c->offset);
    free(c->loss);
    free(c->worst_attention);
    free(c->worst_hidden);
}

enum spt_status spt_forward_verify(struct spt_checkpoint *checkpoint, const struct spt_model_config *config,
                                   struct spt_checkpoint *reference, const struct spt_forward_options *options,
                                   struct spt_verify_errors *errors, struct spt_error *error) {
    struct comparison comparison = {.reference = reference, .config = config};
    struct spt_forward_options with_loss = {0};
    if (options) with_loss = *options;
    with_loss.no_loss = false;
    enum spt_status status = read_reference(&comparison, error);
    if (status == SPT_OK) status = run(&comparison, checkpoint, &with_loss, errors, error);
    release(&comparison);
    return status;
}
