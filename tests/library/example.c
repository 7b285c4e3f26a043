/* How strongly does each layer attend to the first token, beyond what uniform attention would give it? example RUN < sentences.txt
 * prints sink.first_excess of every layer at the run's last step, with its 95 % interval over the sentences, one a line. */
#include <spectail.h>
#include <stdio.h>
#include <string.h>

enum { SAMPLES_MAX = 1000, LINE_MAX_BYTES = 65536 };

static enum spt_status print(void *context, const struct spt_measure *m, struct spt_error *error) {
    (void)context, (void)error;
    if (m->layer != SPT_WHOLE_MODEL && m->head == SPT_WHOLE_LAYER)
        printf("layer %d: %.6f [%.6f, %.6f]\n", m->layer, m->mean, m->lo, m->hi);
    return SPT_OK;
}

static enum spt_status read_probe(const struct spt_tokenizer *tokenizer, struct spt_token_ids *ids, size_t *offset,
                                  struct spt_probe *probe, struct spt_error *error) {
    char line[LINE_MAX_BYTES];
    enum spt_status status = SPT_OK;
    while (!status && probe->samples < SAMPLES_MAX && fgets(line, sizeof line, stdin)) {
        status = spt_tokenizer_encode(tokenizer, line, strcspn(line, "\n"), SPT_BOS_AUTO, ids, error);
        const size_t length = ids->count - offset[probe->samples];
        if (length > probe->longest) probe->longest = length;
        offset[++probe->samples] = ids->count;
    }
    probe->ids = ids->ids, probe->offset = offset, probe->tokens = ids->count;
    return status;
}

int main(int count, char **argument) {
    struct spt_error error = {0};
    struct spt_run *run = NULL;
    struct spt_tokenizer *tokenizer = NULL;
    struct spt_checkpoint *checkpoint = NULL;
    struct spt_analysis *analysis = NULL;
    struct spt_model_config config;
    struct spt_token_ids ids = {0};
    struct spt_probe probe = {0};
    struct spt_plan plan;
    size_t offset[SAMPLES_MAX + 1] = {0};
    const struct spt_emit emit = {.measure = print};

    spt_plan_init(&plan);
    for (size_t i = 0; plan.metric && i < SPT_METRIC_COUNT; i++)
        plan.metric[i] = i == spt_metric_find("sink.first_excess");
    enum spt_status status = spt_run_open(count > 1 ? argument[1] : ".", NULL, &run, &error);
    const struct spt_checkpoint_ref *last = status ? NULL : &run->refs[run->count - 1];
    if (!status) status = spt_model_config_read(last->config, &config, &error);
    if (!status) status = spt_tokenizer_open(last->tokenizer, &tokenizer, &error);
    if (!status) status = read_probe(tokenizer, &ids, offset, &probe, &error);
    if (!status) status = spt_analysis_new(&plan, &config, &probe, &analysis, &error);
    if (!status) status = spt_checkpoint_open(last->path, NULL, &checkpoint, &error);
    if (!status) status = spt_analysis_checkpoint(analysis, checkpoint, &emit, &error);
    if (!status) status = spt_checkpoint_confirm(checkpoint, &error); /* nobody changed it meanwhile */
    if (status) fprintf(stderr, "%s: %s\n", error.path, error.message);
    spt_checkpoint_close(checkpoint), spt_analysis_free(analysis), spt_plan_release(&plan);
    spt_token_ids_release(&ids), spt_tokenizer_close(tokenizer), spt_run_close(run);
    return status != SPT_OK;
}
