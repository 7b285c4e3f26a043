/* BERT (Devlin et al. 2019): every token sees every token, learned positions and segments, norms behind the sums. All
 * tokens are of the first segment. */
#include "analysis/forward/families/bert.h"

static const struct spt_axis POSITIONS = {.text = "max_position_embeddings", .size = spt_size_positions};

const struct spt_family spt_family_bert = {
    .model_type = "bert",
    .prefix = {"bert.", ""},
    .embedding = SPT_BERT_EMBEDDING,
    .embeddings = SPT_BERT_EMBEDDINGS(&POSITIONS),
    .layer = SPT_BERT_LAYER,
    .norm = SPT_NORM_LAYER,
    .norm_place = SPT_NORM_OF_SUM,
};
