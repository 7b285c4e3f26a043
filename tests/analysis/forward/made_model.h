/* GPT-NeoX checkpoints made up for tests, a probe over them, and the forward pass as its definition reads: one token,
 * one head, one number at a time, in double. It is the oracle for what no reference file covers.
 */
#ifndef SPT_TEST_MADE_MODEL_H
#define SPT_TEST_MADE_MODEL_H

#include "analysis/forward/forward.h"

struct made_model {
    struct spt_model_config config;
    enum spt_dtype dtype; /* SPT_F64, SPT_F32, SPT_F16 or SPT_BF16 */
    bool bare;            /* names without "gpt_neox." and no head */
    size_t padding;       /* rows of the embedding and the head beyond config.vocabulary */
    const char *omit;     /* this tensor is left out */
    const char *lengthen; /* this one gets a row too many */
    const char *poison;   /* the first number of this one is .. */
    double poison_value;
    bool integers;      /* all tensors are said to be I32 (with dtype SPT_F32) */
    size_t more_layers; /* than the config says */
};

/* 3 layers of 2 heads of 8, intermediate 40, vocabulary 29, 32 positions; f32. */
struct made_model made_model_small(void);

#define MADE_PATH 64

/* Writes it to a new file, whose path is put in path. */
void made_model_write(const struct made_model *model, char path[MADE_PATH]);

/* The same, opened and unlinked. The path, for messages, is put in path [MADE_PATH] unless NULL. */
struct spt_checkpoint *made_model_open(const struct made_model *model, char *path);

/* Samples of these lengths with ids below vocabulary. */
struct made_probe {
    int32_t ids[4096];
    size_t offset[65];
    struct spt_probe probe;
};
void made_probe_fill(struct made_probe *made, const size_t *lengths, size_t samples, size_t vocabulary);

/* One sample by the definition.
 *   attention [layers, heads, n, n], max_logit [layers, heads], hidden [layers + 2, n, d] (stages as
 * spt_forward_observer has them) */
struct plain_output {
    double *attention, *max_logit, *hidden, loss;
};
void plain_forward(struct spt_checkpoint *checkpoint, const struct made_model *model, const int32_t *ids, size_t n,
                   struct plain_output *out);

/* All that a pass shows, kept. */
struct made_record {
    const struct spt_probe *probe;
    size_t layers, heads, d;
    float *attention;     /* [layers] each the samples one behind the other, [heads, n, n] */
    size_t *at;           /* [samples + 1] of each sample within a layer */
    float *max_logit;     /* [layers, samples, heads] */
    float *hidden;        /* [layers + 2, N, d] */
    double *loss, *total; /* [samples] */
    size_t layers_seen;
};
void made_record_init(struct made_record *record, const struct spt_model_config *config, const struct spt_probe *probe);
void made_record_release(struct made_record *record);
struct spt_forward_observer made_record_observer(struct made_record *record);

/* Runs the pass and records it; asserts that it succeeds. */
void made_record_run(struct made_record *record, const struct made_model *model, const struct spt_probe *probe,
                     const struct spt_forward_options *options);

#endif
