#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoints/base/file.h"
#include "tests/checkpoints/tokenizer/golden.h"

size_t golden_lines(const char *name, void (*each)(const struct spt_json *line, void *context), void *context) {
    char path[4096];
    char *bytes;
    size_t size, count = 0;
    struct spt_error error = {0};
    (void)snprintf(path, sizeof path, "%s/%s", SPT_TEST_DATA, name);
    if (spt_file_read_all(path, (size_t)1 << 24, &bytes, &size, &error) != SPT_OK) fail_msg("%s", error.message);
    for (char *line = bytes, *end; line < bytes + size && (end = strchr(line, '\n')) != NULL; line = end + 1) {
        struct spt_json_document *document;
        if (spt_json_parse(line, (size_t)(end - line), path, 0, false, &document, &error) != SPT_OK)
            fail_msg("%s line %zu: %s", name, count + 1, error.message);
        each(spt_json_root(document), context);
        spt_json_free(document);
        count++;
    }
    free(bytes);
    return count;
}

static void compare(const struct spt_tokenizer *tokenizer, const struct spt_json *line, const char *key,
                    enum spt_bos bos, const char *what) {
    size_t length;
    const char *text = spt_json_string(spt_json_get(line, "text"), &length);
    const struct spt_json *expected = spt_json_get(line, key);
    assert_non_null(text);
    assert_int_equal(spt_json_kind(expected), SPT_JSON_ARRAY);
    struct spt_token_ids ids = {0};
    struct spt_error error = {0};
    if (spt_tokenizer_encode(tokenizer, text, length, bos, &ids, &error) != SPT_OK)
        fail_msg("%s: \"%s\": %s", what, text, error.message);
    for (size_t i = 0; i < ids.count || i < spt_json_count(expected); i++) {
        const int64_t want = spt_json_integer(spt_json_at(expected, i), -1);
        const int64_t have = i < ids.count ? ids.ids[i] : -1;
        if (want != have)
            fail_msg("%s: %s of \"%s\": id %zu is %lld, expected %lld", what, key, text, i, (long long)have,
                     (long long)want);
    }
    spt_token_ids_release(&ids);
}

void golden_case(const struct spt_tokenizer *tokenizer, const struct spt_json *line, const char *what) {
    compare(tokenizer, line, "ids", SPT_BOS_AUTO, what);
    compare(tokenizer, line, "plain", SPT_BOS_NEVER, what);
}
