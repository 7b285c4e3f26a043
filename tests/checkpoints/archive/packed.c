#include "packed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "checkpoints/base/file.h"

const struct packing PACKINGS[] = {
    {".tar", "tar -cf %s %s", false, false},
    {".pax.tar", "tar --format=pax -cf %s %s", false, false},
    {".v7.tar", "tar --format=v7 -cf %s %s", false, true},
    {".tar.gz", "tar -czf %s %s", true, false},
    {".tar.zst", "tar --zstd -cf %s %s", true, false},
    {".tar.bz2", "tar -cjf %s %s", true, false},
    {".tar.xz", "tar -cJf %s %s", true, false},
    {".zip", "zip -qry %s %s", true, false},
    {".stored.zip", "zip -q0ry %s %s", false, false},
};
const size_t PACKING_COUNT = sizeof PACKINGS / sizeof *PACKINGS;

void shell_in(const char *folder, const char *format, ...) {
    char command[4096], whole[8192];
    va_list arguments;
    va_start(arguments, format);
    assert_in_range(vsnprintf(command, sizeof command, format, arguments), 0, sizeof command - 1);
    va_end(arguments);
    (void)snprintf(whole, sizeof whole, "cd '%s' && %s", folder, command);
    const int status = system(whole);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) fail_msg("%s", whole);
}

const char *pack(struct fixture *f, const struct packing *packing, const char *parent, const char *name,
                 char out[1024]) {
    char command[2048], file[512];
    (void)snprintf(file, sizeof file, "%s%s", name, packing->ending);
    at(f, file, out);
    const char *archive = out;
    _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Wformat-nonliteral\"")(void)
        snprintf(command, sizeof command, packing->command, archive, name);
    _Pragma("GCC diagnostic pop") shell_in(parent, "%s", command);
    return out;
}

const char *save(struct fixture *f, struct spt_text *bytes, const char *name, char out[1024]) {
    assert_false(bytes->failed);
    assert_int_equal(spt_file_write_all(at(f, name, out), bytes->data ? bytes->data : "", bytes->length, NULL), SPT_OK);
    spt_text_release(bytes);
    return out;
}

void put_weights(struct spt_text *bytes, size_t count, float first) {
    char header[128];
    const int length =
        snprintf(header, sizeof header, "{\"w\":{\"dtype\":\"F32\",\"shape\":[%zu],\"data_offsets\":[0,%zu]}}", count,
                 4 * count);
    const uint64_t size = (uint64_t)length;
    float *values = calloc(count, sizeof *values);
    assert_non_null(values);
    values[0] = first;
    spt_text_append(bytes, (const char *)&size, sizeof size);
    spt_text_append(bytes, header, (size_t)length);
    spt_text_append(bytes, (const char *)values, count * sizeof *values);
    free(values);
}

/* --- what comes of it --- */

enum spt_status outcome_of(struct fixture *f, const char *path, struct spt_error *error) {
    const struct spt_run_options options = {.log = &f->sink};
    struct spt_run *run = NULL;
    struct spt_checkpoint *checkpoint = NULL;
    enum spt_status status = spt_run_open(path, &options, &run, error);
    if (status != SPT_OK) return status;
    const struct spt_checkpoint_options in = {.tree = run->tree};
    status = spt_checkpoint_open(run->refs[0].path, &in, &checkpoint, error);
    spt_checkpoint_close(checkpoint);
    spt_run_close(run);
    return status;
}

struct spt_hash digest_of(struct spt_tree *tree, const char *path) {
    const struct spt_checkpoint_options in = {.tree = tree};
    struct spt_checkpoint *checkpoint = NULL;
    struct spt_error error;
    struct spt_hash digest;
    if (spt_checkpoint_open(path, &in, &checkpoint, &error) != SPT_OK) fail_msg("%s: %s", error.path, error.message);
    for (size_t i = 0; i < spt_checkpoint_tensor_count(checkpoint); i++) {
        const struct spt_tensor *tensor = spt_checkpoint_tensor(checkpoint, i);
        if (spt_checkpoint_read(checkpoint, tensor, 0, tensor->count, NULL, &error) != SPT_OK)
            fail_msg("%s: %s", error.path, error.message);
    }
    if (spt_checkpoint_confirm(checkpoint, &error) != SPT_OK) fail_msg("%s: %s", error.path, error.message);
    assert_int_equal(spt_checkpoint_digest(checkpoint, &digest, NULL), SPT_OK);
    spt_checkpoint_close(checkpoint);
    return digest;
}
