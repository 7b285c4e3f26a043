/* Zips of torch.save whose parts contradict each other or themselves, m.bin: a good one, spoilt. (Ziv 2018 and Fifield
 * 2019 on what readers that believe one half of a zip are made to do.) */
#include "torch_zip.h"

#include <stdlib.h>
#include <string.h>

#include "make.h"
#include "shards.h"

static void write_spoilt(const struct bad_input *input) {
    struct torch_zip *zip = malloc(sizeof *zip);
    if (!zip) shards_die("memory");
    torch_zip_state_dict(zip, GOOD_PICKLE, sizeof GOOD_PICKLE - 1);
    torch_zip_directory(zip);
    input->spoil(zip);
    bad_put("m.bin", zip->bytes, zip->size);
    free(zip);
}

/* bytes: the name of a fourth member, which has what a pickle of nothing has. */
static void write_with_member(const struct bad_input *input) {
    struct torch_zip *zip = malloc(sizeof *zip);
    if (!zip) shards_die("memory");
    torch_zip_state_dict(zip, GOOD_PICKLE, sizeof GOOD_PICKLE - 1);
    torch_zip_member(zip, input->bytes, "\200\2).", 4);
    torch_zip_directory(zip);
    bad_put("m.bin", zip->bytes, zip->size);
    free(zip);
}

/* Places in headers (APPNOTE 4.3.7, 4.3.12, 4.3.16). */
enum { LOCAL_FLAGS = 6, LOCAL_METHOD = 8, LOCAL_CRC = 14, LOCAL_STORED = 18, LOCAL_SIZE = 22, LOCAL_NAME = 30 };
enum {
    ROW_FLAGS = 8,
    ROW_METHOD = 10,
    ROW_CRC = 16,
    ROW_STORED = 20,
    ROW_SIZE = 24,
    ROW_NAME_LENGTH = 28,
    ROW_HEADER = 42,
    ROW_NAME = 46
};
enum { END_DISK = 4, END_COUNT = 10, END_SIZE = 12, END_OFFSET = 16, END_COMMENT = 20 };

