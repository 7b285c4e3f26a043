#include "tests/analysis/computed.h"

#include <stdio.h>
#include <stdlib.h>

enum { EXPECTED_MOST = 1 << 26 };

int computed_open(void **state, const char *name) {
    char tensors[512], expected[512];
    struct spt_error error;
    struct fixture *f = calloc(1, sizeof *f);
    (void)snprintf(tensors, sizeof tensors, SPT_TEST_DATA "/%s.safetensors", name);
    (void)snprintf(expected, sizeof expected, SPT_TEST_DATA "/%s.json", name);
    if (!f || spt_checkpoint_open(tensors, NULL, &f->tensors, &error) != SPT_OK ||
        spt_json_read_file(expected, EXPECTED_MOST, false, &f->expected, &error) != SPT_OK)
        return -1;
    *state = f;
    return 0;
}

int computed_close(void **state) {
    struct fixture *f = *state;
    spt_checkpoint_close(f->tensors);
    spt_json_free(f->expected);
    free(f);
    return 0;
}
