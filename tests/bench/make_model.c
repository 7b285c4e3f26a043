/* Writes a made-up checkpoint of the shape that a config.json has (tests/tools/model.h).
 *
 *     make_model CONFIG DIR [SHARD_GB [LAYERS]]
 *
 * LAYERS fewer than the config's leave peak memory and rate as they are, in less time and on less disk. Prints the bytes
 * of all weights and of one layer's.
 */
#include "model.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    const double gigabytes = argc > 3 ? strtod(argv[3], NULL) : 5; /* the default of HF transformers 4 */
    if (argc < 3 || argc > 5 || !(gigabytes > 0)) {
        fprintf(stderr, "usage: make_model CONFIG DIR [SHARD_GB [LAYERS]]\n");
        return 2;
    }
    const struct model_made made =
        model_make(argv[1], argv[2], gigabytes * 1e9, argc > 4 ? strtoul(argv[4], NULL, 10) : 0);
    printf("%" PRIu64 " bytes, %" PRIu64 " a layer\n", made.bytes, made.layer_bytes);
    return 0;
}
