/* What torch.save writes since torch 1.6: a zip file of stored members, all in one folder of any name.
 *
 *     NAME/data.pkl      the object, a pickle; storages by their key
 *     NAME/data/KEY      one storage's bytes, read in place
 *     NAME/byteorder     "little" or "big"; without it little
 *
 * (torch/serialization.py, _save and _load; caffe2/serialize/inline_container.cc.) Members begin at multiples of 64
 * bytes or more: padding in their local headers, which are read, so that no record of alignment is needed. Torch itself
 * may leave CRCs out (all of them: they are 0 then). That of the pickle is looked at at once, those of storages as they
 * are read (seal.h); what differs is only warned of.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoints/base/crc32.h"
#include "checkpoints/readers/torch_state.h"
#include "checkpoints/readers/zip.h"

enum { NAME_MAX_BYTES = 320 };

static unsigned bid(const unsigned char *head, size_t size) {
    return size >= 4 && memcmp(head, "PK\003\004", 4) == 0 ? 32 : 0;
}

static const struct spt_zip_member *find(const struct spt_zip *zip, const char *folder, const char *key,
                                         size_t length) {
    char name[NAME_MAX_BYTES];
    if (length >= 128 || memchr(key, '\0', length)) return NULL;
    (void)snprintf(name, sizeof name, "%s%s%.*s", zip->first, folder, (int)length, key);
    return spt_zip_find(zip, name);
}

static bool find_storage(const struct spt_torch_file *file, const struct spt_torch_storage *storage,
                         struct spt_torch_extent *extent) {
    const struct spt_zip_member *member = find(file->context, "/data/", storage->key, storage->key_length);
    if (!member || member->method != SPT_ZIP_STORED) return false;
    *extent = (struct spt_torch_extent){.offset = member->offset, .bytes = member->size};
    return true;
}

/* The CRC of each storage once, however many tensors share it. */
static enum spt_status seal_storages(struct spt_contents *contents, size_t file, const struct spt_zip *zip,
                                     struct spt_error *error) {
    const size_t folder = strlen(zip->first);
    enum spt_status status = SPT_OK;
    for (size_t i = 0; i < zip->count && status == SPT_OK; i++) {
        const struct spt_zip_member *member = &zip->members[i];
        if (member->method != SPT_ZIP_STORED || member->crc == 0 || strncmp(member->name, zip->first, folder) != 0 ||
            strncmp(member->name + folder, "/data/", strlen("/data/")) != 0)
            continue;
        const struct spt_seal seal = {.file = file, .offset = member->offset, .size = member->size, .crc = member->crc};
        status = spt_contents_add_seal(contents, &seal, member->name, error);
    }
    return status;
}

static enum spt_status read_byte_order(struct spt_contents *contents, size_t file, const struct spt_zip *zip,
                                       bool *big_endian, struct spt_error *error) {
    const char *path = contents->files[file].path;
    const struct spt_zip_member *member = find(zip, "/", "byteorder", strlen("byteorder"));
    char order[8] = "";
    *big_endian = false;
    if (!member) return SPT_OK;
    if (member->method == SPT_ZIP_STORED && member->size < sizeof order) {
        const enum spt_status status =
            spt_contents_read_at(contents, file, member->offset, order, (size_t)member->size, error);
        if (status != SPT_OK) return status;
    }
    *big_endian = strcmp(order, "big") == 0;
    if (*big_endian || strcmp(order, "little") == 0) return SPT_OK;
    return spt_fail_at(error, SPT_INVALID, path, member->offset,
                       "the byteorder record says \"%s\"; expected little or big", order);
}

