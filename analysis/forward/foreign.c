#include "analysis/forward/foreign.h"

#include <string.h>

/* One tensor that each of them has, behind whatever the trainer's wrappers put in front; longer before shorter.
 * (torchtitan: models/llama3; llama: model.py; OLMo: olmo/model.py; OLMo-core: nn/transformer; Megatron-LM: core/models/gpt
 * and legacy/model/language_model.py.) */
static const struct {
    const char *tensor, *whose;
} NAMES[] = {
    {"tok_embeddings.weight", "torchtitan's or Llama's own"},
    {"transformer.ff_out.weight", "OLMo's own trainer's"},
    {"transformer.blocks.0.att_proj.weight", "OLMo's own trainer's"},
    {"blocks.0.attention.w_q.weight", "OLMo-core's"},
    {"language_model.embedding.word_embeddings.weight", "Megatron-LM's"},
    {"embedding.word_embeddings.weight", "Megatron-Core's"},
};

static bool ends_in(const char *name, const char *own) {
    const size_t length = strlen(name), ending = strlen(own);
    return length >= ending && strcmp(name + length - ending, own) == 0 &&
           (length == ending || name[length - ending - 1] == '.');
}

const char *spt_foreign_names_of(const struct spt_checkpoint *checkpoint, const struct spt_tensor **tensor) {
    for (size_t row = 0; row < sizeof NAMES / sizeof *NAMES; row++)
        for (size_t i = 0; i < spt_checkpoint_tensor_count(checkpoint); i++) {
            *tensor = spt_checkpoint_tensor(checkpoint, i);
            if (ends_in((*tensor)->name, NAMES[row].tensor)) return NAMES[row].whose;
        }
    return NULL;
}