static void two_end_records(struct torch_zip *zip) {
    unsigned char end[22];
    memcpy(end, zip->bytes + zip->end, sizeof end);
    torch_zip_set(zip, zip->end + END_COMMENT, sizeof end, 2);
    torch_zip_add(zip, end, sizeof end);
}
static void no_change(struct torch_zip *zip) { /* its CRCs are 0 */
    (void)zip;
}
static void comment(struct torch_zip *zip) {
    torch_zip_set(zip, zip->end + END_COMMENT, 5, 2);
    torch_zip_add(zip, "hello", 5);
}
static void trailing(struct torch_zip *zip) {
    torch_zip_add(zip, "hello", 5);
}
static void zeros(struct torch_zip *zip) {
    torch_zip_add_number(zip, 0, 4000);
}
static void wrong_crc(struct torch_zip *zip) {
    torch_zip_set(zip, zip->row[TORCH_ZIP_PICKLE] + ROW_CRC, 0x12345678, 4);
    torch_zip_set(zip, zip->local[TORCH_ZIP_PICKLE] + LOCAL_CRC, 0x12345678, 4);
}
static void no_end(struct torch_zip *zip) {
    zip->size = zip->end;
}
static void local_name(struct torch_zip *zip) {
    zip->bytes[zip->local[TORCH_ZIP_STORAGE] + LOCAL_NAME] = 'n';
}
static void local_size(struct torch_zip *zip) {
    torch_zip_set(zip, zip->local[TORCH_ZIP_STORAGE] + LOCAL_SIZE, 15, 4);
}
static void local_stored(struct torch_zip *zip) {
    torch_zip_set(zip, zip->local[TORCH_ZIP_STORAGE] + LOCAL_STORED, 15, 4);
}
static void local_method(struct torch_zip *zip) {
    torch_zip_set(zip, zip->local[TORCH_ZIP_STORAGE] + LOCAL_METHOD, 8, 2);
}
static void local_magic(struct torch_zip *zip) {
    zip->bytes[zip->local[TORCH_ZIP_STORAGE]] = 'Q';
}
static void local_wide(struct torch_zip *zip) {
    torch_zip_set(zip, zip->local[TORCH_ZIP_STORAGE] + LOCAL_SIZE, UINT32_MAX, 4);
}
static void descriptor(struct torch_zip *zip) { /* sizes after the data: as torch writes them */
    torch_zip_set(zip, zip->local[TORCH_ZIP_STORAGE] + LOCAL_FLAGS, 8, 2);
    torch_zip_set(zip, zip->local[TORCH_ZIP_STORAGE] + LOCAL_STORED, 0, 8);
}
static void sizes_differ(struct torch_zip *zip) {
    torch_zip_set(zip, zip->row[TORCH_ZIP_STORAGE] + ROW_SIZE, 64, 4);
}
static void reaches_directory(struct torch_zip *zip) {
    torch_zip_set(zip, zip->row[TORCH_ZIP_STORAGE] + ROW_SIZE, 17, 4);
    torch_zip_set(zip, zip->row[TORCH_ZIP_STORAGE] + ROW_STORED, 17, 4);
}
static void huge(struct torch_zip *zip) {
    torch_zip_set(zip, zip->row[TORCH_ZIP_STORAGE] + ROW_SIZE, 0xfffffffe, 4);
    torch_zip_set(zip, zip->row[TORCH_ZIP_STORAGE] + ROW_STORED, 0xfffffffe, 4);
}
static void wide_without_field(struct torch_zip *zip) {
    torch_zip_set(zip, zip->row[TORCH_ZIP_STORAGE] + ROW_SIZE, UINT32_MAX, 4);
}
static void overlap(struct torch_zip *zip) { /* the byteorder's data reach into the storage's header */
    for (size_t i = 0; i < 2; i++) {
        torch_zip_set(zip, zip->row[TORCH_ZIP_ORDER] + ROW_STORED + 4 * i, 16, 4);
        torch_zip_set(zip, zip->local[TORCH_ZIP_ORDER] + LOCAL_STORED + 4 * i, 16, 4);
    }
}
static void same_member_twice(struct torch_zip *zip) {
    torch_zip_set(zip, zip->row[TORCH_ZIP_ORDER] + ROW_HEADER, zip->local[TORCH_ZIP_STORAGE], 4);
}
static void header_beyond(struct torch_zip *zip) {
    torch_zip_set(zip, zip->row[TORCH_ZIP_STORAGE] + ROW_HEADER, zip->directory, 4);
}
static void bomb(struct torch_zip *zip) {
    torch_zip_set(zip, zip->row[TORCH_ZIP_STORAGE] + ROW_METHOD, 8, 2);
    torch_zip_set(zip, zip->local[TORCH_ZIP_STORAGE] + LOCAL_METHOD, 8, 2);
    torch_zip_set(zip, zip->row[TORCH_ZIP_STORAGE] + ROW_SIZE, 0x7fffffff, 4);
    torch_zip_set(zip, zip->local[TORCH_ZIP_STORAGE] + LOCAL_SIZE, 0x7fffffff, 4);
}
static void deflated_pickle(struct torch_zip *zip) {
    torch_zip_set(zip, zip->row[TORCH_ZIP_PICKLE] + ROW_METHOD, 8, 2);
    torch_zip_set(zip, zip->local[TORCH_ZIP_PICKLE] + LOCAL_METHOD, 8, 2);
}
static void deflated_storage(struct torch_zip *zip) {
    torch_zip_set(zip, zip->row[TORCH_ZIP_STORAGE] + ROW_METHOD, 8, 2);
    torch_zip_set(zip, zip->local[TORCH_ZIP_STORAGE] + LOCAL_METHOD, 8, 2);
}
static void encrypted(struct torch_zip *zip) {
    torch_zip_set(zip, zip->row[TORCH_ZIP_PICKLE] + ROW_FLAGS, 1, 2);
}
static void row_magic(struct torch_zip *zip) {
    zip->bytes[zip->row[TORCH_ZIP_ORDER]] = 'Q';
}
static void row_name_long(struct torch_zip *zip) {
    torch_zip_set(zip, zip->row[TORCH_ZIP_STORAGE] + ROW_NAME_LENGTH, 60000, 2);
}
static void name_nul(struct torch_zip *zip) {
    zip->bytes[zip->row[TORCH_ZIP_STORAGE] + ROW_NAME + 2] = '\0';
}
static void name_escape(struct torch_zip *zip) {
    zip->bytes[zip->row[TORCH_ZIP_STORAGE] + ROW_NAME + 2] = '\033';
}
static void count_more(struct torch_zip *zip) {
    torch_zip_set(zip, zip->end + 8, 4, 2);
    torch_zip_set(zip, zip->end + END_COUNT, 4, 2);
}
static void count_less(struct torch_zip *zip) {
    torch_zip_set(zip, zip->end + 8, 2, 2);
    torch_zip_set(zip, zip->end + END_COUNT, 2, 2);
}
static void count_forged(struct torch_zip *zip) {
    torch_zip_set(zip, zip->end + 8, 65535, 2);
    torch_zip_set(zip, zip->end + END_COUNT, 65535, 2);
}
static void directory_offset(struct torch_zip *zip) {
    torch_zip_set(zip, zip->end + END_OFFSET, zip->directory - 1, 4);
}
static void directory_beyond(struct torch_zip *zip) {
    torch_zip_set(zip, zip->end + END_OFFSET, 0xfffffff0, 4);
}
static void directory_size(struct torch_zip *zip) {
    torch_zip_set(zip, zip->end + END_SIZE, 0, 4);
}
static void second_disk(struct torch_zip *zip) {
    torch_zip_set(zip, zip->end + END_DISK, 1, 2);
}
static void byte_order_odd(struct torch_zip *zip) {
    memcpy(zip->bytes + zip->data[TORCH_ZIP_ORDER], "middle", 6);
}
static void no_pickle(struct torch_zip *zip) {
    zip->bytes[zip->row[TORCH_ZIP_PICKLE] + ROW_NAME + 2] = 'x';
    zip->bytes[zip->local[TORCH_ZIP_PICKLE] + LOCAL_NAME + 2] = 'x';
}
static void prefix(struct torch_zip *zip) { /* a file in front, of which the directory knows nothing */
    memmove(zip->bytes + 8, zip->bytes, zip->size);
    zip->size += 8;
    memcpy(zip->bytes, "PK\3\4....", 8);
}

