/* What the files of the config share. */
#ifndef SPT_CONFIG_INTERNAL_H
#define SPT_CONFIG_INTERNAL_H

#include "tracker/config/config.h"

/* Where a value stands. */
struct spt_config_place {
    const char *path;    /* the file; NULL: an option */
    size_t line, column; /* from 1; in a file */
    const char *option;  /* "--samples" */
};

/* Where each key was set last. */
struct spt_config_origin {
    size_t line, column; /* 0: not set in a file */
    char *option;        /* owned; NULL: not set by an option */
};

/* --- value.c --- */
/* SPT_INVALID: "line 3, column 10: <name>: <format ...>". name NULL: left out. */
enum spt_status spt_config_fail(const struct spt_config_place *place, const char *name, struct spt_error *error,
                                const char *format, ...) __attribute__((format(printf, 4, 5)));
/* SPT_INVALID: "<name>: found <found>, expected <what the key takes>". */
enum spt_status spt_config_mismatch(const struct spt_config_place *place, const struct spt_config_key *key,
                                    const char *found, struct spt_error *error);

/* base: what a key's offset is from: the config, or an item of a list of mappings. What the field held is freed; it is
 * empty. */
void spt_config_clear(void *base, const struct spt_config_key *key);
/* A YAML list, whose items are put one by one. */
bool spt_config_is_list(const struct spt_config_key *key);
/* COMMAND and LIST: no option can say them. */
bool spt_config_is_of_file(const struct spt_config_key *key);
/* Sets the field of a key that is no list, or appends one item to one that is. */
enum spt_status spt_config_put(void *base, const struct spt_config_key *key, const char *text,
                               const struct spt_config_place *place, struct spt_error *error);
/* The field from one text: the whole value; lists are split at commas. */
enum spt_status spt_config_put_whole(void *base, const struct spt_config_key *key, const char *text,
                                     const struct spt_config_place *place, struct spt_error *error);
/* Each key at its default. base is all zero. */
enum spt_status spt_config_put_defaults(void *base, const struct spt_config_key *keys, size_t count,
                                        struct spt_error *error);

/* --- parse.c --- texts to values; false: it is none, and *value is undefined. */
bool spt_config_parse_integer(const char *text, int64_t *value);
bool spt_config_parse_bytes(const char *text, int64_t *value);
bool spt_config_parse_bool(const char *text, bool *value);
bool spt_config_parse_number(const char *text, double *value);
bool spt_config_parse_seconds(const char *text, double *value);
bool spt_config_parse_shard(const char *text, struct spt_config_shard *shard);
/* "A", "A:B" or "A:B:STRIDE"; last becomes the last step that the stride meets. */
bool spt_config_parse_step_range(const char *text, struct spt_config_step_range *range);
enum { SPT_CONFIG_SHARDS_MAX = 1000000, SPT_CONFIG_STEPS_MAX = 1000000 };

/* --- shapes.c --- a list of mappings: {items, count}, each item a struct with fields by table. */
struct spt_config_shape {
    const struct spt_config_key *fields; /* [count] named "<section>.<word>"; no LIST among them */
    size_t count;
    const char *section; /* the key's name */
    size_t size;         /* of an item */
    /* Judges items[i], whose fields are read, beside those before it, and completes it. given [count]: which fields the
     * file sets. */
    enum spt_status (*complete)(void *items, size_t i, const bool *given, const struct spt_config_place *place,
                                struct spt_error *error);
};
extern const struct spt_config_shape SPT_CONFIG_SERIES_SHAPE, SPT_CONFIG_ALERT_SHAPE;

void spt_config_list_free(void *at, const struct spt_config_key *key); /* at: the field */
/* The list of a key of type LIST in config: count items with their defaults in place of what was there. items out. */
enum spt_status spt_config_list_make(struct spt_config *config, const struct spt_config_key *key, size_t count,
                                     void **items, struct spt_error *error);

/* --- keys.c --- */
enum { SPT_CONFIG_NAMES_MAX = 64 };
/* ", did you mean \"x\"?" or "; known: a, b, c" for a word that is none of names. */
void spt_config_hint(const char *word, const char *const *names, size_t count, struct spt_text *text);
/* The keys that may stand in one mapping: those of a table without a dot, or those of its section. */
struct spt_config_level {
    const struct spt_config_key *keys; /* [count] */
    size_t count;
    const char *section; /* NULL: the file's top, where the sections' names stand too */
};
struct spt_config_word {
    const char *word;                 /* as it stands there */
    const struct spt_config_key *key; /* NULL: a section */
};
struct spt_config_level spt_config_top(void);
/* words [SPT_CONFIG_NAMES_MAX] out, borrowed. Returns how many there are. */
size_t spt_config_words(const struct spt_config_level *level, struct spt_config_word *words);

/* --- config.c --- */
enum spt_status spt_config_note_origin(struct spt_config *config, const struct spt_config_key *key,
                                       const struct spt_config_place *place, struct spt_error *error);

#endif
