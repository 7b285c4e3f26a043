#include "checkpoints/layouts/listing.h"

#include <stdlib.h>
#include <string.h>

#include "checkpoints/base/memory.h"
#include "checkpoints/base/text.h"
#include "checkpoints/layouts/place.h"
#include "checkpoints/layouts/trainer_state.h"
#include "checkpoints/model_config/neox.h"
#include "checkpoints/tokenizer/files.h"

enum { LABEL_MAX = 1024 };

char *spt_listing_file(struct spt_tree *tree, const char *directory, const char *name, bool *memory) {
    char *path = spt_file_join(directory, name);
    if (!path) *memory = false;
    if (path && spt_tree_is_file(tree, path)) return path;
    free(path);
    return NULL;
}

enum spt_status spt_listing_scan(const struct spt_listing *listing, const char *path, const char *only,
                                 struct spt_folder *folder, struct spt_error *error) {
    const struct spt_log *log = listing->options->log;
    if (listing->memory) return spt_folder_memory_scan(listing->memory, path, only, log, folder, error);
    return spt_folder_scan(listing->tree, path, only, log, folder, error);
}

enum spt_status spt_listing_match_stem(const struct spt_listing *listing, const char *file, struct spt_step_name *name,
                                       struct spt_error *error) {
    char *stem = spt_strdup(file);
    if (!stem) return spt_fail_memory(error, strlen(file), "a name");
    char *dot = strrchr(stem, '.');
    if (dot) *dot = '\0';
    const enum spt_status status = spt_step_names_match(listing->names, stem, name, error);
    free(stem);
    return status;
}

bool spt_listing_leads_to_sibling(const struct spt_listing *listing, const char *folder, const char *path) {
    spt_folder_memory_look_past(listing->memory);
    char *target = spt_tree_real_path(listing->tree, path);
    const size_t length = strlen(folder);
    const bool sibling =
        target && strncmp(target, folder, length) == 0 && target[length] == '/' && !strchr(target + length + 1, '/');
    free(target);
    return sibling;
}

static char *copy(const char *text, bool *memory) {
    char *copied = text ? spt_strdup(text) : NULL;
    if (text && !copied) *memory = false;
    return copied;
}

struct look {
    struct spt_tree *tree;
    const char *directory;
    bool memory;
};

static bool has_file(void *context, const char *name) {
    struct look *look = context;
    char *path = spt_listing_file(look->tree, look->directory, name, &look->memory);
    free(path);
    return path != NULL;
}

char *spt_listing_config(struct spt_tree *tree, const char *directory, bool *memory) {
    return spt_listing_file(tree, directory, "config.json", memory);
}

char *spt_listing_tokenizer(struct spt_tree *tree, const char *directory, bool *memory) {
    struct look look = {.tree = tree, .directory = directory, .memory = true};
    const char *name = spt_tokenizer_file_choose(has_file, &look);
    *memory = *memory && look.memory;
    return name ? spt_listing_file(tree, directory, name, memory) : NULL;
}

/* The option's file, else the checkpoint's own, else one beside it, else the run's.
 * own is its name in folder, or NULL; look_in finds one elsewhere. */
static char *find_companion(const struct spt_listing *listing, const struct spt_found *found, const char *own,
                            const char *folder,
                            char *(*look_in)(struct spt_tree *tree, const char *directory, bool *memory),
                            const char *option, const char *of_run, bool *memory) {
    if (option) return copy(option, memory);
    if (own) {
        char *path = spt_file_join(folder, own);
        if (!path) *memory = false;
        return path;
    }
    for (size_t i = 0; i < sizeof found->beside / sizeof *found->beside; i++) {
        char *beside = found->beside[i] ? look_in(listing->tree, found->beside[i], memory) : NULL;
        if (beside) return beside;
    }
    return copy(of_run, memory);
}

