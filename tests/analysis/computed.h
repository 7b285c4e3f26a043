/* What another program computed: its numbers (tests/data/NAME.json) and the tensors it computed with
 * (tests/data/NAME.safetensors). One fixture for all tests of a file. */
#ifndef TESTS_COMPUTED_H
#define TESTS_COMPUTED_H

#include "checkpoints/base/json.h"
#include "checkpoints/checkpoint.h"

struct fixture {
    struct spt_checkpoint *tensors;
    struct spt_json_document *expected;
};

/* Opens both files, whose names without endings is name, as *state. */
int computed_open(void **state, const char *name);
int computed_close(void **state);

#endif
