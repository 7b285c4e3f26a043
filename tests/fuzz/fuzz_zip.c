/* Zip files of any bytes: what the directory says is within the file, said once, and the same when it is read again. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "checkpoints/readers/zip.h"
#include "tests/fuzz/fuzz.h"

static void look_at_members(const struct spt_zip *zip, size_t size) {
    require(zip->count <= size);
    for (size_t i = 0; i < zip->count; i++) {
        const struct spt_zip_member *m = &zip->members[i];
        require(i == 0 || strcmp(zip->members[i - 1].name, m->name) < 0);
        require(spt_zip_find(zip, m->name) == m);
        require(m->header < m->offset && m->offset <= size && m->stored <= size - m->offset);
        require(m->method != SPT_ZIP_STORED || m->size == m->stored);
        for (size_t k = 0; k < i; k++) {
            const struct spt_zip_member *other = &zip->members[k];
            require(other->offset + other->stored <= m->header || m->offset + m->stored <= other->header);
        }
    }
}

static enum spt_status read_zip(const char *path, struct spt_zip *zip, struct spt_error *error) {
    struct spt_contents contents;
    spt_contents_init(&contents, NULL);
    enum spt_status status = spt_contents_add_file(&contents, path, error);
    require(status == SPT_OK);
    status = spt_zip_read(&contents, 0, zip, error);
    spt_contents_release(&contents);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const int fd = memfd_create("fuzz", MFD_CLOEXEC);
    require(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    struct spt_zip zip = {0}, again = {0};
    struct spt_error error = {0};
    const enum spt_status status = read_zip(path, &zip, &error);
    if (status == SPT_OK) {
        look_at_members(&zip, size);
        require(read_zip(path, &again, NULL) == SPT_OK && again.count == zip.count);
        for (size_t i = 0; i < zip.count; i++)
            require(strcmp(zip.members[i].name, again.members[i].name) == 0 &&
                    zip.members[i].offset == again.members[i].offset && zip.members[i].size == again.members[i].size);
        spt_zip_release(&again);
        spt_zip_release(&zip);
    } else {
        require_told(status, &error);
        require(status != SPT_IO);
    }
    require(close(fd) == 0);
    return 0;
}
