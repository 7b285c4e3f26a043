/* Lines of JSON fixtures. */
#ifndef SPT_TEST_TOKENIZER_GOLDEN_H
#define SPT_TEST_TOKENIZER_GOLDEN_H

#include "checkpoints/base/json.h"
#include "checkpoints/tokenizer/tokenizer.h"

/* Calls each for every line of tests/data/<name>; returns how many there were. Fails the test on what is no JSON. */
size_t golden_lines(const char *name, void (*each)(const struct spt_json *line, void *context), void *context);

/* {"text", "ids", "plain"}: ids come out with bos: auto, plain with bos: never. Fails the test, naming what, where not.
 */
void golden_case(const struct spt_tokenizer *tokenizer, const struct spt_json *line, const char *what);

#endif
