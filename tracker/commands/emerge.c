#include "analysis/metric.h"
#include "checkpoints/base/memory.h"
#include "tracker/commands/commands.h"
#include "tracker/emergence/emergence.h"
#include "tracker/formats/names.h"
#include "tracker/metric_choice.h"
#include "tracker/runs_of_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One call of the command. */
struct request {
    struct spt_invocation *invocation;
    struct spt_emerged_options options;
    bool *metrics; /* [SPT_METRIC_COUNT] */
    struct spt_emerged_view view;
    bool any_layer; /* none was asked for */
    struct spt_store *store;
    struct spt_run_list runs;
    char **names; /* [runs.all_count] */
    struct spt_emerged *emerged;
    size_t count, capacity;
};

/* --- which runs --- */

static const char *name_of(const struct request *request, const struct spt_store_run *run) {
    size_t i = 0;
    while (request->runs.all[i].id != run->id) i++;
    return request->names[i];
}

static int read_branch(struct request *request, const struct spt_store_run *run, const char *branch) {
    struct spt_error error;
    if (!spt_grow((void **)&request->emerged, &request->capacity, request->count + 1, sizeof *request->emerged))
        return spt_invocation_usage(request->invocation, "out of memory");
    const enum spt_status status = spt_emerged_read(request->store, run, name_of(request, run), branch,
                                                    &request->options, &request->emerged[request->count], &error);
    if (status == SPT_END) return SPT_EXIT_DONE;
    if (status == SPT_UNSUPPORTED) return spt_invocation_fail(request->invocation, SPT_EXIT_USAGE, &error);
    if (status != SPT_OK) return spt_invocation_fail(request->invocation, SPT_EXIT_STORE, &error);
    request->count++;
    return SPT_EXIT_DONE;
}

static int read_run(struct request *request, const struct spt_store_run *run) {
    const char *wanted = spt_invocation_value(request->invocation, "branch");
    struct spt_error error;
    char **branches = NULL;
    size_t count = 0;
    const size_t before = request->count;
    int status = SPT_EXIT_DONE;
    if (spt_emerged_branches(request->store, run->id, &branches, &count, &error) != SPT_OK)
        return spt_invocation_fail(request->invocation, SPT_EXIT_STORE, &error);
    for (size_t i = 0; i < count && status == SPT_EXIT_DONE; i++)
        if (!wanted || strcmp(wanted, branches[i]) == 0) status = read_branch(request, run, branches[i]);
    for (size_t i = 0; i < count; i++) free(branches[i]);
    free(branches);
    if (status == SPT_EXIT_DONE && request->count == before)
        return wanted ? spt_invocation_usage(request->invocation,
                                             "run \"%s\" has no analysed checkpoint with a step in branch \"%s\"",
                                             run->name, wanted)
                      : spt_invocation_usage(request->invocation,
                                             "run \"%s\" has no analysed checkpoint with a step yet", run->name);
    return status;
}

static int read_all(struct request *request) {
    request->names = spt_run_names(request->runs.all, request->runs.all_count);
    if (!request->names) return spt_invocation_usage(request->invocation, "out of memory");
    int status = SPT_EXIT_DONE;
    for (size_t i = 0; i < request->runs.count && status == SPT_EXIT_DONE; i++)
        status = read_run(request, &request->runs.runs[i]);
    return status;
}

/* --- what is written --- */

static void put_tables(struct spt_text *out, const struct request *request, const struct spt_compared *groups,
                       size_t count) {
    struct spt_emerged_view view = request->view;
    if (request->any_layer && view.head == SPT_EVERY_HEAD) view.layer = SPT_WHOLE_MODEL;
    for (size_t i = 0; i < request->count; i++) {
        if (i) spt_text_put(out, "\n");
        spt_emerged_put_table(out, &request->emerged[i], view);
    }
    for (size_t i = 0; i < count; i++) {
        spt_text_put(out, "\n");
        spt_compared_put_table(out, &groups[i], view);
    }
}

