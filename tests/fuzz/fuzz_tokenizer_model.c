/* A SentencePiece model of any bytes, for a family that the last byte chooses, and a text for it: refused in words, or a tokenizer. */
#include "checkpoints/tokenizer/files.h"
#include "tests/fuzz/tokenizer_target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const CONFIGS[] = {"{\"tokenizer_class\": \"LlamaTokenizer\", \"add_eos_token\": true}",
                                          "{\"tokenizer_class\": \"XLMRobertaTokenizer\"}"};
    const struct own_text text = cut_text(data, &size);
    if (size == 0) return 0;
    const char *config = CONFIGS[data[size - 1] & 1];
    const struct spt_tokenizer_files files = {
        .path = "tokenizer.model",
        .main = {.bytes = (const char *)data, .size = size - 1},
        .tokenizer_config = {.bytes = config, .size = strlen(config)},
    };
    struct spt_tokenizer *tokenizer = NULL;
    struct spt_error error = {0};
    const enum spt_status status = spt_tokenizer_assemble(&files, &tokenizer, &error);
    use_tokenizer(status, tokenizer, &text, &error);
    return 0;
}
