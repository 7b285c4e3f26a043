/* The rotary embedding's keys. They have stood at the top level (each architecture's own names, then common ones), in
 * rope_scaling, and stand in rope_parameters today. Kinds and defaults: transformers/modeling_rope_utils.py. */
#include "checkpoints/model_config/keys.h"

#include "checkpoints/base/text.h"

#include <math.h>
#include <string.h>

#define FACTOR_MAX 1e6

/* NULL unless the key holds an object with members: HF takes null and {} for absent. */
static const struct spt_json *rotary_object(struct spt_model_keys *keys, const char *key) {
    const struct spt_json *node = spt_json_get(keys->root, key);
    const enum spt_json_kind kind = spt_json_kind(node);
    if (kind == SPT_JSON_ABSENT || kind == SPT_JSON_NULL) return NULL;
    if (kind != SPT_JSON_OBJECT) {
        spt_model_keys_fail(keys, key, "an object or null");
        return NULL;
    }
    return spt_json_count(node) ? node : NULL;
}

/* Where HF falls back to the positions of the config itself. */
static size_t original_positions(struct spt_model_keys *nested, const struct spt_model_keys *keys, size_t positions) {
    static const char KEY[] = "original_max_position_embeddings";
    struct spt_model_keys *from = nested, top = *keys;
    if (spt_json_get(keys->root, KEY)) from = &top; /* Phi-3 puts it there, and it wins */
    const size_t read = spt_model_keys_size_or(from, KEY, SPT_MODEL_POSITIONS_MAX, positions);
    nested->status = from->status;
    return read;
}

static void read_linear(struct spt_model_keys *nested, const struct spt_model_keys *keys,
                        struct spt_model_config *config) {
    (void)keys;
    config->scaling.factor = spt_model_keys_number(nested, "factor", 1.0, FACTOR_MAX);
}

static void read_dynamic(struct spt_model_keys *nested, const struct spt_model_keys *keys,
                         struct spt_model_config *config) {
    config->scaling.factor = spt_model_keys_number(nested, "factor", 1.0, FACTOR_MAX);
    config->scaling.original_positions = config->positions;
    config->positions = 0;
    if (!nested->status && config->rotary_dim <= 2) /* theta is raised to rotary_dim / (rotary_dim - 2) */
        nested->status = spt_fail(keys->error, SPT_INVALID, keys->path,
                                  "%srope_type is dynamic for %zu rotated dimensions of a head, expected more than 2",
                                  nested->parent, config->rotary_dim);
}

/* Peng et al. 2023, eq. 22 */
static double magnitude(double factor, double scale) {
    return factor <= 1 ? 1.0 : 0.1 * scale * log(factor) + 1.0;
}

static void read_yarn(struct spt_model_keys *nested, const struct spt_model_keys *keys,
                      struct spt_model_config *config) {
    struct spt_rotary_scaling *scaling = &config->scaling;
    scaling->original_positions = original_positions(nested, keys, config->positions);
    const double ratio = (double)config->positions / (double)scaling->original_positions;
    scaling->factor = spt_json_kind(spt_json_get(nested->root, "factor")) == SPT_JSON_NULL
                          ? ratio
                          : spt_model_keys_number(nested, "factor", 1.0, FACTOR_MAX);
    const double scale = spt_model_keys_number_or_null(nested, "mscale", 0.0, FACTOR_MAX, 0.0);
    const double scale_all = spt_model_keys_number_or_null(nested, "mscale_all_dim", 0.0, FACTOR_MAX, 0.0);
    double natural = magnitude(scaling->factor, 1.0);
    if (scale > 0 && scale_all > 0) natural = magnitude(scaling->factor, scale) / magnitude(scaling->factor, scale_all);
    scaling->attention_factor = spt_model_keys_number_or_null(nested, "attention_factor", 1e-6, FACTOR_MAX, natural);
    scaling->beta_fast = spt_model_keys_number_or_null(nested, "beta_fast", 1e-6, FACTOR_MAX, 32.0);
    scaling->beta_slow = spt_model_keys_number_or_null(nested, "beta_slow", 1e-6, FACTOR_MAX, 1.0);
    scaling->untruncated = !spt_model_keys_bool_or(nested, "truncate", true);
    if (!nested->status && !(config->rotary_base > 1)) /* the ramp's ends divide by its logarithm */
        nested->status = spt_fail(keys->error, SPT_INVALID, keys->path,
                                  "rope_theta is %g, expected more than 1 with %srope_type yarn", config->rotary_base,
                                  nested->parent);
    if (!nested->status && config->rotary_dim % 2) /* HF's ramp has one entry less than there are angles */
        nested->status = spt_fail(keys->error, SPT_UNSUPPORTED, keys->path,
                                  "%srope_type is yarn for %zu rotated dimensions of a head, known are: even numbers",
                                  nested->parent, config->rotary_dim);
}

static void read_llama3(struct spt_model_keys *nested, const struct spt_model_keys *keys,
                        struct spt_model_config *config) {
    struct spt_rotary_scaling *scaling = &config->scaling;
    scaling->original_positions = original_positions(nested, keys, config->positions);
    scaling->factor = spt_model_keys_number(nested, "factor", 1.0, FACTOR_MAX);
    scaling->low_factor = spt_model_keys_number(nested, "low_freq_factor", 1e-6, FACTOR_MAX);
    scaling->high_factor = spt_model_keys_number(nested, "high_freq_factor", 1e-6, FACTOR_MAX);
    if (!nested->status && !(scaling->high_factor > scaling->low_factor))
        nested->status =
            spt_fail(keys->error, SPT_INVALID, keys->path, "%shigh_freq_factor %g is not above low_freq_factor %g",
                     nested->parent, scaling->high_factor, scaling->low_factor);
}

