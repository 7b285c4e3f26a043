#include "analysis/forward/forward.h"

#include "analysis/forward/embedding.h"
#include "analysis/forward/layer.h"
#include "analysis/forward/output_pair.h"
#include "analysis/forward/weights.h"
#include "checkpoints/base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES ((size_t)16 << 20) /* of the embedding and the head, read at a time */

/* A run of spt_forward_run, from the first check to the last block of the head. */
struct run {
    struct spt_checkpoint *checkpoint;
    const struct spt_family *family;
    struct spt_forward_options options;
    struct spt_forward_observer observer;
    const struct spt_forward_output *output;
    struct spt_weights weights;
    struct spt_team team;
    struct spt_stream *stream;
    size_t portion; /* the next one */
    struct spt_pass pass;
    struct spt_block *blocks; /* [block_count] */
    size_t block_count, block_tokens;
    size_t *order;  /* [samples] of each block, longest first */
    size_t *by_id;  /* [N] tokens, by id */
    float *vectors; /* [weights.vector_floats] of the portion at hand */
    struct spt_weight usable[SPT_LAYER_ROLES];
};

_Static_assert((int)SPT_EMBEDDING_ROLES < (int)SPT_LAYER_ROLES && (int)SPT_FINAL_ROLES < (int)SPT_LAYER_ROLES,
               "no portion has more tensors than a layer");

static enum spt_status check_config(const struct spt_model_config *config, struct spt_error *error) {
    if (!config->layers || !config->hidden || !config->heads || !config->kv_heads || !config->head_dim ||
        !config->intermediate || !config->vocabulary || !config->embedding_dim)
        return spt_fail(error, SPT_INVALID, NULL, "config: a size is 0");
    if (config->rotary_dim + config->rotary_dim % 2 > config->head_dim)
        return spt_fail(error, SPT_INVALID, NULL, "config: %zu rotated dimensions of a head of %zu", config->rotary_dim,
                        config->head_dim);
    if (config->heads % config->kv_heads)
        return spt_fail(error, SPT_INVALID, NULL, "config: %zu heads do not share %zu heads of keys evenly",
                        config->heads, config->kv_heads);
    return SPT_OK;
}

static enum spt_status check_probe(const struct spt_probe *probe, const struct spt_model_config *config,
                                   size_t vocabulary, struct spt_error *error) {
    if (!probe->samples) return spt_fail(error, SPT_INVALID, NULL, "the probe has no sample");
    for (size_t s = 0; s < probe->samples; s++) {
        const size_t first = probe->offset[s], end = probe->offset[s + 1];
        if (end <= first) return spt_fail(error, SPT_INVALID, NULL, "sample %zu (from 0) of the probe has no token", s);
        if (config->positions && end - first > config->positions)
            return spt_fail(error, SPT_INVALID, NULL,
                            "sample %zu (from 0) of the probe has %zu tokens; the model has %zu positions "
                            "(max_position_embeddings)",
                            s, end - first, config->positions);
        for (size_t t = first; t < end; t++)
            if (probe->ids[t] < 0 || (size_t)probe->ids[t] >= vocabulary)
                return spt_fail(error, SPT_INVALID, NULL,
                                "sample %zu (from 0) of the probe has token id %ld; the embedding has rows 0 to %zu", s,
                                (long)probe->ids[t], vocabulary - 1);
    }
    return SPT_OK;
}

struct keyed {
    size_t key, index;
};

