#include "checkpoints/base/log.h"

#include <stdarg.h>
#include <stdio.h>

#include "checkpoints/base/text.h"

enum { LINE_MAX_BYTES = 4096 };

void spt_log(const struct spt_log *log, enum spt_log_level level, const char *format, ...) {
    if (!log || !log->emit) return;
    char raw[LINE_MAX_BYTES], line[LINE_MAX_BYTES];
    va_list arguments;
    va_start(arguments, format);
    if (vsnprintf(raw, sizeof raw, format, arguments) < 0) raw[0] = '\0';
    va_end(arguments);
    spt_text_printable(line, sizeof line, raw);
    log->emit(log->context, level, line);
}
