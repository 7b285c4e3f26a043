/* A tokenizer that came of a fuzzed file must encode a fixed text, in every way, into ids of its own or say why not. */
#ifndef SPT_TEST_FUZZ_TOKENIZER_TARGET_H
#define SPT_TEST_FUZZ_TOKENIZER_TARGET_H

#include <string.h>

#include "checkpoints/tokenizer/tokenizer.h"
#include "tests/fuzz/fuzz.h"

static inline void encode_fixed_text(const struct spt_tokenizer *tokenizer, enum spt_bos bos) {
    static const char TEXT[] = "Hello  world, it's 12345 o'clock!\n\n\tGr\xc3\xbc\xc3\x9f"
                               "e \xe4\xbd\xa0\xe5\xa5\xbd <|endoftext|> e\xcc\x81 \xf0\x9f\x99\x82 ...  aaaaaa<s> ";
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

/* Closes the tokenizer. */
static inline void use_tokenizer(enum spt_status status, struct spt_tokenizer *tokenizer,
                                 const struct spt_error *error) {
    if (status != SPT_OK) {
        require_told(status, error);
        return;
    }
    struct spt_text added = {0};
    for (int bos = SPT_BOS_AUTO; bos <= SPT_BOS_NEVER; bos++) {
        encode_fixed_text(tokenizer, (enum spt_bos)bos);
        spt_tokenizer_put_added(tokenizer, (enum spt_bos)bos, &added);
    }
    require(added.failed || strchr(added.data, '\n') == NULL);
    spt_text_release(&added);
    require(spt_tokenizer_token(tokenizer, -1) == NULL);
    (void)spt_tokenizer_is_special(tokenizer, INT32_MAX);
    spt_tokenizer_close(tokenizer);
}

#endif
