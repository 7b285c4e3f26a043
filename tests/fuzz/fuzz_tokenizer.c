/* tokenizer.json of any bytes, and a text for it: refused in words, or a tokenizer that encodes into ids of its own. */
#include "tests/fuzz/tokenizer_target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const struct own_text text = cut_text(data, &size);
    struct spt_tokenizer *tokenizer = NULL;
    struct spt_error error = {0};
    const enum spt_status status = spt_tokenizer_parse((const char *)data, size, "tokenizer.json", &tokenizer, &error);
    use_tokenizer(status, tokenizer, &text, &error);
    return 0;
}
