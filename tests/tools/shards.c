#include "shards.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    size_t size;
} DTYPES[] = {[SHARDS_F32] = {"F32", 4}, [SHARDS_F16] = {"F16", 2}, [SHARDS_BF16] = {"BF16", 2}};

void shards_die(const char *what) {
    perror(what);
    exit(1);
}

static void *need(size_t count, size_t size) {
    void *memory = calloc(count, size);
    if (!memory) shards_die("memory");
    return memory;
}

/* Independent normals (Box and Muller 1958); xorshift64* (Vigna 2016) draws them. */
void shards_init(struct shards *shards, enum shards_dtype dtype, size_t block, uint64_t seed) {
    uint64_t random = 0x9e3779b97f4a7c15ULL ^ seed * 0xd1342543de82ef95ULL;
    if (!random) random = 1; /* the one state that is never left */
    *shards = (struct shards){.dtype = dtype, .block = block, .normal = need(block, sizeof(double))};
    for (size_t i = 0; i < block; i++) {
        double uniform[2];
        for (size_t k = 0; k < 2; k++) {
            random ^= random >> 12;
            random ^= random << 25;
            random ^= random >> 27;
            uniform[k] = ((double)((random * 0x2545f4914f6cdd1dULL) >> 11) + 0.5) * 0x1p-53;
        }
        shards->normal[i] = sqrt(-2 * log(uniform[0])) * cos(2 * M_PI * uniform[1]);
    }
}

void shards_release(struct shards *shards) {
    free(shards->tensors);
    free(shards->normal);
    for (size_t i = 0; i < shards->drawn_count; i++) free(shards->drawn[i].values);
    *shards = (struct shards){0};
}

void shards_add(struct shards *shards, const char *name, size_t rows, size_t columns, struct shards_law law) {
    if (shards->tensor_count == shards->capacity) {
        shards->capacity = 2 * shards->capacity + 64;
        shards->tensors = realloc(shards->tensors, shards->capacity * sizeof(*shards->tensors));
        if (!shards->tensors) shards_die("memory");
    }
    struct shards_tensor *tensor = &shards->tensors[shards->tensor_count++];
    *tensor = (struct shards_tensor){.rows = rows, .columns = columns, .law = law};
    snprintf(tensor->name, sizeof(tensor->name), "%s", name);
}

static size_t values_of(const struct shards_tensor *tensor) {
    return tensor->rows * (tensor->columns ? tensor->columns : 1);
}

static uint64_t bytes_of(const struct shards *shards, const struct shards_tensor *tensor) {
    return (uint64_t)values_of(tensor) * DTYPES[shards->dtype].size;
}

void shards_cut(struct shards *shards, double file_bytes) {
    double filled = 0;
    shards->count = 0;
    for (size_t i = 0; i < shards->tensor_count; i++) {
        const double bytes = (double)bytes_of(shards, &shards->tensors[i]);
        if (filled > 0 && filled + bytes > file_bytes) {
            shards->count++;
            filled = 0;
        }
        shards->tensors[i].file = shards->count;
        filled += bytes;
    }
    shards->count++;
}

uint64_t shards_bytes(const struct shards *shards) {
    uint64_t total = 0;
    for (size_t i = 0; i < shards->tensor_count; i++) total += bytes_of(shards, &shards->tensors[i]);
    return total;
}

/* Round to nearest; what is too small for a normal half becomes 0. */
static uint16_t half_of(double value) {
    int exponent;
    const double fraction = frexp(fabs(value), &exponent);
    if (value == 0 || exponent < -13) return 0;
    const long mantissa = lround((fraction * 2 - 1) * 1024);
    return (uint16_t)((value < 0 ? 0x8000 : 0) + ((exponent + 14) << 10) + (int)mantissa);
}

static uint16_t brain_of(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof(bits));
    return (uint16_t)((bits + 0x8000) >> 16);
}

static void draw(const struct shards *shards, struct shards_law law, void *out) {
    float *words = out;
    uint16_t *halves = out;
    for (size_t i = 0; i < shards->block; i++) {
        const double value = law.centre + law.spread * shards->normal[i];
        if (shards->dtype == SHARDS_F32)
            words[i] = (float)value;
        else
            halves[i] = shards->dtype == SHARDS_F16 ? half_of(value) : brain_of((float)value);
    }
}

/* The block by this law, made when it is first asked for. */
static const unsigned char *drawn(struct shards *shards, struct shards_law law) {
    for (size_t i = 0; i < shards->drawn_count; i++)
        if (memcmp(&shards->drawn[i].law, &law, sizeof(law)) == 0) return shards->drawn[i].values;
    if (shards->drawn_count == SHARDS_LAWS) {
        fprintf(stderr, "more than %d laws\n", SHARDS_LAWS);
        exit(1);
    }
    void *values = need(shards->block, DTYPES[shards->dtype].size);
    draw(shards, law, values);
    shards->drawn[shards->drawn_count].law = law;
    shards->drawn[shards->drawn_count++].values = values;
    return values;
}

static void put_values(struct shards *shards, size_t index, FILE *out) {
    const struct shards_tensor *tensor = &shards->tensors[index];
    const unsigned char *values = drawn(shards, tensor->law);
    const size_t size = DTYPES[shards->dtype].size;
    size_t left = values_of(tensor), at = index * 40503 % shards->block; /* no two start at one place */
    while (left) {
        const size_t run = shards->block - at < left ? shards->block - at : left;
        if (fwrite(values + at * size, size, run, out) != run) shards_die("write");
        left -= run;
        at = 0;
    }
}

void shards_name(const struct shards *shards, size_t file, char name[64]) {
    if (shards->count == 1)
        strcpy(name, "model.safetensors");
    else
        snprintf(name, 64, "model-%05zu-of-%05zu.safetensors", file + 1, shards->count);
}

void shards_put(struct shards *shards, size_t file, FILE *out) {
    char *header = need(shards->tensor_count + 1, 256);
    size_t length = 0;
    uint64_t offset = 0;
    for (size_t i = 0; i < shards->tensor_count; i++) {
        const struct shards_tensor *t = &shards->tensors[i];
        if (t->file != file) continue;
        length += (size_t)sprintf(header + length, "%c\"%s\":{\"dtype\":\"%s\",\"shape\":[%zu", length ? ',' : '{',
                                  t->name, DTYPES[shards->dtype].name, t->rows);
        if (t->columns) length += (size_t)sprintf(header + length, ",%zu", t->columns);
        length += (size_t)sprintf(header + length, "],\"data_offsets\":[%" PRIu64 ",%" PRIu64 "]}", offset,
                                  offset + bytes_of(shards, t));
        offset += bytes_of(shards, t);
    }
    header[length++] = '}';
    while (length % 8) header[length++] = ' ';
    const uint64_t stored = length;
    if (fwrite(&stored, sizeof(stored), 1, out) != 1 || fwrite(header, 1, length, out) != length) shards_die("write");
    for (size_t i = 0; i < shards->tensor_count; i++)
        if (shards->tensors[i].file == file) put_values(shards, i, out);
    free(header);
}

void shards_put_index(const struct shards *shards, FILE *out) {
    fprintf(out, "{\"metadata\": {\"total_size\": %" PRIu64 "}, \"weight_map\": {", shards_bytes(shards));
    for (size_t i = 0; i < shards->tensor_count; i++) {
        char name[64];
        shards_name(shards, shards->tensors[i].file, name);
        fprintf(out, "%s\n  \"%s\": \"%s\"", i ? "," : "", shards->tensors[i].name, name);
    }
    fprintf(out, "\n}}\n");
}
