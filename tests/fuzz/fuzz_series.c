/* What a trainer logged, of any bytes: as a table or JSON lines, and as a trainer_state.json. Refused in words, or
 * points with steps from 0. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"
#include "tracker/series/series.h"

static void read_series(const char *path, const char *step, const char *value, size_t size) {
    struct spt_store_point *points = NULL;
    size_t count = 0;
    struct spt_error error = {0};
    const enum spt_status status = spt_series_read(path, step, value, &points, &count, &error);
    if (status != SPT_OK) {
        require_told(status, &error);
        return;
    }
    require(count >= 1 && count <= size);
    for (size_t i = 0; i < count; i++) require(points[i].step >= 0);
    free(points);
}

static void read_state(const char *path, size_t size) {
    struct spt_series *series = NULL;
    size_t count = 0, all = 0;
    struct spt_error error = {0};
    const enum spt_status status = spt_series_read_trainer_state(NULL, path, &series, &count, &error);
    if (status != SPT_OK) {
        require_told(status, &error);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        require(series[i].name && series[i].count >= 1);
        for (size_t k = 0; k < i; k++) require(strcmp(series[i].name, series[k].name) != 0);
        for (size_t k = 0; k < series[i].count; k++) require(series[i].points[k].step >= 0);
        all += series[i].count;
    }
    require(all <= size);
    spt_series_free(series, count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const int fd = memfd_create("fuzz", MFD_CLOEXEC);
    require(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    read_series(path, "step", "loss", size);
    read_series(path, "step", "train.loss", size);
    read_state(path, size);
    require(close(fd) == 0);
    return 0;
}
