/* The probe: the fixed token samples every checkpoint of a run is asked about. */
#ifndef SPT_PROBE_H
#define SPT_PROBE_H

#include <stddef.h>
#include <stdint.h>

/* Samples packed one behind the other, no padding. Borrowed by whoever reads it. */
struct spt_probe {
    size_t samples;
    size_t tokens;                /* N = offset[samples] */
    size_t longest;               /* tokens of the longest sample */
    const int32_t *ids;           /* [N] */
    const size_t *offset;         /* [samples + 1]; sample i is ids[offset[i] .. offset[i + 1]), at least one token */
    const unsigned char *special; /* [N] 1 for special tokens of the tokenizer; NULL: no tokenizer is known */
};

#endif
