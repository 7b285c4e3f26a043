/* What the parts of a tokenizer share: reading their JSON, and the text on its way through one encode call.
 *
 *     text --added tokens--> pieces --normalizer--> --added tokens--> --pre-tokenizer--> spans
 *          --model--> ids --processor-->
 *
 * A normalizer, pre-tokenizer, model or post-processor is one file and one row in the table of its sort (normalizers.c,
 * pre_tokenizers.c, models.c, processors.c). A row's parse reads the options once; its apply only reads them, from any
 * number of threads.
 */
#ifndef SPT_TOKENIZER_PARTS_H
#define SPT_TOKENIZER_PARTS_H

#include "checkpoints/base/json.h"
#include "checkpoints/base/memory.h"
#include "checkpoints/base/text.h"
#include "checkpoints/tokenizer/regex.h"
#include "checkpoints/tokenizer/tokenizer.h"
#include "checkpoints/tokenizer/vocabulary.h"

/* ---- while a file is read ---- */

struct spt_owned_regex;

/* Where options are made: all memory is the arena's, and regular expressions are listed to be freed with the tokenizer.
 */
struct spt_tokenizer_source {
    const char *path; /* for messages */
    struct spt_arena arena;
    struct spt_owned_regex *regexes;
    bool assembled; /* of other files (files.h): what only they have is understood */
};

void spt_tokenizer_source_release(struct spt_tokenizer_source *source);

/* Zeroed memory of the arena; NULL after reporting SPT_NOMEM. */
void *spt_tokenizer_options(struct spt_tokenizer_source *source, size_t size, struct spt_error *error);

/* Members of part: "the Replace normalizer" and the like is what, for messages. SPT_INVALID for another kind of value,
 * and for an absent (or null) one unless a fallback is given. Strings are copied. */
enum spt_status spt_part_bool(const struct spt_json *part, const char *key, const bool *fallback, const char *what,
                              const struct spt_tokenizer_source *source, bool *value, struct spt_error *error);
enum spt_status spt_part_string(const struct spt_json *part, const char *key, const char *what,
                                struct spt_tokenizer_source *source, const char **value, size_t *length,
                                struct spt_error *error);

/* A token id: an integer of 0 ... 2^31 - 1, else SPT_INVALID naming what. */
enum spt_status spt_part_id(const struct spt_json *node, const char *what, const struct spt_tokenizer_source *source,
                            int32_t *id, struct spt_error *error);

/* Compiles a pattern, which the source frees. */
enum spt_status spt_regex_own(struct spt_tokenizer_source *source, const char *pattern, size_t length,
                              const struct spt_regex **regex, struct spt_error *error);

/* {"String": "..."} or {"Regex": "..."} */
struct spt_pattern {
    const struct spt_regex *regex; /* NULL: text is to be found as it is */
    const char *text;
    size_t length;
};

enum spt_status spt_pattern_parse(const struct spt_json *json, const char *what, struct spt_tokenizer_source *source,
                                  struct spt_pattern *pattern, struct spt_error *error);

/* The index of the row whose name is type among the names, or count after failing: SPT_UNSUPPORTED "<sort> "x" is not
 * supported (known: ...)". name_of(i) gives the names. */
size_t spt_part_kind(const char *type, const char *sort, const char *(*name_of)(size_t), size_t count,
                     const struct spt_tokenizer_source *source, struct spt_error *error);

/* "type" of a part; NULL after failing with SPT_INVALID. */
const char *spt_part_type(const struct spt_json *part, const char *sort, const struct spt_tokenizer_source *source,
                          struct spt_error *error);

/* A sort of parts (normalizers ...): its rows by name, and how one of them is taken in. */
struct spt_part_sort {
    const char *name;                    /* "normalizer", for messages */
    const char *members;                 /* key under which a Sequence holds its parts: "normalizers" */
    size_t count;                        /* of rows */
    const char *(*name_of)(size_t kind); /* of a row; "Sequence" for count */
    enum spt_status (*add)(void *context, size_t kind, const struct spt_json *json, struct spt_tokenizer_source *source,
                           struct spt_error *error);
};

/* Reads a part: one of the sort's rows, or a Sequence, whose parts are read one after the other. SPT_OK for null or
 * nothing. */
enum spt_status spt_part_parse(const struct spt_part_sort *sort, const struct spt_json *json,
                               struct spt_tokenizer_source *source, void *context, struct spt_error *error);

/* ---- while a text is encoded ---- */

struct spt_spans {
    struct spt_span *data;
    size_t count, capacity;
    bool failed; /* out of memory: check once at the end */
};

void spt_spans_add(struct spt_spans *spans, size_t begin, size_t end); /* an empty span is left out */

struct spt_buffer {
    void *data;
    size_t capacity; /* bytes */
};

/* count elements of size bytes, contents kept; NULL: out of memory. */
void *spt_buffer_reserve(struct spt_buffer *buffer, size_t count, size_t size);

enum { SPT_MODEL_BUFFERS = 2 };

