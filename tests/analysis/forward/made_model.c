#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/analysis/forward/made_model.h"

#include "checkpoints/base/memory.h"
#include "checkpoints/base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct made_model made_model_small(void) {
    return (struct made_model){
        .config = {.model_type = "gpt_neox",
                   .layers = 3,
                   .hidden = 16,
                   .heads = 2,
                   .head_dim = 8,
                   .intermediate = 40,
                   .vocabulary = 29,
                   .positions = 32,
                   .rotary_dim = 4,
                   .rotary_base = 10000,
                   .norm_epsilon = 1e-5,
                   .activation = SPT_GELU_ERF,
                   .parallel_residual = true,
                   .attention_bias = true,
                   .kv_heads = 2,
                   .embedding_dim = 16},
        .dtype = SPT_F32,
    };
}

struct writer {
    const struct made_model *model;
    struct spt_text header, data;
    uint64_t random;
};

/* Uniform in [-1, 1): xorshift64* (Vigna 2016). */
static double next_value(struct writer *w) {
    w->random ^= w->random >> 12;
    w->random ^= w->random << 25;
    w->random ^= w->random >> 27;
    return (double)((w->random * 0x2545f4914f6cdd1dULL) >> 11) * 0x1p-52 - 1;
}

/* Toward zero; numbers too small for a normal half become 0. */
static uint16_t half_of(double value) {
    int exponent;
    const double fraction = frexp(fabs(value), &exponent);
    if (isnan(value)) return 0x7e00;
    const uint16_t sign = value < 0 ? 0x8000 : 0;
    if (isinf(value)) return (uint16_t)(sign | 0x7c00);
    if (value == 0 || exponent < -13) return sign;
    return (uint16_t)(sign | ((exponent + 14) << 10) | (int)((fraction * 2 - 1) * 1024));
}

static void put_number(struct writer *w, double value) {
    const float narrow = (float)value;
    uint32_t bits;
    uint16_t half;
    memcpy(&bits, &narrow, sizeof(bits));
    switch (w->model->dtype) {
    case SPT_F64:
        spt_text_append(&w->data, (const char *)&value, sizeof(value));
        break;
    case SPT_F16:
        half = half_of(value);
        spt_text_append(&w->data, (const char *)&half, sizeof(half));
        break;
    case SPT_BF16:
        half = (uint16_t)(bits >> 16);
        spt_text_append(&w->data, (const char *)&half, sizeof(half));
        break;
    default:
        spt_text_append(&w->data, (const char *)&narrow, sizeof(narrow));
    }
}

static void put_tensor(struct writer *w, const char *name, size_t rows, size_t columns, double centre, double spread) {
    const struct made_model *model = w->model;
    if (model->omit && !strcmp(model->omit, name)) return;
    if (model->lengthen && !strcmp(model->lengthen, name)) rows++;
    const size_t begin = w->data.length;
    const bool poisoned = model->poison && !strcmp(model->poison, name);
    for (size_t i = 0; i < rows * (columns ? columns : 1); i++) {
        const double value = centre + spread * next_value(w);
        put_number(w, poisoned && i == 0 ? model->poison_value : value);
    }
    spt_text_format(&w->header, "%s\"%s\":{\"dtype\":\"%s\",\"shape\":[%zu", w->header.length > 1 ? "," : "", name,
                    model->integers ? "I32" : spt_dtype_name(model->dtype), rows);
    if (columns) spt_text_format(&w->header, ",%zu", columns);
    spt_text_format(&w->header, "],\"data_offsets\":[%zu,%zu]}", begin, w->data.length);
}

