/* Writes a made-up GPT-NeoX checkpoint with the shape of a public Pythia model and random f16 weights, as HF
 * transformers lays it out: config.json and model.safetensors, or shards and their index when there is more than a
 * shard holds.
 *
 *     make_model SHAPE DIR [SHARD_GB [LAYERS]]
 *
 * LAYERS fewer than the shape's leave peak memory and rate as they are, in less time and on less disk.
 * Memory stays below 20 MB whatever the shape. Weights are drawn from a block of 4 M values, from another place for
 * every tensor: no two tensors are the same, and writing is as fast as the disk.
 */
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define BLOCK ((size_t)4 << 20) /* values */

struct shape {
    const char *name;
    size_t layers, hidden, heads, intermediate, vocabulary;
};

/* Biderman et al. 2023, table 1; vocabularies as in the public checkpoints. */
static const struct shape SHAPES[] = {
    {"tiny", 2, 64, 4, 256, 1024},        {"70m", 6, 512, 8, 2048, 50304},      {"160m", 12, 768, 12, 3072, 50304},
    {"410m", 24, 1024, 16, 4096, 50304},  {"1b", 16, 2048, 8, 8192, 50304},     {"1.4b", 24, 2048, 16, 8192, 50304},
    {"2.8b", 32, 2560, 32, 10240, 50304}, {"6.9b", 32, 4096, 32, 16384, 50432}, {"12b", 36, 5120, 40, 20480, 50688},
};

#define SHAPE_COUNT  (sizeof(SHAPES) / sizeof(SHAPES[0]))
#define MOST_TENSORS 1024

struct tensor {
    char name[96];
    size_t rows, columns; /* columns 0: a vector */
    double centre;        /* 1 for the weights of norms */
    size_t shard;
};

struct model {
    const struct shape *shape;
    struct tensor tensors[MOST_TENSORS];
    size_t count, shards;
    uint16_t *noise, *ones; /* [BLOCK] around 0, around 1 */
    const char *directory;
};

