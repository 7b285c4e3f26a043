/* Under what names weights lie in a folder, and which of them count: one table for who opens a folder and for who only looks
 * whether it holds a checkpoint. */
#ifndef SPT_READERS_FOLDER_TABLE_H
#define SPT_READERS_FOLDER_TABLE_H

#include "checkpoints/readers/reader.h"

/* Is name one that weights, a part of them or their index have? Those of formats that no reader knows are among them:
 * their checkpoints are listed, and recorded as unsupported, instead of being passed over. Optimizer states and training
 * arguments are no weights. */
bool spt_weights_is_name(const char *name);

/* Is name one that GPT-NeoX's trainer or DeepSpeed gives its weights? */
bool spt_weights_is_deepspeed_name(const char *name);

/* Reads the weights in directory: those of the first row of the table that any file there fits.
 *   SPT_RETRY        none yet, or parts without their index; what their reader says
 *   SPT_INVALID      several files, of which any one could be the model: names them
 *   SPT_UNSUPPORTED  only what needs a conversion first, which is named */
enum spt_status spt_contents_read_folder(struct spt_contents *contents, const char *directory, struct spt_error *error);

/* --- readers of several files that are one model: names [count], sorted, as the folder has them --- */

/* GPT-NeoX's, one a layer, under HF transformers' names. SPT_RETRY: not all of them; SPT_UNSUPPORTED: of several
 * model-parallel ranks. */
enum spt_status spt_contents_read_layers(struct spt_contents *contents, const char *directory, const char *const *names,
                                         size_t count, struct spt_error *error);

/* DeepSpeed's, one a model-parallel rank: one is read, SPT_UNSUPPORTED names the others. */
enum spt_status spt_contents_read_ranks(struct spt_contents *contents, const char *directory, const char *const *names,
                                        size_t count, struct spt_error *error);

#endif