static void put_layer(struct writer *w, const char *prefix, size_t layer) {
    const struct spt_model_config *c = &w->model->config;
    const struct {
        const char *name;
        size_t rows, columns;
        double centre, spread;
        bool left_out;
    } TENSORS[] = {
        {"input_layernorm.weight", c->hidden, 0, 1, 0.5, false},
        {"input_layernorm.bias", c->hidden, 0, 0, 0.3, false},
        {"attention.query_key_value.weight", 3 * c->hidden, c->hidden, 0, 3.2 / sqrt((double)c->hidden), false},
        {"attention.query_key_value.bias", 3 * c->hidden, 0, 0, 0.5, !c->attention_bias},
        {"attention.dense.weight", c->hidden, c->hidden, 0, 0.4, false},
        {"attention.dense.bias", c->hidden, 0, 0, 0.3, !c->attention_bias},
        {"post_attention_layernorm.weight", c->hidden, 0, 1, 0.5, false},
        {"post_attention_layernorm.bias", c->hidden, 0, 0, 0.3, false},
        {"mlp.dense_h_to_4h.weight", c->intermediate, c->hidden, 0, 0.6, false},
        {"mlp.dense_h_to_4h.bias", c->intermediate, 0, 0, 0.3, false},
        {"mlp.dense_4h_to_h.weight", c->hidden, c->intermediate, 0, 0.3, false},
        {"mlp.dense_4h_to_h.bias", c->hidden, 0, 0, 0.3, false},
    };
    for (size_t i = 0; i < sizeof(TENSORS) / sizeof(TENSORS[0]); i++) {
        char name[128];
        snprintf(name, sizeof(name), "%slayers.%zu.%s", prefix, layer, TENSORS[i].name);
        if (!TENSORS[i].left_out)
            put_tensor(w, name, TENSORS[i].rows, TENSORS[i].columns, TENSORS[i].centre, TENSORS[i].spread);
    }
}

static void put_model(struct writer *w) {
    const struct made_model *model = w->model;
    const struct spt_model_config *c = &model->config;
    const char *prefix = model->bare ? "" : "gpt_neox.";
    const size_t rows = c->vocabulary + model->padding;
    char name[128];
    snprintf(name, sizeof(name), "%sembed_in.weight", prefix);
    put_tensor(w, name, rows, c->hidden, 0, 1);
    for (size_t l = 0; l < c->layers + model->more_layers; l++) put_layer(w, prefix, l);
    snprintf(name, sizeof(name), "%sfinal_layer_norm.weight", prefix);
    put_tensor(w, name, c->hidden, 0, 1, 0.5);
    snprintf(name, sizeof(name), "%sfinal_layer_norm.bias", prefix);
    put_tensor(w, name, c->hidden, 0, 0, 0.3);
    if (!model->bare && !c->tied_embeddings) put_tensor(w, "embed_out.weight", rows, c->hidden, 0, 1);
}

void made_model_write(const struct made_model *model, char path[MADE_PATH]) {
    struct writer w = {.model = model, .random = 88172645463325252ULL};
    spt_text_put(&w.header, "{");
    put_model(&w);
    spt_text_put(&w.header, "}");
    assert_false(w.header.failed || w.data.failed);
    strcpy(path, "/tmp/spectail-made-XXXXXX.safetensors");
    FILE *file = fdopen(mkstemps(path, (int)strlen(".safetensors")), "wb");
    assert_non_null(file);
    const uint64_t length = w.header.length;
    assert_int_equal(fwrite(&length, sizeof(length), 1, file), 1);
    assert_int_equal(fwrite(w.header.data, 1, w.header.length, file), w.header.length);
    assert_int_equal(fwrite(w.data.data, 1, w.data.length, file), w.data.length);
    assert_int_equal(fclose(file), 0);
    spt_text_release(&w.header);
    spt_text_release(&w.data);
}

struct spt_checkpoint *made_model_open(const struct made_model *model, char *path) {
    char name[MADE_PATH];
    struct spt_checkpoint *checkpoint = NULL;
    struct spt_error error = {.status = SPT_OK};
    made_model_write(model, name);
    if (spt_checkpoint_open(name, NULL, &checkpoint, &error) != SPT_OK) fail_msg("%s: %s", name, error.message);
    unlink(name);
    if (path) strcpy(path, name);
    return checkpoint;
}

void made_probe_fill(struct made_probe *made, const size_t *lengths, size_t samples, size_t vocabulary) {
    size_t tokens = 0, longest = 0;
    assert_true(samples <= 64);
    for (size_t s = 0; s < samples; s++) {
        made->offset[s] = tokens;
        tokens += lengths[s];
        if (lengths[s] > longest) longest = lengths[s];
    }
    made->offset[samples] = tokens;
    assert_true(tokens <= 4096);
    for (size_t t = 0; t < tokens; t++) made->ids[t] = (int32_t)((t * t * 7 + t * 3 + 5) % vocabulary);
    made->probe = (struct spt_probe){
        .samples = samples, .tokens = tokens, .longest = longest, .ids = made->ids, .offset = made->offset};
}

