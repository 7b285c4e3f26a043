#include "tracker/control.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define SUFFIX " (shuffled)"
#define KEY    "control of: "

void spt_control_put_name(struct spt_text *text, const char *run) {
    spt_text_format(text, "%s" SUFFIX, run);
}

void spt_control_describe(struct spt_text *text, struct spt_hash of, uint64_t seed) {
    char hex[SPT_HASH_HEX];
    spt_hash_hex(of, hex);
    spt_text_format(text, "control: shuffled\n" KEY "%s\nshuffle seed: %" PRIu64 "\n", hex, seed);
}

/* The digest of the ids that were shuffled, in hexadecimal digits; NULL: the run is no control. */
static const char *origin_of(const struct spt_store_run *run) {
    const char *line = run->probe_text ? strstr(run->probe_text, "\n" KEY) : NULL;
    return line ? line + strlen("\n" KEY) : NULL;
}

bool spt_control_is(const struct spt_store_run *run) {
    return origin_of(run) != NULL;
}

void spt_control_put_origin_name(struct spt_text *text, const struct spt_store_run *run) {
    const size_t length = strlen(run->name), suffix = strlen(SUFFIX);
    const bool named = spt_control_is(run) && length > suffix && strcmp(run->name + length - suffix, SUFFIX) == 0;
    spt_text_append(text, run->name, named ? length - suffix : length);
}

static bool is_control_of(const struct spt_store_run *control, const struct spt_store_run *run) {
    const char *origin = origin_of(control);
    const size_t length = strlen(run->name);
    char hex[SPT_HASH_HEX];
    spt_hash_hex(run->probe, hex);
    return origin && strncmp(origin, hex, strlen(hex)) == 0 && strncmp(control->name, run->name, length) == 0 &&
           strcmp(control->name + length, SUFFIX) == 0 && spt_hash_equal(control->model, run->model) &&
           spt_hash_equal(control->plan, run->plan);
}

const struct spt_store_run *spt_control_find(const struct spt_store_run *run, const struct spt_store_run *runs,
                                             size_t count) {
    for (size_t i = count; i-- > 0;)
        if (is_control_of(&runs[i], run)) return &runs[i];
    return NULL;
}