/* Ascending by key, then by index. */
static int compare_keyed(const void *a, const void *b) {
    const struct keyed *x = a, *y = b;
    if (x->key != y->key) return x->key < y->key ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

static enum spt_status order_tokens(struct run *run, struct spt_error *error) {
    const struct spt_probe *probe = run->pass.probe;
    struct keyed *keyed = spt_alloc(probe->tokens, sizeof(*keyed));
    run->by_id = spt_alloc(probe->tokens, sizeof(size_t));
    if (!keyed || !run->by_id) {
        free(keyed);
        return spt_fail_memory(error, probe->tokens * sizeof(*keyed), "the order of tokens");
    }
    for (size_t t = 0; t < probe->tokens; t++) keyed[t] = (struct keyed){.key = (size_t)probe->ids[t], .index = t};
    qsort(keyed, probe->tokens, sizeof(*keyed), compare_keyed);
    for (size_t t = 0; t < probe->tokens; t++) run->by_id[t] = keyed[t].index;
    free(keyed);
    return SPT_OK;
}

/* Longest first; equal ones as they stand. */
static void order_samples(const struct spt_probe *probe, size_t first, size_t end, struct keyed *keyed, size_t *order) {
    for (size_t s = first; s < end; s++)
        keyed[s - first] = (struct keyed){.key = SIZE_MAX - (probe->offset[s + 1] - probe->offset[s]), .index = s};
    qsort(keyed, end - first, sizeof(*keyed), compare_keyed);
    for (size_t i = 0; i < end - first; i++) order[i] = keyed[i].index;
}

/* Cuts the probe into blocks of about equal size, of whole samples. */
static enum spt_status make_blocks(struct run *run, struct spt_error *error) {
    const struct spt_probe *probe = run->pass.probe;
    const size_t count = (probe->tokens + SPT_BLOCK_TOKENS - 1) / SPT_BLOCK_TOKENS;
    struct keyed *keyed = spt_alloc(probe->samples, sizeof(*keyed));
    run->blocks = spt_alloc(probe->samples, sizeof(*run->blocks));
    run->order = spt_alloc(probe->samples, sizeof(size_t));
    if (!keyed || !run->blocks || !run->order) {
        free(keyed);
        return spt_fail_memory(error, probe->samples * sizeof(*run->blocks), "the order of samples");
    }
    for (size_t first = 0, end; first < probe->samples; first = end) {
        const size_t token = probe->offset[first], until = (run->block_count + 1) * probe->tokens / count;
        for (end = first + 1; end < probe->samples && probe->offset[end] < until; end++) continue;
        order_samples(probe, first, end, keyed, run->order + first);
        const size_t tokens = probe->offset[end] - token;
        run->blocks[run->block_count++] = (struct spt_block){
            .first_token = token, .tokens = tokens, .order = run->order + first, .samples = end - first};
        if (tokens > run->block_tokens) run->block_tokens = tokens;
    }
    free(keyed);
    return SPT_OK;
}

static float *alloc_floats(size_t rows, size_t columns) {
    size_t bytes;
    return spt_multiply(columns, sizeof(float), &bytes) ? spt_alloc(rows, bytes) : NULL;
}

static enum spt_status make_buffers(struct run *run, struct spt_error *error) {
    struct spt_pass *pass = &run->pass;
    const struct spt_model_config *config = pass->config;
    const size_t share = run->block_tokens < SPT_MLP_TOKENS ? run->block_tokens : SPT_MLP_TOKENS;
    const bool narrow = config->embedding_dim != config->hidden, gated = run->family->layer[SPT_GATE].name;
    const size_t tokens = pass->probe->tokens, work = spt_layer_work(config);
    pass->x = alloc_floats(tokens, config->hidden);
    if (narrow) pass->narrow = alloc_floats(tokens, config->embedding_dim);
    pass->work = alloc_floats(run->block_tokens, work);
    pass->mlp_normed = alloc_floats(share, config->hidden);
    pass->mlp_wide = alloc_floats(share, config->intermediate);
    if (gated) pass->mlp_gate = alloc_floats(share, config->intermediate);
    run->vectors = alloc_floats(run->weights.vector_floats, 1);
    if (pass->x && pass->work && pass->mlp_normed && pass->mlp_wide && run->vectors && (pass->narrow || !narrow) &&
        (pass->mlp_gate || !gated))
        return SPT_OK;
    return spt_fail_memory(error, sizeof(float) * (tokens * config->hidden + run->block_tokens * work), "activations");
}

/* The head is to show two streams, this pass's and another's. */
static bool compares(const struct run *run) {
    return run->output && run->output->other;
}

static enum spt_status make_team(struct run *run, struct spt_error *error) {
    const size_t attention = spt_attention_scratch(run->pass.probe->longest, run->pass.config->heads);
    const size_t row = run->pass.config->hidden * sizeof(float); /* of spt_embedding_finish */
    const size_t head = compares(run) ? SPT_PAIR_SCRATCH : SPT_HEAD_SCRATCH;
    const size_t products = row > head ? row : head;
    const size_t scratch = attention > products ? attention : products;
    const enum spt_status status = spt_team_init(&run->team, run->options.threads, scratch, error);
    run->team.stop = run->observer.stop;
    run->team.stop_context = run->observer.context;
    run->pass.team = &run->team;
    return status;
}

static bool is_cut(const struct run *run) {
    return run->options.layers && run->options.layers < run->pass.config->layers;
}

/* Of a pass that ends early: without what comes after its last layer, and without the blocks of the embedding that hold
 * no token of the probe. */
static void cut_portions(struct run *run) {
    struct spt_weights *w = &run->weights;
    const struct spt_probe *probe = run->pass.probe;
    const size_t columns = w->embedding->shape[1], after = w->embedding_portions, rest = 1 + run->options.layers;
    size_t kept = 0, next = 0;
    for (size_t i = 0; i < after; i++) {
        const struct spt_piece *piece = &w->pieces[w->portions[i].first];
        const size_t end = (piece->first + piece->count) / columns, before = next;
        while (next < probe->tokens && (size_t)probe->ids[run->by_id[next]] < end) next++;
        if (next > before) w->portions[kept++] = w->portions[i];
    }
    memmove(w->portions + kept, w->portions + after, rest * sizeof(*w->portions));
    w->embedding_portions = kept;
    w->portion_count = kept + rest;
}

/* Everything that can be checked and allocated before the first byte of a tensor is read. */
static enum spt_status prepare(struct run *run, struct spt_error *error) {
    struct spt_pass *pass = &run->pass;
    const struct spt_model_config *config = pass->config;
    enum spt_status status = check_config(config, error);
    if (status == SPT_OK) status = spt_family_find(config->model_type, &run->family, error);
    pass->family = run->family;
    if (status == SPT_OK)
        status = spt_weights_find(&run->weights, run->checkpoint, run->family, config, !run->options.no_loss, error);
    if (status == SPT_OK) status = check_probe(pass->probe, config, run->weights.embedding->shape[0], error);
    if (status == SPT_OK) status = spt_weights_plan(&run->weights, BLOCK_BYTES, SPT_HEAD_ROWS, SPT_GEMM_ROWS, error);
    if (status == SPT_OK) status = make_team(run, error);
    if (status == SPT_OK) status = order_tokens(run, error);
    if (status == SPT_OK && is_cut(run)) cut_portions(run);
    if (status == SPT_OK) status = make_blocks(run, error);
    if (status == SPT_OK) status = make_buffers(run, error);
    if (status == SPT_OK) status = spt_rotary_init(&pass->rotary, config, pass->probe, error);
    return status;
}

static enum spt_status open_stream(struct run *run, struct spt_error *error) {
    const struct spt_stream_plan plan = {.pieces = run->weights.pieces,
                                         .portions = run->weights.portions,
                                         .portion_count = run->weights.portion_count,
                                         .bytes = run->weights.bytes,
                                         .read_ahead = !run->options.no_read_ahead,
                                         .stop = run->observer.stop,
                                         .stop_context = run->observer.context};
    return spt_stream_open(run->checkpoint, &plan, &run->stream, error);
}

static bool asked_to_stop(const struct run *run) {
    return run->observer.stop && run->observer.stop(run->observer.context);
}

static enum spt_status show_hidden(const struct run *run, size_t stage, struct spt_error *error) {
    if (!run->observer.hidden) return SPT_OK;
    return run->observer.hidden(run->observer.context, stage, run->pass.x, error);
}

static enum spt_status next_weights(struct run *run, bool transposed, const struct spt_tensor *const *tensors,
                                    size_t count, struct spt_error *error) {
    const unsigned char *bytes;
    if (asked_to_stop(run)) return SPT_END;
    const enum spt_status status = spt_stream_next(run->stream, &bytes, error);
    if (status == SPT_OK)
        spt_weights_bind(&run->weights, run->portion++, transposed, bytes, tensors, count, run->vectors, run->usable);
    return status;
}

/* Copies the rows that the probe's tokens touch, block by block of the embedding. */
static enum spt_status copy_rows(struct run *run, struct spt_error *error) {
    const struct spt_tensor *tensor = run->weights.embedding;
    const struct spt_probe *probe = run->pass.probe;
    const size_t columns = tensor->shape[1], row_bytes = columns * spt_dtype_size(tensor->dtype);
    const float scale = spt_embedding_scale(run->family, run->pass.config, tensor->dtype);
    float *rows = run->pass.narrow ? run->pass.narrow : run->pass.x;
    size_t next = 0;
    for (; run->portion < run->weights.embedding_portions; run->portion++) {
        const struct spt_piece *piece = &run->weights.pieces[run->weights.portions[run->portion].first];
        const size_t first = piece->first / columns, end = first + piece->count / columns;
        const unsigned char *bytes;
        if (asked_to_stop(run)) return SPT_END;
        const enum spt_status status = spt_stream_next(run->stream, &bytes, error);
        if (status != SPT_OK) return status;
        for (; next < probe->tokens && (size_t)probe->ids[run->by_id[next]] < end; next++) {
            const size_t token = run->by_id[next], row = (size_t)probe->ids[token] - first;
            float *to = rows + token * columns;
            spt_numbers_to_f32(tensor->dtype, bytes + row * row_bytes, columns, to);
            for (size_t i = 0; scale != 1 && i < columns; i++) to[i] *= scale;
        }
    }
    return SPT_OK;
}

static enum spt_status embed(struct run *run, struct spt_error *error) {
    enum spt_status status = copy_rows(run, error);
    if (status == SPT_OK) status = next_weights(run, false, run->weights.embeddings, SPT_EMBEDDING_ROLES, error);
    if (status == SPT_OK) status = spt_embedding_finish(&run->pass, run->usable, error);
    return status == SPT_OK ? show_hidden(run, 0, error) : status;
}

/* Whether anyone sees what the layers compute; else their weights are read to be shown, and for the digest. */
static bool is_computed(const struct run *run) {
    const struct spt_forward_observer *o = &run->observer;
    return o->attention || o->sample || o->again || o->hidden || !run->options.no_loss ||
           (run->output && run->output->stream);
}

static enum spt_status run_layer(struct run *run, size_t layer, struct spt_error *error) {
    struct spt_pass *pass = &run->pass;
    enum spt_status status = next_weights(run, run->family->transposed, run->weights.layer + layer * SPT_LAYER_ROLES,
                                          SPT_LAYER_ROLES, error);
    pass->layer = layer;
    pass->hidden = run->options.hidden_keys ? run->options.hidden_keys[layer] : NULL;
    if (status == SPT_OK && run->observer.weights)
        status = run->observer.weights(run->observer.context, layer, run->usable, error);
    spt_forward_mask(pass->config, layer, pass->probe->longest, &pass->mask, &pass->window);
    for (size_t i = 0; is_computed(run) && i < run->block_count && status == SPT_OK; i++) {
        pass->block = run->blocks[i];
        status = spt_layer_run(pass, run->usable, error);
    }
    if (status == SPT_OK) status = show_hidden(run, layer + 1, error);
    if (status == SPT_OK && run->observer.layer) status = run->observer.layer(run->observer.context, layer, error);
    return status;
}

static float *head_input(const struct spt_pass *pass) {
    return pass->narrow ? pass->narrow : pass->x;
}

static enum spt_status run_final(struct run *run, struct spt_error *error) {
    const struct spt_pass *pass = &run->pass;
    const struct spt_model_config *config = pass->config;
    const size_t tokens = pass->probe->tokens;
    const bool normed = spt_family_norm_place(run->family, config) != SPT_NORM_OF_SUM && !config->no_final_norm;
    enum spt_status status = next_weights(run, false, run->weights.final, SPT_FINAL_ROLES, error);
    if (status == SPT_OK && normed)
        status = spt_pass_norm(pass, pass->x, tokens, config->hidden, &run->usable[SPT_FINAL_NORM], pass->x, error);
    if (status == SPT_OK) status = show_hidden(run, config->layers + 1, error);
    if (status == SPT_OK && pass->narrow) {
        const struct spt_weight projection[2] = {run->usable[SPT_PROJECT_OUT]}; /* without a bias */
        status = spt_pass_linear(pass, projection, tokens, pass->x, pass->narrow, error);
    }
    if (status == SPT_OK && run->output && run->output->stream)
        memcpy(run->output->stream, head_input(pass), tokens * config->embedding_dim * sizeof(float));
    return status;
}

/* To one stream's head, or to two streams' (the other is NULL). */
struct heads {
    struct spt_output_head *one;
    struct spt_output_pair *two;
};

static enum spt_status add_rows(const struct heads *heads, const struct spt_matrix *rows, const float *bias,
                                size_t first, struct spt_error *error) {
    return heads->one ? spt_output_head_add(heads->one, rows, bias, first, error)
                      : spt_output_pair_add(heads->two, rows, bias, first, error);
}

static enum spt_status add_head_rows(struct run *run, const struct heads *heads, struct spt_error *error) {
    const struct spt_tensor *tensor = run->weights.head;
    const size_t columns = tensor->shape[1];
    const float *bias = NULL;
    enum spt_status status = SPT_OK;
    if (run->weights.head_bias) {
        status = next_weights(run, false, &run->weights.head_bias, 1, error);
        bias = run->usable[0].vector;
    }
    for (; run->portion < run->weights.portion_count && status == SPT_OK; run->portion++) {
        const struct spt_piece *piece = &run->weights.pieces[run->weights.portions[run->portion].first];
        const size_t first = piece->first / columns;
        const unsigned char *bytes;
        status = asked_to_stop(run) ? SPT_END : spt_stream_next(run->stream, &bytes, error);
        if (status != SPT_OK) break;
        const struct spt_matrix rows = {
            .dtype = tensor->dtype, .rows = piece->count / columns, .columns = columns, .data = bytes};
        status = add_rows(heads, &rows, bias ? bias + first : NULL, first, error);
    }
    return status;
}

static enum spt_status run_head(struct run *run, struct spt_error *error) {
    const struct spt_pass *pass = &run->pass;
    struct spt_output_head head;
    enum spt_status status =
        spt_output_head_init(&head, &run->team, pass->probe, head_input(pass), pass->config->embedding_dim, error);
    if (status != SPT_OK) return status;
    status = add_head_rows(run, &(struct heads){.one = &head}, error);
    if (status == SPT_OK && run->output) spt_output_head_losses(&head, run->output->total_loss, run->output->loss);
    spt_output_head_release(&head);
    return status;
}

static enum spt_status run_heads(struct run *run, struct spt_error *error) {
    const struct spt_pass *pass = &run->pass;
    const struct spt_forward_output *output = run->output;
    struct spt_output_pair pair;
    enum spt_status status = spt_output_pair_init(&pair, &run->team, pass->probe, output->other, head_input(pass),
                                                  pass->config->embedding_dim, error);
    if (status != SPT_OK) return status;
    status = add_head_rows(run, &(struct heads){.two = &pair}, error);
    if (status == SPT_OK) {
        spt_output_pair_losses(&pair, false, output->total_loss, output->loss);
        spt_output_pair_losses(&pair, true, NULL, output->other_loss);
        if (output->divergence) spt_output_pair_divergence(&pair, output->divergence);
    }
    spt_output_pair_release(&pair);
    return status;
}

/* A model that sees what comes next does not predict it. */
static void forget_predictions(const struct run *run) {
    const struct spt_forward_output *o = run->output;
    double *const figures[] = {o->loss, o->total_loss, o->other_loss, o->divergence};
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
        for (size_t s = 0; figures[i] && s < run->pass.probe->samples; s++) figures[i][s] = NAN;
}

static void release(struct run *run) {
    spt_stream_close(run->stream);
    spt_rotary_release(&run->pass.rotary);
    free(run->pass.x);
    free(run->pass.narrow);
    free(run->pass.work);
    free(run->pass.mlp_normed);
    free(run->pass.mlp_gate);
    free(run->pass.mlp_wide);
    free(run->vectors);
    free(run->blocks);
    free(run->order);
    free(run->by_id);
    spt_team_release(&run->team);
    spt_weights_release(&run->weights);
}

enum spt_status spt_forward_run(struct spt_checkpoint *checkpoint, const struct spt_model_config *config,
                                const struct spt_probe *probe, const struct spt_forward_options *options,
                                const struct spt_forward_observer *observer, const struct spt_forward_output *output,
                                struct spt_error *error) {
    struct run run = {.checkpoint = checkpoint, .output = output};
    if (options) run.options = *options;
    if (observer) run.observer = *observer;
    run.pass.config = config;
    run.pass.probe = probe;
    run.pass.observer = &run.observer;
    const bool cut = is_cut(&run);
    const size_t layers = cut ? run.options.layers : config->layers;
    if (cut) run.options.no_loss = true;
    enum spt_status status = prepare(&run, error);
    if (status == SPT_OK) status = open_stream(&run, error);
    if (status == SPT_OK) status = embed(&run, error);
    for (size_t l = 0; l < layers && status == SPT_OK; l++) status = run_layer(&run, l, error);
    if (status == SPT_OK && !cut) status = run_final(&run, error);
    if (status == SPT_OK && run.weights.head) status = compares(&run) ? run_heads(&run, error) : run_head(&run, error);
    if (status == SPT_OK && config->bidirectional && output && !run.options.no_loss) forget_predictions(&run);
    release(&run);
    return status;
}

void spt_forward_mask(const struct spt_model_config *config, size_t layer, size_t longest, enum spt_mask_kind *kind,
                      size_t *window) {
    const bool windowed =
        !config->bidirectional && config->window < longest && spt_model_config_windowed(config, layer);
    *kind = config->bidirectional ? SPT_MASK_FULL : windowed ? SPT_MASK_WINDOW : SPT_MASK_CAUSAL;
    *window = windowed ? config->window : 0;
}