static float *tensor_of(struct spt_checkpoint *checkpoint, const struct made_model *model, size_t layer,
                        const char *name) {
    char full[128];
    snprintf(full, sizeof(full), layer < SIZE_MAX ? "%slayers.%zu." : "%s", model->bare ? "" : "gpt_neox.", layer);
    strcat(full, name);
    const struct spt_tensor *tensor = spt_checkpoint_find(checkpoint, name);
    if (!tensor) tensor = spt_checkpoint_find(checkpoint, full);
    if (!tensor) fail_msg("no tensor %s", full);
    float *data = spt_alloc(tensor->count, sizeof(float));
    assert_int_equal(spt_checkpoint_read_f32(checkpoint, tensor, data, NULL), SPT_OK);
    return data;
}

/* out [rows] = w [rows, columns] x + b */
static void plain_linear(const float *w, const float *b, size_t rows, size_t columns, const double *x, double *out) {
    for (size_t i = 0; i < rows; i++) {
        out[i] = b ? (double)b[i] : 0;
        for (size_t j = 0; j < columns; j++) out[i] += (double)w[i * columns + j] * x[j];
    }
}

static void plain_norm(const float *w, const float *b, size_t d, double epsilon, const double *x, double *out) {
    double mean = 0, variance = 0;
    for (size_t i = 0; i < d; i++) mean += x[i] / (double)d;
    for (size_t i = 0; i < d; i++) variance += (x[i] - mean) * (x[i] - mean) / (double)d;
    for (size_t i = 0; i < d; i++) out[i] = (x[i] - mean) / sqrt(variance + epsilon) * (double)w[i] + (double)b[i];
}

static double plain_activation(enum spt_activation activation, double x) {
    switch (activation) {
    case SPT_GELU_ERF:
        return x * 0.5 * (1 + erf(x / sqrt(2)));
    case SPT_GELU_TANH:
        return x * 0.5 * (1 + tanh(0.79788456080286535588 * (x + 0.044715 * x * x * x)));
    case SPT_RELU:
        return x > 0 ? x : 0;
    case SPT_SILU:
        break;
    }
    return x / (1 + exp(-x));
}

static void plain_rotate(const struct spt_model_config *c, size_t position, double *x) {
    const size_t half = c->rotary_dim / 2;
    for (size_t i = 0; i < half; i++) {
        const double angle = (double)position * pow(c->rotary_base, -2.0 * (double)i / (double)c->rotary_dim);
        const double a = x[i], b = x[i + half];
        x[i] = a * cos(angle) - b * sin(angle);
        x[i + half] = b * cos(angle) + a * sin(angle);
    }
}

/* qkv [n, 3 d] rotated in place; attention [heads, n, n], max_logit [heads], context [n, d] out. */
static void plain_attention(const struct spt_model_config *c, size_t n, double *qkv, double *attention,
                            double *max_logit, double *context) {
    const size_t d = c->hidden, e = c->head_dim;
    memset(attention, 0, c->heads * n * n * sizeof(double));
    memset(context, 0, n * d * sizeof(double));
    for (size_t h = 0; h < c->heads; h++) {
        max_logit[h] = -INFINITY;
        for (size_t t = 0; t < n; t++) {
            plain_rotate(c, t, qkv + t * 3 * d + h * 3 * e);
            plain_rotate(c, t, qkv + t * 3 * d + h * 3 * e + e);
        }
        for (size_t i = 0; i < n; i++) {
            double *row = attention + (h * n + i) * n, sum = 0, most = -INFINITY;
            for (size_t k = 0; k <= i; k++) {
                for (size_t j = 0; j < e; j++)
                    row[k] += qkv[i * 3 * d + h * 3 * e + j] * qkv[k * 3 * d + h * 3 * e + e + j] / sqrt((double)e);
                most = fmax(most, row[k]);
            }
            max_logit[h] = fmax(max_logit[h], most);
            for (size_t k = 0; k <= i; k++) sum += row[k] = exp(row[k] - most);
            for (size_t k = 0; k <= i; k++) {
                row[k] /= sum;
                for (size_t j = 0; j < e; j++)
                    context[i * d + h * e + j] += row[k] * qkv[k * 3 * d + h * 3 * e + 2 * e + j];
            }
        }
    }
}

