#include "tracker/sample_set.h"

#include "analysis/random.h"
#include "checkpoints/base/file.h"
#include "checkpoints/base/memory.h"
#include "checkpoints/tokenizer/tokenizer.h"
#include "tracker/config/probe_file.h"
#include "tracker/control.h"
#include "tracker/data_file.h"

#include <stdlib.h>
#include <string.h>

void spt_sample_set_release(struct spt_sample_set *set) {
    free(set->ids);
    free(set->offset);
    free(set->special);
    free(set->path);
    free(set->added);
    *set = (struct spt_sample_set){0};
}

static enum spt_status encode_lines(struct spt_sample_set *set, const struct spt_tokenizer *tokenizer,
                                    const struct spt_probe_lines *lines, enum spt_bos bos, struct spt_error *error) {
    struct spt_token_ids ids = {0};
    enum spt_status status = SPT_OK;
    set->offset = spt_alloc_zeroed(lines->count + 1, sizeof *set->offset);
    if (!set->offset) return spt_fail_memory(error, (lines->count + 1) * sizeof *set->offset, "the probe");
    for (size_t i = 0; status == SPT_OK && i < lines->count; i++) {
        struct spt_error reason;
        status = spt_tokenizer_encode(tokenizer, lines->line[i], lines->length[i], bos, &ids, &reason);
        if (status != SPT_OK)
            spt_fail(error, status, set->source, "line %zu: %s", i + 1, reason.message);
        else if (ids.count == set->offset[i])
            status = spt_fail(error, SPT_INVALID, set->source, "line %zu gives no token", i + 1);
        set->offset[i + 1] = ids.count;
    }
    set->ids = ids.ids;
    set->probe.samples = lines->count;
    set->probe.tokens = ids.count;
    if (status != SPT_OK) return status;
    set->special = spt_alloc(ids.count, 1);
    if (!set->special) return spt_fail_memory(error, ids.count, "the probe");
    for (size_t i = 0; i < ids.count; i++) set->special[i] = spt_tokenizer_is_special(tokenizer, set->ids[i]);
    return SPT_OK;
}

static enum spt_status read_sentences(struct spt_sample_set *set, const struct spt_config *config,
                                      struct spt_tree *tree, const char *tokenizer_path, struct spt_error *error) {
    struct spt_probe_lines lines;
    struct spt_tokenizer *tokenizer;
    enum spt_status status = SPT_OK;
    set->source = config->probe;
    if (!config->probe) {
        status = spt_data_file("probes/stem-500.txt", &set->path, error);
        set->source = set->path;
    }
    if (status != SPT_OK) return status;
    status = spt_probe_lines_read(set->source, (size_t)config->samples, &lines, error);
    if (status != SPT_OK) return status;
    status = spt_tokenizer_open_in(tree, tokenizer_path, &tokenizer, error);
    if (status == SPT_OK) {
        status = encode_lines(set, tokenizer, &lines, (enum spt_bos)config->bos, error);
        struct spt_text added = {0};
        spt_tokenizer_put_added(tokenizer, (enum spt_bos)config->bos, &added);
        set->added = added.data;
        if (status == SPT_OK && (added.failed || !added.data))
            status = spt_fail_memory(error, added.length, "the probe");
        spt_tokenizer_close(tokenizer);
    }
    spt_probe_lines_release(&lines);
    return status;
}

static enum spt_status read_ids(struct spt_sample_set *set, const struct spt_config *config, struct spt_error *error) {
    struct spt_probe_ids ids;
    set->source = config->ids;
    const enum spt_status status = spt_probe_ids_read(config->ids, (size_t)config->samples, &ids, error);
    if (status != SPT_OK) return status;
    set->ids = ids.ids;
    set->offset = ids.offset;
    set->probe.samples = ids.samples;
    set->probe.tokens = ids.tokens;
    return SPT_OK;
}

/* A sample that no checkpoint of the run could take is the user's to mend, before anything is read. */
static enum spt_status check_fit(struct spt_sample_set *set, const struct spt_model_config *model,
                                 struct spt_error *error) {
    for (size_t i = 0; i < set->probe.samples; i++) {
        const size_t first = set->offset[i], n = set->offset[i + 1] - first;
        if (model->positions && n > model->positions)
            return spt_fail(error, SPT_INVALID, set->source,
                            "sample %zu has %zu tokens, the model has %zu positions (max_position_embeddings)", i + 1,
                            n, model->positions);
        for (size_t k = first; k < first + n; k++)
            if (set->ids[k] < 0 || (size_t)set->ids[k] >= model->vocabulary)
                return spt_fail(error, SPT_INVALID, set->source,
                                "sample %zu has the token id %d, the model's vocab_size is %zu: another tokenizer?",
                                i + 1, set->ids[k], model->vocabulary);
        if (n > set->probe.longest) set->probe.longest = n;
    }
    return SPT_OK;
}