static void die(const char *what) {
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

/* Pairs of independent normals with standard deviation 0.02 (Box and Muller 1958), as models are initialised. */
static void fill(struct model *model) {
    uint64_t random = 0x9e3779b97f4a7c15ULL;
    model->noise = malloc(BLOCK * sizeof(uint16_t));
    model->ones = malloc(BLOCK / 64 * sizeof(uint16_t));
    if (!model->noise || !model->ones) die("memory");
    for (size_t i = 0; i < BLOCK; i++) {
        double uniform[2];
        for (size_t k = 0; k < 2; k++) {
            random ^= random >> 12;
            random ^= random << 25;
            random ^= random >> 27;
            uniform[k] = ((double)((random * 0x2545f4914f6cdd1dULL) >> 11) + 0.5) * 0x1p-53;
        }
        const double normal = sqrt(-2 * log(uniform[0])) * cos(2 * M_PI * uniform[1]);
        model->noise[i] = half_of(0.02 * normal);
        if (i < BLOCK / 64) model->ones[i] = half_of(1 + 0.02 * normal);
    }
}

static void add(struct model *model, const char *name, size_t rows, size_t columns, double centre) {
    struct tensor *tensor = &model->tensors[model->count++];
    snprintf(tensor->name, sizeof(tensor->name), "%s", name);
    tensor->rows = rows;
    tensor->columns = columns;
    tensor->centre = centre;
}

static void add_layer(struct model *model, size_t layer) {
    const size_t d = model->shape->hidden, wide = model->shape->intermediate;
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

static uint64_t bytes_of(const struct tensor *tensor) {
    return (uint64_t)tensor->rows * (tensor->columns ? tensor->columns : 1) * sizeof(uint16_t);
}

static void lay_out(struct model *model, double shard_bytes) {
    add(model, "gpt_neox.embed_in.weight", model->shape->vocabulary, model->shape->hidden, 0);
    for (size_t l = 0; l < model->shape->layers; l++) add_layer(model, l);
    add(model, "gpt_neox.final_layer_norm.bias", model->shape->hidden, 0, 0);
    add(model, "gpt_neox.final_layer_norm.weight", model->shape->hidden, 0, 1);
    add(model, "embed_out.weight", model->shape->vocabulary, model->shape->hidden, 0);
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

static void shard_name(const struct model *model, size_t shard, char name[64]) {
    if (model->shards == 1)
        strcpy(name, "model.safetensors");
    else
        snprintf(name, 64, "model-%05zu-of-%05zu.safetensors", shard + 1, model->shards);
}

static FILE *create(const struct model *model, const char *name) {
    char path[4096];
    snprintf(path, sizeof(path), "%s/%s", model->directory, name);
    FILE *file = fopen(path, "wb");
    if (!file) die(path);
    return file;
}

static void finish(FILE *file) {
    if (fflush(file) || ferror(file) || fclose(file)) die("write");
}

static void write_values(FILE *file, const struct model *model, size_t index) {
    const struct tensor *tensor = &model->tensors[index];
    const uint16_t *values = tensor->centre > 0 ? model->ones : model->noise;
    const size_t size = tensor->centre > 0 ? BLOCK / 64 : BLOCK;
    size_t left = bytes_of(tensor) / sizeof(uint16_t), at = index * 40503 % size; /* no two start at one place */
    while (left) {
        const size_t run = size - at < left ? size - at : left;
        if (fwrite(values + at, sizeof(uint16_t), run, file) != run) die("write");
        left -= run;
        at = 0;
    }
}

static void write_shard(const struct model *model, size_t shard) {
    char name[64], *header = malloc(MOST_TENSORS * 256);
    if (!header) die("memory");
    size_t length = 0;
    uint64_t offset = 0;
    for (size_t i = 0; i < model->count; i++) {
        const struct tensor *t = &model->tensors[i];
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
    shard_name(model, shard, name);
    FILE *file = create(model, name);
    const uint64_t stored = length;
    if (fwrite(&stored, sizeof(stored), 1, file) != 1 || fwrite(header, 1, length, file) != length) die(name);
    for (size_t i = 0; i < model->count; i++)
        if (model->tensors[i].shard == shard) write_values(file, model, i);
    finish(file);
    free(header);
}

static void write_index(const struct model *model) {
    FILE *file = create(model, "model.safetensors.index.json");
    uint64_t total = 0;
    for (size_t i = 0; i < model->count; i++) total += bytes_of(&model->tensors[i]);
    fprintf(file, "{\"metadata\": {\"total_size\": %" PRIu64 "}, \"weight_map\": {", total);
    for (size_t i = 0; i < model->count; i++) {
        char name[64];
        shard_name(model, model->tensors[i].shard, name);
        fprintf(file, "%s\n  \"%s\": \"%s\"", i ? "," : "", model->tensors[i].name, name);
    }
    fprintf(file, "\n}}\n");
    finish(file);
}

static void write_config(const struct model *model) {
    const struct shape *s = model->shape;
    FILE *file = create(model, "config.json");
    fprintf(file,
            "{\n  \"architectures\": [\"GPTNeoXForCausalLM\"],\n  \"hidden_act\": \"gelu\",\n  \"hidden_size\": %zu,\n"
            "  \"intermediate_size\": %zu,\n  \"layer_norm_eps\": 1e-05,\n  \"max_position_embeddings\": 2048,\n"
            "  \"model_type\": \"gpt_neox\",\n  \"num_attention_heads\": %zu,\n  \"num_hidden_layers\": %zu,\n"
            "  \"rotary_emb_base\": 10000,\n  \"rotary_pct\": 0.25,\n  \"tie_word_embeddings\": false,\n"
            "  \"torch_dtype\": \"float16\",\n  \"use_parallel_residual\": true,\n  \"vocab_size\": %zu\n}\n",
            s->hidden, s->intermediate, s->heads, s->layers, s->vocabulary);
    finish(file);
}

static const struct shape *find_shape(const char *name) {
    for (size_t i = 0; i < SHAPE_COUNT; i++)
        if (!strcmp(SHAPES[i].name, name)) return &SHAPES[i];
    return NULL;
}

int main(int argc, char **argv) {
    const struct shape *named = argc > 2 ? find_shape(argv[1]) : NULL;
    const double gigabytes = argc > 3 ? strtod(argv[3], NULL) : 5; /* the default of HF transformers 4 */
    const size_t layers = argc > 4 ? strtoul(argv[4], NULL, 10) : named ? named->layers : 0;
    if (!named || !(gigabytes > 0) || !layers || layers > named->layers) {
        fprintf(stderr, "usage: make_model SHAPE DIR [SHARD_GB [LAYERS]]\nshapes:");
        for (size_t i = 0; i < SHAPE_COUNT; i++) fprintf(stderr, " %s", SHAPES[i].name);
        fprintf(stderr, "\n");
        return 2;
    }
    struct model *model = calloc(1, sizeof(*model));
    if (!model) die("memory");
    struct shape shape = *named;
    shape.layers = layers;
    model->shape = &shape;
    model->directory = argv[2];
    mkdir(argv[2], 0777); /* where it is there already, that is as well; creating files tells */
    fill(model);
    lay_out(model, gigabytes * 1e9);
    for (size_t i = 0; i < model->shards; i++) write_shard(model, i);
    if (model->shards > 1) write_index(model);
    write_config(model);
    free(model->noise);
    free(model->ones);
    free(model);
    return 0;
}
