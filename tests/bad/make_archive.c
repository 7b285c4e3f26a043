/* Runs in archives, run.tar, run.tar.gz or run.zip, that are broken, cut, or made to do harm. */
#include "make.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shards.h"
#include "tar_file.h"
#include "torch_zip.h"

enum { BLOCK = 512 };

static const char CONFIG[] = "{}";
static const char WEIGHTS[] = "{\"w\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]}}";

/* The header of a sparse file of 1 MiB, of which the first 16 bytes are there (GNU tar's manual, "Basic Tar Format"). */
static void put_sparse_header(struct spt_text *tar, const char *name, uint64_t size) {
    const size_t begin = tar->length;
    tar_header(tar, name, 'S', NULL, size);
    if (tar->failed) return;
    char *header = tar->data + begin;
    unsigned sum = 0;
    memcpy(header + 257, "ustar  ", 8);
    memcpy(header + 386, "00000000000\00000000000020", 23);
    memcpy(header + 483, "00004000000", 11);
    memset(header + 148, ' ', 8);
    for (size_t i = 0; i < BLOCK; i++) sum += (unsigned char)header[i];
    (void)snprintf(header + 148, 8, "%06o", sum);
}

static size_t weights(char file[256]) {
    memset(file, 0, 256);
    file[0] = (char)(sizeof WEIGHTS - 1);
    memcpy(file + 8, WEIGHTS, sizeof WEIGHTS - 1);
    return 8 + sizeof WEIGHTS - 1 + 16;
}

static void put_checkpoint(struct spt_text *tar, const char *folder) {
    char name[128], file[256];
    (void)snprintf(name, sizeof name, "%s/config.json", folder);
    tar_member(tar, name, '0', "", CONFIG, sizeof CONFIG - 1);
    (void)snprintf(name, sizeof name, "%s/model.safetensors", folder);
    tar_member(tar, name, '0', "", file, weights(file));
}

static void end(struct spt_text *tar, const char *name) {
    if (tar->failed) shards_die("memory");
    bad_put(name, tar->data, tar->length);
    spt_text_release(tar);
}

/* A good step, then a member named bytes. */
static void write_named(const struct bad_input *input) {
    struct spt_text tar = {0};
    put_checkpoint(&tar, "run/step1");
    tar_member(&tar, input->bytes, '0', "", "x", 1);
    tar_end(&tar);
    end(&tar, "run.tar");
}

/* A good step, then another whose weights are of type bytes[0], a link to what follows it. */
static void write_link(const struct bad_input *input) {
    struct spt_text tar = {0};
    put_checkpoint(&tar, "run/step1");
    tar_member(&tar, "run/step2/config.json", '0', "", CONFIG, sizeof CONFIG - 1);
    tar_member(&tar, "run/step2/model.safetensors", input->bytes[0], input->bytes + 1, "", 0);
    tar_end(&tar);
    end(&tar, "run.tar");
}

/* A member of type bytes[0] that is said to have 2^data bytes and one more, of which none are there. */
static void write_size(const struct bad_input *input) {
    struct spt_text tar = {0};
    put_checkpoint(&tar, "run/step1");
    const uint64_t size = ((uint64_t)1 << input->data) + 1;
    if (input->bytes[0] == 'S')
        put_sparse_header(&tar, "run/step2/model.safetensors", size);
    else
        tar_header(&tar, "run/step2/model.safetensors", input->bytes[0], NULL, size);
    tar_end(&tar);
    end(&tar, "run.tar");
}

/* A header of PAX for the member that follows: bytes. */
static void write_pax(const struct bad_input *input) {
    struct spt_text tar = {0};
    char file[256];
    put_checkpoint(&tar, "run/step1");
    tar_member(&tar, "PaxHeaders/model", 'x', "", input->bytes, input->size);
    tar_member(&tar, "run/step2/model.safetensors", '0', "", file, weights(file));
    tar_end(&tar);
    end(&tar, "run.tar");
}

static void write_long_name(const struct bad_input *input) {
    struct spt_text tar = {0};
    char *name = calloc(1, input->data + 1);
    if (!name) shards_die("memory");
    memset(name, 'n', input->data);
    put_checkpoint(&tar, "run/step1");
    tar_member(&tar, "././@LongLink", 'L', "", name, input->data + 1);
    tar_member(&tar, "n", '0', "", "x", 1);
    tar_end(&tar);
    end(&tar, "run.tar");
    free(name);
}

static void write_twice(const struct bad_input *input) {
    struct spt_text tar = {0};
    (void)input;
    put_checkpoint(&tar, "run/step1");
    put_checkpoint(&tar, "run/step2");
    put_checkpoint(&tar, "run/step2");
    tar_end(&tar);
    end(&tar, "run.tar");
}

static void write_good(const char *name) {
    struct spt_text tar = {0};
    put_checkpoint(&tar, "run/step1");
    tar_end(&tar);
    end(&tar, name);
}

