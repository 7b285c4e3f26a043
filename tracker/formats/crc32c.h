/* CRC-32C, the cyclic redundancy check by Castagnoli's polynomial (RFC 3720, appendix B.4), as TFRecord files carry it. */
#ifndef SPT_FORMAT_CRC32C_H
#define SPT_FORMAT_CRC32C_H

#include <stddef.h>
#include <stdint.h>

uint32_t spt_crc32c(const void *bytes, size_t size);

/* A check of data that holds checks itself is weak, so TFRecord turns and shifts it (tensorflow/core/lib/hash/crc32c.h). */
uint32_t spt_crc32c_masked(const void *bytes, size_t size);

#endif
