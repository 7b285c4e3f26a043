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

/* What the field held is freed; it is empty. */
void spt_config_clear(struct spt_config *config, const struct spt_config_key *key);
bool spt_config_is_list(const struct spt_config_key *key);
/* Sets the field of a key that is no list, or appends one item to one that is. */
enum spt_status spt_config_put(struct spt_config *config, const struct spt_config_key *key, const char *text,
                               const struct spt_config_place *place, struct spt_error *error);
/* The field from one text: the whole value; lists are split at commas. */
enum spt_status spt_config_put_whole(struct spt_config *config, const struct spt_config_key *key, const char *text,
                                     const struct spt_config_place *place, struct spt_error *error);
/* path as it is meant at place: joined to the config file's folder. NULL: out of memory. */
char *spt_config_locate(const char *path, const struct spt_config_place *place);

/* --- keys.c --- */
enum { SPT_CONFIG_NAMES_MAX = 64 };
/* ", did you mean \"x\"?" or "; known: a, b, c" for a word that is none of names. */
void spt_config_hint(const char *word, const char *const *names, size_t count, struct spt_text *text);
/* Names of the keys at one level: of the file's top, the section among them, or of the section. names
 * [SPT_CONFIG_NAMES_MAX] out, borrowed. */
size_t spt_config_level(bool section, const char **names);
#define SPT_CONFIG_SECTION "plots" /* the one section: its keys' names begin with "plots." */

/* --- config.c --- */
enum spt_status spt_config_note_origin(struct spt_config *config, const struct spt_config_key *key,
                                       const struct spt_config_place *place, struct spt_error *error);

#endif
