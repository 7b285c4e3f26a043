#include "tar_file.h"

#include <string.h>

enum { BLOCK = 512 };

static void put_octal(char *field, size_t width, uint64_t value) {
    for (size_t i = width - 1; i-- > 0; value >>= 3) field[i] = (char)('0' + (value & 7));
}

/* What does not fit is in base 256, as GNU tar and POSIX 2001 do. */
static void put_size(char field[12], uint64_t size) {
    if (size < (UINT64_C(1) << 33)) {
        put_octal(field, 12, size);
        return;
    }
    memset(field, 0, 12);
    field[0] = (char)0x80;
    for (size_t i = 11; i > 3; i--, size >>= 8) field[i] = (char)(size & 255);
}

void tar_header(struct spt_text *tar, const char *name, char type, const char *link, uint64_t size) {
    char block[BLOCK + 1] = {0};
    (void)strncpy(block, name, 100);
    put_octal(block + 100, 8, 0644);
    put_octal(block + 108, 8, 0);
    put_octal(block + 116, 8, 0);
    put_size(block + 124, size);
    put_octal(block + 136, 12, 1700000000);
    block[156] = type;
    if (link) (void)strncpy(block + 157, link, 100);
    memcpy(block + 257, "ustar\00000", 8);
    memset(block + 148, ' ', 8);
    unsigned sum = 0;
    for (size_t i = 0; i < BLOCK; i++) sum += (unsigned char)block[i];
    put_octal(block + 148, 7, sum);
    block[154] = '\0';
    spt_text_append(tar, block, BLOCK);
}

void tar_data(struct spt_text *tar, const void *data, size_t length) {
    static const char ZEROS[BLOCK];
    spt_text_append(tar, data, length);
    spt_text_append(tar, ZEROS, (BLOCK - length % BLOCK) % BLOCK);
}

void tar_member(struct spt_text *tar, const char *name, char type, const char *link, const void *data, size_t length) {
    tar_header(tar, name, type, link, length);
    if (length) tar_data(tar, data, length);
}

void tar_end(struct spt_text *tar) {
    static const char ZEROS[2 * BLOCK];
    spt_text_append(tar, ZEROS, sizeof ZEROS);
}
