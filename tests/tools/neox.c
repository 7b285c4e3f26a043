#include "neox.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void neox_die(const char *what) {
    perror(what);
    exit(1);
}

/* Round to nearest; numbers of this file are normal halves or 0. */
static uint16_t half_of(double value) {
    int exponent;
    const double fraction = frexp(fabs(value), &exponent);
    if (value == 0 || exponent < -13) return 0;
    const long mantissa = lround((fraction * 2 - 1) * 1024);
    return (uint16_t)((value < 0 ? 0x8000 : 0) + ((exponent + 14) << 10) + (int)mantissa);
}

/* Independent normals (Box and Muller 1958) with the standard deviation spread; xorshift64* (Vigna 2016) draws them. */
static void fill(struct neox_model *model, double spread, uint64_t seed) {
    uint64_t random = 0x9e3779b97f4a7c15ULL ^ seed * 0xd1342543de82ef95ULL;
    if (!random) random = 1; /* the one state that is never left */
    model->noise = malloc(model->noise_count * sizeof(uint16_t));
    model->ones = malloc(model->ones_count * sizeof(uint16_t));
    if (!model->noise || !model->ones) neox_die("memory");
    for (size_t i = 0; i < model->noise_count; i++) {
        double uniform[2];
        for (size_t k = 0; k < 2; k++) {
            random ^= random >> 12;
            random ^= random << 25;
            random ^= random >> 27;
            uniform[k] = ((double)((random * 0x2545f4914f6cdd1dULL) >> 11) + 0.5) * 0x1p-53;
        }
        const double normal = sqrt(-2 * log(uniform[0])) * cos(2 * M_PI * uniform[1]);
        model->noise[i] = half_of(spread * normal);
        if (i < model->ones_count) model->ones[i] = half_of(1 + spread * normal);
    }
}

static void add(struct neox_model *model, const char *name, size_t rows, size_t columns, double centre) {
    struct neox_tensor *tensor = &model->tensors[model->count++];
    snprintf(tensor->name, sizeof(tensor->name), "%s", name);
    tensor->rows = rows;
    tensor->columns = columns;
    tensor->centre = centre;
}

static void add_layer(struct neox_model *model, size_t layer) {
    const size_t d = model->shape.hidden, wide = model->shape.intermediate;
    const struct {
        const char *name;
        size_t rows, columns;
        double centre;
    } LAYER[] = {
        {"attention.dense.bias", d, 0, 0},
        {"attention.dense.weight", d, d, 0},
        {"attention.query_key_value.bias", 3 * d, 0, 0},
        {"attention.query_key_value.weight", 3 * d, d, 0},
        {"input_layernorm.bias", d, 0, 0},
        {"input_layernorm.weight", d, 0, 1},
        {"mlp.dense_4h_to_h.bias", d, 0, 0},
        {"mlp.dense_4h_to_h.weight", d, wide, 0},
        {"mlp.dense_h_to_4h.bias", wide, 0, 0},
        {"mlp.dense_h_to_4h.weight", wide, d, 0},
        {"post_attention_layernorm.bias", d, 0, 0},
        {"post_attention_layernorm.weight", d, 0, 1},
    };
    for (size_t i = 0; i < sizeof(LAYER) / sizeof(LAYER[0]); i++) {
        char name[96];
        snprintf(name, sizeof(name), "gpt_neox.layers.%zu.%s", layer, LAYER[i].name);
        add(model, name, LAYER[i].rows, LAYER[i].columns, LAYER[i].centre);
    }
}

static uint64_t bytes_of(const struct neox_tensor *tensor) {
    return (uint64_t)tensor->rows * (tensor->columns ? tensor->columns : 1) * sizeof(uint16_t);
}

static void lay_out(struct neox_model *model, double shard_bytes) {
    add(model, "gpt_neox.embed_in.weight", model->shape.vocabulary, model->shape.hidden, 0);
    for (size_t l = 0; l < model->shape.layers; l++) add_layer(model, l);
    add(model, "gpt_neox.final_layer_norm.bias", model->shape.hidden, 0, 0);
    add(model, "gpt_neox.final_layer_norm.weight", model->shape.hidden, 0, 1);
    add(model, "embed_out.weight", model->shape.vocabulary, model->shape.hidden, 0);
    double filled = 0;
    for (size_t i = 0; i < model->count; i++) {
        const double bytes = (double)bytes_of(&model->tensors[i]);
        if (filled > 0 && filled + bytes > shard_bytes) {
            model->shards++;
            filled = 0;
        }
        model->tensors[i].shard = model->shards;
        filled += bytes;
    }
    model->shards++;
}

