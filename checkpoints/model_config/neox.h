/* The config that GPT-NeoX itself is given: YAML files, which it copies beside each checkpoint (global_step1000/configs).
 *
 * Several files are one config: a key may stand in any of them, with hyphens or underscores. What they say is translated, key
 * by key, into what the conversion to HF transformers (gpt-neox, tools/ckpts/convert_neox_to_hf.py) would write as
 * config.json, so that a model has one config whichever way it came. They do not say how many tokens the embedding was
 * padded to: its rows do.
 */
#ifndef SPT_MODEL_CONFIG_NEOX_H
#define SPT_MODEL_CONFIG_NEOX_H

#include "checkpoints/base/hash.h"
#include "checkpoints/base/tree.h"
#include "checkpoints/model_config.h"

/* Whether path, by its name, is such a file (*.yml), or else a folder of them and not a config.json. */
bool spt_neox_config_is(struct spt_tree *tree, const char *path);

/* Whether folder holds a *.yml. */
bool spt_neox_config_in(struct spt_tree *tree, const char *folder);

/* path: one file, or a folder of which all *.yml are read. vocabulary: rows of the embedding.
 * SPT_INVALID names file, line and key, or both places where two disagree; SPT_UNSUPPORTED: a choice for which HF's GPT-NeoX has
 * no counterpart; SPT_IO. */
enum spt_status spt_neox_config_read(struct spt_tree *tree, const char *path, size_t vocabulary,
                                     struct spt_model_config *config, struct spt_error *error);

/* The same of files in memory. */
struct spt_neox_file {
    const char *path, *bytes; /* bytes [size] */
    size_t size;
};
enum spt_status spt_neox_config_parse(const struct spt_neox_file *files, size_t count, const char *path,
                                      size_t vocabulary, struct spt_model_config *config, struct spt_error *error);

/* Of the bytes of these files: two checkpoints whose configs are the same file copied have it in common. */
enum spt_status spt_neox_config_hash(struct spt_tree *tree, const char *path, struct spt_hash *hash,
                                     struct spt_error *error);

/* The last part of the path that names the tokenizer.json which the model was trained with; owned. SPT_END: none is named. */
enum spt_status spt_neox_config_tokenizer(struct spt_tree *tree, const char *path, char **name,
                                          struct spt_error *error);

#endif