/* A good tar file of data bytes less or, with bytes behind it, more. */
static void write_tar(const struct bad_input *input) {
    struct spt_text tar = {0};
    put_checkpoint(&tar, "run/step1");
    tar_end(&tar);
    spt_text_append(&tar, input->bytes, input->size);
    const size_t size = tar.length;
    end(&tar, "run.tar");
    if (input->data) bad_resize("run.tar", size - input->data);
}

static void write_checksum(const struct bad_input *input) {
    struct spt_text tar = {0};
    (void)input;
    put_checkpoint(&tar, "run/step1");
    const size_t second = tar.length;
    put_checkpoint(&tar, "run/step2");
    tar_end(&tar);
    if (!tar.failed) tar.data[second + 5] ^= 1;
    end(&tar, "run.tar");
}

static void write_empty(const struct bad_input *input) {
    struct spt_text tar = {0};
    (void)input;
    tar_member(&tar, "run/", '5', "", "", 0);
    tar_end(&tar);
    end(&tar, "run.tar");
}

/* bytes: commands of the shell over a good file "plain". */
static void write_by(const struct bad_input *input) {
    write_good("plain");
    if (system(input->bytes) || remove("plain")) shards_die(input->bytes);
}

/* A header that says 100 GiB, then zeros, compressed. */
static void write_bomb(const struct bad_input *input) {
    struct spt_text tar = {0};
    (void)input;
    tar_header(&tar, "run/step1/model.safetensors", '0', NULL, (uint64_t)100 << 30);
    end(&tar, "plain");
    bad_resize("plain", 1000000);
    if (system("gzip -n plain") || rename("plain.gz", "run.tar.gz")) shards_die("run.tar.gz");
}

/* A zip of two members: config.json and one more, named and spoilt. */
static void write_zip_named(const struct bad_input *input) {
    static struct torch_zip zip;
    char file[256];
    zip = (struct torch_zip){0};
    torch_zip_member(&zip, "run/step1/model.safetensors", file, weights(file));
    torch_zip_member(&zip, input->bytes, CONFIG, sizeof CONFIG - 1);
    torch_zip_directory(&zip);
    if (input->spoil) input->spoil(&zip);
    bad_put("run.zip", zip.bytes, zip.size);
}

/* Places in headers (APPNOTE 4.3.7, 4.3.12, 4.3.16). */
static void no_end(struct torch_zip *zip) {
    zip->size = zip->end;
}
static void two_ends(struct torch_zip *zip) {
    unsigned char record[22];
    memcpy(record, zip->bytes + zip->end, sizeof record);
    torch_zip_set(zip, zip->end + 20, sizeof record, 2);
    torch_zip_add(zip, record, sizeof record);
}
static void size_differs(struct torch_zip *zip) {
    zip->bytes[zip->row[0] + 24] ^= 1;
}
static void name_differs(struct torch_zip *zip) {
    zip->bytes[zip->row[0] + 46] ^= 1;
}
static void overlaps(struct torch_zip *zip) {
    for (size_t i = 0; i < 2; i++) {
        torch_zip_set(zip, zip->row[0] + 20 + 4 * i, zip->sizes[0] + 40, 4);
        torch_zip_set(zip, zip->local[0] + 18 + 4 * i, zip->sizes[0] + 40, 4);
    }
}
static void encrypted(struct torch_zip *zip) {
    zip->bytes[zip->row[0] + 8] |= 1;
}
static void disks(struct torch_zip *zip) {
    zip->bytes[zip->end + 4] = 1;
}
static void bomb(struct torch_zip *zip) {
    torch_zip_set(zip, zip->row[0] + 10, 8, 2);
    torch_zip_set(zip, zip->local[0] + 8, 8, 2);
    torch_zip_set(zip, zip->row[0] + 24, 0x7fffffff, 4);
    torch_zip_set(zip, zip->local[0] + 22, 0x7fffffff, 4);
}
static void not_deflated(struct torch_zip *zip) { /* said to be, and small enough to be */
    torch_zip_set(zip, zip->row[0] + 10, 8, 2);
    torch_zip_set(zip, zip->local[0] + 8, 8, 2);
}
static void link_outside(struct torch_zip *zip) { /* a link, by its Unix mode: its data say where it leads */
    torch_zip_set(zip, zip->row[1] + 4, 0x031e, 2);
    torch_zip_set(zip, zip->row[1] + 38, (uint64_t)0xa1ff << 16, 4);
}

#define NAMED(row_name, name)          BAD_ROW("archive/" row_name, write_named, name)
#define LINKED(row_name, type, target) BAD_ROW("archive/" row_name, write_link, type target)
#define SIZED(row_name, type, power)                                                                                   \
    { .name = "archive/" row_name, .write = write_size, .bytes = (type), .data = (power) }
