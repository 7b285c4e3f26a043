/* What BERT and its kin are made of. */
#ifndef SPT_FORWARD_BERT_H
#define SPT_FORWARD_BERT_H

#include "analysis/forward/families/axes.h"

#define SPT_BERT_EMBEDDING                                                                                             \
    { "embeddings.word_embeddings.weight", {&SPT_VOCABULARY, &SPT_HIDDEN}, NULL }

#define SPT_BERT_EMBEDDINGS(positions)                                                                                 \
    {                                                                                                                  \
        [SPT_POSITIONS] = {"embeddings.position_embeddings.weight", {positions, &SPT_HIDDEN}, NULL},                   \
        [SPT_TOKEN_TYPES] = {"embeddings.token_type_embeddings.weight", {&SPT_TYPES, &SPT_HIDDEN}, NULL},              \
        [SPT_EMBEDDING_NORM] = {"embeddings.LayerNorm.weight", {&SPT_HIDDEN}, NULL},                                   \
        [SPT_EMBEDDING_NORM_BIAS] = {"embeddings.LayerNorm.bias", {&SPT_HIDDEN}, NULL},                                \
    }

#define SPT_BERT_WEIGHT(role, name, ...) [role] = {"encoder.layer.*." name ".weight", {__VA_ARGS__}, NULL}
#define SPT_BERT_BIAS(role, name, size)  [role##_BIAS] = {"encoder.layer.*." name ".bias", {size}, NULL}

#define SPT_BERT_NORM(role, name)            SPT_BERT_WEIGHT(role, name, &SPT_HIDDEN), SPT_BERT_BIAS(role, name, &SPT_HIDDEN)
#define SPT_BERT_LINEAR(role, name, out, in) SPT_BERT_WEIGHT(role, name, out, in), SPT_BERT_BIAS(role, name, out)

#define SPT_BERT_LAYER                                                                                                 \
    {                                                                                                                  \
        SPT_BERT_LINEAR(SPT_QUERY, "attention.self.query", &SPT_HIDDEN, &SPT_HIDDEN),                                  \
            SPT_BERT_LINEAR(SPT_KEY, "attention.self.key", &SPT_HIDDEN, &SPT_HIDDEN),                                  \
            SPT_BERT_LINEAR(SPT_VALUE, "attention.self.value", &SPT_HIDDEN, &SPT_HIDDEN),                              \
            SPT_BERT_LINEAR(SPT_OUT, "attention.output.dense", &SPT_HIDDEN, &SPT_HIDDEN),                              \
            SPT_BERT_NORM(SPT_ATTENTION_NORM, "attention.output.LayerNorm"),                                           \
            SPT_BERT_LINEAR(SPT_UP, "intermediate.dense", &SPT_INTERMEDIATE, &SPT_HIDDEN),                             \
            SPT_BERT_LINEAR(SPT_DOWN, "output.dense", &SPT_HIDDEN, &SPT_INTERMEDIATE),                                 \
            SPT_BERT_NORM(SPT_MLP_NORM, "output.LayerNorm"),                                                           \
    }

#endif
