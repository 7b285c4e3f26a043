/* JSON of any bytes: parsed, walked whole, freed; with and without NaN. */
#include "checkpoints/base/json.h"
#include "tests/fuzz/fuzz.h"

static size_t walk(const struct spt_json *node) {
    size_t nodes = 1, length = 0;
    if (spt_json_kind(node) == SPT_JSON_STRING) require(spt_json_string(node, &length)[length] == '\0');
    if (spt_json_kind(node) == SPT_JSON_ARRAY)
        for (size_t i = 0; i < spt_json_count(node); i++) nodes += walk(spt_json_at(node, i));
    for (struct spt_json_member *m = spt_json_first(node); m; m = spt_json_next(node, m)) {
        require(spt_json_get(node, spt_json_key(m)) == spt_json_value(m));
        nodes += walk(spt_json_value(m));
    }
    return nodes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    for (int allow_nan = 0; allow_nan < 2; allow_nan++) {
        struct spt_json_document *document = NULL;
        struct spt_error error = {0};
        const enum spt_status status =
            spt_json_parse((const char *)data, size, "fuzz.json", 0, allow_nan, &document, &error);
        if (status == SPT_OK) {
            require(walk(spt_json_root(document)) > 0);
        } else {
            require_told(status, &error);
            require(status != SPT_INVALID || error.offset <= size);
        }
        spt_json_free(document);
    }
    return 0;
}