/* A ZIP64 end record and its locator before the end record; its values: as they are, or forged by the row. */
static void add_end64(struct torch_zip *zip, uint64_t count, uint64_t size, uint64_t offset, uint64_t at,
                      uint64_t disks) {
    unsigned char end[22];
    memcpy(end, zip->bytes + zip->end, sizeof end);
    zip->size = zip->end;
    torch_zip_add_number(zip, 0x06064b50, 4);
    torch_zip_add_number(zip, 44, 8);
    torch_zip_add_number(zip, 0x002d002d, 4);
    torch_zip_add_number(zip, 0, 8);
    torch_zip_add_number(zip, count, 8);
    torch_zip_add_number(zip, count, 8);
    torch_zip_add_number(zip, size, 8);
    torch_zip_add_number(zip, offset, 8);
    torch_zip_add_number(zip, 0x07064b50, 4);
    torch_zip_add_number(zip, 0, 4);
    torch_zip_add_number(zip, at, 8);
    torch_zip_add_number(zip, disks, 4);
    zip->end = zip->size;
    torch_zip_add(zip, end, sizeof end);
}
static void end64(struct torch_zip *zip) {
    add_end64(zip, 3, zip->end - zip->directory, zip->directory, zip->end, 1);
}
static void end64_count(struct torch_zip *zip) {
    add_end64(zip, 4, zip->end - zip->directory, zip->directory, zip->end, 1);
}
static void end64_forged(struct torch_zip *zip) {
    torch_zip_set(zip, zip->end + END_SIZE, UINT32_MAX, 4);
    add_end64(zip, 3, UINT64_MAX - 5, zip->directory, zip->end, 1);
}
static void end64_wraps(struct torch_zip *zip) { /* offset + size == the right end, modulo 2^64 */
    torch_zip_set(zip, zip->end + END_SIZE, UINT32_MAX, 4);
    torch_zip_set(zip, zip->end + END_OFFSET, UINT32_MAX, 4);
    add_end64(zip, 3, zip->end + 100, UINT64_MAX - 99, zip->end, 1);
}
static void end64_members(struct torch_zip *zip) {
    torch_zip_set(zip, zip->end + 8, 65535, 2);
    torch_zip_set(zip, zip->end + END_COUNT, 65535, 2);
    add_end64(zip, (uint64_t)1 << 60, zip->end - zip->directory, zip->directory, zip->end, 1);
}
static void end64_elsewhere(struct torch_zip *zip) {
    add_end64(zip, 3, zip->end - zip->directory, zip->directory, UINT64_MAX - 8, 1);
}
static void end64_not_there(struct torch_zip *zip) {
    add_end64(zip, 3, zip->end - zip->directory, zip->directory, zip->end - 1, 1);
}
static void end64_disks(struct torch_zip *zip) {
    add_end64(zip, 3, zip->end - zip->directory, zip->directory, zip->end, 2);
}

