/* tokenizer.json of any bytes: refused in words, or a tokenizer that encodes a fixed text into ids of its own. */
#include "tests/fuzz/tokenizer_target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct spt_tokenizer *tokenizer = NULL;
    struct spt_error error = {0};
    const enum spt_status status = spt_tokenizer_parse((const char *)data, size, "tokenizer.json", &tokenizer, &error);
    use_tokenizer(status, tokenizer, &error);
    return 0;
}
