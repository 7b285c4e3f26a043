/* config.json of any bytes: refused in words, or sizes that a forward pass can trust. */
#include "checkpoints/model_config.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct spt_model_config config = {0};
    struct spt_error error = {0};
    const enum spt_status status = spt_model_config_parse((const char *)data, size, "config.json", &config, &error);
    if (status != SPT_OK) {
        require_told(status, &error);
        return 0;
    }
    require(config.layers > 0 && config.heads > 0 && config.head_dim > 0 && config.vocabulary > 0);
    require(config.kv_heads > 0 && config.heads % config.kv_heads == 0 && config.embedding_dim > 0);
    require(config.rotary_dim <= config.head_dim);
    require(config.scaling.kind == SPT_ROTARY_DEFAULT || config.scaling.factor >= 1);
    require(config.norm_epsilon >= 0);
    const struct spt_hash a = spt_model_config_digest(&config), b = spt_model_config_digest(&config);
    require(spt_hash_equal(a, b));
    struct spt_text text = {0};
    spt_model_config_describe(&config, &text);
    spt_model_config_difference(&config, &config, &text);
    require(!text.failed && text.data[text.length - 1] == '\n');
    spt_text_release(&text);
    return 0;
}
