/* The tensors that a pass reads, read only to be hashed. */
#include "analysis/forward/family.h"
#include "analysis/forward/forward.h"
#include "analysis/forward/weights.h"

enum { PIECE_ELEMENTS = 8 * 1024 * 1024 }; /* between two questions whether to stop: some tens of milliseconds */

struct reading {
    struct spt_checkpoint *checkpoint;
    bool (*stop)(void *context);
    void *context;
};

/* tensor NULL: one that the config has not. */
static enum spt_status hash_tensor(const struct reading *reading, const struct spt_tensor *tensor,
                                   struct spt_error *error) {
    enum spt_status status = SPT_OK;
    size_t first = 0;
    if (!tensor) return SPT_OK;
    do {
        const size_t left = tensor->count - first, count = left < PIECE_ELEMENTS ? left : PIECE_ELEMENTS;
        if (reading->stop && reading->stop(reading->context)) return SPT_END;
        status = spt_checkpoint_read(reading->checkpoint, tensor, first, count, NULL, error);
        first += count;
    } while (status == SPT_OK && first < tensor->count);
    return status;
}

static enum spt_status hash_list(const struct reading *reading, const struct spt_tensor *const *tensors, size_t count,
                                 struct spt_error *error) {
    enum spt_status status = SPT_OK;
    for (size_t i = 0; i < count && status == SPT_OK; i++) status = hash_tensor(reading, tensors[i], error);
    return status;
}

static enum spt_status hash_head(const struct reading *reading, const struct spt_weights *weights,
                                 struct spt_error *error) {
    const enum spt_status status =
        weights->head == weights->embedding ? SPT_OK : hash_tensor(reading, weights->head, error);
    return status == SPT_OK ? hash_tensor(reading, weights->head_bias, error) : status;
}

static enum spt_status find(struct spt_weights *weights, const struct spt_checkpoint *checkpoint,
                            const struct spt_model_config *config, bool with_head, struct spt_error *error) {
    const struct spt_family *family;
    const enum spt_status status = spt_family_find(config->model_type, &family, error);
    return status == SPT_OK ? spt_weights_find(weights, checkpoint, family, config, with_head, error) : status;
}

enum spt_status spt_forward_hash_head(struct spt_checkpoint *checkpoint, const struct spt_model_config *config,
                                      bool (*stop)(void *context), void *context, struct spt_error *error) {
    const struct reading reading = {checkpoint, stop, context};
    struct spt_weights weights;
    if (find(&weights, checkpoint, config, true, NULL) != SPT_OK) return SPT_OK;
    const enum spt_status status = hash_head(&reading, &weights, error);
    spt_weights_release(&weights);
    return status;
}

enum spt_status spt_forward_digest(struct spt_checkpoint *checkpoint, const struct spt_model_config *config,
                                   bool (*stop)(void *context), void *context, struct spt_hash *digest,
                                   struct spt_hash *headless, struct spt_error *error) {
    const struct reading reading = {checkpoint, stop, context};
    struct spt_weights weights;
    enum spt_status status = SPT_OK;
    if (find(&weights, checkpoint, config, true, NULL) != SPT_OK) /* without a head a pass is possible too */
        status = find(&weights, checkpoint, config, false, error);
    if (status != SPT_OK) return status;
    status = hash_tensor(&reading, weights.embedding, error);
    if (status == SPT_OK) status = hash_list(&reading, weights.embeddings, SPT_EMBEDDING_ROLES, error);
    if (status == SPT_OK) status = hash_list(&reading, weights.layer, config->layers * SPT_LAYER_ROLES, error);
    if (status == SPT_OK) status = hash_list(&reading, weights.final, SPT_FINAL_ROLES, error);
    if (status == SPT_OK && headless) status = spt_checkpoint_digest(checkpoint, headless, error);
    if (status == SPT_OK) status = hash_head(&reading, &weights, error);
    spt_weights_release(&weights);
    return status == SPT_OK ? spt_checkpoint_digest(checkpoint, digest, error) : status;
}
