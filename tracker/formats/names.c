#include "tracker/formats/names.h"

#include "checkpoints/base/hash.h"
#include "checkpoints/base/memory.h"
#include "checkpoints/base/unicode.h"

#include <stdlib.h>
#include <string.h>

enum { FILE_NAME_MAX = 180 }; /* a file system takes 255 bytes: room is left for the hash */

static bool is_taken(char *const *names, size_t count, const char *name) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0) return true;
    return false;
}

/* The name of all[i]; those before it have theirs. */
static char *make_name(const struct spt_store_run *run, char *const *names, size_t before) {
    struct spt_text name = {0};
    spt_text_put(&name, run->name);
    while (!name.failed && is_taken(names, before, name.data)) spt_text_format(&name, "#%lld", (long long)run->id);
    if (!name.failed) return name.data;
    spt_text_release(&name);
    return NULL;
}

char **spt_run_names(const struct spt_store_run *all, size_t count) {
    char **names = spt_alloc_zeroed(count, sizeof *names);
    for (size_t i = 0; names && i < count; i++) {
        names[i] = make_name(&all[i], names, i);
        if (names[i]) continue;
        spt_run_names_free(names, count);
        return NULL;
    }
    return names;
}

void spt_run_names_free(char **names, size_t count) {
    for (size_t i = 0; names && i < count; i++) free(names[i]);
    free(names);
}

void spt_name_put_file(struct spt_text *out, const char *name) {
    const size_t length = strlen(name), start = out->length;
    for (size_t i = 0; i < length && out->length - start <= FILE_NAME_MAX;) {
        uint32_t code;
        const size_t step = spt_unicode_decode(name + i, length - i, &code);
        const bool kept =
            step > 0 && !spt_unicode_is_control(code) && code != '/' && code != '%' && !(i == 0 && code == '.');
        if (kept)
            spt_text_append(out, name + i, step);
        else
            for (size_t k = 0; k < (step ? step : 1); k++)
                spt_text_format(out, "%%%02X", (unsigned)(unsigned char)name[i + k]);
        i += step ? step : 1;
    }
    if (out->failed || out->length - start <= FILE_NAME_MAX) return;
    size_t cut = start + FILE_NAME_MAX;
    while (cut > start && ((unsigned char)out->data[cut] & 0xc0) == 0x80) cut--; /* not within a character */
    out->length = cut;
    char hex[SPT_HASH_HEX];
    spt_hash_hex(spt_hash_of(name, length), hex);
    spt_text_format(out, "~%s", hex);
}