static void put_csv(struct spt_text *out, const struct request *request, const struct spt_compared *groups,
                    size_t count) {
    spt_emerged_put_csv_header(out);
    for (size_t i = 0; i < request->count; i++) spt_emerged_put_csv(out, &request->emerged[i], request->view);
    for (size_t i = 0; i < count; i++) spt_compared_put_csv(out, &groups[i], request->view);
}

static int write_all(const struct request *request) {
    struct spt_compared *groups;
    size_t count;
    struct spt_error error;
    struct spt_text out = {0};
    if (spt_emerged_compare(request->emerged, request->count, &groups, &count, &error) != SPT_OK)
        return spt_invocation_fail(request->invocation, SPT_EXIT_STORE, &error);
    if (request->invocation->json)
        spt_emerged_put_json(&out, request->emerged, request->count, groups, count, request->view);
    else if (spt_invocation_value(request->invocation, "csv"))
        put_csv(&out, request, groups, count);
    else
        put_tables(&out, request, groups, count);
    spt_compared_free(groups, count);
    const int status = spt_invocation_print(request->invocation, &out);
    spt_text_release(&out);
    return status;
}

/* --- what is asked for --- */

static int parse_layer(struct request *request) {
    const char *text = spt_invocation_value(request->invocation, "layer");
    char *end = NULL;
    request->view.layer = SPT_EVERY_LAYER;
    request->any_layer = !text;
    if (!text || strcmp(text, "all") == 0) return SPT_EXIT_DONE;
    const long layer = strtol(text, &end, 10);
    if (end == text || *end || layer < SPT_WHOLE_MODEL || layer > 65535)
        return spt_invocation_usage(request->invocation,
                                    "--layer: found \"%s\", expected a layer from 0, -1 for the whole model, or all",
                                    text);
    request->view.layer = (int)layer;
    return SPT_EXIT_DONE;
}

/* Heads are rows of their layers: with --head the default is every layer. */
static int parse_head(struct request *request) {
    const char *text = spt_invocation_value(request->invocation, "head");
    char *end = NULL;
    request->view.head = SPT_EVERY_HEAD;
    if (!text || strcmp(text, "all") == 0) return SPT_EXIT_DONE;
    const long head = strtol(text, &end, 10);
    if (end == text || *end || head < 0 || head > 65535)
        return spt_invocation_usage(request->invocation, "--head: found \"%s\", expected a head from 0, or all", text);
    if (request->view.layer == SPT_WHOLE_MODEL)
        return spt_invocation_usage(request->invocation, "--head: the whole model has no head %ld, expected --layer L",
                                    head);
    request->view.head = (int)head;
    return SPT_EXIT_DONE;
}

/* Tokens are told where any checkpoint says them. */
static int check_tokens(const struct request *request) {
    for (size_t i = 0; request->view.tokens && i < request->count; i++) {
        const struct spt_emerged *e = &request->emerged[i];
        size_t known = 0;
        for (size_t c = 0; c < e->checkpoints; c++) known += e->tokens[c] != SPT_NO_TOKENS;
        if (known == 0)
            return spt_invocation_usage(request->invocation,
                                        "--axis tokens: the checkpoints of run \"%s\" do not say how many tokens were "
                                        "seen",
                                        e->name);
    }
    return SPT_EXIT_DONE;
}

static int parse(struct request *request) {
    struct spt_invocation *invocation = request->invocation;
    struct spt_error error;
    if (invocation->json && spt_invocation_value(invocation, "csv"))
        return spt_invocation_usage(invocation, "--json and --csv: one of them");
    if (spt_metric_choice(&invocation->config, request->metrics, &error) != SPT_OK)
        return spt_invocation_fail(invocation, SPT_EXIT_USAGE, &error);
    const char *against = spt_invocation_value(invocation, "against");
    const bool pairs = against && strcmp(against, "all") == 0;
    if (against && !pairs && spt_metric_find(against) == SPT_METRIC_COUNT) {
        spt_metric_unknown(against, &error);
        return spt_invocation_fail(invocation, SPT_EXIT_USAGE, &error);
    }
    request->options = (struct spt_emerged_options){
        .metrics = invocation->config.metrics.count ? request->metrics : NULL,
        .heads = spt_invocation_value(invocation, "heads") || spt_invocation_value(invocation, "head"),
        .against = pairs ? NULL : against,
        .pairs = pairs,
        .threads = (size_t)invocation->config.threads,
    };
    request->view.tokens = invocation->config.plots.axis != 0;
    int status = parse_layer(request);
    if (status == SPT_EXIT_DONE) status = parse_head(request);
    request->options.pairs_layer =
        request->any_layer && request->view.head == SPT_EVERY_HEAD ? SPT_WHOLE_MODEL : request->view.layer;
    return status;
}

