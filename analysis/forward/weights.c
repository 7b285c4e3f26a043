#include "analysis/forward/weights.h"

#include "analysis/forward/foreign.h"
#include "checkpoints/base/memory.h"
#include "checkpoints/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NO_LAYER       SIZE_MAX
#define NAME_MAX_BYTES 256

/* prefix + name, '*' replaced by the layer's number. Names are those of the families' tables: they fit. */
static void put_name(char out[NAME_MAX_BYTES], const char *prefix, const char *name, size_t layer) {
    const char *star = strchr(name, '*');
    if (star)
        snprintf(out, NAME_MAX_BYTES, "%s%.*s%zu%s", prefix, (int)(star - name), name, layer, star + 1);
    else
        snprintf(out, NAME_MAX_BYTES, "%s%s", prefix, name);
}

static bool is_present(const struct spt_tensor_row *row, const struct spt_model_config *config) {
    return row->name && (!row->present || row->present(config));
}

static size_t rank_of(const struct spt_tensor_row *row) {
    return row->shape[1] ? 2 : 1;
}

static bool has_shape(const struct spt_tensor *tensor, const struct spt_tensor_row *row,
                      const struct spt_model_config *config) {
    if (tensor->rank != rank_of(row)) return false;
    for (size_t i = 0; i < tensor->rank; i++) {
        const size_t wanted = row->shape[i]->size(config);
        if (tensor->shape[i] != wanted && !(row->shape[i]->at_least && tensor->shape[i] > wanted)) return false;
    }
    return true;
}

static void put_shape(struct spt_text *text, const size_t *shape, size_t rank) {
    spt_text_put(text, "[");
    for (size_t i = 0; i < rank; i++) spt_text_format(text, "%s%zu", i ? ", " : "", shape[i]);
    spt_text_put(text, "]");
}

/* "NAME is [192, 48]; config asks for [intermediate_size, hidden_size] = [256, 48]" */
static enum spt_status fail_shape(const struct spt_checkpoint *checkpoint, const struct spt_tensor *tensor,
                                  const struct spt_tensor_row *row, const struct spt_model_config *config,
                                  struct spt_error *error) {
    struct spt_text text = {0};
    size_t wanted[SPT_FAMILY_RANK_MAX] = {0};
    put_shape(&text, tensor->shape, tensor->rank);
    spt_text_put(&text, "; config asks for [");
    for (size_t i = 0; i < rank_of(row); i++) {
        wanted[i] = row->shape[i]->size(config);
        spt_text_format(&text, "%s%s%s", i ? ", " : "", row->shape[i]->text, row->shape[i]->at_least ? " or more" : "");
    }
    spt_text_put(&text, "] = ");
    put_shape(&text, wanted, rank_of(row));
    const enum spt_status status = spt_fail(error, SPT_INVALID, spt_checkpoint_file(checkpoint, tensor->file),
                                            "tensor %s is %s", tensor->name, text.data ? text.data : "misshapen");
    spt_text_release(&text);
    return status;
}

struct search {
    const struct spt_checkpoint *checkpoint;
    const struct spt_model_config *config;
    const char *prefix;
};

static enum spt_status fail_missing(const struct search *search, const char *name, struct spt_error *error) {
    const struct spt_model_config *config = search->config;
    const char *path = spt_checkpoint_file(search->checkpoint, 0);
    const struct spt_tensor *found;
    const char *whose = spt_foreign_names_of(search->checkpoint, &found);
    if (whose)
        return spt_fail(error, SPT_UNSUPPORTED, path,
                        "tensor %s is missing: this checkpoint has %s names (%s), expected those of HF transformers; "
                        "its trainer's conversion to them makes it readable",
                        name, whose, found->name);
    return spt_fail(error, spt_checkpoint_is_in_layers(search->checkpoint) ? SPT_RETRY : SPT_INVALID, path,
                    "tensor %s is missing (config is for %s with %zu layers)", name, config->model_type,
                    config->layers);
}

static enum spt_status find_tensor(const struct search *search, const struct spt_tensor_row *row, size_t layer,
                                   const struct spt_tensor **out, struct spt_error *error) {
    char name[NAME_MAX_BYTES];
    *out = NULL;
    if (!is_present(row, search->config)) return SPT_OK;
    put_name(name, search->prefix, row->name, layer);
    const struct spt_tensor *tensor = spt_checkpoint_find(search->checkpoint, name);
    if (!tensor) return fail_missing(search, name, error);
    if (!has_shape(tensor, row, search->config))
        return fail_shape(search->checkpoint, tensor, row, search->config, error);
    if (!spt_dtype_is_float(tensor->dtype))
        return spt_fail(error, SPT_UNSUPPORTED, spt_checkpoint_file(search->checkpoint, tensor->file),
                        "tensor %s is stored as %s, which is not computed with", tensor->name, tensor->dtype_name);
    *out = tensor;
    return SPT_OK;
}