/* Scratch of one spt_tokenizer_encode call: zero-initialise, release. */
struct spt_encoding {
    struct spt_text text, spare; /* the piece that is looked at; what rewrites it writes to spare, then they swap */
    struct spt_spans spans, spare_spans; /* its parts, in bytes of text; the same game */
    struct spt_text work;                /* of one pre-tokenizer */
    struct spt_text normalized; /* a piece after normalization, cut up by the added tokens of normalized text */
    struct spt_spans matches;   /* of one pattern in one span */
    struct spt_buffer model[SPT_MODEL_BUFFERS]; /* the model's own */
    struct spt_regex_scratch *regex;
    size_t limit; /* bytes that all pieces together may grow to by rewriting */
    size_t spent; /* of those, by the pieces before this one */
    bool front;   /* text begins with the first character of the whole, or with what that became: a normalizer that
                   * takes it away clears this */
};

void spt_encoding_release(struct spt_encoding *encoding);

/* SPT_INVALID when text has grown beyond what is left of the limit ("blows the text up"), SPT_NOMEM when it failed. */
enum spt_status spt_encoding_check(const struct spt_encoding *encoding, const struct spt_text *text,
                                   struct spt_error *error);

/* Text is rewritten: its bytes count as spent. As spt_encoding_check. */
enum spt_status spt_encoding_spend(struct spt_encoding *encoding, struct spt_error *error);

/* Appends a match, which may be empty; false: out of memory. */
bool spt_match_add(struct spt_spans *matches, size_t begin, size_t end);

/* All matches of pattern in text [length], one after the other, as the reference implementation walks: an empty match
 * right after a match does not count. Written to encoding->matches; an empty match is kept. */
enum spt_status spt_pattern_find_all(const struct spt_pattern *pattern, struct spt_encoding *encoding, const char *text,
                                     size_t length, struct spt_error *error);

/* ---- the four sorts ---- */

/* A Sequence is the sequence of its parts, so a sort is a flat list of steps. */
struct spt_step {
    size_t kind;
    const void *options;
};

struct spt_steps {
    struct spt_step *data; /* arena's */
    size_t count, capacity;
};

enum { SPT_STEPS_MAX = 128, SPT_NESTING_MAX = 32 };

/* SPT_INVALID beyond SPT_STEPS_MAX. */
enum spt_status spt_steps_add(struct spt_steps *steps, size_t kind, const void *options,
                              struct spt_tokenizer_source *source, struct spt_error *error);

struct spt_normalizer_kind {
    const char *name;
    /* NULL: has no options. */
    enum spt_status (*parse)(const struct spt_json *json, struct spt_tokenizer_source *source, const void **options,
                             struct spt_error *error);
    /* encoding->text to encoding->spare, which is empty. Allocation failures show in spare.failed. */
    enum spt_status (*apply)(const void *options, struct spt_encoding *encoding, struct spt_error *error);
};

/* json may be NULL or null: no steps. */
enum spt_status spt_normalizer_parse(const struct spt_json *json, struct spt_tokenizer_source *source,
                                     struct spt_steps *steps, struct spt_error *error);
enum spt_status spt_normalizer_apply(const struct spt_steps *steps, struct spt_encoding *encoding,
                                     struct spt_error *error);

struct spt_pre_tokenizer_kind {
    const char *name;
    bool rewrites; /* writes encoding->spare, to which spare_spans then refer; else the text stays */
    enum spt_status (*parse)(const struct spt_json *json, struct spt_tokenizer_source *source, const void **options,
                             struct spt_error *error);
    /* Whether with these options it asks where a span began in the text as it was given; NULL: never. */
    bool (*asks_origin)(const void *options);
    /* encoding->text and spans to spare_spans (and spare), which are empty. */
    enum spt_status (*apply)(const void *options, struct spt_encoding *encoding, struct spt_error *error);
};

enum spt_status spt_pre_tokenizer_parse(const struct spt_json *json, struct spt_tokenizer_source *source,
                                        struct spt_steps *steps, struct spt_error *error);
/* From encoding->text to its spans. */
enum spt_status spt_pre_tokenizer_apply(const struct spt_steps *steps, struct spt_encoding *encoding,
                                        struct spt_error *error);

/* Whether bytes are written as characters (ByteLevel), and what a token of such a vocabulary stands for, appended. What is
 * none of these characters stays. */
bool spt_pre_tokenizer_is_byte_level(const struct spt_steps *steps);
void spt_byte_level_put(const char *token, struct spt_text *out);

struct spt_model_kind {
    const char *name;
    const char *sign; /* a key that only this model has: files without "type" are told by it */
    /* Fills vocabulary (reserve and add) and options. */
    enum spt_status (*parse)(const struct spt_json *json, struct spt_tokenizer_source *source,
                             struct spt_vocabulary *vocabulary, const void **options, struct spt_error *error);
    /* Appends the ids of one piece [length > 0]. */
    enum spt_status (*encode)(const void *options, const char *piece, size_t length, struct spt_encoding *encoding,
                              struct spt_token_ids *ids, struct spt_error *error);
};