/* The pickle's member; what else a zip may be is named. */
static enum spt_status find_pickle(struct spt_contents *contents, size_t file, const struct spt_zip *zip,
                                   const struct spt_zip_member **member, struct spt_error *error) {
    const char *path = contents->files[file].path;
    *member = find(zip, "/", "data.pkl", strlen("data.pkl"));
    if (!*member)
        return spt_fail(error, SPT_UNSUPPORTED, path,
                        "a zip file of %zu members without the data.pkl that torch.save writes", zip->count);
    if (find(zip, "/", "constants.pkl", strlen("constants.pkl")))
        return spt_fail(error, SPT_UNSUPPORTED, path, "a TorchScript program; state dicts are read");
    if ((*member)->method != SPT_ZIP_STORED)
        return spt_fail(error, SPT_UNSUPPORTED, path, "\"%s\" is compressed; torch.save stores it as it is",
                        (*member)->name);
    if ((*member)->size > contents->header_limit)
        return spt_fail(error, SPT_UNSUPPORTED, path,
                        "a pickle of %llu bytes, more than the %llu that are read (--header-limit raises it)",
                        (unsigned long long)(*member)->size, (unsigned long long)contents->header_limit);
    return SPT_OK;
}

/* What is read of a zip: a state dict, or the one tensor that is to be known by name. */
struct wanted {
    const char *name;  /* NULL: a state dict */
    bool *crc_differs; /* NULL: it is said at once */
};

static enum spt_status read_pickle(struct spt_contents *contents, size_t file, const struct spt_zip_member *member,
                                   const struct wanted *wanted, unsigned char *bytes, struct spt_pickle *pickle,
                                   struct spt_error *error) {
    const char *path = contents->files[file].path;
    const size_t size = (size_t)member->size;
    enum spt_status status = spt_contents_read_at(contents, file, member->offset, bytes, size, error);
    if (status != SPT_OK) return status;
    if (spt_crc32(bytes, size) != member->crc) {
        if (wanted->crc_differs)
            *wanted->crc_differs = true;
        else
            spt_log(contents->log, SPT_LOG_WARNING,
                    "%s: the CRC of \"%s\" is missing or wrong; it is read all the same", path, member->name);
    }
    status = spt_pickle_read(bytes, size, size, path, member->offset, pickle, error);
    if (status == SPT_RETRY) /* the zip is there to its end */
        return spt_fail_at(error, SPT_INVALID, path, member->offset + size, "\"%s\" ends in the middle of its pickle",
                           member->name);
    return status;
}

static enum spt_status read_members(struct spt_contents *contents, size_t file, const struct spt_zip *zip,
                                    const struct wanted *wanted, struct spt_error *error) {
    const struct spt_zip_member *member = NULL;
    struct spt_torch_file torch = {
        .contents = contents, .file = file, .format = spt_reader_torch_zip.name, .find = find_storage, .context = zip};
    enum spt_status status = find_pickle(contents, file, zip, &member, error);
    if (status == SPT_OK) status = read_byte_order(contents, file, zip, &torch.big_endian, error);
    if (status != SPT_OK) return status;
    unsigned char *bytes = malloc((size_t)member->size + 1);
    if (!bytes) return spt_fail_memory(error, member->size, "a pickle");
    struct spt_pickle pickle = {0};
    status = read_pickle(contents, file, member, wanted, bytes, &pickle, error);
    torch.pickle = &pickle;
    if (status == SPT_OK)
        status = wanted->name ? spt_torch_add_one(&torch, wanted->name, error) : spt_torch_add_tensors(&torch, error);
    spt_pickle_release(&pickle);
    free(bytes);
    return status == SPT_OK ? seal_storages(contents, file, zip, error) : status;
}

static enum spt_status read_zip(struct spt_contents *contents, size_t file, struct spt_error *error) {
    const struct wanted wanted = {0};
    struct spt_zip zip;
    enum spt_status status = spt_zip_read(contents, file, &zip, error);
    if (status != SPT_OK) return status;
    status = read_members(contents, file, &zip, &wanted, error);
    spt_zip_release(&zip);
    return status;
}

enum spt_status spt_torch_read_item(struct spt_contents *contents, size_t file, uint64_t begin, uint64_t size,
                                    const char *name, bool *crc_differs, struct spt_error *error) {
    const struct wanted wanted = {.name = name, .crc_differs = crc_differs};
    struct spt_zip zip;
    enum spt_status status = spt_zip_read_part(contents, file, begin, size, &zip, error);
    if (status != SPT_OK) return status;
    status = read_members(contents, file, &zip, &wanted, error);
    spt_zip_release(&zip);
    return status;
}

const struct spt_reader spt_reader_torch_zip = {
    .name = "torch zip",
    .described = "torch.save's files",
    .bid = bid,
    .read = read_zip,
};
