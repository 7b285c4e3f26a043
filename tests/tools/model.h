/* A checkpoint of the shape that a config.json has, with made-up random weights, as HF transformers lays it out: tensors,
 * their names and their shapes are those of the architecture's table (analysis/forward/families), numbers as the config's
 * torch_dtype has them.
 */
#ifndef MODEL_H
#define MODEL_H

#include "analysis/forward/forward.h"

struct model_made {
    struct spt_model_config config;
    uint64_t bytes, layer_bytes; /* of all weights, and of the last layer's */
};

/* Writes config.json, and model.safetensors or shards of file_bytes with their index, into a folder, which is made where
 * it is not there. layers: in place of the config's number; 0: as it is. Memory stays below 150 MB. What cannot be done
 * ends the program with a message. */
struct model_made model_make(const char *config, const char *directory, double file_bytes, size_t layers);

#endif
