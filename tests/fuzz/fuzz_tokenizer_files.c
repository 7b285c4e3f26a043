/* vocab.txt, or vocab.json with merges.txt, and what lies beside them, of any bytes: a letter (j: vocab.json), then the
 * files and a text for them, each ended by a byte 0xff. Refused in words, or a tokenizer. */
#include "checkpoints/tokenizer/files.h"
#include "tests/fuzz/tokenizer_target.h"

static struct spt_file_bytes next_file(const uint8_t **data, size_t *size) {
    if (*size == 0) return (struct spt_file_bytes){0};
    const uint8_t *end = memchr(*data, 0xff, *size);
    const struct spt_file_bytes file = {.bytes = (const char *)*data, .size = end ? (size_t)(end - *data) : *size};
    const size_t step = file.size + (end != NULL);
    *data += step;
    *size -= step;
    return file;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    struct spt_tokenizer_files files = {.path = *data++ == 'j' ? "vocab.json" : "vocab.txt"};
    size--;
    files.main = next_file(&data, &size);
    files.merges = next_file(&data, &size);
    files.tokenizer_config = next_file(&data, &size);
    files.special_tokens_map = next_file(&data, &size);
    files.added_tokens = next_file(&data, &size);
    files.config = next_file(&data, &size);
    const struct spt_file_bytes last = next_file(&data, &size);
    const struct own_text text = {.bytes = last.bytes, .length = last.size};
    if (!files.main.bytes) return 0;
    struct spt_tokenizer *tokenizer = NULL;
    struct spt_error error = {0};
    const enum spt_status status = spt_tokenizer_assemble(&files, &tokenizer, &error);
    use_tokenizer(status, tokenizer, &text, &error);
    return 0;
}