/* folder itself or its configs/ where there are files of GPT-NeoX's config, else NULL. */
static char *neox_config_in(struct spt_tree *tree, const char *folder, bool *memory) {
    char *configs = spt_file_join(folder, SPT_CONFIGS_FOLDER);
    if (!configs) *memory = false;
    const char *found = spt_neox_config_in(tree, folder)               ? folder
                        : configs && spt_neox_config_in(tree, configs) ? configs
                                                                       : NULL;
    char *path = copy(found, memory);
    free(configs);
    return path;
}

/* The run's: in its folder, else the one above. Looked for where a checkpoint of GPT-NeoX has none of its own. */
static void find_neox_of_run(struct spt_listing *listing, bool *memory) {
    if (listing->neox_known) return;
    listing->neox_known = true;
    listing->neox = neox_config_in(listing->tree, listing->root, memory);
    char *parent = listing->neox ? NULL : spt_place_parent_of(listing->root);
    if (parent) listing->neox = neox_config_in(listing->tree, parent, memory);
    if (!listing->neox) spt_folder_memory_look_past(listing->memory);
    free(parent);
}

/* A config.json wherever one may be, but its own files of GPT-NeoX's config count before another's. */
static char *find_config(struct spt_listing *listing, const struct spt_found *found, const struct spt_folder *folder,
                         const char *directory, bool *memory) {
    const char *const option = listing->named_config;
    if (!option && !folder->config && folder->deepspeed && folder->configs)
        return spt_file_join(directory, SPT_CONFIGS_FOLDER);
    char *path = find_companion(listing, found, folder->config ? "config.json" : NULL, directory, spt_listing_config,
                                option, listing->config, memory);
    if (path || !folder->deepspeed || !*memory) return path;
    find_neox_of_run(listing, memory);
    return copy(listing->neox, memory);
}

/* The name of the tokenizer that config, one of GPT-NeoX's, names: it is parsed once, though all of a run's checkpoints
 * may have it. NULL: none. */
static const char *name_of_tokenizer(struct spt_listing *listing, const char *config, bool *memory) {
    struct spt_error why;
    if (listing->asked_of && strcmp(listing->asked_of, config) == 0) return listing->answer;
    free(listing->asked_of);
    free(listing->answer);
    listing->answer = NULL;
    listing->asked_of = copy(config, memory);
    if (listing->asked_of && spt_neox_config_is(listing->tree, config) &&
        spt_neox_config_tokenizer(listing->tree, config, &listing->answer, &why) == SPT_NOMEM)
        *memory = false;
    return listing->answer;
}

static char *find_named_in(struct spt_listing *listing, const char *name, const char *config, const char *directory,
                           bool *memory) {
    char *found = NULL;
    char *parent = spt_place_parent_of(listing->root);
    const char *const folders[] = {directory, config, listing->root, parent};
    for (size_t i = 0; i < sizeof folders / sizeof *folders && !found && *memory; i++)
        if (folders[i]) found = spt_listing_file(listing->tree, folders[i], name, memory);
    if (!parent) *memory = false;
    free(parent);
    return found;
}

/* The tokenizer that GPT-NeoX's config names: in the checkpoint's folder, beside the config, or in the run's folder or
 * above. Neither the config's text nor all of these folders are remembered: what is not found is looked for again. */
static char *find_named_tokenizer(struct spt_listing *listing, const char *config, const char *directory,
                                  bool *memory) {
    const char *name = name_of_tokenizer(listing, config, memory);
    char *found = name ? find_named_in(listing, name, config, directory, memory) : NULL;
    if (!found && spt_neox_config_is(listing->tree, config)) spt_folder_memory_look_past(listing->memory);
    return found;
}