static enum spt_status make_digest(struct spt_sample_set *set, struct spt_error *error) {
    struct spt_hash_stream *stream = spt_hash_new();
    if (!stream) return spt_fail_memory(error, 0, "the probe's digest");
    spt_hash_add_u64(stream, set->probe.samples);
    for (size_t i = 0; i < set->probe.samples; i++) {
        spt_hash_add_u64(stream, set->offset[i + 1] - set->offset[i]);
        for (size_t k = set->offset[i]; k < set->offset[i + 1]; k++) spt_hash_add_u64(stream, (uint64_t)set->ids[k]);
    }
    set->digest = spt_hash_value(stream);
    spt_hash_free(stream);
    return SPT_OK;
}

enum spt_status spt_sample_set_init(struct spt_sample_set *set, const struct spt_config *config, struct spt_tree *tree,
                                    const char *tokenizer, const struct spt_model_config *model,
                                    struct spt_error *error) {
    *set = (struct spt_sample_set){0};
    enum spt_status status =
        config->ids ? read_ids(set, config, error) : read_sentences(set, config, tree, tokenizer, error);
    if (status == SPT_OK) status = check_fit(set, model, error);
    if (status == SPT_OK) status = make_digest(set, error);
    if (status != SPT_OK) {
        spt_sample_set_release(set);
        return status;
    }
    set->probe.ids = set->ids;
    set->probe.offset = set->offset;
    set->probe.special = set->special;
    return SPT_OK;
}

/* --- another order of the tokens --- */

static bool has_common_start(const struct spt_sample_set *set) {
    for (size_t i = 1; i < set->probe.samples; i++)
        if (set->ids[set->offset[i]] != set->ids[0]) return false;
    return true;
}

/* The places of a sample whose tokens may be moved: place [n] out; returns their number. */
static size_t movable(const struct spt_sample_set *set, size_t sample, bool keep_first, size_t *place) {
    size_t count = 0;
    for (size_t k = set->offset[sample]; k < set->offset[sample + 1]; k++) {
        const bool kept = set->special ? set->special[k] : keep_first && k == set->offset[sample];
        if (!kept) place[count++] = k;
    }
    return count;
}

/* Each sample has a generator of its own: its order does not hang on how many samples stand before it. */
static void shuffle_sample(int32_t *ids, const size_t *place, size_t count, uint64_t seed, size_t sample) {
    struct spt_random random;
    spt_random_seed(&random, (seed << 48) ^ (uint64_t)sample);
    for (size_t i = count; i > 1; i--) {
        const size_t k = spt_random_index(&random, i);
        const int32_t id = ids[place[i - 1]];
        ids[place[i - 1]] = ids[place[k]];
        ids[place[k]] = id;
    }
}

enum spt_status spt_sample_set_shuffle(struct spt_sample_set *set, uint64_t seed, struct spt_error *error) {
    const bool keep_first = has_common_start(set);
    size_t *place = spt_alloc(set->probe.longest, sizeof *place);
    if (!place) return spt_fail_memory(error, set->probe.longest * sizeof *place, "the probe");
    for (size_t i = 0; i < set->probe.samples; i++)
        shuffle_sample(set->ids, place, movable(set, i, keep_first, place), seed, i);
    free(place);
    set->shuffled = true;
    set->original = set->digest;
    set->seed = seed;
    const enum spt_status status = make_digest(set, error);
    if (status != SPT_OK || !spt_hash_equal(set->digest, set->original)) return status;
    return spt_fail(error, SPT_INVALID, set->source,
                    "its samples have no other order of tokens, expected two that differ beside special ones: there is "
                    "nothing to control");
}

void spt_sample_set_describe(const struct spt_sample_set *set, const struct spt_config *config, struct spt_text *text) {
    static const char *const BOS[] = {[SPT_BOS_AUTO] = "auto", [SPT_BOS_ALWAYS] = "always", [SPT_BOS_NEVER] = "never"};
    const char *slash = strrchr(set->source, '/');
    char name[256], digest[SPT_HASH_HEX];
    spt_text_printable(name, sizeof name, slash ? slash + 1 : set->source);
    spt_hash_hex(set->digest, digest);
    spt_text_format(text, "samples: %zu\ntokens: %zu\ntoken ids: %s\n", set->probe.samples, set->probe.tokens, digest);
    spt_text_format(text, "%s: %s\n", config->ids ? "ids" : "probe", name);
    if (!config->ids) spt_text_format(text, "bos: %s\nadded: %s\n", BOS[config->bos], set->added);
    if (set->shuffled) spt_control_describe(text, set->original, set->seed);
}
