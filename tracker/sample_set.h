/* The probe of a run, ready to be asked: sentences through the run's tokenizer, or token ids from a file.
 *
 *     spt_sample_set_init  ->  (spt_sample_set_shuffle for a control)  ->  .probe, .digest  ->  spt_sample_set_release
 */
#ifndef SPT_SAMPLE_SET_H
#define SPT_SAMPLE_SET_H

#include "analysis/probe.h"
#include "checkpoints/base/hash.h"
#include "checkpoints/base/text.h"
#include "checkpoints/model_config.h"
#include "tracker/config/config.h"

struct spt_sample_set {
    struct spt_probe probe; /* points into what follows */
    int32_t *ids;
    size_t *offset;
    unsigned char *special; /* NULL: from a file of ids */
    struct spt_hash digest; /* of the token ids */
    bool shuffled;
    struct spt_hash original; /* of the ids before they were shuffled */
    uint64_t seed;            /* they were shuffled with */
    const char *source;       /* the file: borrowed, or in path */
    char *path;
    char *added; /* what the tokenizer adds to a sentence, "<s> ... </s>"; NULL: from a file of ids */
};

/* The first config->samples samples of config->ids, else of config->probe (default: the sentences that come with spectail) through tokenizer.
 *   tokenizer  path in tree (NULL: on the disk); may be NULL where config->ids is given
 *   model      what the ids and lengths must fit
 * SPT_INVALID names the line or sample, what was found and what was expected. SPT_IO. SPT_UNSUPPORTED. SPT_NOMEM. */
enum spt_status spt_sample_set_init(struct spt_sample_set *set, const struct spt_config *config, struct spt_tree *tree,
                                    const char *tokenizer, const struct spt_model_config *model,
                                    struct spt_error *error);
void spt_sample_set_release(struct spt_sample_set *set);

/* Puts the tokens of each sample into another order: every order of them is as likely as another (Fisher and Yates), and the same for every
 * checkpoint, thread and machine. Special tokens stay where they are; where none are known (ids from a file) the first token stays if all
 * samples begin with it. SPT_INVALID: no sample has two tokens that differ and may be moved, so that there is no other order. SPT_NOMEM. */
enum spt_status spt_sample_set_shuffle(struct spt_sample_set *set, uint64_t seed, struct spt_error *error);

/* Appends what the probe is, one "key: value" a line: samples, tokens, digest, the name of its file, how bos was asked for, what is added to each sentence, and of a control what spt_control_describe tells. config is
 * the one it was made with. */
void spt_sample_set_describe(const struct spt_sample_set *set, const struct spt_config *config, struct spt_text *text);

#endif