static const struct {
    const char *name;
    enum spt_rotary_kind kind;
    void (*read)(struct spt_model_keys *nested, const struct spt_model_keys *keys, struct spt_model_config *config);
} KINDS[] = {
    {"default", SPT_ROTARY_DEFAULT, NULL},         {"linear", SPT_ROTARY_LINEAR, read_linear},
    {"dynamic", SPT_ROTARY_DYNAMIC, read_dynamic}, {"yarn", SPT_ROTARY_YARN, read_yarn},
    {"llama3", SPT_ROTARY_LLAMA3, read_llama3},
};
enum { KIND_COUNT = sizeof KINDS / sizeof *KINDS };

static void fail_listing_known(struct spt_model_keys *nested, const char *key, const char *name) {
    struct spt_text known = {0};
    for (size_t i = 0; i < KIND_COUNT; i++) spt_text_format(&known, "%s%s", i ? ", " : "", KINDS[i].name);
    nested->status = known.failed ? spt_fail_memory(nested->error, known.length, "a message")
                                  : spt_fail(nested->error, SPT_UNSUPPORTED, nested->path,
                                             "%s%s is \"%.60s\", known are: %s", nested->parent, key, name, known.data);
    spt_text_release(&known);
}

/* The kind by either of its names; KIND_COUNT after a failure. */
static size_t find_kind(struct spt_model_keys *nested) {
    const char *const key = spt_model_keys_either(nested, "type", "rope_type");
    const struct spt_json *node = spt_json_get(nested->root, key);
    const char *name = node ? spt_json_string(node, NULL) : "default";
    if (!name) {
        spt_model_keys_fail(nested, key, "the name of a kind of rotary embedding");
        return KIND_COUNT;
    }
    for (size_t i = 0; i < KIND_COUNT; i++)
        if (!strcmp(KINDS[i].name, name)) return i;
    fail_listing_known(nested, key, name);
    return KIND_COUNT;
}

/* One object for each kind of layer (transformers 5) instead of one for all. */
static void refuse_objects_in(struct spt_model_keys *nested) {
    for (struct spt_json_member *m = spt_json_first(nested->root); m && !nested->status;
         m = spt_json_next(nested->root, m))
        if (spt_json_kind(spt_json_value(m)) == SPT_JSON_OBJECT)
            nested->status =
                spt_fail(nested->error, SPT_UNSUPPORTED, nested->path,
                         "%s%.60s is an object: rotary embeddings that differ between layers are not known",
                         nested->parent, spt_json_key(m));
}

/* The nested key, else the architecture's own, else the common one, else the default. *source names the one that was
 * taken. A common one in place of an own one is what transformers 4 took and 5 does not. */
static double rotary_number(struct spt_model_keys *keys, struct spt_model_keys *nested, const char *common,
                            const char *own, double low, double high, double fallback, const char **source) {
    const bool is_nested = spt_json_get(nested->root, common) != NULL;
    struct spt_model_keys *from = is_nested ? nested : keys;
    if (keys->status) return fallback;
    *source = !is_nested && own && spt_json_get(keys->root, own) ? own : common;
    const double number = spt_model_keys_number_or(from, *source, low, high, fallback);
    keys->status = from->status;
    if (!keys->status && !is_nested && own && *source == common && number != fallback)
        keys->status =
            spt_fail(keys->error, SPT_UNSUPPORTED, keys->path,
                     "%s is %g without %s: transformers 4 takes it, 5 takes %g", common, number, own, fallback);
    return number;
}

void spt_model_keys_rotary(struct spt_model_keys *keys, const struct spt_rotary_keys *names,
                           struct spt_model_config *config) {
    const struct spt_json *parameters = rotary_object(keys, "rope_parameters");
    const struct spt_json *scaling = rotary_object(keys, "rope_scaling");
    /* HF: self.rope_parameters = rope_scaling or self.rope_parameters */
    struct spt_model_keys nested = *keys;
    nested.root = scaling ? scaling : parameters;
    nested.parent = scaling ? "rope_scaling." : "rope_parameters.";
    const char *source = "";
    const size_t kind = keys->status ? KIND_COUNT : find_kind(&nested);
    refuse_objects_in(&nested);
    keys->status = nested.status;
    config->rotary_base =
        rotary_number(keys, &nested, "rope_theta", names->theta, 1.0, 1e15, names->default_theta, &source);
    const double fraction = rotary_number(keys, &nested, "partial_rotary_factor", names->fraction, 0.0, 1.0,
                                          names->default_fraction, &source);
    if (keys->status) return;
    if (!names->partial && fraction != 1) {
        keys->status =
            spt_fail(keys->error, SPT_UNSUPPORTED, keys->path, "%s%s is %g, known is: 1 (%s turns whole heads)",
                     spt_json_get(nested.root, source) ? nested.parent : "", source, fraction, config->model_type);
        return;
    }
    config->rotary_dim = (size_t)((double)config->head_dim * fraction);
    /* HF builds ceil(dim / 2) angles and rotates two dimensions with each, so an odd count takes one more (12 * 0.25:
     * 4). */
    if (config->rotary_dim + config->rotary_dim % 2 > config->head_dim) {
        keys->status = spt_fail(keys->error, SPT_INVALID, keys->path,
                                "%s %g of %zu dimensions a head rotates %zu in pairs, expected at most %zu", source,
                                fraction, config->head_dim, config->rotary_dim + 1, config->head_dim);
        return;
    }
    config->scaling.kind = KINDS[kind].kind;
    if (KINDS[kind].read) KINDS[kind].read(&nested, keys, config);
    keys->status = nested.status;
}
