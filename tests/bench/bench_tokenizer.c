/* How fast each kind of tokenizer encodes: megabytes of text a second of one core, the best of five passes. One line a
 * tokenizer: name, MB/s, tokens a pass.
 *
 *     bench_tokenizer TEXT TOKENIZER ...
 */
#include "checkpoints/base/file.h"
#include "checkpoints/tokenizer/tokenizer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PASSES = 5, TEXT_MAX = 64 << 20 };

static double cpu_seconds(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Line by line, as a probe is encoded. */
static enum spt_status encode_lines(const struct spt_tokenizer *tokenizer, const char *text, size_t size,
                                    struct spt_token_ids *ids, struct spt_error *error) {
    enum spt_status status = SPT_OK;
    for (size_t at = 0, length; at < size && status == SPT_OK; at += length + 1) {
        const char *end = memchr(text + at, '\n', size - at);
        length = end ? (size_t)(end - text) - at : size - at;
        status = spt_tokenizer_encode(tokenizer, text + at, length, SPT_BOS_AUTO, ids, error);
    }
    return status;
}

static enum spt_status measure(const char *path, const char *text, size_t size, struct spt_error *error) {
    struct spt_tokenizer *tokenizer;
    struct spt_token_ids ids = {0};
    double best = 0;
    enum spt_status status = spt_tokenizer_open(path, &tokenizer, error);
    if (status != SPT_OK) return status;
    for (int pass = 0; pass < PASSES && status == SPT_OK; pass++) {
        ids.count = 0;
        const double start = cpu_seconds();
        status = encode_lines(tokenizer, text, size, &ids, error);
        const double speed = (double)size / 1e6 / (cpu_seconds() - start);
        if (speed > best) best = speed;
    }
    if (status == SPT_OK) (void)printf("%s\t%.2f\t%zu\n", path, best, ids.count);
    spt_token_ids_release(&ids);
    spt_tokenizer_close(tokenizer);
    return status;
}

int main(int argc, char **argv) {
    char *text;
    size_t size;
    struct spt_error error = {0};
    if (argc < 3) {
        (void)fprintf(stderr, "usage: bench_tokenizer TEXT TOKENIZER ...\n");
        return 2;
    }
    enum spt_status status = spt_file_read_all(argv[1], TEXT_MAX, &text, &size, &error);
    for (int i = 2; i < argc && status == SPT_OK; i++) status = measure(argv[i], text, size, &error);
    if (status != SPT_OK) (void)fprintf(stderr, "bench_tokenizer: %s: %s\n", error.path, error.message);
    if (size) free(text);
    return status != SPT_OK;
}
