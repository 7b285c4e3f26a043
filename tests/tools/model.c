#include "model.h"

#include "analysis/forward/family.h"
#include "shards.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define BLOCK ((size_t)4194301) /* values; a prime, so that no two rows of a matrix are the same */

static _Noreturn void refuse(const char *path, const char *message) {
    fprintf(stderr, "made-up model: %s: %s\n", path, message);
    exit(1);
}

/* --- config.json --- */

static char *read_text(const char *path) {
    FILE *file = fopen(path, "rb");
    char *text = calloc(1, 1 << 16);
    if (!file || !text || !fread(text, 1, (1 << 16) - 1, file) || fclose(file)) shards_die(path);
    return text;
}

/* Behind "key": and blanks; NULL where the key is not. */
static const char *value_of(const char *text, const char *key) {
    char quoted[64];
    snprintf(quoted, sizeof(quoted), "\"%s\"", key);
    const char *at = strstr(text, quoted);
    return at ? at + strlen(quoted) + strspn(at + strlen(quoted), ": ") : NULL;
}

static enum shards_dtype dtype_of(const char *text) {
    const char *name = value_of(text, "torch_dtype");
    if (name && !strncmp(name, "\"float16\"", 9)) return SHARDS_F16;
    return name && !strncmp(name, "\"bfloat16\"", 10) ? SHARDS_BF16 : SHARDS_F32;
}

/* Whatever the number of layers was, it is now this one. */
static void put_config(FILE *file, const char *text, size_t layers) {
    const char *number = value_of(text, "num_hidden_layers");
    if (!number) refuse("config.json", "no num_hidden_layers");
    fwrite(text, 1, (size_t)(number - text), file);
    fprintf(file, "%zu%s", layers, number + strspn(number, "0123456789"));
}

/* --- tensors --- */

struct maker {
    struct spt_model_config config;
    const struct spt_family *family;
    struct shards shards;
    uint64_t layer_bytes; /* of the last one */
};

/* Of a product, so that it keeps the scale of what goes in (LeCun et al. 1998): scores of attention then have a
 * standard deviation of about 1, whatever the width. */
static struct shards_law law_of_matrix(const struct maker *m, size_t rows, size_t columns) {
    return (struct shards_law){0, 1 / sqrt((double)(m->family->transposed ? rows : columns))};
}

static struct shards_law law_of_vector(const struct maker *m, bool scales) {
    const bool around_one = scales && m->family->norm != SPT_NORM_RMS_PLUS_ONE;
    return (struct shards_law){around_one ? 1 : 0, 0.02};
}

/* scales: what is a vector here multiplies, as the weights of norms do. */
static void add(struct maker *m, const char *prefix, const struct spt_tensor_row *row, size_t layer, bool scales) {
    if (!row->name || (row->present && !row->present(&m->config))) return;
    char name[128];
    const char *star = strchr(row->name, '*');
    if (star)
        snprintf(name, sizeof(name), "%s%.*s%zu%s", prefix, (int)(star - row->name), row->name, layer, star + 1);
    else
        snprintf(name, sizeof(name), "%s%s", prefix, row->name);
    const size_t rows = row->shape[0]->size(&m->config), columns = row->shape[1] ? row->shape[1]->size(&m->config) : 0;
    shards_add(&m->shards, name, rows, columns, columns ? law_of_matrix(m, rows, columns) : law_of_vector(m, scales));
}

static bool is_norm(enum spt_layer_role role) {
    return role == SPT_ATTENTION_NORM || role == SPT_QUERY_NORM || role == SPT_KEY_NORM || role == SPT_MLP_NORM;
}

static void add_all(struct maker *m) {
    const struct spt_family *f = m->family;
    const char *prefix = f->prefix[0];
    add(m, prefix, &f->embedding, 0, false);
    for (int i = 0; i < SPT_EMBEDDING_ROLES; i++) add(m, prefix, &f->embeddings[i], 0, i == SPT_EMBEDDING_NORM);
    for (size_t l = 0; l < m->config.layers; l++) {
        const uint64_t before = shards_bytes(&m->shards);
        for (int i = 0; i < SPT_LAYER_ROLES; i++) add(m, prefix, &f->layer[i], l, is_norm((enum spt_layer_role)i));
        m->layer_bytes = shards_bytes(&m->shards) - before;
    }
    for (int i = 0; i < SPT_FINAL_ROLES; i++) add(m, prefix, &f->final[i], 0, i == SPT_FINAL_NORM);
    if (!m->config.tied_embeddings && !m->config.bidirectional) add(m, "", &f->head, 0, false);
    if (!m->config.bidirectional) add(m, "", &f->head_bias, 0, false);
}

/* --- files --- */

static FILE *create(const char *directory, const char *name) {
    char path[4096];
    snprintf(path, sizeof(path), "%s/%s", directory, name);
    FILE *file = fopen(path, "wb");
    if (!file) shards_die(path);
    return file;
}

static void finish(FILE *file) {
    if (fflush(file) || ferror(file) || fclose(file)) shards_die("write");
}

static void write_all(struct maker *m, const char *directory, const char *text) {
    mkdir(directory, 0777); /* where it is there already, that is as well; creating files tells */
    for (size_t i = 0; i < m->shards.count; i++) {
        char name[64];
        shards_name(&m->shards, i, name);
        FILE *file = create(directory, name);
        shards_put(&m->shards, i, file);
        finish(file);
    }
    if (m->shards.count > 1) {
        FILE *file = create(directory, "model.safetensors.index.json");
        shards_put_index(&m->shards, file);
        finish(file);
    }
    FILE *file = create(directory, "config.json");
    put_config(file, text, m->config.layers);
    finish(file);
}

struct model_made model_make(const char *config, const char *directory, double file_bytes, size_t layers) {
    struct maker maker = {0};
    struct spt_error error = {.status = SPT_OK};
    if (spt_model_config_read(config, &maker.config, &error) != SPT_OK) refuse(config, error.message);
    if (spt_family_find(maker.config.model_type, &maker.family, &error) != SPT_OK) refuse(config, error.message);
    if (layers) maker.config.layers = layers;
    char *text = read_text(config);
    shards_init(&maker.shards, dtype_of(text), BLOCK, 0);
    add_all(&maker);
    shards_cut(&maker.shards, file_bytes);
    write_all(&maker, directory, text);
    const struct model_made made = {maker.config, shards_bytes(&maker.shards), maker.layer_bytes};
    shards_release(&maker.shards);
    free(text);
    return made;
}
