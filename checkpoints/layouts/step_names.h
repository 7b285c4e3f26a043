/* How suites name their steps: a table of patterns (PCRE2), or the user's one.
 *
 *     spt_step_names_new  ->  spt_step_names_match for each name  ->  spt_step_names_free
 */
#ifndef SPT_LAYOUTS_STEP_NAMES_H
#define SPT_LAYOUTS_STEP_NAMES_H

#include "checkpoints/base/error.h"
#include "checkpoints/base/text.h"

#include <stdbool.h>
#include <stdint.h>

struct spt_step_names;

enum spt_step_name_kind {
    SPT_STEP_NAME_OTHER, /* no step's name */
    SPT_STEP_NAME_STEP,
    SPT_STEP_NAME_TOO_LARGE,  /* a step's name, but the number does not fit 63 bits */
    SPT_STEP_NAME_UNFINISHED, /* a step's name with the mark of a writer that is still at work: "step500-tmp" */
};

struct spt_step_name {
    enum spt_step_name_kind kind;
    int64_t step;      /* for SPT_STEP_NAME_STEP */
    int64_t tokens;    /* SPT_NO_TOKENS when the name has none */
    char branch[256];  /* "" when the name has none */
    const char *suite; /* whose pattern it was: "Pythia"; static */
};

/* pattern NULL: the table. SPT_INVALID: the pattern does not compile (offset and PCRE2's reason), or has no group named
 * step. */
enum spt_status spt_step_names_new(const char *pattern, struct spt_step_names **names, struct spt_error *error);
void spt_step_names_free(struct spt_step_names *names);
bool spt_step_names_are_users(const struct spt_step_names *names); /* a pattern was given */

/* What name is. Any bytes are accepted. SPT_INVALID: the user's pattern takes too long on this name (PCRE2's match
 * limit). */
enum spt_status spt_step_names_match(const struct spt_step_names *names, const char *name, struct spt_step_name *out,
                                     struct spt_error *error);

/* Appends what is expected, for messages: "step512 (Pythia), checkpoint-500 (HF Trainer), ..." or the user's pattern.
 */
void spt_step_names_describe(const struct spt_step_names *names, struct spt_text *text);

#endif
