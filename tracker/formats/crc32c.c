#include "tracker/formats/crc32c.h"

/* What four zero bits do to each remainder; polynomial 0x1edc6f41, reflected 0x82f63b78. Half a byte at a time: event
 * files are small, and 16 constants can be looked through. */
static const uint32_t STEP[16] = {
    0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
    0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9, 0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
};

uint32_t spt_crc32c(const void *bytes, size_t size) {
    const unsigned char *byte = bytes;
    uint32_t rest = UINT32_MAX;
    for (size_t i = 0; i < size; i++) {
        rest ^= byte[i];
        rest = rest >> 4 ^ STEP[rest & 15];
        rest = rest >> 4 ^ STEP[rest & 15];
    }
    return ~rest;
}

uint32_t spt_crc32c_masked(const void *bytes, size_t size) {
    const uint32_t check = spt_crc32c(bytes, size);
    return (check >> 15 | check << 17) + 0xa282ead8u;
}
