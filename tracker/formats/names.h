/* Names of runs outside the store, where a number means nothing.
 *
 * A store may hold several runs of one name (the same model swept with another probe or plan). The oldest goes by its
 * name, each other one by name#number, the number being the one `--run` takes. A name so made that an older run has
 * already gets its number once more. So a run's name never changes when others are added.
 */
#ifndef SPT_FORMAT_NAMES_H
#define SPT_FORMAT_NAMES_H

#include "checkpoints/base/text.h"
#include "tracker/store/store.h"

/* names [count] out, one for each run of all [count], the store's runs oldest first. NULL: out of memory. Freed by spt_run_names_free. */
char **spt_run_names(const struct spt_store_run *all, size_t count);
void spt_run_names_free(char **names, size_t count);

/* Appends name as the name of one file: letters of any script, digits and punctuation stay, '/', '%', control characters, what is no
 * UTF-8 and a leading '.' become %XX, so that no two names become one. A name of more than 180 bytes is cut and ends in '~' and its
 * hash. Nothing for "". */
void spt_name_put_file(struct spt_text *out, const char *name);

#endif
