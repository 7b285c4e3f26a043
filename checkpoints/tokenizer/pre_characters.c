/* Pre-tokenizers that look at one character at a time: Digits, Punctuation, Whitespace, WhitespaceSplit,
 * BertPreTokenizer. */
#include "checkpoints/base/unicode.h"
#include "checkpoints/tokenizer/parts.h"

/* Splits every span at the characters that is_delimiter names, each of them a delimiter of its own. */
static enum spt_status split_at(bool (*is_delimiter)(uint32_t), enum spt_behavior behavior,
                                struct spt_encoding *encoding, struct spt_error *error) {
    for (size_t i = 0; i < encoding->spans.count; i++) {
        const struct spt_span span = encoding->spans.data[i];
        const char *text = encoding->text.data + span.begin;
        const size_t length = span.end - span.begin;
        encoding->matches.count = 0;
        uint32_t code;
        for (size_t k = 0, step; k < length; k += step) {
            step = spt_unicode_decode(text + k, length - k, &code);
            if (is_delimiter(code) && !spt_match_add(&encoding->matches, k, k + step))
                return spt_fail_memory(error, length, "parts of a text");
        }
        spt_behavior_split(behavior, false, span, encoding);
    }
    return SPT_OK;
}

struct digits {
    bool individual;
};

static enum spt_status parse_digits(const struct spt_json *json, struct spt_tokenizer_source *source,
                                    const void **options, struct spt_error *error) {
    struct digits *digits = spt_tokenizer_options(source, sizeof *digits, error);
    if (!digits) return SPT_NOMEM;
    *options = digits;
    return spt_part_bool(json, "individual_digits", &(const bool){false}, "the Digits pre-tokenizer", source,
                         &digits->individual, error);
}

static enum spt_status apply_digits(const void *options, struct spt_encoding *encoding, struct spt_error *error) {
    const struct digits *digits = options;
    return split_at(spt_unicode_is_number, digits->individual ? SPT_ISOLATED : SPT_CONTIGUOUS, encoding, error);
}

struct punctuation {
    enum spt_behavior behavior;
};

static enum spt_status parse_punctuation(const struct spt_json *json, struct spt_tokenizer_source *source,
                                         const void **options, struct spt_error *error) {
    struct punctuation *punctuation = spt_tokenizer_options(source, sizeof *punctuation, error);
    if (!punctuation) return SPT_NOMEM;
    *options = punctuation;
    return spt_behavior_parse(json, &(const enum spt_behavior){SPT_ISOLATED}, "the Punctuation pre-tokenizer", source,
                              &punctuation->behavior, error);
}

/* In ASCII also what Unicode calls symbols: $ + < = > ^ ` | ~ */
static bool is_punctuation(uint32_t code) {
    if (code >= 0x80) return spt_unicode_is_punctuation(code);
    return (code >= '!' && code <= '/') || (code >= ':' && code <= '@') || (code >= '[' && code <= '`') ||
           (code >= '{' && code <= '~');
}

static enum spt_status apply_punctuation(const void *options, struct spt_encoding *encoding, struct spt_error *error) {
    const struct punctuation *punctuation = options;
    return split_at(is_punctuation, punctuation->behavior, encoding, error);
}

static enum spt_status apply_whitespace_split(const void *options, struct spt_encoding *encoding,
                                              struct spt_error *error) {
    (void)options;
    return split_at(spt_unicode_is_whitespace, SPT_REMOVED, encoding, error);
}

enum character_class { SPACE, WORD, OTHER };

static enum character_class class_of(uint32_t code) {
    if (spt_unicode_is_word(code)) return WORD;
    return spt_unicode_is_whitespace(code) ? SPACE : OTHER;
}

/* \w+|[^\w\s]+ */
static enum spt_status apply_whitespace(const void *options, struct spt_encoding *encoding, struct spt_error *error) {
    (void)options, (void)error;
    for (size_t i = 0; i < encoding->spans.count; i++) {
        const struct spt_span span = encoding->spans.data[i];
        size_t begin = span.begin;
        enum character_class class_now = SPACE;
        uint32_t code;
        for (size_t k = span.begin, step; k < span.end; k += step) {
            step = spt_unicode_decode(encoding->text.data + k, span.end - k, &code);
            const enum character_class next = class_of(code);
            if (next == class_now) continue;
            if (class_now != SPACE) spt_spans_add(&encoding->spare_spans, begin, k);
            begin = k;
            class_now = next;
        }
        if (class_now != SPACE) spt_spans_add(&encoding->spare_spans, begin, span.end);
    }
    return SPT_OK;
}

/* White space divides, punctuation stands alone. */
static enum spt_status apply_bert(const void *options, struct spt_encoding *encoding, struct spt_error *error) {
    (void)options, (void)error;
    for (size_t i = 0; i < encoding->spans.count; i++) {
        const struct spt_span span = encoding->spans.data[i];
        size_t begin = span.begin;
        uint32_t code;
        for (size_t k = span.begin, step; k < span.end; k += step) {
            step = spt_unicode_decode(encoding->text.data + k, span.end - k, &code);
            const bool space = spt_unicode_is_whitespace(code);
            if (!space && !is_punctuation(code)) continue;
            spt_spans_add(&encoding->spare_spans, begin, k);
            if (!space) spt_spans_add(&encoding->spare_spans, k, k + step);
            begin = k + step;
        }
        spt_spans_add(&encoding->spare_spans, begin, span.end);
    }
    return SPT_OK;
}

const struct spt_pre_tokenizer_kind spt_pre_tokenizer_digits = {
    .name = "Digits", .parse = parse_digits, .apply = apply_digits};
const struct spt_pre_tokenizer_kind spt_pre_tokenizer_punctuation = {
    .name = "Punctuation", .parse = parse_punctuation, .apply = apply_punctuation};
const struct spt_pre_tokenizer_kind spt_pre_tokenizer_whitespace = {.name = "Whitespace", .apply = apply_whitespace};
const struct spt_pre_tokenizer_kind spt_pre_tokenizer_whitespace_split = {.name = "WhitespaceSplit",
                                                                          .apply = apply_whitespace_split};
const struct spt_pre_tokenizer_kind spt_pre_tokenizer_bert = {.name = "BertPreTokenizer", .apply = apply_bert};