static enum spt_status find_rows(const struct search *search, const struct spt_tensor_row *rows, size_t count,
                                 size_t layer, const struct spt_tensor **out, struct spt_error *error) {
    for (size_t i = 0; i < count; i++) {
        const enum spt_status status = find_tensor(search, &rows[i], layer, &out[i], error);
        if (status != SPT_OK) return status;
    }
    return SPT_OK;
}

static enum spt_status find_head(struct spt_weights *weights, const struct search *search, struct spt_error *error) {
    const struct search bare = {.checkpoint = search->checkpoint, .config = search->config, .prefix = ""};
    weights->head = weights->embedding;
    if (!search->config->tied_embeddings) {
        const enum spt_status status = find_tensor(&bare, &weights->family->head, NO_LAYER, &weights->head, error);
        if (status != SPT_OK) return status;
    }
    if (weights->head->shape[0] != weights->embedding->shape[0])
        return spt_fail(error, SPT_INVALID, spt_checkpoint_file(search->checkpoint, weights->head->file),
                        "tensor %s has %zu rows and %s has %zu; both should have one for each token of the vocabulary",
                        weights->head->name, weights->head->shape[0], weights->embedding->name,
                        weights->embedding->shape[0]);
    const enum spt_status status =
        find_tensor(&bare, &weights->family->head_bias, NO_LAYER, &weights->head_bias, error);
    if (status != SPT_OK || !weights->head_bias || weights->head_bias->shape[0] == weights->head->shape[0])
        return status;
    return spt_fail(
        error, SPT_INVALID, spt_checkpoint_file(search->checkpoint, weights->head_bias->file),
        "tensor %s has %zu numbers and %s has %zu rows; both should have one for each token of the vocabulary",
        weights->head_bias->name, weights->head_bias->shape[0], weights->head->name, weights->head->shape[0]);
}

static enum spt_status find_layers(struct spt_weights *weights, const struct search *search, struct spt_error *error) {
    const struct spt_tensor_row *rows = weights->family->layer;
    const size_t layers = search->config->layers, tensors = spt_checkpoint_tensor_count(search->checkpoint);
    /* Each layer has a tensor at least: beyond that many, one will be missing before its place is used. */
    const size_t places = layers < tensors ? layers : tensors + 1;
    size_t first = 0;
    weights->layer = spt_alloc_zeroed(places * SPT_LAYER_ROLES, sizeof(const struct spt_tensor *));
    if (!weights->layer)
        return spt_fail_memory(error, places * SPT_LAYER_ROLES * sizeof(void *), "the list of tensors");
    for (size_t l = 0; l < layers; l++) {
        const enum spt_status status =
            find_rows(search, rows, SPT_LAYER_ROLES, l, weights->layer + l * SPT_LAYER_ROLES, error);
        if (status != SPT_OK) return status;
    }
    while (!is_present(&rows[first], search->config)) first++;
    char name[NAME_MAX_BYTES];
    put_name(name, search->prefix, rows[first].name, layers);
    const struct spt_tensor *beyond = spt_checkpoint_find(search->checkpoint, name);
    if (!beyond) return SPT_OK;
    return spt_fail(error, SPT_INVALID, spt_checkpoint_file(search->checkpoint, beyond->file),
                    "tensor %s is there, but config has %zu layers (numbered from 0)", beyond->name, layers);
}

/* The first of the family's prefixes with which the embedding is there; the usual one when it is not. */
static const char *find_prefix(const struct spt_checkpoint *checkpoint, const struct spt_family *family) {
    for (size_t i = 0; i < SPT_PREFIXES && family->prefix[i]; i++) {
        char name[NAME_MAX_BYTES];
        put_name(name, family->prefix[i], family->embedding.name, NO_LAYER);
        if (spt_checkpoint_find(checkpoint, name)) return family->prefix[i];
    }
    return family->prefix[0];
}

enum spt_status spt_weights_find(struct spt_weights *weights, const struct spt_checkpoint *checkpoint,
                                 const struct spt_family *family, const struct spt_model_config *config, bool with_head,
                                 struct spt_error *error) {
    const struct search search = {
        .checkpoint = checkpoint, .config = config, .prefix = find_prefix(checkpoint, family)};
    *weights = (struct spt_weights){.family = family, .config = config};
    enum spt_status status = find_tensor(&search, &family->embedding, NO_LAYER, &weights->embedding, error);
    if (status == SPT_OK)
        status = find_rows(&search, family->embeddings, SPT_EMBEDDING_ROLES, NO_LAYER, weights->embeddings, error);
    if (status == SPT_OK) status = find_layers(weights, &search, error);
    if (status == SPT_OK) status = find_rows(&search, family->final, SPT_FINAL_ROLES, NO_LAYER, weights->final, error);
    if (status == SPT_OK && with_head && !config->bidirectional) status = find_head(weights, &search, error);
    if (status != SPT_OK) spt_weights_release(weights);
    return status;
}

void spt_weights_release(struct spt_weights *weights) {
    free(weights->layer);
    free(weights->pieces);
    free(weights->portions);
    *weights = (struct spt_weights){0};
}

static size_t align(size_t bytes) {
    return (bytes + 63) / 64 * 64;
}

