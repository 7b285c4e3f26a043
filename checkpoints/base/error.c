#include "checkpoints/base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "checkpoints/base/text.h"

static const char *const STATUS_NAMES[] = {
    [SPT_OK] = "ok",
    [SPT_END] = "end",
    [SPT_RETRY] = "retry",
    [SPT_INVALID] = "invalid",
    [SPT_UNSUPPORTED] = "unsupported",
    [SPT_IO] = "io",
    [SPT_NOMEM] = "nomem",
};

const char *spt_status_name(enum spt_status status) {
    return (size_t)status < sizeof STATUS_NAMES / sizeof *STATUS_NAMES ? STATUS_NAMES[status] : "unknown";
}

static enum spt_status fill(struct spt_error *error, enum spt_status status, const char *path, uint64_t offset,
                            int system_error, const char *message) {
    error->status = status;
    error->system = system_error;
    error->offset = offset;
    (void)spt_text_printable(error->path, sizeof error->path, path ? path : "");
    (void)spt_text_printable(error->message, sizeof error->message, message);
    return status;
}

static enum spt_status fail_va(struct spt_error *error, enum spt_status status, const char *path, uint64_t offset,
                               const char *format, va_list arguments) {
    char message[2 * SPT_ERROR_TEXT_MAX];
    if (!error) return status;
    if (vsnprintf(message, sizeof message, format, arguments) < 0) message[0] = '\0';
    return fill(error, status, path, offset, 0, message);
}

enum spt_status spt_fail(struct spt_error *error, enum spt_status status, const char *path, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fail_va(error, status, path, SPT_NO_OFFSET, format, arguments);
    va_end(arguments);
    return status;
}

enum spt_status spt_fail_at(struct spt_error *error, enum spt_status status, const char *path, uint64_t offset,
                            const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fail_va(error, status, path, offset, format, arguments);
    va_end(arguments);
    return status;
}

enum spt_status spt_fail_system(struct spt_error *error, int system_error, const char *path, const char *what) {
    const enum spt_status status = system_error == ENOMEM ? SPT_NOMEM : SPT_IO;
    char message[SPT_ERROR_TEXT_MAX];
    if (!error) return status;
    (void)snprintf(message, sizeof message, "cannot %s: %s", what, strerror(system_error));
    return fill(error, status, path, SPT_NO_OFFSET, system_error, message);
}

enum spt_status spt_fail_memory(struct spt_error *error, uint64_t bytes, const char *what) {
    return spt_fail(error, SPT_NOMEM, NULL, "out of memory (%llu bytes for %s)", (unsigned long long)bytes, what);
}
