#include "torch_zip.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shards.h"

static void need(const struct torch_zip *zip, size_t size) {
    if (size > sizeof zip->bytes - zip->size) shards_die("a zip larger than its buffer");
}

void torch_zip_add(struct torch_zip *zip, const void *bytes, size_t size) {
    need(zip, size);
    if (size) memcpy(zip->bytes + zip->size, bytes, size);
    zip->size += size;
}

void torch_zip_set(struct torch_zip *zip, size_t at, uint64_t value, size_t size) {
    for (size_t i = 0; i < size; i++) zip->bytes[at + i] = (unsigned char)(i < 8 ? value >> (8 * i) : 0);
}

void torch_zip_add_number(struct torch_zip *zip, uint64_t value, size_t size) {
    need(zip, size);
    torch_zip_set(zip, zip->size, value, size);
    zip->size += size;
}

void torch_zip_member(struct torch_zip *zip, const char *name, const void *bytes, size_t size) {
    if (zip->count == TORCH_ZIP_MEMBERS) shards_die("too many members");
    const size_t i = zip->count++;
    zip->names[i] = name;
    zip->sizes[i] = size;
    zip->local[i] = zip->size;
    torch_zip_add_number(zip, 0x04034b50, 4);
    torch_zip_add_number(zip, 0, 14);
    torch_zip_add_number(zip, size, 4);
    torch_zip_add_number(zip, size, 4);
    torch_zip_add_number(zip, strlen(name), 2);
    torch_zip_add_number(zip, 0, 2);
    torch_zip_add(zip, name, strlen(name));
    zip->data[i] = zip->size;
    torch_zip_add(zip, bytes, size);
}

void torch_zip_directory(struct torch_zip *zip) {
    zip->directory = zip->size;
    for (size_t i = 0; i < zip->count; i++) {
        zip->row[i] = zip->size;
        torch_zip_add_number(zip, 0x02014b50, 4);
        torch_zip_add_number(zip, 0, 16);
        torch_zip_add_number(zip, zip->sizes[i], 4);
        torch_zip_add_number(zip, zip->sizes[i], 4);
        torch_zip_add_number(zip, strlen(zip->names[i]), 2);
        torch_zip_add_number(zip, 0, 12);
        torch_zip_add_number(zip, zip->local[i], 4);
        torch_zip_add(zip, zip->names[i], strlen(zip->names[i]));
    }
    zip->end = zip->size;
    torch_zip_add_number(zip, 0x06054b50, 4);
    torch_zip_add_number(zip, 0, 4);
    torch_zip_add_number(zip, zip->count, 2);
    torch_zip_add_number(zip, zip->count, 2);
    torch_zip_add_number(zip, zip->end - zip->directory, 4);
    torch_zip_add_number(zip, zip->directory, 4);
    torch_zip_add_number(zip, 0, 2);
}

void torch_zip_state_dict(struct torch_zip *zip, const void *pickle, size_t size) {
    unsigned char storage[16];
    for (size_t i = 0; i < sizeof storage; i++) storage[i] = (unsigned char)i;
    *zip = (struct torch_zip){0};
    torch_zip_member(zip, "m/data.pkl", pickle, size);
    torch_zip_member(zip, "m/byteorder", "little", 6);
    torch_zip_member(zip, "m/data/0", storage, sizeof storage);
}