static void plain_layer(struct spt_checkpoint *checkpoint, const struct made_model *model, size_t layer, size_t n,
                        double *x, double *attention, double *max_logit) {
    const struct spt_model_config *c = &model->config;
    const size_t d = c->hidden;
    static const char *const NAMES[] = {"input_layernorm.weight",           "input_layernorm.bias",
                                        "attention.query_key_value.weight", "attention.dense.weight",
                                        "post_attention_layernorm.weight",  "post_attention_layernorm.bias",
                                        "mlp.dense_h_to_4h.weight",         "mlp.dense_h_to_4h.bias",
                                        "mlp.dense_4h_to_h.weight",         "mlp.dense_4h_to_h.bias",
                                        "attention.query_key_value.bias",   "attention.dense.bias"};
    float *w[12] = {NULL};
    for (size_t i = 0; i < (c->attention_bias ? 12 : 10); i++) w[i] = tensor_of(checkpoint, model, layer, NAMES[i]);
    double *normed = spt_alloc(d, sizeof(double)), *qkv = spt_alloc(n * 3 * d, sizeof(double));
    double *context = spt_alloc(n * d, sizeof(double)), *wide = spt_alloc(c->intermediate, sizeof(double));
    double *attended = spt_alloc(d, sizeof(double)), *out = spt_alloc(d, sizeof(double));
    for (size_t t = 0; t < n; t++) {
        plain_norm(w[0], w[1], d, c->norm_epsilon, x + t * d, normed);
        plain_linear(w[2], w[10], 3 * d, d, normed, qkv + t * 3 * d);
    }
    plain_attention(c, n, qkv, attention, max_logit, context);
    for (size_t t = 0; t < n; t++) {
        plain_linear(w[3], w[11], d, d, context + t * d, attended);
        if (!c->parallel_residual)
            for (size_t i = 0; i < d; i++) x[t * d + i] += attended[i];
        plain_norm(w[4], w[5], d, c->norm_epsilon, x + t * d, normed);
        plain_linear(w[6], w[7], c->intermediate, d, normed, wide);
        for (size_t i = 0; i < c->intermediate; i++) wide[i] = plain_activation(c->activation, wide[i]);
        plain_linear(w[8], w[9], d, c->intermediate, wide, out);
        for (size_t i = 0; i < d; i++) x[t * d + i] += out[i] + (c->parallel_residual ? attended[i] : 0);
    }
    for (size_t i = 0; i < 12; i++) free(w[i]);
    free(normed);
    free(qkv);
    free(context);
    free(wide);
    free(attended);
    free(out);
}

static double plain_loss(struct spt_checkpoint *checkpoint, const struct made_model *model, const int32_t *ids,
                         size_t n, const double *x) {
    const size_t d = model->config.hidden, rows = model->config.vocabulary + model->padding;
    float *head =
        tensor_of(checkpoint, model, SIZE_MAX, model->config.tied_embeddings ? "embed_in.weight" : "embed_out.weight");
    double *logits = spt_alloc(rows, sizeof(double)), loss = 0;
    for (size_t t = 0; t + 1 < n; t++) {
        double sum = 0;
        plain_linear(head, NULL, rows, d, x + t * d, logits);
        for (size_t i = 0; i < rows; i++) sum += exp(logits[i] - logits[ids[t + 1]]);
        loss += log(sum);
    }
    free(head);
    free(logits);
    return loss / (double)(n - 1);
}

