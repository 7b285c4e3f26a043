/* tokenizer.json of any bytes: refused in words, or a tokenizer that encodes a fixed text into ids of its own. */
#include <string.h>

#include "checkpoints/tokenizer/tokenizer.h"
#include "tests/fuzz/fuzz.h"

static const char TEXT[] = "Hello  world, it's 12345 o'clock!\n\n\tGr\xc3\xbc\xc3\x9f"
                           "e \xe4\xbd\xa0\xe5\xa5\xbd <|endoftext|> e\xcc\x81 \xf0\x9f\x99\x82 ...  ";

static void encode(const struct spt_tokenizer *tokenizer, enum spt_bos bos) {
    struct spt_token_ids ids = {0};
    struct spt_error error = {0};
    const enum spt_status status = spt_tokenizer_encode(tokenizer, TEXT, sizeof TEXT - 1, bos, &ids, &error);
    if (status != SPT_OK) require_told(status, &error);
    /* A template may name ids that no token has, as in the reference implementation: only the sign is promised. */
    for (size_t i = 0; status == SPT_OK && i < ids.count; i++) {
        require(ids.ids[i] >= 0);
        (void)spt_tokenizer_token(tokenizer, ids.ids[i]);
    }
    spt_token_ids_release(&ids);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct spt_tokenizer *tokenizer = NULL;
    struct spt_error error = {0};
    const enum spt_status status = spt_tokenizer_parse((const char *)data, size, "tokenizer.json", &tokenizer, &error);
    if (status != SPT_OK) {
        require_told(status, &error);
        return 0;
    }
    for (int bos = SPT_BOS_AUTO; bos <= SPT_BOS_NEVER; bos++) encode(tokenizer, (enum spt_bos)bos);
    require(spt_tokenizer_token(tokenizer, -1) == NULL);
    (void)spt_tokenizer_is_special(tokenizer, INT32_MAX);
    spt_tokenizer_close(tokenizer);
    return 0;
}
