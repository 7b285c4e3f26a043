/* What went wrong, as data: a status that says what can still be done, and the sentence a person needs.
 *
 * Functions that can fail return an spt_status and fill the caller's spt_error (which may be NULL); on success the
 * error is untouched. Libraries never print, exit or abort on input.
 */
#ifndef SPT_BASE_ERROR_H
#define SPT_BASE_ERROR_H

#include "checkpoints/base/api.h"

#include <stdint.h>

SPT_API_BEGIN

/* Ordered by what can still be done. */
enum spt_status {
    SPT_OK = 0,
    SPT_END,         /* nothing is left to give; not a failure */
    SPT_RETRY,       /* not complete yet: the same call may succeed later */
    SPT_INVALID,     /* the input breaks its format or the caller's configuration; only another input will do */
    SPT_UNSUPPORTED, /* well formed, but beyond what this version can do */
    SPT_IO,          /* the system refused: spt_error.system holds errno */
    SPT_NOMEM,
};

#define SPT_ERROR_TEXT_MAX 1024

#define SPT_NO_OFFSET UINT64_MAX

struct spt_error {
    enum spt_status status;
    int system;                       /* errno for SPT_IO, else 0 */
    uint64_t offset;                  /* byte in path the message speaks of, or SPT_NO_OFFSET */
    char path[SPT_ERROR_TEXT_MAX];    /* file the message speaks of; empty when there is none */
    char message[SPT_ERROR_TEXT_MAX]; /* one line without the path; control characters are shown as \xNN */
};

/* Fill error and return status. path may be NULL. What comes from a file may be passed to %s as it is: control
 * characters and invalid UTF-8 are escaped, and what is too long ends in "...". */
enum spt_status spt_fail(struct spt_error *error, enum spt_status status, const char *path, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
enum spt_status spt_fail_at(struct spt_error *error, enum spt_status status, const char *path, uint64_t offset,
                            const char *format, ...) __attribute__((format(printf, 5, 6)));

/* SPT_IO (SPT_NOMEM for ENOMEM) with the text of system_error: "cannot <what>: <strerror>". */
enum spt_status spt_fail_system(struct spt_error *error, int system_error, const char *path, const char *what);

/* SPT_NOMEM: "out of memory (<bytes> bytes for <what>)". */
enum spt_status spt_fail_memory(struct spt_error *error, uint64_t bytes, const char *what);

/* "ok", "end", "retry", ...: never NULL. */
const char *spt_status_name(enum spt_status status);

SPT_API_END

#endif