void plain_forward(struct spt_checkpoint *checkpoint, const struct made_model *model, const int32_t *ids, size_t n,
                   struct plain_output *out) {
    const struct spt_model_config *c = &model->config;
    const size_t d = c->hidden, matrices = c->heads * n * n;
    double *x = spt_alloc(n * d, sizeof(double));
    float *embedding = tensor_of(checkpoint, model, SIZE_MAX, "embed_in.weight");
    float *weight = tensor_of(checkpoint, model, SIZE_MAX, "final_layer_norm.weight");
    float *bias = tensor_of(checkpoint, model, SIZE_MAX, "final_layer_norm.bias");
    for (size_t t = 0; t < n; t++)
        for (size_t i = 0; i < d; i++) x[t * d + i] = (double)embedding[(size_t)ids[t] * d + i];
    memcpy(out->hidden, x, n * d * sizeof(double));
    for (size_t l = 0; l < c->layers; l++) {
        plain_layer(checkpoint, model, l, n, x, out->attention + l * matrices, out->max_logit + l * c->heads);
        memcpy(out->hidden + (l + 1) * n * d, x, n * d * sizeof(double));
    }
    for (size_t t = 0; t < n; t++) plain_norm(weight, bias, d, c->norm_epsilon, x + t * d, x + t * d);
    memcpy(out->hidden + (c->layers + 1) * n * d, x, n * d * sizeof(double));
    out->loss = n > 1 ? plain_loss(checkpoint, model, ids, n, x) : NAN;
    free(embedding);
    free(weight);
    free(bias);
    free(x);
}

static enum spt_status keep_attention(void *context, const struct spt_attention *seen, struct spt_error *error) {
    struct made_record *r = context;
    const size_t square = seen->n * seen->n, samples = r->probe->samples;
    float *to = r->attention + seen->layer * r->at[samples] + r->at[seen->sample] + seen->first_head * square;
    memcpy(to, seen->attention, seen->heads * square * sizeof(float));
    memcpy(r->max_logit + (seen->layer * samples + seen->sample) * r->heads + seen->first_head, seen->max_logit,
           seen->heads * sizeof(float));
    (void)error;
    return SPT_OK;
}

static enum spt_status keep_layer(void *context, size_t layer, struct spt_error *error) {
    struct made_record *r = context;
    assert_int_equal(layer, r->layers_seen++);
    (void)error;
    return SPT_OK;
}

static enum spt_status keep_hidden(void *context, size_t stage, const float *x, struct spt_error *error) {
    struct made_record *r = context;
    const size_t count = r->probe->tokens * r->d;
    memcpy(r->hidden + stage * count, x, count * sizeof(float));
    (void)error;
    return SPT_OK;
}

void made_record_init(struct made_record *record, const struct spt_model_config *config,
                      const struct spt_probe *probe) {
    *record =
        (struct made_record){.probe = probe, .layers = config->layers, .heads = config->heads, .d = config->hidden};
    record->at = spt_alloc(probe->samples + 1, sizeof(size_t));
    record->at[0] = 0;
    for (size_t s = 0; s < probe->samples; s++) {
        const size_t n = probe->offset[s + 1] - probe->offset[s];
        record->at[s + 1] = record->at[s] + config->heads * n * n;
    }
    record->attention = spt_alloc_zeroed(config->layers * record->at[probe->samples], sizeof(float));
    record->max_logit = spt_alloc_zeroed(config->layers * probe->samples * config->heads, sizeof(float));
    record->hidden = spt_alloc_zeroed((config->layers + 2) * probe->tokens * config->hidden, sizeof(float));
    record->loss = spt_alloc_zeroed(probe->samples, sizeof(double));
    record->total = spt_alloc_zeroed(probe->samples, sizeof(double));
}

void made_record_release(struct made_record *record) {
    free(record->at);
    free(record->attention);
    free(record->max_logit);
    free(record->hidden);
    free(record->loss);
    free(record->total);
}

struct spt_forward_observer made_record_observer(struct made_record *record) {
    return (struct spt_forward_observer){
        .context = record, .attention = keep_attention, .layer = keep_layer, .hidden = keep_hidden};
}

void made_record_run(struct made_record *record, const struct made_model *model, const struct spt_probe *probe,
                     const struct spt_forward_options *options) {
    struct spt_checkpoint *checkpoint = made_model_open(model, NULL);
    made_record_init(record, &model->config, probe);
    const struct spt_forward_observer observer = made_record_observer(record);
    const struct spt_forward_output output = {.loss = record->loss, .total_loss = record->total};
    struct spt_error error = {.status = SPT_OK};
    if (spt_forward_run(checkpoint, &model->config, probe, options, &observer, &output, &error) != SPT_OK)
        fail_msg("%s", error.message);
    spt_checkpoint_close(checkpoint);
}