/* The list grows piece by piece; the portion being made is the one that piece_count has run past. */
struct layout {
    struct spt_weights *weights;
    size_t piece_capacity, portion_capacity;
    size_t bytes, floats; /* of the portion being made */
    bool failed;
};

static void begin_portion(struct layout *layout) {
    struct spt_weights *w = layout->weights;
    void *portions = w->portions;
    if (!spt_grow(&portions, &layout->portion_capacity, w->portion_count + 1, sizeof(struct spt_portion))) {
        layout->failed = true;
        return;
    }
    w->portions = portions;
    w->portions[w->portion_count++] = (struct spt_portion){.first = w->piece_count};
    layout->bytes = layout->floats = 0;
}

static void add_piece(struct layout *layout, const struct spt_tensor *tensor, size_t first, size_t count) {
    struct spt_weights *w = layout->weights;
    void *pieces = w->pieces;
    if (layout->failed || !spt_grow(&pieces, &layout->piece_capacity, w->piece_count + 1, sizeof(struct spt_piece))) {
        layout->failed = true;
        return;
    }
    w->pieces = pieces;
    w->pieces[w->piece_count++] =
        (struct spt_piece){.tensor = tensor, .first = first, .count = count, .offset = layout->bytes};
    w->portions[w->portion_count - 1].count++;
    layout->bytes += align(count * spt_dtype_size(tensor->dtype));
    if (tensor->rank == 1) layout->floats += align(count);
    if (layout->bytes > w->bytes) w->bytes = layout->bytes;
    if (layout->floats > w->vector_floats) w->vector_floats = layout->floats;
}

static void add_tensors(struct layout *layout, const struct spt_tensor *const *tensors, size_t count) {
    begin_portion(layout);
    for (size_t i = 0; i < count; i++)
        if (tensors[i]) add_piece(layout, tensors[i], 0, tensors[i]->count);
}

static void add_blocks(struct layout *layout, const struct spt_tensor *tensor, size_t rows) {
    const size_t columns = tensor->shape[1];
    for (size_t row = 0; row < tensor->shape[0] && !layout->failed; row += rows) {
        const size_t count = tensor->shape[0] - row < rows ? tensor->shape[0] - row : rows;
        begin_portion(layout);
        add_piece(layout, tensor, row * columns, count * columns);
    }
}

static size_t block_rows(const struct spt_tensor *tensor, size_t block_bytes, size_t most_rows, size_t row_step) {
    size_t rows = block_bytes / (tensor->shape[1] * spt_dtype_size(tensor->dtype));
    if (rows > most_rows) rows = most_rows;
    return rows < row_step ? row_step : rows / row_step * row_step;
}

enum spt_status spt_weights_plan(struct spt_weights *weights, size_t block_bytes, size_t most_rows, size_t row_step,
                                 struct spt_error *error) {
    struct layout layout = {.weights = weights};
    add_blocks(&layout, weights->embedding, block_rows(weights->embedding, block_bytes, most_rows, row_step));
    weights->embedding_portions = weights->portion_count;
    if (!layout.failed) add_tensors(&layout, weights->embeddings, SPT_EMBEDDING_ROLES);
    for (size_t l = 0; l < weights->config->layers && !layout.failed; l++)
        add_tensors(&layout, weights->layer + l * SPT_LAYER_ROLES, SPT_LAYER_ROLES);
    if (!layout.failed) add_tensors(&layout, weights->final, SPT_FINAL_ROLES);
    if (weights->head_bias && !layout.failed) add_tensors(&layout, &weights->head_bias, 1);
    if (weights->head && !layout.failed)
        add_blocks(&layout, weights->head, block_rows(weights->head, block_bytes, most_rows, row_step));
    return layout.failed
               ? spt_fail_memory(error, weights->piece_count * sizeof(struct spt_piece), "the plan of reading")
               : SPT_OK;
}

static struct spt_matrix matrix_of(const struct spt_tensor *tensor, bool transposed, const unsigned char *data) {
    const size_t rows = tensor->shape[0], columns = tensor->rank > 1 ? tensor->shape[1] : 1;
    return (struct spt_matrix){.dtype = tensor->dtype,
                               .rows = transposed ? columns : rows,
                               .columns = transposed ? rows : columns,
                               .data = data,
                               .transposed = transposed};
}

void spt_weights_bind(const struct spt_weights *weights, size_t portion, bool transposed, const unsigned char *bytes,
                      const struct spt_tensor *const *tensors, size_t count, float *vectors, struct spt_weight *out) {
    const struct spt_piece *piece = weights->pieces + weights->portions[portion].first;
    for (size_t i = 0; i < count; i++) {
        out[i] = (struct spt_weight){0};
        if (!tensors[i]) continue;
        const struct spt_tensor *tensor = tensors[i];
        const unsigned char *data = bytes + piece++->offset;
        if (tensor->rank > 1) {
            out[i].matrix = matrix_of(tensor, transposed, data);
            continue;
        }
        spt_numbers_to_f32(tensor->dtype, data, tensor->count, vectors);
        out[i].vector = vectors;
        vectors += align(tensor->count);
    }
}