struct spt_model {
    const struct spt_model_kind *kind;
    const void *options;
    struct spt_vocabulary vocabulary;
};

/* "vocab" as {"token": id}: what BPE and WordPiece have. */
enum spt_status spt_model_read_vocabulary(const struct spt_json *json, const char *what,
                                          struct spt_tokenizer_source *source, struct spt_vocabulary *vocabulary,
                                          struct spt_error *error);

/* SPT_UNSUPPORTED when a token is longer than a trie can have it. */
enum spt_status spt_model_check_tokens(const struct spt_vocabulary *vocabulary, const char *what,
                                       const struct spt_tokenizer_source *source, struct spt_error *error);

enum spt_status spt_model_parse(const struct spt_json *json, struct spt_tokenizer_source *source,
                                struct spt_model *model, struct spt_error *error);

/* What a post-processor makes of the ids of a text: ids, and SPT_TEXT_HERE where those of the text go. */
#define SPT_TEXT_HERE (-1)

enum { SPT_TEMPLATE_MAX = 4096, SPT_TEMPLATE_TEXTS = 16 };

struct spt_template {
    int32_t *data; /* [count], arena's */
    size_t count, capacity;
    size_t texts; /* how many of them are SPT_TEXT_HERE */
    bool set;     /* by a post-processor that adds tokens */
};

struct spt_processor_kind {
    const char *name;
    /* NULL: changes no ids. Fills an empty template with spt_template_add. */
    enum spt_status (*parse)(const struct spt_json *json, struct spt_tokenizer_source *source,
                             struct spt_template *form, struct spt_error *error);
};

/* json may be NULL or null: the text alone. */
enum spt_status spt_processor_parse(const struct spt_json *json, struct spt_tokenizer_source *source,
                                    struct spt_template *form, struct spt_error *error);
enum spt_status spt_template_add(struct spt_template *form, int32_t id, struct spt_tokenizer_source *source,
                                 struct spt_error *error);

/* Appends to ids; false: out of memory. */
static inline bool spt_token_ids_add(struct spt_token_ids *ids, int32_t id) {
    if (ids->count == ids->capacity) {
        void *data = ids->ids;
        if (!spt_grow(&data, &ids->capacity, ids->count + 1, sizeof *ids->ids)) return false;
        ids->ids = data;
    }
    ids->ids[ids->count++] = id;
    return true;
}

/* What files.c makes of other files: the parser of what it wrote, which understands what only SentencePiece has, and
 * what stands around a text. begin, end and bos are contents of tokens; NULL: none. SPT_INVALID: there is no such
 * token. */
enum spt_status spt_tokenizer_parse_assembled(const char *bytes, size_t size, const char *path,
                                              struct spt_tokenizer **tokenizer, struct spt_error *error);
enum spt_status spt_tokenizer_frame(struct spt_tokenizer *tokenizer, const char *begin, const char *end,
                                    const char *bos, struct spt_error *error);

/* ---- the rows, one file each ---- */

extern const struct spt_normalizer_kind spt_normalizer_nfc, spt_normalizer_nfd, spt_normalizer_nfkc,
    spt_normalizer_nfkd, spt_normalizer_lowercase, spt_normalizer_strip, spt_normalizer_strip_accents,
    spt_normalizer_prepend, spt_normalizer_replace, spt_normalizer_bert, spt_normalizer_precompiled,
    spt_normalizer_sentence_piece;
extern const struct spt_pre_tokenizer_kind spt_pre_tokenizer_byte_level, spt_pre_tokenizer_split,
    spt_pre_tokenizer_digits, spt_pre_tokenizer_punctuation, spt_pre_tokenizer_whitespace,
    spt_pre_tokenizer_whitespace_split, spt_pre_tokenizer_bert, spt_pre_tokenizer_metaspace;
extern const struct spt_model_kind spt_model_bpe, spt_model_word_piece, spt_model_unigram;
extern const struct spt_processor_kind spt_processor_byte_level, spt_processor_template, spt_processor_roberta,
    spt_processor_bert;

/* How a splitting pre-tokenizer treats what it matched. */
enum spt_behavior {
    SPT_REMOVED,
    SPT_ISOLATED,
    SPT_MERGED_WITH_PREVIOUS,
    SPT_MERGED_WITH_NEXT,
    SPT_CONTIGUOUS,
};

/* "behavior" of a pre-tokenizer; fallback NULL: it must be there. */
enum spt_status spt_behavior_parse(const struct spt_json *json, const enum spt_behavior *fallback, const char *what,
                                   const struct spt_tokenizer_source *source, enum spt_behavior *behavior,
                                   struct spt_error *error);

/* Cuts span by encoding->matches (offsets within span), adding to spare_spans. invert: what is between the matches is
 * the delimiter. */
void spt_behavior_split(enum spt_behavior behavior, bool invert, struct spt_span span, struct spt_encoding *encoding);

#endif
