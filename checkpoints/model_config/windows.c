/* Which layers have a window, as Qwen says it. */
#include "checkpoints/model_config/keys.h"

#include <string.h>

void spt_model_keys_set_window(struct spt_model_config *config, size_t layer) {
    config->windowed[layer / 8] = (unsigned char)(config->windowed[layer / 8] | 1u << layer % 8);
}

static void read_types(struct spt_model_keys *keys, const struct spt_json *types, struct spt_model_config *config) {
    if (spt_json_kind(types) != SPT_JSON_ARRAY) {
        spt_model_keys_fail(keys, "layer_types", "an array or null");
        return;
    }
    if (spt_json_count(types) != config->layers) {
        keys->status = spt_fail(keys->error, SPT_INVALID, keys->path,
                                "layer_types has %zu entries, expected one for each of num_hidden_layers %zu",
                                spt_json_count(types), config->layers);
        return;
    }
    for (size_t l = 0; l < config->layers; l++) {
        const char *type = spt_json_string(spt_json_at(types, l), NULL);
        if (type && !strcmp(type, "full_attention")) continue;
        if (!type || strcmp(type, "sliding_attention") != 0) {
            keys->status = spt_fail(keys->error, type ? SPT_UNSUPPORTED : SPT_INVALID, keys->path,
                                    "layer_types[%zu] is %.60s, known are: full_attention, sliding_attention", l,
                                    type ? type : spt_json_kind_name(spt_json_kind(spt_json_at(types, l))));
            return;
        }
        if (!config->window) {
            keys->status = spt_fail(keys->error, SPT_INVALID, keys->path,
                                    "layer_types[%zu] is sliding_attention, but there is no sliding_window in use", l);
            return;
        }
        spt_model_keys_set_window(config, l);
    }
}

void spt_model_keys_windows(struct spt_model_keys *keys, struct spt_model_config *config) {
    const struct spt_json *types = spt_json_get(keys->root, "layer_types");
    const bool used = spt_model_keys_bool_or(keys, "use_sliding_window", false);
    const size_t window = spt_model_keys_size_or_null(keys, "sliding_window", SPT_MODEL_POSITIONS_MAX,
                                                      spt_json_get(keys->root, "sliding_window") ? 0 : 4096);
    const size_t first = spt_model_keys_index_or(keys, "max_window_layers", SPT_MODEL_POSITIONS_MAX, 28);
    if (keys->status) return;
    config->window = used ? window : 0;
    if (types && spt_json_kind(types) != SPT_JSON_NULL)
        read_types(keys, types, config);
    else
        for (size_t l = first; config->window && l < config->layers; l++) spt_model_keys_set_window(config, l);
    /* A window that no layer has changes nothing: equal models are equal. */
    bool any = false;
    for (size_t l = 0; l < config->layers; l++) any = any || spt_model_config_windowed(config, l);
    if (!any) config->window = 0;
}
