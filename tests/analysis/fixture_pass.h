/* A pass over a model of tests/data as a fixture names it: what tests against HF transformers share.
 *
 * A case of such a fixture has name, path (below tests/data) and ids (token ids, sample by sample).
 */
#ifndef TESTS_FIXTURE_PASS_H
#define TESTS_FIXTURE_PASS_H

#include "analysis/analyze.h"
#include "checkpoints/base/json.h"
#include "checkpoints/checkpoint.h"

enum { FIXTURE_MOST_SAMPLES = 4, FIXTURE_MOST_TOKENS = 256 };

struct fixture_pass {
    int32_t ids[FIXTURE_MOST_TOKENS];
    size_t offset[FIXTURE_MOST_SAMPLES + 1];
    struct spt_probe probe;
    struct spt_plan plan;
    struct spt_model_config config;
    struct spt_checkpoint *checkpoint;
    struct spt_analysis *analysis;
};

/* Analyses the case's model with these groups of metrics, values of single heads kept; fails the test where that fails.
 *   groups  up to a NULL */
void fixture_pass_run(struct fixture_pass *pass, const struct spt_json *model, const char *const *groups,
                      size_t threads, const struct spt_emit *emit);
void fixture_pass_release(struct fixture_pass *pass);

#endif
