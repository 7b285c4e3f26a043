/* The control of a run: the same checkpoints, asked about the same samples with the tokens of each shuffled. What a figure owes to the
 * order of the words is what the run has and its control has not; what both have is owed to lengths and vocabulary.
 *
 * A control is a run of the store like any other, since its token ids are others. It is named after its run, "demo-run (shuffled)", and its
 * probe's description says what it is the control of, by the digest of the ids that were shuffled. Commands that are about the latest run,
 * or compare all runs, leave controls out; --run names them.
 */
#ifndef SPT_CONTROL_H
#define SPT_CONTROL_H

#include "checkpoints/base/text.h"
#include "tracker/store/store.h"

enum spt_control { SPT_CONTROL_NONE, SPT_CONTROL_SHUFFLED };

/* Appends "demo-run (shuffled)". */
void spt_control_put_name(struct spt_text *text, const char *run);

/* Appends the name of the run that this one is the control of; its own where it is none. */
void spt_control_put_origin_name(struct spt_text *text, const struct spt_store_run *run);

/* Appends what makes a probe that of a control, one "key: value" a line: the control, the digest of the ids as they were, the seed. */
void spt_control_describe(struct spt_text *text, struct spt_hash of, uint64_t seed);

/* Whether a run is another one's control, by its description. */
bool spt_control_is(const struct spt_store_run *run);

/* The latest control of run among runs [count]: of the same name, model and plan, of its samples; NULL: there is none. */
const struct spt_store_run *spt_control_find(const struct spt_store_run *run, const struct spt_store_run *runs,
                                             size_t count);

#endif
