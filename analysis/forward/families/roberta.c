/* RoBERTa (Liu et al. 2019): BERT, with positions that begin behind the padding token's id and that padding does not
 * take. */
#include "analysis/forward/families/bert.h"

static const struct spt_axis POSITIONS = {.text = "max_position_embeddings", .size = spt_size_positions};

const struct spt_family spt_family_roberta = {
    .model_type = "roberta",
    .prefix = {"roberta.", ""},
    .embedding = SPT_BERT_EMBEDDING,
    .embeddings = SPT_BERT_EMBEDDINGS(&POSITIONS),
    .layer = SPT_BERT_LAYER,
    .norm = SPT_NORM_LAYER,
    .norm_place = SPT_NORM_OF_SUM,
    .skips_padding = true,
};
