#include "tracker/run_options.h"

struct spt_run_options spt_run_options_of(const struct spt_config *config, const struct spt_log *log) {
    return (struct spt_run_options){
        .step_pattern = config->step_pattern,
        .model_config = config->model_config,
        .tokenizer = config->tokenizer,
        .tmpdir = config->tmpdir,
        .spool_limit = (uint64_t)config->spool_limit,
        .log = log,
    };
}

struct spt_run_options spt_run_options_for_listing(const struct spt_config *config) {
    struct spt_run_options options = spt_run_options_of(config, NULL);
    options.model_config = options.tokenizer = NULL;
    return options;
}
