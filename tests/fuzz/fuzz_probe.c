/* A probe of any bytes, as lines and as lists of ids: refused in words, or samples that a model can be asked about. The
 * first byte is the number of samples that are asked for. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "checkpoints/base/unicode.h"
#include "tests/fuzz/fuzz.h"
#include "tracker/config/probe_file.h"

static void read_lines(const char *path, size_t samples, size_t size) {
    struct spt_probe_lines lines = {0};
    struct spt_error error = {0};
    const enum spt_status status = spt_probe_lines_read(path, samples, &lines, &error);
    if (status != SPT_OK) {
        require_told(status, &error);
        return;
    }
    size_t bytes = 0;
    require(lines.count >= 1 && lines.count <= samples);
    for (size_t i = 0; i < lines.count; i++) {
        require(lines.length[i] >= 1 && !memchr(lines.line[i], '\n', lines.length[i]));
        bytes += lines.length[i];
    }
    require(bytes <= size);
    spt_probe_lines_release(&lines);
}

static void read_ids(const char *path, size_t samples, size_t size) {
    struct spt_probe_ids ids = {0};
    struct spt_error error = {0};
    const enum spt_status status = spt_probe_ids_read(path, samples, &ids, &error);
    if (status != SPT_OK) {
        require_told(status, &error);
        return;
    }
    require(ids.samples >= 1 && ids.samples <= samples && ids.tokens <= size);
    require(ids.offset[0] == 0 && ids.offset[ids.samples] == ids.tokens);
    for (size_t i = 0; i < ids.samples; i++) require(ids.offset[i] < ids.offset[i + 1]);
    for (size_t i = 0; i < ids.tokens; i++) require(ids.ids[i] >= 0);
    spt_probe_ids_release(&ids);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    const size_t samples = data[0] + (size_t)1;
    const int fd = memfd_create("fuzz", MFD_CLOEXEC);
    require(fd >= 0 && write(fd, data + 1, size - 1) == (ssize_t)(size - 1));
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    read_lines(path, samples, size);
    read_ids(path, samples, size);
    require(close(fd) == 0);
    return 0;
}
