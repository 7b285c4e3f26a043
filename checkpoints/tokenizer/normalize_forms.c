/* NFC, NFD, NFKC, NFKD. */
#include "checkpoints/base/unicode.h"
#include "checkpoints/tokenizer/parts.h"

static enum spt_status apply(enum spt_unicode_form form, struct spt_encoding *encoding) {
    spt_unicode_normalize(form, encoding->text.data, encoding->text.length, &encoding->spare);
    return SPT_OK;
}

static enum spt_status nfc(const void *options, struct spt_encoding *encoding, struct spt_error *error) {
    (void)options, (void)error;
    return apply(SPT_NFC, encoding);
}

static enum spt_status nfd(const void *options, struct spt_encoding *encoding, struct spt_error *error) {
    (void)options, (void)error;
    return apply(SPT_NFD, encoding);
}

static enum spt_status nfkc(const void *options, struct spt_encoding *encoding, struct spt_error *error) {
    (void)options, (void)error;
    return apply(SPT_NFKC, encoding);
}

static enum spt_status nfkd(const void *options, struct spt_encoding *encoding, struct spt_error *error) {
    (void)options, (void)error;
    return apply(SPT_NFKD, encoding);
}

const struct spt_normalizer_kind spt_normalizer_nfc = {.name = "NFC", .apply = nfc};
const struct spt_normalizer_kind spt_normalizer_nfd = {.name = "NFD", .apply = nfd};
const struct spt_normalizer_kind spt_normalizer_nfkc = {.name = "NFKC", .apply = nfkc};
const struct spt_normalizer_kind spt_normalizer_nfkd = {.name = "NFKD", .apply = nfkd};
