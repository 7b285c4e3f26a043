/* Where libraries say what is not an error: a warning, a note. They never print; the program decides. */
#ifndef SPT_BASE_LOG_H
#define SPT_BASE_LOG_H

#include "checkpoints/base/api.h"

SPT_API_BEGIN

enum spt_log_level { SPT_LOG_NOTE, SPT_LOG_WARNING };

/* emit may be NULL: silence. What comes from a file may be passed to %s: control characters are escaped as in
 * spt_error. text is one line without a newline, borrowed for the call. */
struct spt_log {
    void (*emit)(void *context, enum spt_log_level level, const char *text);
    void *context;
};

void spt_log(const struct spt_log *log, enum spt_log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

SPT_API_END

#endif