/* What HF Trainer wrote into the checkpoint knows better than the folder's name, which anybody may change. */
static void take_step_of_trainer(struct spt_checkpoint_ref *ref, const struct spt_folder *folder,
                                 const struct spt_log *log) {
    struct spt_error error;
    int64_t step = folder->step;
    if (!folder->step_known && spt_trainer_state_step(ref->tree, ref->trainer_state, &step, &error) != SPT_OK) {
        spt_log(log, SPT_LOG_WARNING, "%s: %s; the step is taken from the name", ref->trainer_state, error.message);
        return;
    }
    if (ref->step != SPT_NO_STEP && ref->step != step)
        spt_log(log, SPT_LOG_WARNING, "%s: global_step is %lld although the name says %lld: %lld is taken",
                ref->trainer_state, (long long)step, (long long)ref->step, (long long)step);
    ref->step = step;
}

enum spt_status spt_listing_add(struct spt_listing *listing, const struct spt_found *found,
                                const struct spt_folder *folder, struct spt_error *error) {
    void *refs = listing->refs;
    bool memory = spt_grow(&refs, &listing->capacity, listing->count + 1, sizeof *listing->refs);
    listing->refs = refs;
    char *directory = memory ? spt_strdup(found->path) : NULL;
    if (!directory) return spt_fail_memory(error, sizeof *listing->refs, "a list of checkpoints");
    if (found->file) {
        const size_t slash = strlen(directory) - strlen(found->file) - 1;
        directory[slash ? slash : 1] = '\0'; /* of "/file" the folder is "/" */
    }
    char label[LABEL_MAX], branch[LABEL_MAX];
    (void)spt_text_printable(label, sizeof label, found->label);
    (void)spt_text_printable(branch, sizeof branch, found->name.branch);
    const bool step = found->name.kind == SPT_STEP_NAME_STEP;
    const struct spt_run_options *options = listing->options;
    struct spt_checkpoint_ref ref = {
        .tree = listing->tree,
        .uri = copy(found->uri, &memory),
        .path = copy(found->path, &memory),
        .label = copy(label, &memory),
        .branch = copy(branch, &memory),
        .step = step ? found->name.step : SPT_NO_STEP,
        .tokens = step ? found->name.tokens : SPT_NO_TOKENS,
        .fingerprint = folder->fingerprint,
        .state = folder->state,
        .newest = folder->newest,
    };
    ref.config = find_config(listing, found, folder, directory, &memory);
    ref.tokenizer = find_companion(listing, found, folder->tokenizer, directory, spt_listing_tokenizer,
                                   listing->named_tokenizer, listing->tokenizer, &memory);
    if (!ref.tokenizer && ref.config && memory)
        ref.tokenizer = find_named_tokenizer(listing, ref.config, directory, &memory);
    if (folder->trainer_state) ref.trainer_state = spt_file_join(directory, "trainer_state.json");
    if (folder->trainer_state && !ref.trainer_state) memory = false;
    if (listing->of_trainer && folder->of_trainer && folder->weights && !folder->trainer_state)
        ref.awaits = copy("trainer_state.json", &memory);
    free(directory);
    if (!memory) {
        spt_checkpoint_ref_release(&ref);
        return spt_fail_memory(error, strlen(found->path), "a checkpoint's names");
    }
    if (ref.trainer_state) take_step_of_trainer(&ref, folder, options->log);
    listing->refs[listing->count++] = ref;
    return SPT_OK;
}

void spt_checkpoint_ref_release(struct spt_checkpoint_ref *ref) {
    free(ref->uri);
    free(ref->path);
    free(ref->label);
    free(ref->branch);
    free(ref->config);
    free(ref->tokenizer);
    free(ref->trainer_state);
    free(ref->awaits);
}

void spt_listing_release(struct spt_listing *listing) {
    for (size_t i = 0; listing->refs && i < listing->count; i++) spt_checkpoint_ref_release(&listing->refs[i]);
    free(listing->refs);
    free(listing->named_config);
    free(listing->named_tokenizer);
    free(listing->config);
    free(listing->tokenizer);
    free(listing->asked_of);
    free(listing->answer);
    free(listing->neox);
    if (!listing->memory) spt_entries_release(&listing->entries);
}