static int emerge(struct request *request) {
    const bool all = spt_invocation_value(request->invocation, "all") != NULL;
    int status = parse(request);
    if (status != SPT_EXIT_DONE) return status;
    status = spt_runs_open_named(request->invocation, spt_invocation_value(request->invocation, "run"), all,
                                 &request->store, &request->runs);
    if (status != SPT_EXIT_DONE) return status;
    status = read_all(request);
    if (status == SPT_EXIT_DONE) status = check_tokens(request);
    if (status == SPT_EXIT_DONE) status = write_all(request);
    for (size_t i = 0; i < request->count; i++) spt_emerged_release(&request->emerged[i]);
    free(request->emerged);
    spt_run_names_free(request->names, request->runs.all_count);
    spt_runs_close(request->store, &request->runs);
    return status;
}

static int run(struct spt_invocation *invocation) {
    struct request request = {.invocation = invocation, .metrics = spt_alloc(SPT_METRIC_COUNT, sizeof(bool))};
    const int status = request.metrics ? emerge(&request) : spt_invocation_usage(invocation, "out of memory");
    free(request.metrics);
    return status;
}

static const struct spt_option OPTIONS[] = {
    {"run", 'r', "RUN...", "name or number of a run (default: the latest); give it again for more"},
    {"all", 'a', NULL, "every run of the store"},
    {"branch", 'b', "NAME", "only this branch's checkpoints (default: each branch by itself)"},
    {"against", 0, "METRIC",
     "what the others come before or after (default: loss, of an encoder sink.entropy); all: every two "
     "metrics"},
    {"layer", 'l', "L", "rows of layer L from 0, or all (default: of the whole model; --csv and --json: all)"},
    {"heads", 0, NULL, "rows of single heads too; with intervals where the sweep had --keep heads"},
    {"head", 0, "H", "rows of head H from 0, in every layer or that of --layer"},
    {"csv", 0, NULL, "one line a run, metric, layer and head, with 17 digits"},
};
static const char *const KEYS[] = {"db", "metrics", "plots.axis", "threads"};

const struct spt_command SPT_COMMAND_EMERGE = {
    .name = "emerge",
    .summary = "when each metric turned, with an interval, and which came first",
    .arguments = "",
    .description =
        "Fits y = a + b / (1 + exp(-k (t - t0))), t = log2(1 + step), to each metric's means over the checkpoints and prints "
        "the midpoint 2^t0 - 1 with its 95 % interval, by the plan's bootstrap over the samples; how often each metric "
        "turned before the loss did; and where those that rise and fall do so. Nothing is measured anew. There is no "
        "midpoint where the change is within the noise or t0 lies outside the steps. The interval is about the choice of "
        "the samples; what another training would give, several runs say: --run of each, which are then compared. Of "
        "checkpoints with the same weights the largest step counts.",
    .example =
        "spectail emerge --metrics sinks,loss\n"
        "spectail emerge --against all --metrics loss,sink.first,sink.entropy,rmt.law_kl,topology.h1_persistence\n"
        "spectail emerge --run pythia-70m --run pythia-160m --run pythia-410m --csv > onsets.csv",
    .options = OPTIONS,
    .option_count = sizeof OPTIONS / sizeof *OPTIONS,
    .keys = KEYS,
    .key_count = sizeof KEYS / sizeof *KEYS,
    .run = run,
};
