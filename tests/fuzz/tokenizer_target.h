/* A tokenizer that came of a fuzzed file must encode a fixed text and one of the input's own, which may hold what the file
 * names, in every way, into ids of its own or say why not. */
#ifndef SPT_TEST_FUZZ_TOKENIZER_TARGET_H
#define SPT_TEST_FUZZ_TOKENIZER_TARGET_H

#include <string.h>

#include "checkpoints/tokenizer/tokenizer.h"
#include "tests/fuzz/fuzz.h"

struct own_text {
    const char *bytes; /* NULL: none */
    size_t length;
};

static inline void encode_text(const struct spt_tokenizer *tokenizer, const struct own_text *text, enum spt_bos bos) {
    struct spt_token_ids ids = {0};
    struct spt_error error = {0};
    const enum spt_status status = spt_tokenizer_encode(tokenizer, text->bytes, text->length, bos, &ids, &error);
    if (status != SPT_OK) require_told(status, &error);
    /* A template may name ids that no token has, as in the reference implementation: only the sign is promised. */
    for (size_t i = 0; status == SPT_OK && i < ids.count; i++) {
        require(ids.ids[i] >= 0);
        (void)spt_tokenizer_token(tokenizer, ids.ids[i]);
    }
    spt_token_ids_release(&ids);
}

/* The text behind the first 0xff 0xfe, which no JSON has; size becomes that of what stands before. */
static inline struct own_text cut_text(const uint8_t *data, size_t *size) {
    const uint8_t *mark = memmem(data, *size, "\xff\xfe", 2);
    if (!mark) return (struct own_text){0};
    const size_t begin = (size_t)(mark - data), end = *size;
    *size = begin;
    return (struct own_text){.bytes = (const char *)mark + 2, .length = end - begin - 2};
}

/* Closes the tokenizer. */
static inline void use_tokenizer(enum spt_status status, struct spt_tokenizer *tokenizer, const struct own_text *own,
                                 const struct spt_error *error) {
    static const char TEXT[] = "Hello  world, it's 12345 o'clock!\n\n\tGr\xc3\xbc\xc3\x9f"
                               "e \xe4\xbd\xa0\xe5\xa5\xbd <|endoftext|> e\xcc\x81 \xf0\x9f\x99\x82 ...  aaaaaa<s> ";
    const struct own_text fixed = {.bytes = TEXT, .length = sizeof TEXT - 1};
    if (status != SPT_OK) {
        require_told(status, error);
        return;
    }
    struct spt_text added = {0};
    for (int bos = SPT_BOS_AUTO; bos <= SPT_BOS_NEVER; bos++) {
        encode_text(tokenizer, &fixed, (enum spt_bos)bos);
        if (own->bytes) encode_text(tokenizer, own, (enum spt_bos)bos);
        spt_tokenizer_put_added(tokenizer, (enum spt_bos)bos, &added);
    }
    require(added.failed || strchr(added.data, '\n') == NULL);
    spt_text_release(&added);
    require(spt_tokenizer_token(tokenizer, -1) == NULL);
    (void)spt_tokenizer_is_special(tokenizer, INT32_MAX);
    spt_tokenizer_close(tokenizer);
}

#endif