#define PAX(row_name, records) BAD_ROW("archive/" row_name, write_pax, records)
#define BY(row_name, commands) BAD_ROW("archive/" row_name, write_by, commands)
#define ZIP_OF(row_name, member, change)                                                                               \
    { .name = "archive/" row_name, .write = write_zip_named, .bytes = (member), .spoil = (change) }
#define ZIP(row_name, change) ZIP_OF(row_name, "run/step1/config.json", change)

static const struct bad_input INPUTS[] = {
    /* names */
    NAMED("tar-parent", "run/../../../ouch"),
    NAMED("tar-absolute", "/tmp/ouch"),
    NAMED("tar-escape-codes", "run/\033[2Jx"),
    NAMED("tar-no-utf8", "run/\377x"),
    NAMED("tar-below-a-file", "run/step1/config.json/x"),
    NAMED("tar-34-folders-deep", "a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t/u/v/w/x/y/z/0/1/2/3/4/5/6/7"),
    NAMED("tar-no-name", ""),
    {.name = "archive/tar-name-of-9000-bytes", .write = write_long_name, .data = 9000},
    {.name = "archive/tar-name-twice", .write = write_twice},
    /* links and devices */
    LINKED("tar-link-outside", "2", "../../../etc/passwd"),
    LINKED("tar-link-absolute", "2", "/etc/passwd"),
    LINKED("tar-link-to-itself", "2", "model.safetensors"),
    LINKED("tar-link-to-nothing", "2", "nothing"),
    LINKED("tar-link-to-a-folder", "2", "../step1"),
    LINKED("tar-hard-link-outside", "1", "../etc/passwd"),
    LINKED("tar-hard-link-to-nothing", "1", "run/nothing"),
    LINKED("tar-character-device", "3", ""),
    LINKED("tar-block-device", "4", ""),
    LINKED("tar-fifo", "6", ""),
    LINKED("tar-type-unknown", "Z", ""),
    SIZED("tar-sparse", "S", 4),
    /* sizes */
    SIZED("tar-size-2^20", "0", 20),
    SIZED("tar-size-2^62", "0", 62),
    SIZED("tar-size-2^63", "0", 63),
    SIZED("tar-long-name-2^63", "L", 63),
    SIZED("tar-long-link-2^62", "K", 62),
    SIZED("tar-pax-2^62", "x", 62),
    PAX("tar-pax-size-2^63", "28 size=9223372036854775808\n"),
    PAX("tar-pax-size-negative", "11 size=-1\n"),
    PAX("tar-pax-path-outside", "25 path=../../../../ouch\n"),
    PAX("tar-pax-sparse", "22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n"),
    PAX("tar-pax-broken", "99999999999 path=x\n"),
    /* not all there, or more */
    {.name = "archive/tar-no-end-mark", .write = write_tar, .data = 2 * BLOCK},
    {.name = "archive/tar-cut", .write = write_tar, .data = 2 * BLOCK + 500},
    BAD_ROW("archive/tar-bytes-behind", write_tar, "behind the end"),
    {.name = "archive/tar-checksum", .write = write_checksum},
    {.name = "archive/tar-of-nothing", .write = write_empty},
    {.name = "archive/tar-any-byte-another", .write = write_tar},
    /* compressed */
    BY("gz-cut", "gzip -nc plain | head -c 150 > run.tar.gz"),
    BY("gz-of-text", "echo some text | gzip -n > run.tar.gz"),
    BY("gz-twice", "gzip -nc plain | gzip -n > run.tar.gz"),
    BY("gz-then-noise", "(gzip -nc plain | head -c 40; head -c 4000 /dev/zero | tr '\\0' U) > run.tar.gz"),
    BY("gz-any-byte-another", "gzip -nc plain > run.tar.gz"),
    BY("gz-called-tar", "gzip -nc plain > run.tar"),
    BY("tar-called-zip", "cp plain run.zip"),
    BY("tar-called-safetensors", "cp plain m.safetensors"),
    {.name = "archive/gz-bomb", .write = write_bomb},
    /* zip */
    ZIP("zip-good", NULL),
    ZIP_OF("zip-parent", "run/../../ouch", NULL),
    ZIP_OF("zip-absolute", "/tmp/ouch", NULL),
    ZIP_OF("zip-escape-codes", "run/\033[2Jx", NULL),
    ZIP_OF("zip-name-twice", "run/step1/model.safetensors", NULL),
    ZIP_OF("zip-link-outside", "run/step1/config.json", link_outside),
    ZIP("zip-no-end", no_end),
    ZIP("zip-two-ends", two_ends),
    ZIP("zip-size-differs", size_differs),
    ZIP("zip-name-differs", name_differs),
    ZIP("zip-members-overlap", overlaps),
    ZIP("zip-encrypted", encrypted),
    ZIP("zip-disks", disks),
    ZIP("zip-bomb", bomb),
    ZIP("zip-not-deflated", not_deflated),
    ZIP("zip-any-byte-another", NULL),
};

const struct bad_table bad_archives = BAD_TABLE(INPUTS);