void neox_shard_name(const struct neox_model *model, size_t shard, char name[64]) {
    if (model->shards == 1)
        strcpy(name, "model.safetensors");
    else
        snprintf(name, 64, "model-%05zu-of-%05zu.safetensors", shard + 1, model->shards);
}

static void write_values(FILE *file, const struct neox_model *model, size_t index) {
    const struct neox_tensor *tensor = &model->tensors[index];
    const uint16_t *values = tensor->centre > 0 ? model->ones : model->noise;
    const size_t size = tensor->centre > 0 ? model->ones_count : model->noise_count;
    size_t left = bytes_of(tensor) / sizeof(uint16_t), at = index * 40503 % size; /* no two start at one place */
    while (left) {
        const size_t run = size - at < left ? size - at : left;
        if (fwrite(values + at, sizeof(uint16_t), run, file) != run) neox_die("write");
        left -= run;
        at = 0;
    }
}

void neox_put_shard(const struct neox_model *model, size_t shard, FILE *file) {
    char *header = malloc(NEOX_MOST_TENSORS * 256);
    if (!header) neox_die("memory");
    size_t length = 0;
    uint64_t offset = 0;
    for (size_t i = 0; i < model->count; i++) {
        const struct neox_tensor *t = &model->tensors[i];
        if (t->shard != shard) continue;
        length += (size_t)sprintf(header + length, "%c\"%s\":{\"dtype\":\"F16\",\"shape\":[%zu", length ? ',' : '{',
                                  t->name, t->rows);
        if (t->columns) length += (size_t)sprintf(header + length, ",%zu", t->columns);
        length += (size_t)sprintf(header + length, "],\"data_offsets\":[%" PRIu64 ",%" PRIu64 "]}", offset,
                                  offset + bytes_of(t));
        offset += bytes_of(t);
    }
    header[length++] = '}';
    while (length % 8) header[length++] = ' ';
    const uint64_t stored = length;
    if (fwrite(&stored, sizeof(stored), 1, file) != 1 || fwrite(header, 1, length, file) != length) neox_die("write");
    for (size_t i = 0; i < model->count; i++)
        if (model->tensors[i].shard == shard) write_values(file, model, i);
    free(header);
}

void neox_put_index(const struct neox_model *model, FILE *file) {
    uint64_t total = 0;
    for (size_t i = 0; i < model->count; i++) total += bytes_of(&model->tensors[i]);
    fprintf(file, "{\"metadata\": {\"total_size\": %" PRIu64 "}, \"weight_map\": {", total);
    for (size_t i = 0; i < model->count; i++) {
        char name[64];
        neox_shard_name(model, model->tensors[i].shard, name);
        fprintf(file, "%s\n  \"%s\": \"%s\"", i ? "," : "", model->tensors[i].name, name);
    }
    fprintf(file, "\n}}\n");
}

void neox_put_config(const struct neox_model *model, FILE *file) {
    const struct neox_shape *s = &model->shape;
    fprintf(file,
            "{\n  \"architectures\": [\"GPTNeoXForCausalLM\"],\n  \"hidden_act\": \"gelu\",\n  \"hidden_size\": %zu,\n"
            "  \"intermediate_size\": %zu,\n  \"layer_norm_eps\": 1e-05,\n  \"max_position_embeddings\": 2048,\n"
            "  \"model_type\": \"gpt_neox\",\n  \"num_attention_heads\": %zu,\n  \"num_hidden_layers\": %zu,\n"
            "  \"rotary_emb_base\": 10000,\n  \"rotary_pct\": 0.25,\n  \"tie_word_embeddings\": false,\n"
            "  \"torch_dtype\": \"float16\",\n  \"use_parallel_residual\": true,\n  \"vocab_size\": %zu\n}\n",
            s->hidden, s->intermediate, s->heads, s->layers, s->vocabulary);
}

void neox_init(struct neox_model *model, const struct neox_shape *shape, double shard_bytes, size_t block,
               double spread, uint64_t seed) {
    *model = (struct neox_model){.shape = *shape, .noise_count = block, .ones_count = block / 64};
    fill(model, spread, seed);
    lay_out(model, shard_bytes);
}

void neox_release(struct neox_model *model) {
    free(model->noise);
    free(model->ones);
}