#define SPOILT(row_name, function)                                                                                     \
    { .name = "zip/" row_name, .write = write_spoilt, .spoil = (function) }

static const struct bad_input INPUTS[] = {
    SPOILT("comment", comment),
    SPOILT("sizes-behind-the-data", descriptor),
    SPOILT("zip64-end", end64),
    SPOILT("no-end", no_end),
    SPOILT("trailing-bytes", trailing),
    SPOILT("preallocated", zeros),
    SPOILT("two-end-records", two_end_records),
    SPOILT("local-name", local_name),
    SPOILT("local-size", local_size),
    SPOILT("local-stored-size", local_stored),
    SPOILT("local-method", local_method),
    SPOILT("local-signature", local_magic),
    SPOILT("local-zip64-without-sizes", local_wide),
    SPOILT("stored-sizes-differ", sizes_differ),
    SPOILT("member-into-directory", reaches_directory),
    SPOILT("member-of-4-gib", huge),
    SPOILT("zip64-without-sizes", wide_without_field),
    SPOILT("members-overlap", overlap),
    SPOILT("one-member-for-two", same_member_twice),
    SPOILT("member-behind-directory", header_beyond),
    SPOILT("bomb", bomb),
    SPOILT("pickle-deflated", deflated_pickle),
    SPOILT("storage-deflated", deflated_storage),
    SPOILT("encrypted", encrypted),
    SPOILT("directory-signature", row_magic),
    SPOILT("directory-long-name", row_name_long),
    SPOILT("name-nul", name_nul),
    SPOILT("name-escape-codes", name_escape),
    SPOILT("a-member-more", count_more),
    SPOILT("a-member-less", count_less),
    SPOILT("65535-members", count_forged),
    SPOILT("directory-before", directory_offset),
    SPOILT("directory-beyond", directory_beyond),
    SPOILT("directory-of-nothing", directory_size),
    SPOILT("second-disk", second_disk),
    SPOILT("byte-order-unknown", byte_order_odd),
    SPOILT("no-pickle", no_pickle),
    SPOILT("file-in-front", prefix),
    SPOILT("crc-wrong", wrong_crc),
    SPOILT("crc-missing", no_change),
    SPOILT("zip64-count-differs", end64_count),
    SPOILT("zip64-size-forged", end64_forged),
    SPOILT("zip64-offset-wraps", end64_wraps),
    SPOILT("zip64-2^60-members", end64_members),
    SPOILT("zip64-end-elsewhere", end64_elsewhere),
    SPOILT("zip64-end-not-there", end64_not_there),
    SPOILT("zip64-disks", end64_disks),
    BAD_ROW("zip/name-twice", write_with_member, "m/data/0"),
    BAD_ROW("zip/torchscript", write_with_member, "m/constants.pkl"),
    BAD_ROW("zip/name-outside", write_with_member, "../../ouch"),
};

const struct bad_table bad_zips = BAD_TABLE(INPUTS);
