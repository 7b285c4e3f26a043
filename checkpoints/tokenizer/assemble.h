/* What the kinds of files.h share: the settings beside a vocabulary, and the tokenizer.json that is written from them.
 *
 * A kind is one file and one row in files.c; a family is one row in families.c.
 */
#ifndef SPT_TOKENIZER_ASSEMBLE_H
#define SPT_TOKENIZER_ASSEMBLE_H

#include "checkpoints/base/json.h"
#include "checkpoints/base/memory.h"
#include "checkpoints/base/text.h"
#include "checkpoints/tokenizer/files.h"

/* The tokens that have a name. In this order new ones get their ids. */
enum spt_named_token { SPT_BOS, SPT_EOS, SPT_UNK, SPT_SEP, SPT_PAD, SPT_CLS, SPT_MASK, SPT_NAMED_TOKENS };

extern const char *const SPT_NAMED_TOKEN_KEYS[SPT_NAMED_TOKENS]; /* "bos_token" ... */

enum spt_vocabulary_kind { SPT_VOCABULARY_TEXT, SPT_VOCABULARY_JSON, SPT_VOCABULARY_SENTENCE_PIECE };

enum { SPT_FAMILY_TYPES = 3 };

/* What transformers takes for a family when its files do not say otherwise. */
struct spt_tokenizer_family {
    const char *class;                         /* "tokenizer_class" without "Tokenizer" and "Fast" behind it */
    const char *model_types[SPT_FAMILY_TYPES]; /* of config.json; NULL after the last */
    enum spt_vocabulary_kind kind;
    const char *named[SPT_NAMED_TOKENS]; /* NULL: has none */
    bool classifies;                     /* cls and sep stand around a text; else bos and eos where asked for */
    bool add_bos;                        /* unless add_bos_token says otherwise */
    bool fairseq; /* XLM-R: the first ids are those of fairseq, the others one more than the model's */
    const char *normalizer, *split; /* of byte-level BPE: JSON of a normalizer; an expression before ByteLevel; NULL */
};

struct spt_assembly {
    const struct spt_tokenizer_files *files;
    struct spt_json_document *tokenizer_config, *special_tokens_map, *added_tokens, *config; /* NULL: none */
    const struct spt_tokenizer_family *family;
    const char *named[SPT_NAMED_TOKENS]; /* NULL: has none; borrowed from the documents and the family */
    bool marked[SPT_NAMED_TOKENS];       /* the model file itself has it among its added tokens */
    struct spt_arena arena;              /* of what a kind names */
    struct spt_text json;                /* out: the tokenizer.json, without special tokens */
    struct spt_text tokens; /* out: added tokens that the model file itself names, each followed by a comma */
};

/* Opens the settings and finds the family. Release also after a failure. */
enum spt_status spt_assembly_begin(struct spt_assembly *assembly, const struct spt_tokenizer_files *files,
                                   enum spt_vocabulary_kind kind, struct spt_error *error);
void spt_assembly_release(struct spt_assembly *assembly);

/* A member of tokenizer_config.json that is true or false; fallback for null and absent. SPT_INVALID for another kind.
 * */
enum spt_status spt_assembly_flag(const struct spt_assembly *assembly, const char *key, bool fallback, bool *value,
                                  struct spt_error *error);

/* A member of tokenizer_config.json; NULL: it has none. */
const struct spt_json *spt_assembly_setting(const struct spt_assembly *assembly, const char *key);

/* The token of a name as it is stated, a string or an object; NULL: it is not. A special_tokens_map.json counts where
 * tokenizer_config.json is of the time before it told all added tokens. */
const struct spt_json *spt_assembly_stated(const struct spt_assembly *assembly, size_t name);

/* Names a token where no file and no family does; content must live as long as the assembly. */
void spt_assembly_default(struct spt_assembly *assembly, enum spt_named_token name, const char *content);

/* The family's row, or the first of kind. class and model_type may be NULL. */
const struct spt_tokenizer_family *spt_tokenizer_family_find(const char *class, const char *model_type,
                                                             enum spt_vocabulary_kind kind);

/* One line of a text file: lines end in LF or CRLF. False: there is none left. */
bool spt_assembly_line(const struct spt_file_bytes *file, size_t *at, const char **line, size_t *length);

/* text as a JSON string. */
void spt_assembly_put(struct spt_text *json, const char *text, size_t length);

/* The path of the file called name beside the main one, for messages. */
const char *spt_assembly_beside(const struct spt_tokenizer_files *files, const char *name, char path[4096]);

/* SPT_INVALID when file holds a NUL or invalid UTF-8. name is for messages. */
enum spt_status spt_assembly_check_text(const struct spt_file_bytes *file, const char *name, struct spt_error *error);

/* {"id": 0, "content": ...}, and a comma. */
void spt_assembly_put_token(struct spt_text *json, const char *content, bool normalized, bool special);

/* A token that the model file itself adds. Its flags are those, unless another file lists it. */
void spt_assembly_put_mark(struct spt_assembly *assembly, const char *content, bool normalized, bool special);

/* The kinds: write "model", "normalizer" and "pre_tokenizer", each member followed by a comma, to json. */
enum spt_status spt_assemble_text(struct spt_assembly *assembly, struct spt_error *error);
enum spt_status spt_assemble_json(struct spt_assembly *assembly, struct spt_error *error);
enum spt_status spt_assemble_sentence_piece(struct spt_assembly *assembly, struct spt_error *error);

#endif
